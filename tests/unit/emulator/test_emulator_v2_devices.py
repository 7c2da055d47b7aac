# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices of API v2 (API notes 3.1 to 3.3), and that they are the devices of v1."""

from __future__ import annotations

from typing import Any

import pytest

LIST = "kiosks/devices"


def refusal(answer: tuple[int, Any], status: int = 400) -> str:
    assert answer[0] == status
    assert list(answer[1]) == ["message"]
    return str(answer[1]["message"])


def names(answer: tuple[int, Any]) -> list[str]:
    assert answer[0] == 200
    return [device["device_name"] for device in answer[1]["devices"]]


def pages(emulator, path: str, key: str = "devices", most: int = 100) -> list[list[dict[str, Any]]]:
    found, after = [], ""
    while True:
        status, body = emulator.call_v2("GET", path + after)
        assert status == 200
        found.append(body[key])
        if body["after"] is None:
            return found
        assert len(found) < most
        after = ("&" if "?" in path else "?") + "after=" + body["after"]


def test_a_device_of_the_list_has_the_documented_fields(emulator):
    status, body = emulator.call_v2("GET", LIST)
    assert (status, list(body), body["after"]) == (200, ["devices", "after"], None)
    shown = body["devices"][2]
    assert list(shown) == [
        *("address", "agent_version", "cpu_usage", "current_disk_usage", "description", "device_ip", "device_name"),
        *("device_uuid", "group_name", "last_keepalive", "ram_usage", "update_trigger"),
    ]
    known = emulator.devices(device_name="kiosk-0003")[0]
    assert (shown["device_uuid"], shown["group_name"]) == (known["device_uuid"], known["group"])
    assert shown["update_trigger"] is False
    assert shown["last_keepalive"].startswith("2026-01-04T23:59:")
    assert shown["last_keepalive"].endswith("Z")


def test_nothing_that_sorts_before_device_name_is_shown(emulator):
    shown = emulator.call_v2("GET", LIST + "?enrich_info=true")[1]["devices"][0]
    assert not {"apps", "device_id", "block_updates", "connection_status", "updates"} & set(shown)


def test_the_tags_of_a_list_are_asked_for_and_capped(emulator, uuid):
    assert "tags" not in emulator.call_v2("GET", LIST + "?enrich_info=false")[1]["devices"][0]
    assert emulator.call_v2("GET", LIST + "?enrich_info=true")[1]["devices"][0]["tags"] == {"names": ["canary"]}
    many = [f"tag-{number:03d}" for number in range(101)]
    emulator.configure(uuid, tags=many[:100])
    shown = emulator.call_v2("GET", LIST + "?enrich_info=true")[1]["devices"][0]["tags"]
    assert shown == {"names": many[:100]}
    emulator.configure(uuid, tags=many)
    shown = emulator.call_v2("GET", LIST + "?enrich_info=true")[1]["devices"][0]["tags"]
    assert (shown["names"], "101" in shown["message"]) == (many[:100], True)


def test_an_offline_device_shows_null(emulator, uuid):
    emulator.configure(uuid, online=False)
    shown = emulator.call_v2("GET", LIST)[1]["devices"][0]
    assert (shown["device_ip"], shown["cpu_usage"], shown["ram_usage"]) == (None, None, None)


@pytest.mark.parametrize(
    ("limit", "sizes"), [(None, [100, 100, 100, 20]), (1000, [320]), (160, [160, 160]), (320, [320]), (319, [319, 1])]
)
def test_paging_shows_every_device_of_the_project_once(make, limit, sizes):
    emulator = make(project={"Kiosks": 320, "Robots": 5})
    found = pages(emulator, LIST if limit is None else f"{LIST}?limit={limit}")
    assert [len(page) for page in found] == sizes
    uuids = [device["device_uuid"] for page in found for device in page]
    assert uuids == [device["device_uuid"] for device in emulator.devices(project="Kiosks")]


def test_pages_of_a_thousand(make):
    emulator = make(devices=2500)
    assert [len(page) for page in pages(emulator, LIST + "?limit=1000")] == [1000, 1000, 500]


