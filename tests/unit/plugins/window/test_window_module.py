# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""connect_window from its options to its result, and waiting on clocks that jump, stop and are set."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pytest
import yaml

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils import _module as _options
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.request import WindowRequest
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.wait import Watch, wait_for_opening
from ansible_collections.edgeops.jfrog_connect.tests.unit.plugins.modules.test_documentation import (
    FORBIDDEN,
    assert_documented,
    assert_same_options,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import utc

MODULE = importlib.import_module("ansible_collections.edgeops.jfrog_connect.plugins.modules.connect_window")
NIGHT = {"name": "night", "timezone": "UTC", "start": "22:00", "end": "04:00"}
LOCAL = {"name": "local", "timezone": "device", "start": "01:00", "end": "05:00"}
OPEN, CLOSED = "2026-11-23T23:00Z", "2026-11-23T21:00Z"


@pytest.fixture
def window(bare_module):
    """Runs connect_window at an instant, unless told otherwise: window(blackouts=[...])."""

    def start(check=False, **options):
        given = {"windows": [NIGHT], **({} if "wait_timeout" in options else {"at": OPEN}), **options}
        return bare_module("connect_window", _ansible_check_mode=check, **given)

    return start


def test_open(window):
    result = window()
    assert (result["failed"], result["changed"], result["open"]) == (False, False, True)
    assert (result["window"], result["closes_at"], result["remaining_seconds"]) == (
        "night",
        "2026-11-24T04:00:00Z",
        18000,
    )
    assert (result["devices"], result["waited_seconds"]) == ([], 0)
    assert result["msg"].startswith("Open: night, until 2026-11-24T04:00:00Z")


def test_closed_fails_with_everything_that_is_known(window):
    result = window(at="2026-11-23T20:00Z", windows=[{**NIGHT, "timezone": "Europe/Paris"}])
    assert (result["failed"], result["code"], result["open"], result["reason"]) == (
        True,
        "window_closed",
        False,
        "outside",
    )
    assert (result["next_opening"], result["next_opening_local"]) == (
        "2026-11-23T21:00:00Z",
        "2026-11-23T22:00:00+01:00",
    )
    assert result["seconds_until"] == 3600
    assert "2026-11-23T21:00:00Z (2026-11-23T22:00:00+01:00 Europe/Paris), in 1h" in result["msg"]


def test_closed_need_not_fail(window):
    result = window(at=CLOSED, fail_when_closed=False)
    assert (result["failed"], result["changed"], result["open"]) == (False, False, False)
    assert "code" not in result


def test_the_options_reach_the_engine(window):
    assert window(min_remaining="5h")["open"]
    assert window(min_remaining="5h1s")["reason"] == "too_little_left"
    assert window(blackouts=[{"timezone": "UTC", "start": "22:30", "end": "23:30"}])["reason"] == "blackout"
    override = {"reason": "CVE", "by": "Jane", "until": "2026-11-23T21:30Z"}
    result = window(at=CLOSED, override=override)
    assert (result["failed"], result["reason"], result["closes_at"]) == (False, "override", "2026-11-23T21:30:00Z")
    assert result["override"] == {**override, "until": "2026-11-23T21:30:00Z", "window": None}


def test_no_window_is_named_in_a_blackout(window):
    result = window(blackouts=[{"timezone": "UTC", "start": "22:30", "end": "23:30"}])
    assert (result["reason"], result["window"]) == ("blackout", None)
    assert "V(null) outside of all windows and in a blackout" in documented("RETURN")["window"]["description"][0]


def test_everything_may_be_text(window):
    result = window(
        windows=json.dumps([NIGHT, LOCAL]),
        blackouts=json.dumps([{**NIGHT, "name": "soft", "hard": "false"}]),
        override=json.dumps({"reason": "CVE", "by": "Jane", "until": "2026-11-24T00:00Z"}),
        devices=json.dumps([{"name": "kiosk-1", "timezone": "Asia/Tokyo"}]),
        fail_when_closed="no",
        min_remaining="",
        wait_timeout="0",
    )
    assert not result["failed"], result
    assert result["devices"][0]["name"] == "kiosk-1"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"windows": []}, "windows is empty"),
        ({"windows": ""}, "windows"),
        ({"windows": [{**NIGHT, "start": "25:00"}]}, "windows[0] 'night'.start is '25:00'"),
        ({"windows": [[NIGHT]]}, "windows[0] is not a mapping"),
        ({"windows": "[{]"}, "windows looks like a JSON list"),
        ({"blackouts": [{"name": "x"}]}, "blackouts[0] 'x' does not say when"),
        ({"at": "2026-11-23T23:00"}, "at is 2026-11-23T23:00, without a zone"),
        ({"min_remaining": "45"}, "min_remaining is 45, a number without a unit"),
        ({"wait_timeout": "soon"}, "wait_timeout is 'soon'"),
        ({"wait_timeout": 60, "at": OPEN}, "at and wait_timeout are both given"),
        ({"override": {"reason": "CVE"}}, "override.by is missing"),
        ({"windows": [LOCAL]}, "local takes the timezone of a device"),
        ({"windows": [LOCAL], "devices": []}, "local takes the timezone of a device"),
        ({"windows": [LOCAL], "devices": [{"name": "kiosk-1"}]}, "devices[0] kiosk-1 has no timezone, and local takes"),
        ({"devices": [{"device_uuid": "d-1", "timezone": "Europe/Pari"}]}, "devices[0] d-1: timezone is 'Europe/Pari'"),
    ],
)
def test_refused(window, options, problem):
    result = window(**options)
    assert result["failed"]
    assert problem in result["msg"]
    if options != {"windows": ""}:
        assert set(result) == {"failed", "msg", "code"}
        assert result["code"] == "invalid_option"


