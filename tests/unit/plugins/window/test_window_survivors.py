# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no other test noticed when python -m tests.mutations.engine broke it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.request import WindowRequest
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.zones import latest_wall, moved
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import (
    calendar,
    openings,
    status,
    utc,
)

NIGHT = {"name": "night", "timezone": "UTC", "start": "22:00", "end": "04:00"}
NOON = {"name": "noon", "timezone": "Europe/Paris", "start": "12:00", "end": "13:00"}
EXPIRED = {"reason": "CVE", "by": "Jane", "until": "2026-11-24T10:00Z", "window": "night"}


@pytest.mark.parametrize(
    "form",
    [
        {"start": "22:00", "end": "04:00"},
        {"cron": "0 22 * * *", "duration": "1h"},
        {"rrule": "FREQ=DAILY", "start": "22:00", "duration": "1h"},
        {"from": "2027-01-01", "to": "2027-01-02"},
    ],
)
def test_calendars_are_values(form):
    one, same, other = (read_windows([{"name": "w", "timezone": "UTC", **more}]) for more in (form, form, NOON))
    assert one == same != other
    assert len({one, same, other}) == 2


def test_a_yearly_rule_knows_january():
    yearly = {"timezone": "UTC", "rrule": "FREQ=YEARLY;BYMONTH=1,12;BYMONTHDAY=31", "start": "01:00", "duration": "1h"}
    assert openings(yearly, "2026-11-01", 130) == ["12-31 01:00 - 12-31 02:00", "01-31 01:00 - 01-31 02:00"]


def test_what_is_skipped_is_noted_also_when_nothing_else_opens():
    once = {"name": "once", "timezone": "Europe/Berlin", "from": "2027-03-28T02:10", "to": "2027-03-28T02:50"}
    found = status([once], "2027-03-01T00:00")
    assert found.next_opening is None
    assert any(note.startswith("once is skipped at 2027-03-28T01:00:00Z") for note in found.notes)


def test_a_change_at_the_close_is_not_within_the_opening():
    night = {"timezone": "Europe/Berlin", "from": "2027-03-28T01:00", "duration": "1h"}
    assert not any("The clock" in note for note in status([night], "2027-03-28T00:30").notes)
    longer = {**night, "duration": "61m"}
    assert any("The clock" in note for note in status([longer], "2027-03-28T00:30").notes)


def test_the_first_of_several_hard_blackouts_is_named():
    hard = [{"name": name, "timezone": "UTC", "start": "00:00", "end": "06:00"} for name in ("ledger", "payroll")]
    notes = status([NIGHT], "2026-11-24T01:00", hard, override={**EXPIRED, "until": "2026-11-24T02:00Z"}).notes
    assert "Override by Jane (CVE) does not open: blackout ledger is hard." in notes


def test_nothing_is_in_force_a_second_before_it_begins():
    shut = {"name": "shut", "timezone": "UTC", "start": "22:00", "end": "23:00"}
    before, at = (status([NIGHT], "2026-11-24T" + time, [shut]) for time in ("21:59:59", "22:00:00"))
    assert (before.reason, before.blackout) == ("outside", None)
    assert (at.reason, at.blackout) == ("blackout", "shut")


def test_weekdays_are_five():
    weekdays = {"timezone": "UTC", "days": "weekdays", "start": "01:00", "duration": "1h"}
    assert [one[:5] for one in openings(weekdays, "2026-11-28", 9)] == ["11-30", "12-01", "12-02", "12-03", "12-04"]


def test_a_weekend_has_two_days():
    weekend = {"timezone": "UTC", "days": "weekend", "start": "01:00", "duration": "1h"}
    assert openings(weekend, "2026-11-23", 7) == ["11-28 01:00 - 11-28 02:00", "11-29 01:00 - 11-29 02:00"]


