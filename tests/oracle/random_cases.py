# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random windows and blackouts, the same ones for the same change and seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from tests.oracle.battery import Case, Change, clock, day_of, local, nth, stamp
from tests.oracle.calendars import CODES
from tests.oracle.oracle import DAY, WEEKDAYS

# A part of these for each field of a cron expression.
CRON = (
    ("*/7", "0-59/13", "3,17,44", "0", "59", "30", "*/30"),
    ("*", "*/5", "1-4", "0", "2", "22-23", "1-23/2", "0,3"),
    ("*", "*", "*", "*/2", "10-20", "1-7", "28,29"),
    ("*", "*", "3-11", "mar,apr,sep-nov"),
    ("*", "*", "1-5", "SUN,sat", "0", "5-7", "*/3"),
)


def random_cases(change: Change, seed: int, count: int) -> Iterator[Case]:
    for number in range(count):
        chance = random.Random("%s %d %d" % (change, seed, number))
        windows = [_definition(change, chance, "w%d" % one) for one in range(chance.choice((1, 1, 2, 3)))]
        blackouts = [_definition(change, chance, "b%d" % one) for one in range(chance.choice((0, 0, 1, 2)))]
        yield Case("random %d" % number, windows, blackouts)


def _definition(change: Change, chance: random.Random, name: str) -> dict[str, Any]:
    start = _wall(change, chance)
    form = chance.choice((_weekly, _weekly, _cron, _rule, _rule, _one_off, _awx))
    zone = change.zone if chance.random() < 0.9 else "UTC"
    return {"name": name, "timezone": zone, **form(zone, start, chance)}


def _wall(change: Change, chance: random.Random) -> int:
    """A wall-clock time near the change, or any on the days around."""
    if chance.random() < 0.6:
        return chance.choice((change.low, change.high)) + chance.randint(-100, 100)
    return change.low + chance.randint(-2 * DAY, 2 * DAY)


def _length(chance: random.Random) -> int:
    return chance.choice(
        (1, 2, 10, 30, 59, 60, 61, 119, 120, 121, 300, 1439, 1440, 1441, 2880, chance.randint(1, 2880))
    )


def _duration(chance: random.Random) -> str:
    days, rest = divmod(_length(chance), DAY)
    hours, minutes = divmod(rest, 60)
    parts = [(days, "%dd"), (hours, "%dh"), (minutes, "%dm")]
    return "".join(unit % number for number, unit in parts if number)


def _close(start: int, chance: random.Random) -> dict[str, str]:
    end = start + _length(chance)
    if chance.random() < 0.4 or (end - start) % DAY == 0:
        return {"duration": _duration(chance)}
    return {"end": clock(end)}


def _weekly(zone: str, start: int, chance: random.Random) -> dict[str, Any]:
    days = chance.sample(WEEKDAYS, chance.choice((1, 2, 4, 7)))
    return {"start": clock(start), **_close(start, chance), **({"days": days} if len(days) < 7 else {})}


def _cron(zone: str, start: int, chance: random.Random) -> dict[str, Any]:
    return {"cron": " ".join(chance.choice(parts) for parts in CRON), "duration": _duration(chance)}


def _one_off(zone: str, start: int, chance: random.Random) -> dict[str, Any]:
    return {"from": local(start), "to": local(start + _length(chance))}


def _parts(start: int, chance: random.Random) -> tuple[str, bool]:
    """A rule, and whether it says enough to do without a first day."""
    day = day_of(start)
    codes = ",".join(chance.sample(CODES, chance.randint(1, 4)))
    rule, enough = chance.choice(
        (
            ("FREQ=DAILY", True),
            ("FREQ=DAILY;BYDAY=%s" % codes, True),
            ("FREQ=DAILY;BYMONTH=%d" % day.month, True),
            ("FREQ=WEEKLY;BYDAY=%s" % codes, True),
            ("FREQ=WEEKLY", False),
            ("FREQ=MONTHLY;BYDAY=%s,%s" % (nth(day), nth(day + timedelta(days=1), from_end=True)), True),
            ("FREQ=MONTHLY;BYDAY=%s;BYSETPOS=%d" % (codes, chance.choice((1, 2, -1, -2))), True),
            ("FREQ=MONTHLY;BYMONTHDAY=%d,%d,-2" % (day.day, 1 + day.day % 28), True),
            ("FREQ=MONTHLY;BYMONTHDAY=%d;BYDAY=%s" % (day.day, codes), True),
            ("FREQ=MONTHLY", False),
            ("FREQ=YEARLY;BYMONTH=%d;BYDAY=%s" % (day.month, nth(day)), True),
            ("FREQ=YEARLY;BYMONTH=%d;BYMONTHDAY=%d" % (day.month, day.day), True),
            ("FREQ=YEARLY", False),
        )
    )
    return rule, enough


def _rule(zone: str, start: int, chance: random.Random) -> dict[str, Any]:
    rule, enough = _parts(start, chance)
    given: dict[str, Any] = {"start": clock(start), **_close(start, chance)}
    if not enough or chance.random() < 0.4:
        given["from"] = _first(start, chance)
        rule += chance.choice(("", ";INTERVAL=2", ";INTERVAL=3;WKST=SU", ";COUNT=%d" % chance.randint(1, 400)))
    elif chance.random() < 0.2:
        rule += ";UNTIL=%s" % stamp(start + chance.choice((-1, 0, 1, 60)))
        return {**given, "rrule": rule}
    if chance.random() < 0.2:
        given["offset_days"] = chance.choice((-31, -2, -1, 1, 3, 31))
    return {**given, "rrule": rule}


def _first(start: int, chance: random.Random) -> str:
    """A first day on which it may well be the turn of C(start)."""
    return day_of(start - DAY * chance.choice((0, 1, 2, 7, 14, 28, 42, 364, 365, 366, 728))).isoformat()


def _awx(zone: str, start: int, chance: random.Random) -> dict[str, Any]:
    first = _first(start, chance).replace("-", "") + stamp(start)[8:]
    rule = _parts(start, chance)[0]
    rule += chance.choice(
        ("", ";INTERVAL=1", ";INTERVAL=2", ";UNTIL=%sZ" % stamp(start), ";COUNT=%d" % chance.randint(1, 99))
    )
    return {"rrule": "DTSTART;TZID=%s:%s RRULE:%s" % (zone, first, rule), "duration": _duration(chance)}
