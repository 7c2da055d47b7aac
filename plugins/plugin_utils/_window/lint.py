# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""Warnings about windows that can be read and will not do, for the year to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

from ...module_utils._reading.durations import in_words
from ...module_utils._window.calendar import Calendar
from ...module_utils._window.intervals import Interval, subtract, unite
from ...module_utils._window.openings import Openings, pieces
from ...module_utils._window.rrule import Recurrence
from ...module_utils._window.starts import Once, Starts
from ...module_utils._window.zones import DAY, WEEKDAYS, iso, local, zone_name

YEAR = 366 * DAY
DATES = 5  # named in one warning


def lint(calendar: Calendar, at: datetime, min_remaining: timedelta, most_days: int, zone: str | None) -> list[str]:
    """C(zone) is that of the device."""
    return list(_Linter(calendar, at, calendar.device_zone(zone)).warnings(min_remaining, most_days))


class _Linter:
    def __init__(self, calendar: Calendar, at: datetime, device: tzinfo | None) -> None:
        self._calendar = calendar
        self._at = at
        self._end = at + YEAR
        self._device = device
        self._closed = unite(pieces(calendar.blackouts, at, self._end, device))
        self._own = [(window, pieces([window], at, self._end, device)) for window in calendar.windows]
        self._openings, _effort = calendar.within(at, self._end, device)

    def warnings(self, min_remaining: timedelta, most_days: int) -> Iterator[str]:
        yield from self._never()
        yield from self._short(min_remaining)
        yield from self._overlaps()
        yield from self._gaps(min_remaining, most_days)
        yield from self._skipped()

    def _never(self) -> Iterator[str]:
        for window, own in self._own:
            if not own:
                first = next(Openings((window,)).search(self._at, self._device), None)
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
                    self._dates(own),
                )

    def _short(self, min_remaining: timedelta) -> Iterator[str]:
        short: dict[tuple[str, ...], list[Interval]] = defaultdict(list)
        for opening in self._openings:
            if opening.length < min_remaining:
                short[opening.names].append(opening)
        for names, openings in short.items():
            yield "The opening of %s is shorter than min_remaining (%s) on: %s." % (
                " and ".join(names),
                in_words(min_remaining),
                self._dates(openings, lengths=True),
            )

    def _overlaps(self) -> Iterator[str]:
        found: dict[tuple[str, str], list[Interval]] = defaultdict(list)
        running: list[Interval] = []
        for each in sorted((each for _window, own in self._own for each in own), key=lambda each: each.opens):
            running = [one for one in running if one.closes > each.opens]
            for one in running:
                if one.names != each.names:
                    found[min(one.names, each.names) + max(one.names, each.names)].append(each)  # type: ignore[index]
            running.append(each)
        for (one_name, other_name), overlaps in sorted(found.items()):
            yield "%s and %s overlap on: %s." % (one_name, other_name, self._dates(overlaps))

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

    def _dates(self, openings: Sequence[Interval], *, lengths: bool = False) -> str:
        said = [self._day(each) + (" (%s)" % in_words(each.length) if lengths else "") for each in openings[:DATES]]
        more = len(openings) - DATES
        return ", ".join(said) + (", and %d more" % more if more > 0 else "")

    def _day(self, opening: Interval) -> str:
        wall = local(opening.opens, self._calendar.named(opening.names).shown_in(self._device))
        return "%s %s" % (WEEKDAYS[wall.weekday()], wall.date().isoformat())


def _ends_by_itself(starts: Starts) -> bool:
    """A list of dates, as opposed to a rule."""
    return isinstance(starts, Once) or (isinstance(starts, Recurrence) and not starts.rules)
