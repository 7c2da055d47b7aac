# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""RFC 5545 recurrence, daily or coarser, on naive wall-clock times.

dateutil works out one month or year at a time: so a rule that never matches costs no more than any other, and one
that began years ago is looked at where it is asked about, not from its beginning.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from heapq import merge
from itertools import groupby, islice

from .._errors import InvalidInput
from .starts import missing
from .zones import DAY, UTC, instant, local, read_zone

try:
    from dateutil.rrule import rrulestr
except ImportError:
    rrulestr = None  # type: ignore[assignment]

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_CHOOSE_DAYS = ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO")
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYMONTH", "BYSETPOS", *_CHOOSE_DAYS, *_TIMES)
_LARGEST = {
    "BYMONTH": 12,
    "BYMONTHDAY": 31,
    "BYYEARDAY": 366,
    "BYWEEKNO": 53,
    "BYSETPOS": 366,
    "BYHOUR": 23,
    "BYMINUTE": 59,
    "BYSECOND": 59,
}
_ONE_PERIOD = 10000  # years or months of years: the next one is beyond the end of time


@dataclass(frozen=True)
class Rule:
    frequency: str
    interval: int
    count: int | None
    until: datetime | None  # naive: wall-clock time
    parts: str  # BYDAY=...;BYMONTH=..., which dateutil reads
    week_start: int
    begins: datetime | None  # None: ever since
    time: timedelta  # since midnight
    _known: dict[datetime, list[datetime]] = field(default_factory=dict, compare=False, repr=False)

    def walls(self, first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
        found = self._all(first if self.count is None else self.begins, last)  # type: ignore[arg-type]
        for wall in islice(found, self.count):
            if self.until and (instant(wall, zone) if self.until.tzinfo else wall) > self.until:
                return
            if wall >= first:  # what was counted may be long ago
                yield wall

    def _all(self, first: datetime, last: datetime) -> Iterator[datetime]:
        first = max(first, self.begins or first)
        yearly = self.frequency == "YEARLY"
        period = first.replace(month=1 if yearly else first.month, day=1, hour=0, minute=0, second=0, microsecond=0)
        while period <= last:
            if period not in self._known:
                self._known[period] = self._within(period)
            yield from (wall for wall in self._known[period] if first <= wall <= last)
            period = (period + 366 * DAY if yearly else period + 31 * DAY).replace(day=1)
            if yearly:
                period = period.replace(month=1)

    def _within(self, period: datetime) -> list[datetime]:
        frequency, many = ("YEARLY", _ONE_PERIOD) if self.frequency == "YEARLY" else ("MONTHLY", 12 * _ONE_PERIOD)
        text = "FREQ=%s;INTERVAL=%d;%s" % (frequency, many, self.parts)
        return [wall for wall in rrulestr(text, dtstart=period + self.time) if self._in_step(wall)]

    def _in_step(self, wall: datetime) -> bool:
        """Whether it lies in a day, week, month or year that the interval does not skip."""
        if self.begins is None:
            return True
        return (self._number(wall) - self._number(self.begins)) % self.interval == 0

    def _number(self, wall: datetime) -> int:
        return {
            "DAILY": wall.toordinal(),
            "WEEKLY": (wall.toordinal() - 1 - self.week_start) // 7,
            "MONTHLY": wall.year * 12 + wall.month,
            "YEARLY": wall.year,
        }[self.frequency]


@dataclass(frozen=True)
class Recurrence:
    """Several rules and dates, without those of the exceptions, all of it shifted."""

    rules: tuple[Rule, ...]
    dates: tuple[datetime, ...] = ()  # naive or UTC, like those of the exceptions
    except_rules: tuple[Rule, ...] = ()
    except_dates: tuple[datetime, ...] = ()
    except_days: tuple[date, ...] = ()  # whole, whatever the time
    shift: timedelta = timedelta(0)

    def walls(self, first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
        first, last = first - self.shift, last - self.shift
        gone = {_wall(one, zone) for one in self.except_dates}
        for rule in self.except_rules:
            gone.update(rule.walls(first, last, zone))
        dates = sorted(_wall(one, zone) for one in self.dates)
        for wall, _same in groupby(merge(dates, *(rule.walls(first, last, zone) for rule in self.rules))):
            if wall not in gone and wall.date() not in self.except_days:
                yield wall + self.shift


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    return local(moment, zone) if moment.tzinfo else moment


def read_rule(text: str, begins: datetime | None, time: timedelta, where: str) -> Rule:
    """C(text) is FREQ=...;... without its name. C(begins) is DTSTART. Raises InvalidInput."""
    if rrulestr is None:
        raise missing("python-dateutil", where, "rrule")
    parts = _split(text, where)
    frequency = parts.pop("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise InvalidInput(
            "%s: FREQ=%s is not accepted in rrule; accepted: %s. For several times a day use cron with a duration."
            % (where, frequency, ", ".join(_FREQUENCIES))
        )
    interval = _whole(parts.pop("INTERVAL", "1"), "INTERVAL", where)
    count = _whole(parts.pop("COUNT"), "COUNT", where) if "COUNT" in parts else None
    until = read_moment(parts.pop("UNTIL"), "UNTIL", where) if "UNTIL" in parts else None
    week_start = parts.get("WKST", "MO")
    if week_start not in _WEEKDAYS:
        raise InvalidInput("%s: WKST=%s is no day; accepted: %s." % (where, week_start, ", ".join(_WEEKDAYS)))
    _refuse_combinations(frequency, parts, count, until, where)
    if begins is None:
        _refuse_vague(frequency, interval, count, parts, where)
    if not any(name in parts for name in _CHOOSE_DAYS):
        _choose_days(frequency, parts, begins)
    rule = Rule(
        frequency,
        interval,
        count,
        until,
        ";".join("%s=%s" % part for part in parts.items()),
        _WEEKDAYS.index(week_start),
        begins,
        time,
    )
    try:
        rule._within(datetime(2000, 1, 1))  # noqa: DTZ001
    except (ValueError, TypeError, IndexError) as err:
        raise InvalidInput("%s: rrule %r cannot be used: %s." % (where, text[:80], err)) from None
    return rule


def _split(text: str, where: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in filter(None, text.strip().upper().split(";")):
        name, equals, value = part.partition("=")
        if name not in _PARTS or not equals or not value:
            raise InvalidInput(
                "%s: rrule has %r; accepted: NAME=VALUE, with the names %s." % (where, part[:40], ", ".join(_PARTS))
            )
        if name in parts:
            raise InvalidInput("%s: rrule has %s twice; say it once." % (where, name))
        if name in _LARGEST and any(abs(one) > _LARGEST[name] for one in map(int, re.findall(r"[+-]?\d+", value))):
            raise InvalidInput("%s: rrule has %s; accepted: up to %d." % (where, part[:40], _LARGEST[name]))
        parts[name] = value
    return parts


def _whole(text: str, name: str, where: str) -> int:
    if not re.fullmatch(r"0*[1-9]\d{0,5}", text, re.ASCII):
        raise InvalidInput("%s: %s=%s in rrule; accepted: a whole number from 1." % (where, name, text[:20]))
    return int(text)


def _refuse_combinations(
    frequency: str, parts: dict[str, str], count: int | None, until: datetime | None, where: str
) -> None:
    if count is not None and until is not None:
        raise InvalidInput("%s: rrule has both COUNT and UNTIL; RFC 5545 allows one of them." % where)
    if frequency in ("DAILY", "WEEKLY"):
        if "BYSETPOS" in parts:
            raise InvalidInput("%s: BYSETPOS goes with MONTHLY or YEARLY; name the days in BYDAY." % where)
        if re.search(r"\d", parts.get("BYDAY", "")):
            raise InvalidInput(
                "%s: BYDAY=%s counts days of a month; with FREQ=%s only plain days are accepted."
                % (where, parts["BYDAY"], frequency)
            )
    if "BYWEEKNO" in parts and frequency != "YEARLY":
        raise InvalidInput("%s: BYWEEKNO goes with FREQ=YEARLY only." % where)


def _refuse_vague(frequency: str, interval: int, count: int | None, parts: dict[str, str], where: str) -> None:
    """Without DTSTART, what counts from it or is taken from it means nothing."""
    vague = [name for name, given in (("INTERVAL", interval > 1), ("COUNT", count is not None)) if given]
    if frequency != "DAILY" and not any(name in parts for name in _CHOOSE_DAYS):
        vague.append("FREQ=%s without BYDAY or BYMONTHDAY" % frequency)
    if vague:
        raise InvalidInput(
            "%s: rrule has %s, which depends on the first day: say it in from, for example from: 2026-11-23."
            % (where, " and ".join(vague))
        )


def _choose_days(frequency: str, parts: dict[str, str], begins: datetime | None) -> None:
    """What RFC 5545 takes from DTSTART, said in the rule."""
    if begins is None or frequency == "DAILY":
        parts["BYMONTHDAY"] = ",".join(map(str, range(1, 32)))
    elif frequency == "WEEKLY":
        parts["BYDAY"] = _WEEKDAYS[begins.weekday()]
    else:
        parts["BYMONTHDAY"] = str(begins.day)
        if frequency == "YEARLY":
            parts.setdefault("BYMONTH", str(begins.month))


def read_moment(text: str, name: str, where: str) -> datetime:
    """An iCalendar date or time: UTC when it ends with Z, naive otherwise. Raises InvalidInput."""
    try:
        if re.fullmatch(r"\d{8}(T\d{6}Z?)?", text, re.ASCII):
            moment = datetime.strptime(text[:8] + (text[9:15] or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007
            return moment.replace(tzinfo=UTC) if text.endswith("Z") else moment
    except ValueError:
        pass  # 31 February
    raise InvalidInput(
        "%s: %s=%s is no time that exists; accepted: such as 20270301T000000Z, or without Z for wall-clock time."
        % (where, name, text[:30])
    )


class Schedule(t.NamedTuple):
    """What an AWX schedule says."""

    recurrence: Recurrence
    zone: tzinfo | None  # None: it names none
    begins: datetime


def read_schedule(text: str, shift: timedelta, where: str) -> Schedule:
    """DTSTART;TZID=...:... RRULE:..., on one line or several, as AWX takes it. Raises InvalidInput."""
    properties = [_property(line, where) for line in text.split()]
    starts = [each for each in properties if each[0] == "DTSTART"]
    if len(starts) != 1:
        raise InvalidInput("%s: rrule has %d DTSTART; accepted: one." % (where, len(starts)))
    begins = read_moment(starts[0][2], "DTSTART", where)
    zone = _zone_of(starts[0][1], begins, where)
    begins = begins.replace(tzinfo=None)
    time = begins - begins.replace(hour=0, minute=0, second=0)
    rules: dict[str, list[Rule]] = {"RRULE": [], "EXRULE": []}
    gone: list[datetime] = []
    for name, parameters, value in properties:
        if name in rules:
            rules[name].append(read_rule(value, begins, time, where))
        elif name == "EXDATE":
            for one in value.split(","):
                moment = read_moment(one, "EXDATE", where)
                other = _zone_of(parameters, moment, where)
                gone.append(instant(moment.replace(tzinfo=None), other) if other and other != zone else moment)
    if not rules["RRULE"]:
        raise InvalidInput("%s: rrule has DTSTART and no RRULE; for a single opening use from and to." % where)
    return Schedule(
        Recurrence(tuple(rules["RRULE"]), except_rules=tuple(rules["EXRULE"]), except_dates=tuple(gone), shift=shift),
        zone,
        begins,
    )


def _property(line: str, where: str) -> tuple[str, str, str]:
    head, colon, value = line.partition(":")
    name, _semicolon, parameters = head.partition(";")
    if name.upper() not in ("DTSTART", "RRULE", "EXRULE", "EXDATE") or not colon:
        raise InvalidInput(
            "%s: rrule has %r; accepted: DTSTART, RRULE, EXRULE and EXDATE, each with a colon, such as "
            "DTSTART;TZID=Europe/Paris:20270110T013000 RRULE:FREQ=DAILY." % (where, line[:60])
        )
    return name.upper(), parameters, value


def _zone_of(parameters: str, moment: datetime, where: str) -> tzinfo | None:
    if moment.tzinfo:
        return UTC
    for parameter in filter(None, parameters.split(";")):
        name, _equals, value = parameter.partition("=")
        if name.upper() == "TZID":
            return read_zone(value, "%s: TZID" % where)
        if name.upper() != "VALUE":
            raise InvalidInput("%s: rrule has %s; accepted: TZID=ZONE." % (where, parameter[:40]))
    return None
