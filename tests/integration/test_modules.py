# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each module: what check mode predicts, the real run does, and the second run does nothing."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def fleet(start_emulator):
    return start_emulator(devices=120)


@pytest.mark.smoke
def test_check_then_do_then_repeat(fleet, ansible_playbook, task, entries, deployment):
    to_hold, target = fleet.devices(group="Floor-1"), fleet.devices(group="Floor-2")[:12]
    fleet.configure([device["device_uuid"] for device in to_hold[:10]], held=True)
    fleet.configure([device["device_uuid"] for device in target], tags=["pilot"])
    fleet.configure([target[0]["device_uuid"]], apps={"kiosk_ui": "3.2.0"})
    tasks = [
        task("hold", "connect_update_trigger", trigger_set=True, devices=entries(to_hold), project="Kiosks"),
        task(
            "deploy",
            "connect_deploy",
            **deployment(
                filters=[{"type": "tag", "value": "pilot"}],
                app={"name": "kiosk_ui", "version": "3.2.0"},
                deployment_key="CHG-1",
            ),
        ),
        task("info", "connect_device_info", project="Kiosks", group="Floor-1"),
    ]

    check = ansible_playbook(tasks, "--check", "--diff", emulator=fleet).succeeded()
    assert fleet.stats()["write_attempts"] == 0
    real = ansible_playbook(tasks, "--diff", emulator=fleet).succeeded()
    assert fleet.stats()["writes_by_path"] == {"/v1/set_update_trigger": 20, "/v1/deploy_update": 11}
    fleet.reset_stats()
    again = ansible_playbook(tasks, "--diff", emulator=fleet).succeeded()
    assert fleet.stats()["write_attempts"] == 0

    hold = check["hold"]
    assert hold["changed"]
    assert hold["summary"] == {"total": 30, "changed": 20, "unchanged": 10, "failed": 0, "unknown": 0}
    assert [(row["before"], row["after"]) for row in hold["devices"]] == 10 * [(True, True)] + 20 * [(False, True)]
    for same in ("changed", "devices", "summary", "diff"):
        assert real["hold"][same] == hold[same]
    assert len(hold["diff"]["before"]) == 20
    assert set(hold["diff"]["before"].values()) == {"released"}
    assert set(hold["diff"]["after"].values()) == {"held"}
    assert all(device["held"] for device in fleet.devices(group="Floor-1"))
    assert not again["hold"]["changed"]
    assert again["hold"]["summary"]["unchanged"] == 30
    assert again["hold"]["diff"] == {"before": {}, "after": {}}

    deploy = check["deploy"]
    assert deploy["changed"]
    assert len(deploy["plan"]["needed"]) == 11
    assert deploy["plan"]["current"] == [target[0]["device_uuid"]]
    for same in ("changed", "deployment", "plan", "diff"):
        assert real["deploy"][same] == deploy[same]
    assert _what_happened(real["deploy"]) == _what_happened(deploy)
    assert set(deploy["diff"]["after"].values()) == {"sent"}
    assert {device["device_uuid"] for device in target if fleet.device(device["device_uuid"])["updates"]} == set(
        deploy["plan"]["needed"]
    )
    assert not again["deploy"]["changed"]
    assert again["deploy"]["deployment"] == {**deploy["deployment"], "calls": 0}
    assert len(again["deploy"]["plan"]["in_flight"]) == 11

    assert check["info"]["summary"]["held"] == 10
    assert real["info"]["summary"]["held"] == again["info"]["summary"]["held"] == 30
    for run in (check, real, again):
        assert run["info"]["changed"] is False
        assert run["info"]["api_calls"]["writes"] == 0

    # A person sees the same on the screen.
    assert '-    "kiosk-' in check.output
    assert check.output.count('": "held"') == real.output.count('": "held"') == 20


def _what_happened(result):
    return [(row["device_uuid"], row["plan"], row["outcome"], row["code"]) for row in result["devices"]]


def test_one_device_by_token_alone(fleet, ansible_playbook, task):
    device = fleet.devices(group="Floor-3")[0]
    fleet.reset_stats()
    tasks = [
        {**task("check", "connect_update_trigger", trigger_set=True, device_token="{{ one }}"), "check_mode": True},
        task("hold", "connect_update_trigger", trigger_set=True, device_token="{{ one }}"),
        task("held", "connect_update_trigger", trigger_set=True, device_token="{{ one }}"),
        task("force", "connect_update_trigger", trigger_set=True, device_token="{{ one }}", force=True, verify=True),
        task("release", "connect_update_trigger", trigger_set=False, device_token="{{ one }}", verify=True),
        task("info", "connect_device_info", device_token="{{ one }}"),
    ]
    run = ansible_playbook(tasks, emulator=fleet, one=device["device_token"]).succeeded()
    assert [record["result"]["changed"] for record in run.records] == [True, True, False, True, True, False]
    assert run["check"]["devices"] == run["hold"]["devices"]
    assert run["hold"]["devices"][0]["device_uuid"] == device["device_uuid"]
    assert [record["result"]["api_calls"]["writes"] for record in run.records] == [0, 1, 0, 1, 1, 0]
    assert [record["result"]["api_calls"]["reads"] for record in run.records] == [1, 1, 1, 1, 2, 2]
    assert fleet.stats()["writes"] == 3
    assert run["info"]["devices"][0]["held"] is False


def test_info_sees_the_fleet_as_it_is(fleet, ansible_playbook, task):
    group = fleet.devices(group="Floor-4")
    fleet.configure([device["device_uuid"] for device in group[:3]], online=False)
    fleet.configure([device["device_uuid"] for device in group[1:5]], held=True)
    offline = [{"type": "device_state", "value": "offline"}]
    tasks = [
        task("group", "connect_device_info", project="Kiosks", group="Floor-4"),
        task("name", "connect_device_info", project="Kiosks", device_name=group[0]["device_name"]),
        task("offline", "connect_device_info", project="Kiosks", group="Floor-4", filters=offline),
        task("everything", "connect_device_info"),
    ]
    run = ansible_playbook(tasks, emulator=fleet).succeeded()
    assert [one["device_uuid"] for one in run["group"]["devices"]] == [one["device_uuid"] for one in group]
    assert [one["held"] for one in run["group"]["devices"]] == [
        one["held"] or 1 <= at < 5 for at, one in enumerate(group)
    ]
    assert [one["online"] for one in run["group"]["devices"]] == [at >= 3 for at in range(len(group))]
    assert run["group"]["summary"]["held"] == 4
    assert run["group"]["summary"]["offline"] == 3
    assert [one["name"] for one in run["name"]["devices"]] == [group[0]["device_name"]]
    assert run["name"]["devices"][0]["online"] is False
    assert [one["device_uuid"] for one in run["offline"]["devices"]] == [one["device_uuid"] for one in group[:3]]
    assert run["everything"]["summary"]["total"] == 120
    assert run["everything"]["api_calls"]["reads"] == 6
