# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person sees of a task while it works: a line for each look, and one for each long wait."""

from __future__ import annotations

import json
import re

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.integration.conftest import ended

WAITING = {"all_devices": True, "wait": True, "wait_interval": 1}


@pytest.fixture
def fleet(start_emulator):
    return start_emulator(devices=4, time_factor=30)


def lines(run):
    return re.findall(r"^connect_deploy: \d\d:\d\d:\d\dZ (.*)$", run.output, re.MULTILINE)


@pytest.mark.smoke
def test_each_read_is_a_line_with_counts(ansible_playbook, fleet, task, deployment):
    run = ansible_playbook([task("Send", "connect_deploy", **deployment(**WAITING))], emulator=fleet).succeeded()
    seen = lines(run)
    assert len(seen) >= 2
    assert all(re.fullmatch(r"(\d+ \w+, )*\d+ \w+; \d+ s left", line) for line in seen), seen
    assert seen[-1].startswith("4 success; ")


def test_held_devices_are_named_before_they_are_waited_for(ansible_playbook, fleet, task, deployment):
    held = fleet.devices()[1]
    fleet.configure(held["device_uuid"], held=True)
    options = deployment(**{**WAITING, "wait_timeout": 2})
    predicted = ansible_playbook([task("Send", "connect_deploy", **options)], "--check", emulator=fleet).succeeded()
    warning = f"1 of 4 devices to be updated is held, for example {held['device_name']}: "
    assert [said for said in predicted.result["warnings"] if said.startswith(warning)]
    run = ansible_playbook([task("Send", "connect_deploy", **options)], emulator=fleet).failed()
    first, *looks = lines(run)
    assert first.startswith(warning)
    assert "aborted in the web UI" in first
    assert looks


@pytest.mark.parametrize("off", [False, "false", "no"])
def test_a_variable_keeps_it_quiet(ansible_playbook, fleet, task, deployment, off):
    run = ansible_playbook(
        [task("Send", "connect_deploy", **deployment(**WAITING, deployment_key=str(off)))],
        emulator=fleet,
        connect_progress=off,
    )
    assert lines(run.succeeded()) == []


def test_a_long_wait_says_why_and_until_when(ansible_playbook, fleet, task):
    fleet.add_fault("429", path="/v1/devices_details", retry_after="11", times=1)
    run = ansible_playbook([task("Look", "connect_device_info", project="Kiosks")], emulator=fleet).succeeded()
    shown = re.findall(
        r"^connect_device_info: \S+ (waiting 1\d s, until \d\d:\d\d:\d\dZ: .*)$", run.output, re.MULTILINE
    )
    assert len(shown) == 1
    assert "429 (rate limit)" in shown[0]


def test_a_value_that_is_no_boolean_is_refused(ansible_playbook, fleet, task):
    run = ansible_playbook([task("Look", "connect_device_info")], emulator=fleet, connect_progress="loud").failed()
    assert "connect_progress is 'loud'; accepted: true, false" in run.output
    assert fleet.log() == []


def test_a_module_that_runs_in_the_background_has_no_reader_and_works(ansible_playbook, fleet, task):
    background = {**task("Look", "connect_device_info", project="Kiosks"), "async": 60, "poll": 1}
    ansible_playbook([background], emulator=fleet).succeeded()


JSON_CALLBACK = '''
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: json
type: stdout
short_description: Says one word at the end, as the callback of ansible.posix prints one document
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "json"

    def v2_playbook_on_stats(self, stats):
        self._display.display("{}")
'''


def test_before_the_document_of_a_json_callback_no_line_is_shown(ansible, fleet, task, deployment):
    (ansible.folder / "json.py").write_text(JSON_CALLBACK, encoding="utf-8")
    run = ansible.playbook(
        [task("Send", "connect_deploy", **deployment(**WAITING, deployment_key="json"))],
        emulator=fleet,
        env={
            "ANSIBLE_STDOUT_CALLBACK": "json",
            "ANSIBLE_CALLBACK_PLUGINS": f"{ansible.env['ANSIBLE_CALLBACK_PLUGINS']}:{ansible.folder}",
        },
    ).succeeded()
    assert run.output.splitlines()[-1] == "{}"
    assert "connect_deploy:" not in run.output


def test_each_module_has_the_defaults_of_its_own_and_of_its_group_by_full_and_by_short_name(ansible, fleet):
    """One action plugin serves them; Ansible must not take them for one module."""
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "collections": ["edgeops.jfrog_connect"],
        "module_defaults": {
            "group/edgeops.jfrog_connect.connect": {"api_url": fleet.url, "user_token": fleet.user_token},
            "edgeops.jfrog_connect.connect_device_info": {"project": "Kiosks"},
            "edgeops.jfrog_connect.connect_window": {"windows": [], "fail_when_closed": False},
        },
        "tasks": [
            {"name": prefix + module, prefix + module: {}, "ignore_errors": True}
            for prefix in ("", "edgeops.jfrog_connect.")
            for module in ("connect_device_info", "connect_window")
        ],
    }
    file = ansible.folder / "defaults.yml"
    file.write_text(json.dumps([play]), encoding="utf-8")
    run = ended(ansible.start(["ansible-playbook", str(file)], ansible.folder / "record"), ansible.folder / "record")
    run.succeeded()
    for prefix in ("", "edgeops.jfrog_connect."):
        assert len(run[prefix + "connect_device_info"]["devices"]) == 4
        assert "windows is empty" in run[prefix + "connect_window"]["msg"]
