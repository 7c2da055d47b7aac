# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""connect_deploy: the plan, what is sent, the second run, and the row of every device."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    ABSENT,
    DEPLOY,
    DEPLOY_V2,
    DETAILS,
    SMALLEST,
    STATES,
    USER,
    deploy_request,
    filter_option,
    only,
    page,
    refusal,
    wire_device,
    wire_update,
)

NAME = "connect_deploy"
OPTIONS = SMALLEST[NAME]
MARK = deploy_request().mark


def fleet(*statuses, mark=MARK, **changes):
    """Devices 1, 2, ...: None has no marked update, a word has one in that state, a tuple has several."""
    devices = []
    for number, status in enumerate(statuses, start=1):
        several = () if status is None else status if isinstance(status, tuple) else (status,)
        updates = [wire_update(mark + " words", one, at) for at, one in enumerate(several)]
        devices.append(wire_device(number, updates=updates, **changes))
    return devices


def look(wire, *statuses, **changes):
    wire.expect("GET", DETAILS, {"project_name": "Kiosks"}, reply=page(fleet(*statuses, **changes)))


def column(result, name):
    return [row[name] for row in result["devices"]]


def test_a_deployment_is_sent_with_its_mark_to_the_filter_as_given(wire, drive):
    wire.expect("GET", DETAILS, {"group_name": "Floor-1"}, reply=page(fleet(None, None, tags=["canary"])))
    app = {"name": "ui", "version": "3.2.0"}
    filters = [filter_option("tag", "canary")]
    mark = deploy_request(app=app, filters=filters).mark
    wire.expect(
        "POST",
        DEPLOY,
        {
            "user_token": USER,
            "flow_id": "f-1",
            "devices_filter": {
                "project": {"name": "Kiosks"},
                "groups": [{"name": "Floor-1"}],
                "filters": [{"type": "tag", "operand": "is", "value": "canary"}],
            },
            "metadata": {"comment": mark + " Autumn", "app": app},
            "parameters_mapping": ABSENT,
        },
    )
    look(wire, "pending", "pending", mark=mark)
    result = drive(NAME, **OPTIONS, app=app, filters=filters, comment="Autumn")
    assert (result["failed"], result["changed"]) == (False, True)
    shown = {"mark": mark, "comment": mark + " Autumn", "secret_parameters": [], "calls": 1}
    assert result["deployment"] == shown
    assert column(result, "outcome") == ["changed", "changed"]
    assert column(result, "status") == ["pending", "pending"]


@pytest.mark.parametrize("parameters", [{}, {"ui_tag": "3.2.0", "n": "3"}])
def test_parameters_go_through_the_other_call_also_when_empty(wire, drive, parameters):
    look(wire, None)
    texts = {name: str(value) for name, value in parameters.items()}
    mark = deploy_request(parameters=parameters).mark
    wire.expect("POST", DEPLOY_V2, {"parameters_mapping": texts, "metadata": {"comment": mark}})
    look(wire, "pending", mark=mark)
    assert drive(NAME, **OPTIONS, parameters=parameters)["changed"]


