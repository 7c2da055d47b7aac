# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Lines of iCalendar (RFC 5545, section 3.1) as calendar files and the schedules of AWX have them.

Only what carries a time is read, and that strictly: what is not understood is refused with the line.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from .._errors import InvalidInput
from .zones import UTC, instant

# The properties that say when, and the types of value that each may have
KINDS = {
    "DTSTART": ("DATE-TIME", "DATE"),
    "DTEND": ("DATE-TIME", "DATE"),
    "RECURRENCE-ID": ("DATE-TIME", "DATE"),
    "EXDATE": ("DATE-TIME", "DATE"),
    "RDATE": ("DATE-TIME", "DATE", "PERIOD"),
    "FREEBUSY": ("PERIOD",),
    "DURATION": ("DURATION",),
    "RRULE": ("RECUR",),
    "EXRULE": ("RECUR",),
    "TZOFFSETFROM": ("UTC-OFFSET",),
    "TZOFFSETTO": ("UTC-OFFSET",),
}
_NAME = re.compile(r"[A-Za-z0-9-]+(?=[:;])")
_PARAMETER = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^;"]*)')
_MOMENT = re.compile(r"(\d{8})(?:T(\d{6}))?(Z?)", re.ASCII)
_DURATION = re.compile(
    r"([+-]?)P(?:(\d{1,9})W)?(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?", re.ASCII
)
_ALWAYS_UTC = re.compile(r"(?:Etc/)?(?:UTC|UCT|GMT[+-]?0?|Greenwich|Universal|Zulu)", re.IGNORECASE)


@dataclass(frozen=True)
class Property:
    """NAME;PARAMETER=VALUE:value. Names are in capitals."""

    name: str
    parameters: Mapping[str, str]
    value: str
    line: str

    def refused(self, where: str, problem: str) -> InvalidInput:
        return InvalidInput("%s has a broken %s: %s %s." % (where, self.name, self.line[:100], problem))


@dataclass(frozen=True)
class Moment:
    """A time as it is written: on the wall clock of a zone, in UTC, or a date alone."""

    wall: datetime  # naive
    utc: bool
    date: bool
    tzid: str | None = None


@dataclass(frozen=True)
class Length:
    """C(days) lead to the same time of another day on the wall clock; C(rest) is elapsed time (RFC 5545, 3.3.6)."""

    days: timedelta
    rest: timedelta

    @property
    def whole(self) -> timedelta:
        return self.days + self.rest


def read_property(line: str) -> Property | None:
    """None when the line is no property."""
    name = _NAME.match(line)
    if name is None:
        return None
    key, rest = name.group().upper(), line[name.end() :]
    if key in KINDS:  # their values have no colon, and Outlook writes zones with colons and without quotes
        head, colon, value = rest.rpartition(":")
    else:
        head, colon, value = re.match(r'((?:"[^"]*"|[^":])*)(:?)(.*)', rest, re.DOTALL).groups()  # type: ignore[union-attr]
    if not colon:
        return None
    parameters = {one.upper(): said.strip('"') for one, said in _PARAMETER.findall(head)}
    if key in KINDS and _PARAMETER.sub("", head):
        return None
    return Property(key, parameters, value.strip(), line)


def read_moments(
    given: Property, where: str, zone_of: t.Callable[[str], tzinfo]
) -> list[Moment | tuple[Moment, t.Any]]:
    """Of a DATE, DATE-TIME or PERIOD; a period is a pair (start, end or Length). Raises InvalidInput."""
    kinds = KINDS[given.name]
    kind = given.parameters.get("VALUE", "").upper()
    if kind and kind not in kinds:
        raise given.refused(where, "has VALUE=%s; accepted: %s" % (kind[:20], ", ".join(kinds)))
    found: list[t.Any] = []
    for text in given.value.upper().split(","):
        start, slash, end = text.strip().partition("/")
        if ("PERIOD" not in kinds) if slash else (kind == "PERIOD" or kinds == ("PERIOD",)):
            raise given.refused(
                where,
                "is no %s; accepted: such as %s"
                % (("time", "20270301T000000Z") if slash else ("period", "20270301T000000Z/PT1H")),
            )
        moment = _moment(start, given, where, zone_of)
        if slash:
            if moment.date:
                raise given.refused(where, "has a period without times; accepted: such as 20270301T000000Z/PT1H")
            last = (
                read_length(end, given, where) if end.startswith(("P", "+P")) else _moment(end, given, where, zone_of)
            )
            found.append((moment, last))
        else:
            found.append(moment)
    return found


def read_moment(given: Property, where: str, zone_of: t.Callable[[str], tzinfo]) -> Moment:
    """Of a property that has one. Raises InvalidInput."""
    found = read_moments(given, where, zone_of)
    if len(found) != 1:
        raise given.refused(where, "has %d times; accepted: one" % len(found))
    return t.cast(Moment, found[0])


def _moment(text: str, given: Property, where: str, zone_of: t.Callable[[str], tzinfo]) -> Moment:
    kind, tzid = given.parameters.get("VALUE", "").upper(), given.parameters.get("TZID")
    wall, zulu, date = parse_moment(text)
    if (
        wall is None
        or (date and kind in ("DATE-TIME", "PERIOD"))
        or (not date and kind == "DATE" and wall.time() != datetime.min.time())
    ):
        raise given.refused(
            where,
            "is no %s that exists; accepted: such as %s"
            % (
                ("date", "20270301")
                if kind == "DATE"
                else ("time", "20270301T000000Z, or without Z for wall-clock time")
            ),
        )
    date = date or kind == "DATE"
    zulu = zulu and not date
    if zulu and tzid and not _ALWAYS_UTC.fullmatch(str(zone_of(tzid))):
        raise given.refused(
            where,
            "says both TZID and Z, which are different clocks: take Z away for the clock of the zone, or TZID for UTC",
        )
    return Moment(wall, zulu, date, None if zulu else tzid)


def parse_moment(text: str) -> tuple[datetime | None, bool, bool]:
    """Wall-clock time, whether it is in UTC, and whether it is a date alone. None when it is no time."""
    found = _MOMENT.fullmatch(text)
    try:
        if found:
            day, time, zulu = found.groups()
            return datetime.strptime(day + (time or "000000"), "%Y%m%d%H%M%S"), bool(zulu), time is None  # noqa: DTZ007
    except ValueError:
        pass  # 31 February
    return None, False, False


def read_length(text: str, given: Property, where: str) -> Length:
    """Raises InvalidInput."""
    found = _DURATION.fullmatch(text.strip().upper())
    if found is None or not any(found.groups()[1:]):
        raise given.refused(where, "is no length of time; accepted: such as PT1H30M or P2D")
    sign = -1 if found.group(1) == "-" else 1
    weeks, days, hours, minutes, seconds = (sign * int(digits or 0) for digits in found.groups()[1:])
    try:
        length = Length(timedelta(weeks=weeks, days=days), timedelta(hours=hours, minutes=minutes, seconds=seconds))
        datetime(1970, 1, 1) + length.whole  # noqa: DTZ001
    except OverflowError:
        raise given.refused(
            where, "is longer than the calendar; for an end that is not known say DTEND:99991231"
        ) from None
    return length


def as_instant(moment: Moment, zone: tzinfo) -> datetime:
    return moment.wall.replace(tzinfo=UTC) if moment.utc else instant(moment.wall, zone)
