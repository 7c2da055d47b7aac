# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calendars and schedules as exporters write them: what they mean, and what is refused. A blackout never fails open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.request import (
    WindowRequest,
    devices_without_zone,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.source import Source
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._window.lint import lint
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import calendar, openings, status, utc

ALWAYS = {"name": "always", "timezone": "UTC", "start": "00:00", "end": "24:00"}
PARIS = "Europe/Paris"


def file(*events, head=()):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", *head]
    for at, event in enumerate(events):
        named = any(line.startswith("UID") for line in event)
        lines += ["BEGIN:VEVENT", *([] if named else ["UID:%d" % at]), "DTSTAMP:20260101T000000Z", *event, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def window(*events, timezone=PARIS, **more):
    found = {"name": "site", "calendar": file(*events), "timezone": timezone, **more}
    return {key: value for key, value in found.items() if value is not None}


def is_open(asked, at, zone=None):
    return calendar(asked).status(utc(at), zone=zone).open


def blacked_out(asked, at):
    return not calendar(ALWAYS, [asked]).status(utc(at)).open


def awx(text, duration="1h"):
    return {"name": "site", "rrule": text, "duration": duration}


HOUR = "DURATION:PT1H"
DAILY = "DTSTART;TZID=Europe/Paris:20260110T143000"


@pytest.mark.parametrize(
    ("lines", "at", "expected"),
    [
        ([DAILY, HOUR, "RRULE:FREQ=DAILY;BYHOUR=6;BYMINUTE=0"], "2026-06-01T04:30", True),
        ([DAILY, HOUR, "RRULE:FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=6;BYMINUTE=0"], "2026-06-01T04:30", True),
        ([DAILY, HOUR, "RRULE:FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1;BYHOUR=6;BYMINUTE=0"], "2027-01-01T05:30", True),
        ([DAILY, HOUR, "RRULE:FREQ=DAILY;BYHOUR=6"], "2026-06-01T04:45", True),  # the minute is that of DTSTART
        ([DAILY, HOUR, "RRULE:FREQ=DAILY;BYMINUTE=5"], "2026-06-01T12:06", True),
        # With COUNT, from DTSTART on: 06:00 on the 11th is the first.
        ([DAILY, HOUR, "RRULE:FREQ=DAILY;BYHOUR=6;BYMINUTE=0;COUNT=22"], "2026-02-01T05:30", True),
        ([DAILY, HOUR, "RRULE:FREQ=DAILY;BYHOUR=6;BYMINUTE=0;COUNT=22"], "2026-02-02T05:30", False),
        # The third of the starts of a month, of which there are two a day.
        ([DAILY, HOUR, "RRULE:FREQ=MONTHLY;BYDAY=MO;BYHOUR=6,18;BYMINUTE=0;BYSETPOS=3"], "2026-06-08T04:30", True),
        ([DAILY, HOUR, "RRULE:FREQ=MONTHLY;BYDAY=MO;BYHOUR=6,18;BYMINUTE=0;BYSETPOS=-1"], "2026-06-29T16:30", True),
        # The week without a day means the weekday of DTSTART, a Saturday.
        ([DAILY, HOUR, "RRULE:FREQ=YEARLY;BYWEEKNO=20"], "2026-05-16T12:45", True),
        ([DAILY, HOUR, "RRULE:FREQ=YEARLY;BYWEEKNO=20"], "2026-05-15T12:45", False),
        # Whole days have no hours.
        (["DTSTART;VALUE=DATE:20260110", "RRULE:FREQ=DAILY;BYHOUR=6"], "2026-06-01T12:00", True),
        (["DTSTART;TZID=Europe/Paris;VALUE=DATE:20260110", "DTEND;VALUE=DATE:20260111"], "2026-01-10T22:59", True),
        (["DTSTART;TZID=Europe/Paris;VALUE=DATE:20260110", "DTEND;VALUE=DATE:20260111"], "2026-01-10T23:00", False),
        (["DTSTART;VALUE=DATE:20260110", "DTEND;VALUE=DATE:20260110"], "2026-01-10T12:00", True),
        (["DTSTART;VALUE=DATE:20260110T000000"], "2026-01-10T12:00", True),
        # Exceptions by rule.
        ([DAILY, HOUR, "RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY;BYDAY=MO"], "2026-06-01T12:45", False),
        ([DAILY, HOUR, "RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY;BYDAY=MO"], "2026-06-02T12:45", True),
        # Lengths: days are nominal, hours elapse.
        (["DTSTART;TZID=America/Chicago:20241029T090000", "DURATION:P7D"], "2024-11-05T14:59", True),
        (["DTSTART;TZID=America/Chicago:20241029T090000", "DURATION:P7D"], "2024-11-05T15:00", False),
        (["DTSTART;TZID=America/Chicago:20241029T090000", "DURATION:P1W"], "2024-11-05T14:59", True),
        (["DTSTART;TZID=Europe/Paris:20261024T120000", "DURATION:P1D"], "2026-10-25T10:59", True),
        (["DTSTART;TZID=Europe/Paris:20261024T120000", "DURATION:PT24H"], "2026-10-25T10:00", False),
        (["DTSTART;TZID=Europe/Paris:20261024T120000", "DURATION:P1DT2H"], "2026-10-25T12:59", True),
        ([DAILY, "DTEND;TZID=Europe/Paris:20260110T153000", "DURATION:PT0S"], "2026-01-10T14:00", True),
        # Additional dates have the kind of the start.
        ([DAILY, HOUR, "RDATE:20260301Z"], "2026-03-01T13:45", True),
        (["DTSTART;VALUE=DATE:20260110", "RDATE:20260301T230000Z"], "2026-03-01T12:00", True),
        # UNTIL of another kind.
        ([DAILY, HOUR, "RRULE:FREQ=DAILY;UNTIL=20260629"], "2026-06-29T12:45", True),
        ([DAILY, HOUR, "RRULE:FREQ=DAILY;UNTIL=20260629"], "2026-06-30T12:45", False),
        # For ever.
        (["DTSTART;VALUE=DATE:20260110", "DTEND;VALUE=DATE:99991231"], "2036-06-01T12:00", True),
        (["DTSTART:20260110T000000", "DTEND:99991231T235959"], "2036-06-01T12:00", True),
        (["DTSTART:00010101T000000", "DTEND:99991231T235959Z"], "2026-06-01T12:00", True),
        (["DTSTART;TZID=Asia/Tokyo:00010101T000000", "DTEND;VALUE=DATE:20270101"], "2026-06-01T12:00", True),
        (["DTSTART:99991231T235959Z", HOUR], "2026-06-01T12:00", False),
        (["DTSTART;VALUE=DATE:99991231"], "2026-06-01T12:00", False),
        ([DAILY, HOUR, "RRULE:FREQ=DAILY;UNTIL=99991231T235959Z", "EXDATE:99991231T235959Z"], "2026-06-01T12:45", True),
        # What was cancelled, in either spelling.
        ([DAILY, HOUR, "STATUS:CANCELED"], "2026-01-10T14:00", False),
        ([DAILY, HOUR, "status:cancelled"], "2026-01-10T14:00", False),
        ([DAILY, HOUR, "STATUS:TENTATIVE"], "2026-01-10T14:00", True),
    ],
)
def test_an_event_is_open(lines, at, expected):
    assert is_open(window(lines), at) is expected
    assert blacked_out(window(lines), at) is expected


EXRULE = [
    "DTSTART;TZID=Europe/Paris:20270104T020000",
    "DTEND;TZID=Europe/Paris:20270104T040000",
    "RRULE:FREQ=WEEKLY",
    "EXRULE:FREQ=WEEKLY;INTERVAL=4",
]


@pytest.mark.parametrize(("day", "expected"), [("01-25", True), ("02-01", False), ("02-08", True), ("03-01", False)])
def test_every_fourth_occurrence_is_excepted(day, expected):
    assert is_open(window(EXRULE), "2027-%sT01:30" % day) is expected


TUESDAYS = "DTSTART;TZID=Europe/Paris:20261201T220000 RRULE:FREQ=WEEKLY;BYDAY=TU EXDATE"


@pytest.mark.parametrize(
    ("exception", "gone"),
    [
        (";VALUE=DATE:20261208", True),
        (":20261208", True),
        (";TZID=Europe/Paris:20261208T220000", True),
        (":20261208T220000", True),
        (":20261208T210000Z", True),
        (";TZID=Asia/Tokyo:20261209T060000", True),
        (";TZID=asia/tokyo:20261209T060000", True),
        (";VALUE=DATE:20261207,20261208", True),
        (":20261208T000000", False),
        (";VALUE=DATE:20261209", False),
    ],
)
def test_an_exception_of_an_awx_schedule(exception, gone):
    assert is_open(awx(TUESDAYS + exception), "2026-12-08T21:30") is not gone
    assert is_open(awx(TUESDAYS + exception), "2026-12-15T21:30")


@pytest.mark.parametrize("zone", ["Europe/London", "Europe/Paris", "America/New_York", "Pacific/Auckland", "UTC"])
@pytest.mark.parametrize(
    "exception",
    [
        "EXDATE;TZID=GMT Standard Time:20260611T000000",
        "EXDATE:20260611T000000Z",
        "EXDATE:20260611T000000",
        "EXDATE:20260611",
        "EXDATE;VALUE=DATE:20260610,20260611",
    ],
)
def test_an_exception_of_whole_days_is_meant_by_its_date(zone, exception):
    asked = window(["DTSTART;VALUE=DATE:20260601", "RRULE:FREQ=DAILY", exception], timezone=zone)
    days = [each[:5] for each in openings({**asked, "timezone": "UTC"}, "2026-06-01", 14)]
    assert days[0] == "06-01"
    found = calendar(asked).status(utc("2026-06-11T12:00"))
    assert found.open is (zone == "Pacific/Auckland")  # there, the 12th has begun
    assert not calendar(asked).status(utc("2026-06-11T11:00")).open


@pytest.mark.parametrize(
    "moved", ["RECURRENCE-ID:20260611T000000Z", "RECURRENCE-ID;TZID=GMT Standard Time:20260611T000000"]
)
def test_a_whole_day_that_was_moved(moved):
    series = ["UID:a", "DTSTART;VALUE=DATE:20260601", "RRULE:FREQ=DAILY;COUNT=11"]
    other = ["UID:a", moved, "DTSTART;VALUE=DATE:20260620"]
    asked = window(series, other, timezone="America/New_York")
    assert not is_open(asked, "2026-06-11T16:00")
    assert is_open(asked, "2026-06-20T16:00")


@pytest.mark.parametrize("exception", ["20270328T003000Z", "20270328T010000Z", "20270328T013000Z"])
def test_an_exception_in_the_skipped_hour(exception):
    """02:30 does not exist on that day, and exporters write it in UTC in three ways."""
    asked = window(["DTSTART;TZID=Europe/Paris:20270301T023000", HOUR, "RRULE:FREQ=DAILY", "EXDATE:" + exception])
    assert not is_open(asked, "2027-03-28T01:15")
    assert is_open(asked, "2027-03-29T00:45")
    assert is_open(asked, "2027-03-27T01:45")


@pytest.mark.parametrize(
    "asked",
    [
        window(["DTSTART;TZID=Europe/Berlin:20270812T140000Z", HOUR]),
        window([DAILY, "DTEND;TZID=Europe/Berlin:20270812T140000Z"]),
        window([DAILY, HOUR, "RRULE:FREQ=DAILY", "EXDATE;TZID=Europe/Berlin:20270812T140000Z"]),
        window([DAILY, HOUR, "RDATE;TZID=Europe/Berlin;VALUE=PERIOD:20270812T140000Z/PT1H"]),
        awx("DTSTART;TZID=Europe/Berlin:20270812T140000Z RRULE:FREQ=DAILY"),
        awx("DTSTART:20270812T140000Z RRULE:FREQ=DAILY EXDATE;TZID=Europe/Berlin:20270812T140000Z"),
    ],
)
def test_two_clocks_are_refused(asked):
    with pytest.raises(InvalidInput, match="says both TZID and Z"):
        calendar(asked)


@pytest.mark.parametrize("zone", ["UTC", "Etc/UTC", "GMT", "utc"])
def test_the_zone_utc_and_z_agree(zone):
    assert is_open(window(["DTSTART;TZID=%s:20270812T140000Z" % zone, HOUR]), "2027-08-12T14:30")
    assert is_open(awx("DTSTART;TZID=%s:20270812T140000Z RRULE:FREQ=DAILY" % zone), "2027-08-13T14:30")


FIRST = ["UID:a", "DTSTART:20270110T090000Z", HOUR]
SECOND = ["UID:a", "DTSTART:20270110T120000Z", HOUR]
SERIES = ["UID:a", "DTSTART:20270110T090000Z", HOUR, "RRULE:FREQ=DAILY"]
MOVED = ["UID:a", "RECURRENCE-ID:20270112T090000Z", HOUR]


@pytest.mark.parametrize(
    ("events", "at", "expected"),
    [
        ([FIRST, [*SECOND, "SEQUENCE:1"]], "2027-01-10T09:30", False),
        ([FIRST, [*SECOND, "SEQUENCE:1"]], "2027-01-10T12:30", True),
        ([[*FIRST, "SEQUENCE:2"], [*SECOND, "SEQUENCE:1"]], "2027-01-10T09:30", True),
        ([[*FIRST, "SEQUENCE:10"], [*SECOND, "SEQUENCE:9"]], "2027-01-10T12:30", False),
        ([FIRST, SECOND], "2027-01-10T09:30", True),
        ([FIRST, SECOND], "2027-01-10T12:30", True),
        ([FIRST, [*FIRST, "SEQUENCE:1", "STATUS:CANCELLED"]], "2027-01-10T09:30", False),
        ([SERIES, [*SERIES, "SEQUENCE:1", "EXDATE:20270112T090000Z"]], "2027-01-12T09:30", False),
        ([SERIES, [*SERIES, "SEQUENCE:1", "EXDATE:20270112T090000Z"]], "2027-01-13T09:30", True),
        (
            [SERIES, [*MOVED, "DTSTART:20270112T120000Z"], [*MOVED, "DTSTART:20270112T150000Z", "SEQUENCE:1"]],
            "2027-01-12T12:30",
            False,
        ),
        (
            [SERIES, [*MOVED, "DTSTART:20270112T120000Z"], [*MOVED, "DTSTART:20270112T150000Z", "SEQUENCE:1"]],
            "2027-01-12T15:30",
            True,
        ),
        ([SERIES, [*MOVED, "DTSTART:20270112T120000Z", "SEQUENCE:3"]], "2027-01-13T09:30", True),
        ([["DTSTART:20270110T090000Z", HOUR, "SEQUENCE:x"]], "2027-01-10T09:30", True),
    ],
)
def test_the_copy_with_the_highest_sequence_counts(events, at, expected):
    assert is_open(window(*events), at) is expected


def test_copies_whose_order_is_not_known_are_refused():
    with pytest.raises(InvalidInput, match="has several copies, and the SEQUENCE 'x'"):
        calendar(window(FIRST, [*SECOND, "SEQUENCE:x"]))


def test_a_file_that_cancels_opens_nothing():
    asked = {"name": "site", "calendar": file(FIRST, head=["METHOD:CANCEL"])}
    assert not is_open(asked, "2027-01-10T09:30")
    assert is_open({"name": "site", "calendar": file(FIRST, head=["METHOD:REQUEST"])}, "2027-01-10T09:30")


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Asia/Tokyo", "UTC", "Pacific/Honolulu"])
@pytest.mark.parametrize(
    "until",
    ["20261019T230000Z", "20261020T040000Z", "20261019T150000Z", "20261020T000000Z", "20261020T225959Z", "20261020"],
)
def test_whole_days_until_the_midnight_of_the_exporter(zone, until):
    """Of London, New York, Tokyo and UTC; and the last second of the day in London."""
    asked = window(["DTSTART;VALUE=DATE:20261001", "RRULE:FREQ=DAILY;UNTIL=" + until], timezone=zone)
    inside = calendar(asked)
    noon = {"Asia/Tokyo": "T03:00", "America/New_York": "T16:00", "Pacific/Honolulu": "T22:00"}.get(zone, "T12:00")
    assert inside.status(utc("2026-10-20" + noon)).open
    assert not inside.status(utc("2026-10-21" + noon)).open
    assert ("2026-10-20, the last day" in " ".join(inside.windows[0].notes)) is (until != "20261020")


def test_whole_days_until_a_midnight_far_east():
    asked = window(
        ["DTSTART;VALUE=DATE:20270101", "RRULE:FREQ=DAILY;UNTIL=20270119T110000Z"], timezone="Pacific/Auckland"
    )
    assert is_open(asked, "2027-01-20T00:00")
    assert not is_open(asked, "2027-01-21T00:00")


def test_a_date_as_until_is_said_in_a_note():
    found = status(ALWAYS, "2027-06-01T12:00", [window([DAILY, HOUR, "RRULE:FREQ=DAILY;UNTIL=20270629"])])
    assert any("UNTIL=20270629 has no time: that day is included" in note for note in found.notes)


PERIOD = "RDATE;VALUE=PERIOD:20270111T080000/PT2H"


@pytest.mark.parametrize(
    ("lines", "zone", "expected"),
    [
        (["DTSTART;TZID=Asia/Tokyo:20270110T090000", HOUR, PERIOD], PARIS, ["01-10 00:00", "01-10 23:00"]),
        (["DTSTART;TZID=Asia/Tokyo:20270110T090000", HOUR, PERIOD, "EXDATE:20270111T080000"], PARIS, ["01-10 00:00"]),
        (["DTSTART;TZID=Asia/Tokyo:20270110T090000", HOUR, PERIOD, "EXDATE:20270110T230000Z"], PARIS, ["01-10 00:00"]),
        (
            ["DTSTART;TZID=Asia/Tokyo:20270110T090000", HOUR, PERIOD, "EXDATE;VALUE=DATE:20270111"],
            PARIS,
            ["01-10 00:00"],
        ),
        (
            [
                "DTSTART;TZID=Asia/Tokyo:20270110T090000",
                HOUR,
                "RDATE;VALUE=PERIOD:20270110T230000Z/20270111T000000Z",
                "EXDATE:20270111T080000",
            ],
            PARIS,
            ["01-10 00:00"],
        ),
        ([PERIOD, "DTSTART:20270110T090000", HOUR], PARIS, ["01-10 08:00", "01-11 07:00"]),
    ],
)
def test_an_additional_period(lines, zone, expected):
    assert [each[:11] for each in openings(window(lines, timezone=zone), "2027-01-09", 30)] == expected


def test_a_period_that_was_moved():
    series = ["UID:a", "DTSTART;TZID=Asia/Tokyo:20270110T090000", HOUR, PERIOD]
    moved = ["UID:a", "RECURRENCE-ID;TZID=Asia/Tokyo:20270111T080000", "DTSTART:20270120T000000Z", HOUR]
    assert [each[:11] for each in openings(window(series, moved), "2027-01-09", 30)] == ["01-10 00:00", "01-20 00:00"]


BUSY = ["BEGIN:VFREEBUSY", "UID:f", "FREEBUSY;FBTYPE=BUSY:20270111T080000Z/20270111T160000Z", "END:VFREEBUSY"]


def text(*lines):
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""])


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["BEGIN:VTODO", "UID:t", "DUE:20270111T080000Z", "END:VTODO"],
        ["BEGIN:VJOURNAL", "DTSTART:20270111T080000Z", "END:VJOURNAL"],
        ["X-WR-CALNAME:empty"],
    ],
)
def test_a_blackout_without_events_is_refused(lines):
    with pytest.raises(InvalidInput, match=r"blackouts\[0\] 'site': calendar has no event"):
        calendar(ALWAYS, [{"name": "site", "timezone": "UTC", "calendar": text(*lines)}])
    assert calendar({"name": "site", "timezone": "UTC", "calendar": text(*lines)}).windows  # it just never opens