# Fleets that span zones

FLEET = [
    {"device_uuid": "d-1", "name": "kiosk-1", "timezone": "Asia/Tokyo", "device_token": "t-1"},
    {"device_uuid": "d-2", "name": "kiosk-2", "timezone": "America/New_York"},
    {"device_uuid": "d-3", "timezone": "Asia/Seoul"},
]


def test_each_device_is_answered_in_its_zone(window):
    result = window(windows=[LOCAL], devices=FLEET, at="2026-11-23T16:30Z")  # 01:30 in Tokyo, 11:30 in New York
    assert result["open"]
    assert result["devices"] == [
        {
            "device_uuid": "d-1",
            "name": "kiosk-1",
            "timezone": "Asia/Tokyo",
            "open": True,
            "reason": "open",
            "closes_at": "2026-11-23T20:00:00Z",
            "closes_at_local": "2026-11-24T05:00:00+09:00",
            "next_opening": "2026-11-24T16:00:00Z",
            "next_opening_local": "2026-11-25T01:00:00+09:00",
            "notes": [],
        },
        {
            "device_uuid": "d-2",
            "name": "kiosk-2",
            "timezone": "America/New_York",
            "open": False,
            "reason": "outside",
            "closes_at": None,
            "closes_at_local": None,
            "next_opening": "2026-11-24T06:00:00Z",
            "next_opening_local": "2026-11-24T01:00:00-05:00",
            "notes": [],
        },
        {
            "device_uuid": "d-3",
            "name": "",
            "timezone": "Asia/Seoul",
            "open": True,
            "reason": "open",
            "closes_at": "2026-11-23T20:00:00Z",
            "closes_at_local": "2026-11-24T05:00:00+09:00",
            "next_opening": "2026-11-24T16:00:00Z",
            "next_opening_local": "2026-11-25T01:00:00+09:00",
            "notes": [],
        },
    ]
    assert result["timezone"] in ("Asia/Tokyo", "Asia/Seoul")
    assert result["msg"].startswith("2 of 3 devices may be updated now. Open: local")


def test_each_device_has_its_own_notes(window):
    devices = [{"timezone": "Europe/Paris"}, {"timezone": "Asia/Tokyo"}]
    rows = window(windows=[LOCAL], devices=devices, at="2027-03-28T00:30Z", fail_when_closed=False)["devices"]
    assert [(row["reason"], len(row["notes"])) for row in rows] == [("open", 1), ("outside", 0)]
    assert "Europe/Paris is set forward by 1h" in rows[0]["notes"][0]


