# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No playbook prints a token or a secret parameter, however much it is asked to print."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

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


def test_hosts_of_an_inventory_are_not_printed(play):
    run = play(devices=3)
    inventory = run.inventory()
    silent(run("hold", "-vvvv", "-i", str(inventory), connect_inventory_group="kiosks").ok().output, run.emulator)


# Secret parameters

PASSWORD = "Ünlock-my/w1fi +please"
VAULTED = """
connect_parameters: {wifi_name: kiosks}
connect_secret_parameters:
  wifi_password: !vault |
    %s
"""
REPEATS = """
- name: Pass a secret on, as a careless hook might
  ansible.builtin.set_fact:
    connect_hook_result: {seen: "{{ connect_secret_parameters }}", coded: "{{ connect_secret_parameters | b64encode }}"}
  no_log: true
"""
TALKATIVE = {"ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "true", "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false"}


@pytest.fixture
def vaulted(ansible_bin, tmp_path):
    """Options for ansible-playbook: a file of variables in which only a value is vaulted."""
    key, file = tmp_path / "vault.key", tmp_path / "vaulted.yml"
    key.write_text("open sesame")
    encrypt = [str(ansible_bin / "ansible-vault"), "encrypt_string", "--vault-password-file", str(key), PASSWORD]
    text = subprocess.run(encrypt, check=True, capture_output=True, text=True).stdout
    file.write_text(VAULTED % "\n    ".join(line.strip() for line in text.splitlines() if "!vault" not in line))
    return ["-e", f"@{file}", "--vault-password-file", str(key)]


def shows(text):
    spelled = (PASSWORD, json.dumps(PASSWORD)[1:-1], quote(PASSWORD), b64encode(PASSWORD.encode()).decode())
    return [one for one in spelled if one in text]


def left_behind(folder, *but):
    """Evidence, journal and whatever else a run has written, as text."""
    files = [one for one in folder.rglob("*") if one.is_file() and one.name not in ("variables.json", *but)]
    assert {".jsonl", ".html", ".json"} <= {one.suffix for one in files}
    return "".join(one.read_bytes().decode("utf-8", "replace") for one in files)


@pytest.mark.smoke
def test_a_window_shows_the_names_of_secret_parameters_and_never_their_values(play, window, vaulted, tmp_path):
    run = play(devices=2, time_factor=600)
    run.environment.update(TALKATIVE)
    hook = tmp_path / "hook.yml"
    hook.write_text(REPEATS, encoding="utf-8")
    given = window(run.emulator, connect_hooks={"before_wave": str(hook)})
    run.emulator.configure(run.emulator.devices()[1]["device_uuid"], fail=True)

    planned = run("maintenance_window", "--check", "-vvvv", "--diff", *vaulted, **given).ok()
    assert "Secret parameters, whose values are not shown: wifi_password." in planned.text
    failed = run("maintenance_window", "-vvvv", "--diff", *vaulted, **given)
    assert failed.code == 2
    parameters = {"wifi_name": "kiosks", "wifi_password": PASSWORD}
    again = run("maintenance_window", "-vvvv", "--diff", *vaulted, **given)
    assert [one["parameters"] for one in run.emulator.deployments()] == [parameters]

    said = planned.output + failed.output + again.output
    assert "step=wave" in said  # the arguments are printed
    assert shows(said + left_behind(tmp_path)) == []
    silent(said, run.emulator)
    reports = [json.loads(one.read_text(encoding="utf-8")) for one in (tmp_path / "evidence").glob("*.json")]
    assert [one["run"]["inputs"]["secret_parameters"] for one in reports] == [["wifi_password"]] * 2


def test_deploy_sends_a_changed_secret_anew_and_prints_none(play, vaulted, tmp_path):
    run = play(devices=2, time_factor=600)
    run.environment.update(TALKATIVE)
    given = {"connect_project": "Kiosks", "connect_flow_id": "f-77aa-01bc", "connect_all_devices": True}
    given["connect_wait_interval"] = 1
    runs = [run("deploy", "-vvvv", "--diff", *vaulted, **given).ok() for _each in range(2)]
    assert [one.writes for one in runs] == [1, 0]
    survey = json.dumps({"wifi_password": PASSWORD + "!"})
    runs.append(run("deploy", "-vvvv", "--diff", **given, connect_secret_parameters=survey).ok())
    assert runs[-1].writes == 1
    runs.append(run("deploy", "-vvvv", **given, connect_secret_parameters={"wifi_password": [PASSWORD]}))
    runs.append(run("deploy", "-vvvv", **given, connect_secret_parameters=survey[:-1]))
    run.emulator.add_fault("error_before", times=None)
    runs.append(run("deploy", "-vvvv", *vaulted, **given, connect_retry_budget=1))
    assert [one.code for one in runs[3:]] == [2, 2, 2]
    assert "secret_parameters.wifi_password is a list" in runs[3].text
    assert shows("".join(one.output for one in runs)) == []
