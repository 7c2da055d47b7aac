# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows from an iCalendar file: recurring, moved, cancelled, all day, in zones of three kinds."""

from __future__ import annotations

from itertools import chain

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import calendar, openings, status, utc

PARIS = "Europe/Paris"


def event(*lines):
    return ["BEGIN:VEVENT", "UID:1", "SUMMARY:Patch night", *lines, "END:VEVENT"]


def file(*events):
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", *chain(*events), "END:VCALENDAR"]
    return "\r\n".join(lines) + "\r\n"


def window(*events, **more):
    return {"name": "site", "calendar": file(*events), **more}


NINE = "DTSTART;TZID=Europe/Paris:20270110T090000"
TEN = "DTEND;TZID=Europe/Paris:20270110T100000"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([NINE, TEN], ["01-10 08:00 - 01-10 09:00"]),
        (["DTSTART:20270110T090000Z", "DTEND:20270110T100000Z"], ["01-10 09:00 - 01-10 10:00"]),
        (["DTSTART:20270110T090000", "DTEND:20270110T100000"], ["01-10 08:00 - 01-10 09:00"]),
        (["DTSTART:20270110T090000", "DURATION:PT90M"], ["01-10 08:00 - 01-10 09:30"]),
        (["DTSTART;VALUE=DATE:20270110"], ["01-09 23:00 - 01-10 23:00"]),
        (["DTSTART;VALUE=DATE:20270110", "DTEND;VALUE=DATE:20270112"], ["01-09 23:00 - 01-11 23:00"]),
        (["DTSTART;VALUE=DATE:20270110", "DURATION:P2D"], ["01-09 23:00 - 01-11 23:00"]),
        # The day on which the clock is set forward has 23 hours, and 24 hours are 24 hours.
        (["DTSTART;VALUE=DATE:20270328"], ["03-27 23:00 - 03-28 22:00"]),
        (["DTSTART;VALUE=DATE:20270328", "DURATION:P1D"], ["03-27 23:00 - 03-28 22:00"]),
        (["DTSTART:20270328T000000", "DURATION:PT24H"], ["03-27 23:00 - 03-28 23:00"]),
        # As Outlook writes it, and with different zones of start and end.
        (
            [
                "DTSTART;TZID=W. Europe Standard Time:20270110T090000",
                "DTEND;TZID=W. Europe Standard Time:20270110T100000",
            ],
            ["01-10 08:00 - 01-10 09:00"],
        ),
        ([NINE, "DTEND;TZID=Asia/Tokyo:20270110T180000"], ["01-10 08:00 - 01-10 09:00"]),
        ([NINE, "DTEND:20270110T100000Z"], ["01-10 08:00 - 01-10 10:00"]),
        # Recurrences
        ([NINE, TEN, "RRULE:FREQ=DAILY;COUNT=2"], ["01-10 08:00 - 01-10 09:00", "01-11 08:00 - 01-11 09:00"]),
        ([NINE, TEN, "RRULE:FREQ=DAILY;UNTIL=20270110T090000Z"], ["01-10 08:00 - 01-10 09:00"]),
        (
            [NINE, TEN, "RRULE:FREQ=DAILY;COUNT=4", "EXDATE;TZID=Europe/Paris:20270111T090000,20270112T090000"],
            ["01-10 08:00 - 01-10 09:00", "01-13 08:00 - 01-13 09:00"],
        ),
        (
            [
                NINE,
                TEN,
                "RRULE:FREQ=DAILY;COUNT=3",
                "EXDATE:20270111T080000Z",
                "EXDATE;TZID=Asia/Tokyo:20270112T170000",
            ],
            ["01-10 08:00 - 01-10 09:00"],
        ),
        (
            [NINE, TEN, "RDATE;TZID=Europe/Paris:20270111T090000", "RDATE:20270112T080000Z"],
            ["01-10 08:00 - 01-10 09:00", "01-11 08:00 - 01-11 09:00", "01-12 08:00 - 01-12 09:00"],
        ),
        (
            [NINE, TEN, "RRULE:FREQ=YEARLY", "RDATE;VALUE=PERIOD:20270111T080000Z/PT2H"],
            ["01-10 08:00 - 01-10 09:00", "01-11 08:00 - 01-11 10:00"],
        ),
        (
            [NINE, TEN, "RDATE;VALUE=PERIOD;TZID=Asia/Tokyo:20270111T180000/20270111T190000"],
            ["01-10 08:00 - 01-10 09:00", "01-11 09:00 - 01-11 10:00"],
        ),
        (
            ["DTSTART;VALUE=DATE:20270110", "RRULE:FREQ=WEEKLY;COUNT=2"],
            ["01-09 23:00 - 01-10 23:00", "01-16 23:00 - 01-17 23:00"],
        ),
        ([NINE, TEN, "STATUS:CONFIRMED"], ["01-10 08:00 - 01-10 09:00"]),
        ([NINE, TEN, "STATUS:CANCELLED"], []),
    ],
)
def test_an_event(lines, expected):
    assert openings(window(event(*lines), timezone=PARIS), "2027-01-01", 120) == expected