def test_busy_time_is_a_blackout():
    asked = {"name": "site", "timezone": "UTC", "calendar": text(*BUSY)}
    assert blacked_out(asked, "2027-01-11T10:00")
    assert not blacked_out(asked, "2027-01-11T16:00")
    free = [line.replace("BUSY:", "FREE:") for line in BUSY]
    assert not blacked_out({**asked, "calendar": text(*free)}, "2027-01-11T10:00")


@pytest.mark.parametrize(
    "line",
    [
        "DTSTART:083000",
        "DTSTART;VALUE=TIME:083000",
        "DTSTART;VALUE=PERIOD:20270110T090000Z/PT1H",
        "DTSTART:PT1H",
        "DTSTART;VALUE=DATE:20270110T093000",
        "DTSTART;VALUE=DATE-TIME:20270110",
        "DTSTART;TZID:20270110T090000",
        "DTSTART:20270110T090000Z,20270111T090000Z",
        "DTSTART 20270110T090000Z",
        "DTSTART:00000101T000000",
    ],
)
def test_a_broken_start_is_refused(line):
    _refused([line, HOUR], "DTSTART")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("DTEND;VALUE=PERIOD:20270110T090000Z/PT1H", "DTEND"),
        ("DTEND;VALUE=DURATION:PT1H", "DTEND"),
        ("DTEND:PT1H", "DTEND"),
        ("DURATION:20240101T000000Z", "DURATION"),
        ("DURATION:P", "DURATION"),
        ("DURATION:PT", "DURATION"),
        ("DURATION:P1Y", "DURATION"),
        ("DURATION:1H", "DURATION"),
        ("DURATION:P99999999D", "DURATION"),
        ("DURATION:P999999999W", "DURATION"),
        ("DURATION:P99999999999999999999D", "DURATION"),
        ("RDATE;VALUE=TIME:083000", "RDATE"),
        ("RDATE:PT1H", "RDATE"),
        ("RDATE;VALUE=PERIOD:20270110T090000Z", "RDATE"),
        ("RDATE;VALUE=PERIOD:20270110/PT1H", "RDATE"),
        ("RDATE;VALUE=PERIOD:20270111T080000Z/20270111T080000Z", "RDATE"),
        ("EXDATE;VALUE=PERIOD:20270110T090000Z/PT1H", "EXDATE"),
        ("EXDATE:yesterday", "EXDATE"),
        ("EXDATE:", "EXDATE"),
        ("RRULE FREQ=DAILY", "RRULE"),
        ("RRULE:FREQ=DAILY;COUNT=1;BYHOUR=24", "BYHOUR"),
        ("RRULE:FREQ=DAILY;BYDAY=MO\\nRRULE:FREQ=DAILY", "BYDAY"),
        ("EXRULE:FREQ=HOURLY", "FREQ=HOURLY"),
        ("RECURRENCE-ID:PT1H", "RECURRENCE-ID"),
        ("STATUS CANCELLED", "STATUS"),
    ],
)
def test_a_broken_line_that_says_when_is_refused(line, name):
    _refused(["DTSTART:20270110T090000Z", line, *([] if name in ("DTEND", "DURATION") else [HOUR])], name)


