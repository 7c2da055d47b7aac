# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Warnings about windows that can be read and will not do, for the year to come."""

from __future__ import annotations

import typing as t
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

from ...module_utils._reading.durations import in_words
from ...module_utils._window.calendar import Calendar
from ...module_utils._window.cron import CronDays
from ...module_utils._window.intervals import Interval, subtract, unite
from ...module_utils._window.openings import Openings, pieces
from ...module_utils._window.read import Window
from ...module_utils._window.recurrence import Recurrence
from ...module_utils._window.source import Once, Source, Starts
from ...module_utils._window.zones import (
    DAY,
    HOUR,
    NOTHING,
    UTC,
    WEEKDAYS,
    YEAR,
    changes,
    iso,
    local,
    moved,
    zone_name,
)

STEPS = (0.25, 2, 8, 32, 128, 366)  # days
MANY = 60_000  # occurrences that are looked at, or the answer would take too long
DATES = 5  # named in one warning
BRIDGE = HOUR  # of overlap, with which one start goes on from the other although the clock is set back
PAIRS = 20  # of windows that overlap
Found = t.TypeVar("Found")


def lint(calendar: Calendar, at: datetime, min_remaining: timedelta, most_days: int, zone: str | None) -> list[str]:
    """C(zone) is that of the device."""
    return list(_Linter(calendar, at, calendar.device_zone(zone)).warnings(min_remaining, most_days))