def test_a_whole_project_is_sent_to_only_when_said_in_so_many_words(wire, drive):
    options = {"flow_id": "f-1", "project": "Kiosks"}
    assert drive(NAME, **options)["code"] == "invalid_option"
    wire.expect("GET", DETAILS, {"project_name": "Kiosks", "group_name": ABSENT}, reply=page(fleet(None)))
    wire.expect("POST", DEPLOY, {"devices_filter": {"project": {"name": "Kiosks"}, "groups": [], "filters": []}})
    look(wire, "pending", mark=deploy_request(groups=None, all_devices=True).mark)
    assert drive(NAME, **options, all_devices=True)["changed"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("statuses", [("pending", "in_progress"), ("success", "success"), ("success", "pending")])
def test_the_second_run_writes_nothing(wire, drive, check, statuses):
    look(wire, *statuses)
    result = drive(NAME, check=check, diff=True, **OPTIONS, comment="other words", retry_failed=True, resend="all")
    assert (result["failed"], result["changed"], result["deployment"]["calls"]) == (False, False, 0)
    assert column(result, "status") == list(statuses)
    assert result["diff"] == {"before": {}, "after": {}}


def test_devices_that_have_the_version_are_not_sent_anything(wire, drive):
    app = {"name": "ui", "version": "2"}
    look(wire, None, None, apps=[{"app_name": "ui", "version": "2"}])
    result = drive(NAME, **OPTIONS, app=app)
    assert not result["changed"]
    assert result["plan"]["current"] == ["d-0001", "d-0002"]


def test_devices_that_have_the_version_are_sent_it_when_they_are_included(wire, drive):
    app = {"name": "kiosk_ui", "version": "3.2.0"}
    mark = deploy_request(app=app).mark
    current = {"apps": [{"app_name": "kiosk_ui", "version": "3.2.0"}]}
    look(wire, None, **current)
    wire.expect("POST", DEPLOY)
    look(wire, "pending", mark=mark, **current)
    result = drive(NAME, **OPTIONS, app=app, include_current=True)
    assert (column(result, "plan"), column(result, "outcome")) == (["needed"], ["changed"])
    assert result["deployment"]["mark"] == mark


def test_another_key_is_another_deployment(wire, drive):
    look(wire, "success")
    wire.expect("POST", DEPLOY)
    look(wire, "pending", mark=deploy_request(deployment_key="CHG-2").mark)
    assert drive(NAME, **OPTIONS, deployment_key="CHG-2")["changed"]


MIXED = (None, "success", "failed", "pending", "aborted", None)


@pytest.mark.parametrize("retry_failed", [False, True])
@pytest.mark.parametrize("resend", ["needed", "all"])
def test_check_mode_writes_nothing_and_predicts_the_real_run(wire, drive, retry_failed, resend):
    options = {**OPTIONS, "retry_failed": retry_failed, "resend": resend, "max_failures": 9, "diff": True}
    look(wire, *MIXED)
    predicted = drive(NAME, check=True, **options)
    assert wire.writes == []
    look(wire, *MIXED)
    due = [1, 3, 5, 6] if retry_failed else [1, 6]
    wire.expect("POST", DEPLOY, times=1 if resend == "all" else len(due))
    reached = range(1, 7) if resend == "all" else due
    after = [
        (*([status] if status else []), "pending") if number in reached else status
        for number, status in enumerate(MIXED, start=1)
    ]
    look(wire, *after)
    real = drive(NAME, **options)
    for key in ("changed", "failed", "plan", "deployment", "diff"):
        assert predicted[key] == real[key], key
    for key in ("device_uuid", "name", "group", "plan", "outcome", "code"):
        assert column(predicted, key) == column(real, key), key
    assert sorted(real["diff"]["after"]) == ["kiosk-%d d-%04d" % (number, number) for number in reached]


def test_only_the_devices_that_need_it_are_sent_to(wire, drive):
    look(wire, *MIXED)
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0001")})
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0006")})
    look(wire, "pending", *MIXED[1:])
    result = drive(NAME, **OPTIONS, max_failures=2)
    assert result["deployment"]["calls"] == 2
    assert result["plan"] == {
        "needed": ["d-0001", "d-0006"],
        "retry": [],
        "current": [],
        "done": ["d-0002"],
        "in_flight": ["d-0004"],
        "failed": ["d-0003"],
        "aborted": ["d-0005"],
    }


def test_retry_failed_sends_to_what_failed_and_was_aborted(wire, drive):
    look(wire, "success", "failed", "aborted")
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0002")})
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0003")})
    look(wire, "success", ("failed", "pending"), ("aborted", "pending"))
    result = drive(NAME, **OPTIONS, retry_failed=True)
    assert not result["failed"]
    assert column(result, "status") == ["success", "pending", "pending"]
    assert result["plan"]["retry"] == ["d-0002", "d-0003"]


def test_resend_all_sends_the_whole_filter_and_warns_of_those_that_have_it(wire, drive):
    look(wire, None, "success")
    wire.expect(
        "POST",
        DEPLOY,
        {"devices_filter": {"project": {"name": "Kiosks"}, "groups": [{"name": "Floor-1"}], "filters": []}},
    )
    look(wire, "pending", ("success", "pending"))
    result = drive(NAME, **OPTIONS, resend="all")
    assert column(result, "outcome") == ["changed", "changed"]
    assert any("resend: all" in text for text in result.warnings)


def test_a_target_of_three_pages_is_read_to_its_end_before_anything_is_sent(wire, drive):
    devices = fleet(*[None] * 6)
    wire.expect("GET", DETAILS, {"offset": ABSENT}, reply=page(devices[:2], more=True))
    wire.expect("GET", DETAILS, {"offset": 4002}, reply=page(devices[2:4], more=True))
    wire.expect("GET", DETAILS, {"offset": 4004}, reply=page(devices[4:]))
    wire.expect("POST", DEPLOY)
    look(wire, *["pending"] * 6)
    assert drive(NAME, **OPTIONS)["summary"]["changed"] == 6


def test_a_target_that_could_not_be_read_to_its_end_is_not_sent_to(wire, drive):
    wire.expect("GET", DETAILS, reply=page(fleet(None), more=True), times=2)
    result = drive(NAME, **OPTIONS)
    assert (result["failed"], result["code"]) == (True, "unreadable_reply")
    assert "Nothing was sent" in result["msg"]


@pytest.mark.parametrize("check", [True, False])
def test_an_empty_target_is_a_failure_of_its_own(wire, drive, check):
    wire.expect("GET", DETAILS, reply=page(fleet(None)))
    result = drive(NAME, check=check, **OPTIONS, filters=[filter_option("tag", "nobody")])
    assert (result["failed"], result["code"]) == (True, "empty_target")
    assert "Kiosks" in result["msg"]


def test_groups_are_ored_and_filters_anded(wire, drive):
    wire.expect(
        "GET", DETAILS, {"group_name": "A"}, reply=page([wire_device(1, tags=["x", "y"]), wire_device(2, tags=["x"])])
    )
    wire.expect(
        "GET",
        DETAILS,
        {"group_name": "B"},
        reply=page([wire_device(3, tags=["y", "x"]), wire_device(1, tags=["x", "y"])]),
    )
    options = {**OPTIONS, "groups": ["A", "B"], "filters": [filter_option("tag", "x"), filter_option("tag", "y")]}
    assert drive(NAME, check=True, **options)["plan"]["needed"] == ["d-0001", "d-0003"]


def test_online_states_are_read_only_for_a_filter_that_asks_for_them(wire, drive):
    look(wire, None, None, None)
    states = [
        {"device_uuid": "d-0001", "device_status": "online"},
        {"device_uuid": "d-0002", "device_status": "offline"},
    ]
    wire.expect("GET", STATES, {"group_name": "Floor-1"}, reply=page(states))
    result = drive(NAME, check=True, **OPTIONS, filters=[filter_option("device_state", "online")])
    assert column(result, "device_uuid") == ["d-0001"]


@pytest.mark.parametrize("name", ["connect_deploy", "connect_device_info"])
def test_devices_without_a_uuid_have_a_row_each(wire, drive, name):
    wire.expect("GET", DETAILS, reply=page([wire_device(n, device_uuid=None) for n in (1, 2)]))
    if name == "connect_device_info":
        wire.expect("GET", STATES, reply=page([]))
        result = drive(name, project="Kiosks")
    else:
        result = drive(name, check=True, **OPTIONS)
    assert sorted(column(result, "name")) == ["kiosk-1", "kiosk-2"]
    assert result["summary"]["total"] == 2


def test_a_device_without_a_uuid_is_not_sent_to_alone(wire, drive):
    done = wire_device(2, updates=[wire_update(MARK, "success")])
    wire.expect("GET", DETAILS, reply=page([wire_device(1, device_uuid=None), done]))
    wire.expect("GET", DETAILS, reply=page([wire_device(1, device_uuid=None), done]))
    for check in (True, False):
        result = drive(NAME, check=check, **OPTIONS)
        assert (result["failed"], result["code"], result["changed"]) == (True, "unreadable_reply", False)
        assert "resend: all" in result["msg"]


# When a sending is refused


def test_a_refused_sending_fails_its_devices_and_the_others_go_on(wire, drive):
    look(wire, None, None, "success", None)
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0001")})
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0002")}, reply=refusal("Flow is locked"))
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0004")})
    look(wire, "pending", None, "success", "pending")
    result = drive(NAME, **OPTIONS)
    assert (result["failed"], result["code"], result["changed"]) == (True, "request_rejected", True)
    assert column(result, "outcome") == ["changed", "failed", "unchanged", "changed"]
    assert "Flow is locked" in result["devices"][1]["msg"]
    assert result["summary"]["sent"] == 2


def test_a_refused_call_is_not_among_the_calls_that_sent_it(wire, drive):
    look(wire, None)
    wire.expect("POST", DEPLOY, reply=refusal("Flow is locked"))
    assert drive(NAME, **OPTIONS)["deployment"]["calls"] == 0


def test_a_refused_account_ends_it_and_every_device_still_has_its_row(wire, drive):
    look(wire, None, "success", None)
    wire.expect("POST", DEPLOY, reply=refusal("user_token is not valid"))
    result = drive(NAME, **OPTIONS)
    assert (result["failed"], result["code"], result["changed"]) == (True, "unauthorized", False)
    assert column(result, "outcome") == ["failed", "unchanged", "failed"]


def test_a_refused_retry_is_reported_as_refused(wire, drive):
    look(wire, "success", "failed")
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0002")}, reply=refusal("Flow is locked"))
    result = drive(NAME, **OPTIONS, retry_failed=True, max_failures=1)
    assert (result["failed"], result["code"]) == (True, "request_rejected")
    assert "Flow is locked" in result["devices"][1]["msg"]


def test_held_devices_are_named_in_a_warning_unless_they_have_finished(wire, drive):
    look(wire, None, is_update_trigger_set=True)
    wire.expect("POST", DEPLOY)
    look(wire, "pending", is_update_trigger_set=True)
    result = drive(NAME, **OPTIONS)
    assert any("held" in text and "kiosk-1" in text for text in result.warnings)
    look(wire, None, is_update_trigger_set=True)
    (said,) = drive(NAME, **OPTIONS, deployment_key="x", check=True).warnings
    assert said.startswith("1 of 1 device to be updated is held, for example kiosk-1: ")
    assert "edgeops.jfrog_connect.release" in said
    look(wire, "success", is_update_trigger_set=True)
    assert drive(NAME, **OPTIONS).warnings == []


def test_a_deployment_that_was_sent_twice_is_reported(wire, drive):
    look(wire, ("pending", "pending"), "success")
    result = drive(NAME, **OPTIONS)
    assert result["summary"]["duplicates"] == 1
    assert any(text.startswith("DUPLICATE") and "kiosk-1" in text for text in result.warnings)


def test_a_repetition_that_was_asked_for_is_named_as_a_possible_reason(wire, drive):
    look(wire, None, "success")
    wire.expect("POST", DEPLOY)
    look(wire, "pending", ("success", "pending"))
    (duplicate,) = (text for text in drive(NAME, **OPTIONS, resend="all").warnings if text.startswith("DUPLICATE"))
    assert "resend: all" in duplicate


def test_a_failed_read_afterwards_does_not_hide_that_it_was_sent(wire, drive):
    look(wire, None)
    wire.expect("POST", DEPLOY)
    wire.expect("GET", DETAILS, reply=refusal("Not now", 503))
    result = drive(NAME, **OPTIONS, retry_budget=0)
    assert (result["failed"], result["changed"]) == (False, True)
    assert column(result, "status") == [None]
    assert any("accepted" in text for text in result.warnings)


def test_a_list_that_is_late_is_read_again(wire, drive, clock):
    look(wire, None, None)
    wire.expect("POST", DEPLOY)
    look(wire, None, None)
    look(wire, None, None)
    look(wire, None, "pending")
    result = drive(NAME, **OPTIONS)
    assert column(result, "status") == [None, "pending"]
    assert result.warnings == []
    assert clock.now == 1006
