# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deployments from the plan to the verdict, against devices that really take their updates."""

from __future__ import annotations

from collections import Counter

import pytest

V1, V2 = "/v1/deploy_update", "/v2/deploy_update"
APP = {"name": "kiosk_ui", "version": "3.2.0"}
WAIT = {"wait": True, "wait_interval": 1, "wait_timeout": 20}


@pytest.fixture(scope="module")
def fleet(start_emulator):
    groups = ",".join(
        ("Whole", "Part", "Resend", "Keys", "Success", "Failing", "Tolerated", "Held", "Parameters", "Current")
    )
    # An hour in six seconds: an update takes a tenth of one.
    return start_emulator(devices=60, groups=groups, time_factor=600)


@pytest.fixture(autouse=True)
def _fresh_counters(fleet):
    fleet.reset_stats()


def _sent(fleet):
    """What each accepted call asked for: path, groups and filters."""
    calls = [entry for entry in fleet.log() if entry["path"] in (V1, V2)]
    return [(call["path"], call["body"]["devices_filter"]) for call in calls]


def _updates(fleet, group):
    return [len(device["updates"]) for device in fleet.devices(group=group)]


def test_the_whole_filter_goes_in_one_call(fleet, ansible_playbook, task, deployment):
    filters = [{"type": "device_state", "value": "online"}, {"type": "tag", "operand": "is_not", "value": "broken"}]
    options = deployment(groups=["Whole"], filters=filters, app=APP, comment="night update", deployment_key="CHG-1")
    run = ansible_playbook([task("deploy", "connect_deploy", **options)], emulator=fleet).succeeded()
    assert run.result["summary"]["changed"] == 6
    assert run.result["deployment"]["calls"] == 1
    assert len(run.result["plan"]["needed"]) == 6
    ((path, asked),) = _sent(fleet)
    assert path == V1
    assert asked["project"] == {"name": "Kiosks"}
    assert asked["groups"] == [{"name": "Whole"}]
    assert asked["filters"] == [
        {"type": "device_state", "operand": "is", "value": "online"},
        {"type": "tag", "operand": "is_not", "value": "broken"},
    ]
    assert fleet.deployments()[-1]["comment"] == run.result["deployment"]["comment"]
    assert _updates(fleet, "Whole") == 6 * [1]


def test_only_what_still_needs_it_is_sent(fleet, ansible_playbook, task, deployment):
    device = {group: fleet.devices(group=group)[0]["device_uuid"] for group in ("Part", "Resend")}
    for group in ("Part", "Resend"):
        fleet.configure(device[group], group="Whole")
    tasks = [
        task("part", "connect_deploy", **deployment(groups=["Part"])),
        task("resend", "connect_deploy", **deployment(groups=["Resend"])),
    ]
    ansible_playbook(tasks, emulator=fleet).succeeded()
    for group in ("Part", "Resend"):
        fleet.configure(device[group], group=group)
    fleet.reset_stats()

    tasks = [
        task("part", "connect_deploy", **deployment(groups=["Part"])),
        task("resend", "connect_deploy", **deployment(groups=["Resend"], resend="all")),
        task("again", "connect_deploy", **deployment(groups=["Resend"], resend="all")),
    ]
    run = ansible_playbook(tasks, emulator=fleet).succeeded()
    assert run["part"]["plan"]["needed"] == [device["Part"]]
    assert run["part"]["summary"]["changed"] == 1
    assert run["resend"]["plan"]["needed"] == [device["Resend"]]
    assert run["resend"]["summary"]["changed"] == 6
    assert any("once more to 5 devices" in warning for warning in run["resend"]["warnings"])
    assert not run["again"]["changed"]
    one, whole = _sent(fleet)
    assert one[1]["filters"] == [{"type": "specific_device", "operand": "is", "value": device["Part"]}]
    assert whole[1]["groups"] == [{"name": "Resend"}]
    assert _updates(fleet, "Part") == 6 * [1]
    assert sorted(_updates(fleet, "Resend")) == [1, 2, 2, 2, 2, 2]


def test_another_key_is_another_deployment(fleet, ansible_playbook, task, deployment):
    tasks = [
        task(key, "connect_deploy", **deployment(groups=["Keys"], deployment_key=key)) for key in ("CHG-1", "CHG-2")
    ]
    run = ansible_playbook(tasks, emulator=fleet).succeeded()
    assert run["CHG-1"]["deployment"]["mark"] != run["CHG-2"]["deployment"]["mark"]
    assert _updates(fleet, "Keys") == 6 * [2]
    again = ansible_playbook(tasks, emulator=fleet).succeeded()
    assert not any(record["result"]["changed"] for record in again.records)
    assert fleet.stats()["writes"] == 2


def test_devices_with_the_version_are_not_sent_anything(fleet, ansible_playbook, task, deployment):
    current = [device["device_uuid"] for device in fleet.devices(group="Current")]
    fleet.configure(current[:4], apps={"kiosk_ui": "3.2.0"})
    tasks = [task("some", "connect_deploy", **deployment(groups=["Current"], app=APP, **WAIT))]
    run = ansible_playbook(tasks, emulator=fleet).succeeded()
    assert run["some"]["plan"]["current"] == current[:4]
    assert run["some"]["plan"]["needed"] == current[4:]
    assert _updates(fleet, "Current") == [0, 0, 0, 0, 1, 1]
    # By now all have it, so that even another key finds nothing to do.
    again = ansible_playbook(
        [task("none", "connect_deploy", **deployment(groups=["Current"], app=APP, deployment_key="CHG-2"))],
        emulator=fleet,
    ).succeeded()
    assert not again.result["changed"]
    assert again.result["plan"]["current"] == current
    assert fleet.stats()["writes"] == 2


