# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What random schedules have in common: the emulator without a network on a clock that jumps, processes that end in the
middle of a call, and the command that plays thousands of schedules.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from emulator.exchange import Outcome
from emulator.model import Device
from emulator.testing import InProcess
from tests import conftest  # noqa: F401  # pylint: disable=unused-import  # makes what follows importable

# isort: split

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import FateUnknown, NotSent
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.connection import Connection
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Call, Reply
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.journal import Journal
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import Clock

TIMEOUT = 30
PROMISED = 100.0  # seconds until a sending shows in a list, landing late and lag together: less than two minutes
LIVE = ("pending", "in_progress", "success")
FAULTS = (
    *("refuse", "drop_before", "drop_after", "error_before", "error_after"),
    *("429", "late", "truncated", "html", "slow"),
)


class Crash(BaseException):
    """The process ends here. Not an Exception, so that nothing of the program can catch it."""


class Body(dict[str, Any]):
    """A request that knows which process sent it and when, also when it lands late."""

    sender: Process
    departed: float
    about: Any  # what the world said of it when it departed


@dataclass
class Write:
    """A change that the emulator accepted."""

    sender: Any
    path: str
    at: float
    departed: float
    reached: list[str]  # devices that got an update, or the device whose trigger was set
    held: list[str]  # devices that were held, and so perhaps passed over
    states: dict[str, list[str]]  # of the updates that each of the reached devices had before
    hold: bool | None = None  # None: a deployment
    about: Any = None

    @property
    def is_late(self) -> bool:
        """A call takes a second at most, unless it was told lost and landed later."""
        return self.at > self.departed + 1.5


@dataclass(eq=False, kw_only=True)
class Process:
    """One process that calls the service, and the exchange at which it is struck."""

    number: int
    strike_at: int | None = None  # the number of the exchange, or of the write
    strike_writing: bool = False
    strike_after: bool = False  # after the service has processed the call
    dead: bool = False
    exchanges: int = 0
    writings: int = 0
    lost_seconds: float = 0.0
    looked_at: float = 0.0  # when the list was made that it received last

    def struck(self) -> None:
        """What happens at that exchange."""
        self.die()

    def die(self) -> None:
        self.dead = True
        raise Crash

    def is_struck_by(self, call: Call) -> bool:
        """Counts the call."""
        self.exchanges += 1
        self.writings += call.writes
        if self.strike_writing and not call.writes:
            return False
        return self.strike_at == (self.writings if self.strike_writing else self.exchanges)

    def check(self) -> None:
        if self.dead:
            raise Crash


class SharedJournal(Journal):
    """What the processes of one machine share; a dead process writes nothing into it, whatever its clean-up tries."""

    writer: Process | None = None

    def _change(self, work: Callable[[Any], Any]) -> Any:
        if self.writer is not None:
            self.writer.check()
        return super()._change(work)