def test_occurrences_that_are_moved_or_cancelled():
    series = event(NINE, TEN, "RRULE:FREQ=DAILY;COUNT=4")
    moved = event("RECURRENCE-ID:20270111T080000Z", "DTSTART:20270111T200000Z", "DTEND:20270111T210000Z")
    cancelled = event("RECURRENCE-ID;TZID=Europe/Paris:20270112T090000", NINE, TEN, "STATUS:CANCELLED")
    assert openings(window(moved, series, cancelled), "2027-01-01", 30) == [
        "01-10 08:00 - 01-10 09:00",
        "01-11 20:00 - 01-11 21:00",
        "01-13 08:00 - 01-13 09:00",
    ]


def test_an_exception_of_a_whole_day():
    """That of the event's zone: at 01:00 in Tokyo it is still the day before in UTC."""
    start, end = "DTSTART;TZID=Asia/Tokyo:20270110T010000", "DTEND;TZID=Asia/Tokyo:20270110T020000"
    series = event(start, end, "RRULE:FREQ=DAILY;COUNT=4;BYHOUR=1,13", "EXDATE;VALUE=DATE:20270111")
    assert openings(window(series), "2027-01-01", 30) == [
        "01-09 16:00 - 01-09 17:00",
        "01-10 04:00 - 01-10 05:00",
    ]
    late = event("DTSTART:20270110T230000Z", "DURATION:PT2H", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE;VALUE=DATE:20270111")
    assert openings(window(late), "2027-01-01", 30) == ["01-10 23:00 - 01-11 01:00", "01-12 23:00 - 01-13 01:00"]


def test_an_exception_of_a_whole_day_among_whole_days():
    series = event("DTSTART;VALUE=DATE:20270110", "RRULE:FREQ=DAILY;COUNT=2", "EXDATE;VALUE=DATE:20270110")
    assert openings(window(series, timezone="UTC"), "2027-01-01", 30) == ["01-11 00:00 - 01-12 00:00"]


def test_an_occurrence_that_is_moved_by_its_day():
    series = event(NINE, TEN, "RRULE:FREQ=DAILY;COUNT=3")
    moved = event("RECURRENCE-ID;VALUE=DATE:20270111", "DTSTART:20270111T200000Z", "DTEND:20270111T210000Z")
    assert openings(window(series, moved), "2027-01-01", 30) == [
        "01-10 08:00 - 01-10 09:00",
        "01-11 20:00 - 01-11 21:00",
        "01-12 08:00 - 01-12 09:00",
    ]


def test_another_series_is_left_alone():
    other = [line.replace("UID:1", "UID:2") for line in event(NINE, TEN, "RRULE:FREQ=DAILY;COUNT=2")]
    moved = event("RECURRENCE-ID:20270111T080000Z", "DTSTART:20270120T200000Z", "DTEND:20270120T210000Z")
    assert len(openings(window(other, moved), "2027-01-01", 30)) == 3


def test_events_unite_and_may_be_a_blackout():
    always = {"timezone": "UTC", "start": "00:00", "end": "24:00"}
    holidays = window(event("DTSTART;VALUE=DATE:20270110"), event("DTSTART;VALUE=DATE:20270111"), timezone="UTC")
    before = status(always, "2027-01-09T12:00", [holidays])
    assert before.closes_at == utc("2027-01-10T00:00")
    assert before.next_opening == utc("2027-01-12T00:00")


def test_floating_events_may_take_the_zone_of_the_device():
    asked = window(event("DTSTART:20270110T090000", "DTEND:20270110T100000"), timezone="device")
    assert openings(asked, "2027-01-01", 30, zone="Asia/Tokyo") == ["01-10 00:00 - 01-10 01:00"]
    with pytest.raises(InvalidInput, match="site takes the timezone of a device"):
        openings(asked, "2027-01-01", 30)


def test_a_calendar_without_events_never_opens():
    found = status(window(timezone=PARIS), "2027-01-01T00:00")
    assert (found.open, found.next_opening, found.as_result()["timezone"]) == (False, None, "UTC")


def test_a_file_is_read(tmp_path):
    path = tmp_path / "site.ics"
    path.write_bytes(b"\xef\xbb\xbf" + file(event(NINE, TEN, "DESCRIPTION:Zutritt für alle")).encode())
    assert openings({"calendar": str(path)}, "2027-01-01", 30) == ["01-10 08:00 - 01-10 09:00"]


def test_files_are_read_by_whoever_is_asked_to():
    asked = read_windows([{"calendar": "site.ics"}], load={"site.ics": file(event(NINE, TEN))}.__getitem__)
    assert len(asked.windows[0].sources) == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "No such file or directory"), (b"\xff\xfe", "not UTF-8 text"), (b"", "holds no VCALENDAR")],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, content, problem):
    path = tmp_path / "site.ics"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        calendar({"name": "site", "calendar": str(path)})
    assert refused.value.msg.startswith("windows[0] 'site'")
    assert problem in refused.value.msg


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (
            ["DTSTART;TZID=Mars/Olympus:20270110T090000", "DURATION:PT1H"],
            "TZID is 'Mars/Olympus', which is no IANA zone",
        ),
        (["DTSTART:20270110T090000", "DURATION:PT1H"], "has no zone of its own: say the window's timezone"),
        (["DTSTART;VALUE=DATE:20270110"], "has no zone of its own: say the window's timezone"),
        (["DURATION:PT1H"], "has no DTSTART"),
        ([NINE, "DURATION:-PT1H"], "does not end after its start"),
        ([NINE, TEN, "RDATE;VALUE=PERIOD:20270111T080000Z/20270111T080000Z"], "does not end after its start"),
        (["DTSTART:20270231T090000Z", "DURATION:PT1H"], "has a broken DTSTART"),
        ([NINE, NINE, TEN], "has DTSTART twice"),
        ([NINE, TEN, "DURATION:PT3H"], "has both DTEND and DURATION"),
        ([NINE, TEN, "RRULE:FREQ=HOURLY"], "FREQ=HOURLY is not accepted"),
        ([NINE, TEN, "RECURRENCE-ID;RANGE=THISANDFUTURE:20270111T080000Z"], "changes all occurrences from one on"),
    ],
)
def test_an_event_is_refused_with_its_name(lines, problem):
    with pytest.raises(InvalidInput) as refused:
        calendar(window(event(*lines)))
    assert refused.value.msg.startswith("windows[0] 'site': event 'Patch night'")
    assert problem in refused.value.msg


def test_an_event_from_the_zone_of_the_device_to_another_is_refused():
    with pytest.raises(InvalidInput, match="starts and ends in different zones"):
        calendar(window(event("DTSTART:20270110T090000", "DTEND:20270110T100000Z"), timezone="device"))


@pytest.mark.parametrize(
    "text", ["BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\nEND:VEVENT\r\n", "BEGIN:VCALENDAR\r\nnonsense\r\nEND:VCALENDAR\r\n"]
)
def test_what_is_no_calendar_is_refused(text):
    with pytest.raises(InvalidInput, match="site': calendar is not readable as iCalendar"):
        calendar({"name": "site", "calendar": text})
