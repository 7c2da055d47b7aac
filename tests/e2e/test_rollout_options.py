# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the rollout is told what to do: answers of a survey, hooks, and what it says meanwhile."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from ansible_collections.edgeops.jfrog_connect.tests.e2e.rollouts import HOLD, SEND, each, epoch, kiosks, once

SPECS = Path(__file__).resolve().parents[2] / "roles" / "rollout" / "meta" / "argument_specs.yml"
HOOK = """
- name: Tell what was done
  ansible.builtin.set_fact:
    connect_hook_result: {{told: "{name} of {{{{ connect_wave.name | default('the window') }}}}"}}
"""
FAILS = "- ansible.builtin.fail: {msg: the switch in the store is down}\n"


def test_each_variable_may_be_the_text_of_a_survey(rollout, tmp_path):
    meant = {
        "connect_groups": ["Floor-1"],
        "connect_filters": [{"type": "app", "operand": "is_not", "value": "kiosk_ui", "app_version": "3.2.0"}],
        "connect_all_devices": False,
        "connect_comment": "Change 4711",
        "connect_parameters": {"restart": "yes"},
        "connect_secret_parameters": {"wifi_password": "hush-hush"},
        "connect_deployment_key": "4711",
        "connect_retry_failed": True,
        "connect_waves": [{"devices": kiosks(1), "soak": 1}, "100%"],
        "connect_wave_seed": "7",
        "connect_thresholds": {"wave": {"failed": "10%", "minimum": 1}},
        "connect_soak": 0,
        "connect_wait_timeout": 50,
        "connect_wait_interval": 1,
        "connect_blackouts": [once("inventory", 3600, 7200)],
        "connect_override": {"reason": "drill", "by": "M. Dubois", "until": once("drill", 0, 86400)["to"]},
        "connect_window_wait": 0,
        "connect_offline": "skip",
        "connect_foreign_pending": "skip",
        "connect_untracked": "skip",
        "connect_self_managed": kiosks(4),
        "connect_after": "restore",
        "connect_incomplete_ok": True,
        "connect_approved_digest": "",
        "connect_rollback_flow_id": "f-77aa-01bc",
        "connect_rollback_app": {"name": "kiosk_ui", "version": "3.1.0"},
        "connect_rollback_outside_window": True,
        "connect_hooks": {"before_window": ""},
        "connect_report_timezone": "Europe/Paris",
    }
    night = rollout({"devices": 4}, **meant)
    known = set(yaml.safe_load(SPECS.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"])
    assert known - set(night.given) == {"connect_inventory_group"}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in night.given.items()}

    typed, told = night("--check"), night("--check", **texts)
    digests = [re.findall(r"Digest (\w+), mark (\w+)", run.text) for run in (typed, told)]
    assert digests[0] == digests[1] != []
    assert typed.code == told.code == 0

    done = night(**{**texts, "connect_approved_digest": digests[0][0][0], "connect_progress": "false"})
    assert done.came_to == (0, "succeeded", None)
    assert done.outcomes == dict.fromkeys(kiosks(1, 2), "updated")
    assert night.updates == {**each(kiosks(1, 2), "success"), **each(kiosks(3, 4))}
    sent = {**meant["connect_parameters"], **meant["connect_secret_parameters"]}
    assert [one["parameters"] for one in night.emulator.deployments()] == [sent] * 2
    assert done.report["run"]["started_at_local"].endswith(("+01:00", "+02:00"))
    assert "connect_deploy: " not in done.output


def test_hooks_run_at_their_places_with_results_in_the_evidence_once_the_window_opens(rollout, tmp_path):
    hooks = {}
    for name in ("before_window", "before_wave", "after_wave", "after_window"):
        hooks[name] = str(tmp_path / (name + ".yml"))
        Path(hooks[name]).write_text(HOOK.format(name=name), encoding="utf-8")
    night = rollout({"devices": 2}, connect_waves=[1, 2], connect_hooks=hooks, connect_window_wait="2m")
    opening = once("night", 9, 600)
    done = night(connect_windows=[opening])
    assert done.came_to == (0, "succeeded", None)
    assert min(step.at for step in done.steps) >= epoch(opening["from"])
    first, second = (wave["name"] for wave in done.report["waves"])
    assert [one["result"]["told"] for one in done.report["hooks"]] == [
        "before_window of the window",
        *("before_wave of " + first, "after_wave of " + first),
        *("before_wave of " + second, "after_wave of " + second),
        "after_window of the window",
    ]
    assert not any(one["failed"] for one in done.report["hooks"])
    assert "connect_rollout: " in done.output


def test_a_hook_that_fails_ends_the_rollout_and_leaves_nothing_open(rollout, tmp_path):
    hook = tmp_path / "fails.yml"
    hook.write_text(FAILS, encoding="utf-8")
    night = rollout({"devices": 4}, connect_waves=["50%", "100%"])
    for name, touched in (("before_wave", 0), ("after_wave", 2)):
        failed = night(connect_hooks={name: str(hook)})
        assert failed.came_to[:2] == (2, "failed")
        assert "the switch in the store is down" in failed.text
        assert [(one["name"], one["failed"]) for one in failed.report["hooks"]] == [(name, True)]
        assert len(failed.names(SEND)) == len(failed.names(HOLD)) == touched
    assert sum(night.held.values()) == 2