def _refused(lines, name):
    for windows, blackouts in (([window(lines, timezone="UTC")], []), ([ALWAYS], [window(lines, timezone="UTC")])):
        with pytest.raises(InvalidInput) as refused:
            read_windows(windows, blackouts)
        assert "'site': event '0'" in refused.value.msg
        assert name in refused.value.msg


@pytest.mark.parametrize(
    "rrule",
    [
        "DTSTART:99991231T235959Z RRULE:FREQ=DAILY",
        "DTSTART:00010101T000000Z RRULE:FREQ=DAILY;UNTIL=99991231T235959Z",
        "DTSTART;TZID=Asia/Tokyo:00010101T000000 RRULE:FREQ=YEARLY EXDATE:99991231T235959Z",
        "DTSTART;TZID=America/New_York:99991231T235959 RRULE:FREQ=MONTHLY",
        "DTSTART;TZID=America/New_York:20270101T235959 RRULE:FREQ=MONTHLY EXDATE:00010101T000000Z",
    ],
)
def test_the_edges_of_time_in_a_schedule(rrule):
    assert calendar(awx(rrule)).status(utc("2027-01-01T00:00")).reason in ("open", "outside")


@pytest.mark.parametrize(
    "rrule",
    ["DTSTART:083000 RRULE:FREQ=DAILY", "DTSTART;VALUE=TIME:083000 RRULE:FREQ=DAILY", "DTSTART:PT1H RRULE:FREQ=DAILY"],
)
def test_no_time_in_a_schedule(rrule):
    with pytest.raises(InvalidInput, match=r"windows\[0\] 'site' has a broken DTSTART"):
        calendar(awx(rrule))


