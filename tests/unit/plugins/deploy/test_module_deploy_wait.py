# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""connect_deploy to a verdict: finished, failed on too many, still running, or not to be seen."""

from __future__ import annotations

import asyncio

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import (
    ConnectError,
    FateUnknown,
    Rejected,
    Unauthorized,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.polling import wait_until
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.waits import Waits
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    ABSENT,
    DEPLOY,
    DETAILS,
    SMALLEST,
    deploy_request,
    limited,
    lost,
    page,
    refusal,
    wire_device,
    wire_update,
)

NAME = "connect_deploy"
OPTIONS = {**SMALLEST[NAME], "wait": True, "wait_timeout": 100, "wait_interval": 30}
MARK = deploy_request().mark


def look(wire, *statuses):
    devices = [
        wire_device(number, updates=[wire_update(MARK, status)] if status else [])
        for number, status in enumerate(statuses, start=1)
    ]
    wire.expect("GET", DETAILS, reply=page(devices))


def column(result, name):
    return [row[name] for row in result["devices"]]


def test_it_waits_until_every_device_has_finished(wire, drive, clock):
    look(wire, None, None)
    wire.expect("POST", DEPLOY)
    look(wire, None, "pending")
    look(wire, "in_progress", "success")
    look(wire, "success", "success")
    result = drive(NAME, **OPTIONS)
    assert (result["failed"], column(result, "status")) == (False, ["success", "success"])
    assert clock.now == 1075  # half an interval, then whole ones
    assert result["api_calls"]["waited_seconds"] == 0
    assert result["summary"]["statuses"]["success"] == 2


def test_a_run_that_has_nothing_to_send_goes_on_waiting(wire, drive):
    look(wire, "success", "pending")
    look(wire, "success", "in_progress")
    look(wire, "success", "success")
    result = drive(NAME, **OPTIONS)
    assert (result["failed"], result["changed"]) == (False, False)


def test_a_run_that_finds_all_finished_does_not_read_again(wire, drive):
    look(wire, "success", "success")
    assert not drive(NAME, **OPTIONS)["failed"]


def test_too_many_failures_stop_the_waiting_early(wire, drive, clock):
    look(wire, None, None, None)
    wire.expect("POST", DEPLOY)
    look(wire, "in_progress", "pending", "pending")
    look(wire, "failed", "pending", "pending")
    result = drive(NAME, **OPTIONS)
    assert (result["failed"], result["code"], result["changed"]) == (True, "rollout_failed", True)
    assert column(result, "outcome") == ["failed", "changed", "changed"]
    assert column(result, "code") == ["update_failed", None, None]
    assert "retry_failed" in result["devices"][0]["msg"]
    assert clock.now == 1045


def test_what_failed_in_an_earlier_run_fails_this_one_without_waiting(wire, drive):
    look(wire, "failed", "pending")
    assert drive(NAME, **OPTIONS)["code"] == "rollout_failed"


@pytest.mark.parametrize(
    ("limits", "failures", "fails"),
    [
        ({}, 1, True),
        ({"max_failures": 1}, 1, False),
        ({"max_failures": 1}, 2, True),
        ({"max_failure_percent": 20}, 2, False),
        ({"max_failure_percent": 19}, 2, True),
        ({"max_failure_percent": 20}, 3, True),
        ({"max_failure_percent": 10, "max_failures": 3}, 3, False),
        ({"max_failure_percent": 100}, 10, False),
    ],
)
@pytest.mark.parametrize("wait", [True, False])
def test_the_larger_of_the_two_thresholds_counts(wire, drive, limits, failures, fails, wait):
    look(wire, *["failed"] * failures, *["success"] * (10 - failures))
    result = drive(NAME, **{**OPTIONS, "wait": wait}, **limits)
    assert result["failed"] is fails
    assert result.get("code") == ("rollout_failed" if fails else None)
    assert column(result, "code") == ["update_failed"] * failures + [None] * (10 - failures)
    assert result["summary"]["failed"] == failures


def test_aborted_counts_as_failed(wire, drive):
    look(wire, "aborted", "success")
    result = drive(NAME, **OPTIONS)
    assert result["code"] == "rollout_failed"
    assert "aborted" in result["devices"][0]["msg"]


def test_what_is_still_running_when_the_time_is_over_is_reported_as_that(wire, drive, clock):
    look(wire, None, None)
    wire.expect("POST", DEPLOY)
    for _each in range(4):
        look(wire, "in_progress", "success")
    result = drive(NAME, **OPTIONS)
    assert (result["failed"], result["code"], result["changed"]) == (True, "still_running", True)
    assert [one.at for one in wire.sent[2:]] == [1015, 1045, 1075, 1100]
    assert "kiosk-1: in_progress" in result["msg"]
    assert "kiosk-2" not in result["msg"]


def test_devices_that_cannot_be_seen_at_the_end_are_reported_as_that(wire, drive):
    look(wire, None)
    wire.expect("POST", DEPLOY)
    look(wire, "in_progress")
    wire.expect("GET", DETAILS, reply=limited(), times=3)
    result = drive(NAME, **OPTIONS, retry_budget=0)
    assert (result["failed"], result["code"], result["changed"]) == (True, "unobservable", True)
    assert column(result, "status") == ["in_progress"]