def test_pages_with_group_and_tags(make):
    emulator = make(devices=40, tags={"canary": 50, "spare": 10})
    group = "Floor-2"
    tagged = [device["device_name"] for device in emulator.devices(group=group) if "canary" in device["tags"]]
    found = pages(emulator, f"{LIST}?group_name={group}&tags=canary&tags=unheard&limit=2")
    assert [len(page) for page in found] == [2, 2, 1]
    assert [device["device_name"] for page in found for device in page] == tagged
    assert pages(emulator, f"{LIST}?tags=spare&tags=canary") == pages(emulator, f"{LIST}?tags=canary")
    assert [len(page) for page in pages(emulator, f"{LIST}?group_name={group}&tags=canary&limit=5")] == [5]
    assert names(emulator.call_v2("GET", f"{LIST}?tags=unheard")) == []
    assert len(names(emulator.call_v2("GET", f"{LIST}?group_name={group}"))) == 10


@pytest.mark.parametrize(
    ("query", "named"),
    [
        *[(f"limit={value}", "limit") for value in ("0", "1001", "-1", "x", "", "1.5", "+5")],
        ("limit=1&limit=2", "limit"),
        ("enrich_info=True", "enrich_info"),
        ("enrich_info=1", "enrich_info"),
        ("after=20", "after"),
        ("after=", "after"),
        ("after=c-xyz", "after"),
        ("group_name=Floor-9", "Floor-9"),
        ("group_name=floor-1", "floor-1"),
        ("group=Floor-1", "group"),
        ("offset=3", "offset"),
    ],
)
def test_a_query_that_is_wrong_is_refused(emulator, query, named):
    assert named in refusal(emulator.call_v2("GET", f"{LIST}?{query}"))


def test_a_uuid_is_no_cursor(emulator, uuid):
    refusal(emulator.call_v2("GET", f"{LIST}?after={uuid}"))


def test_the_project_is_named_by_its_key(make):
    emulator = make(project={"My Kiosks": 3, "my kiosks!": 2, "Robots": 1, "!!": 1})
    assert emulator.project_keys == {
        "My Kiosks": "my-kiosks",
        "my kiosks!": "my-kiosks-2",
        "Robots": "robots",
        "!!": "project",
    }
    for name, key in emulator.project_keys.items():
        found = names(emulator.call_v2("GET", f"{key}/devices"))
        assert found == [device["device_name"] for device in emulator.devices(project=name)]
    assert "Robots" in refusal(emulator.call_v2("GET", "Robots/devices"), 404)


def test_one_device_with_its_tags(emulator, uuid):
    status, shown = emulator.call_v2("GET", f"{LIST}/{uuid}")
    assert (status, shown["device_uuid"], shown["tags"], shown["update_trigger"]) == (200, uuid, ["canary"], False)


def test_a_device_of_another_project_is_unknown(make):
    emulator = make(project={"Kiosks": 1, "Robots": 1})
    robot = emulator.devices(project="Robots")[0]["device_uuid"]
    assert emulator.call_v2("GET", f"robots/devices/{robot}")[0] == 200
    for method, body in (("GET", None), ("PATCH", {"update_trigger": True})):
        assert robot in refusal(emulator.call_v2(method, f"{LIST}/{robot}", body), 404)
        assert "d-0000-0000" in refusal(emulator.call_v2(method, f"{LIST}/d-0000-0000", body), 404)
    assert emulator.devices(held=True) == []


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_the_trigger_is_set_and_read_back_in_both_generations(emulator, uuid, method):
    for held in (True, True, False):
        answer = emulator.call_v2(method, f"{LIST}/{uuid}", {"update_trigger": held})
        assert answer == (200, {"device_uuid": uuid, "update_trigger": held})
        assert emulator.device(uuid)["held"] is held
        assert emulator.call_v2("GET", f"{LIST}/{uuid}")[1]["update_trigger"] is held
        assert emulator.call_v2("GET", LIST)[1]["devices"][0]["update_trigger"] is held
        (shown,) = emulator.call("GET", "/v1/devices_details", device_name="kiosk-0001")[1]["message"]
        assert shown["is_update_trigger_set"] is held


def test_a_hold_by_v1_is_seen_by_v2(emulator, uuid):
    token = emulator.device(uuid)["device_token"]
    emulator.call("POST", "/v1/set_update_trigger", device_token=token, trigger_set=True)
    assert emulator.call_v2("GET", f"{LIST}/{uuid}")[1]["update_trigger"] is True


@pytest.mark.parametrize("value", ["true", "on", 1, 0, None, []])
def test_a_trigger_that_is_not_a_boolean_is_refused(emulator, uuid, value):
    assert "update_trigger" in refusal(emulator.call_v2("PATCH", f"{LIST}/{uuid}", {"update_trigger": value}))
    assert emulator.device(uuid)["held"] is False


