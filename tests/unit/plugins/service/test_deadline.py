# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing departs after not_after, however long a call had to wait for its turn."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service import client as _client
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    DEPLOY,
    DETAILS,
    SMALLEST,
    TRIGGER,
    accepted,
    deploy_request,
    limited,
    only,
    page,
    token,
    wire_device,
    wire_update,
)

DEPLOYMENT = {**SMALLEST["connect_deploy"], "wave": {"device_uuids": ["d-0001", "d-0002"]}}
NOON = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)


@pytest.fixture
def at_noon(drive, clock, monkeypatch):
    """Runs a module at noon, on a wall clock that goes along with the monotonic one."""
    started = clock()

    def now():
        return NOON + timedelta(seconds=clock() - started)

    monkeypatch.setattr(_client, "Client", functools.partial(_client.Client, now=now))
    return drive


def column(result, name):
    return [row[name] for row in result["devices"]]


def test_a_row_of_calls_ends_when_its_time_is_over(wire, at_noon):
    wire.expect("GET", DETAILS, reply=page([wire_device(1), wire_device(2), wire_device(3)]))
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0001")}, takes=6)
    for _look in range(6):
        wire.expect("GET", DETAILS, reply=page([wire_device(1), wire_device(2), wire_device(3)]))
    result = at_noon("connect_deploy", **DEPLOYMENT, not_after="2026-11-23T13:00:05+01:00")
    assert (result["code"], result["changed"]) == ("window_closed", True)
    assert column(result, "outcome") == ["changed", "failed"]
    assert column(result, "code") == [None, "window_closed"]
    assert "2026-11-23T12:00:05Z" in result["msg"]


@pytest.mark.parametrize("check", [True, False])
def test_it_is_too_late_at_once(wire, at_noon, check):
    wire.expect("GET", DETAILS, reply=page([wire_device(1), wire_device(2), wire_device(3)]))
    result = at_noon("connect_deploy", check=check, **DEPLOYMENT, not_after="2026-11-23T11:59:59Z")
    assert (result["code"], result["changed"], result["deployment"]["calls"]) == ("window_closed", False, 0)
    assert column(result, "code") == ["window_closed"] * 2


def test_a_release_that_had_to_wait_for_a_minute_is_kept_back(wire, at_noon):
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=True)]))
    wire.expect("POST", TRIGGER, reply=limited())
    result = at_noon(
        "connect_update_trigger", device_token=token(1), trigger_set=False, not_after="2026-11-23T12:00:30Z"
    )
    assert (result["code"], result["changed"]) == ("window_closed", False)
    assert column(result, "after") == [True]


@pytest.mark.parametrize("check", [True, False])
def test_a_release_that_is_too_late_at_once_is_predicted_too(wire, at_noon, check):
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=True)]))
    result = at_noon(
        "connect_update_trigger",
        check=check,
        device_token=token(1),
        trigger_set=False,
        not_after="2026-11-23T11:59:59Z",
    )
    assert (result["code"], result["changed"]) == ("window_closed", False)
    assert (column(result, "outcome"), column(result, "after")) == (["failed"], [True])


@pytest.mark.parametrize("check", [True, False])
def test_what_is_released_already_needs_no_time(wire, at_noon, check):
    wire.expect("GET", DETAILS, reply=page([wire_device(1)]))
    result = at_noon(
        "connect_update_trigger",
        check=check,
        device_token=token(1),
        trigger_set=False,
        not_after="2026-11-23T10:00:00Z",
    )
    assert (result["failed"], result["changed"]) == (False, False)


def test_the_last_instant_is_not_too_late(wire, at_noon):
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=True)]))
    wire.expect("POST", TRIGGER, reply=accepted())
    result = at_noon(
        "connect_update_trigger", device_token=token(1), trigger_set=False, not_after="2026-11-23T12:00:00Z"
    )
    assert column(result, "after") == [False]


@pytest.mark.parametrize("given", ["2026-11-23", "2026-11-23T04:30:00", "tomorrow", "04:30"])
@pytest.mark.parametrize("name", ["connect_deploy", "connect_update_trigger"])
def test_an_instant_without_a_zone_is_refused(drive, name, given):
    result = drive(name, **SMALLEST[name], not_after=given)
    assert result["code"] == "invalid_option"
    assert "not_after is" in result["msg"]
    assert given in result["msg"]
    assert "Z" in result["msg"]


def test_no_run_waits_beyond_wait_until_whenever_the_sending_began(wire, at_noon, clock):
    pending = wire_device(1, updates=[wire_update(deploy_request().mark)])
    wire.expect("GET", DETAILS, reply=page([wire_device(1)]))
    wire.expect("POST", DEPLOY, takes=70)
    for _look in range(3):  # at once, after 30 s, and at the end
        wire.expect("GET", DETAILS, reply=page([pending]))
    started = clock()
    result = at_noon("connect_deploy", **SMALLEST["connect_deploy"], wait=True, wait_until="2026-11-23T12:02:00Z")
    assert result["code"] == "still_running"
    assert clock() - started == 120
