# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares an engine with the oracle around each change of a clock."""

from __future__ import annotations

import json
import random
import zoneinfo
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.battery import Case, Change, battery
from tests.oracle.oracle import DAY, LEAD, Definition, Oracle, minute_of, utc_of
from tests.oracle.status import Truth, apart

AROUND = 3 * DAY  # what is compared, before and after each change
STEP = 3 * 60  # minutes between two readings of a clock in search of changes
FAR = 1 / 200  # of the questions whose answer is not near: the engine then searches ten years
SHOWN = 5  # differing minutes that a finding prints

# One of each kind of change: an hour in the small hours, at midnight either way, half an hour, two hours, before
# midnight UTC, back for a month of the year, on a Saturday, and a clock that is ahead of UTC by three quarters of an
# hour more than twelve.
SAMPLE = (
    *("Europe/Berlin", "America/Havana", "Africa/Cairo", "America/Santiago", "Australia/Lord_Howe"),
    *("Antarctica/Troll", "Africa/Casablanca", "Asia/Gaza", "Pacific/Chatham"),
)

# What read_windows of the engine is: windows and blackouts in, something with intervals() and status() out.
Engine = Callable[[Sequence[Definition], Sequence[Definition]], Any]


@dataclass
class Tally:
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.counts += other.counts
        self.findings += other.findings


def changes_of(zone: str, start: datetime, end: datetime) -> list[Change]:
    """The changes in [start, end), to the minute: found by looking at the clock."""
    clock = ZoneInfo(zone)

    def ahead(minute: int) -> int:
        return minute_of(clock.fromutc(utc_of(minute).replace(tzinfo=clock))) - minute

    found = []
    first, last = minute_of(start), minute_of(end)
    then = ahead(first)
    for minute in range(first + STEP, last + STEP, STEP):
        now = ahead(minute)
        if now != then:
            at = next(one for one in range(minute - STEP + 1, minute + 1) if ahead(one) == now)
            found.append(Change(zone, at, at + then, at + now))
            then = now
    return [change for change in found if change.at < last]


def all_zones() -> list[str]:
    return sorted(zoneinfo.available_timezones())


def sample_zones(seed: int, start: datetime, end: datetime, extra: int = 5) -> list[str]:
    """The fixed sample, and some more zones that change their clocks, all of them differently."""
    chance = random.Random(seed)
    seen = {_behaviour(zone, start, end) for zone in SAMPLE}
    chosen = list(SAMPLE)
    for zone in chance.sample(all_zones(), len(all_zones())):
        if len(chosen) == len(SAMPLE) + extra:
            break
        behaviour = _behaviour(zone, start, end)
        if behaviour and behaviour not in seen:
            seen.add(behaviour)
            chosen.append(zone)
    return chosen


def _behaviour(zone: str, start: datetime, end: datetime) -> tuple[tuple[int, int, int], ...]:
    return tuple((change.at, change.before, change.after) for change in changes_of(zone, start, end))


def sweep_zone(
    engine: Engine,
    zone: str,
    start: datetime,
    end: datetime,
    probes: int,
    cases: Callable[[Change], Iterable[Case]] = battery,
) -> Tally:
    tally = Tally()
    for change in changes_of(zone, start, end):
        tally.counts["changes"] += 1
        oracle = Oracle(change.at - AROUND - LEAD, change.at + AROUND + LEAD)
        for case in cases(change):
            tally.add(compare(engine, oracle, change, case, probes))
    if tally.counts["changes"]:
        tally.counts["zones"] += 1
    return tally


