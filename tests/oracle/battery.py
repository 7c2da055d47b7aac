# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The windows and blackouts that are tried around one change of a clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tests.oracle.calendars import CODES
from tests.oracle.oracle import DAY, WEEKDAYS, Definition, utc_of

ALWAYS = {"start": "00:00", "end": "24:00"}
CALENDAR_HEAD = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//EdgeOps//EN", "BEGIN:VEVENT", "UID:1", "SUMMARY:event")
CALENDAR_TAIL = ("DTSTAMP:20260101T000000Z", "END:VEVENT", "END:VCALENDAR", "")


@dataclass(frozen=True)
class Change:
    """At UTC minute C(at) the clock of C(zone) shows C(after), where it would have shown C(before)."""

    zone: str
    at: int
    before: int
    after: int

    @property
    def low(self) -> int:
        """Where the repeated or the skipped wall-clock times begin."""
        return min(self.before, self.after)

    @property
    def high(self) -> int:
        return max(self.before, self.after)

    def __str__(self) -> str:
        return "%s %s %+d min" % (self.zone, utc_of(self.at).strftime("%Y-%m-%dT%H:%MZ"), self.after - self.before)


@dataclass(frozen=True)
class Case:
    name: str
    windows: Sequence[Definition]
    blackouts: Sequence[Definition] = ()
    device: str | None = None  # the zone of the device asked about
    means: Sequence[Definition] | None = None  # the same windows in words that the oracle understands


def battery(change: Change) -> Iterator[Case]:
    for label, start, end in spans(change):
        yield from _forms_of_span(change.zone, label, start, end)
    yield from _days(change)
    yield from _cron(change)
    yield from _rules(change)
    yield from _one_off(change)
    yield from _several(change)
    yield from _calendars(change)


def spans(change: Change) -> Iterator[tuple[str, int, int]]:
    """Wall-clock times around the skipped or repeated ones: names, starts and ends."""
    low, high = change.low, change.high
    middle = (low + high) // 2
    yield "around", low - 90, high + 90
    yield "to low", low - 60, low
    yield "to middle", low - 60, middle
    yield "to high", low - 60, high
    yield "exactly", low, high
    yield "within", low + 1, high - 1
    yield "low to middle", low, middle
    yield "middle to high", middle, high
    yield "from low", low, high + 45
    yield "from middle", middle, high + 45
    yield "from high", high, high + 45
    for length in (1, 5, 15):
        yield "%dm before low" % length, low - length, low
        yield "%dm over low" % length, low - length // 2 - 1, low + length // 2
        yield "%dm at low" % length, low, low + length
        yield "%dm at middle" % length, middle, middle + length
        yield "%dm before high" % length, high - length, high
        yield "%dm at high" % length, high, high + length
    yield "half a day before", high - DAY // 2, low - 5
    yield "nearly a day", middle, middle + DAY - 1
    yield "nearly a day back", low + 1 - DAY, low


def _forms_of_span(zone: str, label: str, start: int, end: int) -> Iterator[Case]:
    """The same span in each form, as a window and as a blackout in an open day."""
    day, length = day_of(start), "%dm" % (end - start)
    hour, minute = divmod(start % DAY, 60)
    weekday = WEEKDAYS[day.weekday()]
    always = {"name": "always", "timezone": zone, **ALWAYS}
    monthly = "FREQ=MONTHLY;BYDAY=%s"
    forms: dict[str, dict[str, Any]] = {
        "daily end": {"start": clock(start), "end": clock(end)},
        "daily duration": {"start": clock(start), "duration": length},
        "weekly end": {"days": [weekday], "start": clock(start), "end": clock(end)},
        "one-off end": {"from": local(start), "to": local(end)},
        "one-off duration": {"from": local(start), "duration": length},
        "cron": {"cron": "%d %d * * %s" % (minute, hour, weekday.upper()), "duration": length},
        "rrule end": {"rrule": monthly % nth(day), "start": clock(start), "end": clock(end)},
        "rrule duration": {
            "rrule": "FREQ=MONTHLY;BYDAY=%s" % nth(day, True),
            "start": clock(start),
            "duration": length,
        },
    }
    for form, definition in forms.items():
        whole = {"name": "span", "timezone": zone, **definition}
        yield Case("%s, %s" % (label, form), [whole])
        if form in ("daily end", "weekly end", "one-off end", "cron", "rrule duration"):
            yield Case("%s, %s as blackout" % (label, form), [always], [whole])