GOOD = ["DTSTART:20270110T090000Z", HOUR]


@pytest.mark.parametrize(
    "line",
    [
        "CREATED:yesterday",
        "LAST-MODIFIED:20261301T000000Z",
        "DTSTAMP:now",
        "GEO:nowhere",
        "PRIORITY:high",
        "ATTENDEE",
        "ATTENDEE;X=:::",
        "ATTACH;ENCODING=BASE64:###",
        "a line that went on without a space",
        ":no name",
        "=3D",
        'X-WINDOW;A="b:c:d',
        "RRULE:",
        "URL:http://example.com/a:b;c",
    ],
)
def test_what_carries_no_time_is_ignored(line):
    assert is_open(window([*GOOD, line]), "2027-01-10T09:30")
    assert blacked_out(window([*GOOD, line]), "2027-01-10T09:30")


@pytest.mark.parametrize(
    "part",
    [
        ["BEGIN:VALARM", "TRIGGER;VALUE=DATE-TIME:nonsense", "DURATION:never", "END:VALARM"],
        ["BEGIN:VALARM", "broken", "DTSTART broken", "END:VALARM"],
    ],
)
def test_a_broken_part_of_an_event_is_ignored(part):
    assert is_open(window([*GOOD, *part]), "2027-01-10T09:30")


