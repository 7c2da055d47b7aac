# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The verdict on a wave: what is counted, what is not, and what the sentence names."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.outcome import fate_of
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.thresholds import Counts
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.wave import fate_later
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import (
    APP,
    DEVICE_WINDOW,
    MARK,
    NEW,
    WINDOW,
    begin,
    kiosk,
    later,
    not_sent,
    request,
    sent_row,
    trigger_row,
    uuid,
    verdict,
)

CURRENT = {"apps": {APP: NEW}}
INSIDE = {"windows": [WINDOW], "max_update_time": "20m"}
FAILED = {"outcome": "failed", "code": "update_failed"}
IN_DOUBT = {"outcome": "unknown", "code": "outcome_unknown"}
SILENT = {"wave": {"timed_out": "100%", "unknown": "100%"}}


def word(judged):
    return judged.verdict.verdict


def code(judged):
    return judged.verdict.code


# What became of a device: what its row says, see test_rollout_outcome.py for each code


@pytest.mark.parametrize(
    ("row", "found"),
    [
        (sent_row(1, status="success"), "success"),
        (sent_row(1, status="failed", **FAILED), "failed"),
        (sent_row(1, status="aborted", **FAILED), "aborted"),
        (sent_row(1, status="pending"), "timed_out"),
        (sent_row(1, status="in_progress"), "timed_out"),
        (sent_row(1, status="queued"), "timed_out"),  # a state that we do not know
        (sent_row(1, status=None), "unknown"),  # accepted, and it does not show
        (sent_row(1, status="failed", **IN_DOUBT), "failed"),  # it had none before, so it is this one
        (sent_row(1, status="success", **IN_DOUBT), "success"),
        # an update that was on its way already
        (sent_row(1, plan="in_flight", outcome="unchanged", status="success"), "success"),
        (sent_row(1, plan="in_flight", outcome="unchanged"), "timed_out"),
        # again to a device on which it had failed
        (sent_row(1, plan="retry", status="success"), "success"),
        (sent_row(1, plan="retry", status="pending"), "timed_out"),
        (sent_row(1, plan="retry", status="failed", **FAILED), "failed"),
        (sent_row(1, plan="retry", status="aborted", **IN_DOUBT), "unknown"),
        (not_sent(1, plan="retry", status="failed", code="unreachable"), "failed"),
        (not_sent(1, plan="retry", status="failed", code="window_closed"), "left"),
        # it could not be released
        (trigger_row(1, "failed", "request_rejected"), "failed"),
        (trigger_row(1, "failed", "verify_failed"), "failed"),
        (trigger_row(1, "failed", "window_closed"), "left"),
        (trigger_row(1, "unknown", "outcome_unknown"), "unknown"),
    ],
)
def test_fates(row, found):
    assert fate_of(row.get("status"), row["outcome"], row["code"], row.get("plan")) == found


@pytest.mark.parametrize(
    ("known", "states", "retried", "found"),
    [
        ("unknown", (), False, "unknown"),
        ("unknown", ("pending",), False, "unknown"),
        ("unknown", ("success",), False, "success"),
        ("timed_out", ("success",), False, "success"),
        ("timed_out", ("failed",), False, "failed"),
        ("success", ("success", "failed"), False, "success"),
        ("success", ("aborted",), False, "aborted"),  # during the soak somebody has withdrawn it
        ("left", ("in_progress",), False, "left"),
        ("left", ("success",), False, "success"),
        ("refused", (), False, "refused"),
        # the failure that was to be retried still shows
        ("unknown", ("failed",), True, "unknown"),
        ("left", ("failed",), True, "left"),
        ("left", ("failed", "success"), True, "success"),
        ("timed_out", ("failed", "failed"), True, "failed"),
        ("failed", ("failed", "failed"), True, "failed"),
    ],
)
def test_a_later_read_says_what_has_finished_meanwhile(known, states, retried, found):
    assert fate_later(kiosk(1, *states), MARK, known, retried) == found


def test_what_is_not_shown_any_more_is_still_known():
    assert fate_later(None, MARK, "success", False) == "success"


# The verdict


