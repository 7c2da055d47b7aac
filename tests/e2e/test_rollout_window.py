# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing starts outside of the window, nor when too little of it is left; and the next night goes on."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

from ansible_collections.edgeops.jfrog_connect.tests.e2e.relay import AFTER, Boundary, relaying
from ansible_collections.edgeops.jfrog_connect.tests.e2e.rollouts import (
    HOLD,
    RELEASE,
    SEND,
    TRIGGER,
    each,
    epoch,
    instant,
    kiosks,
    once,
)

OVERRIDE = {"reason": "security fix", "by": "M. Dubois"}


def test_late_too_short_and_blacked_out_write_nothing_and_an_override_opens(rollout):
    night = rollout({"devices": 4, "held_percent": 50}, connect_waves=["50%", "100%"])
    held_before, over = night.held, [once("night", -7200, -3600)]
    override = {**OVERRIDE, "until": instant(600)}
    runs = [
        night(connect_windows=over),
        night(connect_windows=[once("night", -60, 200)], connect_max_update_time="5m"),
        night(connect_blackouts=[once("inventory", -60, 600)], connect_override=override),
    ]
    for run in runs:
        assert run.came_to == (2, "incomplete", "window_closed")
        assert (run.writes, run.changed) == (0, 0)
        assert set(run.outcomes.values()) == {"left"}
        assert "Nothing was sent" in run.text
    assert "inventory" in runs[2].text
    assert night.held == held_before

    forgiven = night(connect_windows=over, connect_incomplete_ok=True)
    assert forgiven.came_to == (0, "incomplete", "window_closed")
    assert forgiven.writes == 0

    opened = night(connect_windows=over, connect_override=override)
    assert opened.came_to == (0, "succeeded", None)
    assert set(opened.outcomes.values()) == {"updated"}
    assert {key: opened.report["override"][key] for key in OVERRIDE} == OVERRIDE


def test_what_is_unfinished_when_the_window_closes_is_held_and_goes_on_in_the_next(rollout):
    first, second, third = kiosks(1), kiosks(2, 3), kiosks(4, 5)
    night = rollout(
        {"devices": 5, "held_percent": 100},
        connect_waves=[{"name": "first", "devices": first}, {"name": "second", "devices": second}, "100%"],
        connect_max_update_time="2s",
    )
    night.configure(second[1], update_seconds=1e6)
    closing = once("night", -60, night.breath())
    cut = night(connect_windows=[closing])
    assert cut.came_to == (2, "incomplete", "window_closed")
    assert cut.outcomes[first[0]] == cut.outcomes[second[0]] == "updated"
    assert cut.names(RELEASE) == cut.names(SEND) == cut.names(HOLD) == first + second
    assert max(step.at for step in cut.steps if step.kind != HOLD) <= epoch(closing["to"]) - 2
    assert all(night.held.values())
    assert cut.report["run"]["summary"]["left"] == 3

    night.emulator.advance(2e6)
    rest = night(connect_windows=[once("night", -60, 600)])
    assert rest.came_to == (0, "succeeded", None)
    assert rest.names(SEND) == third
    assert night.updates == each(first + second + third, "success")
    assert all(night.held.values())


def test_a_window_that_closes_during_the_release_starts_nothing(rollout):
    night = rollout({"devices": 3, "held_percent": 100}, connect_max_update_time="1s")
    closing = once("night", -60, night.breath())
    last_moment = epoch(closing["to"]) - 1

    def hook(boundary: Boundary) -> None:
        if boundary.side == AFTER and boundary.path == TRIGGER:
            time.sleep(max(0.0, last_moment + 1 - time.time()))

    with relaying(night.emulator.url, hook) as relay:
        cut = night(connect_windows=[closing], connect_api_url=relay.url, connect_timeout=300)
    assert cut.came_to == (2, "incomplete", "window_closed")
    assert len(cut.names(RELEASE)) == 1, "the first is asked alone, and its reply came too late for the others"
    assert set(cut.names(RELEASE)) <= set(cut.names(HOLD))
    assert cut.names(SEND) == []
    assert max(step.at for step in cut.steps if step.kind == RELEASE) <= last_moment
    assert set(cut.outcomes.values()) == {"left"}
    assert all(night.held.values())


def test_each_device_has_the_hours_of_its_own_zone(rollout):
    """It is the same hour on the clock in both zones, half a day apart."""
    night = rollout({"devices": 4})
    here, there = kiosks(1, 2), kiosks(3, 4)
    began = (datetime.now(timezone.utc) - timedelta(hours=1)).strftime("%H:%M")
    window = {"name": "local night", "timezone": "device", "days": "daily", "start": began, "duration": "2h"}
    devices = [
        {**one, "timezone": "Etc/UTC" if one["name"] in here else "Etc/GMT+12"}
        for one in night.given["connect_devices"]
    ]
    half = night(connect_devices=devices, connect_windows=[window])
    assert half.came_to[:2] == (2, "incomplete")
    assert half.outcomes == {**dict.fromkeys(here, "updated"), **dict.fromkeys(there, "left")}
    assert {step.name for step in half.steps} == set(here)
    assert night.held == {**dict.fromkeys(here, True), **dict.fromkeys(there, False)}
