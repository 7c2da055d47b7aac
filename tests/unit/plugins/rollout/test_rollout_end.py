# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a rollout leaves devices behind, and what it says in the end."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.end import (
    OUTCOMES,
    conclude,
    end_run,
    must_be_held,
    to_hold,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import (
    APP,
    NEW,
    fleet,
    kiosk,
    plan_of,
    request,
    uuid,
    uuids,
)

CURRENT = {"apps": {APP: NEW}}
UNFINISHED = ("timed_out", "unknown", "left")
STOP = {"code": "rollout_failed", "msg": "canary: 1 of 1 failed."}
CLOSED = {"code": "window_closed", "msg": "The window closed."}


# Who is held


@pytest.mark.parametrize("was_held", [True, False, None])
@pytest.mark.parametrize("after", ["hold", "release", "restore"])
@pytest.mark.parametrize("found", UNFINISHED)
def test_what_has_not_finished_never_stays_released(found, after, was_held):
    assert must_be_held(request(after=after), found, was_held) is True


@pytest.mark.parametrize(
    ("after", "found", "was_held", "held"),
    [
        *(("hold", found, was_held, True) for found in ("success", "failed", "aborted") for was_held in (True, False)),
        *(("release", "success", was_held, False) for was_held in (True, False, None)),
        *(("release", found, was_held, True) for found in ("failed", "aborted") for was_held in (True, False, None)),
        *(("restore", found, True, True) for found in ("success", "failed", "aborted")),
        *(("restore", found, False, False) for found in ("success", "failed", "aborted")),
        *(("restore", found, None, True) for found in ("success", "failed", "aborted")),  # it was released in any case
    ],
)
def test_what_has_finished_is_left_as_asked(after, found, was_held, held):
    assert must_be_held(request(after=after), found, was_held) is held


@pytest.mark.parametrize("after", ["hold", "release", "restore"])
def test_devices_that_are_not_ours_are_never_held(after):
    asked = request(after=after, self_managed=["kiosk-1"])
    plan = plan_of(asked, kiosk(1, held=False), kiosk(2), without_token=(2,))
    assert to_hold(asked, plan, dict.fromkeys(uuids(1, 2, 3), "failed")) == []  # nor is one that is in no plan


def ended(asked, before, touched, after):
    return end_run(asked, plan_of(asked, *before), touched, fleet(*after))


def test_only_those_that_are_not_held_yet_are_held():
    before = [kiosk(number) for number in range(1, 6)]
    after = [kiosk(1, "success"), kiosk(2, "success", held=False), kiosk(3, "success", held=None), kiosk(5, held=False)]
    found = ended(request(), before, dict.fromkeys(uuids(1, 2, 3, 4), "success"), after)
    assert found["hold"] == uuids(2, 3, 4)  # the fourth is not seen, the fifth was not touched


def test_without_a_look_everybody_touched_is_held_once_more():
    assert ended(request(), [kiosk(1), kiosk(2)], {uuid(1): "unknown"}, [])["hold"] == uuids(1)


@pytest.mark.parametrize(
    ("known", "states", "found"),
    [
        ("unknown", (), "unknown"),
        ("unknown", ("pending",), "unknown"),
        ("unknown", ("success",), "success"),
        ("timed_out", ("success",), "success"),
        ("timed_out", ("failed",), "failed"),
        ("left", ("in_progress",), "left"),
        ("left", ("success",), "success"),
        ("success", (), "success"),  # not shown any more, and known all the same
    ],
)
def test_what_finished_meanwhile_is_taken_over(known, states, found):
    assert ended(request(), [kiosk(1)], {uuid(1): known}, [kiosk(1, *states)])["fates"] == {uuid(1): found}


@pytest.mark.parametrize(
    ("known", "states", "found"),
    [
        ("left", ("failed",), "left"),
        ("unknown", ("failed",), "unknown"),
        ("left", ("failed", "success"), "success"),
        ("timed_out", ("failed", "failed"), "failed"),
        ("failed", ("failed", "failed"), "failed"),
    ],
)
def test_a_failure_that_was_to_be_retried_is_not_taken_for_a_new_one(known, states, found):
    asked = request(retry_failed=True)
    assert ended(asked, [kiosk(1, "failed")], {uuid(1): known}, [kiosk(1, *states)])["fates"] == {uuid(1): found}


