# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each form of a window: recurrences, cron, single openings, AWX schedules, iCalendar files, the zone of a device."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import calendar, openings, status, utc

PARIS = "Europe/Paris"


def recurring(rrule, start="22:00", zone="UTC", **more):
    return {"timezone": zone, "rrule": rrule, "start": start, "duration": "2h", **more}


def awx(text, **more):
    return {"rrule": text, "duration": "1h", **more}


def days(window, start, length, **more):
    """The days on which openings begin, in UTC."""
    return [opening[:5] for opening in openings(window, start, length, **more)]


@pytest.mark.parametrize(
    ("rule", "length", "expected"),
    [
        (recurring("FREQ=MONTHLY;BYDAY=2TU"), 90, ["01-12", "02-09", "03-09"]),
        (recurring("RRULE:FREQ=MONTHLY;BYDAY=2TU", offset_days=2), 90, ["01-14", "02-11", "03-11"]),
        (recurring("FREQ=MONTHLY;BYDAY=1MO", offset_days=-31), 60, ["01-01", "01-29"]),
        (recurring("FREQ=MONTHLY;BYDAY=1FR", offset_days="31"), 60, ["01-04", "02-01"]),
        (recurring("FREQ=MONTHLY;BYDAY=-1FR"), 90, ["01-29", "02-26", "03-26"]),
        (recurring("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"), 90, ["01-29", "02-26", "03-31"]),
        (recurring("FREQ=MONTHLY;BYMONTHDAY=31"), 152, ["01-31", "03-31", "05-31"]),
        (recurring("FREQ=MONTHLY;BYMONTHDAY=-1;BYMONTH=2,3"), 150, ["02-28", "03-31"]),
        (recurring("FREQ=YEARLY;BYMONTH=3;BYDAY=1MO"), 366, ["03-01"]),
        (recurring("FREQ=YEARLY;BYYEARDAY=100,-1"), 365, ["04-10", "12-31"]),
        (recurring("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO"), 365, ["05-17"]),
        (recurring("FREQ=WEEKLY;BYDAY=SA,SU"), 9, ["01-02", "01-03", "01-09"]),
        (recurring("freq=daily;bymonth=1;bymonthday=5,6"), 365, ["01-05", "01-06"]),
        (recurring("FREQ=DAILY"), 3, ["01-01", "01-02", "01-03"]),
        # What counts from the first day, or is taken from it.
        (recurring("FREQ=DAILY;INTERVAL=10", **{"from": "2016-12-31"}), 30, ["01-08", "01-18", "01-28"]),
        (recurring("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", **{"from": "2026-12-21"}), 30, ["01-04", "01-18"]),
        (recurring("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO", **{"from": "2026-12-27"}), 22, ["01-04", "01-10", "01-18"]),
        (
            recurring("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO", **{"from": "2026-12-27"}),
            22,
            ["01-10", "01-11"],
        ),
        (recurring("FREQ=WEEKLY", **{"from": "2026-12-24"}), 15, ["01-07", "01-14"]),
        (recurring("FREQ=MONTHLY;INTERVAL=5", **{"from": "2025-11-30"}), 365, ["07-30", "12-30"]),
        (recurring("FREQ=YEARLY;INTERVAL=2", **{"from": "2025-05-04"}), 365, ["05-04"]),
        (recurring("FREQ=YEARLY;INTERVAL=2", **{"from": "2026-05-04"}), 365, []),
        (recurring("FREQ=YEARLY;BYMONTH=7", **{"from": "2026-05-04"}), 365, ["07-04"]),
        (recurring("FREQ=DAILY;COUNT=3", **{"from": "2026-12-31"}), 30, ["01-01", "01-02"]),
        (recurring("FREQ=MONTHLY;BYDAY=1FR;COUNT=3", **{"from": "2026-11-10"}), 366, ["01-01", "02-05"]),
        (recurring("FREQ=DAILY;COUNT=3", **{"from": "2016-12-31"}), 365, []),
        (recurring("FREQ=DAILY", **{"from": "2027-01-03"}), 4, ["01-03", "01-04"]),
        (recurring("FREQ=DAILY;UNTIL=20270103T220000"), 9, ["01-01", "01-02", "01-03"]),
        (recurring("FREQ=DAILY;UNTIL=20270103T215959Z"), 9, ["01-01", "01-02"]),
        (recurring("FREQ=DAILY;UNTIL=20270103"), 9, ["01-01", "01-02", "01-03"]),
        (recurring("FREQ=DAILY;UNTIL=20270103T210000Z", zone=PARIS), 9, ["01-01", "01-02", "01-03"]),
        (recurring("FREQ=DAILY;UNTIL=20270103T205959Z", zone=PARIS), 9, ["01-01", "01-02"]),
    ],
)
def test_a_recurrence(rule, length, expected):
    assert days(rule, "2027-01-01", length) == expected


