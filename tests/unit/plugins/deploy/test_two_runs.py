# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs of one deployment side by side, on one machine or on two: what reading and the journal can prevent."""

from __future__ import annotations

import asyncio

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.apply import apply_deployment
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.journal import Journal
from ansible_collections.edgeops.jfrog_connect.tests.unit.plugins.service.test_faults import World, send_to
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import DEPLOY, deploy_request, run_on

SIZE = 5
ONE_MACHINE = pytest.mark.parametrize("one_machine", [True, False], ids=["one machine", "two machines"])


@pytest.fixture
def world():
    made = World(size=SIZE)
    yield made
    made.journal.close()


def side_by_side(world, one_machine, later, account_limit=0):
    """A run, and another one C(later) seconds after it has begun; how many updates each device has in the end."""
    request = deploy_request(project="Kiosks", groups=["A"])
    first = world.client(600, account_limit)
    if not one_machine:
        world.journal = Journal()
    second = world.client(600, account_limit)

    async def wait_and_apply():
        await asyncio.sleep(later)
        return await apply_deployment(request, second, dry=False)

    async def both():
        return await asyncio.gather(apply_deployment(request, first, dry=False), wait_and_apply())

    reports = run_on(world.clock, both())
    assert [len(report.result["devices"]) for report in reports] == [SIZE, SIZE]
    return [len(one["updates"]) for one in world.devices()]


@ONE_MACHINE
@pytest.mark.parametrize("later", [0.15, 0.25, 1, 70])
def test_a_whole_filter_is_sent_by_one_of_them(world, one_machine, later):
    assert side_by_side(world, one_machine, later) == SIZE * [1]


@pytest.mark.parametrize("later", [0, 0.05, 0.15, 0.25, 0.35])
def test_on_one_machine_calls_one_by_one_are_made_by_one_of_them(world, later):
    send_to(world, world.devices()[0]["device_uuid"])
    assert side_by_side(world, True, later) == SIZE * [1]


def test_what_the_other_sent_while_this_one_waited_for_a_429_is_not_sent_again(world):
    """The look before the second device shows the others too."""
    send_to(world, world.devices()[0]["device_uuid"])
    world.emulator.add_fault("429", path=DEPLOY)
    assert side_by_side(world, one_machine=False, later=30) == SIZE * [1]


def test_what_the_other_sent_during_a_second_429_is_not_sent_again(world):
    world.emulator.add_fault("429", path=DEPLOY, times=2)
    assert side_by_side(world, one_machine=False, later=90) == SIZE * [1]


@pytest.mark.parametrize("account_limit", [3, 2])
def test_on_one_machine_two_that_wait_for_their_turn_do_not_meet(world, account_limit):
    send_to(world, world.devices()[0]["device_uuid"])
    assert side_by_side(world, one_machine=True, later=5.03125, account_limit=account_limit) == SIZE * [1]
