# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connection options said once for all modules, and the modules under ansible-runner, as AWX runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml


@pytest.fixture(scope="module")
def fleet(start_emulator):
    return start_emulator(devices=20)


PLAY = """
- name: Hold, deploy, look
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/edgeops.jfrog_connect.connect:
      api_url: "{{ url }}"
      user_token: "{{ user_token }}"
      device_calls_per_minute: 0
  tasks:
    - name: Hold
      edgeops.jfrog_connect.connect_update_trigger:
        devices: "{{ devices }}"
        project: Kiosks
        trigger_set: true
    - name: Deploy
      edgeops.jfrog_connect.connect_deploy:
        flow_id: f-77aa-01bc
        project: Kiosks
        groups: [Floor-2]
    - name: Look
      edgeops.jfrog_connect.connect_device_info:
        project: Kiosks
    - name: Look where nothing is
      edgeops.jfrog_connect.connect_device_info:
        project: Nowhere
"""


def test_module_defaults_and_events_of_ansible_runner(fleet, ansible, entries, assert_no_token):
    runner = Path(sys.executable).with_name("ansible-runner")
    devices = fleet.devices(group="Floor-1")
    folder = ansible.folder / "runner"
    (folder / "project").mkdir(parents=True)
    (folder / "env").mkdir()
    (folder / "project" / "play.yml").write_text(PLAY, encoding="utf-8")
    variables = {"url": fleet.url, "user_token": fleet.user_token, "devices": entries(devices)}
    (folder / "env" / "extravars").write_text(json.dumps(variables), encoding="utf-8")
    own = {name: value for name, value in ansible.env.items() if not name.startswith("ANSIBLE_CALLBACK")}
    (folder / "env" / "envvars").write_text(
        yaml.safe_dump({name: value for name, value in own.items() if name.startswith(("ANSIBLE_", "XDG_", "PATH"))})
    )
    command = [str(runner), "run", str(folder), "-p", "play.yml", "--quiet", "--ident", "one"]
    subprocess.run(command, env=own, stdin=subprocess.DEVNULL, check=False, timeout=120)

    results, everything = {}, ""
    for file in (folder / "artifacts" / "one" / "job_events").glob("*.json"):
        text = file.read_text(encoding="utf-8")
        everything += text
        event = json.loads(text)
        if event["event"] in ("runner_on_ok", "runner_on_failed"):
            results[event["event_data"]["task"]] = event["event_data"]["res"]
    assert sorted(results) == ["Deploy", "Hold", "Look", "Look where nothing is"]
    assert results["Hold"]["summary"]["changed"] == len(devices)
    assert len(results["Hold"]["devices"]) == len(devices)
    assert results["Deploy"]["deployment"]["calls"] == 1
    assert results["Look"]["summary"]["held"] == len(devices)
    assert results["Look where nothing is"]["code"] == "request_rejected"
    assert (folder / "artifacts" / "one" / "status").read_text() == "failed"
    for token in [fleet.user_token, *(device["device_token"] for device in devices)]:
        assert token not in everything
    output = (folder / "artifacts" / "one" / "stdout").read_text(encoding="utf-8")
    assert fleet.user_token not in output


@pytest.mark.smoke
def test_module_defaults_reach_every_module(fleet, ansible_playbook, task, deployment):
    """The play of the fixture names the connection in the action group only."""
    tasks = [
        task("release", "connect_update_trigger", device_token="{{ one }}", trigger_set=False),
        task("deploy", "connect_deploy", **deployment(groups=["Floor-3"])),
        task("info", "connect_device_info", project="Kiosks"),
    ]
    run = ansible_playbook(tasks, "--check", emulator=fleet, one=fleet.devices()[0]["device_token"]).succeeded()
    assert [record["status"] for record in run.records] == ["ok", "ok", "ok"]


def test_strings_as_a_survey_gives_them(fleet, ansible_playbook, task, entries):
    """Answers of a survey, and extra variables on a command line, are texts."""
    devices = fleet.devices(group="Floor-4")
    tasks = [
        task(
            "hold", "connect_update_trigger", devices="{{ answer }}", trigger_set="{{ yes }}", concurrency="{{ four }}"
        ),
        task(
            "deploy",
            "connect_deploy",
            flow_id="f-77aa-01bc",
            project="Kiosks",
            groups="Floor-3,Floor-4",
            filters="{{ filters }}",
            app="{{ app }}",
            wait_timeout="{{ four }}",
            all_devices="no",
            comment="{{ nothing }}",
        ),
    ]
    answers = {
        "answer": json.dumps(entries(devices)),
        "yes": "yes",
        "four": "4",
        "nothing": "",
        "filters": '[{"type": "tag", "value": "canary"}]',
        "app": '{"name": "kiosk_ui", "version": "3.2.0"}',
    }
    run = ansible_playbook(tasks, emulator=fleet, **answers).succeeded()
    assert run["hold"]["summary"]["changed"] == len(devices)
    assert run["deploy"]["summary"]["changed"] == 2


def test_a_mapping_as_words(fleet, ansible_playbook, task, deployment):
    """Ansible's own short form of a mapping: app='name=kiosk_ui version=3.2.0' on a command line."""
    options = deployment(groups=["Floor-1"], app="name=kiosk_ui version=3.2.0")
    ansible_playbook([task("deploy", "connect_deploy", **options)], "--check", emulator=fleet).succeeded()


def test_a_name_that_looks_like_a_template_stays_a_name(fleet, ansible_playbook, task):
    import requests

    device = fleet.devices()[0]
    name = "{{ lookup('ansible.builtin.pipe', 'id') }}"
    body = {"user_token": fleet.user_token, "device_token": device["device_token"], "device_name": name}
    assert requests.post(fleet.url + "/v1/devices_details", json=body, timeout=10).status_code == 200
    tasks = [
        {**task("info", "connect_device_info", device_token="{{ one }}"), "register": "seen"},
        {"name": "say", "ansible.builtin.debug": {"msg": "{{ seen.devices[0].name }}"}},
    ]
    run = ansible_playbook(tasks, emulator=fleet, one=device["device_token"]).succeeded()
    assert run["say"]["msg"] == name
