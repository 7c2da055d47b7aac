# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Input that is refused: with the window's name, what is wrong, and the remedy. And input that only looks wrong."""

from __future__ import annotations

import json
import sys
import zoneinfo

import pytest
import tzdata

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window import cron as _window_forms
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window import ics_event as _window_calendar
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window import rrule as _window_rule
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window import zones as _zones
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import calendar, openings

GOOD = {"name": "night", "timezone": "UTC", "start": "22:00", "end": "04:00"}


def with_(**changes):
    return {key: value for key, value in {**GOOD, **changes}.items() if value is not None}


def without_form(**more):
    return {"name": "night", "timezone": "UTC", **more}


RULE = "FREQ=DAILY"
AWX = "DTSTART;TZID=UTC:20270110T013000 RRULE:FREQ=DAILY"


@pytest.mark.parametrize(
    ("window", "problem", "remedy"),
    [
        (without_form(), "does not say when", "accepted: days, start and end"),
        (without_form(end="04:00"), "has no start", "accepted: days, start"),
        (without_form(duration="2h"), "has no start", "accepted: days, start"),
        (with_(end=None), "neither end nor duration", "say one of them"),
        (with_(duration="6h"), "both end and duration", "say one of them"),
        (with_(end="22:00"), "ends when it starts", "end: '24:00' or duration: 24h"),
        (with_(start=None, days="mon"), "days and no start", "say start"),
        (with_(start=1320), "number 1320", "Quote it, for example start: '22:00'"),
        (with_(end=240), "number 240", "Quote it, for example end"),
        (with_(start="25:00"), "'25:00', which is no time of day", "'00:00' to '23:59'"),
        (with_(start="24:00"), "'24:00', which is no time of day", "'00:00' to '23:59'"),
        (with_(end="24:01"), "'24:01', which is no time of day", "'24:00'"),
        (with_(start="22:60"), "no time of day", "'23:59'"),
        (with_(start="22:00:60"), "no time of day", "'23:59'"),
        (with_(start="10pm"), "'10pm', which is no time of day", "'23:59'"),
        (with_(days="mon,someday"), "the day 'someday'", "mon, tue, wed"),
        (with_(days=["monday", "m"]), "the day 'm'", "mon, tue, wed"),
        (with_(days=["mo"]), "the day 'mo'", "mon, tue, wed"),
        (with_(days=[]), "days that are no list", "such as [mon, tue]"),
        (with_(days={"mon": True}), "days that are no list", "such as [mon, tue]"),
        (with_(days=1), "days that are no list", "such as [mon, tue]"),
        (with_(end=None, duration=45), "45, a number without a unit", "45m"),
        (with_(end=None, duration="1.5"), "1.5, a number without a unit", "say the unit"),
        (with_(end=None, duration="0m"), "is zero", "accepted: 45m"),
        (with_(end=None, duration="-2h"), "not a length of time", "accepted: 45m"),
        (with_(end=None, duration=True), "not a length of time", "accepted: 45m"),
        (with_(end=None, duration="PT"), "not a length of time", "ISO 8601"),
        (with_(end=None, duration="2 fortnights"), "not a length of time", "accepted: 45m"),
        (with_(end=None, duration="9999999d"), "longer than 3660 days", ""),
        (with_(end=None, duration="99999999999999999h"), "longer than 3660 days", ""),
        (with_(timezone=None), "has no timezone", "timezone: Europe/Paris"),
        (with_(timezone="Europe/Pari"), "'Europe/Pari', which is no IANA zone", "did you mean Europe/Paris?"),
        (with_(timezone="CEST"), "no IANA zone", "such as Europe/Paris"),
        (with_(timezone="Europe"), "no IANA zone", "such as Europe/Paris"),
        (with_(timezone="../etc/passwd"), "no IANA zone", "such as Europe/Paris"),
        (with_(timezone="right/Europe/Paris"), "no IANA zone", "such as Europe/Paris"),
        (with_(timezone="localtime"), "no IANA zone", "such as Europe/Paris"),
        (with_(timezone=1), "no IANA zone", "such as Europe/Paris"),
        (with_(strat="22:00"), "has 'strat', which is not known", "did you mean start?"),
        (with_(colour="red"), "has 'colour', which is not known", "accepted: start, end, duration, days"),
        (with_(hard=True), "hard, which only a blackout has", "take it out"),
        (with_(offset_days=2), "'offset_days', which cannot be combined with start", "accepted: start, end"),
        # Several forms
        (with_(cron="0 22 * * *", end=None, duration="2h"), "says cron and days/start", "choose one form"),
        (without_form(rrule=RULE, cron="0 22 * * *", duration="2h"), "says rrule and cron", "choose one form"),
        (with_(to="2027-01-01"), "says from/to and days/start", "choose one form"),
        (without_form(rrule=RULE, start="22:00", duration="2h", days="mon"), "says rrule and days/start", "choose"),
        (
            without_form(calendar="BEGIN:VCALENDAR", duration="2h"),
            "'duration', which cannot be combined with calendar",
            "accepted: calendar",
        ),
        # rrule
        (without_form(rrule=RULE, duration="2h"), "an rrule without a start", "say start"),
        (without_form(rrule=RULE, start="22:00"), "neither end nor duration", "say one of them"),
        (
            without_form(rrule="FREQ=HOURLY", start="22:00", duration="2h"),
            "FREQ=HOURLY is not accepted",
            "use cron with a duration",
        ),
        (without_form(rrule="BYDAY=MO", start="22:00", duration="2h"), "FREQ= is not accepted", "DAILY, WEEKLY"),
        (without_form(rrule="FREQ=DAILY;EVERY=2", start="22:00", duration="2h"), "has 'EVERY=2'", "NAME=VALUE"),
        (without_form(rrule="daily", start="22:00", duration="2h"), "has 'DAILY'", "NAME=VALUE"),
        (without_form(rrule="FREQ=DAILY;BYMONTH=", start="22:00", duration="2h"), "has 'BYMONTH='", "NAME=VALUE"),
        (without_form(rrule="FREQ=DAILY;FREQ=DAILY", start="22:00", duration="2h"), "FREQ twice", "say it once"),
        (without_form(rrule="FREQ=DAILY;INTERVAL=0", start="22:00", duration="2h"), "INTERVAL=0", "from 1"),
        (without_form(rrule="FREQ=DAILY;COUNT=-1", start="22:00", duration="2h"), "COUNT=-1", "from 1"),
        (
            without_form(rrule="FREQ=DAILY;INTERVAL=2", start="22:00", duration="2h"),
            "INTERVAL, which depends on the first day",
            "say it in from",
        ),
        (
            without_form(rrule="FREQ=DAILY;COUNT=2", start="22:00", duration="2h"),
            "COUNT, which depends",
            "say it in from",
        ),
        (
            without_form(rrule="FREQ=WEEKLY", start="22:00", duration="2h"),
            "FREQ=WEEKLY without BYDAY",
            "say it in from",
        ),
        (
            without_form(rrule="FREQ=YEARLY;BYMONTH=2", start="22:00", duration="2h"),
            "FREQ=YEARLY without BYDAY",
            "from",
        ),
        (
            without_form(rrule="FREQ=DAILY;UNTIL=20270231", start="22:00", duration="2h"),
            "UNTIL=20270231 is no time that exists",
            "20270301T000000Z",
        ),
        (
            without_form(rrule="FREQ=DAILY;UNTIL=tomorrow", start="22:00", duration="2h"),
            "UNTIL=TOMORROW",
            "20270301T000000Z",
        ),
        (
            without_form(rrule="FREQ=DAILY;COUNT=2;UNTIL=20270301", start="22:00", duration="2h"),
            "both COUNT and UNTIL",
            "one of them",
        ),
        (without_form(rrule="FREQ=DAILY;WKST=XX", start="22:00", duration="2h"), "WKST=XX is no day", "MO, TU"),
        (without_form(rrule="FREQ=WEEKLY;BYDAY=XX", start="22:00", duration="2h"), "cannot be used", "BYDAY"),
        (
            without_form(rrule="FREQ=WEEKLY;BYDAY=2MO", start="22:00", duration="2h"),
            "BYDAY=2MO counts days of a month",
            "plain days",
        ),
        (
            without_form(rrule="FREQ=WEEKLY;BYDAY=MO;BYSETPOS=1", start="22:00", duration="2h"),
            "BYSETPOS needs FREQ=MONTHLY",
            "name the days in BYDAY",
        ),
        (
            without_form(rrule="FREQ=MONTHLY;BYWEEKNO=3", start="22:00", duration="2h"),
            "BYWEEKNO is accepted with FREQ=YEARLY",
            "only",
        ),
        (without_form(rrule="FREQ=MONTHLY;BYMONTHDAY=32", start="22:00", duration="2h"), "BYMONTHDAY=32", "up to 31"),
        (without_form(rrule="FREQ=DAILY;BYMONTH=1,13", start="22:00", duration="2h"), "BYMONTH=1,13", "up to 12"),
        (without_form(rrule="FREQ=DAILY;BYMONTHDAY=x", start="22:00", duration="2h"), "cannot be used", "BYMONTHDAY"),
        (
            without_form(rrule="FREQ=DAILY;BYHOUR=3", start="22:00", duration="2h"),
            "times in its rrule",
            "say the time in start",
        ),
        (
            without_form(rrule=RULE, start="22:00", duration="2h", **{"from": "2027-01-01T10:00"}),
            "from with a time",
            "the first day only",
        ),
        (
            without_form(rrule=RULE, start="22:00", duration="2h", **{"from": "2027-02-31"}),
            "no time that exists",
            "2026-11-23",
        ),
        (without_form(rrule=RULE, start="22:00", duration="2h", offset_days=32), "offset_days '32'", "-31 to 31"),
        (without_form(rrule=RULE, start="22:00", duration="2h", offset_days=True), "offset_days 'True'", "-31 to 31"),
        (without_form(rrule=RULE, start="22:00", duration="2h", offset_days="two"), "offset_days 'two'", "-31 to 31"),
        (without_form(rrule=["FREQ=DAILY"], start="22:00", duration="2h"), "rrule that is not text", "quotes"),
        (without_form(rrule=RULE, start="22:00", duration="2h", to="2027-01-01"), "says rrule and from/to", "choose"),
        # AWX
        (without_form(rrule=AWX), "has no duration", "duration: 2h"),
        (without_form(rrule=AWX, start="22:00", duration="2h"), "start beside DTSTART", "take start out"),
        (without_form(rrule=AWX, end="22:00", duration="2h"), "end beside DTSTART", "take end out"),
        (without_form(rrule=AWX + " DTSTART:20270101T000000", duration="2h"), "2 DTSTART", "one"),
        (without_form(rrule="DTSTART:20270101T000000Z", duration="2h"), "DTSTART and no RRULE", "from and to"),
        (
            without_form(rrule="DTSTART:20270231T000000Z RRULE:FREQ=DAILY", duration="2h"),
            "DTSTART:20270231T000000Z is no time",
            "accepted",
        ),
        (without_form(rrule=AWX + " RDATE:20270101T000000", duration="2h"), "RDATE", "accepted: DTSTART, RRULE"),
        (without_form(rrule="DTSTART RRULE:FREQ=DAILY", duration="2h"), "'DTSTART'", "each with a colon"),
        (without_form(rrule="DTSTART;X=1:20270101T000000 RRULE:FREQ=DAILY", duration="2h"), "X=1", "TZID=ZONE"),
        (
            without_form(rrule="DTSTART;TZID=Europe/Pari:20270101T000000 RRULE:FREQ=DAILY", duration="2h"),
            "TZID is 'Europe/Pari'",
            "did you mean",
        ),
        (
            with_(start=None, end=None, timezone="Europe/Paris", rrule=AWX, duration="2h"),
            "timezone Europe/Paris but UTC in rrule",
            "make them agree",
        ),
        (
            with_(start=None, end=None, timezone="device", rrule=AWX, duration="2h"),
            "timezone device but UTC in rrule",
            "make them agree",
        ),
        # cron
        (without_form(cron="0 22 * *", duration="2h"), "has 4 fields", "minute hour day-of-month month day-of-week"),
        (
            without_form(cron="0 0 22 * * *", duration="2h"),
            "has 6 fields",
            "minute hour day-of-month month day-of-week",
        ),
        (without_form(cron="@fortnightly", duration="2h"), "has 1 field;", "0 22 * * FRI"),
        (without_form(cron="0 25 * * *", duration="2h"), "cannot be used (Bad hour)", "0 22 * * FRI"),
        (without_form(cron="0 22 * * *"), "has no duration", "duration: 2h"),
        (without_form(cron=5, duration="2h"), "cron that is not text", "quotes"),
        # from, to
        (without_form(to="2027-01-01"), "to without from", "say from"),
        (without_form(**{"from": "2027-01-01"}), "exactly one of to and duration", ""),
        (
            without_form(**{"from": "2027-01-01", "to": "2027-01-02", "duration": "2h"}),
            "exactly one of to and duration",
            "",
        ),
        (without_form(**{"from": "2027-01-01", "to": "2027-01-01"}), "ends before it starts", "to must be later"),
        (
            without_form(**{"from": "2027-01-02T00:00Z", "to": "2027-01-01"}),
            "ends before it starts",
            "to must be later",
        ),
        (
            without_form(**{"from": "2027-02-31T10:00", "duration": "2h"}),
            "'2027-02-31T10:00', which is no time that exists",
            "'2026-11-23T01:30'",
        ),
        (without_form(**{"from": "2027-02-01T25:00", "duration": "2h"}), "no time that exists", "'2026-11-23T01:30'"),
        (without_form(**{"from": "1.2.2027", "duration": "2h"}), "no time that exists", "'2026-11-23T01:30'"),
        (without_form(**{"from": "0999-01-01", "duration": "2h"}), "no time that exists", "'2026-11-23T01:30'"),
        (without_form(**{"from": "9999-12-31", "duration": "2h"}), "no time that exists", "'2026-11-23T01:30'"),
        (
            with_(start=None, end=None, timezone=None, to="2027-01-02T00:00Z", **{"from": "2027-01-01"}),
            "has no timezone",
            "timezone: Europe/Paris",
        ),
        (
            with_(start=None, end=None, timezone="device", duration="2h", **{"from": "2027-01-01T00:00Z"}),
            "timezone device but an offset",
            "leave one of them out",
        ),
    ],
)
def test_refused(window, problem, remedy):
    with pytest.raises(InvalidInput) as refused:
        read_windows([{**GOOD, "name": "day"}, window])
    assert refused.value.msg.startswith("windows[1] 'night'")
    assert problem in refused.value.msg
    assert remedy in refused.value.msg
    assert refused.value.code == "invalid_option"