@pytest.mark.parametrize(
    ("days", "end", "expected"),
    [
        ("sat", "mon 06:00", "11-28 22:00 - 11-30 06:00"),
        ("sun", "sat 06:00", "11-29 22:00 - 12-05 06:00"),
        ("fri", "sun 06:00", "11-27 22:00 - 11-29 06:00"),
        ("fri", "fri 06:00", "11-27 22:00 - 12-04 06:00"),
        ("fri", "fri 23:00", "11-27 22:00 - 11-27 23:00"),
    ],
)
def test_an_end_on_another_day(days, end, expected):
    window = {"timezone": "UTC", "days": days, "start": "22:00", "end": end}
    assert openings(window, "2026-11-27", 5) == [expected]


def test_the_last_day_of_a_leap_year_may_be_chosen():
    last = {"timezone": "UTC", "rrule": "FREQ=YEARLY;BYYEARDAY=366", "start": "01:00", "duration": "1h"}
    assert openings(last, "2027-12-01", 500) == ["12-31 01:00 - 12-31 02:00"]


def test_of_two_offsets_the_answer_has_that_of_the_opening():
    moving = {"from": "2027-03-28T01:00+01:00", "to": "2027-03-28T04:00+02:00"}
    result = status([moving], "2027-03-28T00:30").as_result()
    assert result["opened_at_local"] == "2027-03-28T01:00:00+01:00"
    assert result["closes_at_local"] == "2027-03-28T03:00:00+01:00"


def test_the_last_minute_of_an_hour_may_be_chosen():
    schedule = {"rrule": "DTSTART:20270101T000000Z RRULE:FREQ=DAILY;COUNT=1;BYHOUR=23;BYMINUTE=59", "duration": "1m"}
    assert openings(schedule, "2027-01-01", 3) == ["01-01 23:59 - 01-02 00:00"]


def test_an_override_that_has_expired_is_not_what_the_answer_is_about():
    found = status([NIGHT, NOON], "2026-11-24T10:00:30", override=EXPIRED)
    assert found.as_result()["timezone"] == "Europe/Paris"


# What tests.mutations.engine found unnoticed in November 2026


def read(lines, zone="Europe/Paris", **more):
    text = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1", *lines, "END:VEVENT", "END:VCALENDAR", ""])
    return {"name": "site", "timezone": zone, "calendar": text, **more}


def refusal(given, option="windows"):
    other = [NIGHT] if option == "blackouts" else []
    with pytest.raises(InvalidInput) as caught:
        read_windows(*([given], []) if option == "windows" else (other, [given]))
    return caught.value.msg


PARIS_START = "DTSTART;TZID=Europe/Paris:20270301T143000"


@pytest.mark.parametrize(
    ("lines", "start", "expected"),
    [
        ([PARIS_START, "DURATION:P1DT24H"], "2027-03-01", ["03-01 13:30 - 03-03 13:30"]),
        (["DTSTART;VALUE=DATE:20270110", "DTEND:20270110T120000Z"], "2027-01-09", ["01-09 23:00 - 01-10 12:00"]),
        *(
            ([PARIS_START, "DURATION:PT1H", "RDATE" + more], "2027-03-02", [expected])
            for more, expected in (
                (";TZID=Asia/Tokyo:20270303T200000", "03-03 11:00 - 03-03 12:00"),
                (":20270303T110000Z", "03-03 11:00 - 03-03 12:00"),
                (":20270303T110000", "03-03 10:00 - 03-03 11:00"),
                (";TZID=Europe/Paris:20270303T110000", "03-03 10:00 - 03-03 11:00"),
            )
        ),
        (  # its start is skipped, and its end is not
            [PARIS_START, "DTEND;TZID=Europe/Paris:20270301T153000", "RDATE:20270328T023000"],
            "2027-03-27",
            ["03-28 01:00 - 03-28 01:30"],
        ),
    ],
)
def test_an_event(lines, start, expected):
    assert openings(read(lines), start, 9) == expected


@pytest.mark.parametrize("at", ["2036-01-01T00:00", "2036-02-29T12:00"])
def test_a_length_of_millennia_is_read(at):
    """Counted back, it would begin before the year 1."""
    assert status([read([PARIS_START, "DURATION:P1000000D"])], at).open