def _days(change: Change) -> Iterator[Case]:
    """Whole days, and nights on each weekday."""
    daily: dict[str, dict[str, Any]] = {
        "whole day": ALWAYS,
        "24h": {"start": "00:00", "duration": "24h"},
        "1d": {"start": "12:00", "duration": "1d"},
        "two days": {"start": "22:00", "duration": "48h"},
        "night": {"start": "22:00", "end": "04:00"},
        "night to 24:00": {"start": "22:00", "end": "24:00"},
        "night to 00:00": {"start": "22:00", "end": "00:00"},
        "midnight": {"start": "23:30", "end": "00:30"},
        "midnight, short": {"start": "23:59", "end": "00:01"},
        "from midnight": {"start": "00:00", "duration": "90m"},
        "late": {"start": "23:59", "duration": "1m"},
    }
    for label, times in daily.items():
        yield Case(label, [{"name": label, "timezone": change.zone, **times}])
    for weekday in WEEKDAYS:
        for label in ("whole day", "24h", "night", "midnight", "from midnight"):
            definition = {"name": label, "timezone": change.zone, "days": [weekday], **daily[label]}
            yield Case("%s on %s" % (label, weekday), [definition])
    here = WEEKDAYS[day_of(change.low).weekday()]
    others = {"name": "others", "timezone": change.zone, "days": [one for one in WEEKDAYS if one != here], **ALWAYS}
    yield Case("whole days but one", [others])


def _cron(change: Change) -> Iterator[Case]:
    day = day_of(change.low)
    for label, cron, length in (
        ("every 5 minutes", "*/5 * * * *", "1m"),
        ("every 15 minutes", "*/15 * * * *", "10m"),
        ("every 20 minutes, touching", "*/20 * * * *", "20m"),
        ("hourly", "7 * * * *", "11m"),
        ("every 6 hours", "30 */6 * * *", "2h"),
        ("lists and ranges", "10-40/10,55 0-4,23 * * *", "5m"),
        ("this date", "15 */2 %d %d *" % (day.day, day.month), "1h30m"),
        ("date or weekday", "45 1 %d * %d" % ((day - timedelta(days=1)).day, day.isoweekday() % 7), "2h"),
        ("Sunday is 7", "45 0,2 * * 6-7", "30m"),
    ):
        yield Case("cron, %s" % label, [{"name": "cron", "timezone": change.zone, "cron": cron, "duration": length}])


