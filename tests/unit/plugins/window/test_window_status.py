# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds at an instant: blackouts, min_remaining, overrides, and how the answer reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.override import read_override
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import calendar, openings, status, utc

NIGHT = {"name": "night", "timezone": "UTC", "start": "22:00", "end": "04:00"}
NOON = {"name": "noon", "timezone": "Europe/Paris", "start": "12:00", "end": "13:00"}  # 11:00 to 12:00 UTC in winter
FREEZE = {"name": "freeze", "timezone": "UTC", "from": "2026-11-24T01:00", "to": "2026-11-24T02:00"}
SOFT = {**FREEZE, "hard": False}
HOUR = timedelta(hours=1)


def test_windows_unite_and_blackouts_are_subtracted():
    late = {"name": "late", "timezone": "UTC", "start": "03:00", "end": "06:00"}
    touching = {"name": "touching", "timezone": "UTC", "start": "06:00", "end": "07:00"}
    found = calendar([late, NIGHT, touching, NOON], [FREEZE]).intervals(
        utc("2026-11-23T12:00"), utc("2026-11-24T12:00")
    )
    assert [(each.opens, each.closes, each.names) for each in found] == [
        (utc("2026-11-23T22:00"), utc("2026-11-24T01:00"), ("night",)),
        (utc("2026-11-24T02:00"), utc("2026-11-24T07:00"), ("night", "late", "touching")),
        (utc("2026-11-24T11:00"), utc("2026-11-24T12:00"), ("noon",)),
    ]


@pytest.mark.parametrize(
    ("blackout", "expected"),
    [
        (("21:00", "23:00"), ["11-24 23:00 - 11-25 04:00"]),
        (("23:00", "23:30"), ["11-24 22:00 - 11-24 23:00", "11-24 23:30 - 11-25 04:00"]),
        (("03:00", "05:00"), ["11-24 22:00 - 11-25 03:00"]),
        (("04:00", "05:00"), ["11-24 22:00 - 11-25 04:00"]),
        (("21:00", "22:00"), ["11-24 22:00 - 11-25 04:00"]),
        (("22:00", "04:00"), []),
        (("20:00", "19:00"), []),
    ],
)
def test_a_blackout_takes_away_what_it_covers(blackout, expected):
    away = {"timezone": "UTC", "start": blackout[0], "end": blackout[1]}
    assert openings(NIGHT, "2026-11-24T12:00", 1, [away]) == expected


@pytest.mark.parametrize(
    ("at", "reason", "window", "blackout", "next_opening"),
    [
        ("2026-11-23T23:00", "open", "night", None, "2026-11-24T02:00"),
        ("2026-11-24T01:00", "blackout", None, "freeze", "2026-11-24T02:00"),
        ("2026-11-24T02:00", "open", "night", None, "2026-11-24T11:00"),
        ("2026-11-24T04:00", "outside", None, None, "2026-11-24T11:00"),
        ("2026-11-24T11:30", "open", "noon", None, "2026-11-24T22:00"),
    ],
)
def test_the_reason(at, reason, window, blackout, next_opening):
    found = status([NIGHT, NOON], at, [FREEZE])
    assert (found.reason, found.window, found.blackout) == (reason, window, blackout)
    assert found.open is (reason == "open")
    assert found.next_opening == utc(next_opening)


def test_a_blackout_outside_of_all_windows_is_named_and_is_not_the_reason():
    found = status([NOON], "2026-11-24T01:30", [FREEZE])
    assert (found.reason, found.blackout) == ("outside", "freeze")
    assert "Blackout freeze is in force." in found.notes


def test_the_window_that_it_is_in_is_named_although_another_began_the_opening():
    late = {"name": "late", "timezone": "Asia/Tokyo", "start": "12:00", "end": "15:00"}  # 03:00 to 06:00 UTC
    found = status([NIGHT, late], "2026-11-24T05:00")
    assert (found.window, found.as_result()["timezone"]) == ("late", "Asia/Tokyo")
    assert (found.opened_at, found.closes_at) == (utc("2026-11-23T22:00"), utc("2026-11-24T06:00"))