@pytest.mark.parametrize(
    ("moment", "by", "expected"),
    [
        ("9999-12-31T23:30", timedelta(hours=1), "9998-12-31T00:00"),
        ("2028-02-29T12:00", timedelta(days=3_000_000), "9998-12-31T00:00"),
        ("9998-12-30T23:00", timedelta(hours=1), "9998-12-31T00:00"),
        ("0001-01-01T00:30", timedelta(hours=-1), "0002-01-01T00:00"),
        ("2028-02-29T12:00", timedelta(days=-1_000_000), "0002-01-01T00:00"),
        ("0002-01-01T01:00", timedelta(hours=-1), "0002-01-01T00:00"),
        ("0002-01-01T01:00", timedelta(hours=-2), "0002-01-01T00:00"),
    ],
)
def test_time_has_edges(moment, by, expected):
    assert moved(utc(moment), by) == utc(expected)
    assert moved(datetime.fromisoformat(moment), by) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        ("UTC", "2027-07-01T12:00", "2027-07-01T12:00"),
        ("Europe/Paris", "2027-07-01T12:00", "2027-07-01T14:00"),
        ("Europe/Paris", "2027-03-28T12:00", "2027-03-28T14:00"),  # set forward that night
        ("Europe/Paris", "2027-10-31T01:30", "2027-10-31T03:30"),  # shows 02:30 for the second time
    ],
)
def test_the_latest_time_that_a_clock_has_shown(zone, at, expected):
    assert latest_wall(utc(at), ZoneInfo(zone)) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([PARIS_START, "DTEND;TZID=Europe/Paris:20270303T143000", "DURATION:P1DT24H"], "both DTEND and DURATION"),
        ([PARIS_START, "DURATION:-P"], "is no length of time"),
        ([PARIS_START, "DURATION:+P"], "is no length of time"),
        (
            [PARIS_START, "DURATION:PT1H", "EXDATE:20270301T000000Z/PT1H"],
            "is no time; accepted: such as 20270301T000000Z.",
        ),
        ([PARIS_START, "DURATION:PT1H", "RDATE;VALUE=PERIOD:20270301T000000Z"], "is no period; accepted: such as 2027"),
    ],
)
def test_an_event_is_refused(lines, said):
    assert said in refusal(read(lines))


@pytest.mark.parametrize(
    ("broken", "refused"), [("FREEBUSY;FBTYPE=BUSY 20270111T080000Z", True), ("COMMENT about it", False)]
)
def test_a_broken_line_of_busy_time_is_refused_and_another_is_not(broken, refused):
    busy = "FREEBUSY:20270111T080000Z/20270111T160000Z"
    text = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VFREEBUSY", busy, broken, "END:VFREEBUSY", "END:VCALENDAR", ""])
    given = {"name": "site", "timezone": "UTC", "calendar": text}
    if refused:
        assert "has the broken line 'FREEBUSY;FBTYPE=BUSY" in refusal(given, "blackouts")
    else:
        assert status([NIGHT], "2027-01-11T10:00", [given]).blackout == "site"


@pytest.mark.parametrize(
    ("cron", "start", "days", "expected"),
    [
        ("0 5-5 * * *", "2026-12-01", 1, ["12-01 05:00 - 12-01 06:00"]),
        ("0 1 1 NOV-FEB *", "2026-11-15", 80, ["12-01", "01-01", "02-01"]),
        ("0 1 * * FRI-MON/2", "2026-11-30", 7, ["12-04", "12-06"]),
    ],
)
def test_ranges_of_cron(cron, start, days, expected):
    found = openings({"timezone": "UTC", "cron": cron, "duration": "1h"}, start, days)
    assert [one[: len(expected[0])] for one in found] == expected


@pytest.mark.parametrize("cron", ["0 0 * * 5-XYZ", "0 0 * 5-XYZ *", "0 0 * * XYZ-3", "0 0 * * FRI-XYZ"])
def test_a_range_to_a_name_that_is_not_known_is_refused(cron):
    assert "cannot be used" in refusal({"timezone": "UTC", "cron": cron, "duration": "1h"})


