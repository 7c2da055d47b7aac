# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""connect_deploy when replies get lost: looked up, adopted, or reported as not known, but never sent twice."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Reply
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    DEPLOY,
    DETAILS,
    SMALLEST,
    deploy_request,
    limited,
    lost,
    not_sent,
    only,
    page,
    refusal,
    wire_device,
    wire_update,
)

NAME = "connect_deploy"
OPTIONS = SMALLEST[NAME]
MARK = deploy_request().mark


def look(wire, *statuses, mark=MARK):
    devices = []
    for number, status in enumerate(statuses, start=1):
        several = () if status is None else status if isinstance(status, tuple) else (status,)
        updates = [wire_update(mark, one, at) for at, one in enumerate(several)]
        devices.append(wire_device(number, updates=updates))
    wire.expect("GET", DETAILS, {"project_name": "Kiosks"}, reply=page(devices))


def column(result, name):
    return [row[name] for row in result["devices"]]


UNKNOWN = {"no reply": lost(), "503": Reply(503, ""), "504": refusal("Gateway time-out", 504), "408": Reply(408, None)}


@pytest.mark.parametrize("fault", UNKNOWN.values(), ids=UNKNOWN)
def test_a_deployment_whose_reply_was_lost_is_found_and_adopted(wire, drive, clock, fault):
    look(wire, None, None)
    wire.expect("POST", DEPLOY, reply=fault)
    look(wire, "pending", None)  # one device that shows it proves the call
    result = drive(NAME, **OPTIONS)
    assert (result["failed"], result["changed"], result["deployment"]["calls"]) == (False, True, 1)
    assert column(result, "outcome") == ["changed", "changed"]
    assert clock.now == 1000


@pytest.mark.parametrize("fault", UNKNOWN.values(), ids=UNKNOWN)
def test_what_cannot_be_found_is_not_known_and_not_sent_again(wire, drive, clock, fault):
    look(wire, None, None)
    wire.expect("POST", DEPLOY, reply=fault)
    for _each in range(6):
        look(wire, None, None)
    result = drive(NAME, **OPTIONS)
    assert (result["failed"], result["code"], result["changed"]) == (True, "outcome_unknown", True)
    assert column(result, "outcome") == ["unknown", "unknown"]
    assert column(result, "code") == ["outcome_unknown"] * 2
    assert MARK in result["msg"]
    assert clock.now == 1060
    assert result["api_calls"]["waited_seconds"] == 60


def test_a_late_landing_is_found_by_the_third_read(wire, drive, clock):
    look(wire, None)
    wire.expect("POST", DEPLOY, reply=lost())
    look(wire, None)
    look(wire, None)
    look(wire, "in_progress")
    result = drive(NAME, **OPTIONS)
    assert (result["failed"], column(result, "status")) == (False, ["in_progress"])
    assert clock.now == 1006


def test_the_run_after_a_doubt_reads_first_and_sends_only_what_is_missing(wire, drive):
    look(wire, "pending", None)
    wire.expect("POST", DEPLOY)
    look(wire, "pending", "pending")
    assert drive(NAME, **OPTIONS)["plan"]["in_flight"] == ["d-0001"]


def test_a_read_that_fails_does_not_end_the_search(wire, drive):
    look(wire, None)
    wire.expect("POST", DEPLOY, reply=lost())
    wire.expect("GET", DETAILS, reply=lost(), times=6)
    look(wire, "pending")
    assert not drive(NAME, **OPTIONS)["failed"]


@pytest.mark.parametrize(
    ("budget", "looks"),
    [
        (10, 3),
        (1, 1),
        (0, 1),
    ],
)
def test_a_search_that_the_budget_does_not_cover_reads_less_often_and_admits_it(wire, drive, clock, budget, looks):
    look(wire, None)
    wire.expect("POST", DEPLOY, reply=lost())
    for _each in range(looks):
        look(wire, None)
    result = drive(NAME, **OPTIONS, retry_budget=budget)
    assert result["code"] == "outcome_unknown"
    assert "%d times" % looks in result["msg"]
    assert clock.now <= 1000 + budget


def test_a_search_that_is_refused_ends(wire, drive):
    look(wire, None)
    wire.expect("POST", DEPLOY, reply=lost())
    wire.expect("GET", DETAILS, reply=refusal("Unknown user", 401))
    assert drive(NAME, **OPTIONS)["code"] == "outcome_unknown"


def test_each_of_several_sendings_is_judged_by_its_own_device(wire, drive):
    look(wire, "success", None, None, None)
    wire.expect("POST", DEPLOY)
    wire.expect("POST", DEPLOY, reply=lost(), times=2)
    look(wire, "success", "pending", "pending", None)
    for _each in range(5):
        look(wire, "success", "pending", "pending", None)
    result = drive(NAME, **OPTIONS)
    assert column(result, "outcome") == ["unchanged", "changed", "changed", "unknown"]
    assert result["code"] == "outcome_unknown"
    assert result["deployment"]["calls"] == 3


def test_a_mark_that_was_there_before_does_not_prove_a_retry(wire, drive):
    look(wire, "failed", "success")
    wire.expect("POST", DEPLOY, reply=lost())
    look(wire, "failed", "success")
    look(wire, ("failed", "pending"), "success")
    result = drive(NAME, **OPTIONS, retry_failed=True)
    assert not result["failed"]
    assert column(result, "outcome") == ["changed", "unchanged"]