def test_everything_that_an_answer_says():
    assert status([NOON], "2027-03-27T11:15").as_result() == {
        "open": True,
        "reason": "open",
        "window": "noon",
        "timezone": "Europe/Paris",
        "at": "2027-03-27T11:15:00Z",
        "at_local": "2027-03-27T12:15:00+01:00",
        "opened_at": "2027-03-27T11:00:00Z",
        "opened_at_local": "2027-03-27T12:00:00+01:00",
        "closes_at": "2027-03-27T12:00:00Z",
        "closes_at_local": "2027-03-27T13:00:00+01:00",
        "remaining_seconds": 2700,
        "next_opening": "2027-03-28T10:00:00Z",
        "next_opening_local": "2027-03-28T12:00:00+02:00",
        "next_close": "2027-03-28T11:00:00Z",
        "next_close_local": "2027-03-28T13:00:00+02:00",
        "seconds_until": 81900,
        "blackout": None,
        "override": None,
        "notes": [],
        "zone_data": status([NOON], "2027-03-27T11:15").as_result()["zone_data"],
    }


@pytest.mark.parametrize(
    ("windows", "at", "blackouts", "sentence"),
    [
        (
            [NOON],
            "2026-11-24T11:15",
            [],
            "Open: noon, until 2026-11-24T12:00:00Z (2026-11-24T13:00:00+01:00 Europe/Paris), for another 45m.",
        ),
        (
            [NOON],
            "2026-11-24T09:45",
            [],
            "Closed: outside of all windows. The next opening is at 2026-11-24T11:00:00Z (2026-11-24T12:00:00+01:00 "
            "Europe/Paris), in 1h 15m.",
        ),
        (
            [NIGHT],
            "2026-11-24T01:30",
            [FREEZE],
            "Closed: blackout freeze is in force. The next opening is at 2026-11-24T02:00:00Z, in 30m.",
        ),
        ([FREEZE], "2026-11-24T02:00", [], "Closed: outside of all windows. No opening is in sight."),
        ([{**NIGHT, "end": "24:00", "start": "00:00"}], "2026-11-24T02:00", [], "Open: night. No close is in sight."),
    ],
)
def test_the_answer_in_one_sentence(windows, at, blackouts, sentence):
    assert status(windows, at, blackouts).sentence() == sentence


# What does not end, and what was long ago


def test_an_opening_without_an_end_says_so():
    found = status({**NIGHT, "start": "00:00", "end": "24:00"}, "2026-11-24T02:00", min_remaining=HOUR * 1000)
    assert (found.open, found.closes_at, found.opened_at, found.next_opening) == (True, None, None, None)
    assert found.remaining is None
    assert found.notes == ("It does not close before 2036-11-25T00:00:00Z; nothing later was searched.",)


@pytest.mark.parametrize(
    ("since", "known"), [("2026-11-20", True), ("2026-09-01", True), ("2025-11-01", True), ("2020-01-01", False)]
)
def test_since_when_it_is_open(since, known):
    """Day after day, each of them an occurrence of its own."""
    window = {"timezone": "UTC", "rrule": "FREQ=DAILY", "start": "00:00", "duration": "24h", "from": since}
    assert status(window, "2026-11-24T02:00").opened_at == (utc(since) if known else None)


@pytest.mark.parametrize("until", ["2026-11-25", "2026-12-01", "2027-01-01", "2028-01-01", "2031-01-01", "2036-06-01"])
def test_when_it_closes_however_far_that_is(until):
    found = status({"timezone": "UTC", "from": "2026-01-01", "to": until}, "2026-11-24T02:00")
    assert (found.opened_at, found.closes_at) == (utc("2026-01-01"), utc(until))


def test_a_next_opening_years_ahead_is_found_and_none_beyond_ten():
    assert status({"timezone": "UTC", "from": "2036-11-20", "duration": "1h"}, "2026-11-24T02:00").next_opening
    assert not status({"timezone": "UTC", "from": "2036-12-20", "duration": "1h"}, "2026-11-24T02:00").next_opening


def test_a_dense_rule_behind_a_long_blackout():
    """Only the time that is free of blackouts is looked at."""
    dense = {"timezone": "UTC", "cron": "* * * * *", "duration": "30s"}
    away = {"timezone": "UTC", "from": "2020-01-01", "to": "2034-05-01T00:00:10"}
    found = status(dense, "2026-11-24T02:00", [away])
    assert (found.reason, found.next_opening) == ("blackout", utc("2034-05-01T00:00:10"))


