# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The zones that an iCalendar file names: IANA and Windows names, and those that only its own VTIMEZONE defines."""

from __future__ import annotations

import re
import typing as t
import zoneinfo
from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo

from .._errors import InvalidInput
from .content import parse_moment
from .ics_file import Component
from .rrule import read_rule
from .windows_zones import WINDOWS_ZONES
from .zones import DAY, SECOND, UTC, find_zone, read_zone

COMPARED = (datetime(2025, 1, 1), datetime(2038, 1, 1))  # noqa: DTZ001  UTC


class FileZones:
    """C(said) is what the window says about names."""

    def __init__(self, calendars: list[Component], said: Mapping[str, tzinfo]) -> None:
        self._found: dict[str, tzinfo] = dict(said)
        self._defined = {
            part.text("TZID"): part for each in calendars for part in each.parts if part.name == "VTIMEZONE"
        }

    def read(self, name: str, where: str) -> tzinfo:
        """Raises InvalidInput."""
        if name not in self._found:
            self._found[name] = find_zone(name, any_case=True) or _after_prefix(name) or self._of_file(name, where)
        return self._found[name]

    def _of_file(self, name: str, where: str) -> tzinfo:
        defined = self._defined.get(name)
        if defined is None:
            return read_zone(name, where)  # refuses it
        try:
            changes = _changes(defined)
        except (ValueError, InvalidInput) as err:
            raise _refused(name, where, str(err)) from None
        found = next((zone for zone in _candidates(defined) if _agrees(zone, changes)), None)
        if found is None:
            raise _refused(
                name, where, "which is no IANA zone from %d to %d" % (COMPARED[0].year, COMPARED[1].year - 1)
            )
        return found


def _refused(name: str, where: str, problem: str) -> InvalidInput:
    return InvalidInput(
        "%s is %r, and the VTIMEZONE of that name in the file cannot be used (%s): say the zone in the window, zones: "
        "{%r: Europe/Paris}." % (where, name[:60], problem, name[:60])
    )


def _after_prefix(name: str) -> tzinfo | None:
    """/mozilla.org/20050126_1/Europe/Berlin"""
    parts = name.split("/") if name.startswith("/") else []
    return next(
        (found for at in range(1, len(parts)) if (found := find_zone("/".join(parts[at:]), any_case=True))), None
    )


def _changes(defined: Component) -> list[tuple[datetime, timedelta]]:
    """Instants, naive in UTC, from which on an offset holds: the last one before COMPARED and those within."""
    found: list[tuple[datetime, timedelta]] = []
    for part in defined.parts:
        start = parse_moment(part.text("DTSTART"))[0]
        before, after = _offset(part.text("TZOFFSETFROM")), _offset(part.text("TZOFFSETTO"))
        if start is None or part.broken:
            raise ValueError("it has a broken %s" % part.name)
        walls = [start]
        for given in part.all("RDATE"):
            walls += [wall for one in given.value.split(",") if (wall := parse_moment(one)[0])]
        for given in part.all("RRULE"):
            time = start - start.replace(hour=0, minute=0, second=0)
            rule = read_rule(given.value, start, time, "VTIMEZONE", [])
            walls += rule.walls(max(start, COMPARED[0] - 800 * DAY), COMPARED[1], UTC)
        found += [(wall - before, after) for wall in walls if wall.year > 1]
    found.sort()
    earlier = [one for one in found if one[0] < COMPARED[0]]
    if not earlier:
        raise ValueError("it begins after %d" % COMPARED[0].year)
    return [(COMPARED[0], earlier[-1][1])] + [one for one in found if COMPARED[0] <= one[0] < COMPARED[1]]


def _offset(text: str) -> timedelta:
    found = re.fullmatch(r"([+-])(\d\d)(\d\d)(\d\d)?", text, re.ASCII)
    if found is None:
        raise ValueError("it has a broken offset")
    hours, minutes, seconds = (int(one or 0) for one in found.groups()[1:])
    return timedelta(hours=hours, minutes=minutes, seconds=seconds) * (-1 if found.group(1) == "-" else 1)


def _candidates(defined: Component) -> t.Iterator[zoneinfo.ZoneInfo]:
    """The likeliest first, so that of zones that agree always the same one is taken."""
    likely = [find_zone(defined.text("X-LIC-LOCATION"))]
    yield from filter(None, likely)
    for name in (*sorted(WINDOWS_ZONES.values()), *sorted(zoneinfo.available_timezones())):
        zone = find_zone(name)
        if zone:
            yield zone


def _agrees(zone: tzinfo, changes: list[tuple[datetime, timedelta]]) -> bool:
    """Whether it has these offsets from each change to the next, and changes nowhere else."""
    for (at, offset), (until, _next) in zip(changes, [*changes[1:], (COMPARED[1], timedelta(0))], strict=True):
        while at < until:
            if _offset_of(zone, at) != offset:
                return False
            at += 28 * DAY
        if _offset_of(zone, until - SECOND) != offset:
            return False
    return True


def _offset_of(zone: tzinfo, at: datetime) -> timedelta | None:
    return at.replace(tzinfo=UTC).astimezone(zone).utcoffset()
