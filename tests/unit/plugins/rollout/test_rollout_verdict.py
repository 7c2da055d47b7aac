# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of the devices of a wave, and the verdict on it."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.wave import fate
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import model_update
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import (
    APP,
    DEVICE_WINDOW,
    MARK,
    NEW,
    WINDOW,
    begin,
    in_doubt,
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


# What became of a device


@pytest.mark.parametrize(
    ("states", "row", "found"),
    [
        (("success",), sent_row(1), "success"),
        (("failed",), sent_row(1, outcome="failed", code="update_failed"), "failed"),
        (("aborted",), sent_row(1, outcome="failed", code="update_failed"), "aborted"),
        (("pending",), sent_row(1), "timed_out"),
        (("in_progress",), sent_row(1), "timed_out"),
        (("queued",), sent_row(1), "timed_out"),  # a state that we do not know
        ((), sent_row(1), "unknown"),  # accepted, and it does not show
        ((), in_doubt(1), "unknown"),
        (("pending",), in_doubt(1), "unknown"),
        (("success",), in_doubt(1), "success"),
        (("failed",), in_doubt(1), "failed"),  # it had none before, so it is this one
        ((), not_sent(1), "failed"),
        ((), not_sent(1, "window_closed"), "left"),
        ((), None, "unknown"),
        (("success",), None, "success"),
        (("pending",), None, "timed_out"),
        # an update that was on its way already
        (("success",), sent_row(1, plan="in_flight", outcome="unchanged"), "success"),
        (("pending",), sent_row(1, plan="in_flight", outcome="unchanged"), "timed_out"),
        # again to a device on which it had failed
        (("failed", "success"), sent_row(1, plan="retry"), "success"),
        (("failed", "pending"), sent_row(1, plan="retry"), "timed_out"),
        (("failed", "failed"), sent_row(1, plan="retry", outcome="failed", code="update_failed"), "failed"),
        (("failed",), not_sent(1, plan="retry"), "failed"),
        (("failed",), not_sent(1, "window_closed", plan="retry"), "left"),
        (("aborted",), in_doubt(1, plan="retry"), "unknown"),
        # it could not be released
        ((), trigger_row(1, "failed", "request_rejected"), "failed"),
        ((), trigger_row(1, "failed", "window_closed"), "left"),
        (("pending",), trigger_row(1, "failed", "window_closed"), "left"),
        (("failed",), trigger_row(1, "failed", "window_closed"), "left"),
        (("success",), trigger_row(1, "failed", "window_closed"), "success"),
    ],
)
def test_fates(states, row, found):
    assert fate(kiosk(1, *states), MARK, row) == found


@pytest.mark.parametrize(
    ("row", "found"), [(None, "unknown"), (sent_row(1), "unknown"), (not_sent(1, "window_closed"), "left")]
)
def test_of_a_device_that_nobody_sees_nothing_is_guessed(row, found):
    assert fate(None, MARK, row) == found


# The verdict


def test_all_well():
    started = begin(request(), kiosk(1), kiosk(2))
    sent = [sent_row(1, status="success", seconds=30.5), sent_row(2, status="success", seconds=40.0)]
    judged = verdict(
        request(), started, kiosk(1, "success"), kiosk(2, "success"), sent=sent, earlier={"due": 1, "success": 1}
    )
    assert (judged["verdict"], judged["code"], judged["scope"]) == ("proceed", None, "total")
    assert judged["counts"]["success"] == 2
    assert judged["total"]["success"] == 3
    assert judged["seconds"] == [30.5, 40.0]
    assert judged["limits"]["wave"]["failed"] == "0"


def test_one_failure_stops_and_the_wave_is_named():
    started = begin(request(), kiosk(1), kiosk(2))
    sent = [sent_row(1, status="success"), sent_row(2, outcome="failed", code="update_failed", status="failed")]
    judged = verdict(request(), started, kiosk(1, "success"), kiosk(2, "failed"), sent=sent)
    assert (judged["verdict"], judged["code"], judged["scope"]) == ("stop", "rollout_failed", "wave")
    assert started["name"] in judged["msg"]
    assert judged["seconds"] == []


def test_the_limits_of_all_waves_hold_when_the_wave_is_within_its_own():
    asked = request(thresholds={"wave": {"failed": 1}, "total": {"failed": 2}})
    judged = verdict(
        asked, begin(asked, kiosk(1)), kiosk(1, "failed"), sent=[sent_row(1)], earlier={"due": 9, "failed": 2}
    )
    assert (judged["code"], judged["scope"]) == ("rollout_failed", "total")
    assert judged["msg"].startswith("All waves so far: 3 of 3 failed")


@pytest.mark.parametrize(
    ("now", "word", "code"),
    [
        (later(hours=2, minutes=59, seconds=57), "timed_out", "rollout_failed"),
        (later(hours=2, minutes=59, seconds=58), "left", "window_closed"),
        (later(hours=3), "left", "window_closed"),
    ],
)
def test_what_the_close_cuts_off_is_left_for_another_night(now, word, code):
    asked = request(**INSIDE)
    started = begin(asked, kiosk(1), kiosk(2))
    judged = verdict(asked, started, kiosk(1, "success"), kiosk(2, "pending"), sent=[sent_row(1), sent_row(2)], now=now)
    assert judged["fates"] == {uuid(1): "success", uuid(2): word}
    assert (judged["verdict"], judged["code"]) == ("stop", code)
    if word == "left":
        assert (judged["counts"]["due"], judged["counts"]["timed_out"]) == (1, 0)
        assert "1 device of %s" % started["name"] in judged["msg"]


def test_a_failure_is_graver_than_the_close():
    asked = request(**INSIDE)
    judged = verdict(
        asked, begin(asked, kiosk(1), kiosk(2)), kiosk(1, "failed"), kiosk(2, "pending"), now=later(hours=3)
    )
    assert judged["code"] == "rollout_failed"


@pytest.mark.parametrize(
    ("mine", "seen", "verdict_word", "counted"),
    [
        (("success",), ("success",), "proceed", "success"),
        (("failed",), ("failed",), "stop", "failed"),
        (("aborted",), ("aborted",), "stop", "aborted"),
    ],
)
def test_members_that_earlier_runs_are_done_with_count_too(mine, seen, verdict_word, counted):
    started = begin(request(), kiosk(1, *mine), kiosk(2))
    judged = verdict(request(), started, kiosk(1, *seen), kiosk(2, "success"), sent=[sent_row(2)])
    assert judged["verdict"] == verdict_word
    assert judged["counts"]["due"] == 2
    assert judged["counts"][counted] >= 1
    assert judged["fates"] == {uuid(2): "success"}  # the other one was not touched


def test_a_wave_that_failed_stops_the_next_run_too_without_a_write():
    started = begin(request(), kiosk(1, "failed"))
    assert (started["acting"], started["release"]) == ([], [])
    judged = verdict(request(), started, kiosk(1, "failed"))
    assert (judged["code"], judged["fates"]) == ("rollout_failed", {})


@pytest.mark.parametrize("states", [("pending",), ("in_progress",), ()])
def test_who_is_left_alone_is_no_failure_of_the_update(states):
    """An update that waits on a device which is offline has not timed out: nobody waited for it."""
    started = begin(request(offline="hold"), kiosk(1, *states, online=False), kiosk(2))
    judged = verdict(
        request(offline="hold"), started, kiosk(1, *states, online=False), kiosk(2, "success"), sent=[sent_row(2)]
    )
    assert judged["verdict"] == "proceed"
    assert (judged["counts"]["due"], judged["counts"]["sample"]) == (2, 1)
    assert judged["untouched"] == {uuid(1): "left"}


def test_a_failure_that_was_to_be_retried_is_no_verdict_while_its_device_is_offline():
    asked = request(offline="skip", retry_failed=True)
    judged = verdict(
        asked, begin(asked, kiosk(1, "failed", online=False), kiosk(2)), kiosk(1, "failed"), kiosk(2, "success")
    )
    assert (judged["verdict"], judged["untouched"]) == ("proceed", {uuid(1): "skipped"})


def test_an_update_that_waits_where_the_window_is_closed_has_not_timed_out():
    asked = request(windows=[DEVICE_WINDOW])
    started = begin(asked, kiosk(1, "pending"), kiosk(2), entries={uuid(1): "Asia/Tokyo", uuid(2): "UTC"})
    judged = verdict(asked, started, kiosk(1, "pending"), kiosk(2, "success"), sent=[sent_row(2)])
    assert (judged["verdict"], judged["untouched"]) == ("proceed", {uuid(1): "left"})


def test_a_wave_of_which_nobody_could_be_reached_pauses():
    asked = request(offline="skip")
    judged = verdict(asked, begin(asked, kiosk(1, online=False)), kiosk(1, online=False))
    assert (judged["verdict"], judged["code"]) == ("pause", "inconclusive")


def test_a_wave_with_nothing_to_do_proceeds():
    judged = verdict(request(), begin(request(), kiosk(1, **CURRENT)), kiosk(1, **CURRENT))
    assert (judged["verdict"], judged["fates"], judged["counts"]["due"]) == ("proceed", {}, 0)


def test_a_fleet_that_nobody_can_read_stops():
    judged = verdict(request(), begin(request(), kiosk(1), kiosk(2)))
    assert judged["fates"] == dict.fromkeys(judged["fates"], "unknown")
    assert len(judged["fates"]) == 2
    assert judged["code"] == "rollout_failed"


@pytest.mark.parametrize(
    ("before", "after", "gone"), [(True, False, 1), (None, False, 1), (False, False, 0), (True, None, 0)]
)
def test_who_went_offline_after_the_release(before, after, gone):
    asked = request(offline="wait")
    judged = verdict(asked, begin(asked, kiosk(1, online=before)), kiosk(1, "success", online=after))
    assert judged["counts"]["offline"] == gone
    assert judged["verdict"] == ("stop" if gone else "proceed")


def test_who_does_not_fit_the_filters_any_more_is_judged_all_the_same():
    asked = request(all_devices=None, filters=[{"type": "app", "value": APP, "app_version": "3.1.0"}], parameters={})
    mine = (model_update(asked.deployment.mark, "success"),)
    judged = verdict(asked, begin(asked, kiosk(1)), kiosk(1, updates=mine, **CURRENT), sent=[sent_row(1)])
    assert judged["fates"] == {uuid(1): "success"}
