# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a rollout leaves devices behind, and what it says in the end."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.end import (
    conclude,
    fates_at_the_end,
    may_be_touched,
    must_be_held,
    rows_of,
    to_hold,
    were_touched,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.outcome import OUTCOMES, summary
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.state import State
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import (
    APP,
    NEW,
    kiosk,
    plan_of,
    request,
    uuid,
    uuids,
)

CURRENT = {"apps": {APP: NEW}}
UNFINISHED = ("timed_out", "unknown", "left", "refused", "gone")
STOP = {"code": "rollout_failed", "msg": "canary: 1 of 1 device failed."}
CLOSED = {"code": "window_closed", "msg": "The window closed."}
FEW = {"code": "inconclusive", "msg": "Few."}


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
    plan = plan_of(asked, kiosk(1, held=False), kiosk(2), kiosk(4), without_token=(2,))
    # The third is in no plan.
    assert to_hold(asked, plan, dict.fromkeys(uuids(1, 2, 3, 4), "failed")) == uuids(4)


# A step that left no result


def test_a_lost_step_may_have_touched_every_device_of_the_waves_that_have_not_ended():
    asked = request(waves=[{"devices": ["kiosk-1"], "name": "a"}, {"devices": ["kiosk-2"], "name": "b"}, "100%"])
    plan = plan_of(asked, kiosk(1), kiosk(2), kiosk(3), kiosk(4, "success"), kiosk(5, online=False))
    assert may_be_touched(plan, ["a"]) == uuids(2, 3)
    assert sorted(may_be_touched(plan, [])) == uuids(1, 2, 3)
    assert may_be_touched(plan, [wave.name for wave in plan.waves]) == []


def test_a_lost_step_has_touched_a_device_that_was_offline_when_it_was_planned_and_has_the_update():
    plan = plan_of(request(), kiosk(1), kiosk(2, online=False), kiosk(3, online=False))
    later = [kiosk(1, "success"), kiosk(2, "pending"), kiosk(3, online=False)]
    assert were_touched(plan, plan.mark, [], later) == uuids(2)
    assert were_touched(plan, plan.mark, [wave.name for wave in plan.waves], later) == []


# What is known in the end


def fates(asked, before, touched, after):
    return fates_at_the_end(asked, plan_of(asked, *before), touched, after)


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
    assert fates(request(), [kiosk(1)], {uuid(1): known}, [kiosk(1, *states)]) == {uuid(1): found}


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
    assert fates(asked, [kiosk(1, "failed")], {uuid(1): known}, [kiosk(1, *states)]) == {uuid(1): found}


def test_who_is_not_shown_any_more_is_as_last_known():
    assert fates(request(), [kiosk(1)], {uuid(1): "timed_out"}, []) == {uuid(1): "timed_out"}


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
    known, before = {uuid(1): "timed_out"} if touched else {}, [kiosk(1, "pending", held=False)]
    found = fates(asked, before, known, [kiosk(1, *states, held=False)])
    assert to_hold(asked, plan_of(asked, *before), found) == (uuids(1) if held else [])


# What is said


def said(asked, devices, touched=None, verdict=None, left_open=(), dry=False, **more):
    plan = plan_of(asked, *devices, without_token=more.get("without_token", ()))
    state = State("run", "evidence", plan, touched=dict(touched or {}), untouched=more.get("untouched", {}))
    state.open = dict.fromkeys(left_open, "why")
    state.code, state.msg = (verdict or {}).get("code"), (verdict or {}).get("msg", "")
    rows = rows_of(state)
    return conclude(asked, state, summary(row["outcome"] for row in rows), dry)


@pytest.mark.parametrize(
    ("devices", "touched", "verdict", "outcome", "code", "fails"),
    [
        ([kiosk(1)], {uuid(1): "success"}, {}, "succeeded", None, False),
        ([kiosk(1, "success"), kiosk(2, **CURRENT)], {}, {}, "nothing_to_do", None, False),
        ([], {}, {}, "refused", "empty_target", True),
        ([kiosk(1), kiosk(2)], {uuid(1): "success"}, {}, "incomplete", "left_for_later", True),
        ([kiosk(1), kiosk(2, online=False)], {uuid(1): "success"}, {}, "incomplete", "left_for_later", True),
        ([kiosk(1, online=False)], {}, {}, "incomplete", "left_for_later", True),
        ([kiosk(1)], {uuid(1): "left"}, CLOSED, "incomplete", "window_closed", True),
        ([kiosk(1)], {uuid(1): "failed"}, STOP, "stopped", "rollout_failed", True),
        ([kiosk(1)], {}, FEW, "incomplete", "inconclusive", True),
        ([kiosk(1)], {uuid(1): "timed_out"}, FEW, "incomplete", "inconclusive", True),
        (
            [kiosk(1)],
            {uuid(1): "refused"},
            {"code": "sending_refused", "msg": "No."},
            "failed",
            "sending_refused",
            True,
        ),
        ([kiosk(1)], {uuid(1): "unknown"}, {"code": "no_reply", "msg": "Send: lost."}, "failed", "no_reply", True),
        ([kiosk(1)], {uuid(1): "success"}, {"code": "hook_failed", "msg": "x"}, "failed", "hook_failed", True),
    ],
)
def test_outcomes(devices, touched, verdict, outcome, code, fails):
    found = said(request(), devices, touched, verdict)
    assert (found["outcome"], found["code"], found["failed"]) == (outcome, code, fails)
    assert verdict.get("msg", "") in found["msg"]
    assert found["after"] == "hold"


