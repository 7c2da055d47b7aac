# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each fault as data: what the client gets, and what happened to the request."""

from __future__ import annotations

import pytest

from emulator.testing import EmulatorError

TRIGGER = "/v1/set_update_trigger"
DETAILS = "/v1/devices_details"


def hold(emulator, number: int = 0):
    token = emulator.devices()[number]["device_token"]
    return emulator.request(
        "POST",
        TRIGGER,
        {
            "user_token": emulator.user_token,
            "device_token": token,
            "trigger_set": True,
        },
    )


def held(emulator) -> int:
    return len(emulator.devices(held=True))


@pytest.mark.parametrize(
    ("kind", "args", "delivery", "status", "happened"),
    [
        ("refuse", {}, "reset", None, 0),
        ("drop_before", {}, "close", None, 0),
        ("drop_after", {}, "close", None, 1),
        ("error_before", {}, "reply", 503, 0),
        ("error_before", {"status": 500}, "reply", 500, 0),
        ("error_after", {"status": 502}, "reply", 502, 1),
        ("429", {}, "reply", 429, 0),
        ("slow", {"seconds": 40}, "reply", 200, 1),
        ("late", {}, "close", None, 0),
        ("late", {"status": 504}, "reply", 504, 0),
        ("truncated", {}, "truncate", 200, 1),
        ("html", {}, "reply", 200, 1),
        ("html", {"processed": False}, "reply", 200, 0),
    ],
)
def test_what_becomes_of_a_write(emulator, kind, args, delivery, status, happened):
    emulator.add_fault(kind, path=TRIGGER, **args)
    outcome = hold(emulator)
    assert outcome.delivery == delivery
    assert (outcome.reply.status if outcome.reply else None) == status
    assert held(emulator) == happened
    (entry,) = emulator.log()
    assert (entry["fault"], entry["status"]) == (kind, status)
    told = status == 200
    assert emulator.stats()["writes"] == (1 if happened or told else 0)
    assert emulator.stats()["write_attempts"] == 1
    assert hold(emulator, 1).reply.body == {"message": "Success"}  # it fired once


def test_the_body_of_a_fault(emulator):
    emulator.add_fault("429", retry_after=7)
    reply = hold(emulator).reply
    assert (reply.status, reply.body, reply.headers) == (429, {}, {"Retry-After": "7"})
    emulator.add_fault("html")
    assert hold(emulator).sent.startswith(b"<html>")
    emulator.add_fault("truncated")
    assert hold(emulator).sent == b'{"message":'
    emulator.add_fault("slow", seconds=40)
    assert hold(emulator).delay == 40


def test_a_late_call_lands_at_its_own_instant_and_in_order(emulator):
    emulator.add_fault("late", seconds=30)
    hold(emulator)
    token = emulator.devices()[0]["device_token"]
    emulator.sleep(10)
    emulator.call("POST", TRIGGER, device_token=token, trigger_set=False)
    emulator.sleep(19.9)
    assert held(emulator) == 0
    emulator.sleep(0.1)
    assert held(emulator) == 1
    assert emulator.log()[0]["landed"] == 200
    assert emulator.stats()["writes"] == 2


def test_a_late_call_lands_before_the_next_call_is_answered(make, deploy):
    emulator = make(time_factor=10)
    emulator.add_fault("late", seconds=30, path="/v1/deploy_update")
    target = {"project": {"name": "Kiosks"}, "groups": [], "filters": []}
    body = {"user_token": emulator.user_token, "flow_id": "f-77aa-01bc", "devices_filter": target, "metadata": {}}
    emulator.request("POST", "/v1/deploy_update", body)
    emulator.sleep(40)
    (shown,) = emulator.call("GET", DETAILS, limit=1)[1]["message"]
    (update,) = shown["updates"]
    assert update["update_status"] in ("in_progress", "success")
    assert emulator.deployments()[0]["created"] == 300


def test_the_lag_is_real_time_even_after_a_jump(emulator, deploy):
    emulator.sleep(10)
    deploy(emulator)
    emulator.sleep(10)
    emulator.advance(5000)
    emulator.sleep(5)

    def status(lag: float) -> str:
        emulator.add_fault("lag", seconds=lag)
        return emulator.call("GET", DETAILS, limit=1)[1]["message"][0]["updates"][0]["update_status"]

    assert (status(14), status(4)) == ("pending", "success")


def test_a_late_deployment_is_a_second_one(emulator, deploy):
    emulator.add_fault("late", seconds=30, status=503)
    uuid = emulator.devices()[0]["device_uuid"]
    with pytest.raises(EmulatorError):
        emulator.add_fault("late", seconds=30, status=200)
    deploy(emulator, uuid)
    deploy(emulator, uuid)
    assert emulator.stats()["duplicates"] == []
    emulator.sleep(30)
    assert emulator.stats()["duplicates"] == [{"device_uuid": uuid, "comment": "mark", "count": 2}]
    assert emulator.stats()["writes_by_path"] == {"/v1/deploy_update": 2}