class World:
    """A fleet of the emulator and what happens to it. One seed is one world."""

    def __init__(self, seed: int, command: str) -> None:
        self.seed = seed
        self.command = command
        self.chance = random.Random(seed)
        self.clock = Clock()
        self.story: list[str] = []
        self.violations: list[tuple[str, str]] = []
        self.arrivals: dict[str, list[float]] = {}
        self.lag = 0.0
        self.emulator: InProcess

    # What is told of it

    def label(self, moment: float) -> str:
        return "%8.2f" % (moment - 1000)

    def note(self, what: str) -> None:
        self.story.append("%s %s" % (self.label(self.clock()), what))

    def violated(self, name: str, what: str) -> None:
        self.note("VIOLATION %s: %s" % (name, what))
        self.violations.append((name, what))

    def __str__(self) -> str:
        return "\n".join(["seed %d" % self.seed, *self.story, "", "Again: " + self.command % self.seed])

    # The service

    def start(self, **options: Any) -> None:
        self.emulator = InProcess(seed=self.seed, **options)
        self.emulator.now = self.clock()

    def listen(self) -> None:
        """Tell C(wrote) of every write that is processed, at the moment when it is, with the process that sent it."""
        service = self.emulator.exchange.service
        handle = service.handle

        def heard(method: str, path: str, body: Any, now: float, lag: float | None = None) -> Any:
            if method != "POST":
                return handle(method, path, body, now, lag)
            before = self.truth(now)
            states = {uuid: [one.status for one in device.updates] for uuid, device in before.items()}
            held = [uuid for uuid, device in before.items() if device.held]
            reply = handle(method, path, body, now, lag)
            if reply.status < 300:
                reached = [uuid for uuid, device in before.items() if len(device.updates) > len(states[uuid])]
                hold = None
                if "device_token" in body:
                    known = service.fleet.by_token(body["device_token"])
                    reached, hold = [known.uuid] if known else [], body["trigger_set"]
                had = {uuid: states[uuid] for uuid in reached}
                self.wrote(Write(body.sender, path, now, body.departed, reached, held, had, hold, body.about))
            return reply

        service.handle = heard  # type: ignore[method-assign]

    def departs(self, process: Process, call: Call) -> Any:
        """Called when a call departs. What it returns stays with the call."""

    def wrote(self, write: Write) -> None:
        """Called at the moment of each effect."""
        raise NotImplementedError

    def truth(self, now: float | None = None) -> dict[str, Device]:
        """The emulator's own devices as they are at this moment."""
        now = self.clock() if now is None else now
        service = self.emulator.exchange.service
        devices = {device.uuid: device for device in service.fleet}
        for device in devices.values():
            service.fleet.life.advance(device, service.clock.emulated(now))
        return devices

    def configure(self, uuid: str, **changes: Any) -> None:
        self.catch_up()
        self.emulator.configure(uuid, **changes)

    def catch_up(self) -> None:
        """The emulator's clock is this one; what lands late lands."""
        self.emulator.now = self.clock()
        self.emulator.exchange.land(self.clock())

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        self.catch_up()

    def add_fault(self, reads: int, writes: int) -> None:
        """One of any kind, within the next so many calls."""
        chance = self.chance
        kind = chance.choice(FAULTS)
        where: dict[str, Any] = {"times": chance.choice((1, 1, 2, 6)), "after": chance.randint(0, reads)}
        if kind == "late" or chance.random() < 0.5:
            where["method"], where["after"] = "POST", chance.randint(0, writes)
        if kind == "late":
            where["seconds"] = chance.uniform(1, min(90.0, PROMISED - self.lag))
            where["status"] = chance.choice((None, 504))
        elif kind == "slow":
            where["seconds"] = chance.choice((5, 29, 45))
        elif kind == "html":
            where["processed"] = chance.random() < 0.5
        elif kind == "429":
            where["retry_after"] = chance.choice((None, 20))
        self.emulator.add_fault(kind, **where)
        self.note("fault %s %s" % (kind, where))

    def connection(self, budget: int, account_limit: int, device_limit: int = 3) -> Connection:
        return Connection(
            api_url="https://emulator.invalid",
            user_token=self.emulator.user_token,
            timeout=TIMEOUT,
            validate_certs=True,
            ca_path=None,
            retry_budget=budget,
            concurrency=10,
            device_calls_per_minute=device_limit,
            account_calls_per_minute=account_limit,
        )

    def check_pace(self) -> None:
        for moments in self.arrivals.values():
            moments.sort()
            for first, fourth in zip(moments, moments[3:], strict=False):
                if fourth - first < 60:
                    self.violated("pace", "4 calls in %.2f s from %s" % (fourth - first, self.label(first)))

    def play(self) -> None:
        before = random.getstate()
        random.seed(self.seed)  # the jitter of the program
        try:
            self.happen()
        finally:
            random.setstate(before)

    def happen(self) -> None:
        raise NotImplementedError

    def figures(self) -> Counter[str]:
        """What the last line of the command adds up."""
        raise NotImplementedError


