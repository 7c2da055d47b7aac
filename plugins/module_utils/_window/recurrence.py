# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Several rules and dates as one series, without its exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from functools import cached_property
from heapq import merge
from itertools import groupby

from .rrule import Rule
from .zones import DAY, UTC, instant, local, moved


@dataclass(frozen=True)
class Exceptions:
    """What takes occurrences out of a series."""

    walls: frozenset[datetime] = frozenset()  # on the clock of the series
    instants: frozenset[datetime] = frozenset()  # in UTC
    days: frozenset[date] = frozenset()  # whole, whatever the time

    def cover(self, wall: datetime, zone: tzinfo) -> bool:
        if wall in self.walls or wall.date() in self.days:
            return True
        if wall.date() not in self._near:
            return False
        # A time that occurs twice, or in a skipped hour, can be written as an instant in more than one way.
        passes = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        return not self.instants.isdisjoint((*passes, instant(wall, zone)))

    @cached_property
    def _near(self) -> frozenset[date]:
        return frozenset(moved(one, days * DAY).date() for one in self.instants for days in (-1, 0, 1))

    def each(self) -> Iterator[tuple[datetime, Exceptions]]:
        """Each alone, with its time."""
        yield from ((one, Exceptions(walls=frozenset((one,)))) for one in sorted(self.walls))
        yield from ((one, Exceptions(instants=frozenset((one,)))) for one in sorted(self.instants))
        for one in sorted(self.days):
            yield datetime.combine(one, datetime.min.time()), Exceptions(days=frozenset((one,)))


@dataclass(frozen=True)
class Recurrence:
    rules: tuple[Rule, ...]
    dates: tuple[datetime, ...] = ()  # naive or UTC
    except_rules: tuple[Rule, ...] = ()
    exceptions: Exceptions = Exceptions()
    shift: timedelta = timedelta(0)

    def walls(self, first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
        first, last = first - self.shift, last - self.shift
        gone = {wall for rule in self.except_rules for wall in rule.walls(first, last, zone)}
        dates = sorted(wall for wall in (_wall(one, zone) for one in self.dates) if first <= wall <= last)
        for wall, _same in groupby(merge(dates, *(rule.walls(first, last, zone) for rule in self.rules))):
            if wall not in gone and not self.exceptions.cover(wall, zone):
                yield wall + self.shift

    def idle_exceptions(self, since: datetime, zone: tzinfo) -> list[datetime]:
        """The times of exceptions from C(since), an instant, on that take nothing out."""
        everything = replace(self, exceptions=Exceptions(), shift=timedelta(0))
        return [
            time
            for time, alone in self.exceptions.each()
            if since.replace(tzinfo=None) - DAY < time.replace(tzinfo=None) < datetime(9000, 1, 1)  # noqa: DTZ001
            and not any(
                alone.cover(wall, zone)
                for wall in everything.walls(
                    time.replace(tzinfo=None) - 2 * DAY, time.replace(tzinfo=None) + 2 * DAY, zone
                )
            )
        ]


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    return local(moment, zone) if moment.tzinfo else moment