def compare(engine: Engine, oracle: Oracle, change: Change, case: Case, probes: int) -> Tally:
    tally = Tally()
    low, high = change.at - AROUND, change.at + AROUND
    truth = Truth.of(oracle, case)
    expected = truth.painted[low - oracle.start : high - oracle.start]
    calendar = engine(case.windows, case.blackouts)
    intervals = calendar.intervals(utc_of(low), utc_of(high), case.device)
    answered, wrong = _paint(intervals, low, high)
    if answered != expected:
        wrong += ["intervals, %s" % line for line in _minutes_apart(change.zone, low, expected, answered)]
    for at, least in _probes(change, case, truth, probes):
        tally.counts["probes"] += 1
        got = calendar.status(utc_of(at), min_remaining=timedelta(minutes=least), zone=case.device)
        where = "status %s, min_remaining %dm" % (both(change.zone, at), least)
        wrong += ["%s: %s" % (where, line) for line in apart(truth, got, at, least)]
    tally.counts["cases"] += 1
    tally.counts["minutes"] += high - low
    if wrong:
        tally.findings.append(_finding(change, case, wrong))
    return tally


def _paint(intervals: Sequence[Any], low: int, high: int) -> tuple[bytearray, list[str]]:
    """The minutes that the engine calls open, and what is wrong with its intervals in themselves."""
    painted, wrong = bytearray(high - low), []
    before: datetime | None = None
    for one in intervals:
        if any(edge.utcoffset() != timedelta(0) for edge in (one.opens, one.closes)):
            wrong.append("not in UTC: %s" % (one,))
        if any(edge.second or edge.microsecond for edge in (one.opens, one.closes)):
            wrong.append("not a whole minute: %s" % (one,))
        if one.opens >= one.closes or (before is not None and one.opens <= before):
            wrong.append("not sorted and apart: %s after %s" % (one, before))
        opens, closes = minute_of(one.opens), minute_of(one.closes)
        if closes <= low or opens >= high:
            wrong.append("outside of what was asked: %s" % (one,))
        before = one.closes
        opens, closes = max(opens, low), min(closes, high)
        if opens < closes:
            painted[opens - low : closes - low] = b"\1" * (closes - opens)
    return painted, wrong


def _minutes_apart(zone: str, low: int, expected: bytearray, answered: bytearray) -> Iterator[str]:
    apart = [at for at, (one, other) in enumerate(zip(expected, answered, strict=True), low) if one != other]
    for at in apart[:SHOWN]:
        yield "%s: oracle %s, engine %s" % (both(zone, at), _word(expected[at - low]), _word(answered[at - low]))
    if len(apart) > SHOWN:
        yield "... %d minutes in all, the last %s" % (len(apart), both(zone, apart[-1]))


def _probes(change: Change, case: Case, truth: Truth, count: int) -> Iterator[tuple[int, int]]:
    """Minutes to ask about, with what must still fit: at edges near the change, and anywhere."""
    low, high = change.at - AROUND, change.at + AROUND
    chance = random.Random("%s %d %s" % (change.zone, change.at, case.name))
    edges = sorted({edge for run in truth.runs for edge in run}, key=lambda edge: abs(edge - change.at))[: count // 2]
    chosen = {at for edge in edges for at in (edge - 1, edge) if low <= at < high}
    chosen |= {chance.randrange(low, high) for _turn in range(count - count // 2)}
    for at in sorted(chosen):
        least = chance.choice((0, 0, 1, 30, 90))
        if truth.is_near(at, least) or chance.random() < FAR:
            yield at, least


def both(zone: str, minute: int) -> str:
    moment = utc_of(minute)
    return "%s (%s)" % (moment.strftime("%Y-%m-%dT%H:%MZ"), moment.astimezone(ZoneInfo(zone)).strftime("%a %H:%M %z"))


def _word(is_open: int) -> str:
    return "open" if is_open else "closed"


def _finding(change: Change, case: Case, wrong: Sequence[str]) -> str:
    day = utc_of(change.at).astimezone(timezone.utc).date().isoformat()
    head = "%s, case %r\n  windows %s\n  blackouts %s" % (
        change,
        case.name,
        json.dumps(case.windows),
        json.dumps(case.blackouts),
    )
    again = "  Again: python -m tests.oracle --zones %s --from %s --case %r" % (change.zone, day, case.name)
    lines = ["  " + line for line in wrong[: 2 * SHOWN]]
    return "\n".join([head, *lines, again])
