# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waves that go wrong: who is spared, what is allowed, what says too little, and what a rollback reaches."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.e2e.rollouts import HOLD, RELEASE, SEND, each, kiosks

CANARY = {"name": "canary", "tag": "canary"}
BACK = {"connect_rollback_flow_id": "f-0000-back"}
FLOWS = ["f-77aa-01bc", "f-0000-back"]


@pytest.mark.smoke
def test_a_canary_that_fails_spares_all_others_until_it_is_tried_again(rollout):
    night = rollout({"devices": 6, "held_percent": 50}, connect_waves=[CANARY, "100%"])
    canaries, others = kiosks(1, 4), kiosks(2, 3, 5, 6)
    night.configure(canaries[0], fail=True)
    held_before = night.held

    failed = night()
    assert failed.came_to == (2, "stopped", "rollout_failed")
    assert failed.names(RELEASE) == [name for name in canaries if held_before[name]]
    assert failed.names(SEND) == failed.names(HOLD) == canaries
    assert {name: night.updates[name] for name in others} == each(others)
    assert night.held == {**held_before, **dict.fromkeys(canaries, True)}
    assert failed.outcomes == {canaries[0]: "failed", canaries[1]: "updated", **dict.fromkeys(others, "left")}
    assert "connect_retry_failed" in failed.text

    again = night()
    assert again.came_to == (2, "stopped", "rollout_failed")
    assert (again.writes, again.changed) == (0, 0)

    night.configure(canaries[0], fail=False)
    healed = night(connect_retry_failed=True, may_be_twice=True)
    assert healed.came_to == (0, "succeeded", None)
    assert night.updates == {**each(others + canaries, "success"), canaries[0]: ["failed", "success"]}
    assert healed.names(SEND) == sorted([canaries[0], *others])
    assert all(night.held.values())


def test_limits_per_wave_and_in_all_and_a_device_that_two_waves_name(rollout):
    """A third may fail in a wave, but only one in all. The second wave names a device of the first once more."""
    first, second, third = kiosks(1, 2, 3), kiosks(4, 5, 6), kiosks(7, 8)
    night = rollout(
        {"devices": 8},
        connect_waves=[
            {"name": "first", "devices": first},
            {"name": "second", "devices": [first[0], *second]},
            "100%",
        ],
        connect_thresholds={"wave": {"failed": "34%", "minimum": 3}, "total": {"failed": 1}},
    )
    night.configure(first[1], second[2], fail=True)
    stopped = night()
    assert stopped.came_to == (2, "stopped", "rollout_failed")
    assert "All waves so far: 2 of 6 devices failed (limit 1)" in stopped.text
    assert stopped.names(SEND) == stopped.names(HOLD) == first + second
    assert [stopped.of_wave(name) for name in ("first", "second")] == [first, second]
    assert night.updates == {
        **each(first + second, "success"),
        **each([first[1], second[2]], "failed"),
        **each(third),
    }
    assert [wave["verdict"] for wave in stopped.report["waves"]] == ["proceed", "stop", None]


def test_too_few_for_a_verdict_pause_the_rollout(rollout):
    first, rest = kiosks(1, 2, 3, 4), kiosks(5, 6)
    night = rollout(
        {"devices": 6},
        connect_waves=[{"name": "first", "devices": first}, "100%"],
        connect_thresholds={"wave": {"failed": "50%", "minimum": 3}},
        connect_incomplete_ok=True,
    )
    night.configure(*first[:2], online=False)
    night.configure(first[2], fail=True)
    paused = night()
    assert paused.came_to == (2, "incomplete", "inconclusive")
    assert "2 of 3 devices needed for a verdict reported a result" in paused.text
    assert paused.names(SEND) == first[2:]
    assert paused.outcomes == {
        **dict.fromkeys(first[:2], "left"),
        **{first[2]: "failed", first[3]: "updated"},
        **dict.fromkeys(rest, "left"),
    }

    night.configure(*first[:2], online=True)
    continued = night()
    assert continued.came_to == (0, "succeeded", None)
    assert continued.names(SEND) == sorted([*first[:2], *rest])
    assert all(night.held.values())


def test_a_rollback_reaches_exactly_the_devices_that_were_touched(rollout):
    night = rollout({"devices": 6, "flow": FLOWS}, connect_waves=[CANARY, "100%"], **BACK)
    canaries, others = kiosks(1, 4), kiosks(2, 3, 5, 6)
    night.configure(canaries[0], fail=True)
    failed = night()
    assert failed.came_to == (2, "stopped", "rollout_failed")
    assert "Rolled back" in failed.text
    assert failed.names(SEND) == sorted(canaries * 2)
    assert failed.outcomes == {canaries[0]: "failed", canaries[1]: "rolled_back", **dict.fromkeys(others, "left")}
    assert night.held == {**dict.fromkeys(canaries, True), **dict.fromkeys(others, False)}
    assert {name: len(found) for name, found in night.updates.items()} == {
        **dict.fromkeys(canaries, 2),
        **dict.fromkeys(others, 0),
    }

    again = night()
    assert again.came_to == (2, "refused", "rolled_back")
    assert again.writes == 0
