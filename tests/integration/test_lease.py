# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module that outlives its task or its run sends nothing more. Each test waits for what it can observe: the 429 that
makes the module wait, and the end of its process.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

WAIT = 60  # seconds that the service asks for; a module that does not notice its end sends again after them
PATIENT = {"retry_budget": 3600, "timeout": 60}
LONGEST = 240.0  # seconds that anything may take here


@pytest.fixture(params=["release", "hold", "deploy"])
def write(request, start_emulator, task, entries, deployment):
    """A fleet that answers 429 to the first write, the task that meets it, and the path of that write."""
    fleet = start_emulator(devices=4)
    if request.param == "deploy":
        path, one = "/v1/deploy_update", task("Send", "connect_deploy", **deployment(all_devices=True))
    else:
        path = "/v1/set_update_trigger"
        fleet.configure([device["device_uuid"] for device in fleet.devices()], held=request.param == "release")
        one = task(
            "Send",
            "connect_update_trigger",
            devices=entries(fleet.devices()[:1]),
            trigger_set=request.param == "hold",
        )
    fleet.add_fault("429", path=path, retry_after=str(WAIT))
    return fleet, one, path


def until(true, what):
    give_up = time.monotonic() + LONGEST
    while not true():
        assert time.monotonic() < give_up, what
        time.sleep(0.05)


def writes(fleet, path):
    return [entry for entry in fleet.log() if entry["path"] == path]


def modules(folder):
    """Processes of modules that were started with this home of Ansible."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        if b"AnsiballZ_connect_" in command and os.fsencode(folder) + b"\0" in environment:
            found.append(int(process.name))
    return found


def assert_only_the_refused_write_arrived(fleet, path, folder):
    until(lambda: not modules(folder), "the module did not end")
    assert [entry["status"] for entry in writes(fleet, path)] == [429]
    assert fleet.stats()["writes"] == 0


@pytest.mark.smoke
@pytest.mark.parametrize("progress", [True, False])
def test_after_a_task_timeout_nothing_is_sent(ansible, write, progress, tmp_path):
    """The run goes on meanwhile, as a rollout does that holds its devices then."""
    fleet, one, path = write
    for seconds in (4, 15, 45):  # long enough for the module to meet the 429 on this machine
        over, end = tmp_path / f"over-{seconds}", tmp_path / f"end-{seconds}"
        tasks = [
            {**one, "timeout": seconds, "ignore_errors": True},
            {"name": "Over", "ansible.builtin.file": {"path": str(over), "state": "touch"}},
            {"name": "Wait", "ansible.builtin.wait_for": {"path": str(end), "timeout": int(LONGEST)}},
        ]
        command = ansible.playbook_command(tasks, fleet, PATIENT, {"connect_progress": progress})
        process = ansible.start(command, ansible.folder / f"record-{seconds}")
        until(over.exists, "the task did not end")
        met = writes(fleet, path)
        if met:
            assert_only_the_refused_write_arrived(fleet, path, ansible.folder)
        assert process.poll() is None
        end.touch()
        output, _nothing = process.communicate(timeout=LONGEST)
        assert process.returncode == 0, output
        if met:
            return
    pytest.skip("the module did not meet the 429 in 45 s")


@pytest.mark.smoke
def test_after_a_kill_of_ansible_playbook_nothing_is_sent(ansible, write):
    fleet, one, path = write
    process = ansible.start(ansible.playbook_command([one], fleet, PATIENT), ansible.folder / "record")
    until(lambda: writes(fleet, path), "the module did not send")
    process.kill()  # and nobody takes note of its end: it stays a zombie until the module has ended
    assert_only_the_refused_write_arrived(fleet, path, ansible.folder)
    process.communicate(timeout=LONGEST)


def test_after_a_kill_of_the_worker_nothing_is_sent(ansible, write):
    fleet, one, path = write
    process = ansible.start(ansible.playbook_command([one], fleet, PATIENT), ansible.folder / "record")
    until(lambda: writes(fleet, path), "the module did not send")
    for worker in children(process.pid):
        os.kill(worker, signal.SIGKILL)
    assert_only_the_refused_write_arrived(fleet, path, ansible.folder)
    process.kill()
    process.communicate(timeout=LONGEST)


def children(process):
    found = []
    for tasks in Path("/proc/%d/task" % process).glob("*/children"):
        found += [int(child) for child in tasks.read_text().split()]
    return found


@pytest.mark.smoke
def test_a_task_in_the_background_sends_nothing_after_the_run(ansible, write, tmp_path):
    """The worker has ended at once, by design: the run counts."""
    fleet, one, path = write
    flag = tmp_path / "go on"
    tasks = [
        {**one, "async": 3600, "poll": 0},
        {"name": "Wait", "ansible.builtin.wait_for": {"path": str(flag), "timeout": int(LONGEST)}},
    ]
    process = ansible.start(ansible.playbook_command(tasks, fleet, PATIENT), ansible.folder / "record")
    until(lambda: writes(fleet, path), "the module did not send")
    flag.touch()
    output, _nothing = process.communicate(timeout=LONGEST)
    assert process.returncode == 0, output
    assert_only_the_refused_write_arrived(fleet, path, ansible.folder)


def soon(fleet, path):
    fleet.clear_faults()
    fleet.add_fault("429", path=path, retry_after="1")


@pytest.mark.parametrize("write", ["hold"], indirect=True)
def test_a_task_in_the_background_finishes_while_the_run_goes_on(ansible, write):
    fleet, one, path = write
    soon(fleet, path)
    ansible.playbook([{**one, "async": 3600, "poll": 1}], emulator=fleet, defaults=PATIENT).succeeded()
    assert [entry["status"] for entry in writes(fleet, path)] == [429, 200]


@pytest.mark.parametrize("write", ["hold"], indirect=True)
def test_a_task_that_waits_and_goes_on_leaves_no_file_behind(ansible, write, tmp_path):
    fleet, one, path = write
    soon(fleet, path)
    ansible.playbook([one], emulator=fleet, defaults=PATIENT, env={"TMPDIR": str(tmp_path)}).succeeded()
    assert [entry["status"] for entry in writes(fleet, path)] == [429, 200]
    assert list(tmp_path.glob("connect-*")) == []
