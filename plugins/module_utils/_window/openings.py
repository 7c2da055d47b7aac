# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Finding openings: windows unite, blackouts are subtracted and always win.

Lazy: a search looks at some hours first, then at four times as much, and ends after ten years or a great number of
occurrences, so that neither a dense rule nor one that never matches stalls it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from .._errors import InvalidInput
from .intervals import Interval, subtract, unite
from .read import Window
from .zones import DAY, NOTHING, SECOND, changes, read_zone

STEPS = (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653)  # days
NOTES = 3  # for each window
MANY = 15_000  # occurrences in one step: the next one would take too long


@dataclass(frozen=True)
class Found:
    """An opening; one that does not end goes on for as far as was searched."""

    opening: Interval
    ends: bool


@dataclass(frozen=True)
class Skipped:
    """An occurrence without a length, because the clock jumps over both of its edges."""

    at: datetime
    name: str
    zone: tzinfo


@dataclass(frozen=True)
class Openings:
    windows: tuple[Window, ...]
    blackouts: tuple[Window, ...] = ()

    def of_devices(self) -> Window | None:
        """A window or blackout that takes the zone of a device."""
        every = (*self.windows, *self.blackouts)
        return next((one for one in every if any(source.zone is None for source in one.sources)), None)

    def reading_notes(self) -> list[str]:
        """What was decided or left out when they were read, a few for each window."""
        notes: list[str] = []
        for window in (*self.windows, *self.blackouts):
            notes += window.notes[:NOTES]
            if len(window.notes) > NOTES:
                notes.append("%s has %d more notes of this kind." % (window.name, len(window.notes) - NOTES))
        return notes

    def named(self, names: Sequence[str]) -> Window:
        """The first of them, or the first of all."""
        return next((window for window in self.windows if window.name in names), self.windows[0])

    def device_zone(self, name: str | None) -> tzinfo | None:
        """Raises InvalidInput when a window needs the zone of a device and there is none."""
        if name:
            return read_zone(name, "timezone")
        window = self.of_devices()
        if window is not None:
            raise InvalidInput(
                "%s takes the timezone of a device, and none is given: list the devices with a timezone each, or name "
                "the window's own." % window.name
            )
        return None

    def within(self, low: datetime, high: datetime, device: tzinfo | None) -> tuple[list[Interval], int]:
        """Openings that intersect [low, high), and how many occurrences that took. Only edges within are certain."""
        closed = pieces(self.blackouts, low, high, device)
        shut = unite(closed)
        free = list(subtract([Interval(low, high)], shut))
        if not free:
            return [], len(closed)
        found = pieces(self.windows, free[0].opens, free[-1].closes, device)
        openings = unite(subtract(found, shut))
        return [each for each in openings if each.closes > low and each.opens < high], len(closed) + len(found)

    def search(self, at: datetime, device: tzinfo | None) -> Search:
        return Search(self, at, device)

    def running(self, at: datetime, device: tzinfo | None) -> Interval | None:
        """The opening around C(at) from its beginning on; None when that is longer ago than is of interest."""
        for days in STEPS[:-2]:
            low = at - days * DAY
            openings, effort = self.within(low, at + SECOND, device)
            if openings[-1].opens > low:
                return openings[-1]
            if effort > MANY:
                break
        return None

    def skipped(self, start: datetime, end: datetime, device: tzinfo | None) -> list[Skipped]:
        """Occurrences within [start, end) that the clock jumps over."""
        found = {
            Skipped(opens, window.name, zone)
            for window in (*self.windows, *self.blackouts)
            for source in window.sources
            if source.nominal and not source.exact
            for zone in (t.cast(tzinfo, source.zone or device),)
            for change in changes(zone, start - SECOND, end)
            if change.by > NOTHING
            for opens, closes in source.spans(change.at - SECOND, change.at + SECOND, device)
            if closes <= opens == change.at
        }
        return sorted(found, key=lambda each: (each.at, each.name))


class Search:
    """Openings that end after C(at), in order, each as soon as its end is certain."""

    def __init__(self, openings: Openings, at: datetime, device: tzinfo | None) -> None:
        self._openings = openings
        self._at = at
        self._device = device
        self.until = at  # how far has been looked

    def __iter__(self) -> Iterator[Found]:
        at = known = self._at
        limit = at + STEPS[-1] * DAY
        start = self._free_from()
        if start is None:
            return
        openings: list[Interval] = []
        for days in STEPS:
            self.until = high = min(start + days * DAY, limit)
            openings, effort = self._openings.within(at, high, self._device)
            for each in openings:
                if known < each.closes < high:
                    known = each.closes
                    yield Found(each, True)
            if effort > MANY or high == limit:
                break
        if openings and openings[-1].closes > known:
            yield Found(openings[-1], False)

    def _free_from(self) -> datetime | None:
        """The first instant without a blackout; None when there is none as far as is searched."""
        for days in STEPS:
            self.until = self._at + days * DAY
            whole = Interval(self._at, self.until)
            closed = pieces(self._openings.blackouts, whole.opens, whole.closes, self._device)
            for free in subtract([whole], unite(closed)):
                return free.opens
            if len(closed) > MANY:
                break
        return None


def pieces(windows: Sequence[Window], low: datetime, high: datetime, device: tzinfo | None) -> list[Interval]:
    """The occurrences of all windows that intersect [low, high), whole."""
    return [
        Interval(opens, closes, (window.name,))
        for window in windows
        for source in window.sources
        for opens, closes in source.spans(low, high, device)
        if low < closes and opens < high and opens < closes
    ]


def in_force(windows: Sequence[Window], at: datetime, device: tzinfo | None) -> list[Window]:
    """Those that have an occurrence at this instant."""
    return [window for window in windows if pieces([window], at, at + SECOND, device)]
