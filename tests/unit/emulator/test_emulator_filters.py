# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The device filter, every row of the table in API notes 2.7, and the removal of tags and apps (2.6)."""

from __future__ import annotations

from typing import Any

import pytest

V1, V2 = "/v1/deploy_update", "/v2/deploy_update"


@pytest.fixture
def fleet(make):
    """Eight devices in four groups; one offline, one without the app, one with another version, two tagged."""
    emulator = make(tags="")
    uuids = [device["device_uuid"] for device in emulator.devices()]
    emulator.configure(uuids[0], tags=["canary", "spare"])
    emulator.configure(uuids[5], tags=["canary"])
    emulator.configure(uuids[1], apps={})
    emulator.configure(uuids[2], apps={"kiosk_ui": "2.0.0"})
    emulator.configure(uuids[3], online=False)
    return emulator


def hit(emulator) -> list[int]:
    """The numbers (from 1) of the devices that the last deployment reached."""
    last = emulator.deployments()[-1]["deployment_id"]
    return [
        number
        for number, device in enumerate(emulator.devices(), 1)
        if any(update["deployment_id"] == last for update in device["updates"])
    ]


def condition(kind: str, operand: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"type": kind, "operand": operand, "value": value, **more}


@pytest.mark.parametrize("path", [V1, V2])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([], [1, 2, 3, 4, 5, 6, 7, 8]),
        ([condition("tag", "is", "canary")], [1, 6]),
        ([condition("tag", "is_not", "canary")], [2, 3, 4, 5, 7, 8]),
        ([condition("tag", "is", "never heard of")], []),
        ([condition("app", "is", "kiosk_ui")], [1, 3, 4, 5, 6, 7, 8]),
        ([condition("app", "is_not", "kiosk_ui")], [2]),
        ([condition("device_state", "is", "offline")], [4]),
        ([condition("device_state", "is", "online")], [1, 2, 3, 5, 6, 7, 8]),
        ([condition("tag", "is", "canary"), condition("tag", "is_not", "spare")], [6]),
        ([condition("specific_device", "is", "d-0000-0000")], []),
    ],
)
def test_common_filters(fleet, deploy, path, filters, expected):
    assert deploy(fleet, filters=filters, path=path) == (200, {"message": "Success"})
    assert hit(fleet) == expected


def test_specific_devices(fleet, deploy):
    uuids = [device["device_uuid"] for device in fleet.devices()]
    deploy(fleet, uuids[4])
    assert hit(fleet) == [5]
    deploy(fleet, filters=[condition("specific_device", "is_not", uuids[4])])
    assert hit(fleet) == [1, 2, 3, 4, 6, 7, 8]
    deploy(fleet, uuids[4], filters=[condition("specific_device", "is", uuids[5])])
    assert hit(fleet) == []
    deploy(fleet, uuids[4], groups=[{"name": "Floor-1"}])
    assert hit(fleet) == []


def test_groups_are_ored_and_anded_with_filters(fleet, deploy):
    deploy(fleet, groups=[{"name": "Floor-1"}, {"name": "Floor-3"}, {"name": "Floor-1"}])
    assert hit(fleet) == [1, 2, 5, 6]
    deploy(fleet, groups=[{"name": "Floor-1"}, {"name": "Floor-2"}], filters=[condition("tag", "is", "canary")])
    assert hit(fleet) == [1]


def test_update_status_is_the_state_of_the_last_update(fleet, deploy):
    uuids = [device["device_uuid"] for device in fleet.devices()]
    fleet.configure(uuids[6], fail=True)
    deploy(fleet, uuids[6])
    deploy(fleet, uuids[7])
    fleet.advance(300)
    deploy(fleet, filters=[condition("update_status", "is", "failed")])
    assert hit(fleet) == [7]
    deploy(fleet, filters=[condition("update_status", "is", "failed")])
    assert hit(fleet) == []
    deploy(fleet, filters=[condition("update_status", "is", "success")])
    assert hit(fleet) == [8]
    deploy(fleet, filters=[condition("update_status", "is_not", "pending")])
    assert hit(fleet) == [1, 2, 3, 4, 5, 6]


def test_deployment_filter_of_v2_legacy(fleet, deploy):
    uuids = [device["device_uuid"] for device in fleet.devices()]
    fleet.configure(uuids[0], fail=True)
    deploy(fleet, groups=[{"name": "Floor-1"}])
    first = fleet.deployments()[0]["deployment_id"]
    fleet.advance(300)

    def send(value: str) -> list[int]:
        deploy(fleet, path=V2, filters=[condition("deployment", "is", value, deployment_id=first)])
        return hit(fleet)

    assert send("failed") == [1]
    assert send("success") == [2]
    assert send("any") == [1, 2]
    assert send("pending") == []


