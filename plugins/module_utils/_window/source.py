# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""One series of occurrences: wall-clock times at which something starts, and how long it then lasts.

Starts are naive wall-clock times (weekly.py, cron.py, rrule.py and recurrence.py find them) until Source maps them to
instants, by the published rule: a time that occurs twice means its first occurrence, a time that does not occur means
the instant of the change.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from .._errors import InvalidInput
from .zones import NOTHING, instant, latest_wall, local, moved


def missing(library: str, where: str, what: str) -> InvalidInput:
    """The refusal of a form whose Python library is not installed."""
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
class Source:
    """One series of occurrences. Each lasts C(nominal) on the wall clock, and then C(exact) of elapsed time."""

    starts: Starts
    zone: tzinfo | None  # None: that of each device
    nominal: timedelta = NOTHING
    exact: timedelta = NOTHING
    # Several starts for each wall-clock time: those of a group each begin before the one before has ended.
    groups: tuple[tuple[timedelta, ...], ...] = ((NOTHING,),)
    shown: tzinfo | None = None  # in answers, when it is not the zone
    _once: dict[tzinfo, list[tuple[datetime, datetime]]] = field(default_factory=dict, compare=False, repr=False)

    def shown_in(self, zone: tzinfo | None) -> tzinfo | None:
        return self.shown or self.zone or zone

    def spans(self, low: datetime, high: datetime, zone: tzinfo | None) -> t.Iterable[tuple[datetime, datetime]]:
        """Instants (opens, closes) of all occurrences that intersect [low, high), and maybe of others.

        An occurrence with both edges in a skipped hour closes when it opens.
        """
        own = t.cast(tzinfo, self.zone or zone)  # without a zone of a device, such windows are refused before
        if not isinstance(self.starts, Once):
            return self._found(low, high, own)
        if own not in self._once:  # there may be thousands, and each is asked about many times
            self._once[own] = list(self._found(low, high, own))
        return self._once[own]

    def _found(self, low: datetime, high: datetime, own: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        first = moved(local(moved(low, -self.exact), own), -self.nominal)
        last = latest_wall(high, own)
        for wall in self.starts.walls(moved(first, -self.groups[-1][-1]), last, own):
            for group in self.groups:
                if len(self.groups) == 1 or (wall + group[0] <= last and wall + group[-1] >= first):
                    yield from self._group(wall, group, own)

    def _group(self, wall: datetime, group: tuple[timedelta, ...], own: tzinfo) -> Iterator[tuple[datetime, datetime]]:
        opens, closes = self._span(moved(wall, group[0]), own)
        if len(group) == 1:
            yield opens, closes
            return
        last, closes = self._span(moved(wall, group[-1]), own)
        if last - opens == group[-1] - group[0]:
            yield opens, closes
            return
        for each in group:  # the clock changes on the way
            yield self._span(moved(wall, each), own)

    def _span(self, wall: datetime, own: tzinfo) -> tuple[datetime, datetime]:
        opens = instant(wall, own)
        return opens, moved(instant(moved(wall, self.nominal), own) if self.nominal else opens, self.exact)