@pytest.mark.parametrize(
    ("verdict", "fails"),
    [({}, False), (CLOSED, False), (FEW, True), (STOP, True), ({"code": "no_reply", "msg": "x"}, True)],
)
def test_incomplete_may_be_all_right(verdict, fails):
    assert said(request(incomplete_ok=True), [kiosk(1)], {uuid(1): "left"}, verdict)["failed"] is fails


def test_a_refused_plan_names_the_conflicts_and_says_the_first():
    found = said(request(), [kiosk(1), kiosk(2)], without_token=(1, 2))
    assert (found["outcome"], found["code"], found["failed"]) == ("refused", "conflicts", True)
    assert "Nothing was sent: 2 devices in conflict (kiosk-" in found["msg"]
    assert "kiosk-1" in found["msg"]
    assert "kiosk-2" in found["msg"]
    assert "untracked: It would be updated, but is not among connect_devices" in found["msg"]


def test_of_many_conflicts_ten_are_named():
    devices = [kiosk(number) for number in range(1, 13)]
    found = said(request(), devices, without_token=range(1, 13))
    assert "12 devices in conflict" in found["msg"]
    assert "and 2 more" in found["msg"]
    assert found["msg"].count("kiosk-") == 10


def test_a_plan_that_is_refused_as_a_whole_says_why():
    found = said(request(approved_digest="0000"), [kiosk(1)])
    assert (found["outcome"], found["code"]) == ("refused", "not_approved")
    assert "Nothing was sent. The plan has the digest" in found["msg"]


def test_without_a_plan_the_reason_is_said():
    state = State("run", "evidence", code="unauthorized", msg="Read the fleet: no.")
    found = conclude(request(), state, {}, False)
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
        assert found["msg"] == plan_of(request(), *devices).msg


def test_check_mode_refuses_too():
    assert said(request(), [kiosk(1)], without_token=(1,), dry=True)["outcome"] == "refused"


@pytest.mark.parametrize("verdict", [{}, STOP, CLOSED])
def test_a_device_that_is_left_open_is_the_worst(verdict):
    found = said(request(incomplete_ok=True), [kiosk(1)], {uuid(1): "success"}, verdict, uuids(1))
    assert (found["outcome"], found["code"], found["failed"]) == ("failed", "left_open", True)
    assert "1 device could not be held and may take updates at any time: kiosk-1." in found["msg"]
    assert "edgeops.jfrog_connect.hold" in found["msg"]
    assert found["left_open"] == ["kiosk-1"]
    assert verdict.get("msg", "") in found["msg"]


@pytest.mark.parametrize(("number", "more"), [(10, "kiosk-10. "), (11, "kiosk-10 and 1 more. ")])
def test_of_many_that_are_left_open_ten_are_named_and_all_are_returned(number, more):
    devices = [kiosk(one) for one in range(1, number + 1)]
    found = said(request(), devices, left_open=uuids(*range(1, number + 1)))
    assert more in found["msg"]
    assert len(found["left_open"]) == number


def test_who_is_left_for_another_run_is_named():
    found = said(request(), [kiosk(1), kiosk(2), kiosk(3, online=False), kiosk(4, **CURRENT)], {uuid(1): "success"})
    names = found["msg"].split("(")[1].split(")")[0].split(", ")
    assert sorted(names) == ["kiosk-2", "kiosk-3"]
    assert "Rerun" in found["msg"]


def test_the_numbers():
    words = ("success", "failed", "aborted", "timed_out", "unknown", "left", "refused", "gone")
    touched = {uuid(number): word for number, word in enumerate(words, 1)}
    devices = [
        *[kiosk(number) for number in range(1, 9)],
        kiosk(9, online=False),
        kiosk(10, "success"),
        kiosk(11, **CURRENT),
        kiosk(12, "failed"),
        kiosk(13),
    ]
    found = said(request(offline="skip", thresholds={"wave": {"failed": 1}}), devices, touched, STOP)
    assert found["summary"] == {
        "total": 13,
        **dict.fromkeys(OUTCOMES, 1),
        **{"left": 2, "rolled_back": 0},
    }
    assert found["msg"].startswith("13 devices: 1 updated, 1 current, 1 done before, 2 left, 1 skipped, 1 refused, 1 ")


def test_each_device_counts_once_whatever_is_known_of_others():
    touched = {uuid(1): "success", uuid(2): "success", "d-9999": "failed"}
    found = said(request(), [kiosk(1), kiosk(2, "success")], touched)
    assert found["summary"]["total"] == sum(found["summary"][word] for word in OUTCOMES) == 2
    assert (found["summary"]["updated"], found["summary"]["done_before"]) == (1, 1)


def test_a_device_that_its_wave_skipped_is_no_success():
    assert said(request(), [kiosk(1)], untouched={uuid(1): "skipped"})["summary"]["skipped"] == 1


@pytest.mark.parametrize(
    ("limit", "outcome", "code"),
    [(0, "stopped", "rollout_failed"), (1, "nothing_to_do", None), ("50%", "nothing_to_do", None)],
)
def test_failures_of_an_earlier_night_count_when_nothing_is_left_to_do(limit, outcome, code):
    asked = request(thresholds={"wave": {"failed": limit}})
    found = said(asked, [kiosk(1, "failed"), kiosk(2, "success")])
    assert (found["outcome"], found["code"], found["failed"]) == (outcome, code, outcome == "stopped")
