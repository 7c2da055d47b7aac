# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The events of an iCalendar file as series of occurrences."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, tzinfo

from .._errors import InvalidInput
from .content import Length, Moment, Property, as_instant, read_length, read_moment, read_moments
from .ics_file import Component, Event, read_components, read_events
from .ics_zone import FileZones
from .recurrence import Exceptions, Recurrence
from .rrule import Rule, read_rule
from .schedule import read_exceptions
from .source import Once, Source, missing
from .zones import DAY, NOTHING, UTC, local

try:
    import dateutil
except ImportError:
    dateutil = None  # type: ignore[assignment]


class FoundInFile(t.NamedTuple):
    sources: tuple[Source, ...]
    notes: tuple[str, ...]  # what was decided or left out


def calendar_sources(
    text: str,
    where: str,
    *,
    zone: tzinfo | None,
    zoned: bool,
    zones: Mapping[str, tzinfo],
    blackout: bool,
) -> FoundInFile:
    """C(zone) is that of floating and all-day events; without C(zoned), these are refused. C(zones) is a map of names.

    Raises InvalidInput.
    """
    if dateutil is None:
        raise missing("python-dateutil", where, "calendar")
    calendars = read_components(text, where)
    events = read_events(calendars, where)
    reader = _Reader(zone, zoned, FileZones(calendars, zones), where)
    busy = [part for each in calendars for part in each.parts if part.name == "VFREEBUSY"] if blackout else []
    if blackout and not events and not busy:
        raise InvalidInput(
            "%s: calendar has no event (VEVENT), so it would black nothing out; export it again, or take it out."
            % where
        )
    sources = reader.events(events)
    return FoundInFile((*sources, *(one for part in busy for one in reader.busy(part))), tuple(reader.notes))


