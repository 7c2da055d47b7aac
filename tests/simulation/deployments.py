# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random schedules of runs, crashes and faults against the emulator, on a clock that jumps, each from one number.

Run it from the root of the repository: python -m tests.simulation.deployments --help
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from emulator.testing import InProcess
from tests import conftest  # noqa: F401  # pylint: disable=unused-import  # makes what follows importable

# isort: split

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.apply import apply_deployment
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.request import DeployRequest
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import ConnectError, FateUnknown, NotSent
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._result import Report
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.client import Client
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.connection import Connection
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Call, Reply
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.journal import Journal
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.waits import Waits
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._trigger.apply import apply_trigger
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._trigger.plan import Entry, TriggerRequest
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    Clock,
    deploy_request,
    filter_option,
    run_on,
)

COMMAND = "python -m tests.simulation.deployments --count 1 --seed %d"
PROJECT, FLOW, APP, OLD, NEW = "Kiosks", "f-77aa-01bc", "kiosk_ui", "3.1.0", "3.2.0"
TIMEOUT = 30
PROMISED = 100.0  # seconds until a sending shows in a list, landing late and lag together: less than two minutes
QUIET = 200.0
LIVE = ("pending", "in_progress", "success")
FAULTS = (
    *("refuse", "drop_before", "drop_after", "error_before", "error_after"),
    *("429", "late", "truncated", "html", "slow"),
)


class Crash(BaseException):
    """The process of a run ends here. Not an Exception, so that nothing of the engine can catch it."""


class Body(dict[str, Any]):
    """A request that knows which run sent it, also when it lands late."""

    run: Run


@dataclass
class Write:
    """A change that the emulator accepted."""

    run: Run
    path: str
    at: float
    reached: list[str]  # devices that got an update, or the device whose trigger was set
    held: list[str]  # devices that were held, and so perhaps passed over


@dataclass(eq=False)
class Run:
    number: int
    request: DeployRequest | TriggerRequest
    budget: int = 300
    device_limit: int = 3
    account_limit: int = 0
    crash_at: int | None = None  # the number of the exchange, or of the write
    crash_writing: bool = False
    crash_after: bool = False
    dry: bool = False
    other: bool = False  # by the second operator
    starts_after: float = 0.0
    report: Report | None = None
    failure: ConnectError | None = None
    crashed: bool = False
    exchanges: int = 0
    writings: int = 0
    lost_seconds: float = 0.0
    waits: Waits | None = None

    def __str__(self) -> str:
        request = self.request
        if isinstance(request, DeployRequest):
            what = "deploy groups=%s filters=%s app=%s retry_failed=%s wait=%s max_failures=%d" % (
                *(list(request.groups), [tuple(vars(one).values()) for one in request.filters], request.app),
                *(request.retry_failed, request.wait and request.wait_timeout, request.max_failures),
            )
        else:
            what = "%s %s project=%s force=%s verify=%s" % (
                "hold" if request.hold else "release",
                *([entry.uuid for entry in request.entries], request.project, request.force, request.verify),
            )
        where = ("after" if self.crash_after else "before", "write" if self.crash_writing else "exchange")
        crash = "" if self.crash_at is None else " crash %s %s %d" % (*where, self.crash_at)
        return "run %d: %s budget=%d account_limit=%d%s%s%s" % (
            *(self.number, what, self.budget, self.account_limit, crash),
            *(" dry" if self.dry else "", " OTHER OPERATOR" if self.other else ""),
        )


