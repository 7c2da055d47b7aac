# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Is it time? What holds at an instant, which is an argument: no I/O, no clock.

Calendar is the windows and blackouts of a task together; a file in iCalendar's format is read by ics_file.py. Windows
become openings [opens, closes) in UTC, which openings.py finds; docs/windows.md has the rule about clock changes.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from itertools import chain

from .._errors import InvalidInput
from .._reading.durations import in_words
from .answer import Status, clock_notes
from .intervals import Interval, subtract, unite
from .openings import Found, Openings, in_force, pieces
from .override import Override
from .read import Load, Window, read_file, read_list
from .zones import DAY, NOTHING, UTC, YEAR, iso, zone_name


def read_windows(windows: t.Any, blackouts: t.Any = (), *, load: Load = read_file) -> Calendar:
    """Raises InvalidInput."""
    found = read_list(windows, "windows", load)
    if not found:
        raise InvalidInput("windows is empty: give at least one. Without a window nothing is ever open.")
    return Calendar(found, read_list(blackouts, "blackouts", load))


class Calendar(Openings):
    """Windows and blackouts, and the questions that can be asked of them."""

    @property
    def sources(self) -> list[tuple[str, str]]:
        """The calendar files that it was read from, as (path, SHA-256 of the text), in order: what decides beside the
        options.
        """
        return sorted({window.file for window in (*self.windows, *self.blackouts) if window.file})

    def intervals(self, start: datetime, end: datetime, zone: str | None = None) -> list[Interval]:
        """Openings that intersect [start, end), in order. Edges more than a week outside may lie further away."""
        found, _effort = self.within(start - 8 * DAY, end + 8 * DAY, self.device_zone(zone))
        return [each for each in found if each.closes > start and each.opens < end]

    def status(
        self,
        at: datetime,
        *,
        min_remaining: timedelta = NOTHING,
        override: Override | None = None,
        zone: str | None = None,
    ) -> Status:
        """Open means: within an opening, and at least C(min_remaining) of it left. Raises InvalidInput."""
        if override and override.until - at > YEAR:
            raise InvalidInput(
                "override.until is %s, more than %d days after %s: an override is for an emergency. Give an earlier "
                "until, or add a window." % (iso(override.until), YEAR.days, iso(at))
            )
        asked = _Question(at.astimezone(UTC).replace(microsecond=0), min_remaining, override, self.device_zone(zone))
        return _answer(self, asked)


@dataclass(frozen=True)
class _Question:
    at: datetime
    min_remaining: timedelta
    override: Override | None
    device: tzinfo | None

    def enough(self, found: Found) -> bool:
        """One that begins at the end of what was searched is not known to be long."""
        left = found.opening.closes - max(self.at, found.opening.opens)
        return left >= self.min_remaining or not (found.ends or self.later(found))

    def later(self, found: Found) -> bool:
        return found.opening.opens > self.at


@dataclass(frozen=True)
class _Verdict:
    reason: str
    natural: Found | None  # the opening of windows around the instant
    current: Found | None  # the same united with the override, also when too little of it is left
    coming: Found | None
    blackouts: tuple[Window, ...]
    looked_until: datetime


def _answer(calendar: Openings, asked: _Question) -> Status:
    inside = in_force(calendar.windows, asked.at, asked.device)
    verdict = _judged(calendar, asked, bool(inside))
    current, coming = verdict.current, verdict.coming
    running = calendar.running(asked.at, asked.device) if verdict.natural else None
    about = _about(calendar, verdict, inside, asked)
    zone = about.shown_in(asked.device)
    return Status(
        at=asked.at,
        open=verdict.reason in ("open", "override"),
        reason=verdict.reason,
        window=about.name if current else None,
        zone=zone,
        opened_at=running.opens if running else None,
        closes_at=current.opening.closes if current and current.ends else None,
        next_opening=coming.opening.opens if coming else None,
        next_close=coming.opening.closes if coming and coming.ends else None,
        blackout=verdict.blackouts[0].name if verdict.blackouts else None,
        override=asked.override,
        notes=tuple(_notes(calendar, asked, verdict, zone)),
    )


