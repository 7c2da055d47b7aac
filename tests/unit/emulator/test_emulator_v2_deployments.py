# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deployments of API v2 (API notes 3.5 to 3.7): accepted, listed, watched, aborted, and shared with v1."""

from __future__ import annotations

import re
from typing import Any

import pytest

DEPLOYMENTS = "kiosks/deployments"


def states(emulator, name: str) -> list[str]:
    status, body = emulator.call_v2("GET", f"{DEPLOYMENTS}/{name}")
    assert (status, body["deployment_uuid"]) == (200, name)
    return [device["status"] for device in body["devices"]]


def comments(emulator, query: str = "", **token: str) -> list[str]:
    status, body = emulator.call_v2("GET", DEPLOYMENTS + query, **token)
    assert status == 200
    return [item["comment"] for item in body["deployments"]]


def test_a_deployment_is_accepted_and_runs(emulator, uuid, deploy_v2):
    status, body = deploy_v2(emulator, uuid, parameters_mapping={"ui_tag": "3.2.0"})
    assert (status, list(body)) == (201, ["deployment_uuid"])
    name = body["deployment_uuid"]
    assert re.fullmatch("dp-[0-9a-f]{4}-[0-9a-f]{4}", name)
    (known,) = emulator.deployments()
    assert (known["deployment_id"], known["api"], known["project"]) == (name, "v2", "Kiosks")
    assert (known["parameters"], known["targets"]) == ({"ui_tag": "3.2.0"}, 1)
    assert emulator.call_v2("GET", f"{DEPLOYMENTS}/{name}")[1] == {
        "deployment_uuid": name,
        "comment": "mark",
        "created_at": "2026-01-05T00:00:00Z",
        "devices": [{"device_uuid": uuid, "device_name": "kiosk-0001", "status": "pending"}],
    }
    emulator.advance(25)
    assert states(emulator, name) == ["in_progress"]
    emulator.advance(90)
    assert states(emulator, name) == ["success"]
    assert emulator.device(uuid)["apps"] == [{"app_name": "kiosk_ui", "version": "3.2.0"}]


def test_a_deployment_that_fails(emulator, uuid, deploy_v2):
    emulator.configure(uuid, fail=True)
    name = deploy_v2(emulator)[1]["deployment_uuid"]
    emulator.advance(120)
    assert states(emulator, name) == ["failed"] + ["success"] * 7


def test_a_deployment_by_v2_is_an_update_of_v1(emulator, uuid, deploy_v2):
    deploy_v2(emulator, uuid, comment="by v2")
    (shown,) = emulator.call("GET", "/v1/devices_details", device_name="kiosk-0001")[1]["message"]
    (update,) = shown["updates"]
    assert (update["comment"], update["update_status"], update["update_version"]) == ("by v2", "pending", "3.2.0")
    assert update["deployment_schedule_time"] == "2026-01-05 00:00:00"


def test_a_deployment_by_v1_is_listed_and_shown_by_v2(emulator, uuid, deploy):
    deploy(emulator, uuid, metadata={"comment": "by v1"})
    deploy(emulator, uuid, metadata={"comment": "legacy"}, path="/v2/deploy_update")
    assert comments(emulator) == ["legacy", "by v1"]
    names = [item["deployment_uuid"] for item in emulator.call_v2("GET", DEPLOYMENTS)[1]["deployments"]]
    assert [states(emulator, name) for name in names] == [["pending"], ["pending"]]


def test_updates_of_both_generations_wait_in_one_queue(emulator, uuid, deploy, deploy_v2):
    deploy(emulator, uuid)
    name = deploy_v2(emulator, uuid)[1]["deployment_uuid"]
    emulator.advance(25)
    assert [update["update_status"] for update in emulator.device(uuid)["updates"]] == ["in_progress", "pending"]
    emulator.advance(100)
    assert states(emulator, name) in (["in_progress"], ["success"])


def test_a_held_device_keeps_its_update_until_it_is_released(emulator, uuid, deploy_v2):
    emulator.call_v2("PATCH", f"kiosks/devices/{uuid}", {"update_trigger": True})
    name = deploy_v2(emulator, uuid)[1]["deployment_uuid"]
    emulator.advance(3600)
    assert states(emulator, name) == ["pending"]
    emulator.call_v2("PATCH", f"kiosks/devices/{uuid}", {"update_trigger": False})
    emulator.advance(25)
    assert states(emulator, name) == ["in_progress"]
    emulator.call_v2("PATCH", f"kiosks/devices/{uuid}", {"update_trigger": True})
    emulator.advance(60)
    assert states(emulator, name) == ["success"]


