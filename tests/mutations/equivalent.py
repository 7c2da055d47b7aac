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
        "ics_file.py title_of: :60 -> :61",
        "ics_file.py title_of: :60 -> :59",
        "read.py _Reader._unknown: :40 -> :41",
        "read.py _Reader._unknown: :40 -> :39",
    ),
    "There is one.": (
        "content.py read_moment: found[0] -> found[-1]",
        "read.py _Reader._form: heads[0] -> heads[-1]",
        "read.py _Reader._form: heads[0] -> heads[-1] #2",
        "read.py _Reader._unknown: heads[0] -> heads[-1]",
        "read.py _Reader._unknown: near[0] -> near[-1]",
        "zones.py read_zone: near[0] -> near[-1]",
        "read.py _Reader._unknown: difflib.get_close_matches(key, accepted, 1) -> difflib.get_close_matches(key, accepted, 2)",
        "zones.py read_zone: difflib.get_close_matches(key.lower(), sorted(places), 1, 0.75) -> "
        "difflib.get_close_matches(key.lower(), sorted(places), 2, 0.75)",
        "read.py _Reader._exactly: closes[0] -> closes[-1]",
        "schedule.py read_schedule: starts[0] -> starts[-1]",
    ),
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
        "rrule.py Rule._within: first <= wall <= last -> first <= wall < last",
        "rrule.py Rule._within: first <= day + time <= last -> first <= day + time < last",
        "rrule.py _periods: period <= last -> period < last",
        "weekly.py Weekly.walls: day <= last -> day < last",
        "source.py Source._found: wall + group[0] <= last -> wall + group[0] < last",
    ),
    "Any day will do.": (
        "cron.py cron_source: datetime(2000, 1, 1) -> datetime(2001, 1, 1)",
        "cron.py cron_source: datetime(2000, 1, 1) -> datetime(1999, 1, 1)",
        "cron.py cron_source: datetime(2000, 1, 1) -> datetime(2000, 2, 1)",
        "cron.py cron_source: datetime(2000, 1, 1) -> datetime(2000, 1, 2)",
        "rrule.py read_rule: datetime(2000, 1, 1) -> datetime(2000, 1, 2)",
        "rrule.py read_rule: datetime(2000, 1, 1) -> datetime(2001, 1, 1)",
        "rrule.py read_rule: datetime(2000, 1, 1) -> datetime(1999, 1, 1)",
        "rrule.py read_rule: datetime(2000, 1, 1) -> datetime(2000, 2, 1)",
    ),
    "How many starts are taken together: the openings unite anyway.": (
        "cron.py cron_source: 1: -> 0:",
        "cron.py cron_source: -1 -> -0",
        "cron.py cron_source: one - groups[-1][-1] <= length -> one - groups[-1][-1] < length",
    ),
    "Neither is a value of any field.": ("cron.py _unwrapped: -1 -> -2",),
    "As a condition, any number that is not 0.": ("cron.py _unwrapped: found.group(3) or 1 -> found.group(3) or 2",),
    "The whole name was looked up just before.": (
        "ics_zone.py _after_prefix: range(1, len(parts)) -> range(0, len(parts))",
    ),
    "How often is looked between two changes.": (
        "ics_zone.py _agrees: 28 * DAY -> 27 * DAY",
        "ics_zone.py _agrees: 28 * DAY -> 29 * DAY",
    ),
    "They are of one length.": (
        "ics_zone.py _agrees: True -> False",
        "ics_file.py _latest: True -> False",
        "rrule.py _times: True -> False",
    ),
    "What begins where a piece ends takes nothing of it.": (
        "intervals.py subtract: each.opens >= piece.closes -> each.opens > piece.closes",
    ),
    "Nothing is added where it leads beyond the edge of time.": ("zones.py moved: by > NOTHING -> by >= NOTHING",),
    "Sizes of the steps of a search.": (
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 3, 8, 32, 128, 512, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 2, 8, 32, 127, 512, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 2, 8, 32, 128, 512, 2047, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (1.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 1.5, 2, 8, 32, 128, 512, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 1, 8, 32, 128, 512, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 2, 9, 32, 128, 512, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 2, 7, 32, 128, 512, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 2, 8, 33, 128, 512, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 2, 8, 31, 128, 512, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 2, 8, 32, 129, 512, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 2, 8, 32, 128, 513, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 2, 8, 32, 128, 511, 2048, 3653)",
        "openings.py module: (0.125, 0.5, 2, 8, 32, 128, 512, 2048, 3653) -> (0.125, 0.5, 2, 8, 32, 128, 512, 2049, 3653)",
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
    "One copy alone is the latest one, whatever its number.": (
        "ics_file.py _sequence: return 0 -> return None",
        "ics_file.py _sequence: 0 -> 1",
        "ics_file.py _sequence: 0 -> -1",
    ),
    "How far before the years that are compared is looked for the last change.": (
        "ics_zone.py _changes: 800 * DAY -> 801 * DAY",
        "ics_zone.py _changes: 800 * DAY -> 799 * DAY",
        "ics_zone.py _changes: wall.year > 1 -> wall.year > 2",
    ),
    "By minus one both are the same.": (
        "ics_zone.py _offset: timedelta(hours=hours, minutes=minutes, seconds=seconds) * (-1 if found.group(1) == '-' else 1) -> "
        "timedelta(hours=hours, minutes=minutes, seconds=seconds) // (-1 if found.group(1) == '-' else 1)",
    ),
    "Nobody looks at it.": (
        "ics_zone.py _agrees: timedelta(0) -> timedelta(1)",
        "ics_zone.py _agrees: timedelta(0) -> timedelta(-1)",
    ),
    "Whoever asks takes None for no.": (
        "ics_zone.py _agrees: return False -> return None",
        "ics_zone.py _agrees: return False -> return None #2",
        "recurrence.py Exceptions.cover: return False -> return None",
        "rrule.py Rule._is_over: return False -> return None",
    ),
    "What comes later lies behind the piece too.": ("intervals.py subtract: break -> continue",),
    "How much is too much to go on.": (
        "openings.py module: 15000 -> 15001",
        "openings.py module: 15000 -> 14999",
        "openings.py Search.__iter__: effort > MANY -> effort >= MANY",
        "openings.py Openings.running: break -> continue",
        "openings.py Search._free_from: break -> continue",
    ),
    "What does not reach into the question is left out before.": (
        "openings.py Openings.within: each.closes > low -> each.closes >= low",
    ),
    "How long ago is of interest.": ("openings.py Openings.running: -2 -> -1",),
    "With an exact part, an occurrence does not close when it opens.": (
        "openings.py Openings.skipped: source.nominal and (not source.exact) -> source.nominal or not source.exact",
    ),
    "Nothing is left of an occurrence without a length.": ("openings.py pieces: opens < closes -> opens <= closes",),
    "There is no eighth day.": ("read.py module: range(7) -> range(8)",),
    "It is refused for its hour.": (
        "read.py _Reader._time: (99, 0, 0) -> (99, -1, 0)",
        "read.py _Reader._time: (99, 0, 0) -> (99, 0, -1)",
    ),
    "It ends in th either way.": (
        "read.py _ordinal: 10 < day < 20 -> 9 < day < 20",
        "read.py _ordinal: 10 < day < 20 -> 10 <= day < 20",
        "read.py _ordinal: 10 < day < 20 -> 10 < day <= 20",
        "read.py _ordinal: 10 < day < 20 -> 10 < day < 21",
        "read.py _ordinal: 10 < day < 20 -> 10 < day < 19",
    ),
    "Both were refused where they are the same.": ("read.py _Reader._length: end > start -> end >= start",),
    "How far ahead exceptions are looked at.": (
        "recurrence.py Recurrence.idle_exceptions: datetime(9000, 1, 1) -> datetime(9001, 1, 1)",
        "recurrence.py Recurrence.idle_exceptions: datetime(9000, 1, 1) -> datetime(8999, 1, 1)",
        "recurrence.py Recurrence.idle_exceptions: datetime(9000, 1, 1) -> datetime(9000, 2, 1)",
        "recurrence.py Recurrence.idle_exceptions: since.replace(tzinfo=None) - DAY < time.replace(tzinfo=None) < datetime(9000, 1, 1) -> "
        "since.replace(tzinfo=None) - DAY < time.replace(tzinfo=None) <= datetime(9000, 1, 1)",
    ),
    "More than any zone is away from UTC.": (
        "recurrence.py Recurrence.idle_exceptions: 2 * DAY -> 1 * DAY",
        "recurrence.py Recurrence.idle_exceptions: 2 * DAY -> 3 * DAY #2",
        "recurrence.py Recurrence.idle_exceptions: 2 * DAY -> 1 * DAY #2",
        "rrule.py Rule._is_over: 2 * DAY -> 3 * DAY",
        "rrule.py Rule._is_over: 2 * DAY -> 1 * DAY",
        "rrule.py Rule._is_over: away > -2 * DAY -> away >= -2 * DAY",
    ),
    "Either leads beyond the end of time.": (
        "rrule.py module: 10000 -> 10001",
        "rrule.py module: 10000 -> 9999",
        "rrule.py days_within: 12 * _ONE_PERIOD -> 13 * _ONE_PERIOD",
        "rrule.py days_within: 12 * _ONE_PERIOD -> 11 * _ONE_PERIOD",
        "rrule.py _periods: period.year < 9999 -> period.year <= 9999",
        "rrule.py _periods: period.year < 9999 -> period.year < 10000",
    ),
    "A shortcut: what it spares is counted one by one.": (
        "rrule.py Rule.walls: left is not None -> left is None",
        "rrule.py Rule.walls: following <= start -> following < start",
        "rrule.py Rule._size: period < begins -> period <= begins",
        "rrule.py Rule._in_step: self.interval == 1 -> self.interval == 0",
        "source.py Source._group: len(group) == 1 -> len(group) == 0",
    ),
    "Longer than a year.": ("rrule.py Rule._size: 366 * DAY -> 367 * DAY",),
    "There is no position 0.": ("rrule.py Rule._within: one > 0 -> one > -1",),
    "Both lead into the next month.": ("rrule.py _periods: 366 if yearly else 31 -> 366 if yearly else 32",),
    "No month has a 32nd day.": ("rrule.py _choose_days: range(1, 32) -> range(1, 33)",),
    "All starts of a day are looked at, from its midnight on.": (
        "source.py Source._found: -1 -> -0",
        "source.py Source._found: -1 -> -0 #2",
    ),
    "What lies outside is left out later.": (
        "source.py Source._found: wall + group[0] <= last and wall + group[-1] >= first -> wall + group[0] <= last or wall + group[-1] >= first",
        "source.py Source._found: wall + group[0] -> wall - group[0]",
        "source.py Source._found: wall + group[-1] >= first -> wall + group[-1] > first",
    ),
    "Each alone, they unite to the same opening.": (
        "source.py Source._group: group[-1] - group[0] -> group[-1] + group[0]",
    ),
    "More hours than any clock has been set by, and finer steps than any.": (
        "zones.py module: 26 -> 27",
        "zones.py module: 26 -> 25",
        "zones.py module: 1 -> 2 #2",
    ),
    "No clock shows a time that is skipped.": ("zones.py instant: local(at, zone) >= wall -> local(at, zone) > wall",),
    "Arithmetic drops it.": ("zones.py local: 0 -> 1",),
}

EQUIVALENT: dict[str, str] = {name: reason for reason, names in _REASONS.items() for name in names}
