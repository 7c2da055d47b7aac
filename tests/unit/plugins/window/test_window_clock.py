# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The published clock rule, pitfall by pitfall: every expected instant was worked out by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import (
    calendar,
    local_openings,
    openings,
    status,
    utc,
)

PARIS = "Europe/Paris"  # forward at 2027-03-28T01:00Z (02:00 -> 03:00), back at 2027-10-31T01:00Z (03:00 -> 02:00)


def daily(start, zone=PARIS, **more):
    return {"name": "night", "timezone": zone, "start": start, **more}


@pytest.mark.parametrize(
    ("pitfall", "window", "day", "expected"),
    [
        # The clock is set forward: 02:00 to 03:00 does not occur.
        ("gap at start, end", daily("02:30", end="05:00"), "2027-03-28", "03-28 01:00 - 03-28 03:00"),
        ("gap at start, duration", daily("02:30", duration="2h"), "2027-03-28", "03-28 01:00 - 03-28 03:00"),
        ("gap at its first second", daily("02:00", end="05:00"), "2027-03-28", "03-28 01:00 - 03-28 03:00"),
        ("just before the gap", daily("01:59", duration="2m"), "2027-03-28", "03-28 00:59 - 03-28 01:01"),
        ("just after the gap", daily("03:00", end="03:01"), "2027-03-28", "03-28 01:00 - 03-28 01:01"),
        ("gap at end", daily("01:00", end="02:30"), "2027-03-28", "03-28 00:00 - 03-28 01:00"),
        ("gap at end, duration", daily("01:00", duration="90m"), "2027-03-28", "03-28 00:00 - 03-28 01:30"),
        ("end as the clock jumps", daily("01:00", end="02:00"), "2027-03-28", "03-28 00:00 - 03-28 01:00"),
        ("wholly in the gap, duration", daily("02:10", duration="40m"), "2027-03-28", "03-28 01:00 - 03-28 01:40"),
        ("over the gap", daily("01:00", end="04:00"), "2027-03-28", "03-28 00:00 - 03-28 02:00"),
        ("over the gap, duration", daily("01:00", duration="3h"), "2027-03-28", "03-28 00:00 - 03-28 03:00"),
        ("day of 23 hours", daily("00:00", end="24:00", days="sun"), "2027-03-27", "03-27 23:00 - 03-28 22:00"),
        # The clock is set back: 02:00 to 03:00 occurs twice.
        ("fold at start", daily("02:30", end="05:00"), "2027-10-31", "10-31 00:30 - 10-31 04:00"),
        ("fold at start, duration", daily("02:30", duration="2h"), "2027-10-31", "10-31 00:30 - 10-31 02:30"),
        ("fold at end", daily("01:00", end="02:30"), "2027-10-30T12:00", "10-30 23:00 - 10-31 00:30"),
        ("fold at both edges", daily("02:10", end="02:50"), "2027-10-31", "10-31 00:10 - 10-31 00:50"),
        ("first second of the fold", daily("02:00", duration="1m"), "2027-10-31", "10-31 00:00 - 10-31 00:01"),
        ("the fold has ended", daily("03:00", duration="1m"), "2027-10-31", "10-31 02:00 - 10-31 02:01"),
        ("until the fold has ended", daily("02:30", end="03:00"), "2027-10-31", "10-31 00:30 - 10-31 02:00"),
        ("over the fold", daily("01:00", end="04:00"), "2027-10-30T12:00", "10-30 23:00 - 10-31 03:00"),
        ("over the fold, duration", daily("01:00", duration="3h"), "2027-10-30T12:00", "10-30 23:00 - 10-31 02:00"),
        ("day of 25 hours", daily("00:00", end="24:00", days="sun"), "2027-10-30", "10-30 22:00 - 10-31 23:00"),
        # Half an hour: 2027-04-03T15:00Z 02:00 -> 01:30, 2027-10-02T15:30Z 02:00 -> 02:30.
        (
            "30 minutes back",
            daily("01:45", "Australia/Lord_Howe", end="03:00"),
            "2027-04-03",
            "04-03 14:45 - 04-03 16:30",
        ),
        (
            "30 minutes forward",
            daily("02:15", "Australia/Lord_Howe", end="03:00"),
            "2027-10-02",
            "10-02 15:30 - 10-02 16:00",
        ),
        # Two hours: 2027-03-28T01:00Z 01:00 -> 03:00, 2027-10-31T01:00Z 03:00 -> 01:00.
        (
            "120 minutes forward",
            daily("01:30", "Antarctica/Troll", end="04:00"),
            "2027-03-28",
            "03-28 01:00 - 03-28 02:00",
        ),
        (
            "120 minutes back",
            daily("01:30", "Antarctica/Troll", end="04:00"),
            "2027-10-30T20:00",
            "10-30 23:30 - 10-31 04:00",
        ),
        # At midnight: the day begins at 01:00, or its last hour occurs twice.
        (
            "Cairo has no midnight",
            daily("00:00", "Africa/Cairo", duration="1h"),
            "2027-04-29T12:00",
            "04-29 22:00 - 04-29 23:00",
        ),
        (
            "Cairo's midnight is an end",
            daily("23:00", "Africa/Cairo", end="00:30"),
            "2027-04-29T12:00",
            "04-29 21:00 - 04-29 22:00",
        ),
        (
            "Cairo's last hour twice",
            daily("23:30", "Africa/Cairo", end="00:30"),
            "2027-10-28T12:00",
            "10-28 20:30 - 10-28 22:30",
        ),
        (
            "Havana has no midnight",
            daily("00:00", "America/Havana", end="02:00"),
            "2027-03-13T12:00",
            "03-14 05:00 - 03-14 06:00",
        ),
        (
            "Havana's first hour twice",
            daily("00:30", "America/Havana", end="02:00"),
            "2027-11-07",
            "11-07 04:30 - 11-07 07:00",
        ),
        (
            "Santiago has no midnight",
            daily("00:00", "America/Santiago", duration="1h"),
            "2027-09-04T12:00",
            "09-05 04:00 - 09-05 05:00",
        ),
        (
            "Santiago's last hour twice",
            daily("23:30", "America/Santiago", duration="1h"),
            "2027-04-03T12:00",
            "04-04 02:30 - 04-04 03:30",
        ),
        # The calendar.
        (
            "29 February",
            {"timezone": "UTC", "start": "00:00", "end": "24:00", "rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"},
            "2028-02-28T12:00",
            "02-29 00:00 - 03-01 00:00",
        ),
        ("over the end of a year", daily("23:00", "UTC", end="01:00"), "2027-12-31", "12-31 23:00 - 01-01 01:00"),
    ],
)
def test_pitfall(pitfall, window, day, expected):
    assert openings(window, day, 1)[:1] == [expected], pitfall


