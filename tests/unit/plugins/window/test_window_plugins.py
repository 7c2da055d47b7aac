# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filters and the test beside connect_window, the table of openings, and the linter."""

from __future__ import annotations

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.edgeops.jfrog_connect.plugins.doc_fragments.windows import ModuleDocFragment
from ansible_collections.edgeops.jfrog_connect.plugins.filter import (
    inventory_devices,
    window_lint,
    window_preview,
    window_status,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.request import WindowRequest
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._plain import plain
from ansible_collections.edgeops.jfrog_connect.plugins.test import window_open
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import utc

NIGHT = {"name": "night", "timezone": "Europe/Paris", "start": "01:00", "end": "05:00"}
LOCAL = {**NIGHT, "timezone": "device"}
PLUGINS = {
    "window_status": (window_status, window_status.FilterModule().filters()),
    "window_preview": (window_preview, window_preview.FilterModule().filters()),
    "window_lint": (window_lint, window_lint.FilterModule().filters()),
    "window_open": (window_open, window_open.TestModule().tests()),
}


def call(name, *given, **named):
    return PLUGINS[name][1][name](*given, **named)


def weekly(start, end, **more):
    return {"name": "w", "timezone": "UTC", "start": start, "end": end, **more}


@pytest.mark.parametrize("name", PLUGINS)
def test_each_option_is_documented(name):
    plugin, functions = PLUGINS[name]
    assert list(functions) == [name]
    documented = yaml.safe_load(plugin.DOCUMENTATION)
    assert documented["extends_documentation_fragment"] == ["edgeops.jfrog_connect.windows"]
    shared = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    options = {**shared, **documented.get("options", {})}
    function = functions[name].__wrapped__
    arguments = function.__code__.co_varnames[: function.__code__.co_argcount]
    assert sorted(["_input", *arguments[1:]]) == sorted(options)
    defaults = dict(zip(reversed(arguments), reversed(function.__defaults__), strict=False))
    assert {key: one.get("default") for key, one in options.items() if key != "_input"} == defaults


@pytest.mark.parametrize("name", PLUGINS)
def test_refusals_come_out_as_ansible_shows_them(name):
    with pytest.raises(AnsibleFilterError, match=r"windows\[0\] 'night' has neither end nor duration"):
        call(name, [{**NIGHT, "end": ""}])
    with pytest.raises(AnsibleFilterError, match="night takes the timezone of a device"):
        call(name, [LOCAL])


@pytest.mark.parametrize("name", PLUGINS)
def test_without_an_instant_it_is_about_now(name):
    always = [{"name": "always", "timezone": "UTC", "start": "00:00", "end": "24:00"}]
    found = call(name, always)
    expected = {"window_open": True, "window_lint": []}
    assert found == expected.get(name, found)
    if name == "window_status":
        assert found["open"]


def test_the_status_is_that_of_the_module():
    options = {
        "windows": [LOCAL],
        "at": "2027-03-28T00:30Z",
        "min_remaining": "1h",
        "blackouts": [weekly("02:00", "02:30")],
    }
    module = WindowRequest.read(options).ask(utc("2020-01-01"), "Europe/Paris").as_result()
    found = call(
        "window_status", [LOCAL], [weekly("02:00", "02:30")], "2027-03-28T00:30Z", "1h", timezone="Europe/Paris"
    )
    assert found == module
    assert (found["open"], found["closes_at"], found["devices"]) == (True, "2027-03-28T02:00:00Z", [])


@pytest.mark.parametrize(("at", "expected"), [("2027-01-01T00:00Z", True), ("2027-01-01T04:00Z", False)])
def test_the_test(at, expected):
    assert call("window_open", [NIGHT], at=at) is expected
    assert call("window_open", [NIGHT], [], at, "4h") is expected
    assert not call("window_open", [NIGHT], [weekly("00:00", "24:00")], at)
    override = {"reason": "CVE", "by": "Jane", "until": "2027-01-02T00:00Z"}
    assert call("window_open", [NIGHT], at=at, override=override)
    assert call("window_open", [LOCAL], at=at, timezone="Europe/Paris") is expected


# Plain data


class Text(str):
    """As ansible-core's tagged and unsafe text."""


class Lazy(dict):
    """As ansible-core's lazy mappings: a value is worked out when it is asked for."""

    def items(self):
        return [(key, self[key]) for key in self]

    def __getitem__(self, key):
        return Text("05:00") if key == "end" else super().__getitem__(key)


def test_tagged_and_lazy_data_become_plain():
    found = plain((Lazy({Text("start"): Text("01:00"), "end": "template"}), [Text("x"), 1, True, 1.5, None]))
    assert found == [{"start": "01:00", "end": "05:00"}, ["x", 1, True, 1.5, None]]
    assert {type(text) for text in (*found[0], *found[0].values(), found[1][0])} == {str}
    assert call("window_open", [Lazy({**NIGHT, "end": "x", "timezone": Text("UTC")})], at=Text("2027-01-01T04:59Z"))


# The table


def test_the_table():
    rows = call("window_preview", [NIGHT], at="2027-03-27T12:00Z", count=2)
    assert rows == [
        {
            "opens": "2027-03-28T00:00:00Z",
            "opens_local": "2027-03-28T01:00:00+01:00",
            "closes": "2027-03-28T03:00:00Z",
            "closes_local": "2027-03-28T05:00:00+02:00",
            "timezone": "Europe/Paris",
            "weekday": "Sun",
            "length": "3h",
            "length_seconds": 10800,
            "names": ["night"],
            "notes": ["The clock of Europe/Paris is set forward by 1h at 2027-03-28T01:00:00Z, within this opening."],
        },
        {
            "opens": "2027-03-28T23:00:00Z",
            "opens_local": "2027-03-29T01:00:00+02:00",
            "closes": "2027-03-29T03:00:00Z",
            "closes_local": "2027-03-29T05:00:00+02:00",
            "timezone": "Europe/Paris",
            "weekday": "Mon",
            "length": "4h",
            "length_seconds": 14400,
            "names": ["night"],
            "notes": [],
        },
    ]


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 10),
        ({"count": "3"}, 3),
        ({"days": 5}, 6),  # the open one, and five
        ({"days": "5", "count": 3}, 3),
        ({"min_remaining": "3h"}, 10),
        ({"min_remaining": "4h", "days": 5}, 5),  # less than that is left of the open one
        ({"min_remaining": "5h"}, 0),
        ({"days": ""}, 10),
        ({"blackouts": [weekly("00:00", "24:00")]}, 0),
    ],
)
def test_the_rows_of_the_table(options, count):
    rows = call("window_preview", [weekly("01:00", "05:00")], at="2027-01-01T02:00Z", **options)
    assert len(rows) == count
    assert [row["opens"] for row in rows] == sorted({row["opens"] for row in rows})


