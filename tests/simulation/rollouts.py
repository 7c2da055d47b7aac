# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random rollouts over several nights, with faults, kills and people who interfere, each from one number.

Run it from the root of the repository: python -m tests.simulation.rollouts --help
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests import conftest  # noqa: F401  # pylint: disable=unused-import  # makes what follows importable

# isort: split

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.plan import marked_updates, state_of
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.models import FINISHED
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_draws import (
    some_hours,
    some_kiosk,
    some_options,
    some_start,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_run import Run
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_service import (
    Killed,
    Kiosk,
    Listener,
    Service,
)

COMMAND = "python -m tests.simulation.rollouts --count 1 --seed %d"
LIVE = ("pending", "in_progress", "success")


@dataclass
class Schedule(Listener):
    """What one seed stands for, and what came of it."""

    seed: int
    story: list[str] = field(default_factory=list)
    violations: list[tuple[str, str]] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.calls = 0
        self.kill_at: int | None = None
        self.restless = 0.0  # how likely somebody interferes within 20 seconds
        self.flipped: set[str] = set()
        self.writes: Counter[str] = Counter()
        self.released: set[str] = set()
        self.must_stop: str | None = None
        self.waves: list[Any] | None = None
        self._make_world()

    def note(self, what: str) -> None:
        self.story.append("%s %s" % (self.service.now.strftime("%d %H:%M:%S"), what))

    def violated(self, name: str, what: str) -> None:
        self.note("VIOLATION %s: %s" % (name, what))
        self.violations.append((name, what))

    def __str__(self) -> str:
        return "\n".join(["seed %d" % self.seed, *self.story, "", "Again: " + COMMAND % self.seed])

    # The world

    def _make_world(self) -> None:
        chance = self.chance
        by_device = chance.random() < 0.25
        kiosks = [some_kiosk(chance, number, by_device) for number in range(1, chance.choice((1, 3, 6, 12)) + 1)]
        self.service = Service(chance, kiosks)
        self.service.listener = self
        self.service.slow = chance.choice((0, 5, 60, 60))
        for kiosk in kiosks:
            if chance.random() < 0.1:
                self.service.send(kiosk, "by hand")
        self.hours = some_hours(chance, by_device)
        self.options = some_options(chance, kiosks, self.hours)
        self.service.now = some_start(chance, self.hours, self.options["max_update_time"])
        for kiosk in kiosks:
            self.note(str(kiosk))
        self.note(str(self.options))

    # What is heard

    @property
    def run(self) -> Run:
        return self.runs[-1]

    def at_work(self) -> None:
        self.calls += 1
        if self.calls == self.kill_at:
            self.note("killed")
            raise Killed

    def meanwhile(self) -> None:
        chance = self.chance
        for kiosk in self.service.kiosks.values():
            if chance.random() >= self.restless:
                continue
            if kiosk.is_its_own or chance.random() < 0.4:
                kiosk.held = not kiosk.held
                self.flipped.add(kiosk.uuid)
                self.note("somebody sets %s to held=%s" % (kiosk.uuid, kiosk.held))
            else:
                kiosk.online = not kiosk.online
                self.note("%s is online=%s" % (kiosk.uuid, kiosk.online))

    def heard(self, what: str, uuid: str) -> None:
        self.note("  %s %s" % (what, uuid))
        self.writes[what] += 1
        if what == "call":
            return
        kiosk, run = self.service.kiosks[uuid], self.run
        if what == "hold" and uuid not in run.acted | set(run.plan["leftovers"]):
            self.violated("strangers", "%s is held, and was neither touched nor left behind" % uuid)
        if what != "send" and (kiosk.is_its_own or not kiosk.tracked):
            self.violated("not ours", "%s %s" % (what, uuid))
        if what == "hold":
            return
        if what == "release":
            self.released.add(uuid)
        if uuid not in run.acting:
            self.violated("strangers", "%s %s, which does not act now" % (what, uuid))
        if self.hours and not self.hours.allow(self.service.now, kiosk.zone, self.need()):
            self.violated("window", "%s %s at %s" % (what, uuid, self.service.now))
        if self.must_stop:
            self.violated("threshold", "%s %s although %s" % (what, uuid, self.must_stop))
        if what == "send":
            self._check_once(kiosk)

    def need(self) -> float:
        given, took = self.options["max_update_time"], sorted(self.run.seconds)
        if given:
            return 60.0 * int(given[:-1])
        return 1800.0 if len(took) < 5 else math.ceil(took[math.ceil(len(took) * 0.95) - 1])

    def ours(self, kiosk: Kiosk) -> list[Any]:
        return marked_updates(kiosk.model(), self.run.plan["mark"])

    def state(self, uuid: str) -> str | None:
        return state_of(self.ours(self.service.kiosks[uuid]))

    # What happens

    def play(self) -> Schedule:
        chance = self.chance
        for _night in range(chance.choice((1, 2, 3, 4))):
            self.service.faults = chance.choice((0, 0, 0.03, 0.15))
            self.restless = chance.choice((0, 0, 0, 0.003, 0.01))
            self.kill_at = self.calls + chance.randint(1, chance.choice((3, 10, 40))) if chance.random() < 0.4 else None
            self.go({"retry_failed": chance.random() < 0.3}, dry=chance.random() < 0.05, hooks=chance.random() < 0.1)
            again = chance.random() < 0.6
            self.service.pass_time(chance.choice((0, 60, 600)) if again else 0)
            if not again:
                self._jump(timedelta(minutes=chance.randint(60, 1440)))
        self._end_quietly()
        return self

    def _jump(self, length: timedelta) -> None:
        self.restless = 0.0
        self.service.now += length
        self.service.pass_time(1)

    def go(self, changes: dict[str, Any], dry: bool = False, hooks: bool = False) -> Run:
        run = Run(self.service, {**self.options, **changes}, dry, hooks)
        self.runs.append(run)
        self.flipped, self.released, self.must_stop = set(), set(), None
        self.writes = Counter()
        before = {uuid: len(one.updates) for uuid, one in self.service.kiosks.items()}
        run.after_judgement = lambda: self._judged(run, before)
        self.note("run %d %s dry=%s hooks=%s faults=%s" % (len(self.runs), changes, dry, hooks, self.service.faults))
        run.go()
        self.kill_at = None
        if run.result is not None:
            self.note("%s %s: %s" % (run.result["outcome"], run.result["code"], run.result["msg"]))
        self._check_plan(run)
        if not run.killed:
            self._check_end(run)
        return run

    # What must hold

    def _check_once(self, kiosk: Kiosk) -> None:
        states = [one.status for one in self.ours(kiosk)]
        live = sum(state in LIVE for state in states)
        if live > 1 or (len(states) > 1 and not self.run.options["retry_failed"]):
            self.violated("twice", "%s has %s" % (kiosk.uuid, states))

    def _judged(self, run: Run, before: dict[str, int]) -> None:
        """What the service knows of the wave, against the limits: counted anew, and never too strictly."""
        if "code" in run.verdict:
            self.must_stop = "the verdict is %s" % run.verdict["code"]
        if not run.judged_all:
            return
        members = run.plan["waves"][run.wave]["device_uuids"]
        new = [
            uuid
            for uuid in members
            if not run.options["retry_failed"] or len(self.service.kiosks[uuid].updates) > before[uuid]
        ]
        limits = (self.options["thresholds"] or {}).get("wave", {})
        for name in ("failed", "aborted"):
            limit = str(limits.get(name, 0))
            allowed = len(members) * float(limit[:-1]) / 100 if limit.endswith("%") else float(limit)
            count = sum(self.state(uuid) == name for uuid in new)
            if count > allowed:
                self.must_stop = "%d are %s in wave %d" % (count, name, run.wave)

    def _check_plan(self, run: Run) -> None:
        if not run.plan:
            return
        rows = [row["device_uuid"] for row in run.plan["devices"]]
        placed = [uuid for wave in run.plan["waves"] for uuid in wave["device_uuids"]]
        outside = [row["device_uuid"] for row in run.plan["devices"] if row["wave"] is None]
        if len(rows) != len(set(rows)) or sorted(rows) != sorted(placed + outside):
            self.violated("rows", "rows %s, in waves %s" % (rows, placed))
        if not self.options.get("filters"):
            wanted = [
                one.uuid for one in self.service.kiosks.values() if one.group == "A" or self.options["all_devices"]
            ]
            if sorted(rows) != wanted:
                self.violated("rows", "rows %s of %s" % (rows, wanted))
            waves = [wave["device_uuids"] for wave in run.plan["waves"]]
            if self.waves not in (None, waves):
                self.violated("membership", "%s were %s" % (waves, self.waves))
            self.waves = waves
        if run.dry and self.writes:
            self.violated("dry", str(self.writes))

    def _check_end(self, run: Run) -> None:
        result = run.result
        assert result is not None
        if not run.plan or run.dry:
            return
        summary = dict(result["summary"])
        if summary.pop("total") != sum(summary.values()) or len(run.plan["devices"]) != sum(summary.values()):
            self.violated("rows", str(result["summary"]))
        for row in run.plan["devices"]:
            self._check_left(run, row)
        untrue = [uuid for uuid, found in run.known.items() if found == "success" and self.state(uuid) != "success"]
        if untrue:
            self.violated("untrue", "success is said of %s" % untrue)
        if result["outcome"] == "refused" and run.acted:
            self.violated("untrue", "refused, and %s were touched" % run.acted)
        if result["outcome"] == "succeeded":
            due = [row["device_uuid"] for row in run.plan["devices"] if row["due"]]
            silent = [uuid for uuid in due if uuid not in run.known]
            if silent or summary["left"]:
                self.violated("untrue", "succeeded without a word on %s, left %d" % (silent, summary["left"]))

    def _check_left(self, run: Run, row: dict[str, Any]) -> None:
        """How a device is left: what is unfinished is held, what finished is as connect_after says."""
        uuid, after = row["device_uuid"], self.options["after"]
        kiosk, state = self.service.kiosks[uuid], self.state(uuid)
        if not row["ours"] or uuid in self.flipped:
            return
        touched = uuid in run.acted
        if touched or (state is not None and (after == "hold" or row["class"] == "in_flight")):
            kept_back = after == "hold" or (state is not None and state not in FINISHED)
            kept_back |= state != "success" if after == "release" else row["held"] is not False
            if kept_back and kiosk.held is False and uuid not in run.result["left_open"]:  # type: ignore[index]
                self.violated("left open", "%s is %s, after %s" % (uuid, state, after))
        if run.result["left_open"] and not run.result["failed"]:  # type: ignore[index]
            self.violated("left open", "the run does not fail")

    def _end_quietly(self) -> None:
        """No more faults, and nobody interferes: it must come to an end, and then write nothing."""
        self.service.faults = self.restless = 0.0
        self.kill_at = None
        self.note("quiet")
        for kiosk in self.service.kiosks.values():
            kiosk.online, kiosk.tracked, kiosk.ends, kiosk.takes = True, True, "success", 20
            kiosk.held = False if kiosk.is_its_own else kiosk.held
            kiosk.updates = [one for one in kiosk.updates if one.comment != "by hand"]
        self.service.pass_time(1300)
        quiet = {"retry_failed": True, "incomplete_ok": True, "window_wait": 172800}
        for _night in range(12):
            run = self.go(quiet)
            result = run.result
            assert result is not None
            if result["code"] in ("empty_target", "empty_wave"):
                return
            if result["outcome"] in ("succeeded", "nothing_to_do"):
                break
            if result["failed"]:
                self.violated("quiet", "%s %s" % (result["outcome"], result["code"]))
                return
            self._jump(timedelta(hours=5))
        else:
            self.violated("quiet", "it does not come to an end")
            return
        self._check_cost(run)
        again = self.go(quiet)
        if self.writes or again.result is None or again.result["outcome"] != "nothing_to_do":
            self.violated("again", "%s %s" % (self.writes, again.result))

    def _check_cost(self, run: Run) -> None:
        """A run without faults costs what its plan says."""
        if run.plan["leftovers"] or run.result is None or run.result["outcome"] != "succeeded":
            return
        said = run.plan["api_calls"]
        done = {"releases": "release", "deployments": "call", "holds": "hold"}
        if any(said[name] != self.writes[what] for name, what in done.items()):
            self.violated("cost", "%s, done %s" % (said, self.writes))


def play(seed: int) -> Schedule:
    return Schedule(seed).play()


def _verdict(seed: int) -> tuple[int, list[str], str, Counter[str]]:
    try:
        schedule = play(seed)
    except Exception as error:  # a traceback must not end ten thousand others
        return seed, ["error"], "seed %d: %r\nAgain: %s" % (seed, error, COMMAND % seed), Counter()
    kinds = [name for name, _what in schedule.violations]
    done = Counter(runs=len(schedule.runs), killed=sum(run.killed for run in schedule.runs), calls=schedule.calls)
    done.update(str(run.result["outcome"]) for run in schedule.runs if run.result)
    return seed, kinds, str(schedule) if kinds else "", done


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="the first one; the others follow it")
    parser.add_argument("--jobs", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--show", type=int, default=1, help="how many violations to print in full")
    given = parser.parse_args()
    started = time.monotonic()
    found: dict[str, list[int]] = {}
    done: Counter[str] = Counter()
    shown = 0
    with multiprocessing.Pool(given.jobs) as pool:
        seeds = range(given.seed, given.seed + given.count)
        for seed, kinds, story, counts in pool.imap_unordered(_verdict, seeds, chunksize=10):
            done += counts
            for kind in dict.fromkeys(kinds):
                found.setdefault(kind, []).append(seed)
            if kinds and shown < given.show:
                shown += 1
                print(story, end="\n\n")
    print("%d schedules in %.0f s: %s" % (given.count, time.monotonic() - started, dict(done)))
    for kind, seeds_found in sorted(found.items()):
        print("%s: %d, seeds %s" % (kind, len(seeds_found), sorted(seeds_found)[:10]))
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
