# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small part of tests/fuzz, and rules at random beside dateutil."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import icalendar
from dateutil.rrule import rruleset, rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.tests.fuzz import calendars
from ansible_collections.edgeops.jfrog_connect.tests.fuzz import windows as fuzz
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import calendar

SECOND = timedelta(seconds=1)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(st.integers(0, 2**40))
def test_a_window_at_random_is_answered_or_refused_with_its_place(seed):
    pick = fuzz.Pick(seed)
    fuzz.ask(fuzz.window(pick), fuzz.instant(pick))


def test_calendars_at_random_differ_from_other_readers_only_as_meant():
    met = sum(map(calendars.compare, range(250)), Counter())
    assert {name for name, count in met.items() if count} == set(calendars.DIFFERENCES)


days = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, max_size=3, unique=True)
month_days = st.lists(st.integers(-31, 31).filter(bool), min_size=1, max_size=3, unique=True)


@st.composite
def rules(draw):
    """Without the differences from dateutil that are meant: UNTIL as a date includes that day (docs/windows.md),
    and BYSETPOS of days and weeks is refused.
    """
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = ["FREQ=" + frequency, "INTERVAL=%d" % draw(st.integers(1, 4))]
    by_day = draw(st.booleans())
    if by_day:
        nth = draw(st.sampled_from(["", "1", "2", "-1"])) if frequency in ("MONTHLY", "YEARLY") else ""
        parts.append("BYDAY=" + ",".join(nth + day for day in draw(days)))
    if frequency in ("DAILY", "MONTHLY", "YEARLY") and draw(st.booleans()):
        parts.append("BYMONTHDAY=" + ",".join(map(str, draw(month_days))))
    if draw(st.booleans()):
        parts.append("BYMONTH=%d,%d" % (draw(st.integers(1, 6)), draw(st.integers(7, 12))))
    for name, most in (("BYHOUR", 23), ("BYMINUTE", 59)):
        if draw(st.booleans()):
            parts.append("%s=%d,%d" % (name, draw(st.integers(0, most // 2)), draw(st.integers(most // 2 + 1, most))))
    if frequency in ("MONTHLY", "YEARLY") and by_day and draw(st.booleans()):
        parts.append("BYSETPOS=%d" % draw(st.sampled_from([1, 2, 3, -1, -2])))
    end = draw(st.sampled_from(["", "COUNT=1", "COUNT=9", "COUNT=60", "UNTIL=20270901T101500Z"]))
    return ";".join([*parts, *([end] if end else [])])


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    rules(),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001
    st.integers(0, 3),
)
def test_a_recurring_event_is_that_of_dateutil(rule, start, gone):
    start = start.replace(second=0, microsecond=0)
    series = rruleset()
    series.rrule(rrulestr(rule.replace("T101500Z", "T101500"), dtstart=start))
    walls = series.between(start - SECOND, datetime(2028, 1, 1))[:400]  # noqa: DTZ001
    excepted = walls[:gone]
    lines = [
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT",
        "UID:1",
        "DTSTART:%sZ" % start.strftime("%Y%m%dT%H%M%S"),
        "DURATION:PT1M",
        "RRULE:" + rule,
        *("EXDATE:%sZ" % one.strftime("%Y%m%dT%H%M%S") for one in excepted),
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    text = "\r\n".join(lines)
    event = icalendar.Calendar.from_ical(text).walk("VEVENT")[0]
    assert event["DTSTART"].dt.replace(tzinfo=None) == start
    asked = calendar({"name": "w", "calendar": text})
    expected = [wall.replace(tzinfo=timezone.utc) for wall in walls[gone:] if wall not in excepted]
    last = expected[-1] if len(walls) == 400 else datetime(2027, 12, 31, tzinfo=timezone.utc)
    found = asked.intervals(datetime(2026, 1, 1, tzinfo=timezone.utc), last)
    assert [each.opens for each in found] == [one for one in _united(expected) if one < last]


def _united(starts):
    """Of occurrences of a minute, those that do not begin where another ends."""
    known = set(starts)
    return [one for one in starts if one - timedelta(minutes=1) not in known]


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Tokyo", "Australia/Lord_Howe"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001
    st.integers(1, 20_000),
)
def test_a_single_event_is_that_of_icalendar(zone, start, minutes):
    """Except in a skipped hour, which we take for the instant of the change and icalendar for a time after it."""
    start = start.replace(second=0, microsecond=0)
    end = start + timedelta(minutes=minutes)
    lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1"]
    lines += [
        "%s;TZID=%s:%s" % (name, zone, at.strftime("%Y%m%dT%H%M%S"))
        for name, at in (("DTSTART", start), ("DTEND", end))
    ]
    text = "\r\n".join([*lines, "END:VEVENT", "END:VCALENDAR", ""])
    event = icalendar.Calendar.from_ical(text).walk("VEVENT")[0]
    begins, ends = (event[name].dt.astimezone(timezone.utc) for name in ("DTSTART", "DTEND"))
    if any(one.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall for one, wall in ((begins, start), (ends, end))):
        return
    (found,) = calendar({"calendar": text}).intervals(begins, ends)
    assert (found.opens, found.closes) == (begins, ends)
