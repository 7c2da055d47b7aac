# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No playbook prints a token, however much it is asked to print."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def silent(text, emulator):
    tokens = [emulator.user_token, *(one["device_token"] for one in emulator.devices())]
    assert [token for token in tokens if token in text] == []


HOOK = """
- name: Pass tokens on, as a careless hook might
  ansible.builtin.set_fact:
    connect_hook_result: {seen: "{{ connect_devices }}", by: "{{ connect_user_token }}"}
  no_log: true
"""


def test_a_window_prints_no_token_and_its_evidence_holds_none(play, window, tmp_path):
    run = play(devices=4, time_factor=600)
    run.emulator.configure(run.emulator.devices()[1]["device_uuid"], fail=True)
    hook = tmp_path / "hook.yml"
    hook.write_text(HOOK, encoding="utf-8")
    given = window(run.emulator, connect_hooks={"before_wave": str(hook)}, connect_user_token=run.emulator.user_token)
    failed = run("maintenance_window", "-vvvv", "--diff", **given)
    assert failed.code == 2
    silent(failed.output, run.emulator)
    evidence = sorted(Path(given["connect_evidence_dir"]).iterdir())
    assert [one.suffix for one in evidence] == [".html", ".json", ".jsonl"]
    for one in evidence:
        text = one.read_text(encoding="utf-8")
        assert "kiosk-0002" in text
        silent(text, run.emulator)


@pytest.mark.parametrize("playbook", ["hold", "release", "status", "deploy"])
def test_a_playbook_that_fails_prints_no_token(play, window, playbook):
    run = play(devices=3)
    run.emulator.add_fault("error_before", times=None)
    given = window(run.emulator, connect_retry_budget=1, connect_user_token=run.emulator.user_token)
    failed = run(playbook, "-vvvv", "--diff", **given)
    assert failed.code == 2
    silent(failed.output, run.emulator)


def test_the_text_of_a_survey_is_not_printed_either(play, devices):
    run = play(devices=3)
    text = json.dumps(devices(run.emulator))
    silent(run("hold", "-vvvv", connect_devices=text).ok().output, run.emulator)
    broken = run("hold", "-vvvv", connect_devices=text[:-1])
    assert broken.code == 2
    silent(broken.output, run.emulator)


def test_hosts_of_an_inventory_are_not_printed(play, tmp_path):
    run = play(devices=3)
    hosts = {
        one["device_name"]: {"connect_device_token": one["device_token"], "connect_device_uuid": one["device_uuid"]}
        for one in run.emulator.devices()
    }
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"kiosks": {"hosts": hosts}}))
    silent(run("hold", "-vvvv", "-i", str(inventory), connect_inventory_group="kiosks").ok().output, run.emulator)