@pytest.mark.parametrize(
    ("pitfall", "window", "at", "opening"),
    [
        ("gap", daily("02:10", end="02:50"), "2027-03-28T01:00", "2027-03-29T00:10"),
        ("gap over midnight", daily("23:59:59", "Africa/Cairo", end="00:40"), None, None),
        ("Cairo's midnight", daily("00:10", "Africa/Cairo", end="00:50"), "2027-04-29T22:00", "2027-04-30T21:10"),
        ("30 minutes", daily("02:05", "Australia/Lord_Howe", end="02:25"), "2027-10-02T15:30", "2027-10-03T15:05"),
        ("120 minutes", daily("01:10", "Antarctica/Troll", end="02:50"), "2027-03-28T01:00", "2027-03-28T23:10"),
    ],
)
def test_a_window_wholly_in_a_gap_is_skipped_and_reported(pitfall, window, at, opening):
    if at is None:  # one second before midnight is not in the gap
        assert calendar(window).skipped(utc("2027-01-01"), utc("2028-01-01"), None) == []
        return
    day = utc(at) - timedelta(hours=6)
    assert [each.at for each in calendar(window).skipped(day, day + timedelta(days=1), None)] == [utc(at)], pitfall
    found = status(window, (utc(at) - timedelta(minutes=5)).replace(tzinfo=None).isoformat())
    assert not found.open
    assert found.next_opening == utc(opening)
    assert any("night is skipped at %s" % utc(at).strftime("%Y-%m-%dT%H:%M:%SZ") in note for note in found.notes)