def test_the_weekdays_beside_a_question_mark_are_repeated():
    said = refusal({"timezone": "UTC", "cron": "0 0 ? 5 2-6", "duration": "1h"})
    assert "has ?, as Quartz writes it, and day-of-week 2-6:" in said


def test_of_several_windows_and_blackouts_the_first_is_named():
    both = [
        {"name": name, "timezone": zone, "start": "00:00", "end": "24:00"}
        for name, zone in (("a", "UTC"), ("b", "Asia/Tokyo"))
    ]
    assert status(both, "2026-11-24T01:00").as_result()["window"] == "a"
    assert status(both, "2026-11-24T01:00").as_result()["timezone"] == "UTC"
    assert status([NIGHT], "2026-11-24T01:00", both).blackout == "a"


FORCED = {"reason": "CVE", "by": "Jane", "until": "2026-11-24T14:00Z"}


def test_an_override_without_a_window_is_about_the_one_that_a_blackout_closes():
    soft = {"name": "soft", "timezone": "UTC", "start": "00:00", "end": "24:00", "hard": False}
    found = status([NIGHT, NOON], "2026-11-24T11:30", [soft], override=FORCED)
    assert (found.window, found.as_result()["timezone"]) == ("noon", "Europe/Paris")
    also = {**NOON, "name": "also", "timezone": "Europe/Berlin"}
    assert status([NIGHT, NOON, also], "2026-11-24T11:30", [soft], override=FORCED).window == "noon"


def test_an_override_closes_also_when_what_opens_later_has_no_end():
    endless = {"name": "endless", "timezone": "UTC", "from": "2026-12-01", "to": "2999-12-31"}
    found = status([endless], "2026-11-24T11:30", override=FORCED)
    assert found.as_result()["closes_at"] == "2026-11-24T14:00:00Z"
    assert found.as_result()["next_opening"] == "2026-12-01T00:00:00Z"
    assert found.as_result()["next_close"] is None


NEW_YORK = """BEGIN:VTIMEZONE
TZID:Office
BEGIN:STANDARD
DTSTART:16011104T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010311T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;BYDAY=%s;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
BEGIN:VEVENT"""


def test_a_zone_of_the_file_west_of_greenwich():
    given = read(["DTSTART;TZID=Office:20270710T090000", "DURATION:PT1H"])
    given["calendar"] = given["calendar"].replace("BEGIN:VEVENT", NEW_YORK % "2SU", 1)
    assert openings(given, "2027-07-10", 2) == ["07-10 13:00 - 07-10 14:00"]
    given["calendar"] = given["calendar"].replace("2SU", "3SU")
    assert "which is no IANA zone from 2025 to 2037" in refusal(given)


EVERY_MINUTE = "RRULE:FREQ=DAILY;BYHOUR=%s;BYMINUTE=%s" % (
    ",".join(map(str, range(24))),
    ",".join(map(str, range(60))),
)


@pytest.mark.parametrize(
    ("lines", "start", "expected"),
    [
        (
            [PARIS_START, "DURATION:PT1H", "RRULE:FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO"],
            "2032-12-26",
            ["12-27 13:30 - 12-27 14:30"],
        ),
        (
            ["DTSTART:19000301T100000Z", "DURATION:PT1H", "RRULE:FREQ=YEARLY;COUNT=200"],
            "2027-03-01",
            ["03-01 10:00 - 03-01 11:00"],
        ),
        (
            ["DTSTART;VALUE=DATE:20270301", "RRULE:FREQ=DAILY;UNTIL=20270302T235900Z"],
            "2027-02-28",
            ["03-01 00:00 - 03-03 00:00"],
        ),
        (["DTSTART:20270301T000000Z", "DURATION:PT30S", EVERY_MINUTE], "2027-03-01", ["03-01 00:00 - 03-01 00:00"]),
    ],
)
def test_the_edges_of_rules(lines, start, expected):
    assert openings(read(lines, "UTC"), start, 8)[: len(expected)] == expected