class _Linter:
    def __init__(self, calendar: Calendar, at: datetime, device: tzinfo | None) -> None:
        self._calendar = calendar
        self._at = at
        self._device = device
        for days, following in zip(STEPS, (*STEPS[1:], 0), strict=True):
            self._end = at + days * DAY
            self._own = self._pieces(calendar.windows)
            self._shut = self._pieces(calendar.blackouts)
            if sum(len(own) for _window, own in (*self._own, *self._shut)) * following / days > MANY:
                break
        self._closed = unite(each for _window, own in self._shut for each in own)
        self._openings = unite(subtract((each for _window, own in self._own for each in own), self._closed))

    def _pieces(self, windows: Sequence[Window]) -> list[tuple[Window, list[Interval]]]:
        return [(window, pieces([window], self._at, self._end, self._device)) for window in windows]

    def warnings(self, min_remaining: timedelta, most_days: int) -> Iterator[str]:
        if self._end < self._at + YEAR:
            yield "Only the days up to %s were checked: there are too many occurrences to look a year ahead." % iso(
                self._end
            )
        for window in (*self._calendar.windows, *self._calendar.blackouts):
            yield from window.hints
        yield from self._calendar.reading_notes()
        yield from self._idle()
        yield from self._holes()
        yield from self._never()
        yield from self._short(min_remaining)
        yield from self._overlaps()
        yield from self._gaps(min_remaining, most_days)
        yield from self._skipped()

    def _never(self) -> Iterator[str]:
        for window, own in self._own:
            if not own:
                first = next(iter(Openings((window,)).search(self._at, self._device)), None)
                if first is None:
                    yield "%s never opens: it has no occurrence in the ten years from %s on." % (
                        window.name,
                        iso(self._at),
                    )
                else:
                    yield "%s does not open for more than a year: first on %s." % (
                        window.name,
                        self._day(first.opening),
                    )
            elif not any(subtract(own, self._closed)):
                yield "%s is always blacked out in the year from %s on, by %s: %s." % (
                    window.name,
                    iso(self._at),
                    " and ".join(dict.fromkeys(name for each in self._closed for name in each.names)),
                    _first(own, self._day),
                )

    def _idle(self) -> Iterator[str]:
        """Blackouts and exceptions without effect: what was to be closed may be open."""
        for window, own in self._shut:
            if not own:
                yield "Blackout %s has no occurrence from %s to %s." % (window.name, iso(self._at), iso(self._end))
        for window in (*self._calendar.windows, *self._calendar.blackouts):
            idle: list[datetime] = []
            for source in window.sources:
                if isinstance(source.starts, Recurrence):
                    idle += source.starts.idle_exceptions(self._at, self._zone(source))
            if idle:
                yield "%s has %d exception%s that no occurrence matches: %s." % (
                    window.name,
                    len(idle),
                    "" if len(idle) == 1 else "s",
                    _first(sorted(idle, key=datetime.isoformat), lambda time: time.isoformat().replace("+00:00", "Z")),
                )

    def _holes(self) -> Iterator[str]:
        """Short times between blackouts that follow one another as if there were none."""
        found: dict[tuple[str, ...], list[Interval]] = defaultdict(list)
        ordered = sorted(
            (each for _window, own in self._shut for each in own), key=lambda each: (each.opens, each.closes)
        )
        last: Interval | None = None  # that closes latest
        since = self._at  # when the closed time before a hole began
        for each in ordered:
            if last and last.closes < each.opens:
                hole = Interval(last.closes, each.opens, tuple(dict.fromkeys(last.names + each.names)))
                if hole.length <= HOUR and (self._set_back(last, each) or self._looks_gapless(since, hole)):
                    found[hole.names].append(hole)
                since = each.opens
            since = each.opens if last is None else since
            last = each if last is None or each.closes > last.closes else last
        for names, holes in found.items():
            yield "Blackout %s leaves holes of an hour or less: %s." % (
                " and ".join(names),
                _first(holes, lambda hole: "%s to %s" % (iso(hole.opens), iso(hole.closes))),
            )

    def _set_back(self, before: Interval, after: Interval) -> bool:
        """Whether there is a hole only because the clock was set back."""
        zone = next(window for window in self._calendar.blackouts if window.name in before.names).shown_in(self._device)
        back = sum((-one.by for one in changes(zone, before.opens, after.opens) if one.by < NOTHING), NOTHING)
        return after.opens - before.closes <= back

    def _looks_gapless(self, since: datetime, hole: Interval) -> bool:
        """Whether much more is closed on both of its sides: a night that ends at 23:59."""
        after = next((each for each in self._closed if each.opens == hole.closes), hole)
        return min(hole.opens - since, after.length) >= 10 * hole.length

    def _zone(self, source: Source) -> tzinfo:
        return source.zone or self._device or UTC

    def _short(self, min_remaining: timedelta) -> Iterator[str]:
        short: dict[tuple[str, ...], list[Interval]] = defaultdict(list)
        for opening in self._openings:
            if opening.length < min_remaining:
                short[opening.names].append(opening)
        for names, openings in short.items():
            yield "The opening of %s is shorter than min_remaining (%s) on: %s." % (
                " and ".join(names),
                in_words(min_remaining),
                _first(openings, lambda each: "%s (%s)" % (self._day(each), in_words(each.length))),
            )

    def _overlaps(self) -> Iterator[str]:
        found: dict[tuple[str, str], list[Interval]] = defaultdict(list)
        running: list[Interval] = []
        for each in sorted((each for _window, own in self._own for each in own), key=lambda each: each.opens):
            running = [one for one in running if one.closes > each.opens]
            for one in running[-PAIRS:] if len(found) <= PAIRS else ():
                if one.names != each.names:
                    found[min(one.names, each.names) + max(one.names, each.names)].append(each)  # type: ignore[index]
            running.append(each)
        for (one_name, other_name), overlaps in sorted(found.items())[:PAIRS]:
            yield "%s and %s overlap on: %s." % (one_name, other_name, _first(overlaps, self._day))
        if len(found) > PAIRS:
            yield "More than %d pairs of windows overlap." % PAIRS
        for window in self._calendar.windows:
            itself = [wall for source in window.sources for wall in self._overlaps_itself(source)]
            if itself:
                yield "%s overlaps itself: it starts again before it ends on: %s." % (
                    window.name,
                    _first(itself, _date),
                )

    def _overlaps_itself(self, source: Source) -> Iterator[datetime]:
        """Starts within the occurrence before; on the wall clock, so that a change of the clock makes no difference."""
        if isinstance(source.starts, CronDays):
            return  # many starts that go on from each other are what cron is for
        zone, before = self._zone(source), None
        for wall in source.starts.walls(local(self._at, zone), local(self._end, zone), zone):
            if before and moved(before, source.nominal + source.exact) > wall + BRIDGE:
                yield wall
            before = wall

    def _gaps(self, min_remaining: timedelta, most_days: int) -> Iterator[str]:
        closed_since = self._at
        for opening in self._openings:
            if opening.length < min_remaining:
                continue
            yield from self._gap(closed_since, opening.opens, min_remaining, most_days)
            closed_since = opening.closes
        if (
            closed_since == self._at or self._recurs
        ):  # that a window which opens once does not open again is no surprise
            yield from self._gap(closed_since, self._end, min_remaining, most_days)

    @property
    def _recurs(self) -> bool:
        return any(not _ends_by_itself(source.starts) for each in self._calendar.windows for source in each.sources)

    def _gap(self, start: datetime, end: datetime, min_remaining: timedelta, most_days: int) -> Iterator[str]:
        if end - start > most_days * DAY:
            until = "%s at least" % iso(end) if end == self._end else iso(end)
            short = any(each.closes > start and each.opens < end for each in self._openings)
            which = "opening of %s" % in_words(min_remaining) if short else "opening"
            yield "There is no %s for %d days, from %s to %s." % (which, (end - start).days, iso(start), until)

    def _skipped(self) -> Iterator[str]:
        for skipped in self._calendar.skipped(self._at, self._end, self._device):
            yield "%s is skipped at %s, where the clock of %s jumps over it." % (
                skipped.name,
                iso(skipped.at),
                zone_name(skipped.zone),
            )

    def _day(self, opening: Interval) -> str:
        return _date(local(opening.opens, self._calendar.named(opening.names).shown_in(self._device)))


def _date(wall: datetime) -> str:
    return "%s %s" % (WEEKDAYS[wall.weekday()], wall.date().isoformat())


def _first(found: Sequence[Found], say: Callable[[Found], str]) -> str:
    """The first few in words, and how many more there are."""
    more = len(found) - DATES
    return ", ".join(map(say, found[:DATES])) + (", and %d more" % more if more > 0 else "")


def _ends_by_itself(starts: Starts) -> bool:
    """A list of dates, as opposed to a rule."""
    return isinstance(starts, Once) or (isinstance(starts, Recurrence) and not starts.rules)
