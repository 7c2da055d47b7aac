# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each open question about API v2 (API notes, section 6) in every answer the emulator can give."""

from __future__ import annotations

import re
from typing import Any

import pytest

from emulator.options import OptionError, parse
from emulator.switches import Switches, explained

LIST, DEPLOYMENTS = "kiosks/devices", "kiosks/deployments"


def update(emulator, uuid: str, method: str = "PATCH", **body: Any) -> Any:
    authorization = f"Bearer {emulator.access_token}"
    return emulator.request(method, f"/api/v2/{LIST}/{uuid}", body or {"update_trigger": True}, authorization).reply


@pytest.mark.parametrize(("value", "served", "closed"), [("patch", "PATCH", "PUT"), ("put", "PUT", "PATCH")])
def test_u1_one_method_only(emulator, uuid, value, served, closed):
    emulator.set_switch(update_methods=value)
    reply = update(emulator, uuid, closed)
    assert (reply.status, reply.headers, list(reply.body)) == (405, {"Allow": f"GET, {served}"}, ["message"])
    assert emulator.device(uuid)["held"] is False
    assert update(emulator, uuid, served).status == 200
    assert emulator.device(uuid)["held"] is True


def test_u1_a_put_that_replaces_resets_what_is_not_sent(emulator, uuid):
    update(emulator, uuid, description="by the lift", address="Graz")
    emulator.set_switch(put_device="replaces")
    assert update(emulator, uuid, "PATCH", update_trigger=True).status == 200
    assert emulator.call_v2("GET", f"{LIST}/{uuid}")[1]["description"] == "by the lift"
    assert update(emulator, uuid, "PUT", update_trigger=True).status == 200
    shown = emulator.call_v2("GET", f"{LIST}/{uuid}")[1]
    wiped = [shown[key] for key in ("device_name", "group_name", "description", "address", "update_trigger")]
    assert wiped == ["", "", "", "", True]
    full = {"device_name": "kiosk-0001", "group_name": "Floor-1", "description": "new", "address": "Graz"}
    assert update(emulator, uuid, "PUT", **full).status == 200
    assert emulator.device(uuid)["held"] is False
    assert {**emulator.call_v2("GET", f"{LIST}/{uuid}")[1], **full} == emulator.call_v2("GET", f"{LIST}/{uuid}")[1]


def test_u1_an_answer_without_a_body(emulator, uuid):
    emulator.set_switch(update_reply="empty")
    reply = update(emulator, uuid)
    assert (reply.status, reply.payload()) == (200, b"")
    assert emulator.device(uuid)["held"] is True


@pytest.mark.parametrize(
    ("value", "listed", "single"),
    [("everywhere", True, True), ("one_device", False, True), ("nowhere", False, False)],
)
def test_u2_where_the_trigger_is_shown(emulator, uuid, value, listed, single):
    emulator.set_switch(trigger_shown=value)
    assert ("update_trigger" in update(emulator, uuid).body) is single
    assert emulator.device(uuid)["held"] is True
    assert ("update_trigger" in emulator.call_v2("GET", f"{LIST}/{uuid}")[1]) is single
    assert ("update_trigger" in emulator.call_v2("GET", LIST)[1]["devices"][0]) is listed


@pytest.mark.parametrize(
    ("form", "held", "released"), [("boolean", True, False), ("on_off", "on", "off"), ("number", 1, 0)]
)
def test_u2_u3_name_and_form_of_the_trigger(emulator, uuid, form, held, released):
    emulator.set_switch(trigger_key="is_update_trigger_set", U3=form)
    assert update(emulator, uuid).body == {"device_uuid": uuid, "is_update_trigger_set": held}
    shown = [device["is_update_trigger_set"] for device in emulator.call_v2("GET", LIST)[1]["devices"]]
    assert repr(shown) == repr([held] + [released] * 7)
    assert update(emulator, uuid, is_update_trigger_set=False).status == 400
    assert update(emulator, uuid, update_trigger="on").status == 400


