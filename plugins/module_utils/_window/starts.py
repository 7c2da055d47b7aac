# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""What windows consist of: wall-clock times at which something starts, and how long it then lasts.

Everything here is naive wall-clock time until Source maps it to instants, by the published rule: a time that occurs
twice means its first occurrence, a time that does not occur means the instant of the change.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import takewhile

from .._errors import InvalidInput
from .zones import DAY, instant, local

try:
    from cronsim import CronSim, CronSimError
except ImportError:
    CronSim = None  # type: ignore[assignment,misc]

DEVICE = "device"
FURTHEST = timedelta(hours=25)  # that a clock has ever been set: a day, when a zone changed sides of the date line


def missing(library: str, where: str, what: str) -> InvalidInput:
    return InvalidInput(
        "%s: %s needs the Python library %s, which is not installed here. Run: pip install %s"
        % (where, what, library, library),
        code="missing_library",
    )


class Starts(t.Protocol):
    def walls(self, first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
        """Wall-clock times in order: those within [first, last], maybe others near it."""


@dataclass(frozen=True)
class Once:
    wall: datetime

    def walls(self, first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
        yield self.wall


@dataclass(frozen=True)
class Weekly:
    weekdays: frozenset[int]
    start: timedelta  # since midnight

    def walls(self, first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
        day = first.replace(hour=0, minute=0, second=0, microsecond=0)
        while day <= last:
            if day.weekday() in self.weekdays:
                yield day + self.start
            day += DAY


@dataclass(frozen=True)
class CronDays:
    """Midnights of the days that the last three fields select."""

    fields: str

    def walls(self, first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
        return takewhile(lambda day: day <= last, CronSim("0 0 " + self.fields, first - DAY))


@dataclass(frozen=True)
class Source:
    """One series of occurrences."""

    starts: Starts
    zone: tzinfo | None  # None: that of each device
    length: timedelta
    elapsed: bool  # the length is real time; otherwise it leads to another wall-clock time
    # Several starts for each wall-clock time: those of a group each begin before the one before has ended.
    groups: tuple[tuple[timedelta, ...], ...] = ((timedelta(0),),)
    shown: tzinfo | None = None  # in answers, when it is not the zone

    def shown_in(self, zone: tzinfo | None) -> tzinfo | None:
        return self.shown or self.zone or zone

    def spans(self, low: datetime, high: datetime, zone: tzinfo | None) -> Iterator[tuple[datetime, datetime]]:
        """Instants (opens, closes) of all occurrences that intersect [low, high), and maybe of others near it.

        An occurrence with both edges in a skipped hour closes when it opens.
        """
        own = t.cast(tzinfo, self.zone or zone)  # whoever has no zone of a device refuses such windows
        first = local(low, own) - self.length - self.groups[-1][-1] - FURTHEST
        for wall in self.starts.walls(first, local(high, own) + FURTHEST, own):
            for group in self.groups:
                yield from self._group(wall, group, own)

    def _group(self, wall: datetime, group: tuple[timedelta, ...], own: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        opens = instant(wall + group[0], own)
        if not self.elapsed:
            yield opens, instant(wall + self.length, own)
            return
        last = instant(wall + group[-1], own) if len(group) > 1 else opens
        if last - opens == group[-1] - group[0]:
            yield opens, last + self.length
            return
        for each in group:  # the clock changes on the way
            opens = instant(wall + each, own)
            yield opens, opens + self.length


def cron_source(expression: str, zone: tzinfo | None, length: timedelta, where: str) -> Source:
    """Raises InvalidInput."""
    if CronSim is None:
        raise missing("cronsim", where, "cron")
    fields = expression.split()
    if len(fields) != 5:
        raise InvalidInput(
            "%s: cron %r has %d fields; accepted: five, minute hour day-of-month month day-of-week, "
            "such as 0 22 * * FRI." % (where, expression[:60], len(fields))
        )
    midnight = datetime(2000, 1, 1)  # noqa: DTZ001  any day will do
    try:
        CronSim(expression, midnight)
        ticks = CronSim(" ".join(fields[:2]) + " * * *", midnight - timedelta(minutes=1))
    except CronSimError as err:
        raise InvalidInput(
            "%s: cron %r cannot be used (%s); accepted: such as 0 22 * * FRI." % (where, expression[:60], err)
        ) from None
    times = [tick - midnight for tick in takewhile(lambda tick: tick < midnight + DAY, ticks)]
    groups = [[times[0]]]
    for one in times[1:]:
        if one - groups[-1][-1] <= length:
            groups[-1].append(one)
        else:
            groups.append([one])
    return Source(CronDays(" ".join(fields[2:])), zone, length, True, tuple(map(tuple, groups)))