def test_a_broken_task_beside_the_event_is_ignored():
    lines = file(GOOD).replace("BEGIN:VEVENT", "BEGIN:VTODO\r\nDUE:soon\r\nDTSTART oops\r\nEND:VTODO\r\nBEGIN:VEVENT")
    assert is_open({"name": "site", "calendar": lines}, "2027-01-10T09:30")


@pytest.mark.parametrize(
    "lines",
    [
        [DAILY],
        [DAILY, "DTEND;TZID=Europe/Paris:20260110T143000"],
        [DAILY, "DURATION:PT0S"],
        [DAILY, "RRULE:FREQ=DAILY"],
    ],
)
def test_an_event_without_length_is_left_out_with_a_note(lines):
    found = calendar(window(lines, GOOD)).status(utc("2027-01-10T09:30"))
    assert found.open
    assert any("event '0' has no length and is left out" in note for note in found.notes)


def test_an_empty_rule_is_left_out_with_a_note():
    found = calendar(window([*GOOD, "RRULE:"])).status(utc("2027-01-10T09:30"))
    assert "windows[0] 'site': event '0' has an empty RRULE, which is left out." in found.notes


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("BEGIN:", "begin:"),
        lambda text: text.lower().replace("t09", "T09").replace("z\r", "Z\r"),
        lambda text: text.replace("\r\n", "\n"),
        lambda text: text.replace("\r\n", "\r"),
        lambda text: "\n\n" + text,
        lambda text: text[text.index("BEGIN:VEVENT") : text.index("END:VCALENDAR")],
        lambda text: text.replace("DTSTART:2027", "DTSTART:\r\n 2027"),
    ],
)
def test_ways_to_write_the_same_text(change):
    asked = {"name": "site", "calendar": change(file(GOOD))}
    assert is_open(asked, "2027-01-10T09:30")
    assert not is_open(asked, "2027-01-10T10:30")