def test_u4_a_deployment_skips_held_devices(emulator, uuid, deploy_v2):
    emulator.set_switch(held_devices="skipped")
    update(emulator, uuid)
    name = deploy_v2(emulator)[1]["deployment_uuid"]
    devices = emulator.call_v2("GET", f"{DEPLOYMENTS}/{name}")[1]["devices"]
    assert (len(devices), uuid in [device["device_uuid"] for device in devices]) == (7, False)


def test_u5_a_hold_aborts_what_runs(emulator, uuid, deploy_v2):
    emulator.set_switch(hold_running="aborts")
    deploy_v2(emulator, uuid)
    emulator.advance(25)
    update(emulator, uuid)
    emulator.advance(25)
    assert emulator.device(uuid)["updates"][0]["update_status"] == "aborted"


def reads(emulator, count: int, path: str = LIST, token: str | None = None) -> list[int]:
    return [emulator.call_v2("GET", path, token=token)[0] for _call in range(count)]


def test_u7_no_limit_unless_it_is_asked_for(make):
    emulator = make(rate_limit=3, account_limit=3)
    uuid = emulator.devices()[0]["device_uuid"]
    assert reads(emulator, 10) + reads(emulator, 10, f"{LIST}/{uuid}") == [200] * 20


def test_u7_a_limit_for_each_token(emulator):
    emulator.set_switch(v2_limit=2)
    second = emulator.add_access_token()
    assert reads(emulator, 3) == [200, 200, 429]
    assert reads(emulator, 3, token=second) == [200, 200, 429]
    assert emulator.call("GET", "/v1/devices_details")[0] == 200
    emulator.sleep(59.9)
    assert reads(emulator, 1) == [429]
    emulator.sleep(0.1)
    assert reads(emulator, 1) == [200]
    assert emulator.stats()["rate_limited"] == 3


def test_u7_a_limit_for_each_device(emulator):
    emulator.set_switch(v2_device_limit=2)
    first, second = (device["device_uuid"] for device in emulator.devices()[:2])
    update(emulator, first)
    assert reads(emulator, 2, f"{LIST}/{first}") == [200, 429]
    assert reads(emulator, 3, f"{LIST}/{second}") == [200, 200, 429]
    assert update(emulator, first, update_trigger=False).status == 429
    assert emulator.device(first)["held"] is True
    assert reads(emulator, 5) == [200] * 5


def test_u6_u7_the_window_of_a_limit_can_be_fixed(emulator):
    emulator.set_switch(v2_limit=1, rate_window="fixed")
    emulator.now = 59.0
    assert reads(emulator, 2) == [200, 429]
    emulator.now = 60.0
    assert reads(emulator, 1) == [200]


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ("seconds", {"Retry-After": "45"}),
        ("date", {"Retry-After": "Mon, 05 Jan 2026 00:01:00 GMT"}),
        ("none", {}),
    ],
)
def test_u7_retry_after(emulator, form, headers):
    emulator.exchange.service.clock.wall_epoch = emulator.exchange.service.clock.epoch
    emulator.set_switch(v2_limit=1, **({} if form == "seconds" else {"v2_retry_after": form}))
    reads(emulator, 1)
    emulator.sleep(15)
    reply = emulator.request("GET", f"/api/v2/{LIST}", None, f"Bearer {emulator.access_token}").reply
    assert (reply.status, list(reply.body), reply.headers) == (429, ["message"], headers)


def test_u6_a_ban_covers_both_generations(emulator):
    emulator.set_switch(v2_limit=1, ban_after=2, ban_seconds=300)
    assert reads(emulator, 3) == [200, 429, 429]
    assert emulator.call("GET", "/v1/devices_details") == (429, {})
    emulator.sleep(299)
    assert (emulator.stats()["banned"], reads(emulator, 1, "robots/devices")) == (True, [429])
    emulator.sleep(1)
    assert reads(emulator, 1) == [200]