def test_a_retry_whose_reply_was_lost_is_not_known(wire, drive):
    look(wire, "failed", "success")
    wire.expect("POST", DEPLOY, reply=lost())
    for _each in range(6):
        look(wire, "failed", "success")
    result = drive(NAME, **OPTIONS, retry_failed=True)
    assert (result["code"], result["changed"]) == ("outcome_unknown", True)
    assert column(result, "outcome") == ["unknown", "unchanged"]


@pytest.mark.parametrize(("fault", "long"), [(not_sent(), False), (limited(), True), (limited("5"), False)])
def test_what_certainly_did_not_arrive_is_sent_again(wire, drive, fault, long):
    look(wire, None)
    wire.expect("POST", DEPLOY, reply=fault)
    if long:  # in a minute somebody else may have sent it
        look(wire, None)
    wire.expect("POST", DEPLOY)
    look(wire, "pending")
    result = drive(NAME, **OPTIONS)
    assert not result["failed"]
    assert result["deployment"]["calls"] == 1


def test_what_another_run_sent_while_this_one_waited_is_not_sent_again(wire, drive):
    look(wire, None, None)
    wire.expect("POST", DEPLOY, reply=limited())
    look(wire, "pending", None)
    result = drive(NAME, **OPTIONS)
    assert (result["code"], result["changed"], result["deployment"]["calls"]) == ("not_sent", False, 0)
    assert column(result, "outcome") == ["unchanged", "failed"]
    assert column(result, "status") == ["pending", None]
    assert any("Another run sent the deployment" in warning for warning in result.warnings)


def test_a_row_of_calls_reads_again_once_the_list_is_stale(wire, drive):
    """At two calls a minute, the second would go out on a look of a minute ago."""
    look(wire, "success", None, None)
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0002")})
    look(wire, "success", "pending", "pending")  # it waited a minute for its turn, and somebody was quicker
    result = drive(NAME, **OPTIONS, account_calls_per_minute=2)
    assert (result["failed"], result["deployment"]["calls"]) == (False, 1)
    assert column(result, "outcome") == ["unchanged", "changed", "unchanged"]
    assert column(result, "status") == ["success", "pending", "pending"]
    assert any("Another run sent the deployment" in warning for warning in result.warnings)


def test_where_calls_are_scarce_reads_do_not_delay_the_sending_for_ever(wire, drive, clock):
    """At one call a minute, each look puts the sending off by another one."""
    look(wire, None)
    for _minute in range(2):
        look(wire, None)
    wire.expect("POST", DEPLOY)
    look(wire, "pending")
    result = drive(NAME, **OPTIONS, account_calls_per_minute=1)
    assert (result["failed"], result["deployment"]["calls"]) == (False, 1)


def test_a_call_is_not_sent_when_the_devices_could_not_be_read_right_before(wire, drive):
    look(wire, None)
    wire.expect("POST", DEPLOY, reply=limited())
    wire.expect("GET", DETAILS, reply=refusal("no"))
    result = drive(NAME, **OPTIONS)
    assert (result["failed"], result["changed"], result["deployment"]["calls"]) == (True, False, 0)
    assert "could not be read right before" in result["msg"]


def test_a_lost_reply_after_a_429_is_still_not_repeated(wire, drive):
    look(wire, None)
    wire.expect("POST", DEPLOY, reply=limited("5"))
    wire.expect("POST", DEPLOY, reply=lost())
    look(wire, "pending")
    assert not drive(NAME, **OPTIONS)["failed"]


REPLIES = st.sampled_from(
    ["accepted", "lost", "lost, but landed", "refused", "not sent", "limited", "503", "503, but landed"]
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(REPLIES, min_size=1, max_size=9), min_size=1, max_size=3))
def test_whatever_the_network_does_a_deployment_lands_at_most_once(clock, drive, monkeypatch, runs):
    """A service with a memory: every run of the task meets other faults; only what landed is shown."""
    service = Flaky(clock)
    monkeypatch.setattr(
        "ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.client.HttpTransport",
        lambda _settings: service,
    )
    for replies in runs:
        service.replies = list(replies)
        result = drive(NAME, **OPTIONS)
        assert service.landed <= 1
        if not result["failed"]:
            assert service.landed == 1
        elif result["code"] != "outcome_unknown":
            assert service.landed == 0
    service.replies = []
    final = drive(NAME, **OPTIONS)
    assert not final["failed"]
    assert service.landed == 1


class Flaky:
    def __init__(self, clock):
        self.clock = clock
        self.landed = 0
        self.replies = []

    def close(self):
        pass

    async def exchange(self, call):
        if call.method == "GET":
            updates = [wire_update(MARK, "pending", number) for number in range(self.landed)]
            return page([wire_device(1, updates=updates)])
        fate = self.replies.pop(0) if self.replies else "accepted"
        self.landed += fate == "accepted" or fate.endswith("landed")
        if fate.startswith("lost"):
            raise lost()
        if fate == "not sent":
            raise not_sent()
        if fate.startswith("503"):
            return Reply(503, "")
        return {"accepted": Reply(200, "{}"), "refused": refusal("No"), "limited": limited("5")}[fate]