def test_a_skipped_blackout_takes_nothing_away():
    window = daily("01:00", end="05:00")
    assert openings(window, "2027-03-27T20:00", 1, [daily("02:10", end="02:50")]) == ["03-28 00:00 - 03-28 03:00"]


def test_a_time_that_occurs_twice_opens_once():
    night = local_openings(daily("02:30", duration="10m"), PARIS, "2027-10-30", 3)
    assert night == [
        "10-30 02:30+0200 - 02:40+0200",
        "10-31 02:30+0200 - 02:40+0200",
        "11-01 02:30+0100 - 02:40+0100",
    ]


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-23T20:59:59", False),
        ("2026-11-23T21:00:00", True),
        ("2026-11-24T02:59:59", True),
        ("2026-11-24T03:00:00", False),
    ],
)
def test_the_first_second_belongs_to_it_and_the_last_edge_does_not(at, is_open):
    assert status(daily("22:00", end="04:00", days="mon"), at).open is is_open


def test_a_fraction_of_a_second_does_not_count():
    at = utc("2026-11-24T02:59:59") + timedelta(microseconds=999999)
    assert calendar(daily("22:00", end="04:00")).status(at).remaining == timedelta(seconds=1)


def test_the_weekday_is_that_of_the_start():
    window = daily("22:00", "UTC", end="04:00", days=["Friday"])
    assert openings(window, "2026-11-23", 14) == ["11-27 22:00 - 11-28 04:00", "12-04 22:00 - 12-05 04:00"]


def test_a_whole_day_after_another_is_one_opening():
    window = daily("00:00", end="24:00", days="sat,sun")
    assert openings(window, "2027-03-26T12:00", 3) == ["03-26 23:00 - 03-28 22:00"]


def test_24_hours_are_not_a_day_on_the_night_of_25():
    window = daily("00:00", duration="24h")
    assert (
        openings(window, "2027-10-30T12:00", 2)[0]
        == "10-31 23:00 - %s" % openings(window, "2027-10-30T12:00", 2)[0][-11:]
    )
    assert not status(window, "2027-10-31T22:30").open


@pytest.mark.parametrize(
    ("window", "at", "note"),
    [
        (
            daily("01:00", end="05:00"),
            "2027-03-28T00:30",
            "set forward by 1h at 2027-03-28T01:00:00Z, within this opening",
        ),
        (daily("01:00", end="05:00"), "2027-03-27T12:00", "set forward by 1h at 2027-03-28T01:00:00Z, within the next"),
        (
            daily("01:00", end="05:00"),
            "2027-10-31T00:30",
            "set back by 1h at 2027-10-31T01:00:00Z, within this opening",
        ),
        (daily("01:00", "Australia/Lord_Howe", end="05:00"), "2027-10-02T15:00", "set forward by 30m"),
    ],
)
def test_a_change_of_the_clock_within_is_noted(window, at, note):
    assert any(note in each for each in status(window, at).notes)


@pytest.mark.parametrize(
    ("window", "at"),
    [
        (daily("03:00", end="04:00"), "2027-03-28T01:00"),
        (daily("03:00", end="04:00"), "2027-03-28T12:00"),
        (daily("01:00", end="02:00"), "2027-03-28T00:30"),
        (daily("23:00", end="02:00"), "2027-03-28T00:30"),
    ],
)
def test_a_change_at_an_edge_is_none_within(window, at):
    assert not any("clock" in note for note in status(window, at).notes)


def test_a_day_that_a_zone_skipped():
    """Samoa went from 29 to 31 December 2011."""
    window = daily("10:00", "Pacific/Apia", end="11:00")
    assert openings(window, "2011-12-29", 2) == ["12-29 20:00 - 12-29 21:00", "12-30 20:00 - 12-30 21:00"]
    assert calendar(window).skipped(utc("2011-12-29"), utc("2012-01-02"), None)[0].at == utc("2011-12-30T10:00")