def test_groups_are_ored_and_filters_are_anded(make, deploy_v2):
    emulator = make(project={"Kiosks": 40, "Robots": 40})
    tag = {"type": "tag", "operand": "is", "value": "canary"}
    online = {"type": "device_state", "operand": "is", "value": "online"}
    groups = [{"name": "Floor-1"}, {"name": "Floor-2"}]
    first = emulator.devices(project="Kiosks")[0]["device_uuid"]
    emulator.configure(first, online=False)
    for filters, count in (([], 20), ([tag], 2), ([tag, online], 1)):
        name = deploy_v2(emulator, groups=groups, filters=filters)[1]["deployment_uuid"]
        assert len(states(emulator, name)) == count
    assert [device["project"] for device in emulator.devices() if device["updates"]] == ["Kiosks"] * 20


def test_a_target_is_chosen_by_version_and_by_an_earlier_deployment(emulator, deploy_v2):
    uuids = [device["device_uuid"] for device in emulator.devices()]
    emulator.configure(uuids[0], apps={"kiosk_ui": "3.2.0"})
    emulator.configure(uuids[1], fail=True)
    other = {"type": "app", "operand": "is_not", "value": "kiosk_ui", "app_version": "3.2.0"}
    first = deploy_v2(emulator, filters=[other])[1]["deployment_uuid"]
    emulator.advance(300)
    assert sorted(states(emulator, first)) == ["failed"] + ["success"] * 6
    failed = {"type": "deployment", "operand": "is", "value": "failed", "deployment_id": first}
    again = deploy_v2(emulator, filters=[failed])[1]["deployment_uuid"]
    (device,) = emulator.call_v2("GET", f"{DEPLOYMENTS}/{again}")[1]["devices"]
    assert device["device_uuid"] == uuids[1]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"flow_uuid": None}, "flow_uuid"),
        ({"flow_uuid": "f-0000-0000"}, "f-0000-0000"),
        ({"comment": 5}, "comment"),
        ({"app": {"name": "kiosk_ui"}}, "version"),
        ({"app": {"name": "unheard_of", "version": "1"}}, "unheard_of"),
        ({"parameters_mapping": "text"}, "parameters_mapping"),
        ({"groups": [{"name": "Floor-9"}]}, "Floor-9"),
        ({"groups": ["Floor-1"]}, "groups"),
        ({"filters": [{"type": "update_status", "operand": "is", "value": "failed"}]}, "update_status"),
        ({"filters": [{"type": "device_state", "operand": "is_not", "value": "online"}]}, "is_not"),
        ({"filters": [{"type": "deployment", "operand": "is", "value": "failed"}]}, "deployment_id"),
        ({"filters": None}, "filters"),
    ],
)
def test_a_deployment_that_is_wrong_is_refused(emulator, deploy_v2, changes, named):
    status, body = deploy_v2(emulator, **changes)
    assert (status, list(body)) == (400, ["message"])
    assert named in body["message"]
    assert emulator.deployments() == []


def test_the_names_of_v1_are_not_those_of_v2(emulator):
    target = {"groups": [], "filters": []}
    configuration = {"flow_uuid": "f-77aa-01bc"}
    for body, named in [
        ({"devices_filter": target, "deployment_configuration": configuration}, "device_filter"),
        ({"device_filter": target, "deployment_configuration": {"flow_id": "f-77aa-01bc"}}, "flow_uuid"),
        ({"device_filter": target, "flow_uuid": "f-77aa-01bc"}, "deployment_configuration"),
        ({"device_filter": {"groups": []}, "deployment_configuration": configuration}, "filters"),
        (None, "body"),
    ]:
        status, answer = emulator.call_v2("POST", DEPLOYMENTS, body)
        assert (status, named in answer["message"]) == (400, True)
    bare = {"device_filter": {"filters": []}, "deployment_configuration": configuration}
    assert emulator.call_v2("POST", DEPLOYMENTS, bare)[0] == 201


def test_a_deployment_that_reaches_no_device(emulator, deploy_v2):
    status, body = deploy_v2(emulator, "d-0000-0000")
    assert status == 201
    assert states(emulator, body["deployment_uuid"]) == []


def test_the_list_has_no_status(emulator, deploy_v2):
    name = deploy_v2(emulator)[1]["deployment_uuid"]
    assert emulator.call_v2("GET", DEPLOYMENTS) == (
        200,
        {
            "deployments": [
                {
                    "deployment_uuid": name,
                    "comment": "mark",
                    "created_at": "2026-01-05T00:00:00Z",
                    "deployment_type": "regular",
                    "cve_severities": {},
                }
            ],
            "after": None,
        },
    )


@pytest.mark.parametrize("limit", [1, 3, 7, 8, 1000])
@pytest.mark.parametrize("order", ["newest_first", "oldest_first"])
def test_each_deployment_is_listed_once(emulator, uuid, deploy_v2, limit, order):
    emulator.set_switch(deployments_order=order)
    for number in range(8):
        deploy_v2(emulator, uuid, comment=str(number))
    found: list[Any] = []
    query = f"?limit={limit}"
    while True:
        body = emulator.call_v2("GET", DEPLOYMENTS + query)[1]
        assert 0 < len(body["deployments"]) <= limit
        found.extend(int(item["comment"]) for item in body["deployments"])
        assert len(found) <= 8, "a page that came before"
        if body["after"] is None:
            break
        query = f"?limit={limit}&after={body['after']}"
    assert found == (list(range(8)) if order == "oldest_first" else list(range(7, -1, -1)))