def test_u8_the_status_of_a_bad_token(emulator):
    emulator.set_switch(v2_bad_token=403)
    assert reads(emulator, 1, token="x") == [403]


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("message", {"message": "No such call"}),
        ("error_message", {"error_message": "No such call"}),
        ("errors", {"errors": [{"status": 404, "message": "No such call"}]}),
        ("empty", None),
    ],
)
def test_u8_the_form_of_a_refusal(emulator, form, body):
    emulator.set_switch(error_form=form)
    assert emulator.call_v2("GET", "kiosks/nothing") == (404, body)
    reply = update(emulator, "d-1", "POST")
    assert (reply.status, reply.headers) == (405, {"Allow": "GET, PATCH, PUT"})
    assert (reply.payload() == b"") is (form == "empty")
    assert emulator.call("GET", "/v1/nothing") == (404, {"error_message": "No such call"})


def test_u10_the_answer_to_a_deployment(emulator, deploy_v2):
    emulator.set_switch(deploy_status=200)
    assert deploy_v2(emulator)[0] == 200
    emulator.set_switch(deploy_reply="empty")
    assert deploy_v2(emulator) == (200, None)
    emulator.set_switch(deploy_status=201)
    assert deploy_v2(emulator) == (201, None)
    assert len(emulator.deployments()) == 3


@pytest.mark.parametrize("key", ["deployment_uuid", "uuid", "id"])
@pytest.mark.parametrize("kind", [str, int])
def test_u10_name_and_type_of_the_id(emulator, deploy_v2, key, kind):
    emulator.set_switch(deployment_key=key, deployment_ids="text" if kind is str else "integer")
    body = deploy_v2(emulator)[1]
    assert list(body) == [key]
    assert isinstance(body[key], kind)
    assert emulator.call_v2("GET", DEPLOYMENTS)[1]["deployments"][0][key] == body[key]
    assert emulator.call_v2("GET", f"{DEPLOYMENTS}/{body[key]}")[1][key] == body[key]
    assert emulator.call_v2("POST", f"{DEPLOYMENTS}/{body[key]}/abort")[0] == 200
    other = emulator.deployments()[0]["deployment_id"] if kind is int else "77"
    assert emulator.call_v2("GET", f"{DEPLOYMENTS}/{other}")[0] == 404


def test_u11_envelopes(emulator, deploy_v2):
    deploy_v2(emulator)

    def shown(path: str) -> Any:
        return emulator.call_v2("GET", path)[1]

    for path, name, limit in ((LIST, "devices", "?limit=3"), (DEPLOYMENTS, "deployments", "")):
        emulator.set_switch(envelope="named")
        known = shown(path + limit)
        items, cursor = known[name], known["after"]
        emulator.set_switch(envelope="items")
        assert shown(path + limit) == {"items": items, "after": cursor}
        emulator.set_switch(envelope="bare")
        assert shown(path + limit) == items
        emulator.set_switch(envelope="bare_with_cursor")
        assert shown(path + limit) == [*items, {"after": cursor}]
    flows = [{"name": "kiosk-ui", "uuid": "f-77aa-01bc"}]
    assert shown("kiosks/update-flows") == flows
    emulator.set_switch(envelope="items")
    assert shown("kiosks/update-flows") == {"items": flows}


@pytest.mark.parametrize("key", ["after", "next", "next_cursor", "cursor"])
def test_u11_the_name_of_the_cursor(emulator, key):
    emulator.set_switch(cursor_key=key)
    body = emulator.call_v2("GET", LIST + "?limit=5")[1]
    assert list(body) == ["devices", key]
    rest = emulator.call_v2("GET", f"{LIST}?limit=5&after={body[key]}")[1]
    assert (len(rest["devices"]), rest[key]) == (3, None)


