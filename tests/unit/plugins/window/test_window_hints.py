# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the linter and the preview say about windows that can be read and may mean something else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._window.lint import lint
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._window.preview import preview
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import calendar, utc

ALWAYS = {"name": "always", "timezone": "UTC", "start": "00:00", "end": "24:00"}
PARIS = "Europe/Paris"
AT = "2026-10-01T00:00"


def warnings(windows, blackouts=(), at=AT, zone=None):
    return lint(calendar(windows, blackouts), utc(at), timedelta(0), 366, zone)


def black(**more):
    return {"name": "freeze", "timezone": PARIS, **more}


def ics(*lines):
    event = ["BEGIN:VEVENT", "UID:1", "SUMMARY:Shift", *lines, "END:VEVENT"]
    return "\r\n".join(["BEGIN:VCALENDAR", *event, "END:VCALENDAR", ""])


FALL_BACK = "2026-10-25T01:00:00Z"
SERIES = ("DTSTART;TZID=Europe/Paris:20261006T220000", "DURATION:PT2H", "RRULE:FREQ=WEEKLY;BYDAY=TU")


@pytest.mark.parametrize(
    ("blackout", "hole"),
    [
        (black(days="tue", start="09:00", duration="7d"), "2026-10-27T07:00:00Z to 2026-10-27T08:00:00Z"),
        (black(start="06:00", duration="24h"), "2026-10-25T04:00:00Z to 2026-10-25T05:00:00Z"),
        (black(cron="0 0-15,17-23 * * *", duration="1h"), "2026-10-25T01:00:00Z to 2026-10-25T02:00:00Z"),
        (black(start="06:00", duration="24h30m"), "2026-10-25T04:30:00Z to 2026-10-25T05:00:00Z"),
        (black(start="00:00", end="23:59"), "2026-10-01T21:59:00Z to 2026-10-01T22:00:00Z"),
        (
            black(calendar=ics("DTSTART:20261001T000000", "DTEND:20261001T235959", "RRULE:FREQ=DAILY")),
            "2026-10-01T21:59:59Z to 2026-10-01T22:00:00Z",
        ),
    ],
)
def test_a_hole_in_a_blackout_is_said_with_its_instants(blackout, hole):
    said = [line for line in warnings(ALWAYS, [blackout]) if "leaves holes" in line]
    assert len(said) == 1
    assert said[0].startswith("Blackout freeze leaves holes of an hour or less: ")
    assert hole in said[0] or "more" in said[0]


@pytest.mark.parametrize(
    "blackout",
    [
        black(start="08:00", end="18:00"),
        black(cron="*/5 * * * *", duration="2m"),
        black(start="00:00", end="24:00"),
        black(start="06:00", duration="25h"),
        black(cron="0 * * * *", duration="50m"),
    ],
)
def test_no_hole_where_none_is(blackout):
    assert not [line for line in warnings(ALWAYS, [blackout]) if "holes" in line]


def test_a_hole_between_two_blackouts():
    one, other = black(start="00:00", end="11:59"), {**black(start="12:00", end="24:00"), "name": "other"}
    assert any("Blackout freeze and other leaves holes" in line for line in warnings(ALWAYS, [one, other]))


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("2026-12-26", True),
        ("2026-12-26T00:00", False),
        ("2026-12-26T12:00", False),
    ],
)
def test_a_bare_date_at_the_end_of_a_blackout(to, said):
    found = warnings(ALWAYS, [black(**{"from": "2026-12-24", "to": to})])
    hint = (
        "freeze ends at 00:00 on 2026-12-26; to include the 26th say 2026-12-27, and 00:00 after the date if it is "
        "meant to end there."
    )
    assert (hint in found) is said
    assert hint not in warnings({**black(**{"from": "2026-12-24", "to": to})})


@pytest.mark.parametrize(("day", "word"), [("01", "1st"), ("02", "2nd"), ("03", "3rd"), ("11", "11th"), ("23", "23rd")])
def test_the_day_in_words(day, word):
    assert any(
        "include the %s say" % word in line
        for line in warnings(ALWAYS, [black(**{"from": "2026-11-30", "to": "2026-12-" + day})])
    )


@pytest.mark.parametrize(
    ("window", "speaks"),
    [
        ({"days": "sat,sun", "start": "05:00", "duration": "38h"}, True),
        ({"start": "05:00", "duration": "26h"}, True),
        ({"start": "05:00", "duration": "25h"}, False),  # bridges the hour that the clock is set back by
        ({"days": "sat", "start": "05:00", "duration": "38h"}, False),
        ({"start": "00:00", "duration": "24h"}, False),
        ({"cron": "* * * * *", "duration": "10m"}, False),
        ({"rrule": "FREQ=DAILY", "start": "05:00", "duration": "2d"}, True),
    ],
)
def test_a_window_that_overlaps_itself(window, speaks):
    found = warnings({"name": "w", "timezone": PARIS, **window})
    assert any("w overlaps itself: it starts again before it ends on: " in line for line in found) is speaks