# min_remaining


@pytest.mark.parametrize(
    ("at", "min_remaining", "reason"),
    [
        ("2026-11-24T03:00", HOUR, "open"),
        ("2026-11-24T03:00:01", HOUR, "too_little_left"),
        ("2026-11-24T00:30", HOUR, "too_little_left"),  # the blackout begins at 01:00
        ("2026-11-24T00:00", HOUR, "open"),
        ("2026-11-24T04:00", HOUR, "outside"),
    ],
)
def test_what_must_still_fit(at, min_remaining, reason):
    found = status([NIGHT], at, [FREEZE], min_remaining=min_remaining)
    assert (found.open, found.reason) == (reason == "open", reason)


def test_too_little_left_says_how_little():
    found = status([NIGHT], "2026-11-24T03:40", min_remaining=HOUR)
    assert (found.window, found.closes_at, found.remaining) == ("night", utc("2026-11-24T04:00"), HOUR / 3)
    assert found.opened_at == utc("2026-11-23T22:00")
    assert "Only 20m are left, and min_remaining is 1h." in found.notes
    assert found.sentence().startswith("Closed: too little is left of this opening. The next opening")


def test_an_opening_that_is_too_short_never_counts():
    found = status([NOON, NIGHT], "2026-11-24T05:00", min_remaining=2 * HOUR)
    assert found.next_opening == utc("2026-11-24T22:00")
    assert found.next_close == utc("2026-11-25T04:00")
    assert status([NOON], "2026-11-24T05:00", min_remaining=HOUR).next_opening == utc("2026-11-24T11:00")


def test_what_begins_where_the_search_ends_does_not_count():
    found = status([NIGHT], "2026-11-24T02:00", min_remaining=7 * HOUR)
    assert (found.reason, found.next_opening) == ("too_little_left", None)
    assert "No further opening was found up to 2036-11-24T02:00:00Z; at most ten years are searched." in found.notes


# Overrides

URGENT = {"reason": "CVE", "by": "Jane", "until": "2026-11-24T10:00Z"}


@pytest.mark.parametrize(
    ("at", "blackouts", "reason", "closes_at"),
    [
        ("2026-11-24T05:00", [], "override", "2026-11-24T10:00"),
        ("2026-11-24T09:59:59", [], "override", "2026-11-24T10:00"),
        ("2026-11-24T03:00", [], "open", "2026-11-24T10:00"),
        ("2026-11-24T01:30", [FREEZE], "blackout", None),
        ("2026-11-24T01:30", [SOFT], "override", "2026-11-24T10:00"),
        (
            "2026-11-24T01:30",
            [SOFT, {**FREEZE, "name": "b", "from": "2026-11-24T01:45"}],
            "override",
            "2026-11-24T01:45",
        ),
    ],
)
def test_an_override_opens_except_against_a_hard_blackout(at, blackouts, reason, closes_at):
    found = status([NIGHT], at, blackouts, override=URGENT)
    assert (found.reason, found.open) == (reason, reason in ("open", "override"))
    assert found.closes_at == (utc(closes_at) if closes_at else None)
    assert found.as_result()["override"] == {**URGENT, "until": "2026-11-24T10:00:00Z", "window": None}
    assert any("Override by Jane (CVE)" in note for note in found.notes)


def test_an_override_waits_for_the_end_of_a_hard_blackout():
    found = status([NOON], "2026-11-24T01:30", [FREEZE], override=URGENT)
    assert (found.reason, found.next_opening) == ("outside", utc("2026-11-24T02:00"))
    assert found.next_close == utc("2026-11-24T10:00")
    assert "Override by Jane (CVE) does not open: blackout freeze is hard." in found.notes


def test_an_override_is_about_the_window_that_it_names():
    found = status([NIGHT, NOON], "2026-11-24T05:00", override={**URGENT, "window": "noon"})
    assert (found.window, found.as_result()["timezone"]) == ("noon", "Europe/Paris")
    assert found.opened_at is None
    assert found.next_opening == utc("2026-11-24T11:00")
    assert found.sentence() == (
        "Open: by override, until 2026-11-24T10:00:00Z (2026-11-24T11:00:00+01:00 Europe/Paris), for another 5h."
    )
    assert "Override by Jane (CVE) is in force until 2026-11-24T10:00:00Z." in found.notes
    assert status([NIGHT, NOON], "2026-11-24T05:00", override=URGENT).window == "night"


