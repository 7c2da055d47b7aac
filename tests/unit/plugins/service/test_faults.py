# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault table of docs/idempotency.md, row by row: the real engine against the emulator, on a clock that jumps."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.apply import apply_deployment
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.plan import marked_updates
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import FateUnknown
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._result import Report
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.client import Client
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.connection import Connection
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Call, Reply
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.journal import Journal
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.waits import Waits
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._trigger.apply import apply_trigger
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._trigger.plan import Entry, TriggerRequest
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    DEPLOY,
    TRIGGER,
    Clock,
    deploy_request,
    model_device,
    model_update,
    run_on,
)
from emulator.testing import InProcess

TIMEOUT = 30


@dataclass
class World:
    """A fleet, and a machine that remembers what it sent."""

    size: int = 3
    clock: Clock = field(default_factory=Clock)
    journal: Journal = field(default_factory=Journal)

    def __post_init__(self) -> None:
        self.emulator = InProcess(devices=self.size, groups="A", flow="f-1", rate_limit=0)

    async def exchange(self, call: Call) -> Reply:
        """As a Transport: what becomes of a call here is what HttpTransport would make of it."""
        await asyncio.sleep(0.125)  # exact in binary, or sums of it differ by less than the loop can wait
        call.before_send()
        self.emulator.now = self.clock()
        outcome = self.emulator.request(call.method, call.path, json.loads(json.dumps(call.body)))
        lost = outcome.reply is None or outcome.delay > TIMEOUT
        await asyncio.sleep(min(outcome.delay, TIMEOUT))
        if lost:
            raise FateUnknown("no reply came")
        text = None if outcome.delivery == "truncate" else outcome.sent.decode("utf-8")
        return Reply(outcome.reply.status, text, outcome.reply.headers.get("Retry-After"))

    def client(self, budget: float, account_limit: int = 0) -> Client:
        connection = Connection(
            api_url="https://emulator.invalid",
            user_token=self.emulator.user_token,
            timeout=TIMEOUT,
            validate_certs=True,
            ca_path=None,
            retry_budget=int(budget),
            concurrency=10,
            device_calls_per_minute=0,
            account_calls_per_minute=account_limit,
        )
        return Client(connection, self, self.journal, Waits(budget, self.clock, asyncio.sleep))

    def deploy(self, budget: float = 300, **changes: Any) -> Report:
        request = deploy_request(project="Kiosks", groups=["A"], **changes)
        return run_on(self.clock, apply_deployment(request, self.client(budget), dry=False))

    def trigger(self, hold: bool, budget: float = 300, verify: bool = False) -> Report:
        entries = tuple(
            Entry(one["device_token"], one["device_uuid"], one["device_name"], "devices[%d]" % at)
            for at, one in enumerate(self.devices())
        )
        request = TriggerRequest(entries, hold, project="Kiosks", group=None, force=False, verify=verify)
        return run_on(self.clock, apply_trigger(request, self.client(budget), dry=False))

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds

    def devices(self) -> list[dict[str, Any]]:
        """As they are, with all that has landed by now."""
        self.emulator.now = self.clock()
        self.emulator.exchange.land(self.clock())
        return self.emulator.devices()

    def sent(self) -> int:
        return len(self.emulator.deployments())


@pytest.fixture
def world():
    made = World()
    yield made
    made.journal.close()


def outcomes(report: Report) -> list[str]:
    return [row["outcome"] for row in report.result["devices"]]


def writes(report: Report) -> int:
    return report.result["api_calls"]["writes"]


# A fault of the emulator, and whether the request is processed, sooner or later.
FAULTS = {
    "connection reset before it was processed": ("refuse", {}, False),
    "connection closed before it was processed": ("drop_before", {}, False),
    "5xx before it was processed": ("error_before", {"status": 503}, False),
    "web page before it was processed": ("html", {"processed": False}, False),
    "connection closed after it was processed": ("drop_after", {}, True),
    "5xx after it was processed": ("error_after", {"status": 502}, True),
    "web page after it was processed": ("html", {}, True),
    "reply broken off": ("truncated", {}, True),
    "reply later than the time-out": ("slow", {"seconds": 45}, True),
    "landing late": ("late", {"seconds": 20}, True),
    "landing late behind a 504": ("late", {"seconds": 20, "status": 504}, True),
    "429": ("429", {}, True),
}