@pytest.mark.parametrize("body", [None, [], "text", {}, {"trigger_set": True}])
def test_an_update_that_changes_nothing_is_refused(emulator, uuid, body):
    refusal(emulator.call_v2("PATCH", f"{LIST}/{uuid}", body))


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_only_what_is_sent_changes(emulator, uuid, method):
    emulator.call_v2("PATCH", f"{LIST}/{uuid}", {"description": "by the lift", "address": "Graz"})
    emulator.configure(uuid, held=True)
    before = emulator.call_v2("GET", f"{LIST}/{uuid}")[1]
    emulator.call_v2(method, f"{LIST}/{uuid}", {"device_name": "front door", "group_name": "Floor-4"})
    after = emulator.call_v2("GET", f"{LIST}/{uuid}")[1]
    assert after == {**before, "device_name": "front door", "group_name": "Floor-4"}
    assert (after["description"], after["address"], after["update_trigger"]) == ("by the lift", "Graz", True)
    assert names(emulator.call_v2("GET", LIST + "?group_name=Floor-4"))[0] == "front door"


@pytest.mark.parametrize("wrong", [{"group_name": "Floor-9"}, {"description": 5}, {"update_trigger": "no"}])
def test_a_refused_change_changes_nothing(emulator, uuid, wrong):
    before = emulator.device(uuid)
    refusal(emulator.call_v2("PATCH", f"{LIST}/{uuid}", {"device_name": "new", **wrong}))
    assert emulator.device(uuid) == before


def test_an_agent_that_v1_refuses_is_held_by_v2(emulator, uuid):
    emulator.configure(uuid, agent_version="7.1")
    fields = {"device_token": emulator.device(uuid)["device_token"], "trigger_set": True}
    status, body = emulator.call("POST", "/v1/set_update_trigger", **fields)
    assert (status, "API version" in body["error_message"]) == (400, True)
    assert emulator.call_v2("PATCH", f"{LIST}/{uuid}", {"update_trigger": True})[0] == 200
    assert emulator.device(uuid)["held"] is True
    other = emulator.devices()[1]["device_uuid"]
    assert emulator.call_v2("PATCH", f"{LIST}/{other}", {"update_trigger": True})[0] == 200


def test_the_flows_of_the_account(make):
    emulator = make(flow={"f-2": "robot_os", "f-1": "kiosk-ui"})
    flows = [{"name": "kiosk-ui", "uuid": "f-1"}, {"name": "robot_os", "uuid": "f-2"}]
    assert emulator.call_v2("GET", "kiosks/update-flows") == (200, {"update_flows": flows})
    assert make(flow="f-9").call_v2("GET", "kiosks/update-flows")[1]["update_flows"] == [{"name": "f-9", "uuid": "f-9"}]
    assert make().call_v2("GET", "kiosks/update-flows")[1]["update_flows"] == [
        {"name": "kiosk-ui", "uuid": "f-77aa-01bc"}
    ]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", LIST, "GET"),
        ("POST", f"{LIST}/d-1", "GET, PATCH, PUT"),
        ("DELETE", f"{LIST}/d-1", "GET, PATCH, PUT"),
        ("PUT", "kiosks/deployments", "GET, POST"),
        ("DELETE", "kiosks/deployments/dp-1", "GET"),
        ("GET", "kiosks/deployments/dp-1/abort", "POST"),
        ("POST", "kiosks/update-flows", "GET"),
    ],
)
def test_another_method_is_told_what_is_allowed(emulator, method, path, allowed):
    reply = emulator.request(method, "/api/v2/" + path, {}).reply
    assert (reply.status, reply.headers, list(reply.body)) == (405, {"Allow": allowed}, ["message"])


@pytest.mark.parametrize(
    "path",
    [
        *("", "kiosks", "kiosks/", "kiosks/nothing", "kiosks/devices/", "kiosks//d-1", "kiosks/devices/d-1/x"),
        *("kiosks/deployments/dp-1/stop", "kiosks/update-flows/f-1"),
    ],
)
def test_an_unknown_path(emulator, path):
    refusal(emulator.call_v2("GET", path), 404)


def test_the_two_meanings_of_v2_are_not_mixed_up(emulator, deploy):
    assert deploy(emulator, path="/v2/deploy_update") == (200, {"message": "Success"})
    status, body = emulator.call_v2("POST", "deploy_update", {})
    assert (status, list(body)) == (404, ["message"])
