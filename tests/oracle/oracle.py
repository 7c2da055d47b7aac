# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The published clock rule by brute force: every UTC minute is painted open or closed.

Wall-clock times are never converted to UTC. The clock of a zone is read at each UTC minute, as a person would read it,
and a wall-clock time is found in these readings. Times here are minutes since the year 1, UTC or wall-clock.
It trusts its input, which is the battery's: the engine's own tests cover bad definitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle.calendars import cron_walls, rule_days

DAY = 24 * 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNITS = {"m": 1, "h": 60, "d": DAY}
LEAD = 3 * DAY  # an opening lasts two days at most here, and the first day of the readings is not a whole one

Definition = Mapping[str, Any]
Opening = tuple[int, int]


def minute_of(moment: datetime) -> int:
    """The clock reading of this moment, whatever clock it is from."""
    return moment.toordinal() * DAY + moment.hour * 60 + moment.minute


def utc_of(minute: int) -> datetime:
    return datetime.fromordinal(minute // DAY).replace(tzinfo=timezone.utc) + timedelta(minutes=minute % DAY)


class Readings:
    """What the clock of a zone shows at each UTC minute of [start, end)."""

    def __init__(self, zone: str, start: int, end: int) -> None:
        self.zone, self.start, self.end = zone, start, end
        clock, moment, step = ZoneInfo(zone), utc_of(start).replace(tzinfo=None), timedelta(minutes=1)
        self.walls: list[int] = []
        self._instants: dict[int, int] = {}
        for minute in range(start, end):
            wall = minute_of(clock.fromutc(moment.replace(tzinfo=clock)))
            self.walls.append(wall)
            self._instants.setdefault(wall, minute)
            moment += step
        self._last = max(self.walls)

    def wall(self, minute: int) -> int:
        return self.walls[minute - self.start]

    def instant(self, wall: int) -> int:
        """The minute when this clock first shows C(wall), or else the first at which it shows something later."""
        if wall > self._last:
            return self.end
        if wall not in self._instants:
            later = (at for at, shown in enumerate(self.walls, self.start) if shown > wall)
            self._instants[wall] = next(later)
        return self._instants[wall]

    def days(self) -> Iterator[date]:
        for ordinal in range(self.walls[0] // DAY + 1, self.walls[-1] // DAY + 1):
            yield date.fromordinal(ordinal)


def wall_at(day: date, time: str) -> int:
    hours, minutes = time.split(":")
    return day.toordinal() * DAY + int(hours) * 60 + int(minutes)


def length_of(text: str) -> int:
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([mhd])", text))


def weekdays_of(days: Sequence[str]) -> set[int]:
    return {WEEKDAYS.index(day) for day in days}


def openings(definition: Definition, readings: Readings) -> Iterator[Opening]:
    """The openings of one window or blackout, skipped ones too: their close is not after their open."""
    if "from" in definition and "rrule" not in definition:
        yield _one_off(definition, readings)
        return
    for start in _starts(definition, readings):
        yield _from_start(definition, start, readings)


def _from_start(definition: Definition, start: int, readings: Readings) -> Opening:
    opens = readings.instant(start)
    if "duration" in definition:
        return opens, opens + length_of(definition["duration"])
    close = wall_at(date.fromordinal(start // DAY), definition["end"])
    return opens, readings.instant(close if close > start else close + DAY)


def _starts(definition: Definition, readings: Readings) -> Iterator[int]:
    """The wall-clock times at which it opens, by looking at each day."""
    days = list(readings.days())
    if "cron" in definition:
        for day in days:
            yield from cron_walls(definition["cron"], day)
    elif "rrule" in definition:
        yield from _rule_starts(definition, days, readings)
    else:
        wanted = weekdays_of(definition.get("days", WEEKDAYS))
        yield from (wall_at(day, definition["start"]) for day in days if day.weekday() in wanted)


def _rule_starts(definition: Definition, days: Sequence[date], readings: Readings) -> Iterator[int]:
    text, anchor, time = definition["rrule"], definition.get("from"), definition.get("start", "")
    excluded: set[int] = set()
    if dtstart := re.match(r"DTSTART(?:;TZID=[^:]+)?:(\d{8})T(\d{4})00Z?\s+", text):
        text = text[dtstart.end() :]
        anchor, time = _iso(dtstart[1]), "%s:%s" % (dtstart[2][:2], dtstart[2][2:])
        excluded = {
            wall_at(date.fromisoformat(_iso(day)), "%s:%s" % (clock[:2], clock[2:]))
            for day, clock in re.findall(r"EXDATE[^:]*:(\d{8})T(\d{4})00", text)
        }
        text = re.sub(r"\s*EXDATE\S+", "", text)
    rule = dict(part.split("=") for part in text.removeprefix("RRULE:").split(";"))
    offset = definition.get("offset_days", 0)
    first = date.fromisoformat(anchor) if anchor else None
    moved = [day - timedelta(days=offset) for day in days]
    for day in rule_days(rule, first, moved):
        start = wall_at(day, time)
        if start not in excluded and _until(rule.get("UNTIL"), start, readings):
            yield start + offset * DAY


def _iso(day: str) -> str:
    return "%s-%s-%s" % (day[:4], day[4:6], day[6:8])


def _until(until: str | None, start: int, readings: Readings) -> bool:
    if until is None:
        return True
    last = wall_at(date.fromisoformat(_iso(until)), "%s:%s" % (until[9:11], until[11:13]) if "T" in until else "23:59")
    return readings.instant(start) <= last if until.endswith("Z") else start <= last


def _one_off(definition: Definition, readings: Readings) -> Opening:
    opens = _moment(definition["from"], readings)
    if "duration" in definition:
        return opens, opens + length_of(definition["duration"])
    return opens, _moment(definition["to"], readings)


def _moment(text: str, readings: Readings) -> int:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    offset = moment.utcoffset()
    if offset is None:
        return readings.instant(minute_of(moment))
    return minute_of(moment) - int(offset.total_seconds()) // 60


def zone_of(definition: Definition, device: str | None) -> str:
    if (named := definition.get("timezone")) is not None:
        return str(device) if named == "device" else str(named)
    if found := re.match(r"DTSTART;TZID=([^:]+):", definition.get("rrule", "")):
        return found[1]
    return "UTC"  # what it says carries its offset


class Oracle:
    """Answers for the UTC minutes of [start, end). Of its first days it knows only what opens in there: see LEAD."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self._readings: dict[str, Readings] = {}

    def readings(self, zone: str) -> Readings:
        if zone not in self._readings:
            self._readings[zone] = Readings(zone, self.start, self.end)
        return self._readings[zone]

    def openings(self, definition: Definition, device: str | None) -> Iterator[Opening]:
        return openings(definition, self.readings(zone_of(definition, device)))

    def open_minutes(
        self, windows: Sequence[Definition], blackouts: Sequence[Definition] = (), device: str | None = None
    ) -> bytearray:
        """One byte for each minute: 1 is open. Blackouts are painted last, so they win."""
        painted = bytearray(self.end - self.start)
        for colour, definitions in ((b"\1", windows), (b"\0", blackouts)):
            for definition in definitions:
                for opens, closes in self.openings(definition, device):
                    low, high = max(opens - self.start, 0), min(closes - self.start, len(painted))
                    if low < high:
                        painted[low:high] = colour * (high - low)
        return painted


def runs(painted: bytes | bytearray, start: int) -> list[Opening]:
    """The painted minutes as [open, close) in UTC minutes."""
    return [(start + run.start(), start + run.end()) for run in re.finditer(b"\1+", painted)]