def _rules(change: Change) -> Iterator[Case]:
    zone, low = change.zone, change.low
    day, time = day_of(low), clock(low)
    earlier, later = day - timedelta(days=2), day + timedelta(days=2)
    ago = day - timedelta(days=7 * 60)
    until = utc_of(change.at).strftime("%Y%m%dT%H%M00Z")
    awx = "DTSTART;TZID=%s:%sT%s00 RRULE:" % (zone, ago.strftime("%Y%m%d"), time.replace(":", ""))
    rules: dict[str, dict[str, Any]] = {
        "days after": {
            "rrule": "FREQ=MONTHLY;BYDAY=%s" % nth(earlier),
            "start": time,
            "offset_days": 2,
        },
        "days before": {"rrule": "FREQ=MONTHLY;BYDAY=%s" % nth(later), "start": time, "offset_days": -2},
        "yearly": {"rrule": "FREQ=YEARLY;BYMONTH=%d;BYDAY=%s" % (day.month, nth(day)), "start": time},
        "month days": {"rrule": "RRULE:FREQ=MONTHLY;BYMONTHDAY=%d,%d,-1" % (day.day, later.day), "start": time},
        "last working day": {"rrule": "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "start": time},
        "every other day": {"rrule": "FREQ=DAILY;INTERVAL=2", "from": ago.isoformat(), "start": time},
        "every other week": {"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU,MO", "from": ago.isoformat(), "start": time},
        "counted": {"rrule": "FREQ=DAILY;COUNT=421", "from": ago.isoformat(), "start": time},
        "counted, one less": {"rrule": "FREQ=DAILY;COUNT=420", "from": ago.isoformat(), "start": time},
        "until then": {"rrule": "FREQ=DAILY;UNTIL=%s" % stamp(low), "from": ago.isoformat(), "start": time},
    }
    for label, definition in rules.items():
        yield Case("rrule, %s" % label, [{"name": "rule", "timezone": zone, "duration": "50m", **definition}])
    for label, text in {
        "daily": awx + "FREQ=DAILY;INTERVAL=1",
        "every third day": awx + "FREQ=DAILY;INTERVAL=3;UNTIL=20991231T000000Z",
        "until the change": awx + "FREQ=DAILY;INTERVAL=1;UNTIL=" + until,
        "but this": awx.replace(" ", "\n") + "FREQ=WEEKLY\nEXDATE;TZID=%s:%s" % (zone, stamp(low)),
        "nth": awx + "FREQ=MONTHLY;BYDAY=" + nth(day),
        "UTC": "DTSTART:%s RRULE:FREQ=DAILY;COUNT=700" % utc_of(change.at - 400 * DAY).strftime("%Y%m%dT%H%M00Z"),
    }.items():
        yield Case("AWX, %s" % label, [{"name": "awx", "rrule": text, "duration": "2h"}])


def _one_off(change: Change) -> Iterator[Case]:
    instant = utc_of(change.at)
    hour = timedelta(hours=1)
    whole = {"from": day_of(change.low).isoformat(), "to": day_of(change.low + DAY).isoformat()}
    offsets = {"from": (instant - hour).isoformat(), "to": (instant + hour).strftime("%Y-%m-%dT%H:%MZ")}
    yield Case("one-off, days", [{"name": "day", "timezone": change.zone, **whole}])
    yield Case("one-off, offsets", [{"name": "offsets", **offsets}])
    yield Case("one-off, from the change", [{"name": "at", "from": instant.isoformat(), "duration": "1m"}])
    yield Case("one-off, to the change", [{"name": "at", "from": (instant - hour).isoformat(), "duration": "1h"}])


def _several(change: Change) -> Iterator[Case]:
    """Windows that unite, blackouts that meet, and clocks that differ."""
    zone, low, high = change.zone, change.low, change.high
    middle = (low + high) // 2
    always = {"name": "always", "timezone": zone, **ALWAYS}
    first = {"name": "first", "timezone": zone, "start": clock(low - 60), "end": clock(middle)}
    second = {"name": "second", "timezone": zone, "start": clock(middle), "end": clock(high + 60)}
    overlap = {"name": "overlap", "timezone": zone, "start": clock(middle - 5), "duration": "40m"}
    noon = {"name": "noon", "timezone": "UTC", "start": clock(change.at - 20), "duration": "40m"}
    soft = {**first, "hard": False}
    freeze = {"name": "freeze", "timezone": zone, "from": day_of(low).isoformat(), "to": local(middle)}
    yield Case("touching", [first, second])
    yield Case("overlapping", [first, second, overlap])
    yield Case("two clocks", [first, noon])
    yield Case("blackout on another clock", [first, second], [noon])
    yield Case("blackout meets window", [first, second], [overlap])
    yield Case("two blackouts", [always], [first, second])
    yield Case("soft blackout", [always], [soft, overlap])
    yield Case("freeze", [always, second], [freeze])
    yield Case("always dark", [first, second], [always])
    for label, windows, blackouts in (("", [first, noon], []), (", blackout", [always], [second])):
        mixed = [{**one, "timezone": "device"} if one is not noon else one for one in windows]
        yield Case(
            "device" + label, mixed, [{**one, "timezone": "device", "hard": True} for one in blackouts], device=zone
        )


def _calendars(change: Change) -> Iterator[Case]:
    """iCalendar events: the oracle is told the same in the other forms, so it need not read them."""
    zone, low, high = change.zone, change.low, change.high
    week = 7 * DAY
    here, day = ";TZID=%s:" % zone, day_of(low)
    start, end = low - 60, (low + high) // 2
    ago, late = low - 60 * week, high + 60
    single = {"timezone": zone, "from": local(start), "to": local(end)}
    whole = {"timezone": zone, "from": day.isoformat(), "to": day_of(low + DAY).isoformat()}
    weekly = {"timezone": zone, "rrule": "FREQ=WEEKLY", "from": day_of(ago).isoformat(), "start": clock(low)}
    nightly = {**weekly, "from": day_of(start - 60 * week).isoformat(), "start": clock(start), "end": clock(late)}
    daily = {"timezone": zone, "days": [WEEKDAYS[day.weekday()]], **ALWAYS}
    awx = "DTSTART%s%s RRULE:FREQ=WEEKLY EXDATE%s%s" % (here, stamp(ago), here, stamp(low))
    extra = {"timezone": zone, "from": local(late), "duration": "30m"}
    first, moved = "DTSTART%s%s" % (here, stamp(ago)), "EXDATE%s%s" % (here, stamp(low))
    from_utc = {"from": utc_of(change.at - 30).isoformat(), "duration": "45m"}
    utc = "DTSTART:%s" % utc_of(change.at - 30).strftime("%Y%m%dT%H%M00Z")
    nights = [
        "DTSTART%s%s" % (here, stamp(start - 60 * week)),
        "DTEND%s%s" % (here, stamp(late - 60 * week)),
        "RRULE:FREQ=WEEKLY",
    ]
    events: dict[str, tuple[list[str], list[Definition]]] = {
        "end": (["DTSTART%s%s" % (here, stamp(start)), "DTEND%s%s" % (here, stamp(end))], [single]),
        "floating": (["DTSTART:%s" % stamp(start), "DTEND:%s" % stamp(end)], [single]),
        "duration": (
            ["DTSTART%s%s" % (here, stamp(low)), "DURATION:PT2H"],
            [{"timezone": zone, "from": local(low), "duration": "2h"}],
        ),
        "UTC": ([utc, "DURATION:PT45M"], [from_utc]),
        "all day": (["DTSTART;VALUE=DATE:%s" % stamp(low)[:8]], [whole]),
        "all day, weekly": (["DTSTART;VALUE=DATE:%s" % stamp(ago)[:8], "RRULE:FREQ=WEEKLY"], [daily]),
        "weekly": ([first, "DURATION:PT50M", "RRULE:FREQ=WEEKLY"], [{**weekly, "duration": "50m"}]),
        "weekly end": (nights, [nightly]),
        "moved": (
            [first, "DURATION:PT30M", "RRULE:FREQ=WEEKLY", moved, "RDATE%s%s" % (here, stamp(late))],
            [{"rrule": awx, "duration": "30m"}, extra],
        ),
    }
    for label, (lines, means) in events.items():
        text = "\r\n".join([*CALENDAR_HEAD, *lines, *CALENDAR_TAIL])
        yield Case("calendar, %s" % label, [{"name": "calendar", "timezone": zone, "calendar": text}], means=means)


def day_of(wall: int) -> date:
    return date.fromordinal(wall // DAY)


def clock(wall: int) -> str:
    return "%02d:%02d" % divmod(wall % DAY, 60)


def local(wall: int) -> str:
    return "%sT%s" % (day_of(wall).isoformat(), clock(wall))


def stamp(wall: int) -> str:
    return local(wall).replace("-", "").replace(":", "") + "00"


def nth(day: date, from_end: bool = False) -> str:
    """2SU for a second Sunday of the month; -1SU for a last one, counted from the end."""
    following = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    number = -(((following - day).days - 1) // 7 + 1) if from_end else (day.day - 1) // 7 + 1
    return "%d%s" % (number, CODES[day.weekday()])
