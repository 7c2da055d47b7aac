# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Zones and wall clocks: where a wall time lies in time, and where clocks change. Seconds resolution."""

from __future__ import annotations

import difflib
import re
import typing as t
import zoneinfo
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from pathlib import Path

from .._errors import InvalidInput
from .windows_zones import WINDOWS_ZONES

UTC = timezone.utc
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # whatever the locale
NOTHING, SECOND, HOUR, DAY = timedelta(0), timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
YEAR = 366 * DAY
FURTHEST = 26  # hours: no clock has been set by more than a day, when its zone changed sides of the date line
# Files that lie among the zones: of this machine, with leap seconds, or not meant to be used.
_NO_ZONES = re.compile(r"(?:right|posix)/.*|localtime|posixrules|Factory")


def read_zone(name: t.Any, where: str) -> zoneinfo.ZoneInfo:
    """The zone of this IANA or Windows name; never another one instead. Raises InvalidInput, naming it C(where)."""
    key = str(name).strip()
    found = find_zone(key)
    if found:
        return found
    known = zoneinfo.available_timezones()
    if not known:
        raise InvalidInput("%s: there is no zone data on this machine. Install tzdata (pip install tzdata)." % where)
    # Only places: an abbreviation or an offset that looks alike would be another clock.
    places = {one.lower(): one for one in known if "/" in one and not one.startswith("Etc/")}
    near = difflib.get_close_matches(key.lower(), sorted(places), 1, 0.75)
    meant = "; did you mean %s?" % places[near[0]] if near else "."
    raise InvalidInput("%s is %r, which is no IANA zone such as Europe/Paris%s" % (where, key[:60], meant))


def find_zone(key: str, *, any_case: bool = False) -> zoneinfo.ZoneInfo | None:
    """Of an IANA or Windows name; exporters write the former in C(any_case)."""
    try:
        if not _NO_ZONES.fullmatch(key):
            return zoneinfo.ZoneInfo(key)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        pass  # unknown, not a name, or a folder of zones
    other = WINDOWS_ZONES.get(key.lower()) or (_lower_names().get(key.lower()) if any_case else None)
    return zoneinfo.ZoneInfo(other) if other else None


@lru_cache(maxsize=1)
def _lower_names() -> dict[str, str]:
    return {one.lower(): one for one in zoneinfo.available_timezones() if not _NO_ZONES.fullmatch(one)}


def zone_name(zone: tzinfo) -> str:
    return getattr(zone, "key", None) or str(zone)


def local(at: datetime, zone: tzinfo) -> datetime:
    """What a clock in C(zone) shows, naive."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def moved(moment: datetime, by: timedelta) -> datetime:
    """C(moment + by), or the edge of time: so that an end in the year 9999 means for ever, in every zone."""
    try:
        found = moment + by
    except OverflowError:
        found = (datetime.max if by > NOTHING else datetime.min).replace(tzinfo=moment.tzinfo)  # noqa: DTZ901
    if 1 < found.year < 9999:
        return found
    return datetime(2, 1, 1, tzinfo=found.tzinfo) if found.year == 1 else datetime(9998, 12, 31, tzinfo=found.tzinfo)


@lru_cache(maxsize=4096)
def latest_wall(at: datetime, zone: tzinfo) -> datetime:
    """The latest time that a clock in C(zone) has shown until C(at): later than that of C(at) if it was set back."""
    return max(moved(local(moved(at, -hours * HOUR), zone), hours * HOUR) for hours in range(FURTHEST))


def instant(wall: datetime, zone: tzinfo) -> datetime:
    """The first instant at which a clock in C(zone) shows C(wall), or later when it jumps over it."""
    wall = moved(wall, NOTHING)
    found = wall.replace(tzinfo=zone).astimezone(UTC)
    if local(found, zone) == wall:
        return found
    # Skipped: with fold=0 it was taken for a time after the change, with fold=1 for one before.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _first(before, found, lambda at: local(at, zone) >= wall)


def iso(at: datetime, zone: tzinfo | None = None) -> str:
    """2026-11-23T03:00:00Z, or with the offset of C(zone)."""
    if zone is None:
        return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return at.astimezone(zone).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Change:
    """The clock is set forward, or back when C(by) is negative."""

    at: datetime
    by: timedelta


@lru_cache(maxsize=1024)
def changes(zone: tzinfo, start: datetime, end: datetime) -> tuple[Change, ...]:
    """The clock changes of a zone within (start, end)."""
    found = []
    while start < end:
        later = min(start + DAY, end)
        before = start.astimezone(zone).utcoffset()
        by = later.astimezone(zone).utcoffset() - before  # type: ignore[operator]
        if by:
            at = _first(start, later, lambda at, before=before: at.astimezone(zone).utcoffset() != before)  # type: ignore[misc]
            if at < end:
                found.append(Change(at, by))
        start = later
    return tuple(found)


def data_version() -> str:
    """Of the zone data in use, V(system) when it does not say."""
    for folder in map(Path, zoneinfo.TZPATH):
        if (folder / "UTC").exists():
            try:
                with (folder / "tzdata.zi").open(encoding="utf-8") as lines:
                    return lines.readline().rpartition(" ")[2].strip()
            except OSError:
                return "system"
    try:
        import tzdata
    except ImportError:
        return "system"
    return tzdata.IANA_VERSION


def _first(low: datetime, high: datetime, holds: t.Callable[[datetime], bool]) -> datetime:
    """The first second in (low, high] for which it holds; it holds for C(high) and not for C(low)."""
    while high - low > SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
