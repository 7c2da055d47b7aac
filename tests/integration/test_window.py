# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows through the real ansible and ansible-playbook: the module, the filters, the test, waiting, the playbook."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest

NIGHT = {"name": "night", "timezone": "Europe/Paris", "start": "22:00", "end": "04:00"}
ALWAYS = {"name": "always", "timezone": "UTC", "start": "00:00", "end": "24:00"}
PAST = {"name": "past", "timezone": "UTC", "from": "2020-01-01", "to": "2020-01-02"}
AT = "2026-11-23T23:00Z"
FILTER = "edgeops.jfrog_connect."


def show(name, expression):
    return {"name": name, "ansible.builtin.debug": {"msg": "{{ %s }}" % expression}}


@pytest.mark.smoke
def test_one_engine_behind_three_doors(ansible_playbook, task):
    """The windows are lazy and templated, as variables of a play are; no account is given."""
    run = ansible_playbook(
        [
            task("module", "connect_window", windows="{{ windows }}", blackouts="{{ blackouts }}", at=AT),
            show("filter", f"windows | {FILTER}window_status(blackouts, at='{AT}')"),
            show("test", f"windows is {FILTER}window_open(blackouts, at='{AT}')"),
            show("closed", f"windows is {FILTER}window_open(blackouts, at='{AT}', min_remaining='9h')"),
            show("preview", f"windows | {FILTER}window_preview(blackouts, at='{AT}', count=2)"),
            show("lint", f"windows | {FILTER}window_lint(blackouts, at='{AT}', min_remaining='5h30m')"),
        ],
        windows=[{**NIGHT, "timezone": "{{ zone }}"}],
        zone="Europe/Paris",
        blackouts=[{"name": "b", "timezone": "{{ zone }}", "cron": "0 12 * * *", "duration": "1h"}],
    ).succeeded()
    found = run["filter"]["msg"]
    assert (found["open"], found["closes_at"]) == (True, "2026-11-24T03:00:00Z")
    assert {key: run["module"][key] for key in found} == found
    assert (run["test"]["msg"], run["closed"]["msg"]) == (True, False)
    assert [row["opens_local"] for row in run["preview"]["msg"]] == [
        "2026-11-23T22:00:00+01:00",
        "2026-11-24T22:00:00+01:00",
    ]
    assert run["lint"]["msg"] == [
        "The opening of night is shorter than min_remaining (5h 30m) on: Sat 2027-03-27 (5h)."
    ]


def test_closed_fails_and_tells_a_rescue_when_it_opens(ansible_playbook, task):
    block = {
        "name": "Try",
        "block": [task("closed", "connect_window", windows=[NIGHT], at="2026-11-23T20:00Z")],
        "rescue": [show("rescued", "ansible_failed_result.code ~ ' ' ~ ansible_failed_result.seconds_until")],
    }
    run = ansible_playbook([block]).succeeded()
    assert run["rescued"]["msg"] == "window_closed 3600"
    assert "2026-11-23T21:00:00Z (2026-11-23T22:00:00+01:00 Europe/Paris), in 1h" in run["closed"]["msg"]


def test_json_text_on_a_command_line(ansible_adhoc):
    windows, override = json.dumps([NIGHT]), json.dumps({"reason": "CVE", "by": "Jane", "until": "2026-11-24T05:00Z"})
    run = ansible_adhoc("connect_window", f"windows='{windows}' override='{override}' at=2026-11-24T03:30Z").succeeded()
    assert (run.result["reason"], run.result["closes_at"]) == ("override", "2026-11-24T05:00:00Z")
    assert any("Override by Jane (CVE)" in note for note in run.result["notes"])


def test_a_mistake_is_refused_by_name(ansible_adhoc):
    windows = json.dumps([{**NIGHT, "timezone": "Europe/Pari"}])
    run = ansible_adhoc("connect_window", f"windows='{windows}'").failed()
    assert run.result["code"] == "invalid_option"
    assert "windows[0] 'night'.timezone is 'Europe/Pari'" in run.result["msg"]


def test_it_waits_for_an_opening(ansible_playbook, task):
    soon = datetime.now(timezone.utc) + timedelta(seconds=12)
    window = {"name": "soon", "from": soon.strftime("%Y-%m-%dT%H:%M:%SZ"), "duration": "1h"}
    run = ansible_playbook(
        [task("wait", "connect_window", windows=[window], wait_timeout="2m", min_remaining="59m")]
    ).succeeded()
    assert run["wait"]["open"]
    assert run["wait"]["at"] == window["from"]


def test_it_gives_up_waiting(ansible_playbook, task):
    run = ansible_playbook([task("wait", "connect_window", windows=[PAST], wait_timeout=2)]).failed()
    assert run["wait"]["code"] == "window_closed"
    assert 2 <= run["wait"]["waited_seconds"] < 20


def test_check_mode_answers_and_never_waits(ansible_playbook, task):
    tasks = [
        task("open", "connect_window", windows=[ALWAYS]),
        task("closed", "connect_window", windows=[PAST], wait_timeout="1h", fail_when_closed=False),
    ]
    run = ansible_playbook(tasks, "--check").succeeded()
    assert (run["open"]["open"], run["closed"]["open"]) == (True, False)
    assert run["closed"]["waited_seconds"] == 0


def test_a_fleet_in_several_zones(ansible_playbook, task):
    hosts = {
        "tokyo": {"connect_device_token": "t-SECRET-1", "connect_device_uuid": "d-1", "connect_timezone": "Asia/Tokyo"},
        "paris": {
            "connect_device_token": "t-SECRET-2",
            "connect_device_uuid": "d-2",
            "connect_timezone": "Europe/Paris",
        },
    }
    devices = f"{{{{ hosts | list | {FILTER}inventory_devices(hosts) }}}}"
    options = {"windows": [{**NIGHT, "timezone": "device"}], "at": AT, "devices": devices}
    run = ansible_playbook([task("fleet", "connect_window", **options)], hosts=hosts).succeeded()
    assert [(row["name"], row["open"]) for row in run["fleet"]["devices"]] == [("tokyo", False), ("paris", True)]
    assert "SECRET" not in run.output


def test_the_preview_playbook_needs_no_network_and_no_account(ansible):
    variables = {
        "connect_windows": json.dumps([NIGHT, {**NIGHT, "name": "late", "start": "03:00", "end": "05:00"}]),
        "connect_blackouts": "",
        "connect_min_remaining": "6h30m",
        "connect_preview_count": "3",
    }
    command = ["ansible-playbook", FILTER + "window_preview", "-e", json.dumps(variables)]
    run = ansible._run(command, {}).succeeded()
    lines = run["Show the openings and the warnings"]["msg"]
    assert len([line for line in lines if "Europe/Paris         7h         night, late" in line]) == 3
    assert any(
        "WARNING: The opening of night and late is shorter than min_remaining (6h 30m) on: Sat" in line
        for line in lines
    )
    assert any("WARNING: late and night overlap on: " in line for line in lines)


def test_the_preview_playbook_asks_for_windows(ansible):
    run = ansible._run(["ansible-playbook", FILTER + "window_preview"], {}).failed()
    assert "Set connect_windows to a list of windows" in run["Require windows"]["msg"]
