# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recurrence rules and cron expressions as questions about one day: does it match?"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
WEEKDAY_NAMES = "SUN MON TUE WED THU FRI SAT"
MONTH_NAMES = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
NAMES = {
    **{name: number for number, name in enumerate(WEEKDAY_NAMES.split())},
    **{name: number for number, name in enumerate(MONTH_NAMES.split(), 1)},
}

Rule = Mapping[str, str]


def rule_days(rule: Rule, first: date | None, days: Sequence[date]) -> Iterator[date]:
    """Those of C(days) that the rule matches, counted from C(first)."""
    if first is not None:
        days = [day for day in days if day >= first]
    if "COUNT" not in rule:
        yield from (day for day in days if matches(rule, first, day))
        return
    if first is None:
        raise ValueError("COUNT needs a first day")
    left, day = int(rule["COUNT"]), first
    while left and days and day <= days[-1]:
        if matches(rule, first, day):
            left -= 1
            if day in days:
                yield day
        day += timedelta(days=1)


def matches(rule: Rule, first: date | None, day: date) -> bool:
    if not _in_turn(rule, first, day):
        return False
    if "BYSETPOS" not in rule:
        return _by_parts(rule, first, day)
    if rule["FREQ"] != "MONTHLY":
        raise ValueError("BYSETPOS is here for months only")
    length = calendar.monthrange(day.year, day.month)[1]
    month = [day.replace(day=number) for number in range(1, length + 1)]
    chosen = [one for one in month if _by_parts(rule, first, one)]
    return any(day in chosen[position:][:1] for position in _positions(rule["BYSETPOS"]))


def _positions(text: str) -> Iterator[int]:
    yield from (number - 1 if number > 0 else number for number in map(int, text.split(",")))


def _in_turn(rule: Rule, first: date | None, day: date) -> bool:
    """Whether the interval hits the day, week, month or year that this day is in."""
    interval = int(rule.get("INTERVAL", "1"))
    if interval == 1:
        return True
    if first is None:
        raise ValueError("INTERVAL needs a first day")
    return (_period(rule, day) - _period(rule, first)) % interval == 0


def _period(rule: Rule, day: date) -> int:
    if rule["FREQ"] == "DAILY":
        return day.toordinal()
    if rule["FREQ"] == "WEEKLY":  # day 1 of the calendar was a Monday
        return (day.toordinal() - 1 - CODES.index(rule.get("WKST", "MO"))) // 7
    return day.year * 12 + day.month if rule["FREQ"] == "MONTHLY" else day.year


def _by_parts(rule: Rule, first: date | None, day: date) -> bool:
    if "BYMONTH" in rule and day.month not in map(int, rule["BYMONTH"].split(",")):
        return False
    if "BYMONTHDAY" in rule and not _month_day(rule["BYMONTHDAY"], day):
        return False
    if "BYDAY" in rule:
        return any(_nth(rule, item, day) for item in rule["BYDAY"].split(","))
    return "BYMONTHDAY" in rule or rule["FREQ"] == "DAILY" or _like_first(rule, first, day)


def _month_day(text: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    return any(day.day == (number if number > 0 else last + 1 + number) for number in map(int, text.split(",")))


def _nth(rule: Rule, item: str, day: date) -> bool:
    """Whether it is such a weekday, and with a number the nth such of its month or year, from the end if negative."""
    number, code = item[:-2], item[-2:]
    if day.weekday() != CODES.index(code):
        return False
    if not number:
        return True
    if rule["FREQ"] == "YEARLY" and "BYMONTH" not in rule:
        at, length = day.timetuple().tm_yday, 366 if calendar.isleap(day.year) else 365
    else:
        at, length = day.day, calendar.monthrange(day.year, day.month)[1]
    nth = (at - 1) // 7 + 1 if int(number) > 0 else -((length - at) // 7 + 1)
    return nth == int(number)


def _like_first(rule: Rule, first: date | None, day: date) -> bool:
    if first is None:
        raise ValueError("it does not say which day, so it needs a first one")
    if rule["FREQ"] == "WEEKLY":
        return day.weekday() == first.weekday()
    return day.day == first.day and (rule["FREQ"] == "MONTHLY" or "BYMONTH" in rule or day.month == first.month)


def cron_walls(expression: str, day: date) -> Iterator[int]:
    """The minutes of this day, in minutes since the year 1, that the five fields match."""
    minutes, hours, month_days, months, weekdays = (
        set(_field(text, *limits)) for text, limits in zip(expression.split(), FIELDS, strict=True)
    )
    by_month_day = day.day in month_days
    by_weekday = day.isoweekday() in weekdays or day.isoweekday() % 7 in weekdays
    restricted = [not text.startswith("*") for text in expression.split()[2::2]]
    fits = by_month_day or by_weekday if all(restricted) else by_month_day and by_weekday
    if fits and day.month in months:
        for minute in range(24 * 60):
            if minute // 60 in hours and minute % 60 in minutes:
                yield day.toordinal() * 24 * 60 + minute


def _field(text: str, low: int, high: int) -> Iterable[int]:
    for part in text.split(","):
        found = re.fullmatch(r"(?:\*|(\w+)(?:-(\w+))?)(?:/(\d+))?", part)
        if found is None:
            raise ValueError(part)
        start, stop, step = found.groups()
        first = low if start is None else _number(start)
        last = high if start is None else _number(stop or start)
        yield from range(first, last + 1, int(step or 1))


def _number(text: str) -> int:
    return NAMES[text.upper()] if text.isalpha() else int(text)
