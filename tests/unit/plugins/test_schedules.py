# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small number of random schedules for every change; thousands: python -m tests.unit.plugins.schedules --help."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.unit.plugins.schedules import play

SMOKE = range(1, 301)
BROKEN = {  # what runs and thousands of others have found; a strict xfail says when one is mended
    26: "a hold of unknown fate that a look does not confirm is called failed and unchanged, and lands later",
    155: "the same",
    3954: "how long ago a device was sent to is asked when the list is old already: pacing lay in between",
    1022: "a release that certainly was not sent replaces the note of the hold before it",
}


@pytest.mark.parametrize(
    "seed",
    [
        *(seed for seed in SMOKE if seed not in BROKEN),
        *(pytest.param(seed, marks=pytest.mark.xfail(reason=reason)) for seed, reason in BROKEN.items()),
    ],
)
def test_what_is_promised_holds_whatever_happens(seed: int) -> None:
    schedule = play(seed)
    assert not schedule.violations, str(schedule)


def test_a_seed_gives_the_same_schedule_every_time() -> None:
    assert str(play(7)) == str(play(7))
