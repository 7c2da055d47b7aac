# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: E501

"""Mutants of the window engine that make no difference which anybody could see, as tests.mutations.engine names them.

By the reason. One that a test notices after all is reported there.
"""

from __future__ import annotations

_REASONS: dict[str, tuple[str, ...]] = {
    "Both are None, or none is: one is worked out from the other.": (
        "answer.py Status.sentence: self.remaining is None or self.closes_at is None -> self.remaining is None and self.closes_at is None",
        "answer.py Status.sentence: self.wait is None or self.next_opening is None -> self.wait is None and self.next_opening is None",
    ),
    "A change is never by nothing.": (
        "answer.py clock_notes: change.by > timedelta(0) -> change.by >= timedelta(0)",
        "openings.py Openings.skipped: change.by > NOTHING -> change.by >= NOTHING",
    ),
    "How far around the question is searched: a week is promised.": (
        "calendar.py Calendar.intervals: 8 * DAY -> 9 * DAY",
        "calendar.py Calendar.intervals: 8 * DAY -> 7 * DAY",
        "calendar.py Calendar.intervals: 8 * DAY -> 9 * DAY #2",
        "calendar.py Calendar.intervals: 8 * DAY -> 7 * DAY #2",
    ),
    "An override without a length opens nothing, as does none.": (
        "calendar.py _forced: asked.override.until <= asked.at -> asked.override.until < asked.at",
        "calendar.py _forced: return [] -> return None",
    ),
    "Where a message cuts a long line.": (
        "content.py Property.refused: :100 -> :101",
        "content.py Property.refused: :100 -> :99",
    ),
    "There is one.": ("content.py read_moment: found[0] -> found[-1]",),
    "Whoever gets None looks at nothing else.": (
        "content.py parse_moment: (None, False, False) -> (None, True, False)",
        "content.py parse_moment: (None, False, False) -> (None, False, True)",
    ),
    "A negative length is refused whatever it is, and any day shows which lengths leave the calendar.": (
        "content.py read_length: -1 -> -2",
        "content.py read_length: datetime(1970, 1, 1) -> datetime(1971, 1, 1)",
        "content.py read_length: datetime(1970, 1, 1) -> datetime(1969, 1, 1)",
        "content.py read_length: datetime(1970, 1, 1) -> datetime(1970, 2, 1)",
        "content.py read_length: datetime(1970, 1, 1) -> datetime(1970, 1, 2)",
    ),
    "What starts at the end of the question is not asked about.": (
        "cron.py CronDays.walls: day <= last -> day < last",
    ),
    "Any day will do.": (
        "cron.py cron_source: datetime(2000, 1, 1) -> datetime(2001, 1, 1)",
        "cron.py cron_source: datetime(2000, 1, 1) -> datetime(1999, 1, 1)",
        "cron.py cron_source: datetime(2000, 1, 1) -> datetime(2000, 2, 1)",
        "cron.py cron_source: datetime(2000, 1, 1) -> datetime(2000, 1, 2)",
        "rrule.py read_rule: datetime(2000, 1, 1) -> datetime(2000, 1, 2)",
    ),
    "How many starts are taken together: the openings unite anyway.": (
        "cron.py cron_source: 1: -> 0:",
        "cron.py cron_source: one - groups[-1][-1] -> one + groups[-1][-1]",
        "cron.py cron_source: -1 -> -0",
        "cron.py cron_source: -1 -> -0 #2",
        "cron.py cron_source: one - groups[-1][-1] <= length -> one - groups[-1][-1] < length",
    ),
    "Neither is a value of any field.": ("cron.py _unwrapped: -1 -> -2",),
    "As a condition, any number that is not 0.": ("cron.py _unwrapped: found.group(3) or 1 -> found.group(3) or 2",),
    "The whole name was looked up just before.": (
        "ics_zone.py _after_prefix: range(1, len(parts)) -> range(0, len(parts))",
    ),
    "How often is looked between two changes.": ("ics_zone.py _agrees: 28 * DAY -> 27 * DAY",),
    "They are of one length.": ("ics_zone.py _agrees: True -> False",),
    "What begins where a piece ends takes nothing of it.": (
        "intervals.py subtract: each.opens >= piece.closes -> each.opens > piece.closes",
    ),
    "Nothing is added where it leads beyond the edge of time.": ("zones.py moved: by > NOTHING -> by >= NOTHING",),
    "Sizes of the steps of a search.": (
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 3, 8, 32, 128, 512, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 2, 8, 32, 127, 512, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 2, 8, 32, 128, 512, 2047, 3653)",
    ),
    "After how much work a search ends.": (
        "openings.py Openings.running: effort > MANY -> effort >= MANY",
        "openings.py Search._free_from: len(closed) > MANY -> len(closed) >= MANY",
    ),
    "Any name of the list is in the list.": ("override.py read_override: names[0] -> names[-1]",),
    "Any hour that no day has.": (
        "read.py _Reader._time: (99, 0, 0) -> (100, 0, 0)",
        "read.py _Reader._time: (99, 0, 0) -> (98, 0, 0)",
        "read.py _Reader._time: (99, 0, 0) -> (99, 1, 0)",
        "read.py _Reader._time: (99, 0, 0) -> (99, 0, 1)",
    ),
    "Far enough in the future.": (
        "recurrence.py Recurrence.idle_exceptions: datetime(9000, 1, 1) -> datetime(9000, 1, 2)",
    ),
    "A margin of which no clock is away.": (
        "rrule.py Rule._is_over: away > 2 * DAY -> away >= 2 * DAY",
        "rrule.py Rule._is_over: -2 -> -3",
        "rrule.py Rule._is_over: -2 -> -1",
        "recurrence.py Recurrence.idle_exceptions: 2 * DAY -> 3 * DAY",
    ),
    "So many days after the first one of a year, the next year has begun.": (
        "rrule.py _periods: 366 if yearly else 31 -> 367 if yearly else 31",
    ),
    "A position is never 0.": ("rrule.py Rule._within: one > 0 -> one >= 0",),
    "Digits have no sign.": ("rrule.py _times: 0 -> -1",),
    "No month has such a day.": ("rrule.py _choose_days: range(1, 32) -> range(0, 32)",),
}

EQUIVALENT: dict[str, str] = {name: reason for reason, names in _REASONS.items() for name in names}
