# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""RFC 5545 recurrence, daily or coarser, on naive wall-clock times.

dateutil works out the days of one month or year at a time, and rules that say the same share them: so a rule that never
matches costs no more than any other, and one that began years ago is expanded where it is asked about.
"""

from __future__ import annotations

import re
import typing as t
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache

from .._errors import InvalidInput
from .content import parse_moment
from .source import missing
from .zones import DAY, UTC, instant, local

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
_MOST_TIMES = 1440  # starts a day
_FIRST_COUNTED = 1900  # a COUNT is counted from DTSTART on


@dataclass(frozen=True)
class Rule:
    frequency: str
    interval: int
    count: int | None
    until: datetime | None  # in UTC, or naive: wall-clock time
    parts: str  # BYDAY=...;BYMONTH=..., which dateutil reads: they choose days
    times: tuple[timedelta, ...]  # of such a day, in order, since midnight
    positions: tuple[int, ...]  # BYSETPOS
    week_start: int
    begins: datetime | None  # None: ever since
    _sizes: dict[datetime, int] = field(default_factory=dict, compare=False, repr=False)

    def walls(self, first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
        start = max(first, self.begins or first)
        left = self.count
        for period, following in _periods(start if left is None else t.cast(datetime, self.begins), last, self._yearly):
            if left is not None and following <= start:
                left -= self._size(period)
                continue
            for wall in self._within(period, start if left is None else t.cast(datetime, self.begins), last):
                if (left is not None and left <= 0) or self._is_over(wall, zone):
                    return
                left = None if left is None else left - 1
                if wall >= start:
                    yield wall

    def _is_over(self, wall: datetime, zone: tzinfo) -> bool:
        if self.until is None:
            return False
        if self.until.tzinfo is None:
            return wall > self.until
        away = wall - self.until.replace(tzinfo=None)
        return away > 2 * DAY or (away > -2 * DAY and instant(wall, zone) > self.until)

    @property
    def _yearly(self) -> bool:
        return self.frequency == "YEARLY"

    def _size(self, period: datetime) -> int:
        if period not in self._sizes:
            begins = t.cast(datetime, self.begins)
            end = period + 366 * DAY
            if self.positions or period < begins:
                self._sizes[period] = sum(1 for _wall in self._within(period, begins, end))
            else:
                days = days_within(self._yearly, self.parts, period)
                self._sizes[period] = len(self.times) * sum(map(self._in_step, days))
        return self._sizes[period]

    def _within(self, period: datetime, first: datetime, last: datetime) -> Iterator[datetime]:
        """Those of one month or year that lie in [first, last]."""
        days = days_within(self._yearly, self.parts, period)
        if self.positions:
            every = [day + time for day in days if self._in_step(day) for time in self.times]
            at = {one - 1 if one > 0 else len(every) + one for one in self.positions}
            yield from (wall for index, wall in enumerate(every) if index in at and first <= wall <= last)
            return
        for day in days[bisect_left(days, first - DAY) : bisect_right(days, last)]:
            if self._in_step(day):
                yield from (day + time for time in self.times if first <= day + time <= last)

    def _in_step(self, day: datetime) -> bool:
        """Whether it lies in a day, week, month or year that the interval does not skip."""
        return (
            self.begins is None
            or self.interval == 1
            or (self._number(day) - self._number(self.begins)) % self.interval == 0
        )

    def _number(self, wall: datetime) -> int:
        if self.frequency == "DAILY":
            return wall.toordinal()
        if self.frequency == "WEEKLY":
            return (wall.toordinal() - 1 - self.week_start) // 7
        return wall.year if self._yearly else wall.year * 12 + wall.month


def _periods(first: datetime, last: datetime, yearly: bool) -> Iterator[tuple[datetime, datetime]]:
    """The months or years that [first, last] touches, each with the next one."""
    period = datetime(first.year, 1 if yearly else first.month, 1)  # noqa: DTZ001
    while period <= last and period.year < 9999:
        following = (period + (366 if yearly else 31) * DAY).replace(day=1)
        yield period, following
        period = following


@lru_cache(maxsize=16384)
def days_within(yearly: bool, parts: str, period: datetime) -> tuple[datetime, ...]:
    """Midnights of the days of one month or year that the parts of a rule choose."""
    frequency, many = ("YEARLY", _ONE_PERIOD) if yearly else ("MONTHLY", 12 * _ONE_PERIOD)
    return tuple(rrulestr("FREQ=%s;INTERVAL=%d;%s" % (frequency, many, parts), dtstart=period))


def read_rule(
    text: str,
    begins: datetime | None,
    time: timedelta,
    where: str,
    notes: list[str],
    *,
    whole_days: bool = False,
    zone: tzinfo | None = None,
) -> Rule:
    """C(text) is FREQ=...;... without its name, C(begins) is DTSTART. What was decided goes to C(notes).

    C(zone) is that of whole days, if it is known.

    Raises InvalidInput.
    """
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
    until = _until(parts.pop("UNTIL"), where, notes, whole_days, zone) if "UNTIL" in parts else None
    week_start = parts.get("WKST", "MO")
    if week_start not in _WEEKDAYS:
        raise InvalidInput("%s: WKST=%s is no day; accepted: %s." % (where, week_start, ", ".join(_WEEKDAYS)))
    _refuse_combinations(frequency, parts, count, until, where)
    if begins is None:
        _refuse_vague(frequency, interval, count, parts, where)
    elif count is not None and begins.year < _FIRST_COUNTED:
        raise InvalidInput(
            "%s: COUNT=%s is counted from a DTSTART in the year %d; accepted: from %d on. Say UNTIL instead."
            % (where, count, begins.year, _FIRST_COUNTED)
        )
    times = _times({name: parts.pop(name) for name in _TIMES if name in parts}, time, where, whole_days)
    positions = _positions(parts.pop("BYSETPOS", ""), where)
    if not any(name in parts for name in _CHOOSE_DAYS) or (begins and set(parts) & set(_CHOOSE_DAYS) == {"BYWEEKNO"}):
        _choose_days(frequency, parts, begins)
    said = ";".join("%s=%s" % part for part in sorted(parts.items()))
    rule = Rule(frequency, interval, count, until, said, times, positions, _WEEKDAYS.index(week_start), begins)
    try:
        days_within(frequency == "YEARLY", said, datetime(2000, 1, 1))  # noqa: DTZ001
    except (ValueError, TypeError, IndexError) as err:
        raise InvalidInput("%s: rrule %r cannot be used: %s." % (where, text[:80], err)) from None
    return rule


def _times(said: dict[str, str], time: timedelta, where: str, whole_days: bool) -> tuple[timedelta, ...]:
    """BYHOUR, BYMINUTE and BYSECOND, each taken from the start where it is absent."""
    if whole_days:
        return (timedelta(0),)
    own = dict(zip(_TIMES, (time.seconds // 3600, time.seconds // 60 % 60, time.seconds % 60), strict=True))
    hours, minutes, seconds = (
        sorted({_whole(one, name, where, least=0) for one in said[name].split(",")}) if name in said else [own[name]]
        for name in _TIMES
    )
    if len(hours) * len(minutes) * len(seconds) > _MOST_TIMES:
        raise InvalidInput(
            "%s: rrule starts more than %d times a day; say fewer in BYHOUR, BYMINUTE and BYSECOND."
            % (where, _MOST_TIMES)
        )
    return tuple(
        timedelta(hours=hour, minutes=minute, seconds=second)
        for hour in hours
        for minute in minutes
        for second in seconds
    )


def _positions(text: str, where: str) -> tuple[int, ...]:
    said = text.split(",") if text else []
    if not all(re.fullmatch(r"[+-]?[1-9]\d{0,2}", one, re.ASCII) for one in said):
        raise InvalidInput("%s: BYSETPOS=%s; accepted: whole numbers from 1, or from -1 down." % (where, text[:40]))
    return tuple(map(int, said))


def _until(text: str, where: str, notes: list[str], whole_days: bool, zone: tzinfo | None) -> datetime:
    """The last start that counts: in UTC, or naive."""
    wall, utc, date = parse_moment(text)
    if wall is None:
        raise InvalidInput(
            "%s: UNTIL=%s is no time that exists; accepted: such as 20270301T000000Z, or without Z for wall-clock time."
            % (where, text[:30])
        )
    if utc and whole_days:
        # Exporters write the midnight, or the last second, of the last day on their own clock, in UTC.
        here = local(wall.replace(tzinfo=UTC), zone) if zone else wall
        if (here.hour, here.minute) not in ((0, 0), (23, 59)):
            here = wall + DAY / 2 if wall.second != 59 else wall - DAY / 2
        last = here.date()
        notes.append("%s: UNTIL=%s of whole days is taken for %s, the last day." % (where, text, last.isoformat()))
        return datetime.combine(last, datetime.max.time())
    if date and not whole_days:
        notes.append("%s: UNTIL=%s has no time: that day is included." % (where, text))
    if date or whole_days:
        return datetime.combine(wall.date(), datetime.max.time())
    return wall.replace(tzinfo=UTC) if utc else wall


def _split(text: str, where: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in filter(None, re.sub(r"\s*([;,=])\s*", r"\1", text.strip().upper()).split(";")):
        name, _equals, value = part.partition("=")
        if name not in _PARTS or not re.fullmatch(r"[A-Z0-9,+-]+", value, re.ASCII) or re.search(r"\d{17}", value):
            raise InvalidInput(
                "%s: rrule has %r; accepted: NAME=VALUE, with the names %s." % (where, part[:40], ", ".join(_PARTS))
            )
        if name in parts:
            raise InvalidInput("%s: rrule has %s twice; say it once." % (where, name))
        if name in _LARGEST and any(abs(one) > _LARGEST[name] for one in map(int, re.findall(r"[+-]?\d+", value))):
            raise InvalidInput("%s: rrule has %s; accepted: up to %d." % (where, part[:40], _LARGEST[name]))
        parts[name] = value
    return parts


def _whole(text: str, name: str, where: str, least: int = 1) -> int:
    if not re.fullmatch(r"0*\d{1,6}", text, re.ASCII) or int(text) < least:
        raise InvalidInput("%s: %s=%s in rrule; accepted: a whole number from %d." % (where, name, text[:20], least))
    return int(text)


def _refuse_combinations(
    frequency: str, parts: dict[str, str], count: int | None, until: datetime | None, where: str
) -> None:
    if count is not None and until is not None:
        raise InvalidInput("%s: rrule has both COUNT and UNTIL; RFC 5545 allows one of them." % where)
    if frequency in ("DAILY", "WEEKLY"):
        if "BYSETPOS" in parts:
            raise InvalidInput("%s: BYSETPOS needs FREQ=MONTHLY or YEARLY; name the days in BYDAY." % where)
        if re.search(r"\d", parts.get("BYDAY", "")):
            raise InvalidInput(
                "%s: BYDAY=%s counts days of a month; with FREQ=%s only plain days are accepted."
                % (where, parts["BYDAY"], frequency)
            )
    if "BYWEEKNO" in parts and frequency != "YEARLY":
        raise InvalidInput("%s: BYWEEKNO is accepted with FREQ=YEARLY only." % where)


def _refuse_vague(frequency: str, interval: int, count: int | None, parts: dict[str, str], where: str) -> None:
    """Without DTSTART, what counts from it or is taken from it means nothing."""
    vague = [name for name, given in (("INTERVAL", interval > 1), ("COUNT", count is not None)) if given]
    if frequency != "DAILY" and not any(name in parts for name in _CHOOSE_DAYS):
        vague.append("FREQ=%s without BYDAY or BYMONTHDAY" % frequency)
    if "BYWEEKNO" in parts and "BYDAY" not in parts:
        vague.append("BYWEEKNO without BYDAY")
    if vague:
        raise InvalidInput(
            "%s: rrule has %s, which depends on the first day: say it in from, for example from: 2026-11-23."
            % (where, " and ".join(vague))
        )


def _choose_days(frequency: str, parts: dict[str, str], begins: datetime | None) -> None:
    """What RFC 5545 takes from DTSTART, said in the rule."""
    if begins is None or frequency == "DAILY":
        parts["BYMONTHDAY"] = ",".join(map(str, range(1, 32)))
    elif frequency == "WEEKLY" or "BYWEEKNO" in parts:
        parts["BYDAY"] = _WEEKDAYS[begins.weekday()]
    else:
        parts["BYMONTHDAY"] = str(begins.day)
        if frequency == "YEARLY":
            parts.setdefault("BYMONTH", str(begins.month))
