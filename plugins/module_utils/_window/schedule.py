# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The schedules of AWX: DTSTART, RRULE and their exceptions in one text."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta, tzinfo

from .._errors import InvalidInput
from .content import Moment, Property, as_instant, read_moment, read_moments, read_property
from .recurrence import Exceptions, Recurrence
from .rrule import Rule, read_rule
from .zones import UTC, find_zone, read_zone

_ACCEPTED = ("DTSTART", "RRULE", "EXRULE", "EXDATE")


class Schedule(t.NamedTuple):
    recurrence: Recurrence
    zone: tzinfo | None  # None: it names none


def read_schedule(text: str, shift: timedelta, where: str, notes: list[str]) -> Schedule:
    """DTSTART;TZID=...:... RRULE:..., on one line or several, as AWX takes it. Raises InvalidInput."""

    def zone_of(name: str) -> tzinfo:
        return find_zone(name, any_case=True) or read_zone(name, "%s: TZID" % where)

    properties = [_property(line, where) for line in text.lstrip("\ufeff").split()]
    starts = [each for each in properties if each.name == "DTSTART"]
    if len(starts) != 1:
        raise InvalidInput("%s: rrule has %d DTSTART; accepted: one." % (where, len(starts)))
    start = read_moment(starts[0], where, zone_of)
    zone = UTC if start.utc else zone_of(start.tzid) if start.tzid else None
    time = start.wall - start.wall.replace(hour=0, minute=0, second=0)
    rules: dict[str, list[Rule]] = {"RRULE": [], "EXRULE": []}
    gone: list[Moment] = []
    for each in properties:
        if each.name in rules:
            rules[each.name].append(read_rule(each.value, start.wall, time, where, notes))
        elif each.name == "EXDATE":
            gone += t.cast("list[Moment]", read_moments(each, where, zone_of))
    if not rules["RRULE"]:
        raise InvalidInput("%s: rrule has DTSTART and no RRULE; for a single opening use from and to." % where)
    exceptions = read_exceptions(gone, zone, zone_of, whole_days=False)
    return Schedule(Recurrence(tuple(rules["RRULE"]), (), tuple(rules["EXRULE"]), exceptions, shift), zone)


def read_exceptions(
    given: list[Moment], zone: tzinfo | None, zone_of: t.Callable[[str], tzinfo], *, whole_days: bool
) -> Exceptions:
    """Of a series in C(zone). Those of whole days are meant by the date as it is written, whatever the zone."""
    walls: set[datetime] = set()
    instants: set[datetime] = set()
    days = {one.wall.date() for one in given if one.date or whole_days}
    for one in given:
        if one.date or whole_days:
            continue
        other = UTC if one.utc else zone_of(one.tzid) if one.tzid else zone
        if other is None or (other == zone and not one.utc):
            walls.add(one.wall)
        else:
            instants.add(as_instant(one, other))
    return Exceptions(frozenset(walls), frozenset(instants), frozenset(days))


def _property(line: str, where: str) -> Property:
    found = read_property(line)
    if found is None or found.name not in _ACCEPTED:
        raise InvalidInput(
            "%s: rrule has %r; accepted: DTSTART, RRULE, EXRULE and EXDATE, each with a colon, such as "
            "DTSTART;TZID=Europe/Paris:20270110T013000 RRULE:FREQ=DAILY." % (where, line[:60])
        )
    for name in found.parameters:
        if name not in ("TZID", "VALUE"):
            raise InvalidInput("%s: rrule has %s=%s; accepted: TZID=ZONE." % (where, name, found.parameters[name][:40]))
    return found
