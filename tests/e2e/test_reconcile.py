# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook reconcile: outside of the windows all devices are held, whatever left a device released."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest


def once(name: str, start: float, end: float) -> dict[str, str]:
    """A window from so many minutes from now until so many."""
    now = datetime.now(timezone.utc)
    edges = [(now + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ") for minutes in (start, end)]
    return {"name": name, "from": edges[0], "to": edges[1]}


@pytest.fixture
def given(devices):
    def variables(emulator, *windows, **more):
        chosen = list(windows or [once("later", 60, 120)])
        return {"connect_devices": devices(emulator), "connect_project": "Kiosks", "connect_windows": chosen, **more}

    return variables


def held(emulator):
    return {one["device_name"]: one["held"] for one in emulator.devices()}


def test_what_is_released_outside_of_the_window_is_held_and_then_nothing_is_written(play, given):
    run = play(devices=6, held_percent=50)
    predicted = run("reconcile", "--check", **given(run.emulator)).ok()
    done = run("reconcile", **given(run.emulator)).ok()
    again = run("reconcile", **given(run.emulator)).ok()
    assert (predicted.writes, done.writes, again.writes) == (0, 3, 0)
    assert (predicted.changed, done.changed, again.changed) == (1, 1, 0)
    assert all(held(run.emulator).values())


def test_a_report_puts_nothing_right(play, given):
    run = play(devices=4)
    told = run("reconcile", **given(run.emulator, connect_report_only="true")).ok()
    assert told.writes == told.changed == 0
    assert "4 to be held, 0 to be released" in told.output


def test_in_the_window_no_device_is_touched_and_no_flow_is_sent(play, given):
    run = play(devices=4, held_percent=50)
    quiet = run("reconcile", **given(run.emulator, once("now", -60, 60))).ok()
    assert quiet.writes == 0
    assert "4 left alone" in quiet.output


def test_in_the_window_devices_are_released_when_that_is_asked_for(play, given):
    run = play(devices=4, held_percent=50)
    window = once("now", -60, 60)
    released = run("reconcile", **given(run.emulator, window, connect_release_open="yes")).ok()
    assert released.writes == 2
    assert not any(held(run.emulator).values())
    closed = run(
        "reconcile",
        **given(run.emulator, window, connect_release_open=True, connect_blackouts=[once("freeze", -5, 60)]),
    ).ok()
    assert closed.writes == 4
    assert all(held(run.emulator).values())
    assert "/v1/deploy_update" not in run.emulator.stats()["writes_by_path"]


def test_devices_of_their_own_application_and_devices_of_others_are_left_alone(play, given, devices):
    run = play(devices=5)
    own, strange = devices(run.emulator)[0], devices(run.emulator)[4]
    variables = given(run.emulator, connect_self_managed=json.dumps([own["device_uuid"]]))
    variables["connect_devices"] = variables["connect_devices"][:4]
    assert run("reconcile", **variables).ok().writes == 3
    assert [name for name, is_held in held(run.emulator).items() if not is_held] == [own["name"], strange["name"]]


def test_each_device_by_the_window_of_its_own_zone(play, given):
    run = play(devices=2)
    now = datetime.now(timezone.utc)
    # Open at this hour of the day in UTC, and so closed twelve hours away.
    window = {
        "name": "night",
        "timezone": "device",
        "start": (now - timedelta(hours=1)).strftime("%H:%M"),
        "end": (now + timedelta(hours=1)).strftime("%H:%M"),
    }
    variables = given(run.emulator, window)
    for device, zone in zip(variables["connect_devices"], ("Etc/UTC", "Etc/GMT-12"), strict=True):
        device["timezone"] = zone
    assert run("reconcile", **variables).ok().writes == 1
    assert list(held(run.emulator).values()) == [False, True]


def test_a_device_that_the_service_does_not_show_is_said_to_be_unknown(play, given):
    run = play(devices=2)
    variables = given(run.emulator)
    variables["connect_devices"].append({"device_token": "t-x", "device_uuid": "d-0000-gone", "name": "attic"})
    told = run("reconcile", **variables)
    assert told.code == 2
    assert "attic" in told.output
    assert all(held(run.emulator).values())  # the others are held all the same


@pytest.mark.parametrize("missing", ["connect_windows", "connect_devices", "connect_project"])
def test_what_is_missing_is_named_before_anything_is_read(play, given, missing):
    run = play(devices=1)
    variables = {name: value for name, value in given(run.emulator).items() if name != missing}
    refused = run("reconcile", **variables)
    assert refused.code == 2
    assert missing in refused.output
    assert run.emulator.log() == []
