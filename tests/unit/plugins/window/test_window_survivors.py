# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no other test noticed when python -m tests.mutations.engine broke it."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import openings, status

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


def test_a_weekend_has_two_days():
    weekend = {"timezone": "UTC", "days": "weekend", "start": "01:00", "duration": "1h"}
    assert openings(weekend, "2026-11-23", 7) == ["11-28 01:00 - 11-28 02:00", "11-29 01:00 - 11-29 02:00"]


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
    ],
)
def test_an_event(lines, start, expected):
    assert openings(read(lines), start, 9) == expected


def test_a_length_of_millennia_is_read():
    """Counted back, it would begin before the year 1."""
    assert status([read([PARIS_START, "DURATION:P1000000D"])], "2036-01-01T00:00").open


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
