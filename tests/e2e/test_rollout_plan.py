# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All well: check mode says what will be done, the run does exactly that, and the second run writes nothing."""

from __future__ import annotations

import csv
import re

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.e2e.rollouts import HOLD, RELEASE, SEND, kiosks

CANARY = {"name": "canary", "tag": "canary"}


@pytest.mark.smoke
def test_three_waves_are_planned_approved_carried_out_and_not_repeated(rollout):
    night = rollout({"devices": 8, "held_percent": 50}, connect_waves=[CANARY, "50%", "100%"])
    night.configure(*kiosks(3), apps={"kiosk_ui": "3.2.0"})
    held_before = night.held
    due = kiosks(1, 2, 4, 5, 6, 7, 8)

    planned = night("--check")
    digest, writes = re.findall(r"Digest (\w+), mark \S+\.\W+API calls: (\d+) writes", planned.text)[0]
    assert (planned.code, planned.changed, planned.writes) == (0, 1, 0)
    assert "7 of 8 devices to be updated" in planned.text
    (page, cells) = (next(night.folder.glob("plan-*." + kind)) for kind in ("html", "csv"))
    assert sorted(night.folder.iterdir()) == sorted([page, cells])  # and no evidence of a run
    assert f"The plan of every device: {page}, and for spreadsheets {cells}." in planned.text
    assert f"connect_approved_digest={digest}" in page.read_text(encoding="utf-8")
    with cells.open(encoding="utf-8", newline="") as file:
        rows = {row["device"]: row for row in csv.DictReader(file)}
    assert {name: row["update"] for name, row in rows.items()} == {**dict.fromkeys(due, "yes"), "kiosk-0003": "no"}
    assert night.held == held_before

    refused = night(connect_approved_digest="0123456789abcdef")
    assert refused.code == 2
    assert refused.writes == 0
    assert "but 0123456789abcdef was approved" in refused.text
    assert "have the new plan approved" in refused.text

    done = night(connect_approved_digest=digest)
    assert done.came_to == (0, "succeeded", None)
    assert done.writes == int(writes)
    assert done.report["plan"]["digest"] == digest
    assert done.names(RELEASE) == [name for name in due if held_before[name] is True]
    assert done.names(SEND) == due
    assert done.names(HOLD) == due
    assert done.outcomes == {**dict.fromkeys(due, "updated"), "kiosk-0003": "current"}
    assert night.held == {**dict.fromkeys(due, True), "kiosk-0003": held_before["kiosk-0003"]}
    assert set(night.versions.values()) == {"3.2.0"}

    waves = [done.of_wave(wave["name"]) for wave in done.report["waves"]]
    assert [len(wave) for wave in waves] == [2, 2, 4]
    assert waves[0] == night.tagged("canary")
    order = [next(at for at, wave in enumerate(waves) if step.name in wave) for step in done.steps]
    assert order == sorted(order), "a wave began before the one before it was held again"

    again = night(connect_approved_digest=digest)
    assert again.came_to == (0, "nothing_to_do", None)
    assert (again.changed, again.writes) == (0, 0)
    assert again.outcomes == {**dict.fromkeys(due, "done_before"), "kiosk-0003": "current"}


def test_where_there_is_nothing_to_do_nothing_is_written(rollout):
    night = rollout({"devices": 4, "project": {"Kiosks": 4, "Empty": 0}, "held_percent": 50}, connect_waves=["50%", 4])
    none = {"connect_all_devices": False, "connect_filters": [{"type": "tag", "operand": "is", "value": "nowhere"}]}
    empty_target, empty_fleet = night(**none), night(connect_project="Empty")
    night.configure(*kiosks(1, 2, 3, 4), apps={"kiosk_ui": "3.2.0"})
    current = night()
    for run in (empty_target, empty_fleet):  # more likely a mistake than a fleet that is done
        assert run.came_to == (2, "refused", "empty_target")
    assert current.came_to == (0, "nothing_to_do", None)
    for run in (empty_target, empty_fleet, current):
        assert (run.writes, run.changed) == (0, 0)
    assert set(current.outcomes.values()) == {"current"}

    for options, hook in (
        (("--check",), str(night.folder / "no-such-hook.yml")),
        ((), str(night.folder / "no-such-hook.yml")),
        (("--check",), "hooks/no-such-hook.yml"),
        ((), "hooks/no-such-hook.yml"),
    ):
        without_hook = night(*options, connect_hooks={"after_wave": hook})
        assert (without_hook.code, without_hook.writes) == (2, 0)
        assert "hooks.after_wave is %s, which is not a file" % hook in without_hook.text

    unnamed = night(connect_devices=[])
    assert (unnamed.code, unnamed.requests) == (2, 0)
    assert "No devices are given: set connect_devices" in unnamed.text
