# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small number of random rollouts for every change; thousands: python -m tests.simulation.rollouts --help."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.simulation.rollouts import play

SMOKE = range(1, 61)
pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # of processes that were killed


@pytest.mark.parametrize("seed", SMOKE)
def test_what_is_promised_holds_whatever_happens(seed: int) -> None:
    schedule = play(seed)
    assert not schedule.violations, str(schedule)


def test_a_seed_gives_the_same_schedule_every_time() -> None:
    assert str(play(7)) == str(play(7))