def test_pages_of_deployments_have_a_hundred_records(emulator, deploy_v2):
    for _number in range(101):
        deploy_v2(emulator, "d-0000-0000")
    assert len(comments(emulator)) == 100
    assert len(comments(emulator, "?limit=1000")) == 101
    assert emulator.call_v2("GET", DEPLOYMENTS + "?limit=1001")[0] == 400


def test_only_deployments_of_the_own_user_and_project_are_listed(make, deploy, deploy_v2):
    emulator = make(project={"Kiosks": 3, "Robots": 3})
    colleague = emulator.add_access_token(user="colleague")
    second = emulator.add_access_token()
    deploy(emulator, metadata={"comment": "by v1"})
    deploy_v2(emulator, comment="mine")
    deploy_v2(emulator, comment="my other token", token=second)
    theirs = deploy_v2(emulator, comment="theirs", token=colleague)[1]["deployment_uuid"]
    assert comments(emulator) == ["my other token", "mine", "by v1"]
    assert comments(emulator, token=colleague) == ["theirs"]
    assert emulator.call_v2("GET", "robots/deployments")[1]["deployments"] == []
    assert len(states(emulator, theirs)) == 3
    emulator.set_switch(deployments_listed="token")
    assert [comments(emulator), comments(emulator, token=second)] == [["mine"], ["my other token"]]
    emulator.set_switch(deployments_listed="all")
    assert comments(emulator, token=colleague) == ["theirs", "my other token", "mine", "by v1"]


def test_a_deployment_of_another_project_is_unknown(make, deploy_v2):
    emulator = make(project={"Kiosks": 3, "Robots": 3})
    name = deploy_v2(emulator)[1]["deployment_uuid"]
    for path in (f"robots/deployments/{name}", f"{DEPLOYMENTS}/dp-0000-0000"):
        assert emulator.call_v2("GET", path)[0] == 404
        assert emulator.call_v2("POST", path + "/abort")[0] == 404
    assert states(emulator, name) == ["pending"] * 3


def test_an_abort_ends_pending_updates_at_once_and_running_ones_at_the_next_beat(emulator, deploy_v2):
    uuids = [device["device_uuid"] for device in emulator.devices()]
    emulator.configure(uuids[0], held=True)
    emulator.configure(uuids[1], update_seconds=0)
    name = deploy_v2(emulator)[1]["deployment_uuid"]
    emulator.advance(50)
    assert states(emulator, name) == ["pending", "success"] + ["in_progress"] * 6
    assert emulator.call_v2("POST", f"{DEPLOYMENTS}/{name}/abort") == (200, {})
    assert states(emulator, name) == ["aborted", "success"] + ["in_progress"] * 6
    emulator.advance(25)
    assert states(emulator, name) == ["aborted", "success"] + ["aborted"] * 6
    assert emulator.call_v2("POST", f"{DEPLOYMENTS}/{name}/abort", {})[0] == 200
    assert states(emulator, name) == ["aborted", "success"] + ["aborted"] * 6
    emulator.configure(uuids[0], held=False)
    emulator.advance(100)
    assert states(emulator, name)[0] == "aborted"
    versions = [device["apps"][0]["version"] for device in emulator.devices()]
    assert versions == ["3.1.0", "3.2.0"] + ["3.1.0"] * 6


def test_an_abort_leaves_other_deployments_alone(emulator, uuid, deploy, deploy_v2):
    deploy(emulator, uuid, metadata={"comment": "runs"})
    emulator.advance(25)
    name = deploy_v2(emulator, uuid, comment="goes")[1]["deployment_uuid"]
    deploy(emulator, uuid, metadata={"comment": "stays"})
    emulator.call_v2("POST", f"{DEPLOYMENTS}/{name}/abort")
    statuses = [update["update_status"] for update in emulator.device(uuid)["updates"]]
    assert statuses == ["in_progress", "aborted", "pending"]
    emulator.advance(300)
    statuses = [update["update_status"] for update in emulator.device(uuid)["updates"]]
    assert statuses == ["success", "aborted", "success"]


def test_an_offline_device_hears_of_an_abort_when_it_is_back(emulator, uuid, deploy_v2):
    name = deploy_v2(emulator, uuid)[1]["deployment_uuid"]
    emulator.advance(25)
    emulator.configure(uuid, online=False)
    emulator.call_v2("POST", f"{DEPLOYMENTS}/{name}/abort")
    emulator.advance(3600)
    assert states(emulator, name) == ["in_progress"]
    emulator.configure(uuid, online=True)
    emulator.advance(25)
    assert states(emulator, name) == ["aborted"]