@pytest.mark.parametrize(
    ("after", "states", "held"),
    [
        ("hold", ("pending",), True),
        ("hold", ("success",), True),
        ("release", ("pending",), True),
        ("release", ("success",), False),
        ("release", ("failed",), True),
        ("restore", ("in_progress",), True),
        ("restore", ("success",), False),
    ],
)
@pytest.mark.parametrize("touched", [True, False])
def test_what_an_earlier_run_left_behind(after, states, held, touched):
    """It was on its way when this run began; C(states) are those in the end."""
    asked = request(after=after)
    fates = {uuid(1): "timed_out"} if touched else {}
    found = ended(asked, [kiosk(1, "pending", held=False)], fates, [kiosk(1, *states, held=False)])
    assert found["hold"] == (uuids(1) if held else [])
    assert set(found["fates"]) == set(fates)


# What is said


def said(asked, devices, fates=None, verdict=None, **more):
    plan = plan_of(asked, *devices, without_token=more.get("without_token", ()))
    return conclude(asked, plan, fates or {}, verdict or {}, more.get("left_open", ()), more.get("dry", False))


@pytest.mark.parametrize(
    ("devices", "fates", "verdict", "outcome", "code", "fails"),
    [
        ([kiosk(1)], {uuid(1): "success"}, {}, "succeeded", None, False),
        ([kiosk(1, "success"), kiosk(2, **CURRENT)], {}, {}, "nothing_to_do", None, False),
        ([], {}, {}, "refused", "empty_target", True),
        ([kiosk(1), kiosk(2)], {uuid(1): "success"}, {}, "incomplete", "left_for_later", True),
        ([kiosk(1), kiosk(2, online=False)], {uuid(1): "success"}, {}, "incomplete", "left_for_later", True),
        ([kiosk(1, online=False)], {}, {}, "incomplete", "left_for_later", True),
        ([kiosk(1)], {uuid(1): "left"}, CLOSED, "incomplete", "window_closed", True),
        ([kiosk(1)], {uuid(1): "failed"}, STOP, "stopped", "rollout_failed", True),
        ([kiosk(1)], {}, {"code": "inconclusive", "msg": "Few."}, "incomplete", "inconclusive", True),
        ([kiosk(1)], {uuid(1): "unknown"}, {"code": "no_reply", "msg": "Send: lost."}, "failed", "no_reply", True),
        ([kiosk(1)], {uuid(1): "success"}, {"code": "hook_failed", "msg": "x"}, "failed", "hook_failed", True),
    ],
)
def test_outcomes(devices, fates, verdict, outcome, code, fails):
    found = said(request(), devices, fates, verdict)
    assert (found["outcome"], found["code"], found["failed"]) == (outcome, code, fails)
    assert verdict.get("msg", "") in found["msg"]


@pytest.mark.parametrize(
    ("verdict", "fails"),
    [
        ({}, False),
        (CLOSED, False),
        ({"code": "inconclusive", "msg": "Few."}, True),
        (STOP, True),
        ({"code": "no_reply", "msg": "x"}, True),
    ],
)
def test_incomplete_may_be_all_right(verdict, fails):
    assert said(request(incomplete_ok=True), [kiosk(1)], {uuid(1): "left"}, verdict)["failed"] is fails


def test_a_refused_plan_names_the_first_conflict():
    found = said(request(), [kiosk(1), kiosk(2)], without_token=(1, 2))
    assert (found["outcome"], found["code"], found["failed"]) == ("refused", "conflicts", True)
    assert "Nothing was sent: 2 devices in conflict. kiosk-" in found["msg"]
    assert "connect_devices" in found["msg"]