def test_app_version_of_v2_legacy(fleet, deploy):
    deploy(fleet, path=V2, filters=[condition("app", "is", "kiosk_ui", app_version="2.0.0")])
    assert hit(fleet) == [3]
    deploy(fleet, path=V2, filters=[condition("app", "is_not", "kiosk_ui", app_version="3.1.0")])
    assert hit(fleet) == [2, 3]


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (V2, condition("update_status", "is", "failed")),
        (V1, condition("deployment", "is", "failed", deployment_id="dp-1111-2222")),
        (V2, condition("deployment", "is", "failed", deployment_id="dp-1111-2222")),
        (V2, condition("deployment", "is", "failed")),
        (V2, condition("deployment", "is_not", "failed", deployment_id="dp-1111-2222")),
        (V1, condition("app", "is", "kiosk_ui", app_version="3.1.0")),
        (V2, condition("tag", "is", "canary", app_version="3.1.0")),
        (V1, condition("app", "is", "unheard_of")),
        (V1, condition("device_state", "is_not", "online")),
        (V1, condition("device_state", "is", "Online")),
        (V1, condition("update_status", "is", "any")),
        (V1, condition("tag", "equals", "canary")),
        (V1, condition("tag", "is", 5)),
        (V1, condition("tags", "is", "canary")),
        (V1, {"type": "tag", "value": "canary"}),
        (V1, "canary"),
    ],
)
def test_a_wrong_filter_is_refused_and_reaches_no_device(fleet, deploy, path, wrong):
    status, body = deploy(fleet, path=path, filters=[wrong])
    assert (status, list(body)) == (400, ["error_message"])
    assert fleet.deployments() == []


@pytest.mark.parametrize(
    "change",
    [
        {"devices_filter": None},
        {"metadata": None},
        {"flow_id": None},
        {"flow_id": "f-0000-0000"},
        {"groups": [{"name": "Floor-9"}]},
        {"groups": ["Floor-1"]},
        {"groups": None},
        {"filters": {}},
        {"metadata": {"app": {"name": "unheard_of", "version": "1"}}},
        {"metadata": {"app": {"name": "kiosk_ui"}}},
        {"metadata": {"comment": 5}},
        {"metadata": []},
        {"devices_filter": {"project": {"name": "Nowhere"}, "groups": [], "filters": []}},
        {"devices_filter": {"project": "Kiosks", "groups": [], "filters": []}},
        {"devices_filter": {"project": {"name": "Kiosks"}, "filters": []}},
        {"devices_filter": {"project": {"name": "Kiosks"}, "groups": []}},
    ],
)
def test_an_incomplete_deployment_is_refused(fleet, deploy, change):
    status, body = deploy(fleet, **change)
    assert (status, list(body)) == (400, ["error_message"])
    assert fleet.deployments() == []


def test_the_key_is_plural_to_deploy_and_singular_to_remove(fleet, deploy):
    chosen = {"project": {"name": "Kiosks"}, "groups": [], "filters": []}
    assert deploy(fleet, devices_filter=None, device_filter=chosen)[0] == 400
    assert fleet.call("DELETE", "/v1/device_tags", tag_name="canary", devices_filter=chosen)[0] == 400
    assert fleet.call("DELETE", "/v1/device_tags", tag_name="canary", device_filter=chosen)[0] == 200
    assert fleet.devices(tags=["canary"]) == []
    assert fleet.devices(tags=["spare"]) != []


def test_removal_takes_what_the_filter_selects(fleet):
    groups = {"project": {"name": "Kiosks"}, "groups": [{"name": "Floor-3"}], "filters": []}
    assert fleet.call("DELETE", "/v1/device_tags", tag_name="canary", device_filter=groups)[0] == 200
    assert [device["tags"] for device in fleet.devices() if device["tags"]] == [["canary", "spare"]]
    assert fleet.call("DELETE", "/v1/device_apps", app_name="kiosk_ui", device_filter=groups)[0] == 200
    assert [device["apps"] for device in fleet.devices(group="Floor-3")] == [[], []]
    assert fleet.call("DELETE", "/v1/device_tags", tag_name="unheard of", device_filter=groups)[0] == 400
    assert fleet.call("DELETE", "/v1/device_apps", app_name="unheard_of", device_filter=groups)[0] == 400


def test_parameters_reach_the_deployment(fleet, deploy):
    deploy(fleet, path=V2, parameters_mapping={"ui_tag": "3.2.0"})
    assert fleet.deployments()[-1]["parameters"] == {"ui_tag": "3.2.0"}
    assert fleet.deployments()[-1]["api"] == "v2-legacy"
    assert deploy(fleet, path=V2, parameters_mapping=5)[0] == 400
    deploy(fleet, parameters_mapping={"ui_tag": "3.2.0"})
    assert fleet.deployments()[-1]["parameters"] is None
