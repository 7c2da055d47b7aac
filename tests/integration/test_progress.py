# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person sees of a task while it works: a line for each look, and one for each long wait."""

from __future__ import annotations

import re

import pytest

WAITING = {"all_devices": True, "wait": True, "wait_interval": 1}


@pytest.fixture
def fleet(start_emulator):
    return start_emulator(devices=4, time_factor=30)


def lines(run):
    return re.findall(r"^connect_deploy: \d\d:\d\d:\d\dZ (.*)$", run.output, re.MULTILINE)


@pytest.mark.smoke
def test_each_look_is_a_line_with_counts(ansible_playbook, fleet, task, deployment):
    run = ansible_playbook([task("Send", "connect_deploy", **deployment(**WAITING))], emulator=fleet).succeeded()
    seen = lines(run)
    assert len(seen) >= 2
    assert all(re.fullmatch(r"(\d+ \w+, )*\d+ \w+; \d+ s left", line) for line in seen), seen
    assert seen[-1].startswith("4 success; ")


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