@pytest.mark.parametrize(
    ("broken", "problem"),
    [
        (file(GOOD)[: -len("END:VCALENDAR")], "is not closed"),
        (file(GOOD)[: file(GOOD).index("END:VEVENT")], "VEVENT is not closed"),
        (file(GOOD)[: file(GOOD).index("VENT\r\nEND:VCAL")], "line 8 is END:V"),
        (file(GOOD).replace("END:VEVENT", "END:VTODO"), "where VEVENT is open"),
        (file(GOOD) + "END:\r\n", "where nothing is open"),
        (
            file(GOOD)
            .replace("BEGIN:VEVENT", "BEGIN:VTODO\r\nBEGIN:VEVENT")
            .replace("END:VEVENT", "END:VEVENT\r\nEND:VTODO"),
            "stands within a VTODO",
        ),
        ("BEGIN:VCALENDAR\r\nBEGIN VEVENT\r\nEND:VCALENDAR\r\n", "is no property"),
        ("an event\non two lines", "no text that begins with BEGIN:VCALENDAR"),
    ],
)
def test_a_text_that_is_cut_or_confused_is_refused(broken, problem):
    with pytest.raises(InvalidInput, match=problem):
        calendar(ALWAYS, [{"name": "site", "calendar": broken}])


# Zones

VTIMEZONE = """BEGIN:VTIMEZONE
TZID:%s
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT"""


def custom(tzid, defined=None, vtimezone=VTIMEZONE):
    lines = file(["DTSTART;TZID=%s:20270710T090000" % tzid, HOUR])
    return {"name": "site", "calendar": lines.replace("BEGIN:VEVENT", vtimezone % (defined or tzid.strip('"')), 1)}


@pytest.mark.parametrize(
    ("tzid", "hour"),
    [
        ("/Europe/Berlin", 7),
        ("/mozilla.org/20050126_1/Europe/Berlin", 7),
        ("/mozilla.org/20050126_1/EUROPE/berlin", 7),
        ("/softwarestudio.org/Olson_20011030_5/America/Argentina/Buenos_Aires", 12),
        ("Europe/lisbon", 8),
        ("EUROPE/LISBON", 8),
        ('"W. Europe Standard Time"', 7),
        ("w. europe standard time", 7),
    ],
)
def test_names_of_zones(tzid, hour):
    asked = window(["DTSTART;TZID=%s:20270710T090000" % tzid, HOUR])
    assert openings(asked, "2027-07-01", 30) == ["07-10 %02d:00 - 07-10 %02d:00" % (hour, hour + 1)]


@pytest.mark.parametrize(
    "tzid",
    [
        "Customized Time Zone",
        '"Customized Time Zone"',
        "(UTC+01:00) Amsterdam, Berlin, Bern, Rom",
        '"(UTC+01:00) Amsterdam, Berlin, Bern, Rom"',
        "tzone://Microsoft/Custom",
    ],
)
def test_a_zone_of_the_file(tzid):
    assert openings(custom(tzid), "2027-07-01", 30) == ["07-10 07:00 - 07-10 08:00"]


