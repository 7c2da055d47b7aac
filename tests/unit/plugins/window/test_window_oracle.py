# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine against the oracle in a sample of zones. All of them: python -m tests.oracle --zones all."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import datetime, timezone

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows
from tests.oracle.battery import Case, Change, battery
from tests.oracle.oracle import DAY
from tests.oracle.random_cases import random_cases
from tests.oracle.sweep import SAMPLE, Tally, sample_zones, sweep_zone

# Each zone changes its clock forward and back in the next year; to tell zones apart takes the year after it too.
START, NEXT, LATER = (datetime(2026 + year, 11, 25, tzinfo=timezone.utc) for year in range(3))
RANDOM = 20  # cases that nobody thought of, at each change
SHARE = 3  # of the battery, one case in so many is tried at a change: the seed says which


def sample(seed: int, change: Change) -> Iterator[Case]:
    chance = random.Random("%d %s" % (seed, change))
    yield from (case for case in battery(change) if chance.randrange(SHARE) == 0)
    yield from random_cases(change, seed, RANDOM)


def check(zones: list[str], seed: int, end: datetime) -> None:
    print("seed %d: %s" % (seed, ", ".join(zones)))
    total = Tally()
    for zone in zones:
        tally = sweep_zone(read_windows, zone, START, end, 2, lambda change: sample(seed, change))
        assert tally.counts["changes"] >= 2
        total.add(tally)
    assert total.counts["minutes"] == total.counts["cases"] * 6 * DAY > 0
    assert not total.findings, "\n\n".join(total.findings[:3])


@pytest.mark.parametrize("zone", SAMPLE)
def test_the_engine_agrees_with_the_oracle(zone: str) -> None:
    check([zone], 1, NEXT)


def test_the_engine_agrees_with_the_oracle_in_other_zones_each_time() -> None:
    seed = time.time_ns() % 10**6
    check(sample_zones(seed, START, LATER)[len(SAMPLE) :], seed, NEXT)