def test_without_a_plan_the_reason_is_said():
    found = conclude(request(), None, {}, {"code": "unauthorized", "msg": "Read the fleet: no."}, (), False)
    assert (found["outcome"], found["code"], found["msg"]) == ("failed", "unauthorized", "Read the fleet: no.")
    assert found["summary"] == {}


@pytest.mark.parametrize(
    ("devices", "outcome", "fails"),
    [
        ([kiosk(1)], "planned", False),
        ([kiosk(1, online=False)], "planned", False),
        ([kiosk(1, "success")], "nothing_to_do", False),
    ],
)
def test_check_mode_says_the_plan(devices, outcome, fails):
    found = said(request(), devices, dry=True)
    assert (found["outcome"], found["code"], found["failed"]) == (outcome, None, fails)
    if outcome == "planned":
        assert found["msg"] == plan_of(request(), *devices)["msg"]


def test_check_mode_refuses_too():
    assert said(request(), [kiosk(1)], without_token=(1,), dry=True)["outcome"] == "refused"


@pytest.mark.parametrize("verdict", [{}, STOP, CLOSED])
def test_a_device_that_is_left_open_is_the_worst(verdict):
    found = said(request(incomplete_ok=True), [kiosk(1)], {uuid(1): "success"}, verdict, left_open=["kiosk-1"])
    assert (found["outcome"], found["code"], found["failed"]) == ("failed", "left_open", True)
    assert "1 device could not be held and may take updates at any time: kiosk-1." in found["msg"]
    assert found["left_open"] == ["kiosk-1"]
    assert verdict.get("msg", "") in found["msg"]


def test_of_many_that_are_left_open_the_first_are_named():
    names = ["kiosk-%d" % number for number in range(1, 9)]
    assert "kiosk-5 and more." in said(request(), [kiosk(1)], left_open=names)["msg"]


def test_the_numbers():
    words = ("success", "failed", "aborted", "timed_out", "unknown", "left")
    fates = {uuid(number): word for number, word in enumerate(words, 1)}
    devices = [
        *[kiosk(number) for number in range(1, 7)],
        kiosk(7, online=False),
        kiosk(8, "success"),
        kiosk(9, **CURRENT),
        kiosk(10, "failed"),
        kiosk(11),
    ]
    found = said(request(offline="skip", thresholds={"wave": {"failed": 1}}), devices, fates, STOP)
    assert found["summary"] == {
        "total": 11,
        **{"updated": 1, "failed": 1, "aborted": 1, "timed_out": 1, "unknown": 1, "left": 2},
        **{"skipped": 1, "done_before": 1, "current": 1, "failed_before": 1},
    }
    assert set(OUTCOMES) | {"total"} == set(found["summary"])
    assert found["msg"].startswith("11 devices: 1 updated, 1 failed, 1 aborted, 1 timed out, 1 unknown, 2 left, 1 ")


def test_each_device_counts_once_whatever_is_known_of_others():
    fates = {uuid(1): "success", uuid(2): "success", "d-9999": "failed"}
    found = said(request(), [kiosk(1), kiosk(2, "success")], fates)
    assert found["summary"]["total"] == sum(found["summary"][word] for word in OUTCOMES) == 2
    assert (found["summary"]["updated"], found["summary"]["done_before"]) == (1, 1)


def test_a_device_that_its_wave_skipped_is_no_success():
    assert said(request(), [kiosk(1)], {uuid(1): "skipped"})["summary"]["skipped"] == 1


@pytest.mark.parametrize(
    ("limit", "outcome", "code"),
    [(0, "stopped", "rollout_failed"), (1, "nothing_to_do", None), ("50%", "nothing_to_do", None)],
)
def test_failures_of_an_earlier_night_count_when_nothing_is_left_to_do(limit, outcome, code):
    asked = request(thresholds={"wave": {"failed": limit}})
    found = conclude(asked, plan_of(asked, kiosk(1, "failed"), kiosk(2, "success")), {}, {}, [], False)
    assert (found["outcome"], found["code"], found["failed"]) == (outcome, code, outcome == "stopped")