def test_all_well():
    started = begin(request(), kiosk(1), kiosk(2))
    judged = verdict(request(), started, {1: "success", 2: "success"}, earlier=Counts(due=1, success=1))
    assert (word(judged), code(judged), judged.scope) == ("proceed", None, "wave")
    assert (judged.counts, judged.total) == (Counts(due=2, success=2), Counts(due=3, success=3))
    shown = judged.as_result(request())
    assert shown["limits"]["wave"]["failed"] == "0"
    assert (shown["counts"]["success"], shown["total"]["sample"]) == (2, 3)


def test_one_failure_stops_and_the_wave_is_named():
    started = begin(request(), kiosk(1), kiosk(2))
    judged = verdict(request(), started, {1: "success", 2: "failed"}, sent_row(2, status="failed", **FAILED))
    assert (word(judged), code(judged), judged.scope) == ("stop", "rollout_failed", "wave")
    assert started.name in judged.verdict.msg


def test_the_limits_of_all_waves_hold_when_the_wave_is_within_its_own():
    asked = request(thresholds={"wave": {"failed": 1}, "total": {"failed": 2}})
    judged = verdict(asked, begin(asked, kiosk(1)), {1: "failed"}, earlier=Counts(due=9, success=0, failed=2))
    assert (code(judged), judged.scope) == ("rollout_failed", "total")
    assert judged.verdict.msg.startswith("All waves so far: 3 of 3 devices failed")


# A stop names its devices, the limit and the next step


def test_a_stop_names_the_devices_the_limit_and_the_next_step():
    devices = [kiosk(1), kiosk(2), kiosk(3, name="")]
    asked = request(thresholds={"wave": {"failed": 1}})
    fates = {1: "success", 2: "failed", 3: "failed"}
    rows = [sent_row(number, status="failed", msg="Run the task again.", **FAILED) for number in (2, 3)]
    said = verdict(asked, begin(asked, *devices), fates, *rows).verdict.msg
    assert "2 of 3 devices failed (limit 1): kiosk-2, %s. Check the update log" % uuid(3) in said
    assert "connect_retry_failed=true" in said
    assert "kiosk-1" not in said
    assert "Run the task again" not in said  # words for a task of connect_deploy


def test_a_stop_says_why_where_it_was_not_the_update_that_failed():
    rows = [sent_row(2, **IN_DOUBT, msg="The reply was lost.")]
    said = verdict(request(), begin(request(), kiosk(1), kiosk(2)), {1: "success", 2: "unknown"}, *rows).verdict.msg
    assert "1 of 2 devices unknown (limit 0): kiosk-2 (The reply was lost). Check" in said


@pytest.mark.parametrize(("bad", "more"), [(10, ""), (11, " and 1 more"), (13, " and 3 more")])
def test_of_many_devices_ten_are_named_and_the_others_counted(bad, more):
    devices = [kiosk(number) for number in range(1, bad + 1)]
    said = verdict(request(), begin(request(), *devices), dict.fromkeys(range(1, bad + 1), "timed_out")).verdict.msg
    names, _step = said.split("(limit 0): ")[1].split(". Check")
    assert names.count("kiosk-") == 10
    assert names.endswith(more)


# A sending that the service refused


NO_FLOW = "The service refused it (HTTP 400): flow f-1x does not exist."


def test_a_refused_sending_is_a_verdict_of_its_own_and_no_failure_of_the_devices():
    started = begin(request(), kiosk(1), kiosk(2))
    rows = [not_sent(number, msg=NO_FLOW) for number in (1, 2)]
    judged = verdict(request(), started, {1: "refused", 2: "refused"}, *rows)
    assert (word(judged), code(judged)) == ("stop", "sending_refused")
    assert judged.counts == Counts()
    said = judged.verdict.msg
    assert "not sent to 2 devices" in said
    assert "kiosk-1" in said
    assert "kiosk-2" in said
    assert NO_FLOW in said


def test_a_refused_sending_stops_whatever_the_limits_allow():
    asked = request(thresholds={"wave": {"failed": "100%"}, "total": {"failed": "100%"}})
    judged = verdict(asked, begin(asked, kiosk(1), kiosk(2)), {1: "success", 2: "refused"}, not_sent(2, msg=NO_FLOW))
    assert (code(judged), judged.counts) == ("sending_refused", Counts(due=1, success=1))


