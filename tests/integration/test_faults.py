# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the network does: no device is lost, no deployment happens twice, what is not known is called unknown."""

from __future__ import annotations

import pytest

TRIGGER, DETAILS, DEPLOY = "/v1/set_update_trigger", "/v1/devices_details", "/v1/deploy_update"


@pytest.fixture(scope="module")
def fleet(start_emulator):
    return start_emulator(devices=120)


@pytest.fixture(autouse=True)
def _clean(fleet):
    yield
    fleet.clear_faults()
    fleet.set_switch(retry_after="none", lag_seconds=0, rate_limit=0)
    fleet.reset_stats()


def _only(device):
    return [{"type": "specific_device", "value": device["device_uuid"]}]


def _updates(fleet, device):
    return fleet.device(device["device_uuid"])["updates"]


def test_holds(fleet, ansible_playbook, task):
    """Faults of one hold after the other, each on a device of its own."""
    devices = fleet.devices(group="Floor-1")
    faults = {
        "lost reply": ("drop_after", "POST"),
        "lost request": ("drop_before", "POST"),
        "refused": ("refuse", "POST"),
        "5xx after": ("error_after", "POST"),
        "5xx before": ("error_before", "POST"),
        "truncated write": ("truncated", "POST"),
        "html to a write": ("html", "POST"),
        "html to a read": ("html", "GET"),
        "truncated read": ("truncated", "GET"),
        "429": ("429", "POST"),
    }
    tasks = []
    for at, (name, (kind, method)) in enumerate(faults.items()):
        more = {"retry_after": 1} if kind == "429" else {}
        fleet.add_fault(kind, method=method, device_uuid=devices[at]["device_uuid"], **more)
        tasks.append(task(name, "connect_update_trigger", trigger_set=True, device_token="{{ tokens[%d] }}" % at))
    tokens = [device["device_token"] for device in devices]
    run = ansible_playbook(tasks, emulator=fleet, tokens=tokens).succeeded()
    for at, name in enumerate(faults):
        assert run[name]["devices"][0]["outcome"] == "changed", name
        assert fleet.device(devices[at]["device_uuid"])["held"], name
        assert run[name]["api_calls"]["retries"] == 1, name
        assert run[name]["api_calls"]["reads"] == (2 if name.endswith("read") else 1), name


def test_a_limited_hold_waits_and_no_device_is_lost(fleet, ansible_playbook, task, entries):
    devices = fleet.devices(group="Floor-2")
    for device in devices[:3]:
        fleet.add_fault("429", path=TRIGGER, device_uuid=device["device_uuid"], retry_after=1)
    hold = task("hold", "connect_update_trigger", trigger_set=True, devices="{{ devices }}", project="Kiosks")
    run = ansible_playbook([hold], emulator=fleet, devices=entries(devices)).succeeded()
    assert run.result["summary"]["changed"] == len(devices)
    assert all(device["held"] for device in fleet.devices(group="Floor-2"))
    assert run.result["api_calls"]["retries"] == 3
    assert run.result["api_calls"]["waited_seconds"] >= 1


def test_one_lost_device_does_not_take_the_others_along(fleet, ansible_playbook, task, entries):
    devices = fleet.devices(group="Floor-3")
    bad = devices[1]
    fleet.add_fault("drop_before", path=TRIGGER, device_uuid=bad["device_uuid"], times=None)
    hold = {"trigger_set": True, "devices": "{{ devices }}", "project": "Kiosks", "retry_budget": 1}
    tasks = [task("hold", "connect_update_trigger", **hold)]
    run = ansible_playbook(tasks, emulator=fleet, devices=entries(devices)).failed()
    assert run.result["code"] == "outcome_unknown"
    assert run.result["changed"]
    assert run.result["summary"] == {"total": 30, "changed": 29, "unchanged": 0, "failed": 0, "unknown": 1}
    row = run.result["devices"][1]
    assert (row["outcome"], row["before"], row["after"], row["code"]) == ("unknown", False, None, "outcome_unknown")
    assert bad["device_name"] in run.result["msg"]

    fleet.clear_faults()
    fleet.reset_stats()
    repaired = ansible_playbook(tasks, emulator=fleet, devices=entries(devices)).succeeded()
    assert repaired.result["summary"]["changed"] == 1
    assert fleet.stats()["writes"] == 1


@pytest.mark.smoke
def test_tokens_that_the_service_does_not_know(fleet, ansible_playbook, task, entries):
    """A wrong account costs one call; a wrong device fails alone."""
    devices = [*entries(fleet.devices(group="Floor-4"))[:9], {"device_token": "t-unknown", "name": "ghost"}]
    hold = {"trigger_set": True, "devices": "{{ devices }}"}
    account = ansible_playbook(
        [task("hold", "connect_update_trigger", **hold, user_token="u-wrong")], emulator=fleet, devices=devices
    ).failed()
    assert account.result["code"] == "unauthorized"
    assert "CONNECT_USER_TOKEN" in account.result["msg"]
    assert len(account.result["devices"]) == 10
    assert not account.result["changed"]
    assert sum(fleet.stats()["calls"].values()) == 1

    fleet.reset_stats()
    run = ansible_playbook([task("hold", "connect_update_trigger", **hold)], emulator=fleet, devices=devices).failed()
    assert run.result["code"] == "device_not_found"
    assert run.result["changed"]
    assert run.result["summary"] == {"total": 10, "changed": 9, "unchanged": 0, "failed": 1, "unknown": 0}
    assert [row["outcome"] for row in run.result["devices"]] == 9 * ["changed"] + ["failed"]
    assert "ghost" in run.result["msg"]
    assert fleet.stats()["writes"] == 9