def test_u11_the_end_of_a_list(emulator, deploy_v2):
    deploy_v2(emulator)
    for path, name in ((LIST, "devices"), (DEPLOYMENTS, "deployments")):
        emulator.set_switch(last_cursor="null")
        assert emulator.call_v2("GET", path)[1]["after"] is None
        emulator.set_switch(last_cursor="absent")
        assert list(emulator.call_v2("GET", path)[1]) == [name]
        emulator.set_switch(last_cursor="continues")
        cursor = emulator.call_v2("GET", path)[1]["after"]
        assert emulator.call_v2("GET", f"{path}?after={cursor}")[1] == {name: [], "after": cursor}
    emulator.set_switch(last_cursor="absent", envelope="bare_with_cursor")
    assert len(emulator.call_v2("GET", LIST)[1]) == 8


def test_u11_names_of_uuid_and_group(emulator, uuid, deploy_v2):
    emulator.set_switch(device_key="uuid", group_key="group")
    for shown in (emulator.call_v2("GET", LIST)[1]["devices"][0], emulator.call_v2("GET", f"{LIST}/{uuid}")[1]):
        assert (shown["uuid"], shown["group"]) == (uuid, "Floor-1")
        assert not {"device_uuid", "group_name"} & set(shown)
    assert update(emulator, uuid).body["uuid"] == uuid
    name = deploy_v2(emulator, uuid)[1]["deployment_uuid"]
    assert emulator.call_v2("GET", f"{DEPLOYMENTS}/{name}")[1]["devices"][0]["uuid"] == uuid
    emulator.set_switch(group_key="none")
    assert not {"group", "group_name"} & set(emulator.call_v2("GET", LIST)[1]["devices"][0])


def test_u12_details_can_be_missing_or_without_devices(emulator, deploy_v2):
    name = deploy_v2(emulator)[1]["deployment_uuid"]
    emulator.set_switch(deployment_details="without_devices")
    status, body = emulator.call_v2("GET", f"{DEPLOYMENTS}/{name}")
    assert (status, body["comment"], "devices" in body) == (200, "mark", False)
    emulator.set_switch(deployment_details="missing")
    assert emulator.call_v2("GET", f"{DEPLOYMENTS}/{name}")[0] == 404
    assert emulator.call_v2("POST", f"{DEPLOYMENTS}/{name}/abort")[0] == 200
    emulator.set_switch(abort_call="delete")
    reply = emulator.request("GET", f"/api/v2/{DEPLOYMENTS}/{name}", None, f"Bearer {emulator.access_token}").reply
    assert (reply.status, reply.headers) == (405, {"Allow": "DELETE"})


@pytest.mark.parametrize(
    ("value", "post", "delete", "status"),
    [("post", 200, 405, "aborted"), ("delete", 404, 200, "aborted"), ("missing", 404, 405, "pending")],
)
def test_u12_how_a_deployment_is_aborted(emulator, deploy_v2, value, post, delete, status):
    emulator.set_switch(abort_call=value)
    name = deploy_v2(emulator)[1]["deployment_uuid"]
    assert emulator.call_v2("POST", f"{DEPLOYMENTS}/{name}/abort")[0] == post
    assert emulator.call_v2("DELETE", f"{DEPLOYMENTS}/{name}")[0] == delete
    states = [device["status"] for device in emulator.call_v2("GET", f"{DEPLOYMENTS}/{name}")[1]["devices"]]
    assert states == [status] * 8


@pytest.mark.parametrize(
    ("value", "first", "later"),
    [
        ("next_beat", "in_progress", "aborted"),
        ("at_once", "aborted", "aborted"),
        ("never", "in_progress", "success"),
    ],
)
def test_u13_the_abort_of_a_running_update(emulator, uuid, deploy_v2, value, first, later):
    emulator.set_switch(U13=value)
    name = deploy_v2(emulator, uuid)[1]["deployment_uuid"]
    emulator.advance(25)
    emulator.call_v2("POST", f"{DEPLOYMENTS}/{name}/abort")

    def state() -> str:
        return str(emulator.call_v2("GET", f"{DEPLOYMENTS}/{name}")[1]["devices"][0]["status"])

    assert state() == first
    emulator.advance(100)
    assert state() == later
    deploy_v2(emulator, uuid)
    emulator.advance(100)
    assert emulator.device(uuid)["updates"][1]["update_status"] == "success"