class Line:
    """A Transport to the emulator: what becomes of a call there is what HttpTransport would make of it."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process

    async def exchange(self, call: Call) -> Reply:
        world, process, chance = self._world, self._process, self._world.chance
        process.check()
        call.before_send()
        started = world.clock()
        body = Body(json.loads(json.dumps(call.body)))
        body.sender, body.departed, body.about = process, started, world.departs(process, call)
        here = process.is_struck_by(call)
        if here and not process.strike_after:
            process.struck()
        try:
            await asyncio.sleep(chance.choice((0.01, 0.1, 1.0)))
        except asyncio.CancelledError:
            if not process.dead:  # it is on its way, and arrives all the same
                self._arrive(call, body)
            raise
        process.check()
        outcome, fault, refused = self._arrive(call, body)
        arrived = world.clock()
        takes = outcome.delay
        if outcome.reply is None and not refused:
            takes = chance.choice((0.0, float(TIMEOUT)))
        if takes:
            await asyncio.sleep(min(takes, TIMEOUT))
        if here and process.strike_after:
            process.struck()
        process.check()
        if refused or outcome.reply is None or takes > TIMEOUT:
            process.lost_seconds += world.clock() - started
            raise NotSent("refused") if refused else FateUnknown("lost")
        if fault in (None, "slow") and outcome.reply.status == 200 and call.path == "/v1/devices_details":
            process.looked_at = arrived
        text = None if outcome.delivery == "truncate" else outcome.sent.decode("utf-8")
        return Reply(outcome.reply.status, text, outcome.reply.headers.get("Retry-After"))

    def _arrive(self, call: Call, body: Body) -> tuple[Outcome, str | None, bool]:
        """What becomes of it, because of which fault, and whether it is known to have been refused."""
        world = self._world
        world.emulator.now = world.clock()
        outcome = world.emulator.request(call.method, call.path, body)
        entry = world.emulator.exchange.stats.log[-1]
        world.note("run %d %s" % (self._process.number, _describe(entry)))
        # A connection that was refused before anything was sent can be told from one that was reset later.
        refused = outcome.delivery == "reset" and world.chance.random() < 0.5
        if call.device_token is not None and not refused:
            world.arrivals.setdefault(call.device_token, []).append(world.clock())
        return outcome, entry["fault"], refused

    def close(self) -> None:
        pass


def _describe(entry: dict[str, Any]) -> str:
    body = {name: value for name, value in entry["body"].items() if name not in ("user_token", "metadata", "flow_id")}
    fault = " !%s" % entry["fault"] if entry["fault"] else ""
    return "%s %s %s -> %s%s" % (entry["method"], entry["path"], json.dumps(body), entry["status"], fault)


# The command


def command(description: str | None, make: Callable[[int], World]) -> int:
    """Play many schedules on several processes; the exit code."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="the first one; the others follow it")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--show", type=int, default=1, help="how many violations to print in full")
    parser.add_argument("--tell", action="store_true", help="print every schedule in full")
    options = parser.parse_args()
    started = time.monotonic()
    found: dict[str, list[int]] = {}
    done: Counter[str] = Counter()
    shown = 0
    for seed, kinds, story, counts in _played(make, range(options.seed, options.seed + options.count), options.jobs):
        done += counts
        for kind in dict.fromkeys(kinds):
            found.setdefault(kind, []).append(seed)
        if options.tell or (kinds and shown < options.show):
            shown += 1
            print(story, end="\n\n")
    print("%d schedules in %.0f s: %s" % (options.count, time.monotonic() - started, dict(sorted(done.items()))))
    for kind, seeds_found in sorted(found.items()):
        print("%s: %d, seeds %s" % (kind, len(seeds_found), sorted(seeds_found)[:10]))
    return 1 if found else 0


Verdict = tuple[int, list[str], str, Counter[str]]


def _played(make: Callable[[int], World], seeds: range, jobs: int) -> Iterable[Verdict]:
    if jobs == 1:
        yield from (_verdict((make, seed)) for seed in seeds)
        return
    with multiprocessing.Pool(jobs) as pool:
        yield from pool.imap_unordered(_verdict, ((make, seed) for seed in seeds), chunksize=10)


def _verdict(given: tuple[Callable[[int], World], int]) -> Verdict:
    make, seed = given
    world = make(seed)
    try:
        world.play()
    except Exception as error:  # a traceback must not end ten thousand others
        return seed, ["error"], "%s\n%s" % (world, "".join(traceback.format_exception(error))), Counter()
    kinds = [name for name, _what in world.violations]
    return seed, kinds, str(world), world.figures()
