# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be sent again, after which pause, and what waiting costs: the pure parts of _retry."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils import _errors
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Call
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.retry import (
    FULL_MINUTE,
    pause_before_repeat,
    read_retry_after,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.waits import Waits
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import Clock, run_on

READ = Call("GET", "/v1/devices_details", {})
SET = Call("POST", "/v1/set_update_trigger", {}, writes=True)
CREATE = Call("POST", "/v1/deploy_update", {}, writes=True, repeatable=False)
NOW = datetime(2026, 5, 2, 1, 10, tzinfo=timezone.utc)

# failure, first pause of a read, of a set-to-value, of a create
FATES = [
    (_errors.NotSent("x"), 1.0, 1.0, 1.0),
    (_errors.RateLimited("x"), 61.0, 61.0, 61.0),
    (_errors.NoTimeLeft("x"), 61.0, 61.0, 61.0),
    (_errors.RateLimited("x", retry_after=7.0), 7.0, 7.0, 7.0),
    (_errors.FateUnknown("x"), 1.0, 1.0, None),
    (_errors.UnreadableReply("x"), 1.0, 1.0, None),
    (_errors.Rejected("x"), None, None, None),
    (_errors.Unauthorized("x"), None, None, None),
    (_errors.InvalidInput("x"), None, None, None),
    (_errors.Misconfigured("x"), None, None, None),
    (_errors.Banned("x"), None, None, None),
    (_errors.BudgetExhausted(_errors.NotSent("x"), 1, 0), None, None, None),
    (_errors.ConnectError("x"), None, None, None),
]


@pytest.mark.parametrize(("failure", "read", "setting", "create"), FATES, ids=lambda one: type(one).__name__)
def test_what_may_go_again_depends_on_its_fate_and_on_the_call(failure, read, setting, create):
    assert [pause_before_repeat(failure, call, 1, 0.0) for call in (READ, SET, CREATE)] == [read, setting, create]


def test_the_table_of_fates_is_complete():
    family = {one for one in vars(_errors).values() if isinstance(one, type) and issubclass(one, _errors.ConnectError)}
    assert family == {type(failure) for failure, *_pauses in FATES}


def test_pauses_double_up_to_half_a_minute_and_end_after_five_repeats():
    pauses = [pause_before_repeat(_errors.NotSent("x"), READ, failures, 0.0) for failures in range(1, 8)]
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, None, None]


def test_a_service_that_says_when_to_come_back_is_asked_for_as_long_as_the_budget_lasts():
    busy = _errors.FateUnknown("x", http_status=503, retry_after=20.0)
    assert [pause_before_repeat(busy, READ, failures, 0.0) for failures in range(1, 9)] == 5 * [20.0] + 3 * [30.0]
    assert [pause_before_repeat(busy, CREATE, failures, 0.0) for failures in (1, 2)] == [None, None]


def test_a_429_that_is_not_of_the_service_is_waited_out_too_unless_it_was_a_create():
    strange = _errors.FateUnknown("x", http_status=429)
    pauses = [pause_before_repeat(strange, SET, failures, 0.0) for failures in range(1, 6)]
    assert pauses == [FULL_MINUTE, FULL_MINUTE, FULL_MINUTE, None, None]
    assert pause_before_repeat(strange, CREATE, 1, 0.0) is None


def test_three_refusals_for_the_rate_are_waited_out_and_a_fourth_is_not():
    pauses = [pause_before_repeat(_errors.RateLimited("x"), READ, failures, 0.0) for failures in range(1, 6)]
    assert pauses == [FULL_MINUTE, FULL_MINUTE, FULL_MINUTE, None, None]


@given(st.floats(0, 1, exclude_max=True), st.integers(1, 5), st.sampled_from([row[0] for row in FATES]))
def test_jitter_only_lengthens_a_pause_and_never_decides(jitter, failures, failure):
    plain, jittered = (pause_before_repeat(failure, READ, failures, one) for one in (0.0, jitter))
    assert (plain is None) == (jittered is None)
    if plain is not None:
        assert plain <= jittered <= max(2 * plain, plain + 5.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("30", 30.0),
        (" 30 ", 30.0),
        ("0", 1.0),
        ("100000", 600.0),
        ("9" * 500, 600.0),
        ("-5", None),
        ("1.5", None),
        ("\N{SUPERSCRIPT TWO}", None),
        ("soon", None),
        ("1 minute", None),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(hours=1), usegmt=True), 1.0),
        (format_datetime(NOW + timedelta(days=3), usegmt=True), 600.0),
        ("Sat, 02 May 2026 03:11:00 +0200", 60.0),
        ("Sat, 02 May 2026 01:11:00 -0000", 60.0),
    ],
)
def test_retry_after_is_read_in_each_form_and_clamped(header, seconds):
    assert read_retry_after(header, None, NOW) == seconds