@pytest.mark.parametrize("kind", ["html", "truncated", "error_before", "drop_after"])
def test_a_list_that_could_not_be_read_is_asked_for_again(fleet, ansible_playbook, task, kind):
    fleet.add_fault(kind, path=DETAILS, after=1)
    run = ansible_playbook([task("info", "connect_device_info", project="Kiosks")], emulator=fleet).succeeded()
    assert run.result["summary"]["total"] == 120
    assert run.result["api_calls"]["retries"] == 1


def test_a_list_that_repeats_itself_ends(fleet, ansible_playbook, task, entries, deployment):
    fleet.add_fault("same_page", path=DETAILS, times=None)
    device = fleet.devices()[-1]
    tasks = [
        task("info", "connect_device_info", project="Kiosks"),
        task("hold", "connect_update_trigger", trigger_set=False, devices="{{ devices }}", project="Kiosks"),
        {**task("deploy", "connect_deploy", **deployment(all_devices=True)), "ignore_errors": True},
    ]
    run = ansible_playbook(tasks, emulator=fleet, devices=entries([device])).succeeded()
    assert run["info"]["summary"]["total"] == 50
    assert any("Devices may be missing" in warning for warning in run["info"]["warnings"])
    assert run["hold"]["summary"]["failed"] == 0
    assert run["deploy"]["code"] == "unreadable_reply"
    assert fleet.stats()["writes_by_path"].get(DEPLOY, 0) == 0


def test_deployments(fleet, ansible_playbook, task, deployment):
    """Faults of one deployment after the other, each to a device of its own: sent once, and found again."""
    devices = fleet.devices(group="Floor-1")
    faults = {
        "lost reply": ("drop_after", {}),
        "5xx after": ("error_after", {}),
        "truncated": ("truncated", {}),
        "html": ("html", {}),
        "late": ("late", {"seconds": 3}),
        "429": ("429", {"retry_after": 1}),
    }
    tasks, repeats = [], []
    for (name, (kind, more)), device in zip(faults.items(), devices, strict=False):
        fleet.add_fault(kind, path=DEPLOY, device_uuid=device["device_uuid"], **more)
        options = deployment(filters=_only(device), deployment_key=name)
        tasks.append(task(name, "connect_deploy", **options))
        repeats.append(task(name + " again", "connect_deploy", **options))
    run = ansible_playbook(tasks + repeats, emulator=fleet).succeeded()
    for name, device in zip(faults, devices, strict=False):
        assert run[name]["devices"][0]["outcome"] == "changed", name
        assert run[name]["devices"][0]["status"] == "pending", name
        assert run[name]["deployment"]["calls"] == 1, name
        assert run[name]["api_calls"]["writes"] == (2 if name == "429" else 1), name
        assert not run[name + " again"]["changed"], name
        assert len(_updates(fleet, device)) == 1, name
    assert fleet.stats()["duplicates"] == []


def test_a_deployment_that_got_lost_is_unknown_and_a_later_run_sends_it(
    fleet, ansible_playbook, task, deployment, tmp_path
):
    lost, refused = fleet.devices(group="Floor-2")[:2]
    fleet.add_fault("drop_before", path=DEPLOY, device_uuid=lost["device_uuid"])
    fleet.add_fault("refuse", path=DEPLOY, device_uuid=refused["device_uuid"])
    tasks = [
        task("lost", "connect_deploy", **deployment(filters=_only(lost), retry_budget=3)),
        task("refused", "connect_deploy", **deployment(filters=_only(refused), retry_budget=3)),
    ]
    for one in tasks:
        one["ignore_errors"] = True
    run = ansible_playbook(tasks, emulator=fleet).succeeded()
    for name in ("lost", "refused"):
        assert run[name]["code"] == "outcome_unknown"
        assert run[name]["changed"]
        assert run[name]["devices"][0]["outcome"] == "unknown"
        assert "not sent again" in run[name]["msg"]
        assert run[name]["api_calls"]["writes"] == 1
    # At once, it may still be on its way: nothing is sent, and the message says when.
    soon = ansible_playbook(tasks, emulator=fleet).succeeded()
    for name in ("lost", "refused"):
        assert soon[name]["devices"][0]["outcome"] == "unknown"
        assert "Run the task again in" in soon[name]["msg"]
        assert soon[name]["api_calls"]["writes"] == 0
    # Another machine knows nothing of it and looks, as this one would two minutes later.
    later = ansible_playbook(tasks, emulator=fleet, env={"CONNECT_STATE_DIR": str(tmp_path)}).succeeded()
    for name, device in (("lost", lost), ("refused", refused)):
        assert later[name]["devices"][0]["outcome"] == "changed"
        assert len(_updates(fleet, device)) == 1


def test_a_lost_reply_is_found_in_a_list_that_lags(fleet, ansible_playbook, task, deployment):
    device = fleet.devices(group="Floor-3")[0]
    fleet.set_switch(lag_seconds=3)
    fleet.add_fault("drop_after", path=DEPLOY)
    tasks = [task("deploy", "connect_deploy", **deployment(filters=_only(device)))]
    run = ansible_playbook(tasks, emulator=fleet).succeeded()
    assert run.result["devices"][0]["outcome"] == "changed"
    assert run.result["deployment"]["calls"] == 1
    assert len(_updates(fleet, device)) == 1


def test_a_repeat_in_a_list_that_lags_sends_nothing(fleet, ansible_playbook, task, deployment):
    device = fleet.devices(group="Floor-3")[1]
    fleet.set_switch(lag_seconds=6)
    options = deployment(filters=_only(device))
    tasks = [task("first", "connect_deploy", **options), task("second", "connect_deploy", **options)]
    ansible_playbook(tasks, emulator=fleet)
    assert len(_updates(fleet, device)) == 1