def _judged(calendar: Openings, asked: _Question, inside: bool) -> _Verdict:
    search = calendar.search(asked.at, asked.device)
    found = iter(search)
    first = next(found, None)
    natural = first if first and not asked.later(first) else None
    forced = _forced(calendar, asked)
    openings = _united(calendar, asked, natural, forced) if forced else chain([first] if first else [], found)
    now, coming = _now_and_next(openings, asked)
    if now is None:
        reason = "blackout" if inside else "outside"
    elif not asked.enough(now):
        reason = "too_little_left"
    else:
        reason = "open" if natural else "override"
    shut = tuple(in_force(calendar.blackouts, asked.at, asked.device))
    return _Verdict(reason, natural, now, coming, shut, search.until)


def _now_and_next(openings: Iterator[Found], asked: _Question) -> tuple[Found | None, Found | None]:
    """The opening around the instant, and the next one that is long enough."""
    now = None
    for found in openings:
        if not asked.later(found):
            now = found
        elif asked.enough(found):
            return now, found
    return now, None


def _forced(calendar: Openings, asked: _Question) -> list[Interval]:
    """When the override opens. Hard blackouts stay closed."""
    if asked.override is None or asked.override.until <= asked.at:
        return []
    hard = [window for window in calendar.blackouts if window.hard]
    whole = Interval(asked.at, asked.override.until)
    return list(subtract([whole], unite(pieces(hard, whole.opens, whole.closes, asked.device))))


def _united(calendar: Openings, asked: _Question, natural: Found | None, forced: list[Interval]) -> Iterator[Found]:
    """While the override holds, only a hard blackout closes: so windows matter before it and after it."""
    until = t.cast(Override, asked.override).until
    before = [Interval(natural.opening.opens, asked.at, natural.opening.names)] if natural else []
    later = iter(calendar.search(until, asked.device))
    first = next(later, None)
    # Blackouts before C(until) are not subtracted from what was searched from there on.
    after = [replace(first.opening, opens=max(first.opening.opens, until))] if first else []
    united = unite([*before, *forced, *after])
    for each in united:
        yield Found(each, each is not united[-1] or first is None or first.ends)
    yield from later


def _about(calendar: Openings, verdict: _Verdict, inside: list[Window], asked: _Question) -> Window:
    """The window whose zone and name the answer has."""
    if verdict.natural:
        return inside[0]
    if not verdict.current:
        return calendar.named(verdict.coming.opening.names if verdict.coming else ())
    if asked.override and asked.override.window:
        return calendar.named((asked.override.window,))
    return inside[0] if inside else calendar.named(verdict.current.opening.names)


def _notes(calendar: Openings, asked: _Question, verdict: _Verdict, zone: tzinfo) -> Iterator[str]:
    yield from _override_notes(asked, verdict)
    for blackout in verdict.blackouts:
        yield "Blackout %s is in force." % blackout.name
    current, coming = verdict.current, verdict.coming
    if verdict.reason == "too_little_left" and current:
        left = in_words(current.opening.closes - asked.at)
        yield "Only %s are left, and min_remaining is %s." % (left, in_words(asked.min_remaining))
    if current and not current.ends:
        yield "It does not close before %s; nothing later was searched." % iso(current.opening.closes)
    if coming is None and (current is None or current.ends):
        yield "No further opening was found up to %s; at most ten years are searched." % iso(verdict.looked_until)
    for found, what in ((current, "this opening"), (coming, "the next opening")):
        if found and found.ends:
            yield from clock_notes(zone, found.opening, what)
    until = min(asked.at + YEAR, coming.opening.opens + DAY if coming else asked.at + YEAR)
    for skipped in calendar.skipped(asked.at, until, asked.device):
        yield "%s is skipped at %s: the clock of %s jumps over it." % (
            skipped.name,
            iso(skipped.at),
            zone_name(skipped.zone),
        )
    yield from calendar.reading_notes()


def _override_notes(asked: _Question, verdict: _Verdict) -> Iterator[str]:
    override = asked.override
    if override is None:
        return
    who = "Override by %s (%s)" % (override.by, override.reason)
    hard = [window.name for window in verdict.blackouts if window.hard]
    natural, current = verdict.natural, verdict.current
    if override.until <= asked.at:
        yield "%s expired at %s and is ignored." % (who, iso(override.until))
    elif hard:
        yield "%s does not open: blackout %s is hard." % (who, hard[0])
    elif natural is None:
        yield "%s is in force until %s." % (who, iso(override.until))
    elif natural.ends and current and natural.opening.closes < current.opening.closes:
        yield "%s is in force until %s: without it, this opening closes at %s." % (
            who,
            iso(override.until),
            iso(natural.opening.closes),
        )
    else:
        yield "%s makes no difference now; it holds until %s." % (who, iso(override.until))