def test_waiting_to_the_end(fleet, ansible_playbook, task, deployment):
    tasks = [task("deploy", "connect_deploy", **deployment(groups=["Success"], app=APP, **WAIT))]
    run = ansible_playbook(tasks, emulator=fleet).succeeded()
    assert {row["status"] for row in run.result["devices"]} == {"success"}
    assert run.result["summary"]["statuses"]["success"] == 6
    apps = [device["apps"] for device in fleet.devices(group="Success")]
    assert apps == 6 * [[{"app_name": "kiosk_ui", "version": "3.2.0"}]]
    again = ansible_playbook(tasks, emulator=fleet).succeeded()
    assert not again.result["changed"]
    assert len(again.result["plan"]["done"]) == 6


def test_failures_and_how_to_send_again(fleet, ansible_playbook, task, deployment):
    uuids = [device["device_uuid"] for device in fleet.devices(group="Failing")]
    fleet.configure(uuids[:2], fail=True)
    options = deployment(groups=["Failing"], max_failures=1, **WAIT)
    first = ansible_playbook([task("deploy", "connect_deploy", **options)], emulator=fleet).failed()
    assert first.result["code"] == "rollout_failed"
    assert "2 of 6 devices" in first.result["msg"]
    assert "retry_failed: true" in first.result["msg"]
    assert first.result["changed"]
    assert len(first.result["devices"]) == 6
    assert {row["device_uuid"] for row in first.result["devices"] if row["outcome"] == "failed"} == set(uuids[:2])
    fleet.advance(600)  # it stops waiting as soon as too many have failed

    # Without being asked to, it sends nothing to them, and the verdict stays.
    second = ansible_playbook([task("deploy", "connect_deploy", **options)], emulator=fleet).failed()
    assert second.result["code"] == "rollout_failed"
    assert not second.result["changed"]
    assert fleet.stats()["writes"] == 1

    fleet.configure(uuids[:2], fail=False)
    third = ansible_playbook(
        [task("deploy", "connect_deploy", **options, retry_failed=True)], emulator=fleet
    ).succeeded()
    assert third.result["plan"]["retry"] == uuids[:2]
    assert third.result["summary"]["statuses"]["success"] == 6
    assert third.result["summary"]["duplicates"] == 0
    assert Counter(_updates(fleet, "Failing")) == {1: 4, 2: 2}


def test_failures_that_are_tolerated(fleet, ansible_playbook, task, deployment):
    fleet.configure(fleet.devices(group="Tolerated")[0]["device_uuid"], fail=True)
    options = deployment(groups=["Tolerated"], max_failure_percent=20, **WAIT)
    run = ansible_playbook([task("deploy", "connect_deploy", **options)], emulator=fleet).succeeded()
    assert run.result["summary"]["statuses"] == {
        **dict.fromkeys(("pending", "in_progress", "aborted"), 0),
        "success": 5,
        "failed": 1,
    }
    assert run.result["summary"]["failed"] == 1


def test_held_devices_do_not_finish(fleet, ansible_playbook, task, deployment):
    held = fleet.devices(group="Held")[0]
    fleet.configure(held["device_uuid"], held=True)
    options = deployment(groups=["Held"], **{**WAIT, "wait_timeout": 3})
    run = ansible_playbook([task("deploy", "connect_deploy", **options)], emulator=fleet).failed()
    assert run.result["code"] == "still_running"
    assert "1 of them held" in run.result["msg"]
    assert held["device_name"] in run.result["msg"]
    assert any("1 of 6 devices to be updated is held" in warning for warning in run.result["warnings"])
    assert run.result["summary"]["statuses"]["success"] == 5
    fleet.configure(held["device_uuid"], held=False)
    again = ansible_playbook([task("deploy", "connect_deploy", **options)], emulator=fleet).succeeded()
    assert not again.result["changed"]
    assert again.result["summary"]["statuses"]["success"] == 6
    assert fleet.stats()["writes"] == 1


def test_an_empty_target_is_an_error(fleet, ansible_playbook, task, deployment):
    options = deployment(filters=[{"type": "tag", "value": "nobody"}])
    for mode in ((), ("--check",)):
        run = ansible_playbook([task("deploy", "connect_deploy", **options)], *mode, emulator=fleet).failed()
        assert run.result["code"] == "empty_target"
        assert "connect_device_info" in run.result["msg"]
    assert fleet.stats()["write_attempts"] == 0


def test_parameters_take_the_other_call(fleet, ansible_playbook, task, deployment):
    filters = [{"type": "app", "value": "kiosk_ui", "app_version": "3.1.0"}]
    parameters = {"ui_tag": "3.2.0", "size": "3", "dark": "true"}
    options = deployment(groups=["Parameters"], filters=filters, parameters=parameters)
    run = ansible_playbook([task("deploy", "connect_deploy", **options)], emulator=fleet).succeeded()
    assert run.result["summary"]["changed"] == 6
    assert fleet.stats()["writes_by_path"] == {V2: 1}
    ((path, asked),) = _sent(fleet)
    assert path == V2
    assert asked["filters"] == [{"type": "app", "operand": "is", "value": "kiosk_ui", "app_version": "3.1.0"}]
    assert fleet.deployments()[-1]["parameters"] == {"ui_tag": "3.2.0", "size": "3", "dark": "true"}
    again = ansible_playbook([task("deploy", "connect_deploy", **options)], emulator=fleet).succeeded()
    assert not again.result["changed"]