@pytest.mark.parametrize("at", ["2026-11-24T10:00", "2026-11-24T10:00:01"])
def test_an_override_that_has_expired_is_noted_and_ignored(at):
    found = status([NIGHT], at, override=URGENT)
    assert (found.reason, found.next_opening) == ("outside", utc("2026-11-24T22:00"))
    assert "Override by Jane (CVE) expired at 2026-11-24T10:00:00Z and is ignored." in found.notes


def test_an_override_in_an_open_window_makes_no_difference():
    notes = status([NIGHT], "2026-11-24T03:00", override={**URGENT, "until": "2026-11-24T03:30Z"}).notes
    assert notes == ("Override by Jane (CVE) makes no difference now; it holds until 2026-11-24T03:30:00Z.",)


def test_an_override_helps_when_too_little_is_left_and_does_not_shorten_what_must_fit():
    found = status([NIGHT], "2026-11-24T03:30", override=URGENT, min_remaining=HOUR)
    assert (found.reason, found.open, found.closes_at) == ("open", True, utc("2026-11-24T10:00"))
    assert found.opened_at == utc("2026-11-23T22:00")
    assert found.notes == (
        "Override by Jane (CVE) is in force until 2026-11-24T10:00:00Z: without it, this opening closes at "
        "2026-11-24T04:00:00Z.",
    )
    found = status([NIGHT], "2026-11-24T09:30", override=URGENT, min_remaining=HOUR)
    assert (found.reason, found.open, found.next_opening) == ("too_little_left", False, utc("2026-11-24T22:00"))
    later = status([NOON], "2026-11-24T01:30", [FREEZE], override=URGENT, min_remaining=9 * HOUR)
    assert later.next_opening is None  # eight hours after the blackout, one at noon


MORNING = {"name": "morning", "timezone": "UTC", "start": "04:30", "end": "08:00"}
EARLY = {"name": "early", "timezone": "UTC", "start": "00:00", "end": "02:00"}
WHOLE = {"name": "whole", "timezone": "UTC", "start": "00:00", "end": "06:00"}
AT_FIVE = {**URGENT, "until": "2026-11-24T05:00Z"}


def away(start, end, hard=True):
    return {"name": start, "timezone": "UTC", "from": "2026-11-24T" + start, "to": "2026-11-24T" + end, "hard": hard}


@pytest.mark.parametrize(
    ("window", "at", "least", "blackouts", "reason", "closes_at", "next_opening"),
    [
        (MORNING, "04:00", 2, [], "override", "24T08:00", "25T04:30"),  # the window goes on where the override ends
        (MORNING, "04:00", 5, [], "too_little_left", "24T08:00", None),
        (MORNING, "04:45", 2, [], "open", "24T08:00", "25T04:30"),
        ({**MORNING, "start": "05:00"}, "04:00", 2, [], "override", "24T08:00", "25T05:00"),  # they touch
        ({**MORNING, "start": "05:01"}, "04:00", 2, [], "too_little_left", "24T05:00", "24T05:01"),
        (EARLY, "00:30", 1, [], "open", "24T05:00", "25T00:00"),
        (EARLY, "01:30", 1, [], "open", "24T05:00", "25T00:00"),
        (EARLY, "02:00", 1, [], "override", "24T05:00", "25T00:00"),
        (WHOLE, "01:00", 1, [away("02:00", "03:00", hard=False)], "open", "24T06:00", "25T00:00"),
        (WHOLE, "02:00", 4, [away("02:00", "03:00", hard=False)], "override", "24T06:00", "25T00:00"),
        (WHOLE, "01:00", 1, [away("04:00", "05:30", hard=False)], "open", "24T05:00", "25T00:00"),
        (WHOLE, "01:00", 1, [away("02:00", "03:00")], "open", "24T02:00", "24T03:00"),
        (WHOLE, "01:00", 1, [away("02:00", "05:00")], "open", "24T02:00", "24T05:00"),
        (WHOLE, "01:00", 1, [away("02:00", "05:30")], "open", "24T02:00", "25T00:00"),  # half an hour is too little
        (WHOLE, "01:30", 1, [away("02:00", "03:00")], "too_little_left", "24T02:00", "24T03:00"),
        (WHOLE, "02:00", 1, [away("01:00", "05:00")], "blackout", None, "24T05:00"),
    ],
)
def test_an_override_and_the_windows_unite(window, at, least, blackouts, reason, closes_at, next_opening):
    found = status([window], "2026-11-24T" + at, blackouts, override=AT_FIVE, min_remaining=least * HOUR)
    assert (found.reason, found.open) == (reason, reason in ("open", "override"))
    assert found.closes_at == (utc("2026-11-" + closes_at) if closes_at else None)
    assert found.next_opening == (utc("2026-11-" + next_opening) if next_opening else None)