def test_an_opening_without_an_end_has_a_row():
    (row,) = call(
        "window_preview", [weekly("00:00", "24:00", name="always")], at="2027-01-01T02:00Z", min_remaining="1d"
    )
    assert (row["closes"], row["closes_local"], row["length"], row["length_seconds"]) == (None, None, None, None)
    assert (row["names"], row["notes"]) == (["always"], [])


def test_the_table_in_the_zone_of_a_device():
    (row,) = call("window_preview", [LOCAL], at="2027-01-01T12:00Z", count=1, timezone="Asia/Tokyo")
    assert (row["opens"], row["timezone"]) == ("2027-01-01T16:00:00Z", "Asia/Tokyo")


# The linter


def lint(windows, blackouts=(), at="2027-01-01T00:00Z", **more):
    return call("window_lint", windows, list(blackouts), at=at, **more)


def test_nothing_is_wrong():
    assert lint([NIGHT], [weekly("05:00", "06:00")], min_remaining="3h") == []
    assert lint([weekly("01:00", "02:00"), weekly("02:00", "03:00", name="x")]) == []  # they touch


def test_a_window_that_never_opens():
    assert lint([NIGHT, {"name": "past", "timezone": "UTC", "from": "2026-01-01", "to": "2026-01-02"}]) == [
        "past never opens: it has no occurrence in the ten years from 2027-01-01T00:00:00Z on."
    ]
    assert lint([NIGHT, {"name": "far", "timezone": "UTC", "from": "2029-01-01", "to": "2029-01-02"}]) == [
        "far does not open for more than a year: first on Mon 2029-01-01."
    ]


def test_a_window_that_is_always_blacked_out():
    found = lint([NIGHT, weekly("12:00", "13:00", days="mon")], [weekly("12:00", "14:00", name="lunch")])
    assert found == [
        "w is always blacked out in the year from 2027-01-01T00:00:00Z on, by lunch: Mon 2027-01-04, Mon 2027-01-11, "
        "Mon 2027-01-18, Mon 2027-01-25, Mon 2027-02-01, and 47 more."
    ]
    once = [weekly("12:00", "14:00", days="tue")]
    assert lint([NIGHT, weekly("12:00", "13:00", days="mon,tue")], once) == []