class Line:
    """A Transport to the emulator: what becomes of a call there is what HttpTransport would make of it."""

    def __init__(self, schedule: Schedule, run: Run) -> None:
        self._schedule = schedule
        self._run = run
        self._dead = False

    async def exchange(self, call: Call) -> Reply:
        schedule, run, chance = self._schedule, self._run, self._schedule.chance
        call.before_send()
        run.exchanges += 1
        run.writings += call.writes
        here = run.crash_at == (run.exchanges if not run.crash_writing else run.writings if call.writes else None)
        self._die_if(here and not run.crash_after)
        started = schedule.clock()
        await asyncio.sleep(chance.choice((0.01, 0.1, 1.0)))
        self._die_if(False)
        body = Body(json.loads(json.dumps(call.body)))
        body.run = run
        schedule.emulator.now = schedule.clock()
        outcome = schedule.emulator.request(call.method, call.path, body)
        entry = schedule.emulator.exchange.stats.log[-1]
        schedule.note("run %d %s" % (run.number, describe(entry)))
        # A connection that was refused before anything was sent can be told from one that was reset later.
        refused = outcome.delivery == "reset" and chance.random() < 0.5
        if call.device_token is not None and not refused:
            schedule.arrivals.setdefault(call.device_token, []).append(schedule.clock())
        takes = outcome.delay
        if outcome.reply is None and not refused:
            takes = chance.choice((0.0, float(TIMEOUT)))
        await asyncio.sleep(min(takes, TIMEOUT))
        self._die_if(here)
        if refused:
            run.lost_seconds += schedule.clock() - started
            raise NotSent("refused")
        if outcome.reply is None or takes > TIMEOUT:
            run.lost_seconds += schedule.clock() - started
            raise FateUnknown("lost")
        text = None if outcome.delivery == "truncate" else outcome.sent.decode("utf-8")
        return Reply(outcome.reply.status, text, outcome.reply.headers.get("Retry-After"))

    def _die_if(self, now: bool) -> None:
        if now and not self._dead:
            self._dead = True
            self._schedule.note("run %d crashes" % self._run.number)
        if self._dead:
            raise Crash


def describe(entry: dict[str, Any]) -> str:
    body = {name: value for name, value in entry["body"].items() if name not in ("user_token", "metadata", "flow_id")}
    fault = " !%s" % entry["fault"] if entry["fault"] else ""
    return "%s %s %s -> %s%s" % (entry["method"], entry["path"], json.dumps(body), entry["status"], fault)