def test_when_it_was_not_the_service_that_refused_the_row_says_why():
    """A token that is not accepted is for the operator, not for the flow."""
    row = not_sent(1, code="unauthorized", msg="The token is not accepted.")
    judged = verdict(request(), begin(request(), kiosk(1)), {1: "refused"}, row)
    assert (code(judged), "The token is not accepted." in judged.verdict.msg) == ("unauthorized", True)


def test_of_many_refused_devices_ten_are_named():
    devices = [kiosk(number) for number in range(1, 13)]
    rows = [not_sent(number, msg=NO_FLOW) for number in range(1, 13)]
    said = verdict(request(), begin(request(), *devices), dict.fromkeys(range(1, 13), "refused"), *rows).verdict.msg
    assert "12 devices" in said
    assert "and 2 more" in said
    assert said.count("kiosk-") == 10


# The window closes


@pytest.mark.parametrize(
    ("now", "fate", "said"),
    [
        (later(hours=2, minutes=59, seconds=57), "timed_out", "rollout_failed"),
        (later(hours=2, minutes=59, seconds=58), "left", "window_closed"),
        (later(hours=3), "left", "window_closed"),
    ],
)
def test_what_the_close_cuts_off_is_left_for_another_night(now, fate, said):
    asked = request(**INSIDE)
    started = begin(asked, kiosk(1), kiosk(2))
    judged = verdict(asked, started, {1: "success", 2: "timed_out"}, now=now)
    assert judged.fates == {uuid(1): "success", uuid(2): fate}
    assert (word(judged), code(judged)) == ("stop", said)
    if fate == "left":
        assert (judged.counts.due, judged.counts.timed_out) == (1, 0)
        assert "1 device of %s had finished (kiosk-2)" % started.name in judged.verdict.msg
        assert "the next run continues with them" in judged.verdict.msg


def test_a_wave_that_the_close_cuts_off_as_a_whole_is_no_success():
    asked = request(**INSIDE)
    judged = verdict(asked, begin(asked, kiosk(1)), {1: "timed_out"}, now=later(hours=3))
    assert (code(judged), judged.fates) == ("window_closed", {uuid(1): "left"})


def test_a_failure_is_graver_than_the_close():
    asked = request(**INSIDE)
    judged = verdict(asked, begin(asked, kiosk(1), kiosk(2)), {1: "failed", 2: "timed_out"}, now=later(hours=3))
    assert code(judged) == "rollout_failed"


def test_without_a_close_nothing_is_cut_off():
    judged = verdict(request(), begin(request(), kiosk(1)), {1: "timed_out"}, now=later(days=400))
    assert (code(judged), judged.fates) == ("rollout_failed", {uuid(1): "timed_out"})


# Members that are not touched


@pytest.mark.parametrize(
    ("states", "said", "counted"),
    [
        (("success",), "proceed", "success"),
        (("failed",), "stop", "failed"),
        (("aborted",), "stop", "aborted"),
    ],
)
def test_members_that_earlier_runs_are_done_with_count_too(states, said, counted):
    asked = request(thresholds={"wave": {"failed": 1, "aborted": 1}})  # so that the wave begins at all
    started = begin(asked, kiosk(1, *states), kiosk(2))
    judged = verdict(request(), started, {2: "success"})
    assert (word(judged), judged.counts.due) == (said, 2)
    assert getattr(judged.counts, counted) >= 1
    assert judged.fates == {uuid(2): "success"}  # the other one was not touched


def test_a_wave_that_failed_does_not_start_again():
    started = begin(request(), kiosk(1, "failed"), kiosk(2))
    assert (started.acting, started.to_release()) == ((), [])
    assert code(verdict(request(), started)) == "rollout_failed"


