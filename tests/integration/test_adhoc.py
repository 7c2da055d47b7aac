# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One line on a terminal: ansible localhost -m edgeops.jfrog_connect.MODULE -a ..."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def fleet(start_emulator):
    return start_emulator(devices=20)


@pytest.fixture
def env(fleet):
    yield {
        "CONNECT_API_URL": fleet.url,
        "CONNECT_USER_TOKEN": fleet.user_token,
        "CONNECT_DEVICE_CALLS_PER_MINUTE": "0",
        "CONNECT_ACCOUNT_CALLS_PER_MINUTE": "0",
    }
    fleet.configure([device["device_uuid"] for device in fleet.devices()], held=False)
    fleet.reset_stats()


def _held(fleet):
    return [device["device_uuid"] for device in fleet.devices(held=True)]


@pytest.mark.smoke
def test_one_device(fleet, ansible_adhoc, env):
    device = fleet.devices()[0]
    arguments = f"device_token={device['device_token']} trigger_set=true"
    run = ansible_adhoc("connect_update_trigger", arguments, env=env).succeeded()
    assert run.result["changed"]
    assert run.result["devices"][0]["name"] == device["device_name"]
    assert _held(fleet) == [device["device_uuid"]]
    assert not ansible_adhoc("connect_update_trigger", arguments, env=env).succeeded().result["changed"]
    assert fleet.stats()["writes"] == 1


@pytest.mark.parametrize(
    "spelling",
    [
        lambda devices: f"trigger_set=true devices='{devices}'",
        lambda devices: f"trigger_set=true project=Kiosks devices='{devices}'",
        lambda devices: f'{{"trigger_set": true, "devices": {devices}}}',
    ],
    ids=["k=v", "k=v with project", "JSON object"],
)
def test_several_devices(fleet, ansible_adhoc, entries, env, spelling):
    devices = fleet.devices()[:3]
    run = ansible_adhoc("connect_update_trigger", spelling(json.dumps(entries(devices))), env=env).succeeded()
    assert run.result["summary"] == {"total": 3, "changed": 3, "unchanged": 0, "failed": 0, "unknown": 0}
    assert _held(fleet) == [device["device_uuid"] for device in devices]


def test_check_mode(fleet, ansible_adhoc, env):
    arguments = f"device_token={fleet.devices()[0]['device_token']} trigger_set=true"
    run = ansible_adhoc("connect_update_trigger", arguments, "--check", env=env).succeeded()
    assert run.result["changed"]
    assert fleet.stats()["write_attempts"] == 0


def test_deploy(fleet, ansible_adhoc, env):
    filters = json.dumps([{"type": "tag", "operand": "is", "value": "canary"}])
    arguments = f"flow_id=f-77aa-01bc project=Kiosks filters='{filters}' deployment_key=CHG-1 comment='by hand'"
    run = ansible_adhoc("connect_deploy", arguments, env=env).succeeded()
    assert run.result["summary"]["changed"] == 4
    assert fleet.deployments()[-1]["comment"] == run.result["deployment"]["comment"]
    assert run.result["deployment"]["comment"].endswith(" by hand")


def test_a_broken_list_is_refused_with_the_place_of_the_mistake(fleet, ansible_adhoc, env):
    broken = "trigger_set=true devices='[{\"device_token\": ]'"
    run = ansible_adhoc("connect_update_trigger", broken, env=env).failed()
    assert run.result["code"] == "invalid_option"
    assert "devices looks like a JSON list" in run.result["msg"]
    assert "line 1 column 19" in run.result["msg"]
    assert fleet.stats()["calls"] == {}
