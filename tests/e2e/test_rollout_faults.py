# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A service that does not do as it should: limits, lost replies, late lists."""

from __future__ import annotations

import time

from ansible_collections.edgeops.jfrog_connect.tests.e2e.rollouts import (
    DEPLOY,
    HOLD,
    RELEASE,
    SEND,
    TRIGGER,
    each,
    kiosks,
)

ALL = kiosks(1, 2, 3, 4)


def test_limits_cost_time_and_no_device_is_called_too_often(rollout):
    """With the pacing as delivered, the limit of the service, and refusals on top of it."""
    night = rollout(
        {"devices": 4, "held_percent": 100, "rate_limit": 3, "ban_after": 12},
        connect_waves=["50%", "100%"],
        connect_device_calls_per_minute=3,
        connect_account_calls_per_minute=60,
    )
    for path in (TRIGGER, "/v1" + DEPLOY, "/v1/devices_details"):
        night.emulator.add_fault("429", path=path, after=1, times=1, retry_after=1)
    done = night()
    stats = night.emulator.stats()
    assert done.came_to == (0, "succeeded", None)
    assert stats["max_device_calls_per_minute"] <= 3
    assert [entry["fault"] for entry in night.emulator.log() if entry["status"] == 429] == ["429"] * 3
    assert night.updates == each(ALL, "success")
    assert all(night.held.values())
    assert set(done.outcomes.values()) == {"updated"}


def test_lost_replies_and_late_lists_change_nothing(rollout):
    night = rollout({"devices": 4, "held_percent": 100, "lag_seconds": 2}, connect_waves=[{"tag": "canary"}, "100%"])
    night.emulator.add_fault("drop_after", path="/v1" + DEPLOY, times=2)
    night.emulator.add_fault("error_after", path=TRIGGER, after=1, times=1)
    night.emulator.add_fault("drop_after", path=TRIGGER, after=3, times=2)
    night.emulator.add_fault("late", path="/v1" + DEPLOY, after=1, times=1, seconds=2)
    done = night()
    assert done.came_to == (0, "succeeded", None)
    assert night.updates == each(ALL, "success")
    assert all(night.held.values())
    assert set(done.outcomes.values()) == {"updated"}
    assert set(done.names(RELEASE)) == set(done.names(HOLD)) == set(done.names(SEND)) == set(ALL)
    time.sleep(2)
    again = night()
    assert again.came_to == (0, "nothing_to_do", None)
    assert again.writes == 0
