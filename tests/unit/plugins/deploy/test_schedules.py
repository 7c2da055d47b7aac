# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small number of random schedules for every change; thousands: python -m tests.simulation.deployments --help."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.simulation.deployments import play

SMOKE = range(1, 301)
FOUND = (1022, 3954, 4077, 4302, 4778)  # beyond the smoke: seeds that found something when they were first played


@pytest.mark.parametrize("seed", [*SMOKE, *FOUND])
def test_what_is_promised_holds_whatever_happens(seed: int) -> None:
    schedule = play(seed)
    assert not schedule.violations, str(schedule)


def test_a_seed_gives_the_same_schedule_every_time() -> None:
    assert str(play(7)) == str(play(7))