def test_nights_that_are_too_short_are_listed():
    assert lint([NIGHT], min_remaining="3h30m") == [
        "The opening of night is shorter than min_remaining (3h 30m) on: Sun 2027-03-28 (3h)."
    ]
    found = lint([NIGHT], [weekly("03:00", "24:00", days="mon", name="b")], min_remaining="4h")
    assert "on: Mon 2027-01-04 (3h), Mon 2027-01-11 (3h)" in found[0]
    assert len(found) == 1


def test_overlapping_windows():
    assert lint([NIGHT, {**NIGHT, "name": "late", "start": "04:59", "end": "06:00", "days": "sun"}]) == [
        "late and night overlap on: Sun 2027-01-03, Sun 2027-01-10, Sun 2027-01-17, Sun 2027-01-24, Sun 2027-01-31, "
        "and 47 more."
    ]


def test_a_window_does_not_overlap_with_itself():
    assert lint([{"name": "long", "timezone": "UTC", "start": "00:00", "duration": "25h"}]) == []


RARELY = "DTSTART;TZID=UTC:2027%s01T000000 RRULE:FREQ=YEARLY;COUNT=1"


def test_long_times_without_an_opening():
    windows = [{"name": name, "rrule": RARELY % name, "duration": "1d"} for name in ("01", "02", "04")]
    assert lint(windows, days=58) == [
        "There is no opening for 275 days, from 2027-04-02T00:00:00Z to 2028-01-02T00:00:00Z at least."
    ]
    assert lint(windows, days="57") == [
        "There is no opening for 58 days, from 2027-02-02T00:00:00Z to 2027-04-01T00:00:00Z.",
        "There is no opening for 275 days, from 2027-04-02T00:00:00Z to 2028-01-02T00:00:00Z at least.",
    ]
    found = lint(
        [weekly("01:00", "03:00", days="mon"), weekly("01:00", "02:00", name="daily")], min_remaining="2h", days=6
    )
    assert sum("no opening of 2h for 6 days" in warning for warning in found) == 51
    assert "There is no opening for 366 days, from 2027-01-01T00:00:00Z to 2028-01-02T00:00:00Z at least." in lint(
        [NIGHT], [weekly("00:00", "24:00")]
    )


def test_windows_that_open_once_are_not_said_to_stay_closed_afterwards():
    assert lint([{"name": "once", "timezone": "UTC", "from": "2027-01-02", "duration": "1d"}], days=58) == []
    assert len(lint([{"name": "once", "timezone": "UTC", "from": "2027-06-02", "duration": "1d"}], days=58)) == 1


@pytest.mark.parametrize(("rule", "count"), [([], 0), (["RDATE:20270103T000000Z"], 0), (["RRULE:FREQ=YEARLY"], 1)])
def test_a_calendar_without_rules_opens_once_too(rule, count):
    event = ["BEGIN:VEVENT", "DTSTART:20270102T000000Z", "DURATION:P1D", *rule, "END:VEVENT"]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", *event, "END:VCALENDAR", ""]
    assert len(lint([{"name": "site", "calendar": "\r\n".join(lines)}], days=58)) == count


def test_openings_that_are_all_too_short_are_told_from_none():
    short = lint([weekly("01:00", "02:00")], min_remaining="1h30m")
    assert (
        "There is no opening of 1h 30m for 366 days, from 2027-01-01T00:00:00Z to 2028-01-02T00:00:00Z at least."
        in (short)
    )
    none = lint([weekly("01:00", "02:00")], [weekly("00:00", "24:00")], min_remaining="1h30m")
    assert "There is no opening for 366 days, from 2027-01-01T00:00:00Z to 2028-01-02T00:00:00Z at least." in none


def test_skipped_occurrences():
    assert lint([NIGHT, {**NIGHT, "name": "gap", "start": "02:10", "end": "02:50"}])[-1] == (
        "gap is skipped at 2027-03-28T01:00:00Z, where the clock of Europe/Paris jumps over it."
    )


def test_the_linter_in_the_zone_of_a_device():
    assert lint([LOCAL], min_remaining="3h30m", timezone="Asia/Tokyo") == []
    assert len(lint([LOCAL], min_remaining="3h30m", timezone="Europe/Paris")) == 1


# Inventory


def test_the_zone_of_a_host_is_passed_on_if_it_has_one():
    hosts = {
        "a": {"connect_device_token": "t-a", "connect_timezone": "Asia/Tokyo"},
        "b": {"connect_device_token": "t-b", "connect_timezone": ""},
        "c": {"connect_device_token": "t-c"},
    }
    found = inventory_devices.inventory_devices(hosts, hosts)
    assert [device.get("timezone", "none") for device in found] == ["Asia/Tokyo", "none", "none"]
