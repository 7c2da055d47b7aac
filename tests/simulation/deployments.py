# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random schedules of runs, crashes and faults against the emulator, on a clock that jumps, each from one number.

Run it from the root of the repository: python -m tests.simulation.deployments --help
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from tests.simulation.service import LIVE, Crash, Line, Process, SharedJournal, World, Write, command

# isort: split

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.apply import apply_deployment
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.request import DeployRequest
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import ConnectError
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._result import Report
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.client import Client
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.waits import Waits
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._trigger.apply import apply_trigger
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._trigger.plan import Entry, TriggerRequest
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import deploy_request, filter_option, run_on

COMMAND = "python -m tests.simulation.deployments --count 1 --seed %d"
PROJECT, FLOW, APP, OLD, NEW = "Kiosks", "f-77aa-01bc", "kiosk_ui", "3.1.0", "3.2.0"
QUIET = 200.0


@dataclass(eq=False, kw_only=True)
class Run(Process):
    request: DeployRequest | TriggerRequest
    budget: int = 300
    device_limit: int = 3
    account_limit: int = 0
    dry: bool = False
    other: bool = False  # by the second operator
    starts_after: float = 0.0
    report: Report | None = None
    failure: ConnectError | None = None
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
        where = ("after" if self.strike_after else "before", "write" if self.strike_writing else "exchange")
        crash = "" if self.strike_at is None else " crash %s %s %d" % (*where, self.strike_at)
        return "run %d: %s budget=%d account_limit=%d%s%s%s" % (
            *(self.number, what, self.budget, self.account_limit, crash),
            *(" dry" if self.dry else "", " OTHER OPERATOR" if self.other else ""),
        )


class Schedule(World):
    """What one seed stands for, and what came of it."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, COMMAND)
        self.writes: list[Write] = []
        self.runs: list[Run] = []
        self._make_fleet()
        self.listen()
        self.journal, self.others_journal = SharedJournal(), SharedJournal()
        self.two = self.chance.random() < 0.1

    # The world

    def _make_fleet(self) -> None:
        chance = self.chance
        self.start(
            devices=chance.randint(1, 8),
            project=PROJECT,
            groups=chance.choice(("A", "A,B")),
            app="%s=%s" % (APP, OLD),
            tags="canary=40",
            flow=FLOW,
            time_factor=chance.choice((1, 5, 20)),
            update_seconds=chance.choice((20, 90)),
        )
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
        self.pass_time(100)  # what was set up shows in every list

    def wrote(self, write: Write) -> None:
        run = write.sender
        self.writes.append(write)
        self.note("  run %d wrote %s at %s: %s" % (run.number, write.path, self.label(write.at), write.reached))
        if write.hold is None:
            self._check_once(run, write.states)

    # What happens

    def happen(self) -> None:
        try:
            self._play()
        finally:
            self.journal.close()
            self.others_journal.close()

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
                other.other, other.starts_after, other.strike_at = True, chance.uniform(0, 60), None
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
            number=len(self.runs) + 1,
            request=request,
            budget=chance.choice((0, 30, 300, 300)),
            account_limit=chance.choice((0, 5, 60)),
            dry=chance.random() < 0.05,
        )
        if chance.random() < 0.35:
            run.strike_writing, run.strike_after = chance.random() < 0.6, chance.random() < 0.6
            run.strike_at = chance.choice((1, 1, 2, 3)) if run.strike_writing else chance.randint(1, 8)
        self.runs.append(run)
        return run

    def _add_faults(self) -> None:
        chance = self.chance
        for _each in range(chance.choice((0, 1, 1, 2, 3, 5))):
            self.add_fault(reads=8, writes=3)

    def _meanwhile(self) -> None:
        """Time passes between two runs, and a device is repaired."""
        soon = self.runs[-1].dead and self.chance.random() < 0.6  # an interrupted run is often started again at once
        self.pass_time(0.0 if soon else self.chance.choice((0.0, self.chance.uniform(0, 200))))
        failing = [uuid for uuid, device in self.truth().items() if device.fail]
        if failing and self.chance.random() < 0.5:
            uuid = self.chance.choice(failing)
            self.emulator.configure(uuid, fail=False)
            self.note("%s will not fail any more" % uuid)

    def go(self, *runs: Run) -> None:
        for run in runs:
            self.note(str(run))
        run_on(self.clock, self._side_by_side(runs))
        self.catch_up()

    async def _side_by_side(self, runs: tuple[Run, ...]) -> None:
        await asyncio.gather(*(self._one(run) for run in runs))

    async def _one(self, run: Run) -> None:
        await asyncio.sleep(run.starts_after)
        connection = self.connection(run.budget, run.account_limit, run.device_limit)
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
            run.dead = True
        self._say(run)
        self._check_run(run, self.writes[wrote:])

    def _say(self, run: Run) -> None:
        if run.report is None:
            self.note("run %d: %s" % (run.number, "crashed" if run.dead else run.failure))
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
            uuid for write in writes if write.sender is not run and "trigger" in write.path for uuid in write.reached
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
            writes = [write for write in self.writes if write.sender is run]
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
        self.check_pace()

    def _go_quietly(self, request: DeployRequest | TriggerRequest) -> Run:
        run = Run(number=len(self.runs) + 1, request=request, budget=600)
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

    def figures(self) -> Counter[str]:
        done = Counter(runs=len(self.runs), writes=len(self.writes), crashes=sum(run.dead for run in self.runs))
        done["exchanges"] = sum(run.exchanges for run in self.runs)
        return done


def play(seed: int) -> Schedule:
    schedule = Schedule(seed)
    schedule.play()
    return schedule


if __name__ == "__main__":
    raise SystemExit(command(__doc__, Schedule))