def test_the_answer_is_about_the_zone_that_is_open_longest_or_opens_first(window):
    longest = window(windows=[LOCAL], devices=[FLEET[0], {"timezone": "Asia/Shanghai"}], at="2026-11-23T17:30Z")
    assert (longest["timezone"], longest["closes_at"]) == ("Asia/Shanghai", "2026-11-23T21:00:00Z")
    first = window(windows=[LOCAL], devices=FLEET, at="2026-11-23T12:00Z")
    assert (first["code"], first["timezone"], first["next_opening"]) == (
        "window_closed",
        "Asia/Tokyo",
        "2026-11-23T16:00:00Z",
    )


def test_devices_need_no_zone_when_no_window_takes_it(window):
    result = window(devices=[{"device_uuid": "d-1"}, {"name": "kiosk-2", "timezone": "Asia/Tokyo"}])
    assert [(row["open"], row["timezone"]) for row in result["devices"]] == [(True, None), (True, "Asia/Tokyo")]
    assert result["timezone"] == "UTC"


def test_an_opening_that_does_not_end_is_the_longest():
    always = {"timezone": "UTC", "start": "00:00", "end": "24:00"}
    request = WindowRequest.read(
        {
            "windows": [always],
            "blackouts": [{**LOCAL, "from": "2026-11-25", "to": "2026-11-26", "start": None, "end": None}],
            "devices": [{"timezone": "Asia/Tokyo"}, {"timezone": "UTC"}],
        }
    )
    found = request.ask(utc("2026-11-26T00:00"))
    assert [status.open for _device, status in found.devices] == [True, True]
    assert found.status.closes_at is None
    over = request.ask(utc("2026-11-25T15:00"))
    assert [status.open for _device, status in over.devices] == [True, False]
    assert over.status.open


# Waiting


@dataclass
class Machine:
    """Clocks that stand still unless something sleeps; C(jumps) says what happens to the wall clock in a sleep."""

    wall: datetime
    up: float = 1000.0
    jumps: dict[int, timedelta] = field(default_factory=dict)
    slept: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def sleep(self, seconds):
        self.wall += timedelta(seconds=seconds) + self.jumps.get(len(self.slept), timedelta(0))
        self.up += seconds
        self.slept.append(seconds)

    def wait(self, timeout, window=None, **options):
        request = WindowRequest.read({"windows": [window or NIGHT], **options})
        watch = Watch(lambda: self.wall, lambda: self.up, self.sleep)
        return wait_for_opening(request.ask, timedelta(seconds=timeout), watch, self.said.append)


def test_it_waits_until_the_first_second_in_short_sleeps():
    machine = Machine(utc("2026-11-23T21:58:50"))
    assert machine.wait(3600).status.at == utc("2026-11-23T22:00")
    assert machine.slept == [30, 30, 10]


def test_it_does_not_wait_when_it_is_open_or_when_there_is_no_time_to():
    machine = Machine(utc("2026-11-23T22:00"))
    assert machine.wait(3600).status.open
    machine.wall = utc("2026-11-23T21:59:59")
    assert not machine.wait(0).status.open
    assert machine.slept == machine.said == []


def test_it_gives_up_when_the_time_is_over():
    machine = Machine(utc("2026-11-23T21:00"))
    found = machine.wait(91).status
    assert (found.open, found.at) == (False, utc("2026-11-23T21:01:31"))
    assert machine.slept == [30, 30, 30, 1]


def test_a_suspended_machine_does_not_oversleep_into_a_closed_window():
    machine = Machine(utc("2026-11-23T21:58:50"), jumps={1: timedelta(hours=8)})  # woken at 05:59
    found = machine.wait(60).status
    assert (found.open, found.next_opening) == (False, utc("2026-11-24T22:00"))
    assert machine.slept == [30, 30]


def test_a_machine_that_is_woken_in_an_open_window_sees_it():
    machine = Machine(utc("2026-11-23T12:00"), jumps={0: timedelta(hours=11)})
    assert machine.wait(60).status.open
    assert machine.slept == [30]


def test_a_clock_that_is_set_back_prolongs_the_wait_and_not_the_deadline():
    machine = Machine(utc("2026-11-23T21:59:00"), jumps={0: -timedelta(minutes=10)})
    assert machine.wait(3600).status.at == utc("2026-11-23T22:00")
    assert sum(machine.slept) == 60 + 600
    machine = Machine(utc("2026-11-23T21:59:00"), jumps={0: -timedelta(minutes=10)})
    assert not machine.wait(90).status.open
    assert sum(machine.slept) == 90


