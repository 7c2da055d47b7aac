# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""The events of an iCalendar file (RFC 5545) as occurrences. The file is parsed by the library icalendar."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, tzinfo

from .._errors import InvalidInput
from .rrule import Recurrence, Rule, read_rule
from .starts import Once, Source, missing
from .zones import DAY, UTC, instant, read_zone

try:
    from icalendar import Calendar as ICalendar
except ImportError:
    ICalendar = None  # type: ignore[assignment,misc]
try:
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON
except ImportError:
    WINDOWS_TO_OLSON = {}

Event: t.TypeAlias = "Mapping[str, t.Any]"


def calendar_sources(text: str, zone: tzinfo | None, zoned: bool, where: str) -> tuple[Source, ...]:
    """C(zone) is that of floating and all-day events; without C(zoned), these are refused. Raises InvalidInput."""
    if ICalendar is None:
        raise missing("icalendar", where, "calendar")
    try:
        files = ICalendar.from_ical(text, multiple=True)
    except (ValueError, IndexError, KeyError) as err:
        raise InvalidInput(
            "%s: calendar is not readable as iCalendar (%s); export it again as an .ics file." % (where, str(err)[:80])
        ) from None
    if not files:
        raise InvalidInput("%s: calendar holds no VCALENDAR; export it again as an .ics file." % where)
    events = [event for file in files for event in file.walk("VEVENT")]
    moved: dict[str, list[t.Any]] = {}
    for event in events:
        _refuse_broken(event, where)
        if "RECURRENCE-ID" in event:
            moved.setdefault(_uid(event), []).append(event["RECURRENCE-ID"])
    reader = _Reader(zone, zoned, moved, where)
    return tuple(
        source
        for event in events
        if str(event.get("STATUS")).upper() != "CANCELLED"
        for source in reader.sources(event)
    )


class _Reader:
    def __init__(self, zone: tzinfo | None, zoned: bool, moved: Mapping[str, list[t.Any]], where: str) -> None:
        self._zone = zone
        self._zoned = zoned
        self._moved = moved
        self._where = where

    def sources(self, event: Event) -> Iterator[Source]:
        where = "%s: event %s" % (self._where, _title(event))
        begins = _plain(event["DTSTART"])
        zone = self._zone_of(event["DTSTART"].params, begins, where)
        length, elapsed = self._length(event, begins, zone, where)
        _refuse_empty(length, where)
        wall = begins.replace(tzinfo=None)
        gone = [(one, line) for line in _lines(event, "EXDATE") for one in line.dts]
        dates: list[datetime] = []
        for line in _lines(event, "RDATE"):
            for one in line.dts:
                if isinstance(one.dt, tuple):
                    yield self._period(one, line, where)
                else:
                    dates.append(self._moment(one, line, zone, where))
        rules: tuple[Rule, ...] = ()
        if "RECURRENCE-ID" not in event:
            time = wall - wall.replace(hour=0, minute=0, second=0)
            lines = [line.to_ical().decode("utf-8") for line in _lines(event, "RRULE")]
            rules = tuple(read_rule(line, wall, time, where) for line in lines)
            gone += [(one, one) for one in self._moved.get(_uid(event), [])]
        moments = tuple(self._moment(one, line, zone, where) for one, line in gone if isinstance(one.dt, datetime))
        days = tuple(one.dt for one, _line in gone if not isinstance(one.dt, datetime))
        # The start is an occurrence by itself, unless there is a rule to say so.
        every = dates if rules else [wall, *dates]
        series = Recurrence(rules, tuple(every), except_dates=moments, except_days=days)
        yield Source(series, zone, length, elapsed)

    def _zone_of(self, params: Mapping[str, t.Any], moment: datetime, where: str) -> tzinfo | None:
        """Not the zone that the library found: it makes up one for an unknown name."""
        name = params.get("TZID")
        if name:
            return read_zone(WINDOWS_TO_OLSON.get(str(name), str(name)), where + ": TZID")
        if moment.tzinfo:
            return UTC
        if not self._zoned:
            raise InvalidInput("%s has no zone of its own: say the window's timezone." % where)
        return self._zone

    def _length(self, event: Event, begins: datetime, zone: tzinfo | None, where: str) -> tuple[timedelta, bool]:
        """And whether it is real time, as opposed to the way to another wall-clock time."""
        all_day = not isinstance(event["DTSTART"].dt, datetime)
        if "DURATION" in event:
            return event["DURATION"].dt, not all_day
        if "DTEND" not in event:
            return (DAY if all_day else timedelta(0)), False
        ends = _plain(event["DTEND"])
        other = self._zone_of(event["DTEND"].params, ends, where)
        if other == zone:
            return ends.replace(tzinfo=None) - begins.replace(tzinfo=None), False
        if zone is None or other is None:
            raise InvalidInput("%s starts and ends in different zones, one of which is the device's." % where)
        return instant(ends.replace(tzinfo=None), other) - instant(begins.replace(tzinfo=None), zone), True

    def _moment(self, one: t.Any, line: t.Any, zone: tzinfo | None, where: str) -> datetime:
        """Naive when it is in the zone of the event."""
        moment = _plain(one)
        other = self._zone_of(line.params, moment, where) if "TZID" in line.params else zone
        if moment.tzinfo or other is None or other == zone:
            return moment
        return instant(moment, other)

    def _period(self, one: t.Any, line: t.Any, where: str) -> Source:
        start, end = one.dt
        elapsed = isinstance(end, timedelta)
        length = end if elapsed else end.replace(tzinfo=None) - start.replace(tzinfo=None)
        _refuse_empty(length, where)
        begins = _moment(start)
        return Source(Once(begins.replace(tzinfo=None)), self._zone_of(line.params, begins, where), length, elapsed)


def _lines(event: Event, name: str) -> list[t.Any]:
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]


def _plain(value: t.Any) -> datetime:
    return _moment(value.dt)


def _moment(given: t.Any) -> datetime:
    """In UTC, or wall-clock time of whatever zone."""
    if not isinstance(given, datetime):
        return datetime.combine(given, datetime.min.time())
    return given.replace(tzinfo=UTC if str(given.tzinfo) == "UTC" else None, fold=0)


def _refuse_empty(length: timedelta, where: str) -> None:
    if length <= timedelta(0):
        raise InvalidInput("%s does not end after its start; give it an end, or take it out." % where)


def _refuse_broken(event: Event, where: str) -> None:
    where = "%s: event %s" % (where, _title(event))
    for name, problem in event.errors:  # type: ignore[attr-defined]
        raise InvalidInput("%s has a broken %s (%s); correct it, or take the event out." % (where, name, problem))
    for name in ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID"):
        if isinstance(event.get(name), list):
            raise InvalidInput("%s has %s twice; say it once." % (where, name))
    if "DTEND" in event and "DURATION" in event:
        raise InvalidInput("%s has both DTEND and DURATION, and RFC 5545 allows one of them; take one out." % where)
    if "DTSTART" not in event:
        raise InvalidInput("%s has no DTSTART; give it a start, or take it out." % where)
    if "RECURRENCE-ID" in event and "RANGE" in event["RECURRENCE-ID"].params:
        raise InvalidInput(
            "%s changes all occurrences from one on (RANGE), which is not understood; end the series there and begin "
            "another." % where
        )


def _uid(event: Event) -> str:
    return str(event.get("UID", ""))


def _title(event: Event) -> str:
    return repr(str(event.get("SUMMARY") or event.get("UID") or "without a name")[:60])
