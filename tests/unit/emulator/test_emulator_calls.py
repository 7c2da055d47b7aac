# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The calls of API notes 2.1 to 2.5: statuses, bodies, paging, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

DETAILS = "/v1/devices_details"
TRIGGER = "/v1/set_update_trigger"


def refusal(answer: tuple[int, Any]) -> str:
    status, body = answer
    assert status == 400
    assert list(body) == ["error_message"]
    return str(body["error_message"])


def test_a_trigger_is_set_and_read_back(make):
    emulator = make()
    device = emulator.devices()[0]
    token = device["device_token"]
    assert emulator.call("POST", TRIGGER, device_token=token, trigger_set=True) == (200, {"message": "Success"})
    status, body = emulator.call("GET", DETAILS, device_token=token)
    assert status == 200
    assert body["more"] is False
    assert [item["is_update_trigger_set"] for item in body["message"]] == [True]
    assert emulator.device(device["device_uuid"])["held"] is True
    emulator.call("POST", TRIGGER, device_token=token, trigger_set=False)
    assert emulator.device(device["device_uuid"])["held"] is False


@pytest.mark.parametrize("value", ["true", 1, 0, None, [], "on"])
def test_a_trigger_that_is_not_a_boolean_is_refused(make, value):
    emulator = make()
    token = emulator.devices()[0]["device_token"]
    assert "trigger_set" in refusal(emulator.call("POST", TRIGGER, device_token=token, trigger_set=value))
    assert emulator.devices(held=True) == []


def test_bad_tokens_are_told_apart(make):
    emulator = make()
    fields = {"device_token": emulator.devices()[0]["device_token"], "trigger_set": True}
    assert "user_token" in refusal(emulator.call("POST", TRIGGER, **fields, user_token="u-wrong"))
    assert "user_token" in refusal(emulator.call("POST", TRIGGER, **fields, user_token=None))
    assert "device_token" in refusal(emulator.call("POST", TRIGGER, trigger_set=True, device_token="t-wrong"))
    assert "device_token" in refusal(emulator.call("POST", TRIGGER, trigger_set=True))
    assert emulator.devices(held=True) == []


@pytest.mark.parametrize("body", [None, [], "text", 7])
def test_a_body_that_is_no_object_is_refused(make, body):
    reply = make().request("POST", TRIGGER, body).reply
    assert refusal((reply.status, reply.body)) == "The request body must be a JSON object"


def test_an_unknown_path_and_a_wrong_method_are_told_apart(make):
    emulator = make()
    assert emulator.call("GET", "/v1/nothing")[0] == 404
    reply = emulator.request("PUT", DETAILS, {}).reply
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, POST")


def test_a_device_has_the_documented_fields(make):
    emulator = make(start_time="2026-01-05T00:00:00Z")
    (shown,) = emulator.call("GET", DETAILS, device_name="kiosk-0003")[1]["message"]
    assert list(shown) == [
        *("device_id", "device_uuid", "device_name", "upswift_version", "project", "group", "device_ip"),
        *("last_keepalive", "cpu_usage", "ram_usage", "disk_usage", "address", "lat", "lng"),
        *("is_update_trigger_set", "description", "registered_date", "tags", "apps", "updates"),
    ]
    assert shown["apps"] == [{"app_name": "kiosk_ui", "version": "3.1.0"}]
    assert shown["last_keepalive"].startswith("2026-01-04 23:59:")
    assert "token" not in str(shown)


def pages(emulator, path: str, cursor: str, **fields: Any) -> list[list[dict[str, Any]]]:
    found = []
    while True:
        status, body = emulator.call("GET", path, **fields)
        assert status == 200
        found.append(body["message"])
        if not body["more"]:
            return found
        fields["offset"] = body["message"][-1][cursor]


@pytest.mark.parametrize(("path", "cursor"), [(DETAILS, "device_id"), ("/v1/get_devices_state", "device_uuid")])
@pytest.mark.parametrize(
    ("limit", "sizes"), [(None, [20, 20, 20, 3]), (50, [50, 13]), (21, [21, 21, 21]), (1, [1] * 63)]
)
def test_paging_shows_every_device_once(make, path, cursor, limit, sizes):
    emulator = make(project={"Kiosks": 63, "Robots": 5})
    fields = {} if limit is None else {"limit": limit}
    found = pages(emulator, path, cursor, project_name="Kiosks", **fields)
    assert [len(page) for page in found] == sizes
    uuids = [device["device_uuid"] for page in found for device in page]
    assert uuids == [device["device_uuid"] for device in emulator.devices(project="Kiosks")]


def test_the_cursor_is_an_id_and_not_a_count(make):
    emulator = make(devices=40)
    first = emulator.call("GET", DETAILS, limit=20)[1]["message"]
    assert emulator.call("GET", DETAILS, limit=20, offset=20)[1]["message"] == first


def test_the_two_lists_want_different_cursors(make):
    emulator = make(devices=30)
    last = emulator.call("GET", DETAILS)[1]["message"][-1]
    assert "offset" in refusal(emulator.call("GET", DETAILS, offset=last["device_uuid"]))
    assert "offset" in refusal(emulator.call("GET", "/v1/get_devices_state", offset=last["device_id"]))
    assert "offset" in refusal(emulator.call("GET", "/v1/get_devices_state", offset="d-0000-0000"))


