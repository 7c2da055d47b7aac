# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The judge is judged: by cases computed by hand, and by engines that are wrong on purpose."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.oracle.battery import Case, Change, battery, nth
from tests.oracle.calendars import cron_walls, rule_days
from tests.oracle.oracle import DAY, LEAD, Definition, Opening, Oracle, Readings, length_of, minute_of, runs, utc_of
from tests.oracle.random_cases import random_cases
from tests.oracle.sweep import changes_of, sweep_zone

YEAR = datetime(2027, 1, 1, tzinfo=timezone.utc), datetime(2028, 1, 1, tzinfo=timezone.utc)


def opened(zone: str, day: str, window: dict[str, Any], blackouts: Sequence[Definition] = ()) -> list[str]:
    """What opens on this day of the zone's calendar, in UTC."""
    noon = minute_of(datetime.fromisoformat(day)) + DAY // 2
    oracle = Oracle(noon - DAY - LEAD, noon + DAY + LEAD)
    painted = oracle.open_minutes([{"timezone": zone, **window}], blackouts)
    return [
        "%s/%s" % (utc_of(opens).strftime("%d %H:%M"), utc_of(closes).strftime("%d %H:%M"))
        for opens, closes in runs(painted, oracle.start)
        if oracle.readings(zone).wall(opens) // DAY == noon // DAY
    ]


def daily(start: str, end: str) -> dict[str, Any]:
    return {"start": start, "end": end}


@pytest.mark.parametrize(
    ("zone", "day", "window", "expected"),
    [
        # Berlin skips 02:00 to 03:00 at 01:00 UTC.
        ("Europe/Berlin", "2027-03-28", daily("01:30", "04:00"), ["28 00:30/28 02:00"]),
        ("Europe/Berlin", "2027-03-28", daily("02:30", "04:00"), ["28 01:00/28 02:00"]),
        ("Europe/Berlin", "2027-03-28", daily("01:30", "02:30"), ["28 00:30/28 01:00"]),
        ("Europe/Berlin", "2027-03-28", daily("02:10", "02:50"), []),
        ("Europe/Berlin", "2027-03-28", {"start": "02:10", "duration": "40m"}, ["28 01:00/28 01:40"]),
        ("Europe/Berlin", "2027-03-27", {"start": "22:00", "duration": "8h"}, ["27 21:00/28 05:00"]),
        ("Europe/Berlin", "2027-03-27", daily("22:00", "06:00"), ["27 21:00/28 04:00"]),
        # It repeats 02:00 to 03:00, from 00:00 UTC and from 01:00 UTC.
        ("Europe/Berlin", "2027-10-31", daily("02:30", "04:00"), ["31 00:30/31 03:00"]),
        ("Europe/Berlin", "2027-10-31", daily("01:30", "02:30"), ["30 23:30/31 00:30"]),
        ("Europe/Berlin", "2027-10-31", daily("02:00", "03:00"), ["31 00:00/31 02:00"]),
        ("Europe/Berlin", "2027-10-31", {"start": "02:00", "duration": "1h"}, ["31 00:00/31 01:00"]),
        ("Europe/Berlin", "2027-10-31", {"cron": "30 2 31 10 *", "duration": "5m"}, ["31 00:30/31 00:35"]),
        # Lord Howe skips 02:00 to 02:30 at 15:30 UTC the day before, and repeats 01:30 to 02:00 from 14:30 UTC.
        ("Australia/Lord_Howe", "2027-10-03", daily("02:15", "03:00"), ["02 15:30/02 16:00"]),
        ("Australia/Lord_Howe", "2027-10-03", daily("02:00", "02:30"), []),
        ("Australia/Lord_Howe", "2027-04-04", daily("01:45", "02:15"), ["03 14:45/03 15:45"]),
        # Troll skips 01:00 to 03:00 at 01:00 UTC, and repeats 01:00 to 03:00 from 23:00 UTC.
        ("Antarctica/Troll", "2027-03-28", daily("01:30", "03:30"), ["28 01:00/28 01:30"]),
        ("Antarctica/Troll", "2027-03-28", daily("01:30", "02:30"), []),
        ("Antarctica/Troll", "2027-10-31", daily("01:30", "02:30"), ["30 23:30/31 00:30"]),
        ("Antarctica/Troll", "2027-10-31", daily("02:30", "03:30"), ["31 00:30/31 03:30"]),
        # Cairo has no 00:00 to 01:00 on a Friday (22:00 UTC the day before), and 23:00 to 24:00 twice on a Thursday.
        ("Africa/Cairo", "2027-04-30", {**daily("00:00", "24:00"), "days": ["fri"]}, ["29 22:00/30 21:00"]),
        ("Africa/Cairo", "2027-04-29", {**daily("23:00", "24:00"), "days": ["thu"]}, ["29 21:00/29 22:00"]),
        ("Africa/Cairo", "2027-04-29", {**daily("23:30", "00:30"), "days": ["thu"]}, ["29 21:30/29 22:00"]),
        ("Africa/Cairo", "2027-10-28", {**daily("23:30", "00:30"), "days": ["thu"]}, ["28 20:30/28 22:30"]),
        ("Africa/Cairo", "2027-10-28", {**daily("00:00", "24:00"), "days": ["thu"]}, ["27 21:00/28 22:00"]),
        # Havana has no 00:00 to 01:00 on a Sunday (05:00 UTC), and 00:00 to 01:00 twice (from 04:00 UTC).
        ("America/Havana", "2027-03-14", {**daily("00:00", "24:00"), "days": ["sun"]}, ["14 05:00/15 04:00"]),
        ("America/Havana", "2027-03-13", {**daily("23:00", "00:15"), "days": ["sat"]}, ["14 04:00/14 05:00"]),
        ("America/Havana", "2027-11-06", {**daily("23:00", "00:15"), "days": ["sat"]}, ["07 03:00/07 04:15"]),
        ("America/Havana", "2027-11-07", {**daily("00:00", "24:00"), "days": ["sun"]}, ["07 04:00/08 05:00"]),
        # Santiago has no 00:00 to 01:00 on a Sunday (04:00 UTC), and 23:00 to 24:00 twice on a Saturday (from 02:00).
        (
            "America/Santiago",
            "2027-09-05",
            {"start": "00:30", "duration": "30m", "days": ["sun"]},
            ["05 04:00/05 04:30"],
        ),
        ("America/Santiago", "2027-04-03", {**daily("23:30", "00:30"), "days": ["sat"]}, ["04 02:30/04 04:30"]),
        ("America/Santiago", "2027-04-03", {**daily("22:00", "24:00"), "days": ["sat"]}, ["04 01:00/04 04:00"]),
        # Where the clock stays.
        ("Asia/Tokyo", "2027-03-28", daily("22:00", "04:00"), ["28 13:00/28 19:00"]),
        (
            "Asia/Tokyo",
            "2027-03-28",
            {"rrule": "FREQ=MONTHLY;BYDAY=-1SU", **daily("09:00", "10:00")},
            ["28 00:00/28 01:00"],
        ),
        ("Asia/Tokyo", "2027-03-28", {"from": "2027-03-28", "to": "2027-03-28T01:00"}, ["27 15:00/27 16:00"]),
        (
            "Asia/Tokyo",
            "2027-03-28",
            {"from": "2027-03-28T01:00Z", "to": "2027-03-28T04:00+02:00"},
            ["28 01:00/28 02:00"],
        ),
    ],
)
def test_openings_computed_by_hand(zone: str, day: str, window: dict[str, Any], expected: list[str]) -> None:
    assert opened(zone, day, window) == expected