@pytest.mark.parametrize("off", [timedelta(minutes=10), timedelta(minutes=-10), timedelta(days=400)])
def test_a_date_is_judged_by_the_clock_of_the_reply(off):
    later, sent_at = (format_datetime(NOW + off + timedelta(seconds=s), usegmt=True) for s in (90, 0))
    assert read_retry_after(later, sent_at, NOW) == 90.0
    assert read_retry_after("7", sent_at, NOW) == 7.0


@pytest.mark.parametrize("date", [None, "", "today", "Sat, 02 May 2026 01:10:00 +99999999999"])
def test_without_a_readable_date_it_is_judged_by_our_own(date):
    assert read_retry_after(format_datetime(NOW + timedelta(seconds=90), usegmt=True), date, NOW) == 90.0


def test_a_number_that_float_cannot_read_is_garbage_not_a_crash():
    read_retry_after("0\x1f", None, NOW)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40))
def test_no_garbage_in_retry_after_breaks_a_task_or_its_limits(header):
    seconds = read_retry_after(header, header, NOW)
    assert seconds is None or 1.0 <= seconds <= 600.0


# Waits


def length_of_union(intervals):
    total, until = 0.0, float("-inf")
    for start, end in sorted(intervals):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def waits_on(clock, budget=1e6):
    async def no_sleep(_seconds):
        return None

    return Waits(budget, clock, no_sleep)


STEPS = st.lists(
    st.tuples(st.floats(0, 50), st.sampled_from(["charge", "pause"]), st.floats(0, 100)), min_size=1, max_size=20
)


@given(STEPS)
def test_overlapping_waits_count_once(steps):
    clock, every, charged = Clock(), [], []
    waits = waits_on(clock)

    async def go():
        for later, kind, seconds in steps:
            clock.now += later
            every.append((clock.now, clock.now + seconds))
            if kind == "charge":
                charged.append(every[-1])
                await waits.charge(seconds, _errors.NotSent("x"))
            else:
                await waits.pause(seconds, "a test")

    asyncio.run(go())
    assert waits.total == pytest.approx(length_of_union(every), abs=1e-6)
    assert waits.budget - waits.left == pytest.approx(length_of_union(charged), abs=1e-6)


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(0.1, 60)), min_size=1, max_size=12))
def test_time_lost_one_after_the_other_counts_in_full(lost):
    clock = Clock()
    waits = waits_on(clock)
    for quiet, seconds in lost:
        clock.now += quiet
        started = clock.now
        clock.now += seconds
        waits.charge_elapsed(started)
    assert waits.budget - waits.left == pytest.approx(sum(seconds for _quiet, seconds in lost), abs=1e-6)


def test_time_lost_counts_also_when_a_shorter_wait_lay_within_it():
    clock = Clock()
    waits = waits_on(clock)
    started = clock.now
    clock.now += 20
    asyncio.run(waits.charge(5, _errors.NotSent("another call was refused meanwhile")))
    clock.now += 10
    waits.charge_elapsed(started)  # 30 s in a time-out, five of which were counted already
    assert waits.budget - waits.left == pytest.approx(30)


def test_time_lost_in_a_time_out_is_among_the_seconds_waited():
    clock = Clock()
    waits = waits_on(clock)
    clock.now += 30
    waits.charge_elapsed(clock.now - 30)
    assert waits.total == pytest.approx(30)


@given(st.floats(0, 100), st.lists(st.floats(0.1, 60), min_size=1, max_size=20))
def test_the_budget_is_never_overdrawn_and_the_failure_behind_it_keeps_its_name(budget, pauses):
    clock = Clock()
    waits = Waits(budget, clock, asyncio.sleep)
    failure = _errors.RateLimited("The service answered 429.", http_status=429)

    async def go():
        for seconds in pauses:
            await waits.charge(seconds, failure)

    if sum(pauses) > budget + 1e-6:
        with pytest.raises(_errors.BudgetExhausted) as end:
            run_on(clock, go())
        assert (end.value.code, end.value.http_status) == ("rate_limited", 429)
        assert end.value.msg.startswith(failure.msg)
        assert "retry_budget" in end.value.msg
    elif sum(pauses) < budget - 1e-6:
        run_on(clock, go())
    assert clock.now - 1000.0 <= budget + 1e-6
    assert waits.left >= -1e-6


def test_our_own_courtesy_costs_time_but_no_budget():
    clock = Clock()
    waits = Waits(0, clock, asyncio.sleep)
    run_on(clock, waits.pause(45, "a test"))
    assert (clock.now, waits.total, waits.left) == (1045.0, 45.0, 0)


def test_a_thousand_waits_side_by_side_cost_one():
    clock = Clock()
    waits = Waits(61, clock, asyncio.sleep)

    async def go():
        await asyncio.gather(*(waits.charge(61, _errors.RateLimited("x")) for _each in range(1000)))

    run_on(clock, go())
    assert (clock.now, waits.total, waits.left) == (1061.0, 61.0, 0.0)