@pytest.mark.parametrize(
    ("windows", "blackouts", "problem"),
    [
        ([], (), "windows is empty: give at least one"),
        (None, (), "windows is empty"),
        ("", (), "windows is empty"),
        (GOOD, (), "windows is a mapping; accepted: a list of mappings. Put a dash before it"),
        (json.dumps(GOOD), (), "windows is a mapping"),
        ("[{", (), "windows looks like a JSON list but cannot be read"),
        ("night", (), "windows is text that is no JSON list"),
        (5, (), "windows is not a list"),
        ([[GOOD]], (), "windows[0] is not a mapping"),
        (["night"], (), "windows[0] is not a mapping; accepted: days, start and end"),
        ([GOOD, GOOD], (), "windows[1] has the name of windows[0], 'night'"),
        ([{**GOOD, "name": 5}], (), "windows[0].name is not text"),
        ([{**GOOD, "name": None, "end": None}], (), "windows[0] has neither end nor duration"),
        ([GOOD], [{**GOOD, "end": "25:00"}], "blackouts[0] 'night'.end is '25:00'"),
        ([GOOD], [{**GOOD, "hard": "maybe"}], "blackouts[0] 'night'.hard is 'maybe'; accepted: true or false"),
        ([GOOD], [{**GOOD, "hrad": True}], "did you mean hard?"),
        ([GOOD], GOOD, "blackouts is a mapping"),
    ],
)
def test_a_list_is_refused(windows, blackouts, problem):
    with pytest.raises(InvalidInput) as refused:
        read_windows(windows, blackouts)
    assert problem in refused.value.msg