def test_what_is_painted_dark_stays_dark() -> None:
    always = daily("00:00", "24:00")
    dark = {"timezone": "Europe/Berlin", **daily("02:30", "05:00")}
    assert opened("Europe/Berlin", "2027-03-28", always, [dark])[-1].startswith("28 03:00/")
    assert opened("Europe/Berlin", "2027-03-28", dark, [dark]) == []


@pytest.mark.parametrize(
    ("rule", "first", "expected"),
    [
        ({"FREQ": "MONTHLY", "BYDAY": "2TU"}, None, [12]),
        ({"FREQ": "MONTHLY", "BYDAY": "-1FR,1MO"}, None, [4, 29]),
        ({"FREQ": "MONTHLY", "BYDAY": "MO,TU,WE,TH,FR", "BYSETPOS": "-1"}, None, [29]),
        ({"FREQ": "MONTHLY", "BYMONTHDAY": "1,-1"}, None, [1, 31]),
        ({"FREQ": "MONTHLY", "BYMONTHDAY": "13", "BYDAY": "WE"}, None, [13]),
        ({"FREQ": "YEARLY", "BYDAY": "1FR"}, None, [1]),
        ({"FREQ": "YEARLY", "BYMONTH": "1", "BYDAY": "-1SU"}, None, [31]),
        ({"FREQ": "YEARLY"}, date(2020, 1, 9), [9]),
        ({"FREQ": "DAILY", "INTERVAL": "10"}, date(2026, 12, 28), [7, 17, 27]),
        ({"FREQ": "WEEKLY", "INTERVAL": "2", "BYDAY": "SU,MO"}, date(2026, 12, 28), [3, 11, 17, 25, 31]),
        ({"FREQ": "WEEKLY", "INTERVAL": "2", "BYDAY": "SU,MO", "WKST": "SU"}, date(2026, 12, 28), [10, 11, 24, 25]),
        ({"FREQ": "DAILY", "COUNT": "8"}, date(2026, 12, 28), [1, 2, 3, 4]),
        ({"FREQ": "WEEKLY", "BYDAY": "MO", "COUNT": "3"}, date(2026, 12, 28), [4, 11]),
    ],
)
def test_days_of_rules(rule: dict[str, str], first: date | None, expected: list[int]) -> None:
    january = [date(2027, 1, day) for day in range(1, 32)]
    assert [day.day for day in rule_days(rule, first, january)] == expected


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("*/20 5 * * *", ["05:00", "05:20", "05:40"]),
        ("10-30/10,59 23 * * SUN", ["23:10", "23:20", "23:30", "23:59"]),
        ("0 8 * mar 7", ["08:00"]),
        ("0 8 28 * MON", ["08:00"]),  # either is enough
        ("0 8 */2 * MON", []),  # a star: both are needed
        ("0 8 * 4 *", []),
    ],
)
def test_minutes_of_cron(cron: str, expected: list[str]) -> None:
    sunday = date(2027, 3, 28)
    assert ["%02d:%02d" % divmod(wall % DAY, 60) for wall in cron_walls(cron, sunday)] == expected