@pytest.mark.parametrize("limit", [0, 51, -1, "50", True, 2.5])
def test_a_limit_out_of_range_is_refused(make, limit):
    assert "limit" in refusal(make().call("GET", DETAILS, limit=limit))


def test_selectors(make):
    emulator = make(project={"Kiosks": 8, "Robots": 4})

    def names(**fields: Any) -> list[str]:
        return [device["device_name"] for device in emulator.call("GET", DETAILS, **fields)[1]["message"]]

    assert len(names()) == 12
    assert names(project_name="Robots") == [f"robot-000{number}" for number in range(1, 5)]
    assert names(project_name="Kiosks", group_name="Floor-2") == ["kiosk-0003", "kiosk-0004"]
    assert names(project_name="Kiosks", device_name="robot-0001") == []
    assert names(device_name="robot-0001") == ["robot-0001"]
    token = emulator.devices(device_name="kiosk-0001")[0]["device_token"]
    assert names(device_token=token, project_name="nonsense", device_name="other") == ["kiosk-0001"]
    assert "group_name" in refusal(emulator.call("GET", DETAILS, group_name="Floor-1"))
    assert "kiosks" in refusal(emulator.call("GET", DETAILS, project_name="kiosks"))
    assert "floor-1" in refusal(emulator.call("GET", DETAILS, project_name="Kiosks", group_name="floor-1"))


def test_details_are_changed_as_far_as_sent(make):
    emulator = make()
    device = emulator.devices()[3]
    fields = {
        "device_name": "front door",
        "description": "by the lift",
        "group": "Floor-4",
        "tag": "night",
        "apps": [{"app_name": "kiosk_ui", "version": "9"}],
        "address": "Graz",
        "lat": "47.07",
        "lng": "15.44",
    }
    answer = emulator.call("POST", DETAILS, device_token=device["device_token"], **fields, software_version="old")
    assert answer == (200, {"message": "Success"})
    (shown,) = emulator.call("GET", DETAILS, device_name="front door")[1]["message"]
    assert (shown["description"], shown["group"], shown["address"]) == ("by the lift", "Floor-4", "Graz")
    assert (shown["tags"], shown["lat"], shown["lng"]) == (["night"], 47.07, 15.44)
    assert shown["apps"] == [{"app_name": "kiosk_ui", "version": "9"}]
    emulator.call("POST", DETAILS, device_token=device["device_token"], tag="night")
    assert emulator.device(device["device_uuid"])["tags"] == ["night"]
    members = emulator.call("GET", DETAILS, project_name="Kiosks", group_name="Floor-4")[1]["message"]
    assert [item["device_name"] for item in members] == ["front door", "kiosk-0007", "kiosk-0008"]
    assert emulator.call("GET", DETAILS, device_name=device["device_name"])[1]["message"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"group": "Floor-9"},
        {"tag": 5},
        {"apps": [{"app_name": "unheard_of", "version": "1"}]},
        {"lat": 1.0},
        {"lat": "nan", "lng": "1"},
        {"apps": {"kiosk_ui": "1"}},
        {"apps": [{"app_name": "kiosk_ui"}]},
    ],
)
def test_a_refused_change_changes_nothing(make, wrong):
    emulator = make()
    device = emulator.devices()[0]
    refusal(emulator.call("POST", DETAILS, device_token=device["device_token"], device_name="new", **wrong))
    assert emulator.devices()[0] == device


def test_details_have_no_trigger_field(make):
    emulator = make()
    token = emulator.devices()[0]["device_token"]
    assert emulator.call("POST", DETAILS, device_token=token, trigger_set=True, is_update_trigger_set=True)[0] == 200
    assert emulator.devices(held=True) == []


def test_device_state_by_any_identifier(make):
    emulator = make()
    device = emulator.devices()[0]
    emulator.configure(device["device_uuid"], online=False)
    path = "/v1/get_device_state"
    for asked in (
        {"device_id": device["device_id"]},
        {"device_id": device["device_uuid"]},
        {"device_token": device["device_token"]},
    ):
        assert emulator.call("GET", path, **asked) == (200, {"message": {"device_status": "offline", **asked}})
    refusal(emulator.call("GET", path))
    refusal(emulator.call("GET", path, device_id="d-0000-0000"))
    states = emulator.call("GET", "/v1/get_devices_state", project_name="Kiosks", group_name="Floor-1")[1]["message"]
    assert [(item["device_name"], item["device_status"]) for item in states] == [
        ("kiosk-0001", "offline"),
        ("kiosk-0002", "online"),
    ]


def test_an_offline_device_keeps_its_last_keepalive(make):
    emulator = make()
    uuid = emulator.devices()[0]["device_uuid"]
    emulator.advance(100)
    emulator.configure(uuid, online=False)
    token = emulator.device(uuid)["device_token"]
    before = emulator.call("GET", DETAILS, device_token=token)[1]["message"][0]["last_keepalive"]
    emulator.advance(10_000)
    after = emulator.call("GET", DETAILS, device_token=token)[1]["message"][0]["last_keepalive"]
    assert "2026-01-05 00:01:15" <= before == after <= "2026-01-05 00:01:40"