@pytest.mark.parametrize(
    ("start", "until", "noted"),
    [
        (PARIS_START, "20270310", True),
        (PARIS_START, "20270310T120000Z", False),
        ("DTSTART;VALUE=DATE:20270301", "20270310", False),
    ],
)
def test_only_a_date_that_ends_timed_events_is_noted(start, until, noted):
    given = read([start, "DURATION:P1D", "RRULE:FREQ=DAILY;UNTIL=" + until])
    notes = status([given], "2027-03-02T00:00").notes
    assert any("has no time: that day is included" in note for note in notes) is noted


def test_every_event_is_checked_and_not_only_the_first():
    given = read([PARIS_START, "DURATION:PT1H", "END:VEVENT", "BEGIN:VEVENT", "UID:2", "DURATION:PT1H"])
    assert "event '2' has no DTSTART" in refusal(given)


def test_a_number_of_thousands_of_digits_is_not_repeated_whole():
    said = refusal({"name": "w", "timezone": "UTC", "start": "22:00", "duration": "9" * 5000})
    assert said == "windows[0] 'w'.duration is %s, a number without a unit: say the unit, for example 45m." % ("9" * 40)


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        (["COMMENT one", "METHOD CANCEL", "STATUS off"], "METHOD CANCEL"),  # the first one would only be passed over
        (["COMMENT one", "COMMENT two"], "COMMENT one"),
    ],
)
def test_the_line_that_cannot_be_read_is_repeated(broken, named):
    text = "\r\n".join(["BEGIN:VCALENDAR", *broken, "END:VCALENDAR", ""])
    assert "the line '%s' is no property" % named in refusal({"name": "site", "timezone": "UTC", "calendar": text})


ZONE = """BEGIN:VTIMEZONE
TZID:%s
BEGIN:STANDARD
DTSTART:20000101T000000
TZOFFSETFROM:+0100
TZOFFSETTO:+0100
END:STANDARD
BEGIN:STANDARD
DTSTART:%s
TZOFFSETFROM:+0100
TZOFFSETTO:%s
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT"""


def in_own_zone(name, change, offset="+0200"):
    given = read(["DTSTART;TZID=%s:20270710T090000" % name, "DURATION:PT1H"])
    return {**given, "calendar": given["calendar"].replace("BEGIN:VEVENT", ZONE % (name, change, offset), 1)}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("20250101T005959", "07-10 07:00"),
        ("20250101T010000", "refused"),
        ("20380101T005959", "refused"),
        ("20380101T010000", "07-10 08:00"),
        ("20380201T000000\nRDATE:20100101T000000", "07-10 07:00"),
    ],
)
def test_a_zone_of_the_file_is_compared_from_2025_to_2037(change, expected):
    """It changes for good, as no zone did at these moments."""
    given = in_own_zone("Office", change)
    if expected == "refused":
        assert "which is no IANA zone from 2025 to 2037" in refusal(given)
    else:
        assert [one[:11] for one in openings(given, "2027-07-10", 2)] == [expected]


def test_what_is_broken_in_a_zone_of_the_file_is_said():
    late = in_own_zone("Office", "20300101T000000")
    late["calendar"] = late["calendar"].replace("DTSTART:20000101", "DTSTART:20260101")
    assert "(it begins after 2025)" in refusal(late)
    said = refusal(in_own_zone("n" * 61, "20300101T000000", "2h"))
    assert said.partition(" is ")[2] == (
        "'%s', and the VTIMEZONE of that name in the file cannot be used (it has a broken offset): say the zone in "
        "the window, zones: {'%s': Europe/Paris}." % ("n" * 60, "n" * 60)
    )


@pytest.mark.parametrize("last", [3653, 3654])
def test_an_opening_beyond_what_was_searched_is_not_told(last):
    """Which blackouts there are is known only within the ten years."""
    always = {"name": "always", "timezone": "UTC", "from": "2026-01-01", "to": "2999-12-31"}
    at = utc("2026-11-24T00:00")
    around, beyond = (
        {
            "timezone": "UTC",
            "from": (at + timedelta(days=first)).isoformat(),
            "to": (at + timedelta(days=until)).isoformat(),
        }
        for first, until in ((3652, last), (3653.5, 3700))
    )
    found = status([always], "2026-11-24T00:00", [around, beyond])
    assert (found.closes_at, found.next_opening) == (at + timedelta(days=3652), None)