@pytest.mark.parametrize(
    ("cron", "said"),
    [
        ("0 22 13 * FRI", "a day that either selects counts"),
        ("0 22 */2 * FRI", "only days that both select count"),
        ("0 22 * * FRI", ""),
        ("0 22 13 * ?", ""),
    ],
)
def test_both_day_fields_of_cron(cron, said):
    found = " ".join(warnings({"name": "w", "timezone": PARIS, "cron": cron, "duration": "1h"}))
    assert ("says day-of-month" in found) is bool(said)
    assert said in found


@pytest.mark.parametrize(
    "blackout",
    [
        black(**{"from": "2025-12-24", "to": "2025-12-26T00:00"}),
        black(calendar=ics(*SERIES, "STATUS:CANCELLED")),
        black(calendar=ics("DTSTART:20230101T000000Z", "DURATION:PT1H")),
        black(rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", start="00:00", end="24:00"),
    ],
)
def test_a_blackout_without_an_occurrence_in_the_year(blackout):
    assert "Blackout freeze has no occurrence from 2026-10-01T00:00:00Z to 2027-10-02T00:00:00Z." in warnings(
        ALWAYS, [blackout]
    )


@pytest.mark.parametrize(
    ("exception", "said"),
    [
        ("EXDATE;TZID=Europe/Paris:20261020T210000", "2026-10-20T21:00:00"),
        ("EXDATE:20261020T210000Z", "2026-10-20T21:00:00Z"),
        ("EXDATE;VALUE=DATE:20261021", "2026-10-21T00:00:00"),
        ("EXDATE;TZID=Europe/Paris:20261020T220000", ""),
        ("EXDATE:20261020T200000Z", ""),
        ("EXDATE;VALUE=DATE:20261020", ""),
        ("EXDATE;TZID=Europe/Paris:20260901T220000", ""),  # is over
    ],
)
def test_an_exception_that_takes_nothing_out(exception, said):
    for windows, blackouts in (
        ([{"name": "freeze", "calendar": ics(*SERIES, exception)}], ()),
        (ALWAYS, [{"name": "freeze", "calendar": ics(*SERIES, exception)}]),
    ):
        found = [line for line in warnings(windows, blackouts) if "exception" in line]
        assert found == (["freeze has 1 exception that no occurrence matches: %s." % said] if said else [])


def test_an_idle_exception_of_a_schedule():
    text = "DTSTART;TZID=Europe/Paris:20261006T220000 RRULE:FREQ=WEEKLY EXDATE:20261020T210000,20261027T210000"
    found = warnings({"name": "w", "rrule": text, "duration": "1h"})
    assert "w has 2 exceptions that no occurrence matches: 2026-10-20T21:00:00, 2026-10-27T21:00:00." in found


def test_what_was_left_out_is_said():
    found = warnings({"name": "w", "calendar": ics("DTSTART:20261006T220000Z")}, [])
    assert "windows[0] 'w': event 'Shift' has no length and is left out." in found


def test_the_preview_of_a_running_opening_begins_where_it_began():
    evening = {"name": "evening", "timezone": PARIS, "start": "22:00", "end": "24:00"}
    night = {"name": "night", "timezone": PARIS, "start": "00:00", "end": "05:00"}
    rows = preview(calendar([evening, night]), utc("2026-10-06T23:00"), timedelta(0), 2, 10, None)
    first = rows[0]
    assert (first["opens_local"], first["weekday"], first["length"]) == ("2026-10-06T22:00:00+02:00", "Tue", "7h")
    assert first["names"] == ["evening", "night"]
    assert rows[1]["opens_local"] == "2026-10-07T22:00:00+02:00"


@pytest.mark.parametrize("days", [3, 40, 400])
def test_the_preview_of_an_opening_of_many_days(days):
    daily = {"timezone": "UTC", "rrule": "FREQ=DAILY;COUNT=%d" % (days + 2), "start": "00:00", "end": "24:00"}
    at = utc("2026-10-01T12:00")
    begins = at - timedelta(days=days, hours=12)
    rows = preview(calendar([{**daily, "from": begins.date().isoformat()}]), at, timedelta(0), 1, 10, None)
    assert rows[0]["opens"] == begins.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_lint_of_very_many_occurrences_says_how_far_it_looked():
    windows = [{"name": "w%d" % at, "timezone": "UTC", "cron": "*/5 * * * *", "duration": "1m"} for at in range(40)]
    found = warnings(windows)
    assert found[0] == (
        "Only the days up to 2026-10-03T00:00:00Z were checked: there are too many occurrences to look a year ahead."
    )
    assert "More than 20 pairs of windows overlap." in found


def test_the_keys_that_are_accepted_are_each_said_once():
    with pytest.raises(InvalidInput) as refused:
        calendar([{"nam": "night"}])
    accepted = str(refused.value).partition("accepted: ")[2].rstrip(".").split(", ")
    assert len(accepted) == len(set(accepted)) > 8