def test_a_lagging_list_shows_the_past_of_trigger_updates_and_apps(emulator, deploy):
    uuid = emulator.devices()[0]["device_uuid"]
    emulator.sleep(100)
    hold(emulator)
    emulator.sleep(1)
    deploy(emulator, uuid)
    emulator.configure(uuid, held=False)
    emulator.sleep(99)

    def look(lag: float | None) -> tuple[bool, list[str], str]:
        if lag is not None:
            emulator.add_fault("lag", seconds=lag)
        shown = emulator.call("GET", DETAILS, device_name="kiosk-0001")[1]["message"][0]
        states = [update["update_status"] for update in shown["updates"]]
        return shown["is_update_trigger_set"], states, shown["apps"][0]["version"]

    assert look(None) == (False, ["success"], "3.2.0")
    assert look(99) == (False, ["pending"], "3.1.0")
    assert look(60) == (False, ["in_progress"], "3.1.0")
    assert look(99.5) == (True, [], "3.1.0")
    assert look(101) == (False, [], "3.1.0")
    emulator.set_switch(lag_seconds=99.5)
    assert look(None) == (True, [], "3.1.0")


@pytest.mark.parametrize("path", [DETAILS, "/v1/get_devices_state"])
def test_the_same_page_for_ever(make, path):
    emulator = make(devices=5)
    emulator.add_fault("same_page", path=path, times=None)
    cursor = "device_id" if path == DETAILS else "device_uuid"
    first = emulator.call("GET", path, limit=2)[1]
    for _page in range(5):
        again = emulator.call("GET", path, limit=2, offset=first["message"][-1][cursor])[1]
        assert again["more"] is True
        assert [item["device_uuid"] for item in again["message"]] == [item["device_uuid"] for item in first["message"]]


def test_targets_and_counts(emulator):
    uuid = emulator.devices()[2]["device_uuid"]
    emulator.add_fault("error_before", method="post", path="/v1/set*", device_uuid=uuid, after=1, times=2)

    def status(number: int) -> int:
        return hold(emulator, number).reply.status

    assert [status(2), status(0), status(2), status(2), status(2)] == [200, 200, 503, 503, 200]
    assert emulator.call("GET", DETAILS)[0] == 200


def test_a_deployment_to_one_device_can_be_targeted(emulator, deploy):
    first, second = (device["device_uuid"] for device in emulator.devices()[:2])
    emulator.add_fault("error_before", device_uuid=second, times=None)
    assert deploy(emulator, first)[0] == 200
    assert deploy(emulator, second)[0] == 503
    assert [entry["device_uuid"] for entry in emulator.log()] == [first, second]
    emulator.clear_faults()
    assert deploy(emulator, second)[0] == 200


def test_several_faults_take_turns(emulator):
    emulator.add_fault("error_before", status=500)
    emulator.add_fault("error_before", status=501, times=2)
    assert [hold(emulator).reply.status for _call in range(4)] == [500, 501, 501, 200]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "explode"},
        {"kind": "slow", "status": 500},
        {"kind": "slow", "seconds": -1},
        {"kind": "slow", "seconds": "1"},
        {"kind": "error_before", "status": 404},
        {"kind": "error_before", "status": None},
        {"kind": "html", "processed": 1},
        {"kind": "refuse", "times": 0},
        {"kind": "refuse", "after": -1},
        {"kind": "refuse", "path": 5},
    ],
)
def test_a_fault_that_cannot_be_is_refused(emulator, wrong):
    with pytest.raises(EmulatorError):
        emulator.add_fault(**wrong)
    assert hold(emulator).reply.status == 200


def test_faulty_calls_do_not_spend_the_limit_unless_processed(make):
    emulator = make(rate_limit=2)
    emulator.add_fault("drop_before", times=5)
    for _call in range(5):
        hold(emulator)
    emulator.add_fault("drop_after", times=1)
    hold(emulator)
    assert [hold(emulator).reply.status for _call in range(2)] == [200, 429]
    assert emulator.stats()["max_device_calls_per_minute"] == 8


def test_the_log_holds_no_token(emulator, deploy):
    device = emulator.devices()[0]
    hold(emulator)
    deploy(emulator, device["device_uuid"])
    emulator.request(
        "GET", DETAILS, {"user_token": "u-mine", "device_token": "t-mine", "x": [{"user_token": "u-deep"}]}
    )
    emulator.request("GET", DETAILS, None)
    text = str(emulator.log())
    for secret in (emulator.user_token, device["device_token"], "u-mine", "t-mine", "u-deep"):
        assert secret not in text
    first = emulator.log()[0]
    assert first["body"] == {"user_token": "u-***", "device_token": device["device_uuid"], "trigger_set": True}
    assert [entry["seq"] for entry in emulator.log()] == [1, 2, 3, 4]
    assert [entry["status"] for entry in emulator.log()] == [200, 200, 400, 400]