@pytest.mark.parametrize(("events_without_length", "more"), [(3, []), (5, ["site has 2 more notes of this kind."])])
def test_only_a_few_notes_of_a_window_are_repeated(events_without_length, more):
    events = [
        line
        for at in range(events_without_length)
        for line in ("UID:%d" % at, "SUMMARY:e%d" % at, PARIS_START, "END:VEVENT", "BEGIN:VEVENT")
    ]
    given = read([*events, "UID:9", PARIS_START, "DURATION:PT1H"])
    given["calendar"] = given["calendar"].replace("UID:1\r\nUID:0", "UID:0", 1)
    said = [note for note in status([given], "2027-03-02T00:00").notes if "site" in note]
    first = ["windows[0] 'site': event 'e%d' has no length and is left out." % at for at in range(3)]
    assert said == [*first, *more]


@pytest.mark.parametrize(
    ("zone", "start", "exception", "left"),
    [
        ("America/New_York", "20270301T220000", "20270303T030000Z", ["03-02 03:00", "03-04 03:00"]),
        ("Asia/Tokyo", "20270301T030000", "20270301T180000Z", ["02-28 18:00", "03-02 18:00"]),
        ("UTC", "20270301T030000", "20270302T030000Z", ["03-01 03:00", "03-03 03:00"]),
    ],
)
def test_an_exception_in_utc_on_another_day_than_that_of_the_series(zone, start, exception, left):
    lines = ["DTSTART;TZID=%s:%s" % (zone, start), "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3", "EXDATE:" + exception]
    assert [one[:11] for one in openings(read(lines), "2027-02-28", 9)] == left


@pytest.mark.parametrize(
    ("name", "largest"),
    [
        ("BYMONTH", 12),
        ("BYMONTHDAY", 31),
        ("BYYEARDAY", 366),
        ("BYWEEKNO", 53),
        ("BYSETPOS", 366),
        ("BYHOUR", 23),
        ("BYMINUTE", 59),
        ("BYSECOND", 59),
    ],
)
def test_the_largest_numbers_in_a_rule(name, largest):
    def window(number):
        rule = "DTSTART;TZID=UTC:20270101T010000 RRULE:FREQ=YEARLY;BYDAY=MO;%s=%d" % (name, number)
        return {"name": "w", "rrule": rule, "duration": "1h"}

    assert read_windows([window(largest)])
    for number in (largest + 1, -largest - 1):
        assert "rrule has %s=%d; accepted: up to %d." % (name, number, largest) in refusal(window(number))


def test_a_rule_goes_on_to_the_last_year():
    daily = {"timezone": "UTC", "rrule": "FREQ=DAILY", "start": "01:00", "duration": "1h"}
    assert openings(daily, "9998-06-01", 2) == ["06-01 01:00 - 06-01 02:00", "06-02 01:00 - 06-02 02:00"]


def test_the_end_of_a_window_that_starts_each_minute_is_found():
    """Starts that follow one another are taken together: one by one, the search would end after a few days."""
    dense = {"timezone": "UTC", "cron": "* * * * *", "duration": "2m"}
    shut = {"timezone": "UTC", "from": "2027-06-01", "to": "2027-06-02T00:00"}
    assert status([dense], "2027-01-01T00:00", [shut]).as_result()["closes_at"] == "2027-06-01T00:00:00Z"


@pytest.mark.parametrize(("exception", "counts"), [("20260930T000000Z", False), ("20261001T000000Z", True)])
def test_an_exception_of_the_day_before_is_over_on_every_clock(exception, counts):
    lines = [PARIS_START, "DURATION:PT1H", "RRULE:FREQ=DAILY", "EXDATE:" + exception]
    source = read_windows([read(lines)]).windows[0].sources[0]
    assert bool(source.starts.idle_exceptions(utc("2026-10-01T00:00"), source.zone)) is counts