@pytest.mark.parametrize(
    "window",
    [
        with_(start="22:00:00", end="04:00:00"),
        with_(start="22:00 ", end=" 04:00"),
        with_(days="daily"),
        with_(days="Mon, TUESDAY,wed thu,fri,sat,sun"),
        with_(days=["weekdays", "weekend"]),
        with_(end=None, duration="6H"),
        with_(end=None, duration="5h 60m"),
        with_(end=None, duration="PT6H"),
        with_(days="", cron=None, rrule=""),
    ],
)
def test_accepted_like_the_good_one(window):
    assert openings(window, "2027-01-01", 2) == openings(GOOD, "2027-01-01", 2)


def test_a_survey_sends_text():
    windows = json.dumps([GOOD])
    blackouts = json.dumps(
        [{**GOOD, "hard": "no", "end": None, "duration": "1h"}, {**GOOD, "name": "b", "hard": "True"}]
    )
    asked = read_windows(windows, blackouts)
    assert [one.hard for one in asked.blackouts] == [False, True]
    assert asked.windows == read_windows([GOOD]).windows
    assert read_windows([GOOD], "  ").blackouts == ()


def test_windows_without_a_name_are_called_by_their_place():
    asked = calendar([with_(name=None), with_(name="", start="10:00")])
    assert [(one.name, one.named) for one in asked.windows] == [("windows[0]", False), ("windows[1]", False)]