@pytest.mark.parametrize(("kind", "args", "processed"), FAULTS.values(), ids=FAULTS)
def test_a_deployment_under_a_fault(world, kind, args, processed):
    world.emulator.add_fault(kind, path=DEPLOY, **args)
    first = world.deploy()
    assert outcomes(first) == 3 * ["changed" if processed else "unknown"]
    assert first.code == (None if processed else "outcome_unknown")
    assert first.changed
    assert world.sent() == processed
    assert writes(first) == (2 if kind == "429" else 1)

    again = world.deploy()  # at once: where it is not known, this waits until the two minutes are over
    assert again.code is None
    assert outcomes(again) == 3 * ["unchanged" if processed else "changed"]
    assert world.sent() == 1
    assert [len(one["updates"]) for one in world.devices()] == [1, 1, 1]


@pytest.mark.parametrize(("kind", "args", "processed"), FAULTS.values(), ids=FAULTS)
def test_a_hold_under_a_fault(world, kind, args, processed):
    world.emulator.add_fault(kind, path=TRIGGER, **args)
    first = world.trigger(hold=True)
    assert first.code is None
    assert outcomes(first) == 3 * ["changed"]
    assert writes(first) == 4
    assert all(one["held"] for one in world.devices())

    again = world.trigger(hold=True)
    assert outcomes(again) == 3 * ["unchanged"]
    assert writes(again) == 0


def test_a_deployment_that_lands_after_all_looks(world):
    world.emulator.add_fault("late", path=DEPLOY, seconds=90)
    first = world.deploy()
    assert (first.code, world.sent()) == ("outcome_unknown", 0)
    soon = world.deploy(budget=0)
    assert (soon.code, writes(soon)) == ("outcome_unknown", 0)
    assert "Run the task again in" in soon.msg
    again = world.deploy()  # waits, and sees it land
    assert (again.code, outcomes(again), writes(again)) == (None, 3 * ["unchanged"], 0)
    assert [len(one["updates"]) for one in world.devices()] == [1, 1, 1]


@pytest.mark.parametrize(("lag", "warned"), [(40, False), (90, True)])
def test_a_list_that_lags_behind_a_deployment(world, lag, warned):
    world.emulator.set_switch(lag_seconds=lag)
    world.pass_time(lag)
    first = world.deploy()
    assert (first.code, outcomes(first)) == (None, 3 * ["changed"])
    assert any("does not show" in one or "none of its devices shows" in one for one in first.warnings) is warned
    again = world.deploy()
    assert (again.code, outcomes(again), writes(again)) == (None, 3 * ["unchanged"], 0)
    assert world.sent() == 1


def test_a_list_that_lags_behind_a_hold(world):
    world.emulator.set_switch(lag_seconds=60)
    world.pass_time(60)
    assert outcomes(world.trigger(hold=False)) == 3 * ["unchanged"]
    world.trigger(hold=True)
    released = world.trigger(hold=False)  # the list still says that they are released
    assert outcomes(released) == 3 * ["changed"]
    assert not any(one["held"] for one in world.devices())


def test_a_hold_of_which_every_reply_is_lost(world):
    bad = world.devices()[1]["device_uuid"]
    world.emulator.add_fault("drop_before", path=TRIGGER, device_uuid=bad, times=None)
    first = world.trigger(hold=True, budget=20)
    assert (first.code, outcomes(first)) == ("outcome_unknown", ["changed", "unknown", "changed"])
    world.emulator.clear_faults()
    again = world.trigger(hold=True)
    assert (again.code, outcomes(again), writes(again)) == (None, ["unchanged", "changed", "unchanged"], 1)
    assert all(one["held"] for one in world.devices())


