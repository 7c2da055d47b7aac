# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two rollouts in one play: the second takes nothing from the first, whose variables are still there."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.edgeops.jfrog_connect.tests.e2e.conftest import APP

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - block:
        - ansible.builtin.include_role: {name: edgeops.jfrog_connect.rollout}
          vars: {connect_groups: [Floor-1], connect_hooks: "{{ first_hooks }}"}
      rescue:
        - ansible.builtin.debug: {msg: the first failed}
    - ansible.builtin.include_role: {name: edgeops.jfrog_connect.rollout}
      vars: {connect_groups: [Floor-2]}
"""


def given(player, devices, tmp_path, **changes):
    playbook = tmp_path / "twice.yml"
    playbook.write_text(PLAY, encoding="utf-8")
    known = {
        "connect_devices": devices(player.emulator),
        "connect_project": "Kiosks",
        "connect_flow_id": "f-77aa-01bc",
        "connect_app": APP,
        "connect_wait_interval": 1,
        "connect_evidence_dir": str(tmp_path / "evidence"),
        "first_hooks": {},
    }
    return str(playbook), {**known, **changes}


def versions(player, group):
    return {one["apps"][0]["version"] for one in player.emulator.devices(group=group)}


def test_each_of_two_rollouts_in_a_play_updates_its_own_devices(play, devices, tmp_path: Path) -> None:
    player = play(devices=4, groups=2, held_percent=100)
    playbook, variables = given(player, devices, tmp_path)
    played = player(playbook, **variables).ok()
    assert versions(player, "Floor-1") == versions(player, "Floor-2") == {"3.2.0"}, played.output
    assert player.emulator.stats()["duplicates"] == []
    assert len(list((tmp_path / "evidence").glob("*.json"))) == 2


def test_a_rollout_after_one_that_failed_is_not_said_to_have_failed(play, devices, tmp_path: Path) -> None:
    player = play(devices=4, groups=2, held_percent=100)
    hook = tmp_path / "hook.yml"
    hook.write_text("- ansible.builtin.fail: {msg: no ticket}\n", encoding="utf-8")
    playbook, variables = given(player, devices, tmp_path, first_hooks={"before_window": str(hook)})
    played = player(playbook, **variables)
    assert played.code == 0, played.output
    assert versions(player, "Floor-1") == {"3.1.0"}
    assert versions(player, "Floor-2") == {"3.2.0"}
    assert "succeeded: 2 devices" in played.text