def test_nth_weekday_counts_from_either_end() -> None:
    assert [nth(date(2027, 3, day)) for day in (1, 7, 8, 31)] == ["1MO", "1SU", "2MO", "5WE"]
    assert [nth(date(2027, 3, day), True) for day in (1, 24, 25, 31)] == ["-5MO", "-2WE", "-1TH", "-1WE"]


def test_changes_are_found_to_the_minute() -> None:
    found = [str(change) for change in changes_of("America/Havana", *YEAR)]
    assert found == ["America/Havana 2027-03-14T05:00Z +60 min", "America/Havana 2027-11-07T05:00Z -60 min"]
    assert changes_of("Asia/Tokyo", *YEAR) == []


# Engines made of the oracle itself, so that each has exactly the one fault it is named after.


@dataclass(frozen=True)
class Interval:
    opens: datetime
    closes: datetime


@dataclass(frozen=True)
class Status:
    open: bool
    reason: str
    opened_at: datetime | None
    closes_at: datetime | None
    next_opening: datetime | None
    next_close: datetime | None
    notes: list[str]


class Right:
    """Has no fault. Its intervals are asked for before its status, as the sweep does."""

    readings_class: type[Readings] = Readings
    oracles: dict[tuple[type[Readings], int, int], Oracle] = {}

    def __init__(self, windows: Sequence[Definition], blackouts: Sequence[Definition]) -> None:
        self.windows, self.blackouts = windows, blackouts
        self.runs: list[Opening] = []
        self.lit: list[Opening] = []
        self.skipped: list[int] = []

    def intervals(self, start: datetime, end: datetime, zone: str | None) -> list[Interval]:
        low, high = minute_of(start), minute_of(end)
        oracle = self.oracle(low - LEAD, high + LEAD)
        painted = self.paint(oracle, self.coats(), zone)
        self.runs = runs(painted, oracle.start)
        self.lit = runs(self.paint(oracle, [(b"\1", self.windows)], zone), oracle.start)
        found = [opening for one in self.windows for opening in self.openings(oracle, one, zone)]
        self.skipped = [opens for opens, closes in found if closes <= opens]
        inside = [run for run in self.runs if run[0] < high and run[1] > low]
        return [Interval(utc_of(opens), utc_of(closes)) for opens, closes in inside]

    def paint(self, oracle: Oracle, coats: list[tuple[bytes, Sequence[Definition]]], zone: str | None) -> bytearray:
        painted = bytearray(oracle.end - oracle.start)
        for colour, definitions in coats:
            for definition in definitions:
                for opens, closes in self.openings(oracle, definition, zone):
                    opens, closes = max(opens - oracle.start, 0), min(closes - oracle.start, len(painted))
                    if opens < closes:
                        painted[opens:closes] = colour * (closes - opens)
        return painted

    def status(self, at: datetime, *, min_remaining: timedelta, zone: str | None) -> Status:
        minute, least = minute_of(at), min_remaining.seconds // 60
        run = next((one for one in self.runs if one[0] <= minute < one[1]), None)
        later = next((one for one in self.runs if one[0] > minute and one[1] - one[0] >= least), None)
        is_open = run is not None and run[1] - minute >= least
        lit = any(opens <= minute < closes for opens, closes in self.lit)
        closed = "too_little_left" if run else "blackout" if lit else "outside"
        skipped = [one for one in self.skipped if later is not None and minute <= one <= later[0]]
        edges = [*(run or (None, None)), *(later or (None, None))]
        return Status(
            is_open,
            "open" if is_open else closed,
            *(None if edge is None else utc_of(edge) for edge in edges),
            ["skipped at %d" % one for one in skipped],
        )

    def oracle(self, start: int, end: int) -> Oracle:
        key = (self.readings_class, start, end)
        if key not in self.oracles:
            self.oracles[key] = Oracle(start, end)
            self.oracles[key].readings = functools.cache(lambda zone: self.readings_class(zone, start, end))
        return self.oracles[key]

    def coats(self) -> list[tuple[bytes, Sequence[Definition]]]:
        return [(b"\1", self.windows), (b"\0", self.blackouts)]

    def openings(self, oracle: Oracle, definition: Definition, zone: str | None) -> Iterator[Opening]:
        return oracle.openings(definition, zone)