@pytest.mark.parametrize(
    "vtimezone",
    [
        VTIMEZONE.replace("-1SU;BYMONTH=10", "1SU;BYMONTH=11"),  # as no IANA zone has it
        VTIMEZONE.replace("+0200", "+0217"),
        VTIMEZONE.replace("RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "RRULE:FREQ=HOURLY"),
        VTIMEZONE.replace("TZOFFSETTO:+0100", "TZOFFSETTO:one"),
        VTIMEZONE.replace("DTSTART:16010101T0", "DTSTART:20300101T0"),
        VTIMEZONE.replace("DTSTART:16010101T0", "X-START:16010101T0"),
    ],
)
def test_a_zone_of_the_file_that_is_no_iana_zone(vtimezone):
    asked = custom("Customized Time Zone", vtimezone=vtimezone)
    with pytest.raises(InvalidInput) as refused:
        calendar(asked)
    assert "Customized Time Zone" in refused.value.msg
    asked["zones"] = {"Customized Time Zone": "Europe/Berlin"}
    assert openings(asked, "2027-07-01", 30) == ["07-10 07:00 - 07-10 08:00"]


def test_a_zone_of_the_file_that_has_always_been():
    ever = VTIMEZONE.replace("DTSTART:1601", "DTSTART:0001").replace("TZOFFSETFROM:+0200", "TZOFFSETFROM:+0400")
    asked = custom("Customized Time Zone", vtimezone=ever)
    with pytest.raises(InvalidInput, match="zones"):  # no zone of the world; but no edge of time either
        calendar(asked)


@pytest.mark.parametrize("zones", ["Europe/Berlin", [], {"a": "Europe/Pari"}])
def test_a_map_of_zones_that_is_none(zones):
    with pytest.raises(InvalidInput, match=r"windows\[0\] 'site'.*zones"):
        calendar({**custom("a"), "zones": zones})


def test_windows_names_of_zones():
    asked = {"timezone": "W. Europe Standard Time", "start": "09:00", "duration": "1h"}
    assert openings(asked, "2027-07-10", 1) == ["07-10 07:00 - 07-10 08:00"]


@pytest.mark.parametrize("zone", ["CEST", "UTC+1", "GMT+1", "PDT"])
def test_no_other_clock_is_proposed(zone):
    with pytest.raises(InvalidInput) as refused:
        calendar({**ALWAYS, "timezone": zone})
    assert "did you mean" not in refused.value.msg


def test_the_table_of_windows_zones_is_that_of_the_library():
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.windows_zones import WINDOWS_ZONES

    assert {name.lower(): zone for name, zone in WINDOWS_TO_OLSON.items()} == WINDOWS_ZONES


# Calendars in files


def test_a_relative_path_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.ics").write_text(file(GOOD))
    with pytest.raises(InvalidInput) as refused:
        calendar({"name": "site", "calendar": "site.ics"})
    for part in (
        "windows[0] 'site'",
        "relative path site.ics",
        str(tmp_path / "site.ics"),
        "{{ playbook_dir }}/site.ics",
    ):
        assert part in refused.value.msg


def test_the_path_that_was_tried_is_named(tmp_path):
    with pytest.raises(InvalidInput) as refused:
        calendar({"name": "site", "calendar": str(tmp_path / "none.ics")})
    assert "%s (No such file or directory)" % (tmp_path / "none.ics") in refused.value.msg


def test_the_files_that_decide(tmp_path):
    one, other = tmp_path / "b.ics", tmp_path / "a.ics"
    one.write_text(file(GOOD))
    other.write_text(file(GOOD))
    holidays = {"name": "holidays", "calendar": str(one)}
    asked = calendar([{"calendar": str(other)}, ALWAYS], [holidays])
    assert [path for path, _digest in asked.sources] == [str(other), str(one)]
    assert len({digest for _path, digest in asked.sources}) == 1
    one.write_text(file(GOOD, FIRST))
    assert calendar(ALWAYS, [holidays]).sources != calendar(ALWAYS, [{**holidays, "calendar": str(other)}]).sources
    assert calendar(ALWAYS).sources == []
    assert hash(tuple(asked.sources))


# Other forms


@pytest.mark.parametrize(
    ("cron", "same"),
    [
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
        ("@weekly", "0 0 * * SUN"),
        ("@monthly", "0 0 1 * *"),
        ("@Yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("0 22 ? * MON-FRI", "0 22 * * MON-FRI"),
        ("0 22 15 * ?", "0 22 15 * *"),
        ("0 22 * * FRI-MON", "0 22 * * FRI,SAT,SUN,MON"),
        ("0 22 * * fri-sun", "0 22 * * FRI,SAT,SUN"),
        ("0 22 * * 5-1/2", "0 22 * * FRI,SUN"),
        ("0 22-2 * * *", "0 22,23,0,1,2 * * *"),
        ("0 22-2/2 * * *", "0 22,0,2 * * *"),
        ("50-10/10 4 * * *", "50,0,10 4 * * *"),
        ("0 4 28-2 * *", "0 4 28,29,30,31,1,2 * *"),
        ("0 4 1 NOV-FEB *", "0 4 1 11,12,1,2 *"),
        ("0 4 * * 5-7", "0 4 * * FRI,SAT,SUN"),
    ],
)
def test_cron_as_other_schedulers_write_it(cron, same):
    mine, other = ({"timezone": "UTC", "cron": one, "duration": "5m"} for one in (cron, same))
    assert openings(mine, "2027-01-01", 60) == openings(other, "2027-01-01", 60) != []


@pytest.mark.parametrize(
    ("cron", "problem"),
    [
        ("0 22 ? * 2-6", "Say the days by name"),
        ("0 12 * * ? *", "Leave out the seconds and years"),
        ("@reboot", "or one of @hourly"),
        ("0 22 * * MON#2/2", "cannot be used"),
        ("0 22 * * " + "1" * 5000, "cannot be used"),
        ("0 22-2/0 * * *", "cannot be used"),
    ],
)
def test_cron_that_could_mean_another_day_is_refused(cron, problem):
    with pytest.raises(InvalidInput, match=problem):
        calendar({"timezone": "UTC", "cron": cron, "duration": "5m"})


@pytest.mark.parametrize(
    ("days", "start", "end", "expected"),
    [
        ("fri", "18:00", "sun 18:00", ["03-26 17:00 - 03-28 16:00"]),  # 47 hours: the clock is set forward
        ("fri", "18:00", "Sunday 24:00", ["03-26 17:00 - 03-28 22:00"]),
        ("fri", "18:00", "fri 20:00", ["03-26 17:00 - 03-26 19:00"]),
        ("thu,fri", "18:00", "sat 02:00", ["03-25 17:00 - 03-27 01:00"]),
    ],
)
def test_until_another_day_by_the_clock(days, start, end, expected):
    asked = {"timezone": PARIS, "days": days, "start": start, "end": end}
    assert openings(asked, "2027-03-23", 6) == expected


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"end": "weekend 18:00"}, "end on several days"),
        ({"end": "someday 18:00"}, "the day 'someday'"),
        ({"end": "sun 25:00"}, "end is '25:00'"),
        ({"end": "sun 18:00", "duration": "2h"}, "both end and duration"),
    ],
)
def test_an_end_on_another_day_is_refused(changes, problem):
    with pytest.raises(InvalidInput, match=problem):
        calendar({"name": "w", "timezone": PARIS, "days": "fri", "start": "18:00", **changes})