@dataclass
class Schedule:
    """What one seed stands for, and what came of it."""

    seed: int
    story: list[str] = field(default_factory=list)
    violations: list[tuple[str, str]] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    arrivals: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.clock = Clock()
        self.lag = 0.0
        self._make_fleet()
        self._listen()
        self.journal, self.others_journal = Journal(), Journal()
        self.two = self.chance.random() < 0.1

    def note(self, what: str) -> None:
        self.story.append("%8.2f %s" % (self.clock() - 1000, what))

    def violated(self, name: str, what: str) -> None:
        self.note("VIOLATION %s: %s" % (name, what))
        self.violations.append((name, what))

    def __str__(self) -> str:
        return "\n".join(["seed %d" % self.seed, *self.story, "", "Again: " + COMMAND % self.seed])

    # The world

    def _make_fleet(self) -> None:
        chance = self.chance
        self.emulator = InProcess(
            devices=chance.randint(1, 8),
            project=PROJECT,
            groups=chance.choice(("A", "A,B")),
            app="%s=%s" % (APP, OLD),
            tags="canary=40",
            flow=FLOW,
            seed=self.seed,
            time_factor=chance.choice((1, 5, 20)),
            update_seconds=chance.choice((20, 90)),
        )
        self.emulator.now = self.clock()
        if chance.random() < 0.5:
            self.lag = chance.uniform(0, 90)
        switches = {
            "lag_seconds": self.lag,
            "held_devices": chance.choice(("queued", "skipped")),
            "hold_running": chance.choice(("finishes", "aborts")),
            "updates_order": chance.choice(("newest_last", "newest_first")),
            "rate_window": chance.choice(("sliding", "fixed")),
            "retry_after": chance.choice(("none", "seconds")),
            "empty_target": chance.choice((200, 400)),
        }
        self.emulator.set_switch(**switches)
        self.skips_held = switches["held_devices"] == "skipped"
        for device in self.emulator.devices():
            changes: dict[str, Any] = {"fail": chance.random() < 0.15}
            if chance.random() < 0.2:
                changes["held"] = True
            if chance.random() < 0.1:
                changes["online"] = False
            if chance.random() < 0.2:
                changes["apps"] = {APP: NEW}
            self.emulator.configure(device["device_uuid"], **changes)
            self.note("%s %s %s %s" % (device["device_uuid"], device["group"], device["tags"], changes))
        self.note(str(switches))
        self.clock.now += 100  # what was set up shows in every list
        self.emulator.now = self.clock()

    def _listen(self) -> None:
        """Record every write at the moment when it is processed, with the run that sent it."""
        service = self.emulator.exchange.service
        handle = service.handle

        def heard(method: str, path: str, body: Any, now: float, lag: float | None = None) -> Any:
            if method != "POST":
                return handle(method, path, body, now, lag)
            before = self.truth(now)
            counts = {uuid: len(device.updates) for uuid, device in before.items()}
            states = {uuid: [one.status for one in device.updates] for uuid, device in before.items()}
            held = [uuid for uuid, device in before.items() if device.held]
            reply = handle(method, path, body, now, lag)
            if reply.status < 300:
                reached = [uuid for uuid, device in before.items() if len(device.updates) > counts[uuid]]
                if "device_token" in body:
                    reached = [service.fleet.by_token(body["device_token"]).uuid]
                self.writes.append(Write(body.run, path, now, reached, held))
                self.note("  run %d wrote %s at %.2f: %s" % (body.run.number, path, now - 1000, reached))
                if "deploy" in path:
                    self._check_once(body.run, {uuid: states[uuid] for uuid in reached})
            return reply

        service.handle = heard  # type: ignore[method-assign]

    def truth(self, now: float | None = None) -> dict[str, Any]:
        """The emulator's own devices as they are at this moment."""
        now = self.clock() if now is None else now
        service = self.emulator.exchange.service
        devices = {device.uuid: device for device in service.fleet}
        for device in devices.values():
            service.fleet.life.advance(device, service.clock.emulated(now))
        return devices

    def land(self) -> None:
        self.emulator.exchange.land(self.clock())

    # What happens

    def play(self) -> Schedule:
        before = random.getstate()
        random.seed(self.seed)  # the jitter of the engine
        try:
            self._play()
        finally:
            random.setstate(before)
            self.journal.close()
            self.others_journal.close()
        return self

    def _play(self) -> None:
        chance = self.chance
        request = self._some_deployment()
        self._add_faults()
        for _each in range(chance.choice((1, 2, 2, 3, 3, 4))):
            if self.runs:
                self._meanwhile()
            if chance.random() < 0.3:
                self.go(self._run_of(self._some_trigger()))
                continue
            run = self._run_of(replace(request, retry_failed=chance.random() < 0.3))
            if self.two and chance.random() < 0.7:
                other = self._run_of(run.request)
                other.other, other.starts_after, other.crash_at = True, chance.uniform(0, 60), None
                self.go(run, other)
            else:
                self.go(run)
        self._end_quietly(request)

    def _some_deployment(self) -> DeployRequest:
        chance = self.chance
        groups = chance.choice(([], ["A"], ["A"]))
        filters = chance.choice(
            (
                *(None, None, None),
                [filter_option("tag", "canary")],
                [filter_option("tag", "canary", "is_not")],
                [filter_option("specific_device", chance.choice(sorted(self.truth())))],
                [filter_option("device_state", "online")],
            )
        )
        return deploy_request(
            flow_id=FLOW,
            project=PROJECT,
            groups=groups,
            filters=filters,
            all_devices=not groups and not filters,
            app=chance.choice((None, {"name": APP, "version": NEW})),
            parameters=chance.choice((None, None, {"speed": "slow"})),
            wait=chance.random() < 0.4,
            wait_timeout=chance.choice((60, 300)),
            max_failures=chance.choice((0, 0, 1, 1000)),
        )

    def _some_trigger(self) -> TriggerRequest:
        chance = self.chance
        earlier = [run.request for run in self.runs if isinstance(run.request, TriggerRequest)]
        if earlier and chance.random() < 0.6:
            return replace(earlier[-1], hold=not earlier[-1].hold)
        devices = list(self.truth().values())
        chosen = chance.sample(devices, chance.randint(1, len(devices)))
        return TriggerRequest(
            entries=tuple(Entry(one.token, one.uuid, one.name, "devices[%d]" % at) for at, one in enumerate(chosen)),
            hold=chance.random() < 0.5,
            project=chance.choice((None, PROJECT)),
            group=None,
            force=chance.random() < 0.1,
            verify=chance.random() < 0.7,
        )

    def _run_of(self, request: DeployRequest | TriggerRequest) -> Run:
        chance = self.chance
        run = Run(
            len(self.runs) + 1,
            request,
            budget=chance.choice((0, 30, 300, 300)),
            account_limit=chance.choice((0, 5, 60)),
            dry=chance.random() < 0.05,
        )
        if chance.random() < 0.35:
            run.crash_writing, run.crash_after = chance.random() < 0.6, chance.random() < 0.6
            run.crash_at = chance.choice((1, 1, 2, 3)) if run.crash_writing else chance.randint(1, 8)
        self.runs.append(run)
        return run

    def _add_faults(self) -> None:
        chance = self.chance
        for _each in range(chance.choice((0, 1, 1, 2, 3, 5))):
            kind = chance.choice(FAULTS)
            where: dict[str, Any] = {"times": chance.choice((1, 1, 2, 6)), "after": chance.randint(0, 8)}
            if kind == "late" or chance.random() < 0.5:
                where["method"], where["after"] = "POST", chance.randint(0, 3)
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

    def _meanwhile(self) -> None:
        """Time passes between two runs, and a device is repaired."""
        soon = self.runs[-1].crashed and self.chance.random() < 0.6  # an interrupted run is often started again at once
        self.pass_time(0.0 if soon else self.chance.choice((0.0, self.chance.uniform(0, 200))))
        failing = [uuid for uuid, device in self.truth().items() if device.fail]
        if failing and self.chance.random() < 0.5:
            uuid = self.chance.choice(failing)
            self.emulator.configure(uuid, fail=False)
            self.note("%s will not fail any more" % uuid)

    def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        self.emulator.now = self.clock()
        self.land()

    def go(self, *runs: Run) -> None:
        for run in runs:
            self.note(str(run))
        run_on(self.clock, self._side_by_side(runs))
        self.emulator.now = self.clock()
        self.land()

    async def _side_by_side(self, runs: tuple[Run, ...]) -> None:
        await asyncio.gather(*(self._one(run) for run in runs))

    async def _one(self, run: Run) -> None:
        await asyncio.sleep(run.starts_after)
        connection = Connection(
            api_url="https://emulator.invalid",
            user_token=self.emulator.user_token,
            timeout=TIMEOUT,
            validate_certs=True,
            ca_path=None,
            retry_budget=run.budget,
            concurrency=10,
            device_calls_per_minute=run.device_limit,
            account_calls_per_minute=run.account_limit,
        )
        run.waits = Waits(run.budget, self.clock, asyncio.sleep)
        journal = self.others_journal if run.other else self.journal
        client = Client(connection, Line(self, run), journal, run.waits)
        wrote = len(self.writes)
        try:
            if isinstance(run.request, DeployRequest):
                run.report = await apply_deployment(run.request, client, run.dry)
            else:
                run.report = await apply_trigger(run.request, client, run.dry)
        except ConnectError as failure:
            run.failure = failure
        except Crash:
            run.crashed = True
        self._say(run)
        self._check_run(run, self.writes[wrote:])

    def _say(self, run: Run) -> None:
        if run.report is None:
            self.note("run %d: %s" % (run.number, "crashed" if run.crashed else run.failure))
            return
        self.note("run %d: %s %s" % (run.number, run.report.code, run.report.msg))
        for row in run.report.result["devices"]:
            about = [row["device_uuid"], row.get("plan"), row.get("status"), row["outcome"], row["code"]]
            self.note("    " + " ".join(str(part) for part in about if part is not None))

    # What must hold

    def _check_once(self, run: Run, states: dict[str, list[str]]) -> None:
        """Called when a deployment is processed, with what its devices had before."""
        for uuid, before in states.items():
            if before and not self.two and (not run.request.retry_failed or set(before) & set(LIVE)):
                self.violated("twice", "run %d sent %s the deployment again; it had %s" % (run.number, uuid, before))

    def targeted(self, request: DeployRequest) -> list[str]:
        found = []
        for device in self.truth().values():
            facts = {
                "tag": set(device.tags),
                "specific_device": {device.uuid},
                "device_state": {"online" if device.online else "offline"},
            }
            fits = all((one.value in facts[one.type]) == (one.operand == "is") for one in request.filters)
            if fits and (not request.groups or device.group in request.groups):
                found.append(device.uuid)
        return sorted(found)

    def _check_run(self, run: Run, writes: list[Write]) -> None:
        """Right after a run, with the writes that were processed during it."""
        waits = run.waits
        assert waits is not None
        if waits.budget - waits.left > run.budget + run.lost_seconds + 1e-6:
            self.violated("budget", "run %d was charged %.1f s" % (run.number, waits.budget - waits.left))
        report = run.report
        if report is None:
            return
        rows = report.result["devices"]
        uuids = sorted(row["device_uuid"] for row in rows)
        if isinstance(run.request, DeployRequest):
            if uuids != self.targeted(run.request):
                self.violated("rows", "run %d has rows for %s" % (run.number, uuids))
            return
        if uuids != sorted(entry.uuid for entry in run.request.entries):
            self.violated("rows", "run %d has rows for %s" % (run.number, uuids))
        touched = {
            uuid for write in writes if write.run is not run and "trigger" in write.path for uuid in write.reached
        }
        for row in rows:
            device = self.truth()[row["device_uuid"]]
            sure = row["outcome"] in ("changed", "unchanged") and device.uuid not in touched
            if sure and not run.dry and device.held is not run.request.hold:
                self.violated("trigger", "run %d says %s of %s, which is held=%s" % (
                    *(run.number, row["outcome"], device.uuid, device.held),
                ))  # fmt: skip

    def _check_writes(self) -> None:
        """At the very end, when everything has landed: what was reported of writes against the writes."""
        for run in self.runs:
            writes = [write for write in self.writes if write.run is run]
            reached = {uuid for write in writes for uuid in write.reached}
            if writes and (run.dry or run.failure or (run.report is not None and not run.report.changed)):
                self.violated("unreported", "run %d wrote, and says that it did not" % run.number)
            if run.report is None or run.dry or not isinstance(run.request, DeployRequest):
                continue
            passed = {uuid for write in writes for uuid in write.held} if self.skips_held else set()
            for row in run.report.result["devices"]:
                uuid, outcome = row["device_uuid"], row["outcome"]
                if outcome == "changed" and uuid not in reached | passed and not self.two:
                    self.violated("untrue", "run %d says changed of %s, to which it sent nothing" % (run.number, uuid))
                refused = outcome == "failed" and row["code"] != "update_failed"
                if (outcome == "unchanged" or refused) and uuid in reached:
                    self.violated("untrue", "run %d says %s of %s, to which it sent" % (run.number, outcome, uuid))

    def _check_pace(self) -> None:
        for moments in self.arrivals.values():
            moments.sort()
            for first, fourth in zip(moments, moments[3:], strict=False):
                if fourth - first < 60:
                    self.violated("pace", "4 calls in %.2f s from %.2f" % (fourth - first, first - 1000))

    def _end_quietly(self, request: DeployRequest) -> None:
        """No more faults: the same request once more must converge, and then write nothing."""
        self.emulator.clear_faults()
        self.note("no more faults")
        triggers = [run.request for run in self.runs if isinstance(run.request, TriggerRequest)]
        self.pass_time(QUIET)
        last = replace(request, retry_failed=False, max_failures=1000, wait=False)
        if self.targeted(last):
            self._go_quietly(last)
            self._check_converged(last)
            wrote = len(self.writes)
            again = self._go_quietly(last)
            if any(write.reached for write in self.writes[wrote:]) or (
                wrote < len(self.writes) and not self.skips_held
            ):
                self.violated("again", "a second quiet run wrote")
            self._check_duplicates(again)
        if triggers:
            self._go_quietly(triggers[-1])
            self.pass_time(QUIET)
            wrote = len(self.writes)
            self._go_quietly(replace(triggers[-1], force=False))
            if wrote < len(self.writes):
                self.violated("again", "a second quiet hold or release wrote")
        self._check_writes()
        self._check_pace()

    def _go_quietly(self, request: DeployRequest | TriggerRequest) -> Run:
        run = Run(len(self.runs) + 1, request, budget=600)
        self.runs.append(run)
        self.go(run)
        code = run.report.code if run.report is not None else run.failure
        late = isinstance(request, TriggerRequest) and self.lag > 0  # a late list may not confirm
        if run.report is None or (code is not None and not (late and code in ("verify_failed", "unobservable"))):
            self.violated("quiet", "run %d without faults ended with %s" % (run.number, code))
        return run

    def _check_converged(self, request: DeployRequest) -> None:
        fleet = self.truth()
        for uuid in self.targeted(request):
            device = fleet[uuid]
            states = [update.status for update in device.updates]
            live = sum(state in LIVE for state in states)
            excused = (
                (states and not live)  # it failed, and retry_failed is not set
                or (not states and request.app is not None and device.apps.get(APP) == NEW)
                or (device.held and self.skips_held)
            )
            if not (live == 1 or (live > 1 and self.two) or (live == 0 and excused)):
                self.violated("diverged", "%s has %s in the end" % (uuid, states))

    def _check_duplicates(self, run: Run) -> None:
        fleet = self.truth()
        assert isinstance(run.request, DeployRequest)
        twice = [
            uuid
            for uuid in self.targeted(run.request)
            if sum(update.status in LIVE for update in fleet[uuid].updates) > 1
        ]
        if run.report is None:
            return
        said = run.report.result["summary"]["duplicates"]
        if said < len(twice) or (said > 0) != any(one.startswith("DUPLICATE") for one in run.report.warnings):
            self.violated("duplicates", "%d reported, but %s have several" % (said, twice))