class _Reader:
    def __init__(self, zone: tzinfo | None, zoned: bool, zones: FileZones, where: str) -> None:
        self._zone = zone
        self._zoned = zoned
        self._zones = zones
        self._where = where
        self.notes: list[str] = []

    def events(self, events: list[Event]) -> list[Source]:
        moved: dict[str, list[Moment]] = {}
        for event in events:
            where = event.where
            given = event.component.first("RECURRENCE-ID")
            if given:
                moved.setdefault(event.uid, []).append(read_moment(given, where, self._named(where)))
        return [
            source
            for event in events
            if not event.cancelled
            for source in self._series(event, moved.get(event.uid, []))
        ]

    def busy(self, component: Component) -> Iterator[Source]:
        """FREEBUSY is the time that is taken: the blackout."""
        where = "%s: VFREEBUSY" % self._where
        for line in component.broken:
            if line.upper().startswith("FREEBUSY"):
                raise InvalidInput("%s has the broken line %r; correct it, or take it out." % (where, line[:60]))
        for given in component.all("FREEBUSY"):
            if given.parameters.get("FBTYPE", "BUSY").upper() != "FREE":
                for start, end in t.cast("list[tuple[Moment, t.Any]]", read_moments(given, where, self._named(where))):
                    yield self._period(start, end, self._zone, Exceptions(), given, where)

    def _series(self, event: Event, moved: list[Moment]) -> Iterator[Source]:
        component, where = event.component, event.where
        begins = read_moment(t.cast(Property, component.first("DTSTART")), where, self._named(where))
        zone = self._zone_of(begins, where)
        nominal, exact = self._length(component, begins, zone, where)
        gone: list[Moment] = []
        for given in component.all("EXDATE"):
            gone += t.cast("list[Moment]", read_moments(given, where, self._named(where)))
        alone = component.first("RECURRENCE-ID") is not None
        exceptions = read_exceptions(gone if alone else gone + moved, zone, self._named(where), whole_days=begins.date)
        rules = () if alone else self._rules(component, "RRULE", begins, zone, where)
        without = self._rules(component, "EXRULE", begins, zone, where)
        dates: list[datetime] = [] if rules else [begins.wall]  # the rule says whether the start is an occurrence
        for given in component.all("RDATE"):
            for one in read_moments(given, where, self._named(where)):
                if isinstance(one, tuple):
                    yield self._period(*one, zone, exceptions, given, where, without)
                else:
                    dates.append(self._date(one, begins, zone, where))
        if nominal + exact == NOTHING:
            self.notes.append("%s has no length and is left out." % where)
        elif not rules and not without and dates == [begins.wall] and exceptions == Exceptions():
            yield Source(Once(begins.wall), zone, nominal, exact)
        else:
            yield Source(Recurrence(rules, tuple(dates), without, exceptions), zone, nominal, exact)

    def _rules(
        self, component: Component, name: str, begins: Moment, zone: tzinfo | None, where: str
    ) -> tuple[Rule, ...]:
        time = begins.wall - begins.wall.replace(hour=0, minute=0, second=0)
        rules = []
        for given in component.all(name):
            if given.value:
                rule = read_rule(given.value, begins.wall, time, where, self.notes, whole_days=begins.date, zone=zone)
                rules.append(rule)
            else:
                self.notes.append("%s has an empty %s, which is left out." % (where, name))
        return tuple(rules)

    def _named(self, where: str) -> t.Callable[[str], tzinfo]:
        return lambda name: self._zones.read(name, where + ": TZID")

    def _zone_of(self, moment: Moment, where: str) -> tzinfo | None:
        if moment.utc:
            return UTC
        if moment.tzid:
            return self._zones.read(moment.tzid, where + ": TZID")
        if not self._zoned:
            raise InvalidInput("%s has no zone of its own: say the window's timezone." % where)
        return self._zone

    def _length(
        self, component: Component, begins: Moment, zone: tzinfo | None, where: str
    ) -> tuple[timedelta, timedelta]:
        """What leads to another time on the wall clock, and what is elapsed time."""
        given, until = component.first("DURATION"), component.first("DTEND")
        length = read_length(given.value, given, where) if given else None
        if length and until and length.whole:
            raise InvalidInput("%s has both DTEND and DURATION, and RFC 5545 allows one of them; take one out." % where)
        if until:
            nominal, exact = self._way(begins, read_moment(until, where, self._named(where)), zone, where)
        elif length:
            nominal, exact = (length.whole, NOTHING) if begins.date else (length.days, length.rest)
        else:
            nominal, exact = (DAY if begins.date else NOTHING), NOTHING
        if nominal + exact < NOTHING:
            raise InvalidInput("%s does not end after its start; give it an end, or take it out." % where)
        return nominal, exact

    def _way(self, begins: Moment, ends: Moment, zone: tzinfo | None, where: str) -> tuple[timedelta, timedelta]:
        if begins.date and ends.date:
            return (ends.wall - begins.wall) or DAY, NOTHING
        other = self._zone_of(ends, where)
        if other == zone:
            return ends.wall - begins.wall, NOTHING
        if zone is None or other is None:
            raise InvalidInput("%s starts and ends in different zones, one of which is the device's." % where)
        return NOTHING, as_instant(ends, other) - as_instant(begins, zone)

    def _date(self, one: Moment, begins: Moment, zone: tzinfo | None, where: str) -> datetime:
        """An additional start: of the same kind as the first one, a date or a time of day."""
        if one.date or begins.date:
            return datetime.combine(one.wall.date(), begins.wall.time())
        other = self._zone_of(one, where) if one.tzid or one.utc else zone
        return one.wall if other is None or (other == zone and not one.utc) else as_instant(one, other)

    def _period(
        self,
        start: Moment,
        end: Moment | Length,
        zone: tzinfo | None,
        exceptions: Exceptions,
        given: Property,
        where: str,
        without: tuple[Rule, ...] = (),
    ) -> Source:
        """C(zone) and C(exceptions) are those of the event."""
        own = self._zone_of(start, where) if start.tzid or start.utc else zone
        if isinstance(end, Length):
            nominal, exact = end.days, end.rest
        else:
            nominal, exact = self._way(start, end, own, where)
        if nominal + exact <= NOTHING:
            raise given.refused(where, "does not end after its start")
        if own is not None and zone is not None and own != zone:  # the exceptions are on the clock of the event
            wall = local(as_instant(start, own), zone)
            if any(True for _wall in Recurrence((), (wall,), without, exceptions).walls(wall, wall, zone)):
                return Source(Once(start.wall), own, nominal, exact)
            return Source(Recurrence(()), own, nominal, exact)
        return Source(Recurrence((), (start.wall,), without, exceptions), own, nominal, exact)