class Second(Readings):
    @functools.cached_property
    def last(self) -> dict[int, int]:
        return dict(zip(self.walls, range(self.start, self.end), strict=True))

    def instant(self, wall: int) -> int:
        return self.last.get(wall, super().instant(wall))


class Unmoved(Readings):
    def instant(self, wall: int) -> int:
        before = wall
        while before > self.walls[0] and before not in self._instants:
            before -= 1
        return self._instants.get(before, self.start) + wall - before


class SecondOccurrence(Right):
    readings_class = Second


class GapNotMoved(Right):
    readings_class = Unmoved


class EndInclusive(Right):
    def openings(self, oracle: Oracle, definition: Definition, zone: str | None) -> Iterator[Opening]:
        for opens, closes in super().openings(oracle, definition, zone):
            yield opens, closes + 1


class DurationOnTheWall(Right):
    def openings(self, oracle: Oracle, definition: Definition, zone: str | None) -> Iterator[Opening]:
        clock = oracle.readings(str(zone or definition.get("timezone", "UTC")))
        for opens, closes in super().openings(oracle, definition, zone):
            if "duration" in definition and oracle.start <= opens < oracle.end:
                closes = clock.instant(clock.wall(opens) + length_of(definition["duration"]))
            yield opens, closes


class BlackoutsLose(Right):
    def coats(self) -> list[tuple[bytes, Sequence[Definition]]]:
        return super().coats()[::-1]


class Split(Right):
    def intervals(self, start: datetime, end: datetime, zone: str | None) -> list[Interval]:
        found = super().intervals(start, end, zone)
        noon = found[0].opens + (found[0].closes - found[0].opens) / 2 if found else start
        halves = [Interval(found[0].opens, noon), Interval(noon, found[0].closes)] if found else []
        return halves + found[1:]


class Forgetful(Right):
    def status(self, at: datetime, *, min_remaining: timedelta, zone: str | None) -> Status:
        return super().status(at, min_remaining=timedelta(0), zone=zone)


class NextIsNow(Right):
    def status(self, at: datetime, *, min_remaining: timedelta, zone: str | None) -> Status:
        found = super().status(at, min_remaining=min_remaining, zone=zone)
        return replace(found, next_opening=at) if found.open else found


class Silent(Right):
    def status(self, at: datetime, *, min_remaining: timedelta, zone: str | None) -> Status:
        return replace(super().status(at, min_remaining=min_remaining, zone=zone), notes=[])


class WithoutReason(Right):
    def status(self, at: datetime, *, min_remaining: timedelta, zone: str | None) -> Status:
        found = super().status(at, min_remaining=min_remaining, zone=zone)
        return found if found.open else replace(found, reason="outside")


WRONG = [
    *(SecondOccurrence, GapNotMoved, EndInclusive, DurationOnTheWall, BlackoutsLose, Split),
    *(Forgetful, NextIsNow, Silent, WithoutReason),
]


def readable(change: Change) -> list[Case]:
    """Without the calendars, which the oracle itself does not read."""
    return [*(case for case in battery(change) if case.means is None), *random_cases(change, 1, 30)]


def sweep(engine: type[Right]) -> list[str]:
    tally = sweep_zone(engine, "Europe/Berlin", *YEAR, probes=4, cases=readable)
    assert tally.counts["changes"] == 2
    assert tally.counts["minutes"] == tally.counts["cases"] * 6 * DAY
    return tally.findings


def test_the_sweep_finds_nothing_in_a_right_engine() -> None:
    assert sweep(Right) == []


@pytest.mark.parametrize("engine", WRONG)
def test_the_sweep_finds_what_is_wrong(engine: type[Right]) -> None:
    findings = sweep(engine)
    assert findings
    assert all("Again: python -m tests.oracle --zones Europe/Berlin" in finding for finding in findings)
