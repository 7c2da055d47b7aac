# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook of docs/by_hand.md, which composes the modules, against the emulator."""

from __future__ import annotations

import re

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.e2e.rollouts import once
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "by_hand.md").read_text(encoding="utf-8")
(PLAYBOOK,) = re.findall(r"^```yaml\n(# by_hand\.yml\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def by_hand(request, play, devices, tmp_path):
    """Runs it for the canaries of a held fleet, in a window from and to so many seconds from now."""
    more = getattr(request, "param", {})
    run = play(devices=12, groups=2, tags="canary=30", held_percent=100, time_factor=600, **more)
    playbook = tmp_path / "by_hand.yml"
    playbook.write_text(PLAYBOOK, encoding="utf-8")
    names = {one["device_name"] for one in run.emulator.devices() if "canary" in one["tags"]}
    canaries = [one for one in devices(run.emulator) if one["name"] in names]

    def in_window(start, end, *options):
        return run(str(playbook), *options, canaries=canaries, windows=[once("night", start, end)])

    return run.emulator, in_window


def states(emulator):
    return {
        one["device_name"]: (one["held"], [update["update_status"] for update in one["updates"]])
        for one in emulator.devices()
        if "canary" in one["tags"]
    }


def test_it_is_as_short_as_it_says():
    assert len(PLAYBOOK.splitlines()) <= 30 + 1  # the first line is the name of the file
    modules = set(re.findall(r"connect_(?:window|update_trigger|deploy)\b", PLAYBOOK))
    assert modules == {"connect_window", "connect_update_trigger", "connect_deploy"}
    assert "block:" in PLAYBOOK
    assert "always:" in PLAYBOOK


def test_it_predicts_updates_holds_again_and_stays_silent(by_hand):
    emulator, in_window = by_hand
    assert in_window(-60, 3600, "--check").ok().writes == 0
    assert in_window(-60, 3600).ok().writes == 4 + 1 + 4  # release, send, hold
    assert set(map(str, states(emulator).values())) == {str((True, ["success"]))}
    again = in_window(-60, 3600).ok()
    assert again.writes == 4 + 4  # it releases and holds, but sends nothing
    assert set(map(str, states(emulator).values())) == {str((True, ["success"]))}
    assert all(one["held"] for one in emulator.devices())


def test_it_holds_again_when_the_update_fails(by_hand):
    emulator, in_window = by_hand
    failing = next(one for one in emulator.devices() if "canary" in one["tags"])
    emulator.configure(failing["device_uuid"], fail=True)
    failed = in_window(-60, 3600)
    assert failed.code == 2
    assert failing["device_name"] in failed.text
    assert all(one["held"] for one in emulator.devices())


@pytest.mark.parametrize("by_hand", [{"flow": "f-another"}], indirect=True, ids=["unknown flow"])
def test_it_holds_again_when_the_sending_is_refused(by_hand):
    emulator, in_window = by_hand
    assert in_window(-60, 3600).code == 2
    assert set(map(str, states(emulator).values())) == {str((True, []))}


@pytest.mark.parametrize(("start", "end"), [(600, 7200), (-600, 600)], ids=["closed", "too little left"])
def test_it_sends_nothing_without_a_window(by_hand, start, end):
    _emulator, in_window = by_hand
    closed = in_window(start, end)
    assert (closed.code, closed.writes) == (2, 0)
