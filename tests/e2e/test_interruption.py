# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is interrupted: whatever it left behind, running it again ends as an undisturbed run would."""

from __future__ import annotations

import signal
import time

import pytest


def wait_for(condition, seconds=60.0):
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, "the moment never came"
        time.sleep(0.05)


def released(emulator):
    return any(not one["held"] for one in emulator.devices())


def deployed(emulator):
    return "/v1/deploy_update" in emulator.stats()["writes_by_path"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
@pytest.mark.parametrize("moment", [released, deployed], ids=["after the release began", "after the deployment"])
def test_a_rerun_after_an_interruption_finishes_the_window(play, window, end_of, number, moment):
    # Updates that take a while, so that the interruption comes while they run.
    run = play(devices=12, update_seconds=240)
    run.emulator.configure([one["device_uuid"] for one in run.emulator.devices()], held=True)
    given = window(run.emulator)
    process = run.start("maintenance_window", **given)
    wait_for(lambda: moment(run.emulator))
    end_of(process, number)

    run("maintenance_window", **given).ok()

    fleet = run.emulator.devices()
    assert all(one["held"] for one in fleet)
    assert all([update["update_status"] for update in one["updates"]] == ["success"] for one in fleet)
    assert run.emulator.stats()["duplicates"] == []