def test_a_release_that_lands_after_a_later_hold(world):
    """The one thing that no order of calls prevents: the service takes the older one last. The next run mends it."""
    world.trigger(hold=True)
    world.emulator.add_fault("late", path=TRIGGER, seconds=30, times=3)
    assert outcomes(world.trigger(hold=False, budget=0)) == 3 * ["unknown"]
    held = world.trigger(hold=True)  # the list says that they are held, and is not believed
    assert outcomes(held) == 3 * ["changed"]
    world.pass_time(30)
    assert not any(one["held"] for one in world.devices())
    assert outcomes(world.trigger(hold=True)) == 3 * ["changed"]
    assert all(one["held"] for one in world.devices())


def test_a_ban_while_devices_are_held():
    world = World(size=8)
    world.emulator.add_fault("429", path=TRIGGER, after=2, times=None)
    banned = world.trigger(hold=True)
    assert (banned.code, banned.changed) == ("banned", True)
    assert sorted(outcomes(banned)) == 2 * ["changed"] + 6 * ["failed"]
    assert {row["code"] for row in banned.result["devices"]} == {None, "banned"}
    assert sum(one["held"] for one in world.devices()) == 2
    world.emulator.clear_faults()
    again = world.trigger(hold=True)
    assert (again.code, writes(again)) == (None, 6)
    assert all(one["held"] for one in world.devices())


def test_a_ban_between_the_calls_of_a_deployment():
    """One device has it, the second is sent it, and then every call is refused."""
    world = World(size=5)
    send_to(world, world.devices()[0]["device_uuid"])
    world.emulator.add_fault("429", after=2, times=None)  # after the list and the first call
    banned = world.deploy(budget=900)
    assert outcomes(banned) == ["unchanged", "changed"] + 3 * ["failed"]
    assert [row["code"] for row in banned.result["devices"][2:]] == ["rate_limited", "banned", "banned"]
    assert world.sent() == 2
    world.emulator.clear_faults()
    again = world.deploy()
    assert (again.code, outcomes(again)) == (None, 2 * ["unchanged"] + 3 * ["changed"])
    assert [len(one["updates"]) for one in world.devices()] == 5 * [1]


def test_a_budget_that_ends_between_the_calls_of_a_deployment(world):
    has_it, second = (one["device_uuid"] for one in world.devices()[:2])
    send_to(world, has_it)
    world.emulator.add_fault("429", path=DEPLOY, device_uuid=second, times=None)
    limited = world.deploy(budget=5)
    assert (limited.code, outcomes(limited)) == ("rate_limited", ["unchanged", "failed", "changed"])
    assert "would exceed retry_budget (5 s)" in limited.result["devices"][1]["msg"]
    world.emulator.clear_faults()
    assert outcomes(world.deploy()) == ["unchanged", "changed", "unchanged"]
    assert [len(one["updates"]) for one in world.devices()] == [1, 1, 1]


def send_to(world: World, uuid: str) -> None:
    """The deployment, to this device alone, as a run that was killed would leave it."""
    metadata = {"comment": deploy_request(project="Kiosks", groups=["A"]).mark}
    only = {"type": "specific_device", "operand": "is", "value": uuid}
    target = {"project": {"name": "Kiosks"}, "groups": [], "filters": [only]}
    status, _body = world.emulator.call("POST", DEPLOY, flow_id="f-1", devices_filter=target, metadata=metadata)
    assert status == 200


def test_a_service_that_cuts_the_mark_cannot_be_recognised(world):
    """The limit: 24 characters. With 23 of them nothing is found, and the task says so."""
    report = world.deploy()
    mark = report.result["deployment"]["mark"]
    device = model_device(updates=(model_update(mark),))
    assert (len(mark), len(marked_updates(device, mark))) == (24, 1)
    assert marked_updates(model_device(updates=(model_update(mark[:23]),)), mark) == []