def test_what_was_counted_long_ago_is_not_worked_out():
    counted = calendar(recurring("FREQ=DAILY;COUNT=9999", **{"from": "2005-01-01"}))
    now = utc("2026-11-23T00:00")
    assert len(list(counted.windows[0].sources[0].spans(now, now + timedelta(hours=1), None))) < 6


def test_a_recurrence_may_have_an_end_instead_of_a_duration():
    window = {"timezone": "UTC", "rrule": "FREQ=MONTHLY;BYDAY=1SA", "start": "22:00", "end": "04:00"}
    assert openings(window, "2027-01-01", 31) == ["01-02 22:00 - 01-03 04:00"]


@pytest.mark.parametrize(
    ("schedule", "length", "expected"),
    [
        (
            "DTSTART;TZID=Europe/Paris:20270110T013000 RRULE:FREQ=DAILY;INTERVAL=1;UNTIL=20270112T003000Z",
            60,
            ["01-10 00:30 - 01-10 01:30", "01-11 00:30 - 01-11 01:30", "01-12 00:30 - 01-12 01:30"],
        ),
        (
            "DTSTART;VALUE=DATE-TIME;TZID=UTC:20270110T013000 RRULE:FREQ=DAILY;COUNT=1",
            60,
            ["01-10 01:30 - 01-10 02:30"],
        ),
        ("DTSTART:20270110T013000Z\nRRULE:FREQ=DAILY;COUNT=1", 60, ["01-10 01:30 - 01-10 02:30"]),
        (
            "DTSTART;TZID=Europe/Paris:20160110T013000 RRULE:FREQ=WEEKLY;BYDAY=SU;UNTIL=20270118T000000Z",
            60,
            ["01-03 00:30 - 01-03 01:30", "01-10 00:30 - 01-10 01:30", "01-17 00:30 - 01-17 01:30"],
        ),
        (
            "DTSTART;TZID=UTC:20270101T000000 RRULE:FREQ=MONTHLY;BYMONTHDAY=5 RRULE:FREQ=MONTHLY;BYMONTHDAY=7,5",
            30,
            ["01-05 00:00 - 01-05 01:00", "01-07 00:00 - 01-07 01:00"],
        ),
        (
            "DTSTART;TZID=UTC:20270101T000000 RRULE:FREQ=DAILY;COUNT=4 EXRULE:FREQ=WEEKLY;BYDAY=SA",
            30,
            ["01-01 00:00 - 01-01 01:00", "01-03 00:00 - 01-03 01:00", "01-04 00:00 - 01-04 01:00"],
        ),
        (
            "DTSTART;TZID=Europe/Paris:20270101T100000 RRULE:FREQ=DAILY;COUNT=5 "
            "EXDATE;TZID=Europe/Paris:20270102T100000 EXDATE:20270103T090000Z,20270103T100000Z EXDATE:20270104T100000 "
            "EXDATE;TZID=Asia/Tokyo:20270105T180000",
            30,
            ["01-01 09:00 - 01-01 10:00"],
        ),
        (
            "DTSTART;TZID=UTC:20270101T000000 RRULE:FREQ=DAILY;COUNT=3;BYHOUR=1,5",
            30,
            ["01-01 01:00 - 01-01 02:00", "01-01 05:00 - 01-01 06:00", "01-02 01:00 - 01-02 02:00"],
        ),
    ],
)
def test_the_text_of_an_awx_schedule_is_taken_as_it_is(schedule, length, expected):
    assert openings(awx(schedule), "2027-01-01", length) == expected


def test_a_schedule_without_a_zone_takes_that_of_the_window():
    schedule = "DTSTART:20270110T013000 RRULE:FREQ=DAILY;COUNT=1"
    assert openings(awx(schedule, timezone=PARIS), "2027-01-01", 60) == ["01-10 00:30 - 01-10 01:30"]
    both = "DTSTART;TZID=Europe/Paris:20270110T013000 RRULE:FREQ=DAILY;COUNT=1"
    assert openings(awx(both, timezone=PARIS), "2027-01-01", 60) == ["01-10 00:30 - 01-10 01:30"]


