# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults, statistics and the log on the calls of API v2."""

from __future__ import annotations

import pytest

LIST, DEPLOYMENTS = "/api/v2/kiosks/devices", "/api/v2/kiosks/deployments"


def hold(emulator, number: int = 0, method: str = "PATCH"):
    uuid = emulator.devices()[number]["device_uuid"]
    return emulator.request(method, f"{LIST}/{uuid}", {"update_trigger": True}, f"Bearer {emulator.access_token}")


def held(emulator) -> int:
    return len(emulator.devices(held=True))


@pytest.mark.parametrize(
    ("kind", "args", "delivery", "status", "happened"),
    [
        ("refuse", {}, "reset", None, 0),
        ("drop_before", {}, "close", None, 0),
        ("drop_after", {}, "close", None, 1),
        ("error_before", {}, "reply", 503, 0),
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
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_what_becomes_of_a_write(emulator, method, kind, args, delivery, status, happened):
    emulator.add_fault(kind, path="/api/v2/*/devices/*", **args)
    outcome = hold(emulator, method=method)
    assert outcome.delivery == delivery
    assert (outcome.reply.status if outcome.reply else None) == status
    assert held(emulator) == happened
    (entry,) = emulator.log()
    assert (entry["fault"], entry["status"]) == (kind, status)
    stats = emulator.stats()
    path = LIST + "/{device_uuid}"
    assert stats["calls"] == {f"{method} {path}": 1}
    assert stats["writes_by_path"] == ({path: 1} if happened or status == 200 else {})
    assert (stats["reads"], stats["write_attempts"]) == (0, 1)
    assert hold(emulator, 1, method).reply.status == 200  # it fired once


def test_the_body_of_a_429(emulator):
    emulator.add_fault("429", retry_after=7)
    reply = hold(emulator).reply
    assert (reply.status, reply.body, reply.headers) == (429, {"message": "Too many requests"}, {"Retry-After": "7"})
    emulator.add_fault("429")
    assert hold(emulator).reply.headers == {}


def test_a_fault_of_one_device(emulator, deploy_v2):
    first, second = (device["device_uuid"] for device in emulator.devices()[:2])
    emulator.add_fault("error_before", device_uuid=second, times=None)
    assert [hold(emulator, number).reply.status for number in (0, 1, 2)] == [200, 503, 200]
    assert [deploy_v2(emulator, uuid)[0] for uuid in (first, second)] == [201, 503]
    assert emulator.call_v2("GET", "kiosks/devices")[0] == 200
    assert [entry["device_uuid"] for entry in emulator.log()][:2] == [first, second]


def test_a_fault_of_one_generation(emulator):
    emulator.add_fault("error_before", path="/api/v2/*", times=None)
    assert emulator.call("GET", "/v1/devices_details")[0] == 200
    assert emulator.call_v2("GET", "kiosks/devices")[0] == 503


def test_a_late_write_lands_later(emulator):
    emulator.add_fault("late", seconds=30, method="patch")
    hold(emulator)
    emulator.sleep(29.9)
    assert held(emulator) == 0
    emulator.sleep(0.1)
    assert held(emulator) == 1
    assert emulator.log()[0]["landed"] == 200


def test_a_deployment_that_is_sent_again_happens_twice(emulator, deploy_v2):
    uuid = emulator.devices()[0]["device_uuid"]
    emulator.add_fault("error_after", path=DEPLOYMENTS)
    assert deploy_v2(emulator, uuid)[0] == 503
    assert deploy_v2(emulator, uuid)[0] == 201
    assert emulator.stats()["duplicates"] == [{"device_uuid": uuid, "comment": "mark", "count": 2}]
    assert emulator.stats()["writes_by_path"] == {DEPLOYMENTS: 2}


def test_the_lag_of_one_read(emulator):
    emulator.sleep(10)
    hold(emulator)
    emulator.sleep(5)
    emulator.add_fault("lag", path=LIST, seconds=6)
    shown = [emulator.call_v2("GET", "kiosks/devices")[1]["devices"][0]["update_trigger"] for _look in range(2)]
    assert shown == [False, True]


@pytest.mark.parametrize("envelope", ["named", "items", "bare", "bare_with_cursor"])
@pytest.mark.parametrize("name", ["devices", "deployments"])
def test_the_same_page_for_ever(emulator, deploy_v2, name, envelope):
    for _number in range(3):
        deploy_v2(emulator, "d-0000-0000")
    path = f"kiosks/{name}?limit=2"
    cursor = emulator.call_v2("GET", path)[1]["after"]
    emulator.set_switch(envelope=envelope)
    page = emulator.call_v2("GET", path)[1]
    items = page if envelope == "bare" else page[:-1] if isinstance(page, list) else next(iter(page.values()))
    emulator.add_fault("same_page", times=None)
    for after in ("", f"&after={cursor}", "&after=c-ffffff"):
        again = emulator.call_v2("GET", path + after)[1]
        if envelope == "bare":
            assert again == items
        elif envelope == "bare_with_cursor":
            assert again == [*items, {"after": "c-ffffff"}]
        else:
            assert again == {name if envelope == "named" else "items": items, "after": "c-ffffff"}
    emulator.set_switch(deploy_status=200)
    assert list(deploy_v2(emulator)[1]) == ["deployment_uuid"]
    assert emulator.call_v2("GET", "kiosks/nothing")[0] == 404


def test_calls_are_counted_by_kind_and_by_device(emulator, deploy_v2):
    uuid = emulator.devices()[0]["device_uuid"]
    for number in (0, 0, 1):
        hold(emulator, number)
    emulator.call_v2("GET", f"kiosks/devices/{uuid}")
    emulator.call_v2("GET", "kiosks/devices?limit=2")
    emulator.call_v2("GET", "kiosks/devices/d-0000-0000")
    names = [deploy_v2(emulator)[1]["deployment_uuid"] for _number in range(2)]
    for name in names:
        emulator.call_v2("GET", f"kiosks/deployments/{name}")
        emulator.call_v2("POST", f"kiosks/deployments/{name}/abort")
    stats = emulator.stats()
    assert stats["calls"] == {
        f"PATCH {LIST}/{{device_uuid}}": 3,
        f"GET {LIST}/{{device_uuid}}": 2,
        f"GET {LIST}": 1,
        f"POST {DEPLOYMENTS}": 2,
        f"GET {DEPLOYMENTS}/{{deployment_uuid}}": 2,
        f"POST {DEPLOYMENTS}/{{deployment_uuid}}/abort": 2,
    }
    assert (stats["reads"], stats["write_attempts"], stats["writes"]) == (5, 7, 7)
    other = emulator.devices()[1]["device_uuid"]
    assert (stats["calls_per_device"], stats["max_device_calls_per_minute"]) == ({uuid: 3, other: 1}, 3)


def test_a_refused_write_is_an_attempt(emulator):
    reader = emulator.add_access_token(permissions=["read"])
    uuid = emulator.devices()[0]["device_uuid"]
    emulator.call_v2("PUT", f"kiosks/devices/{uuid}", {"update_trigger": True}, token=reader)
    stats = emulator.stats()
    assert (stats["write_attempts"], stats["writes"], stats["reads"]) == (1, 0, 0)


def test_the_log_has_query_and_token_but_no_secret(emulator, deploy_v2):
    second = emulator.add_access_token()
    known = emulator.devices()[0]
    emulator.call_v2("GET", "kiosks/devices?tags=a&tags=b&limit=5", token=second)
    hold(emulator)
    query = f"access_token=a-mine&user_token=u-mine&device_token={known['device_token']}"
    emulator.call_v2("GET", f"kiosks/devices?{query}")
    emulator.request("POST", DEPLOYMENTS, {"access_token": "a-deep", "x": [{"access_token": "a-deeper"}]}, "Bearer a-x")
    emulator.call("GET", "/v1/devices_details")
    first, hold_entry, secret, wrong, by_v1 = emulator.log()
    assert (first["path"], first["query"], first["token"]) == (LIST, {"tags": ["a", "b"], "limit": ["5"]}, "token-2")
    assert (hold_entry["body"], hold_entry["device_uuid"]) == ({"update_trigger": True}, known["device_uuid"])
    assert (hold_entry["path"], hold_entry["token"]) == (f"{LIST}/{known['device_uuid']}", "token-1")
    assert secret["query"]["access_token"] == ["a-***"]
    assert (wrong["token"], wrong["status"], wrong["body"]["access_token"]) == (None, 401, "a-***")
    assert not {"query", "token"} & set(by_v1)
    for text in (emulator.access_token, second, known["device_token"], "a-mine", "u-mine", "a-deep", "a-x"):
        assert text not in str(emulator.log())