def test_u14_an_empty_target(emulator, deploy_v2):
    emulator.set_switch(empty_target=400)
    assert deploy_v2(emulator, "d-0000-0000")[0] == 400
    assert emulator.deployments() == []


def test_u19_unknown_names(emulator, uuid, deploy_v2):
    tag = {"type": "tag", "operand": "is", "value": "unheard of"}

    def answers() -> list[int]:
        return [
            deploy_v2(emulator, flow_uuid="f-0000-0000")[0],
            deploy_v2(emulator, groups=[{"name": "Floor-9"}])[0],
            deploy_v2(emulator, app={"name": "unheard_of", "version": "1"})[0],
            deploy_v2(emulator, filters=[tag])[0],
            *reads(emulator, 1, LIST + "?group_name=Floor-9"),
            *reads(emulator, 1, LIST + "?tags=unheard"),
        ]

    assert answers() == [400, 400, 400, 201, 400, 200]
    emulator.set_switch(unknown_flow="accepted", unknown_group="empty", unknown_app="accepted", unknown_tag="rejected")
    assert answers() == [201, 201, 201, 400, 200, 400]
    assert update(emulator, uuid, group_name="Floor-9").status == 400


def test_u22_several_devices(emulator, deploy_v2):
    first, second = (device["device_uuid"] for device in emulator.devices()[:2])
    more = {"type": "specific_device", "operand": "is", "value": second}
    deploy_v2(emulator, first, filters=[more])
    emulator.set_switch(several_devices="or")
    deploy_v2(emulator, first, filters=[more])
    assert [item["targets"] for item in emulator.deployments()] == [0, 2]


def test_a_filter_without_groups(emulator):
    body = {"device_filter": {"filters": []}, "deployment_configuration": {"flow_uuid": "f-77aa-01bc"}}
    assert emulator.call_v2("POST", DEPLOYMENTS, body)[0] == 201
    emulator.set_switch(groups_missing="rejected")
    status, answer = emulator.call_v2("POST", DEPLOYMENTS, body)
    assert (status, "groups" in answer["message"]) == (400, True)


def test_the_labels_and_times_of_v1_do_not_concern_v2(emulator):
    before = emulator.call_v2("GET", LIST)
    emulator.set_switch(timestamp_offset=-90, content_type="text/html")
    assert emulator.call_v2("GET", LIST) == before


def test_a_lagging_read_shows_the_past(emulator, uuid, deploy_v2):
    emulator.sleep(100)
    update(emulator, uuid)
    name = deploy_v2(emulator)[1]["deployment_uuid"]
    emulator.sleep(10)

    def look() -> tuple[bool, bool, int, int]:
        return (
            emulator.call_v2("GET", LIST)[1]["devices"][0]["update_trigger"],
            emulator.call_v2("GET", f"{LIST}/{uuid}")[1]["update_trigger"],
            len(emulator.call_v2("GET", DEPLOYMENTS)[1]["deployments"]),
            len(emulator.call_v2("GET", f"{DEPLOYMENTS}/{name}")[1]["devices"]),
        )

    assert look() == (True, True, 1, 8)
    emulator.set_switch(lag_seconds=20)
    assert look() == (False, False, 0, 0)


def test_help_says_what_each_switch_is_for(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"])
    shown = re.sub(r"\s+", " ", capsys.readouterr().out)
    lines = explained()
    assert [line.partition("=")[0] for line in lines] == list(Switches().as_dict())
    for line in lines:
        assert re.sub(r"\s+", " ", line) in shown
        assert len(line.partition("  ")[2]) > 10


@pytest.mark.parametrize("item", ["f-1=", "=name"])
def test_flows_have_ids(item):
    if item.startswith("="):
        with pytest.raises(OptionError, match="--flow"):
            parse(["--flow", item])
    else:
        assert parse(["--flow", item]).config.flows == (("f-1", "f-1"),)
