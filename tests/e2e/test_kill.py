# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ansible-playbook is killed at each request of a run, before and after the service acted on it, and is run again.

How many requests a run makes is counted in an undisturbed run, with whose end every other one is compared.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.edgeops.jfrog_connect.tests.e2e.operators import Operator, Run
from ansible_collections.edgeops.jfrog_connect.tests.e2e.relay import (
    AFTER,
    BEFORE,
    Boundary,
    Broken,
    Relay,
    descendants,
    kill_all,
    relaying,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import deploy_request
from emulator.testing import Emulator

DEPLOYMENT = {"flow_id": "f-77aa-01bc", "project": "Kiosks", "all_devices": True, "deployment_key": "CHG-4711"}
DEPLOY = "/v1/deploy_update"
SETTLE = 120.0  # seconds for which a run believes its journal more than a list
AT_ONCE = {"retry_budget": 0}  # rather say that something is not known than wait for it


@dataclass(frozen=True)
class Shape:
    """A run that has 3 devices to change; the others it must leave as they are."""

    name: str
    module: str
    path: str  # of its writes
    devices: int
    set_up: Callable[[Emulator], None]
    options: Callable[[Emulator], dict[str, Any]]


def leave(_emulator: Emulator) -> None:
    pass


def first_has_it(emulator: Emulator) -> None:
    """One of the devices got the deployment from an earlier run, so that the others are sent it one by one."""
    only = {"type": "specific_device", "operand": "is", "value": emulator.devices()[0]["device_uuid"]}
    body = {
        "user_token": emulator.user_token,
        "flow_id": DEPLOYMENT["flow_id"],
        "devices_filter": {"project": {"name": "Kiosks"}, "groups": [], "filters": [only]},
        "metadata": {"comment": deploy_request(**DEPLOYMENT, groups=None).mark},
    }
    requests.post(emulator.url + DEPLOY, json=body, timeout=30).raise_for_status()


def hold_all(emulator: Emulator) -> None:
    emulator.configure([one["device_uuid"] for one in emulator.devices()], held=True)


def hold_the_last(emulator: Emulator) -> None:
    emulator.configure(emulator.devices()[-1]["device_uuid"], held=True)


def first_three(emulator: Emulator, *, held: bool) -> dict[str, Any]:
    chosen = [
        {"device_token": one["device_token"], "device_uuid": one["device_uuid"]} for one in emulator.devices()[:3]
    ]
    return {"devices": chosen, "project": "Kiosks", "trigger_set": held, "verify": True}


def the_deployment(_emulator: Emulator) -> dict[str, Any]:
    return DEPLOYMENT


TRIGGER = ("connect_update_trigger", "/v1/set_update_trigger", 4)
WHOLE = Shape("whole", "connect_deploy", DEPLOY, 3, leave, the_deployment)
PARTIAL = Shape("partial", "connect_deploy", DEPLOY, 4, first_has_it, the_deployment)
HOLD = Shape("hold", *TRIGGER, hold_the_last, partial(first_three, held=True))
RELEASE = Shape("release", *TRIGGER, hold_all, partial(first_three, held=False))
SHAPES = (WHOLE, PARTIAL, HOLD, RELEASE)
State = list[tuple[bool, list[tuple[str, str]]]]


@dataclass
class Stage:
    """An emulator of its own, on which a shape runs from the beginning, through a relay."""

    shape: Shape
    emulator: Emulator
    relay: Relay
    operator: Operator
    another: Operator  # on another machine: it has not the journal of the first one

    def disturbed(self, at: Boundary, interrupt: Callable[[int], None]) -> None:
        """A run that is interrupted at C(at). The connection breaks there, whatever is left of the process."""
        begun: Future[int] = Future()

        def hook(boundary: Boundary) -> None:
            if (boundary.number, boundary.side) == (at.number, at.side):
                interrupt(begun.result())
                raise Broken

        self.relay.hook = hook
        run = self.start(retry_budget=3)  # a module that survives a signal does not search for a minute
        begun.set_result(run.pid)
        ended = run.end()
        assert len(self.relay.requests) >= at.number, "it made only %s:\n%s" % (self.relay.requests, ended.output)
        assert not ended.result, "it ended normally:\n" + ended.output

    def start(self, operator: Operator | None = None, **more: Any) -> Run:
        options = {**self.shape.options(self.emulator), **more}
        return (operator or self.operator).start(self.shape.module, options, self.relay.url)

    def state(self) -> State:
        """What a person would see an hour later: each device's trigger and its updates."""
        self.emulator.advance(3600)
        assert self.emulator.stats()["duplicates"] == []
        return [
            (one["held"], [(update["comment"], update["update_status"]) for update in one["updates"]])
            for one in self.emulator.devices()
        ]


Stages = Callable[[Shape], AbstractContextManager[Stage]]


@pytest.fixture(scope="module")
def stage(ansible_bin: Path, ansible_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Stages:
    @contextmanager
    def on(shape: Shape) -> Iterator[Stage]:
        with (
            Emulator.start(devices=shape.devices, rate_limit=0, seed=7) as emulator,
            relaying(emulator.url) as relay,
        ):
            shape.set_up(emulator)
            operators = (
                Operator(ansible_bin, ansible_env, tmp_path_factory.mktemp(name), emulator.user_token)
                for name in ("operator", "another")
            )
            yield Stage(shape, emulator, relay, *operators)

    return on


@dataclass(frozen=True)
class Undisturbed:
    requests: list[str]
    state: State

    def boundaries(self, side: str) -> list[Boundary]:
        return [Boundary(at, side, *one.split()) for at, one in enumerate(self.requests, 1)]

    def first_write(self, side: str) -> Boundary:
        return next(one for one in self.boundaries(side) if one.method == "POST")


@pytest.fixture(scope="module")
def undisturbed(stage: Stages) -> Callable[[Shape], Undisturbed]:
    """What a run of this shape asks for, and how it ends, without an interruption."""
    known: dict[str, Undisturbed] = {}

    def play(shape: Shape) -> Undisturbed:
        if shape.name not in known:
            with stage(shape) as there:
                there.start().end().ok()
                known[shape.name] = Undisturbed(there.relay.requests, there.state())
        return known[shape.name]

    return play


def pass_time(operator: Operator, seconds: float) -> None:
    """As if the journal of this operator had been written so much earlier."""
    for file in operator.folder.glob("*/journal.sqlite"):
        with sqlite3.connect(file) as database:
            database.execute("UPDATE notes SET written_at = written_at - ?", (seconds,))
        database.close()


def signalled(number: int) -> Callable[[int], None]:
    """As a terminal and AWX do it: the process group of ansible-playbook, which ends its modules in its own time."""

    def interrupt(pid: int) -> None:
        below = descendants(pid)
        os.killpg(pid, number)
        give_up = time.monotonic() + 1
        while any(Path("/proc/%d" % one).exists() for one in below) and time.monotonic() < give_up:
            time.sleep(0.02)

    return interrupt


def finish(there: Stage, elsewhere: bool, doubtful: bool) -> None:
    """Run it again until it is done. At once, it may have to say that it does not know yet, where it is C(doubtful)."""
    operator = there.another if elsewhere else there.operator
    sent = len(there.emulator.deployments())
    soon = there.start(operator, **AT_ONCE).end()
    if soon.result.get("code") == "outcome_unknown":
        assert doubtful, soon.output
        assert "Run the task again in" in soon.result["msg"]
        assert len(there.emulator.deployments()) == sent
        pass_time(operator, SETTLE)
        soon = there.start(operator, **AT_ONCE).end()
    soon.ok()
    rows = soon.result["devices"]
    assert len({one["device_uuid"] for one in rows}) == len(rows) == 3 + (there.shape is PARTIAL)
    assert {one["outcome"] for one in rows} <= {"changed", "unchanged"}


def violations(
    stage: Stages,
    undisturbed: Undisturbed,
    shape: Shape,
    boundaries: list[Boundary],
    interrupt: Callable[[int], None],
    elsewhere: bool = False,
) -> list[str]:
    """Two at a time, for there are many: what went wrong, and at which boundary."""

    def play(at: Boundary) -> str | None:
        with stage(shape) as there:
            try:
                there.disturbed(at, interrupt)
                # Recorded and not arrived. A run that only gets a signal may live long enough to record the next one.
                doubtful = at.path == DEPLOY and (at.side == BEFORE or interrupt is not kill_all)
                finish(there, elsewhere, doubtful and not elsewhere)
                assert there.state() == undisturbed.state
            except AssertionError as wrong:
                return "%s: %s" % (at, wrong)
        return None

    with ThreadPoolExecutor(2) as pool:
        return [wrong for wrong in pool.map(play, boundaries) if wrong]


@pytest.mark.parametrize("side", [BEFORE, AFTER])
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_kill_9_at_each_request(stage, undisturbed, shape, side):
    asked = undisturbed(shape)
    boundaries = asked.boundaries(side)
    assert asked.requests.count("POST " + shape.path) == (1 if shape is WHOLE else 3)
    assert not violations(stage, asked, shape, boundaries, kill_all)


@pytest.mark.parametrize("side", [BEFORE, AFTER])
@pytest.mark.parametrize("shape", [WHOLE, PARTIAL], ids=lambda shape: shape.name)
def test_a_rerun_on_another_machine_finds_what_was_sent(stage, undisturbed, shape, side):
    asked = undisturbed(shape)
    writes = [one for one in asked.boundaries(side) if one.method == "POST"]
    assert not violations(stage, asked, shape, writes, kill_all, elsewhere=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_a_signal_at_the_first_write(stage, undisturbed, shape, number):
    asked = undisturbed(shape)
    boundaries = [asked.first_write(side) for side in (BEFORE, AFTER)]
    assert not violations(stage, asked, shape, boundaries, signalled(number))


@pytest.fixture(scope="module", autouse=True)
def patient(
    request: pytest.FixtureRequest, stage: Stages, undisturbed: Callable[[Shape], Undisturbed]
) -> Iterator[Future[tuple[float, State]] | None]:
    """A rerun that is not told to hurry waits until the two minutes are over, beside the other tests."""
    if not any(item.name == test_a_rerun_waits_out_a_lost_deployment.__name__ for item in request.session.items):
        yield None
        return

    def play() -> tuple[float, State]:
        with stage(WHOLE) as there:
            there.disturbed(undisturbed(WHOLE).first_write(BEFORE), kill_all)
            started = time.monotonic()
            there.start().end().ok()
            return time.monotonic() - started, there.state()

    undisturbed(WHOLE)
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(play)


@pytest.mark.smoke
def test_a_module_that_outlives_ansible_playbook_is_not_overtaken(stage, undisturbed):
    """Only the first process is killed: the module goes on beside the rerun, and its request arrives after a while."""
    at = undisturbed(WHOLE).first_write(BEFORE)
    rerun_looked = threading.Event()

    def hook(boundary: Boundary) -> None:
        if (boundary.number, boundary.side) == (at.number, at.side):
            rerun_looked.wait(60)
        elif (boundary.number, boundary.side) == (at.number + 1, AFTER):
            rerun_looked.set()

    with stage(WHOLE) as there:
        there.relay.hook = hook
        orphan = there.start()
        give_up = time.monotonic() + 60
        while len(there.relay.requests) < at.number:
            assert time.monotonic() < give_up, "it never sent it"
            time.sleep(0.02)
        os.kill(orphan.pid, signal.SIGKILL)
        again = there.start().end().ok()
        orphan.end()
        assert rerun_looked.is_set()
        assert again.result["api_calls"]["writes"] == 0
        assert len(there.emulator.deployments()) == 1
        assert there.state() == undisturbed(WHOLE).state


def test_a_rerun_waits_out_a_lost_deployment(patient, undisturbed):
    seconds, state = patient.result()
    assert seconds > SETTLE - 10
    assert state == undisturbed(WHOLE).state
