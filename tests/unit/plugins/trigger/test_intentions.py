# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A hold or a release that had to wait does not undo what a later task on this machine wants."""

from __future__ import annotations

import asyncio

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.journal import Journal
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._trigger.apply import apply_trigger
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._trigger.plan import Entry, TriggerRequest
from ansible_collections.edgeops.jfrog_connect.tests.unit.plugins.service.test_faults import World
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import DETAILS, TRIGGER, run_on

HOLD = pytest.mark.parametrize("hold", [True, False], ids=["hold", "release"])


@pytest.fixture
def world():
    made = World(size=3)
    yield made
    made.journal.close()


def request(world, hold, numbers=(0, 1, 2), **changes):
    devices = [world.devices()[number] for number in numbers]
    entries = tuple(
        Entry(one["device_token"], one["device_uuid"], one["device_name"], "devices[%d]" % at)
        for at, one in enumerate(devices)
    )
    options = {"project": "Kiosks", "group": None, "force": False, "verify": False, **changes}
    return TriggerRequest(entries, hold, **options)


def held(world):
    return [one["held"] for one in world.devices()]


def one_by_one(world, *tasks):
    """Tasks as (seconds until it starts, client, request); their reports."""

    async def later(seconds, client, wanted):
        await asyncio.sleep(seconds)
        return await apply_trigger(wanted, client, dry=False)

    async def all_of_them():
        return await asyncio.gather(*(later(*one) for one in tasks))

    return run_on(world.clock, all_of_them())


def waiting(world, hold):
    """The fleet is in the opposite state, and whoever writes first waits for a minute, for each device."""
    world.emulator.configure([one["device_uuid"] for one in world.devices()], held=not hold)
    world.emulator.add_fault("429", path=TRIGGER, times=3)


@HOLD
@pytest.mark.parametrize("force", [True, False])
def test_one_that_waited_is_kept_back_by_a_later_opposite_one(world, hold, force):
    waiting(world, hold)
    first, second = one_by_one(
        world,
        (0, world.client(300), request(world, hold, force=force)),
        (20, world.client(300), request(world, not hold, numbers=(1, 2), force=force)),
    )
    assert held(world) == [hold, not hold, not hold]
    assert [(row["outcome"], row["code"]) for row in first.result["devices"]] == [
        ("changed", None),
        ("failed", "superseded"),
        ("failed", "superseded"),
    ]
    assert first.code == "superseded"
    assert "a later task on this machine" in first.msg
    assert "wants it %s" % ("released" if hold else "held") in first.msg
    assert world.devices()[1]["device_name"] in first.msg
    assert "Run the task again" not in first.msg
    assert second.code is None


@HOLD
def test_one_that_finds_it_as_it_wants_it_counts_too(world, hold):
    """It writes nothing, because the other one has not sent anything yet: its look has to wait."""
    world.emulator.configure([one["device_uuid"] for one in world.devices()], held=not hold)
    world.emulator.add_fault("429", path=DETAILS)
    first, second = one_by_one(
        world, (0, world.client(300), request(world, hold)), (20, world.client(300), request(world, not hold))
    )
    assert (first.code, second.code, second.result["summary"]["unchanged"]) == ("superseded", None, 3)
    assert held(world) == [not hold] * 3


@HOLD
def test_a_later_one_that_wants_the_same_does_not_matter(world, hold):
    waiting(world, hold)
    reports = one_by_one(
        world, (0, world.client(300), request(world, hold)), (20, world.client(300), request(world, hold))
    )
    assert [report.code for report in reports] == [None, None]
    assert held(world) == [hold] * 3


@HOLD
def test_the_latest_counts(world, hold):
    waiting(world, hold)
    first, _second, third = one_by_one(
        world,
        (0, world.client(300), request(world, hold)),
        (10, world.client(300), request(world, not hold)),
        (20, world.client(300), request(world, hold)),
    )
    assert (first.code, third.code) == (None, None)
    assert held(world) == [hold] * 3


@HOLD
def test_an_earlier_opposite_one_does_not_matter(world, hold):
    for wanted in (hold, not hold, hold):
        (report,) = one_by_one(world, (0, world.client(300), request(world, wanted)))
        assert report.code is None
    assert held(world) == [hold] * 3


def test_check_mode_wants_nothing(world):
    waiting(world, False)

    async def both():
        async def look():
            await asyncio.sleep(20)
            await apply_trigger(request(world, True), world.client(300), dry=True)

        return await asyncio.gather(apply_trigger(request(world, False), world.client(300), dry=False), look())

    assert run_on(world.clock, both())[0].code is None
    assert held(world) == [False] * 3


def test_what_another_machine_wants_is_not_known(world):
    waiting(world, False)
    first = (0, world.client(300), request(world, False))
    here, world.journal = world.journal, Journal()
    reports = one_by_one(world, first, (20, world.client(300), request(world, True)))
    here.close()
    assert [report.code for report in reports] == [None, None]
    assert held(world) == [False] * 3


def test_one_program_that_changes_its_mind_is_understood_without_a_shared_journal(world):
    """As a rollout does, which holds what it could not release in time."""
    waiting(world, False)
    client = world.client(300)
    release, hold = one_by_one(world, (0, client, request(world, False)), (20, client, request(world, True)))
    assert (release.code, hold.code) == ("superseded", None)
    assert held(world) == [True] * 3


def test_what_the_later_one_wrote_stays_noted(world):
    """Else a list that lags behind would be believed."""
    waiting(world, False)
    world.emulator.clear_faults()
    world.emulator.add_fault("429", path=TRIGGER)
    one_by_one(
        world,
        (0, world.client(300), request(world, False, numbers=(0,))),
        (20, world.client(300), request(world, True, numbers=(0,), force=True)),
    )
    token = world.devices()[0]["device_token"]
    assert world.journal.noted("trigger " + token, world.clock())[0] == "held"