@pytest.mark.parametrize(
    ("module", "name", "library", "window"),
    [
        (_window_rule, "rrulestr", "python-dateutil", without_form(rrule=RULE, start="22:00", duration="2h")),
        (_window_rule, "rrulestr", "python-dateutil", without_form(rrule=AWX, duration="2h")),
        (_window_forms, "CronSim", "cronsim", without_form(cron="0 22 * * *", duration="2h")),
        (_window_calendar, "dateutil", "python-dateutil", without_form(calendar="BEGIN:VCALENDAR")),
    ],
)
def test_a_missing_library_is_named_with_the_window(monkeypatch, module, name, library, window):
    monkeypatch.setattr(module, name, None)
    with pytest.raises(InvalidInput) as refused:
        read_windows([window])
    assert refused.value.code == "missing_library"
    assert refused.value.msg.startswith("windows[0] 'night'")
    assert "pip install " + library in refused.value.msg
    assert read_windows([GOOD]).windows  # needs none


def test_missing_zone_data_are_named(monkeypatch):
    monkeypatch.setattr(zoneinfo, "available_timezones", set)
    with pytest.raises(InvalidInput, match=r"no zone data on this machine. Install tzdata"):
        calendar(with_(timezone="Europe/Nowhere"))


def test_the_version_of_the_zone_data(monkeypatch, tmp_path):
    monkeypatch.setattr(zoneinfo, "TZPATH", (str(tmp_path / "none"), str(tmp_path)))
    (tmp_path / "UTC").touch()
    assert _zones.data_version() == "system"
    (tmp_path / "tzdata.zi").write_text("# version 2026c\n# more\n")
    assert _zones.data_version() == "2026c"
    monkeypatch.setattr(zoneinfo, "TZPATH", ())
    assert _zones.data_version() == tzdata.IANA_VERSION
    monkeypatch.setitem(sys.modules, "tzdata", None)
    assert _zones.data_version() == "system"