def test_too_little_left_is_of_the_united_opening():
    found = status([MORNING], "2026-11-24T04:00", override=AT_FIVE, min_remaining=5 * HOUR)
    assert "Only 4h are left, and min_remaining is 5h." in found.notes
    assert found.window == "morning"


def test_an_override_within_an_opening_without_an_end():
    always = {**NIGHT, "start": "00:00", "end": "24:00"}
    found = status([always], "2026-11-24T02:00", override=AT_FIVE)
    assert (found.reason, found.closes_at, found.next_opening) == ("open", None, None)
    found = status([always], "2026-11-24T02:00", [away("02:00", "03:00", hard=False)], override=AT_FIVE)
    assert (found.reason, found.closes_at, found.next_opening) == ("override", None, None)


def test_a_changed_clock_is_noted_also_when_the_override_extends_the_opening():
    paris = {"name": "paris", "timezone": "Europe/Paris", "start": "01:00", "end": "05:00"}
    found = status([paris], "2027-03-28T01:30", override={**URGENT, "until": "2027-03-28T12:00Z"})
    assert any("set forward by 1h at 2027-03-28T01:00:00Z, within this opening" in note for note in found.notes)


def test_an_override_holds_for_a_year_at_most():
    year = {**URGENT, "until": "2027-11-25T05:00Z"}
    assert status([NOON], "2026-11-24T05:00", override=year).closes_at == utc("2027-11-25T05:00")
    with pytest.raises(InvalidInput) as refused:
        status([NOON], "2026-11-24T04:59:59", override=year)
    assert refused.value.msg == (
        "override.until is 2027-11-25T05:00:00Z, more than 366 days after 2026-11-24T04:59:59Z: an override is for an "
        "emergency. Give an earlier until, or add a window."
    )


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ({**URGENT, "reason": None}, "override.reason is missing"),
        ({**URGENT, "reason": " "}, "override.reason is missing"),
        ({**URGENT, "by": ""}, "override.by is missing"),
        ({"reason": "CVE", "by": "Jane"}, "override.until is missing"),
        ({**URGENT, "until": "2026-11-24T10:00"}, "override.until is 2026-11-24T10:00, without a zone"),
        ({**URGENT, "until": "tomorrow"}, "override.until is 'tomorrow'"),
        ({**URGENT, "window": "nigth"}, "override.window is 'nigth'; accepted: night, noon"),
        ({**URGENT, "force": True}, "override has 'force', which is not known; accepted: reason, by, until, window"),
        (["x"], "override is not a mapping"),
        ("please", "override is text that is no JSON object"),
    ],
)
def test_an_override_is_refused(override, problem):
    with pytest.raises(InvalidInput) as refused:
        read_override(override, calendar([NIGHT, NOON]).windows)
    assert problem in refused.value.msg


def test_an_override_needs_named_windows():
    windows = calendar([NIGHT, {**NOON, "name": None}, {**NOON, "name": ""}]).windows
    with pytest.raises(InvalidInput, match=r"give windows\[1\], windows\[2\] one"):
        read_override(URGENT, windows)


@pytest.mark.parametrize("nothing", [None, "", {}, "{}", dict.fromkeys(URGENT), dict.fromkeys(URGENT, "")])
def test_no_override(nothing):
    assert read_override(nothing, calendar([{**NIGHT, "name": None}]).windows) is None


def test_an_override_may_be_json_text():
    text = '{"reason": "CVE", "by": "Jane", "until": "2026-11-24T10:00Z", "window": ""}'
    assert read_override(text, calendar(NIGHT).windows) == read_override(URGENT, calendar(NIGHT).windows)