def test_a_freeze_every_year():
    freeze = {"timezone": PARIS, "rrule": "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=20", "start": "00:00", "duration": "15d"}
    assert openings(freeze, "2026-12-01", 400) == ["12-19 23:00 - 01-03 23:00", "12-19 23:00 - 01-03 23:00"]


def test_a_rule_with_a_week_and_no_day_needs_a_first_day():
    rule = {"timezone": "UTC", "rrule": "FREQ=YEARLY;BYWEEKNO=20", "start": "01:00", "duration": "1h"}
    with pytest.raises(InvalidInput, match="BYWEEKNO without BYDAY, which depends on the first day"):
        calendar(rule)
    assert [each[:5] for each in openings({**rule, "from": "2027-01-06"}, "2027-01-01", 300)] == ["05-19"]


def test_a_blackout_to_its_own_first_day_says_how_to_include_it():
    with pytest.raises(InvalidInput, match="to include the 26th say 2026-12-27"):
        calendar(ALWAYS, [{"name": "b", "timezone": "UTC", "from": "2026-12-26", "to": "2026-12-26"}])


@pytest.mark.parametrize(("start", "part"), [("1800", "DTSTART in the year 1800; accepted: from 1900 on")])
def test_a_count_from_long_ago_is_refused(start, part):
    with pytest.raises(InvalidInput, match=part):
        calendar(awx("DTSTART:%s0101T000000Z RRULE:FREQ=DAILY;COUNT=999999" % start))


def test_too_many_starts_a_day_are_refused():
    every = ",".join(map(str, range(60)))
    with pytest.raises(InvalidInput, match="more than 1440 times a day"):
        calendar(awx("DTSTART:20270101T000000Z RRULE:FREQ=DAILY;BYMINUTE=%s;BYSECOND=%s" % (every, every)))


@pytest.mark.parametrize("count", [1, 7, 31, 32, 366, 1000])
def test_a_count_is_exact(count):
    asked = calendar(awx("DTSTART:20200115T100000Z RRULE:FREQ=DAILY;BYHOUR=9,10;COUNT=%d" % count))
    # The first day has one start, and each other day two.
    last = (
        utc("2020-01-15T10:00") if count == 1 else utc("2020-01-15T09:00") + timedelta(days=count // 2, hours=count % 2)
    )
    assert asked.status(last).open
    assert asked.status(last).next_opening is None


# Devices


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ({**ALWAYS, "timezone": "device"}, ["devices[1] kiosk-2", "devices[2] d-3", "devices[3]"]),
        (ALWAYS, []),
    ],
)
def test_devices_without_a_zone_are_all_named(windows, expected):
    devices = [{"name": "kiosk-1", "timezone": PARIS}, {"name": "kiosk-2"}, {"device_uuid": "d-3", "timezone": ""}, {}]
    assert devices_without_zone(calendar(windows), devices) == expected
    assert devices_without_zone(calendar(ALWAYS, [windows]), devices) == expected
    if expected:
        with pytest.raises(
            InvalidInput, match=r"devices\[1\] kiosk-2, devices\[2\] d-3, devices\[3\] have no timezone"
        ):
            WindowRequest.read({"windows": [windows], "devices": devices})


# What a search costs


def _dense():
    every_hour, every_minute = ",".join(map(str, range(24))), ",".join(map(str, range(60)))
    crons = [
        {"name": name, "timezone": PARIS, "cron": minutes + " * * * *", "duration": "1m"}
        for name, minutes in (("even", "*/2"), ("odd", "1-59/2"))
    ]
    seconds = [divmod(at * 288, 3600) for at in range(300)]
    starts = ["%02d%02d%02d" % (hour, rest // 60, rest % 60) for hour, rest in seconds]
    events = [["DTSTART:20260101T%sZ" % at, "DURATION:PT288S", "RRULE:FREQ=DAILY"] for at in starts]
    rule = "DTSTART:20260101T000000Z RRULE:FREQ=DAILY;BYHOUR=%s;BYMINUTE=%s" % (every_hour, every_minute)
    return [crons, [window(*events)], [awx(rule, "1m")]]


@pytest.mark.parametrize("given", _dense(), ids=["crons", "events", "rule"])
def test_a_search_that_finds_no_end_is_bounded(given, monkeypatch):
    """By the number of occurrences that it makes, whatever the machine."""
    made = []
    span = Source._span
    monkeypatch.setattr(Source, "_span", lambda *of: made.append(1) or span(*of))
    found = calendar(given).status(utc("2026-11-23T12:07"))
    assert found.open
    assert any("nothing later was searched" in note for note in found.notes)
    shut = calendar(ALWAYS, given).status(utc("2026-11-23T12:07"))
    assert (shut.reason, shut.next_opening) == ("blackout", None)
    assert any("No further opening was found up to 20" in note for note in shut.notes)
    lint(calendar(ALWAYS, given), utc("2026-11-23T12:07"), timedelta(0), 45, None)
    assert len(made) < 600_000
