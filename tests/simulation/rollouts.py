# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random rollouts over several nights: the program that ships, step by step as the role calls it, against the emulator
on a clock that jumps. With faults, kills, signals, lost results, and people who interfere; each from one number.

Run it from the root of the repository: python -m tests.simulation.rollouts --help
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from emulator.model import ABORTED, Deployment, Device
from tests.simulation.draws import (
    APP,
    BACK,
    BY_HAND,
    FLOW,
    NIGHT,
    OLD,
    PROJECT,
    some_hours,
    some_kiosk,
    some_options,
    some_start,
)
from tests.simulation.service import LIVE, Crash, Line, Process, SharedJournal, World, Write, command

# isort: split

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import ConnectError
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence.record import jsonable
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.request import (
    RolloutRequest,
    read_request,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.step import STEP_SPEC, carry_out
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._secrets import Hider
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.client import (
    LOOK,
    PASSED_ON,
    Client,
    while_held,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Call
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.lease import Lease
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.waits import Waits
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import run_on

COMMAND = "python -m tests.simulation.rollouts --count 1 --seed %d"
FINISHED = ("success", "failed", "aborted")
# What may strike a run. The first four end the whole run; after the others the role goes on to its end.
KILL, SIGNAL, LATE_SIGNAL, LOST_LEASE = "kill", "signal", "signal after the end", "lost lease"
TO_THE_MODULE, TIMEOUT = "signal to the module", "time-out of the task"
STRIKES = (KILL, KILL, SIGNAL, LATE_SIGNAL, LOST_LEASE, TO_THE_MODULE, TIMEOUT)
ENDS_THE_RUN = (KILL, SIGNAL, LATE_SIGNAL, LOST_LEASE)


class RunOver(Exception):
    """ansible-playbook is gone: no task follows."""


class TaskFailed(Exception):
    """A task fails as Ansible would see it."""

    def __init__(self, msg: str, code: str = "error") -> None:
        super().__init__(msg)
        self.failure = {"code": code, "msg": msg}


class ShortLease(Lease):
    """Ends when the schedule says so."""

    limited = True  # type: ignore[assignment]
    held = True  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self._over = asyncio.Event()

    def end(self) -> None:
        self.held = False
        self._over.set()

    async def lost(self) -> None:
        await self._over.wait()


@dataclass(frozen=True)
class About:
    """What held when a call departed."""

    acting: frozenset[str]
    need: float
    must_stop: str | None
    rolling_back: bool


@dataclass(eq=False, kw_only=True)
class Run(Process):
    """One ansible-playbook: a plan, waves with hooks between them, an end; each step is a process of its own."""

    world: Schedule
    options: Mapping[str, Any]
    request: RolloutRequest
    dry: bool = False
    budget: int = 300
    account_limit: int = 60
    strike: str | None = None
    strike_in: float | None = None  # seconds
    loses_result: float = 0.0  # how likely the result of a wave is lost
    hook_fails: float = 0.0  # how likely
    hook_takes: tuple[int, ...] = (0,)  # seconds, one of these
    client: Client | None = None
    lease: Lease = field(default_factory=Lease)
    struck_by: str | None = None
    struck_at: float | None = None
    over: bool = False
    lost: bool = False
    had_orphan: bool = False
    plan_lost: bool = False  # the task that planned left no result
    records: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    plan: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    took: dict[str, float] = field(default_factory=dict)
    acting: set[str] = field(default_factory=set)
    acted: set[str] = field(default_factory=set)
    rolling_back: bool = False
    must_stop: str | None = None
    flipped: set[str] = field(default_factory=set)
    before: dict[str, int] = field(default_factory=dict)  # updates that each device had

    def struck(self) -> None:
        self.struck_by, self.struck_at = self.strike, self.world.clock()
        self.world.note("STRUCK by a %s" % self.strike)
        if self.strike in ENDS_THE_RUN:
            self.over = True
        if self.strike == KILL:
            self.die()
        elif self.strike in (SIGNAL, TO_THE_MODULE):
            assert self.client is not None
            self.client.interrupt("SIGTERM")
        elif isinstance(self.lease, ShortLease):
            self.lease.end()
            if self.strike == LATE_SIGNAL:
                assert self.client is not None
                after = self.world.chance.uniform(0, PASSED_ON - LOOK)
                asyncio.get_running_loop().call_later(after, self.client.interrupt, "SIGTERM")

    def struck_in_time(self) -> None:
        try:
            self.struck()
        except Crash:
            pass  # its next call, record or note finds it dead

    def need(self) -> float:
        """What an update needs, in seconds."""
        given, took = self.options["max_update_time"], sorted(self.took.values())
        if given:
            return 60.0 * int(given[:-1])
        if self.rolling_back or len(took) < 5:
            return 1800.0
        return math.ceil(took[math.ceil(len(took) * 0.95) - 1])

    def rows_of(self, event: str) -> dict[str, dict[str, Any]]:
        """The last row for each device in records of this kind."""
        return {row["device_uuid"]: row for name, data in self.records if name == event for row in data["rows"]}


class Ledger:
    """The evidence of a step, in memory."""

    warnings: tuple[str, ...] = ()

    def __init__(self, run: Run) -> None:
        self._run = run

    def record(self, event: str, data: Mapping[str, Any]) -> None:
        self._run.check()
        self._run.world.recorded(self._run, event, json.loads(json.dumps(jsonable(data))))


class Schedule(World):
    """What one seed stands for, and what came of it."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, COMMAND)
        self.runs: list[Run] = []
        self.waves: list[Any] | None = None
        self.restless = 0.0  # how often somebody interferes with a device, in a second
        self._make_world()
        self.listen()
        self.journal = SharedJournal()

    # The world

    def _make_world(self) -> None:
        chance = self.chance
        self._start = NIGHT
        by_device = chance.random() < 0.25
        self.start(
            devices=chance.choice((1, 3, 6, 12)),
            project=PROJECT,
            groups="A,B",
            app="%s=%s" % (APP, OLD),
            tags="canary=0",
            flow=[FLOW, BACK, BY_HAND],
        )
        kiosks = [some_kiosk(chance, device, by_device) for device in self.emulator.devices()]
        kiosks[0].tracked = True
        self.kiosks = {kiosk.uuid: kiosk for kiosk in kiosks}
        self.lag = chance.choice((0.0, 0.0, chance.uniform(0, 90)))
        self.flipped_at: dict[str, float] = {}  # by a person
        self.emulator.set_switch(
            lag_seconds=self.lag,
            held_devices=chance.choice(("queued", "queued", "skipped")),
            hold_running=chance.choice(("finishes", "finishes", "aborts")),
            updates_order=chance.choice(("newest_last", "newest_first")),
            rate_window=chance.choice(("sliding", "fixed")),
            retry_after=chance.choice(("none", "seconds")),
            empty_target=chance.choice((200, 400)),
        )
        for kiosk in kiosks:
            self.configure(kiosk.uuid, **kiosk.changes)
            if chance.random() < 0.06:
                self._send_by_hand(self.truth()[kiosk.uuid])
        self.hours = some_hours(chance, by_device)
        self.options = some_options(chance, kiosks, self.hours)
        self.pass_time(100)  # what was set up shows in every list
        begins = some_start(chance, self.hours, self.options["max_update_time"])
        self._start = begins - timedelta(seconds=self.clock())
        for kiosk in kiosks:
            self.note(str(kiosk))
        self.note("lag %.0f %s" % (self.lag, self.emulator.exchange.service.switches.as_dict()))
        self.note(str(self.options))

    def now(self) -> datetime:
        return self.moment(self.clock())

    def moment(self, at: float) -> datetime:
        return self._start + timedelta(seconds=at)

    def label(self, moment: float) -> str:
        return self.moment(moment).strftime("%d %H:%M:%S.%f")[:-4]

    def _send_by_hand(self, device: Device) -> None:
        fleet, at = self.emulator.exchange.service.fleet, self.clock()
        by_hand = Deployment(fleet.new_deployment_id(), "v1", BY_HAND, at, "by hand", None, None, None)
        fleet.deploy(by_hand, [device], at)

    def _abort(self, device: Device, comment: str = "") -> None:
        """Somebody aborts its updates in the web UI."""
        for update in list(device.pending):
            if update.deployment.comment.startswith(comment):
                device.pending.remove(update)
                update.status, update.finished = ABORTED, self.clock()
        if device.running is not None and device.running.deployment.comment.startswith(comment):
            device.running.abort = True

    async def _people(self) -> None:
        """Who hold, release, unplug and abort while a run is at work."""
        while True:
            await asyncio.sleep(self.chance.expovariate(self.restless * len(self.kiosks)))
            self.catch_up()
            self._interfere()

    def _interfere(self) -> None:
        chance = self.chance
        kiosk = chance.choice(list(self.kiosks.values()))
        device = self.truth()[kiosk.uuid]
        what = chance.random()
        if kiosk.is_its_own or what < 0.4:
            self.run.flipped.add(kiosk.uuid)
            self.flipped_at[kiosk.uuid] = self.clock()
            self.note("somebody sets %s to held=%s" % (kiosk.uuid, not device.held))
            self.configure(kiosk.uuid, held=not device.held)
        elif what < 0.85:
            self.note("%s is online=%s" % (kiosk.uuid, not device.online))
            self.configure(kiosk.uuid, online=not device.online)
        else:
            self.note("somebody aborts what is on %s" % kiosk.uuid)
            self._abort(device)

    # What is known

    @property
    def run(self) -> Run:
        return self.runs[-1]

    def states(self, uuid: str, mark: str, view: float | None = None) -> list[str]:
        """Of its updates with the mark, now or as a list shows them that was made at C(view)."""
        view = self.clock() if view is None else view
        marked = [one for one in self.truth()[uuid].updates if one.deployment.comment.startswith(mark)]
        return [state for one in marked if (state := one.status_at(view)) is not None]

    def state(self, uuid: str, mark: str, view: float | None = None) -> str | None:
        """Running beats succeeded, and succeeded beats failed."""
        states = self.states(uuid, mark, view)
        running = [state for state in states if state not in FINISHED]
        return (running or [state for state in states if state == "success"] or states or [None])[-1]

    # What happens

    def happen(self) -> None:
        chance = self.chance
        try:
            for _night in range(chance.choice((1, 1, 2, 3))):
                self._some_run()
                again = chance.random() < 0.6
                self.pass_time(chance.choice((0, 60, 600)) if again else 60 * chance.randint(60, 1440))
            self._end_quietly()
            self.check_pace()
        finally:
            self.journal.close()

    def _some_run(self) -> None:
        chance = self.chance
        for _each in range(chance.choice((0, 0, 1, 2, 5))):
            self.add_fault(reads=60, writes=12)
        self.restless = chance.choice((0, 0, 0, 0.00015, 0.0005))
        run = self._run_of({"retry_failed": chance.random() < 0.3}, dry=chance.random() < 0.05)
        run.budget, run.account_limit = chance.choice((0, 30, 300, 300)), chance.choice((0, 60, 60, 15))
        run.loses_result, run.hook_fails = chance.choice((0, 0, 0, 0.3)), chance.choice((0, 0.2))
        run.hook_takes = (0, 30, 1200)
        if chance.random() < 0.5:
            run.strike = chance.choice(STRIKES)
            run.strike_after, run.strike_writing = chance.random() < 0.5, chance.random() < 0.5
            if chance.random() < 0.2:
                run.strike_in = chance.uniform(0, chance.choice((10, 600, 3600)))
            elif run.strike_writing:
                run.strike_at = chance.randint(1, chance.choice((2, 6, 20)))
            else:
                run.strike_at = chance.randint(1, chance.choice((4, 12, 40)))
        self.go(run)
        self.emulator.clear_faults()

    def _run_of(self, changes: Mapping[str, Any], dry: bool = False) -> Run:
        options = {**self.options, **changes}
        devices = [
            {"device_token": one.token, "device_uuid": one.uuid, "timezone": one.zone}
            for one in self.kiosks.values()
            if one.tracked
        ]
        request = read_request(options, devices)
        # What somebody has just done, the lists may not show for as long as the run looks.
        flipped = {uuid for uuid, at in self.flipped_at.items() if self.clock() - at < self.lag}
        return Run(number=len(self.runs) + 1, world=self, options=options, request=request, dry=dry, flipped=flipped)

    def go(self, run: Run) -> None:
        self.runs.append(run)
        self.journal.writer = run
        run.before = {uuid: len(device.updates) for uuid, device in self.truth().items()}
        self.note(
            "run %d dry=%s budget=%d strike=%s at=%s in=%s restless=%s"
            % (run.number, run.dry, run.budget, run.strike, run.strike_at, run.strike_in, self.restless)
        )
        run_on(self.clock, self._play(run))
        self.catch_up()
        self.journal.writer = None
        self._check_run(run)

    async def _play(self, run: Run) -> None:
        loop = asyncio.get_running_loop()
        people = asyncio.ensure_future(self._people()) if self.restless else None
        self._orphans: list[asyncio.Future[Any]] = []
        self._timer = loop.call_later(run.strike_in, run.struck_in_time) if run.strike_in is not None else None
        try:
            await self._role(run)
        except (RunOver, Crash):
            self.note("the run is over")
        finally:
            if self._timer is not None:
                self._timer.cancel()
        if self._orphans:
            await asyncio.gather(*self._orphans, return_exceptions=True)
            await asyncio.sleep(TIMEOUT_OF_A_CALL)
        if people is not None:
            people.cancel()

    # As roles/rollout/tasks do it

    async def _role(self, run: Run) -> None:
        last: dict[str, Any] | None = None  # connect__step
        failure: dict[str, str] | None = None
        lost = False
        planned: dict[str, Any] = {}
        try:
            planned = await self._step(run, "plan")
            if planned["go"]:
                await self._hook(run, planned, "before_window")
                for wave in planned["plan"]["waves"]:
                    if (last or planned)["go"]:
                        await self._hook(run, planned, "before_wave")
                    state, last, lost = (last or planned)["state"], None, True
                    last = await self._step(run, "wave", wave=wave["name"], state=state)
                    lost = False
                    if last["began"]:
                        await self._hook(run, planned, "after_wave")
        except TaskFailed as failed:
            failure = failed.failure
        try:
            if last is not None and last["touched"]:
                await self._hook(run, planned, "after_window")
        except TaskFailed as failed:
            failure = failed.failure
        run.lost, run.plan_lost = lost, not planned
        state = (last or planned).get("state")
        try:
            ended = await self._step(run, "end", state=state, failure=failure, lost=lost)
        except TaskFailed:  # the role says that it failed, and no more
            return
        run.result, run.rows = ended["rollout"], ended["devices"]
        self.note("%(outcome)s %(code)s: %(msg)s" % run.result)
        for row in run.rows:
            self.note("    %(device_uuid)s %(wave)s %(class)s %(outcome)s %(reason)s" % row)

    async def _hook(self, run: Run, planned: dict[str, Any], name: str) -> None:
        if name not in planned["hooks"]:
            return
        await asyncio.sleep(self.chance.choice(run.hook_takes))
        if run.over:
            raise RunOver
        if self.chance.random() < run.hook_fails:
            self.note("the hook %s fails" % name)
            raise TaskFailed("The hook %s failed." % name)

    async def _step(self, run: Run, step: str, **given: Any) -> dict[str, Any]:
        """What the task returns. Raises TaskFailed, and RunOver when ansible-playbook ended with it."""
        if run.over:
            raise RunOver
        lease = ShortLease() if run.strike in (LATE_SIGNAL, LOST_LEASE, TIMEOUT) else Lease()
        waits = Waits(run.budget, self.clock, asyncio.sleep)
        connection = self.connection(run.budget, run.account_limit)
        run.lease = lease
        run.client = Client(connection, Line(self, run), self.journal, waits, self.now, lease)
        params = {**{name: option.get("default") for name, option in STEP_SPEC.items()}, "step": step, **given}
        params.update(user_token=self.emulator.user_token, evidence_dir="/evidence")
        self.note("step %s %s" % (step, {name: value for name, value in given.items() if name != "state"}))
        work = carry_out(params, run.request, run.client, Hider(()), run.dry, lambda *_given: Ledger(run))
        task = asyncio.ensure_future(while_held(run.client, work))
        if run.strike == TIMEOUT and await self._outlives(task, lease):
            run.had_orphan = True
            raise TaskFailed("The task timed out.")
        try:
            report = await task
        except ConnectError as failed:
            self.note("step %s failed: %s" % (step, failed.msg))
            if run.over:
                raise RunOver from None
            raise TaskFailed(failed.msg, failed.code) from None
        if run.over:
            raise RunOver
        if step == "wave" and self.chance.random() < run.loses_result:
            self.note("its result is lost")
            raise TaskFailed("The host was unreachable.")
        result: dict[str, Any] = json.loads(json.dumps(report.as_result(False)))
        return result

    async def _outlives(self, task: asyncio.Future[Any], lease: Lease) -> bool:
        """Whether Ansible gives the task up; the module goes on until it notices."""
        ended = asyncio.ensure_future(lease.lost())
        await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if lease.held:
            return False
        self._orphans.append(task)
        return True

    # What is heard

    def recorded(self, run: Run, event: str, data: dict[str, Any]) -> None:
        run.records.append((event, data))
        if event == "planned":
            run.plan = data["plan"]
        elif event == "wave_started":
            run.acting = set(data["device_uuids"])
            run.acted |= run.acting
            self.note("wave %s: %s" % (data["wave"], sorted(run.acting)))
        elif event == "released" and not run.rolling_back:
            run.acting -= {row["device_uuid"] for row in data["rows"] if row["outcome"] in ("failed", "unknown")}
        elif event == "deployed" and not run.rolling_back:
            taken = {row["device_uuid"]: row["seconds"] for row in data["rows"] if row["status"] == "success"}
            run.took.update({uuid: seconds for uuid, seconds in taken.items() if seconds})
        elif event == "judged":
            self._judged(run, data)
        elif event == "rollback_started":
            run.acting, run.rolling_back = set(data["device_uuids"]), True
            if run.acting - run.acted:
                self.violated("strangers", "%s would be rolled back" % sorted(run.acting - run.acted))
        elif event in ("wave_ended", "failed"):
            run.acting = set()

    def departs(self, process: Process, call: Call) -> About | None:
        run = process
        assert isinstance(run, Run)
        if not call.writes:
            return None
        if run.struck_by in (LOST_LEASE, TIMEOUT) and not run.lease.held:
            self.violated("after the end", "%s departs" % call.path)
        return About(frozenset(run.acting), run.need(), run.must_stop, run.rolling_back)

    def wrote(self, write: Write) -> None:
        run: Run = write.sender
        what = "send" if write.hold is None else "hold" if write.hold else "release"
        self.note("  run %d: %s %s" % (run.number, what, write.reached))
        run.writes.append(write)
        run.calls[what] += 1
        if run.dry:
            self.violated("dry", what)
        for uuid in write.reached:
            self._check_write(run, write, what, uuid)

    def _check_write(self, run: Run, write: Write, what: str, uuid: str) -> None:
        kiosk, about = self.kiosks[uuid], write.about
        if what != "send" and (kiosk.is_its_own or not kiosk.tracked):
            self.violated("not ours", "%s %s" % (what, uuid))
        if what == "hold":
            left = {one["device_uuid"] for one in run.plan["devices"] if one["due"]} if run.lost else set()
            if uuid not in run.acted | set(run.plan["leftovers"]) | left:
                self.violated("strangers", "%s is held, and was neither touched nor left behind" % uuid)
            return
        if uuid not in about.acting:
            self.violated("strangers", "%s %s, which does not act now" % (what, uuid))
        departed = self.moment(write.departed)
        anywhen = about.rolling_back and run.options.get("rollback_outside_window")
        if self.hours and not anywhen and not self.hours.allow(departed, kiosk.zone, about.need):
            self.violated("window", "%s %s at %s" % (what, uuid, departed))
        if about.must_stop and not about.rolling_back:
            self.violated("threshold", "%s %s although %s" % (what, uuid, about.must_stop))
        if what == "send":
            self._check_once(run, uuid)

    def _check_once(self, run: Run, uuid: str) -> None:
        mark = self.truth()[uuid].updates[-1].deployment.comment.split()[0]
        states = self.states(uuid, mark)
        if sum(state in LIVE for state in states) > 1 or (len(states) > 1 and not run.options["retry_failed"]):
            self.violated("twice", "%s has %s" % (uuid, states))

    def _judged(self, run: Run, data: dict[str, Any]) -> None:
        """What the program could see of the wave, against the limits: counted anew, and never too strictly."""
        if data["verdict"] != "proceed":
            run.must_stop = "the verdict is %s" % data["code"]
        members = next(wave["device_uuids"] for wave in run.plan["waves"] if wave["name"] == data["wave"])
        classes = {row["device_uuid"]: row["class"] for row in run.plan["devices"]}
        counted = [uuid for uuid in members if uuid in run.acted or classes[uuid] in ("failed", "aborted")]
        if run.options["retry_failed"]:
            counted = [uuid for uuid in counted if len(self.truth()[uuid].updates) > run.before[uuid]]
        limits = (self.options["thresholds"] or {}).get("wave", {})
        for name in ("failed", "aborted"):
            limit = str(limits.get(name, 0))
            allowed = len(members) * float(limit[:-1]) / 100 if limit.endswith("%") else float(limit)
            found = [self.state(uuid, run.plan["mark"], run.looked_at - self.lag) for uuid in counted]
            if found.count(name) > allowed:
                run.must_stop = run.must_stop or "%d are %s in wave %s" % (found.count(name), name, data["wave"])

    # What must hold after a run

    def _check_run(self, run: Run) -> None:
        self._check_plan(run)
        if run.dead or run.dry or not run.plan:
            return
        if run.result is not None and run.plan_lost:
            if run.rows or not run.result["failed"]:
                self.violated("untrue", "the plan was lost, and it says %s" % run.result["outcome"])
            return
        if run.struck_by in (SIGNAL, LATE_SIGNAL) and run.result is None:
            self._check_interrupted(run)
        if run.result is not None:
            self._check_result(run)
            for row in run.plan["devices"]:
                self._check_left(run, row)
        self._check_evidence(run)

    def _check_plan(self, run: Run) -> None:
        if not run.plan:
            return
        rows = [row["device_uuid"] for row in run.plan["devices"]]
        placed = [uuid for wave in run.plan["waves"] for uuid in wave["device_uuids"]]
        outside = [row["device_uuid"] for row in run.plan["devices"] if row["wave"] is None]
        if len(rows) != len(set(rows)) or sorted(rows) != sorted(placed + outside):
            self.violated("rows", "rows %s, in waves %s" % (rows, placed))
        if not self.options.get("filters"):
            groups = self.options.get("groups", ["A", "B"])
            wanted = sorted(uuid for uuid, device in self.truth().items() if device.group in groups)
            if sorted(rows) != wanted:
                self.violated("rows", "rows %s of %s" % (rows, wanted))
            waves = [wave["device_uuids"] for wave in run.plan["waves"]]
            if self.waves not in (None, waves):
                self.violated("membership", "%s were %s" % (waves, self.waves))
            self.waves = waves

    def _check_result(self, run: Run) -> None:
        result = run.result
        assert result is not None
        uuids = [row["device_uuid"] for row in run.rows]
        if sorted(uuids) != sorted(row["device_uuid"] for row in run.plan["devices"]):
            self.violated("rows", "the result has %s" % uuids)
        summary = dict(result["summary"])
        outcomes = Counter(row["outcome"] for row in run.rows)
        if summary.pop("total") != len(uuids) or {name: n for name, n in summary.items() if n} != outcomes:
            self.violated("rows", "%s, but the rows have %s" % (result["summary"], outcomes))
        for row in run.rows:
            uuid, outcome = row["device_uuid"], row["outcome"]
            success = self.state(uuid, run.plan["mark"]) == "success"
            if outcome in ("updated", "rolled_back", "done_before") and not success:
                self.violated("untrue", "%s is said of %s" % (outcome, uuid))
            if row["rollback"] == "success" and self.state_of_rollback(run, uuid) != "success":
                self.violated("untrue", "%s is said to be rolled back" % uuid)
        if result["outcome"] == "refused" and run.acted:
            self.violated("untrue", "refused, and %s were touched" % run.acted)
        if result["outcome"] in ("succeeded", "nothing_to_do") and (outcomes["left"] or run.must_stop or run.lost):
            self.violated("untrue", "%s, but %s %s" % (result["outcome"], outcomes, run.must_stop))
        if result["left_open"] and not result["failed"]:
            self.violated("left open", "the run does not fail")

    def state_of_rollback(self, run: Run, uuid: str) -> str | None:
        assert run.request.rollback is not None
        return self.state(uuid, run.request.rollback.mark)

    def must_be_held(self, run: Run, row: Mapping[str, Any]) -> bool:
        """How a device is left that the run touched: what is unfinished is held, the rest is as connect_after says."""
        after, state = self.options["after"], self.state(row["device_uuid"], run.plan["mark"])
        if run.request.rollback is not None and self.state_of_rollback(run, row["device_uuid"]) is not None:
            return True
        if after == "restore" and state is None:  # nothing was sent to it
            return row["held"] is not False
        if after == "hold" or state not in FINISHED:
            return True
        return state != "success" if after == "release" else row["held"] is not False

    def is_overtaken(self, run: Run, uuid: str) -> bool:
        """Whether a release that was under way when the run was struck landed after the hold."""
        last = [write for write in run.writes if write.hold is not None and uuid in write.reached][-1:]
        return run.struck_at is not None and any(
            not write.hold and (write.is_late or write.departed <= run.struck_at <= write.at) for write in last
        )

    def _check_left(self, run: Run, row: Mapping[str, Any]) -> None:
        """A device that was touched, or left behind by an earlier run."""
        uuid = row["device_uuid"]
        if not row["ours"] or uuid in run.flipped or self.is_overtaken(run, uuid):
            return
        assert run.result is not None
        state = self.state(uuid, run.plan["mark"])
        behind = state is not None and (self.options["after"] == "hold" or row["class"] == "in_flight")
        if uuid in run.acted or behind:
            named = uuid in run.result["left_open"] or row["name"] in run.result["left_open"]
            if self.must_be_held(run, row) and not self.truth()[uuid].held and not named:
                self.violated("left open", "%s is %s, after %s" % (uuid, state, self.options["after"]))

    def _check_interrupted(self, run: Run) -> None:
        """What a signal leaves behind: all is held, or is named in the evidence."""
        held = run.rows_of("held")
        for row in run.plan["devices"]:
            uuid = row["device_uuid"]
            if uuid not in run.acted or not row["ours"] or uuid in run.flipped or self.truth()[uuid].held:
                continue
            if self.is_overtaken(run, uuid):
                continue
            named = uuid in held and held[uuid]["outcome"] in ("failed", "unknown")
            if self.must_be_held(run, row) and not named:
                self.violated("left open", "%s after the signal" % uuid)

    def _check_evidence(self, run: Run) -> None:
        events = [event for event, _data in run.records]
        if events[0] != "run_started" or events.count("run_started") != 1:
            self.violated("evidence", "it begins with %s" % events[:3])
        if run.result is not None and not run.had_orphan:
            ended = run.records[-1][1]
            if events[-1] != "run_ended" or ended["devices"] != run.rows or ended["outcome"] != run.result["outcome"]:
                self.violated("evidence", "it ends with %s" % events[-3:])
        if run.struck_by in (LOST_LEASE, TIMEOUT):
            return  # a module that Ansible gave up may not have said all that it did
        began = {
            uuid
            for event, data in run.records
            if event in ("wave_started", "rollback_started")
            for uuid in data["device_uuids"]
        }
        for what, event in (("release", "released"), ("send", "deployed"), ("hold", "held")):
            told = set(run.rows_of(event))
            if run.struck_by is not None and what == "send":
                told |= began  # a signal may come before the rows are known
            for write in run.writes:
                kind = "send" if write.hold is None else "hold" if write.hold else "release"
                untold = [uuid for uuid in write.reached if uuid not in told]
                if kind == what and untold:
                    self.violated("evidence", "no record of the %s of %s" % (what, untold))

    # The end

    def _end_quietly(self) -> None:
        """No more faults, and nobody interferes: it must come to an end, and then write nothing."""
        self.restless = 0.0
        self.note("quiet")
        self.catch_up()
        for kiosk in self.kiosks.values():
            kiosk.tracked = True
            device = self.truth()[kiosk.uuid]
            self._abort(device, "by hand")
            if device.running is not None:
                device.running.due = min(device.running.due, self.clock() + 20)
            self.configure(kiosk.uuid, online=True, fail=False, update_seconds=20.0)
            if kiosk.is_its_own:
                self.configure(kiosk.uuid, held=False)
        self.pass_time(1300)
        quiet: dict[str, Any] = {"retry_failed": True, "incomplete_ok": True, "wait_timeout": 900}
        for _night in range(12):
            self._wait_for_window()
            run = self._run_of(quiet)
            self.go(run)
            result = run.result
            assert result is not None
            if result["code"] in ("empty_target", "empty_wave"):
                return
            if result["code"] == "rolled_back":
                self.options["deployment_key"], self.waves = "again", None
                for device in self.truth().values():
                    self._abort(device)
                self.pass_time(PAUSE)
                continue
            if result["outcome"] in ("succeeded", "nothing_to_do"):
                break
            if result["failed"]:
                self.violated("quiet", "%s %s" % (result["outcome"], result["code"]))
                return
            self.pass_time(5 * 3600)
        else:
            self.violated("quiet", "it does not come to an end")
            return
        self._check_cost(run)
        self.pass_time(PAUSE)
        again = self._run_of(quiet)
        self.go(again)
        if again.writes or again.result is None or again.result["outcome"] != "nothing_to_do":
            self.violated("again", "%s %s" % (again.calls, again.result))

    def _wait_for_window(self) -> None:
        """Until some window has opened, with room for an update."""
        for _step in range(2 * 24 * 12):
            zones = {kiosk.zone for kiosk in self.kiosks.values()}
            if self.hours is None or any(self.hours.allow(self.now(), zone, 1800) for zone in zones):
                return
            self.pass_time(300)

    def _check_cost(self, run: Run) -> None:
        """A run without faults costs what its plan says."""
        if run.plan["leftovers"] or run.result is None or run.result["outcome"] != "succeeded":
            return
        said = run.plan["api_calls"]
        done = {"releases": "release", "deployments": "send", "holds": "hold"}
        if any(said[name] != run.calls[what] for name, what in done.items()):
            self.violated("cost", "%s, done %s" % (said, run.calls))

    def figures(self) -> Counter[str]:
        done = Counter(runs=len(self.runs), exchanges=sum(run.exchanges for run in self.runs))
        done["writes"] = sum(sum(run.calls.values()) for run in self.runs)
        done["rolled back"] = sum(run.rolling_back for run in self.runs)
        done["results lost"] = sum(run.lost for run in self.runs)
        done.update(str(run.struck_by) for run in self.runs if run.struck_by)
        done.update(str(run.result["outcome"]) for run in self.runs if run.result)
        return done


TIMEOUT_OF_A_CALL = 31.0
PAUSE = 200.0


def play(seed: int) -> Schedule:
    schedule = Schedule(seed)
    schedule.play()
    return schedule


if __name__ == "__main__":
    raise SystemExit(command(__doc__, Schedule))