def play(seed: int) -> Schedule:
    return Schedule(seed).play()


def _verdict(seed: int) -> tuple[int, list[str], str, Counter[str]]:
    try:
        schedule = play(seed)
    except Exception as error:  # a traceback must not end ten thousand others
        return seed, ["error"], "seed %d: %r\nAgain: %s" % (seed, error, COMMAND % seed), Counter()
    kinds = [name for name, _what in schedule.violations]
    done = Counter(runs=len(schedule.runs), writes=len(schedule.writes), crashes=sum(r.crashed for r in schedule.runs))
    done["exchanges"] = sum(run.exchanges for run in schedule.runs)
    return seed, kinds, str(schedule) if kinds else "", done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="the first one; the others follow it")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--show", type=int, default=1, help="how many violations to print in full")
    options = parser.parse_args()
    started = time.monotonic()
    found: dict[str, list[int]] = {}
    done: Counter[str] = Counter()
    shown = 0
    with multiprocessing.Pool(options.jobs) as pool:
        seeds = range(options.seed, options.seed + options.count)
        for seed, kinds, story, counts in pool.imap_unordered(_verdict, seeds, chunksize=10):
            done += counts
            for kind in dict.fromkeys(kinds):
                found.setdefault(kind, []).append(seed)
            if kinds and shown < options.show:
                shown += 1
                print(story, end="\n\n")
    print("%d schedules in %.0f s: %s" % (options.count, time.monotonic() - started, dict(done)))
    for kind, seeds_found in sorted(found.items()):
        print("%s: %d, seeds %s" % (kind, len(seeds_found), sorted(seeds_found)[:10]))
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