def test_a_short_outage_while_waiting_does_not_matter(wire, drive):
    look(wire, None)
    wire.expect("POST", DEPLOY)
    wire.expect("GET", DETAILS, reply=lost())
    wire.expect("GET", DETAILS, reply=limited())
    look(wire, "success")
    assert not drive(NAME, **OPTIONS, retry_budget=0)["failed"]


def test_an_outage_that_is_longer_than_the_budget_does_not_end_the_waiting(wire, drive, clock):
    look(wire, None)
    wire.expect("POST", DEPLOY)
    wire.expect("GET", DETAILS, reply=lost(), takes=40)
    look(wire, "success")
    assert not drive(NAME, **OPTIONS, retry_budget=30)["failed"]
    assert clock.now == 1085


def test_waiting_does_not_go_on_beyond_its_time_for_a_rate_limit(wire, drive, clock):
    look(wire, None)
    wire.expect("POST", DEPLOY)
    look(wire, "pending")
    result = drive(NAME, **{**OPTIONS, "wait_timeout": 50}, account_calls_per_minute=3)
    assert result["code"] == "still_running"  # it was seen to run, and nothing was wrong with the service
    assert clock.now == 1050


def test_an_account_that_is_refused_while_waiting_is_not_waited_for(wire, drive, clock):
    look(wire, None)
    wire.expect("POST", DEPLOY)
    wire.expect("GET", DETAILS, reply=refusal("Unknown user", 401))
    result = drive(NAME, **OPTIONS)
    assert (result["code"], result["changed"]) == ("unobservable", True)
    assert clock.now == 1015


def test_check_mode_waits_for_nothing(wire, drive, clock):
    look(wire, None, "pending")
    result = drive(NAME, check=True, **OPTIONS)
    assert (result["failed"], result["changed"]) == (False, True)
    assert clock.now == 1000


def test_a_device_that_left_the_target_keeps_its_row_and_a_newcomer_gets_none(wire, drive):
    look(wire, None, None)
    wire.expect("POST", DEPLOY)
    look(wire, "success", "pending")
    others = page([wire_device(2, updates=[wire_update(MARK, "success")]), wire_device(3, updates=[])])
    wire.expect("GET", DETAILS, {"group_name": "Floor-1"}, reply=others)
    wire.expect("GET", DETAILS, {"group_name": ABSENT}, reply=others)
    result = drive(NAME, **OPTIONS)
    assert [(row["device_uuid"], row["status"]) for row in result["devices"]] == [
        ("d-0001", "success"),
        ("d-0002", "success"),
    ]


def test_a_device_that_two_reads_in_a_row_do_not_show_is_not_waited_for(wire, drive, clock):
    look(wire, None, None)
    wire.expect("POST", DEPLOY)
    look(wire, "success", "pending")
    for _twice in range(2):
        look(wire, "success")
        look(wire, "success")  # the project
    result = drive(NAME, **OPTIONS)
    assert (result["code"], column(result, "outcome"), column(result, "code")) == (
        *("device_gone", ["changed", "failed"]),
        [None, "device_gone"],
    )
    assert "kiosk-2" in result["msg"]
    assert clock.now == 1075


def test_a_device_that_one_read_does_not_show_is_still_there(wire, drive):
    """A list may be late, or end early and say so."""
    look(wire, None, None)
    wire.expect("POST", DEPLOY)
    for shown in (["success"], ["success", "pending"], ["success"]):
        look(wire, *shown)
        if len(shown) == 1:
            look(wire, *shown)
    look(wire, "success", "success")
    assert not drive(NAME, **OPTIONS)["failed"]


def test_a_device_that_has_moved_to_another_group_is_waited_for(wire, drive):
    look(wire, None, None)
    wire.expect("POST", DEPLOY)
    for status in ("pending", "pending", "success"):
        look(wire, "success")
        look(wire, "success", status)
    assert not drive(NAME, **OPTIONS)["failed"]


# The waiter by itself


@pytest.mark.parametrize(
    ("looks", "code", "seconds"),
    [
        ([True], None, 15),
        ([False, True], None, 45),
        ([False] * 4, "still_running", 100),
        ([False, FateUnknown("x"), True], None, 75),
        ([FateUnknown("x")] * 4, "unobservable", 100),
        ([FateUnknown("x")] * 3 + [False], "still_running", 100),
        ([False] * 3 + [FateUnknown("x")], "unobservable", 100),
        ([False] * 3 + [True], None, 100),
        ([False, Rejected("x")], "unobservable", 45),
        ([Unauthorized("x")], "unobservable", 15),
    ],
)
def test_the_three_endings_are_told_apart(run, clock, looks, code, seconds):
    left = list(looks)

    async def one_look():
        seen = left.pop(0)
        if isinstance(seen, ConnectError):
            raise seen
        return seen

    end = run(wait_until(one_look, clock() + 100, 30, Waits(0, clock, asyncio.sleep)))
    assert (end and end.code) == code
    assert clock.now - 1000 == seconds
    assert left == []