@pytest.mark.parametrize("states", [("pending",), ("in_progress",), ()])
def test_who_is_left_alone_is_no_failure_of_the_update(states):
    """An update that waits on a device which is offline has not timed out: nobody waited for it."""
    asked = request(offline="hold")
    judged = verdict(asked, begin(asked, kiosk(1, *states, online=False), kiosk(2)), {2: "success"})
    assert (word(judged), judged.counts) == ("proceed", Counts(due=2, success=1))


def test_a_failure_that_was_to_be_retried_is_no_verdict_while_its_device_is_offline():
    asked = request(offline="skip", retry_failed=True)
    started = begin(asked, kiosk(1, "failed", online=False), kiosk(2))
    assert word(verdict(asked, started, {2: "success"})) == "proceed"
    assert [one.skip_word for one in started.skipped] == ["skipped"]


def test_an_update_that_waits_where_the_window_is_closed_has_not_timed_out():
    asked = request(windows=[DEVICE_WINDOW])
    started = begin(asked, kiosk(1, "pending"), kiosk(2), zones={uuid(1): "Asia/Tokyo", uuid(2): "UTC"})
    assert started.gate.closed == {uuid(1)}
    assert word(verdict(asked, started, {2: "success"})) == "proceed"


# Too few to say anything


@pytest.mark.parametrize(
    ("policy", "said", "why"),
    [
        ("hold", "pause", "inconclusive"),
        ("skip", "proceed", None),  # left out for good: a device that never comes back must not stop every night
    ],
)
def test_a_wave_of_which_no_device_could_be_reached(policy, said, why):
    asked = request(offline=policy)
    judged = verdict(asked, begin(asked, kiosk(1, online=False)))
    assert (word(judged), code(judged)) == (said, why)


@pytest.mark.parametrize(("policy", "said"), [("hold", "pause"), ("skip", "proceed")])
def test_minimum_does_not_count_who_is_left_out_for_good(policy, said):
    asked = request(offline=policy, thresholds={"wave": {"failed": "50%", "minimum": 3}})
    devices = [kiosk(1), kiosk(2), kiosk(3, online=False)]
    judged = verdict(asked, begin(asked, *devices), {1: "success", 2: "success"})
    assert word(judged) == said


def test_a_wave_with_nothing_to_do_proceeds():
    judged = verdict(request(), begin(request(), kiosk(1, **CURRENT)))
    assert (word(judged), judged.fates, judged.counts) == ("proceed", {}, Counts())


@pytest.mark.parametrize("fate", ["timed_out", "unknown"])
def test_a_wave_of_which_no_device_finished_is_inconclusive_even_if_all_may_time_out(fate):
    asked = request(thresholds=SILENT)
    judged = verdict(asked, begin(asked, kiosk(1), kiosk(2)), {1: fate, 2: fate})
    assert (word(judged), code(judged)) == ("pause", "inconclusive")
    assert "none of 2 devices" in judged.verdict.msg
    assert "Rerun" in judged.verdict.msg


@pytest.mark.parametrize("fate", ["success", "failed", "aborted"])
def test_one_device_that_finished_shows_something(fate):
    asked = request(thresholds={"wave": {**SILENT["wave"], "failed": 1, "aborted": 1}})
    assert word(verdict(asked, begin(asked, kiosk(1), kiosk(2)), {1: fate, 2: "timed_out"})) == "proceed"


def test_what_nobody_saw_stops():
    judged = verdict(request(), begin(request(), kiosk(1), kiosk(2)), {1: "unknown", 2: "unknown"})
    assert code(judged) == "rollout_failed"


# Who went offline


@pytest.mark.parametrize(
    ("before", "offline", "gone"), [(True, [1], 1), (None, [1], 1), (False, [1], 0), (True, [], 0)]
)
def test_who_went_offline_after_the_release(before, offline, gone):
    asked = request(offline="wait")
    judged = verdict(asked, begin(asked, kiosk(1, online=before)), {1: "success"}, offline=offline)
    assert judged.counts.offline == gone
    assert word(judged) == ("stop" if gone else "proceed")


def test_who_did_not_act_is_not_counted_as_gone_offline():
    asked = request(offline="hold")
    judged = verdict(asked, begin(asked, kiosk(1), kiosk(2, online=False)), {1: "success"}, offline=[2, 9])
    assert judged.counts.offline == 0