def test_what_must_fit_and_the_override_hold_while_it_waits():
    machine = Machine(utc("2026-11-24T03:30"))
    assert not machine.wait(60, min_remaining="1h").status.open
    override = {"reason": "CVE", "by": "Jane", "until": "2026-11-24T02:01Z"}
    machine = Machine(utc("2026-11-24T01:59"))
    away = {"timezone": "UTC", "from": "2026-11-24T01:00", "to": "2026-11-24T02:00"}
    noon = {**NIGHT, "start": "12:00", "end": "13:00"}
    assert machine.wait(600, noon, blackouts=[away], override=override).status.reason == "override"
    assert machine.slept == [30, 30]


def test_it_says_what_it_waits_for_once_and_when_that_changes_and_every_ten_minutes():
    machine = Machine(utc("2026-11-23T21:30"), jumps={50: timedelta(hours=7)})
    machine.wait(3600)
    assert machine.said[0].startswith("Closed: outside of all windows. The next opening is at 2026-11-23T22:00:00Z")
    assert [line.split(", ")[-1] for line in machine.said] == [
        "in 30m. Waiting for at most 1h.",
        "in 20m. Waiting for at most 50m.",
        "in 10m. Waiting for at most 40m.",
        "in 17h 4m 30s. Waiting for at most 34m 30s.",
        "in 16h 54m 30s. Waiting for at most 24m 30s.",
        "in 16h 44m 30s. Waiting for at most 14m 30s.",
        "in 16h 34m 30s. Waiting for at most 4m 30s.",
    ]


def test_windows_that_never_open_are_waited_for_as_long_as_asked():
    """The clock may be wrong by years."""
    past = {"timezone": "UTC", "from": "2020-01-01", "to": "2020-01-02"}
    machine = Machine(utc("2026-11-23T21:30"))
    assert not machine.wait(45, past).status.open
    assert machine.slept == [30, 15]


def test_the_module_waits_on_the_machine_s_clocks(window, monkeypatch):
    machine = Machine(utc("2026-11-23T21:58:50"))
    watch = Watch(lambda: machine.wall, lambda: machine.up, machine.sleep)
    monkeypatch.setattr(MODULE, "Watch", lambda: watch)
    result = window(wait_timeout="2h")
    assert (result["open"], result["waited_seconds"], result["at"]) == (True, 70, "2026-11-23T22:00:00Z")
    machine.wall = utc("2026-11-23T21:00")
    result = window(wait_timeout=120)
    assert (result["code"], result["waited_seconds"]) == ("window_closed", 120)


def test_check_mode_answers_and_never_waits(window, monkeypatch):
    machine = Machine(utc("2026-11-23T21:58:50"))
    watch = Watch(lambda: machine.wall, lambda: machine.up, machine.sleep)
    monkeypatch.setattr(MODULE, "Watch", lambda: watch)
    result = window(check=True, wait_timeout="2h")
    assert (result["code"], result["seconds_until"], machine.slept) == ("window_closed", 70, [])


def test_the_machine_s_clocks():
    before = datetime.now(timezone.utc)
    assert before <= Watch().now() <= datetime.now(timezone.utc)


# What is documented


def documented(name):
    return yaml.safe_load(getattr(MODULE, name))


def test_options_are_documented_as_they_are(monkeypatch):
    class Seen(Exception):
        pass

    def take(_self, spec, **more):
        raise Seen(spec, more)

    monkeypatch.setattr(_options.TolerantModule, "__init__", take)
    with pytest.raises(Seen) as seen:
        MODULE.main()
    spec, more = seen.value.args
    assert_same_options(spec, documented("DOCUMENTATION")["options"], "connect_window")
    assert more == {"supports_check_mode": True}


@pytest.mark.parametrize(
    "options",
    [
        {"devices": FLEET, "override": {"reason": "CVE", "by": "Jane", "until": "2026-11-25T00:00Z"}},
        {"at": CLOSED},
        {"windows": []},
    ],
)
def test_a_result_has_the_documented_keys(window, options):
    result, keys = dict(window(**options)), documented("RETURN")
    assert not set(keys) & FORBIDDEN
    complete = "open" in result
    if not result.pop("failed"):
        del result["changed"], keys["code"]
    if complete and result["override"] is None:
        del result["override"], keys["override"]
    assert_documented(result, keys, "connect_window", complete)