@pytest.mark.parametrize("zones", [("Europe/Paris", "Asia/Tokyo"), ("Asia/Tokyo", "Europe/Paris")])
@pytest.mark.parametrize(
    ("at", "best"),
    [
        ("2026-11-24T12:00", "Asia/Tokyo"),  # opens first
        ("2026-11-24T22:00", "Europe/Paris"),  # is open longest
    ],
)
def test_the_answer_is_about_the_best_device_wherever_it_stands(zones, at, best):
    window = {"timezone": "device", "start": "22:00", "duration": "10h"}
    request = WindowRequest.read({"windows": [window], "devices": [{"timezone": zone} for zone in zones]})
    assert request.ask(utc(at)).as_result()["timezone"] == best


def test_an_end_at_the_start_a_week_later():
    whole = {"name": "w", "timezone": "UTC", "days": "fri", "start": "22:00", "end": "fri 22:00"}
    assert status([whole], "2026-11-24T12:00").open


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("2027-01-02T10:00", "to must be later than from."),
        ("2027-01-01T09:00", "to must be later than from."),
        ("2027-01-01T00:00", "to must be later than from."),
    ],
)
def test_an_end_that_is_not_later(to, said):
    with pytest.raises(InvalidInput) as refused:
        read_windows([{"name": "w", "timezone": "UTC", "from": "2027-01-02T10:00", "to": to}])
    assert refused.value.msg.endswith(said)


def test_the_end_of_a_day_that_was_meant_to_be_in_it():
    with pytest.raises(InvalidInput) as refused:
        read_windows([{"name": "w", "timezone": "UTC", "from": "2027-01-02", "to": "2027-01-02"}])
    assert refused.value.msg.endswith(
        "to must be later than from: it ends at 00:00, so to include the 2nd say 2027-01-03, and 00:00 after the date "
        "if it is meant to end there."
    )


def test_the_last_day_of_a_leap_year_is_counted():
    twice = "DTSTART:20241231T100000Z RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31;COUNT=2"
    asked = {"rrule": twice, "duration": "1h"}
    assert openings(asked, "2025-12-01", 40) == ["12-31 10:00 - 12-31 11:00"]
    assert openings(asked, "2026-12-01", 40) == []


def test_a_start_that_is_also_the_first_by_its_position():
    fridays = "DTSTART:20270101T220000Z RRULE:FREQ=MONTHLY;BYDAY=FR;BYSETPOS=1"
    assert openings({"rrule": fridays, "duration": "1h"}, "2026-12-25", 14) == ["01-01 22:00 - 01-01 23:00"]


def test_what_the_clock_skips_at_the_first_moment_of_the_question_is_found():
    gap = {"name": "gap", "timezone": "Europe/Berlin", "start": "02:10", "end": "02:50"}
    at = utc("2027-03-28T01:00")
    assert [one.at for one in calendar([gap]).skipped(at, at + timedelta(days=1), None)] == [at]


@pytest.mark.parametrize("zone", [None, "Europe/Paris"])
def test_a_period_on_another_clock_than_its_event(zone):
    lines = ["DTSTART:20270710T090000", "DTEND:20270710T100000", "RDATE;VALUE=PERIOD:20270711T090000Z/PT2H"]
    event = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1", *lines, "END:VEVENT", "END:VCALENDAR", ""]
    asked = {"name": "w", "timezone": zone or "device", "calendar": "\r\n".join(event)}
    found = openings(asked, "2027-07-01", 30, zone="Europe/Paris")
    assert found == ["07-10 07:00 - 07-10 08:00", "07-11 09:00 - 07-11 11:00"]


def test_the_hour_of_a_start_is_that_of_its_last_second_too():
    late = {"rrule": "DTSTART:20270101T015959Z RRULE:FREQ=DAILY;COUNT=1;BYSECOND=59", "duration": "2m"}
    assert openings(late, "2026-12-25", 14) == ["01-01 01:59 - 01-01 02:01"]