def test_a_schedule_is_shifted_after_its_exceptions():
    schedule = "DTSTART;TZID=UTC:20270101T000000 RRULE:FREQ=DAILY;COUNT=3 EXDATE:20270102T000000Z"
    assert days(awx(schedule, offset_days=3), "2027-01-01", 30) == ["01-04", "01-06"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=DAILY;INTERVAL=7;BYDAY=SU",
    ],
)
def test_a_rule_that_never_matches_does_not_stall(rule):
    began = time.process_time()
    found = status(recurring(rule, **{"from": "2015-01-05"}), "2026-11-23T00:00")  # a Monday
    assert (found.open, found.next_opening) == (False, None)
    assert "No further opening was found" in found.notes[0]
    assert time.process_time() - began < 2


@pytest.mark.parametrize("fields", ["0 0 31 2 *", "0 0 31 4,6 *"])
def test_a_cron_rule_that_never_matches_is_refused(fields):
    with pytest.raises(InvalidInput, match="cannot be used"):
        calendar({"timezone": "UTC", "cron": fields, "duration": "1h"})


@pytest.mark.parametrize(
    ("rule", "opens"), [("BYMONTHDAY=29", "2028-02-29T22:00"), ("BYMONTHDAY=29;BYDAY=FR", "2036-02-29T22:00")]
)
def test_a_rule_that_matches_once_in_years_is_found(rule, opens):
    window = recurring("FREQ=YEARLY;BYMONTH=2;" + rule)
    assert status(window, "2026-11-23T00:00").next_opening == utc(opens)


# cron


def cron(fields, duration="1h", zone="UTC"):
    return {"timezone": zone, "cron": fields, "duration": duration}


@pytest.mark.parametrize(
    ("window", "length", "expected"),
    [
        (cron("0 22 * * FRI"), 9, ["01-01 22:00 - 01-01 23:00", "01-08 22:00 - 01-08 23:00"]),
        (cron("30 1,5 1 * *"), 2, ["01-01 01:30 - 01-01 02:30", "01-01 05:30 - 01-01 06:30"]),
        (cron("0 23 1 * *", "3h"), 2, ["01-01 23:00 - 01-02 02:00"]),
        (cron("0 1 L * *"), 40, ["01-31 01:00 - 01-31 02:00"]),
        (cron("0 1 * 2 MON#2"), 60, ["02-08 01:00 - 02-08 02:00"]),
        (
            cron("0 1 13 * FRI"),
            16,
            [
                "01-01 01:00 - 01-01 02:00",
                "01-08 01:00 - 01-08 02:00",
                "01-13 01:00 - 01-13 02:00",
                "01-15 01:00 - 01-15 02:00",
            ],
        ),
        (cron("0,20,40 1 1 1 *", "20m"), 5, ["01-01 01:00 - 01-01 02:00"]),
        (
            cron("0,20,40 1 1 1 *", "19m"),
            5,
            ["01-01 01:00 - 01-01 01:19", "01-01 01:20 - 01-01 01:39", "01-01 01:40 - 01-01 01:59"],
        ),
        (cron("*/30 * 1-2 1 *", "30m"), 5, ["01-01 00:00 - 01-03 00:00"]),
    ],
)
def test_cron(window, length, expected):
    assert openings(window, "2027-01-01", length) == expected


def test_cron_by_the_clock_rule_when_the_clock_is_set():
    every_half_hour = cron("0,30 1-4 * * *", "10m", PARIS)
    # 02:00 and 02:30 do not occur, so both mean 03:00.
    assert openings(every_half_hour, "2027-03-28", 1)[:4] == [
        "03-28 00:00 - 03-28 00:10",
        "03-28 00:30 - 03-28 00:40",
        "03-28 01:00 - 03-28 01:10",
        "03-28 01:30 - 03-28 01:40",
    ]
    # 02:00 and 02:30 occur twice, and mean the first time.
    assert openings(every_half_hour, "2027-10-30T22:30", 1)[:6] == [
        "10-30 23:00 - 10-30 23:10",
        "10-30 23:30 - 10-30 23:40",
        "10-31 00:00 - 10-31 00:10",
        "10-31 00:30 - 10-31 00:40",
        "10-31 02:00 - 10-31 02:10",
        "10-31 02:30 - 10-31 02:40",
    ]


def test_a_chain_of_cron_starts_breaks_where_the_clock_is_set():
    """From 01:00 to 05:00 without a break, but an hour is missing when the clock is set back."""
    chain = cron("0,30 1-4 * * *", "30m", PARIS)
    assert openings(chain, "2027-10-29T12:00", 1) == ["10-29 23:00 - 10-30 03:00"]
    assert openings(chain, "2027-10-30T12:00", 1) == ["10-30 23:00 - 10-31 01:00", "10-31 02:00 - 10-31 04:00"]
    assert openings(chain, "2027-03-28", 1)[:1] == ["03-28 00:00 - 03-28 03:00"]


