# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""connect_device_info: one row per device in a normalised form, and never a write."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    ABSENT,
    DETAILS,
    STATE,
    STATES,
    filter_option,
    message,
    page,
    refusal,
    token,
    wire_device,
    wire_update,
)

NAME = "connect_device_info"


def states(**told):
    return page([{"device_uuid": uuid.replace("_", "-"), "device_status": status} for uuid, status in told.items()])


def test_three_pages_of_devices_and_of_states_become_one_row_each(wire, drive):
    fleet = [wire_device(number, is_update_trigger_set=number == 1) for number in range(1, 7)]
    said = {"project_name": "Kiosks", "group_name": "Floor-1", "limit": 50}
    wire.expect("GET", DETAILS, {**said, "offset": ABSENT}, reply=page(fleet[:2], more=True))
    wire.expect("GET", DETAILS, {**said, "offset": 4002}, reply=page(fleet[2:4], more=True))
    wire.expect("GET", DETAILS, {**said, "offset": 4004}, reply=page(fleet[4:]))
    wire.expect("GET", STATES, {**said, "offset": ABSENT}, reply=states(d_0001="online", d_0002="offline"))
    result = drive(NAME, project="Kiosks", group="Floor-1")
    assert (result["failed"], result["changed"]) == (False, False)
    assert [row["device_uuid"] for row in result["devices"]] == ["d-%04d" % number for number in range(1, 7)]
    assert [row["online"] for row in result["devices"]] == [True, False, None, None, None, None]
    assert result["summary"] == {
        "total": 6,
        "held": 1,
        "released": 5,
        "online": 1,
        "offline": 1,
        "last_update": {"pending": 0, "in_progress": 0, "success": 0, "failed": 0, "aborted": 0},
    }
    assert result["api_calls"]["writes"] == 0
    assert result["msg"] == "6 devices: 1 held, 5 released, 1 online."


def test_a_row_has_real_booleans_utc_times_and_updates_oldest_first(wire, drive):
    entry = wire_device(
        1,
        is_update_trigger_set="on",
        last_keepalive="2026-05-02 01:14:09",
        apps=[{"app_name": "ui", "version": 3}],
        updates=[wire_update("b", "failed", 2, "2026-05-02 02:00:00"), wire_update("a", "SUCCESS", 1)],
    )
    wire.expect("GET", DETAILS, reply=page([entry]))
    wire.expect("GET", STATES, reply=states(d_0001="online"))
    (row,) = drive(NAME, project="Kiosks")["devices"]
    assert (row["held"], row["online"], row["last_seen"]) == (True, True, "2026-05-02T01:14:09Z")
    assert row["apps"] == {"ui": "3"}
    assert [(update["comment"], update["status"]) for update in row["updates"]] == [("a", "success"), ("b", "failed")]


@pytest.mark.parametrize("check", [True, False])
def test_one_device_is_read_by_token_and_its_state_by_uuid(wire, drive, check):
    wire.expect("GET", DETAILS, {"device_token": token(1)}, reply=page([wire_device(1)]))
    wire.expect(
        "GET", STATE, {"device_id": "d-0001", "device_token": ABSENT}, reply=message({"device_status": "online"})
    )
    result = drive(NAME, check=check, device_token=token(1))
    assert [row["online"] for row in result["devices"]] == [True]


def test_a_name_is_passed_on_and_each_state_read_by_uuid(wire, drive):
    wire.expect("GET", DETAILS, {"device_name": "twin"}, reply=page([wire_device(1), wire_device(2)]))
    wire.expect("GET", STATE, {"device_id": "d-0001"}, reply=message({"device_status": "online"}))
    wire.expect("GET", STATE, {"device_id": "d-0002"}, reply=message({"device_status": "offline"}))
    assert [row["online"] for row in drive(NAME, device_name="twin")["devices"]] == [True, False]


def test_without_a_selection_the_whole_account_is_read(wire, drive):
    wire.expect("GET", DETAILS, dict.fromkeys(("project_name", "group_name", "device_name"), ABSENT), reply=page([]))
    result = drive(NAME)
    assert (result["failed"], result["devices"], result["summary"]["total"]) == (False, [], 0)


def test_an_unknown_device_fails_with_its_own_code(wire, drive):
    wire.expect("GET", DETAILS, reply=refusal("No such device"))
    assert drive(NAME, device_token=token(1))["code"] == "device_not_found"


def test_filters_are_applied_one_on_top_of_the_other(wire, drive):
    fleet = [
        wire_device(1, tags=["canary"], updates=[wire_update("x", "failed")]),
        wire_device(2, tags=["canary"], updates=[wire_update("x", "success")]),
        wire_device(3, updates=[wire_update("x", "failed")]),
        wire_device(4, tags=["canary"], updates=[wire_update("x", "failed")]),
    ]
    wire.expect("GET", DETAILS, reply=page(fleet))
    wire.expect("GET", STATES, reply=states(d_0001="online", d_0002="online", d_0003="online", d_0004="offline"))
    filters = [
        filter_option("tag", "canary"),
        filter_option("update_status", "failed"),
        filter_option("device_state", "online"),
    ]
    result = drive(NAME, project="Kiosks", filters=filters)
    assert [row["device_uuid"] for row in result["devices"]] == ["d-0001"]
    assert result["summary"]["last_update"]["failed"] == 1


@pytest.mark.parametrize("filtered", [False, True])
def test_states_that_cannot_be_read_are_null_with_a_warning_unless_a_filter_needs_them(wire, drive, filtered):
    wire.expect("GET", DETAILS, reply=page([wire_device(1)]))
    wire.expect("GET", STATES, reply=refusal("Not today"))
    filters = [filter_option("device_state", "online")] if filtered else None
    result = drive(NAME, project="Kiosks", filters=filters)
    if filtered:
        assert (result["failed"], result["code"]) == (True, "request_rejected")
    else:
        assert [row["online"] for row in result["devices"]] == [None]
        assert "online is null" in result.warnings[0]


def test_a_list_that_may_lack_devices_says_so(wire, drive):
    wire.expect("GET", DETAILS, reply=page([wire_device(1)], more=True), times=2)
    wire.expect("GET", STATES, reply=states(d_0001="online"))
    result = drive(NAME, project="Kiosks")
    assert len(result["devices"]) == 1
    assert any("may be missing" in text for text in result.warnings)


def test_a_device_called_like_a_template_stays_text(wire, drive):
    name = "{{ lookup('pipe', 'id') }}"
    wire.expect("GET", DETAILS, reply=page([wire_device(1, device_name=name)]))
    wire.expect("GET", STATES, reply=states())
    assert drive(NAME, project="Kiosks")["devices"][0]["name"] == name