@pytest.mark.parametrize("duration", ["2m", "5m", "10m"])
def test_a_dense_rule_does_not_stall(duration):
    began = time.process_time()
    found = status(cron("*/5 * * * *", duration), "2026-11-23T00:01")
    assert found.open
    assert (found.closes_at is None) is (duration != "2m")
    assert found.next_opening == (utc("2026-11-23T00:05") if duration == "2m" else None)
    assert time.process_time() - began < 3


def test_a_dense_rule_that_is_never_long_enough_does_not_stall():
    began = time.process_time()
    found = status(cron("* * * * *", "30s"), "2026-11-23T00:01", min_remaining=timedelta(hours=1))
    assert (found.reason, found.next_opening) == ("too_little_left", None)
    assert time.process_time() - began < 5


# One opening

NAIVE = datetime(2027, 3, 28, 1)  # noqa: DTZ001  as YAML reads it


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"from": "2027-03-28T01:30", "to": "2027-03-28T04:00", "timezone": PARIS}, "03-28 00:30 - 03-28 02:00"),
        ({"from": "2027-03-28T01:30:15", "duration": "2h", "timezone": PARIS}, "03-28 00:30 - 03-28 02:30"),
        ({"from": "2027-03-28", "to": "2027-03-29", "timezone": PARIS}, "03-27 23:00 - 03-28 22:00"),
        ({"from": "2027-10-31 02:30+01:00", "to": "2027-10-31T03:00Z"}, "10-31 01:30 - 10-31 03:00"),
        ({"from": "2027-10-31T02:30+01", "duration": "PT1H", "timezone": PARIS}, "10-31 01:30 - 10-31 02:30"),
        ({"from": "2027-10-31T02:30", "to": "2027-10-31T02:15+0100", "timezone": PARIS}, "10-31 00:30 - 10-31 01:15"),
        ({"from": NAIVE, "to": NAIVE + timedelta(hours=1), "timezone": "UTC"}, "03-28 01:00 - 03-28 02:00"),
        ({"from": NAIVE.replace(tzinfo=timezone.utc), "duration": "1h"}, "03-28 01:00 - 03-28 02:00"),
    ],
)
def test_one_opening(window, expected):
    assert openings(window, "2027-01-01", 365) == [expected]


@pytest.mark.parametrize(
    ("window", "zone", "local"),
    [
        ({"from": "2027-01-05T01:00Z", "duration": "1h"}, "UTC", "2027-01-05T01:00:00+00:00"),
        ({"from": "2027-01-05T01:00+01:00", "duration": "1h"}, "UTC+01:00", "2027-01-05T01:00:00+01:00"),
        ({"from": "2027-01-05T01:00Z", "duration": "1h", "timezone": PARIS}, PARIS, "2027-01-05T02:00:00+01:00"),
    ],
)
def test_an_offset_says_the_instant_and_a_zone_how_it_is_shown(window, zone, local):
    result = status(window, "2027-01-01T00:00").as_result()
    assert (result["timezone"], result["next_opening_local"]) == (zone, local)


# The zone of a device

AT_NIGHT = {"name": "night", "timezone": "device", "start": "01:00", "end": "05:00"}


def test_each_device_has_its_own_night():
    assert openings(AT_NIGHT, "2027-01-01", 1, zone="Asia/Tokyo") == ["01-01 16:00 - 01-01 20:00"]
    assert openings(AT_NIGHT, "2027-01-01", 1, zone="America/New_York") == ["01-01 06:00 - 01-01 10:00"]


def test_a_blackout_may_be_the_device_s_too():
    always = {"timezone": "UTC", "start": "00:00", "end": "24:00"}
    found = openings(always, "2027-01-01T12:00", 1, [{**AT_NIGHT, "start": "02:00"}], zone="Asia/Tokyo")
    assert found == ["01-01 20:00 - 01-02 17:00"]


@pytest.mark.parametrize("blackouts", [[], [AT_NIGHT]])
def test_the_zone_of_the_device_must_be_given(blackouts):
    windows = [{"timezone": "UTC", "start": "00:00", "end": "24:00"}] if blackouts else [AT_NIGHT]
    with pytest.raises(InvalidInput, match="night takes the timezone of a device"):
        status(windows, "2027-01-01T00:00", blackouts)


def test_the_zone_of_the_device_must_exist():
    with pytest.raises(InvalidInput, match="did you mean Europe/Paris"):
        status(AT_NIGHT, "2027-01-01T00:00", zone="europe/paris")
