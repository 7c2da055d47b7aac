# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One wave: who may start at this moment, what an update needs, what became of them, and the verdict."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils.rollout_plan import skip_word
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils.rollout_wave import (
    after_release,
    fate,
    gate,
    needed_time,
    observed,
    start_rollback,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.plugins.harness import model_update
from ansible_collections.edgeops.jfrog_connect.tests.unit.plugins.rollout_samples import (
    APP,
    DEVICE_WINDOW,
    MARK,
    NEW,
    NIGHT,
    WINDOW,
    begin,
    entries,
    fleet,
    in_doubt,
    kiosk,
    later,
    not_sent,
    plan_of,
    request,
    sent_row,
    trigger_row,
    uuid,
    uuids,
    verdict,
)

CURRENT = {"apps": {APP: NEW}}
INSIDE = {"windows": [WINDOW], "max_update_time": "20m"}


# What an update needs


@pytest.mark.parametrize(
    ("given", "took", "needed"),
    [
        (None, [], 1800),
        (None, [10] * 4, 1800),  # too few to go by
        (None, [10] * 5, 10),
        (None, [1, 2, 3, 4, 5.2], 6),
        (None, [*range(1, 20), 1000], 19),
        (None, [*range(1, 19), 1000, 1000], 1000),
        (None, list(range(100, 0, -1)), 95),
        ("20m", [], 1200),
        ("20m", [5000] * 10, 1200),
        ("1s", [5000] * 10, 1),
    ],
)
def test_as_given_else_as_observed_else_half_an_hour(given, took, needed):
    asked = request(windows=[WINDOW], max_update_time=given)
    assert needed_time(asked, took) == timedelta(seconds=needed)
    assert begin(asked, kiosk(1), took=took)["gate"]["need_seconds"] == needed


# The gate


@pytest.mark.parametrize(
    ("now", "acts", "reason"),
    [
        (later(hours=-1, seconds=-1), False, "outside"),
        (later(hours=-1), True, "open"),
        (later(hours=2, minutes=40), True, "open"),  # exactly what an update needs is left
        (later(hours=2, minutes=40, seconds=1), False, "too_little_left"),
        (later(hours=3), False, "outside"),
    ],
)
def test_a_wave_starts_only_inside_with_enough_time_left(now, acts, reason):
    started = begin(request(**INSIDE), kiosk(1), kiosk(2), now=now)
    assert sorted(started["acting"]) == sorted(started["release"]) == (uuids(1, 2) if acts else [])
    assert started["gate"]["closed_devices"] == ([] if acts else uuids(1, 2))
    assert started["gate"]["reason"] == reason
    assert started["gate"]["open"] is acts
    assert started["gate"]["not_after"] == ("2026-11-23T04:40:00Z" if acts else None)


@pytest.mark.parametrize(("left", "wait"), [(timedelta(hours=2), 3600), (timedelta(minutes=25), 1500)])
def test_nobody_waits_beyond_the_close(left, wait):
    assert begin(request(**INSIDE), kiosk(1), now=later(hours=3) - left)["wait_timeout"] == wait


def test_without_windows_nobody_is_asked():
    started = begin(request(), kiosk(1))
    assert (started["acting"], started["gate"]["reason"]) == (uuids(1), "not_asked")
    assert (started["gate"]["not_after"], started["wait_timeout"]) == (None, 3600)


def test_when_nobody_is_due_nobody_is_asked():
    started = begin(request(**INSIDE), kiosk(1, "success"), now=later(hours=12))
    assert (started["gate"]["open"], started["gate"]["reason"], started["acting"]) == (True, "not_asked", [])


def test_each_device_has_the_windows_of_its_zone():
    # 02:00 UTC is 11:00 in Tokyo and 03:00 in Paris.
    zones = {uuid(1): "Asia/Tokyo", uuid(2): "Europe/Paris", uuid(3): "UTC"}
    asked = request(windows=[DEVICE_WINDOW], max_update_time="20m")
    started = begin(asked, kiosk(1), kiosk(2), kiosk(3), entries=zones)
    assert sorted(started["acting"]) == sorted(started["release"]) == uuids(2, 3)
    assert started["gate"]["closed_devices"] == uuids(1)
    # Paris closes first, and what is sent is sent to both.
    assert started["gate"]["not_after"] == "2026-11-23T03:40:00Z"
    assert started["gate"]["closes_at"] == "2026-11-23T04:00:00Z"
    assert verdict(asked, started, kiosk(1), kiosk(2, "success"), kiosk(3, "success"))["untouched"] == {uuid(1): "left"}


def test_of_closed_zones_the_one_that_opens_first_is_said():
    asked = request(windows=[DEVICE_WINDOW], max_update_time="20m")
    passed = gate(asked, {"a": "Asia/Tokyo", "b": "America/New_York"}, later(hours=1.5), timedelta(minutes=20))
    assert (passed.open, passed.closed, passed.not_after) == (frozenset(), {"a", "b"}, None)
    assert passed.as_result()["next_opening"] == "2026-11-23T06:00:00Z"
    assert passed.as_result()["open"] is False


def test_a_window_that_does_not_close_sets_no_limit():
    asked = request(windows=[{"name": "ever", "timezone": "UTC", "days": "daily", "start": "00:00", "duration": "24h"}])
    started = begin(asked, kiosk(1))
    assert (started["acting"], started["gate"]["not_after"], started["wait_timeout"]) == (uuids(1), None, 3600)


def test_an_override_opens_until_it_is_over():
    override = {"reason": "outage", "by": "Ann", "until": "2026-11-23T13:00:00Z"}
    started = begin(request(**INSIDE, override=override), kiosk(1), now=later(hours=10))
    assert (started["acting"], started["gate"]["reason"]) == (uuids(1), "override")
    assert started["gate"]["not_after"] == "2026-11-23T12:40:00Z"


# Who starts


def test_what_changed_since_the_plan_counts():
    asked = request(offline="hold")
    before = [kiosk(number) for number in range(1, 6)]
    seen = [
        kiosk(1, online=False),
        kiosk(2, "success"),
        kiosk(3, **CURRENT),
        kiosk(4, updates=(model_update("by hand"),)),
    ]
    started = begin(asked, *before, seen=seen)  # and the fifth is gone
    assert sorted(started["due"]) == uuids(1, 4)
    assert (started["acting"], started["release"], started["sent"]) == ([], [], 0)
    assert {one["device_uuid"]: (one["reason"], one["word"]) for one in started["skipped"]} == {
        uuid(1): ("offline", "left"),
        uuid(4): ("foreign_pending", "left"),
    }


@pytest.mark.parametrize(
    ("policies", "kind", "word"),
    [
        ({"offline": "skip"}, "offline", "skipped"),
        ({"offline": "hold"}, "offline", "left"),
        ({"offline": "fail"}, "offline", "left"),  # the run did not refuse to start, and it is not done with it
        ({"foreign_pending": "skip"}, "foreign_pending", "skipped"),
        ({"foreign_pending": "fail"}, "foreign_pending", "left"),
        ({}, "held_elsewhere", "skipped"),
        ({}, "not_in_a_wave", "skipped"),
    ],
)
def test_for_good_or_for_the_next_run(policies, kind, word):
    assert skip_word(request(**policies), kind) == word


def test_who_is_released():
    asked = request(self_managed=["kiosk-4"])
    devices = [kiosk(1), kiosk(2, held=False), kiosk(3, held=None), kiosk(4, held=False), kiosk(5, "in_progress")]
    started = begin(asked, *devices)
    assert sorted(started["acting"]) == uuids(1, 2, 3, 4, 5)
    assert sorted(started["release"]) == uuids(1, 3, 5)
    assert started["sent"] == 4


@pytest.mark.parametrize(
    ("devices", "whole"),
    [
        ([kiosk(1), kiosk(2)], True),
        ([kiosk(1), kiosk(2, "pending")], True),
        ([kiosk(1), kiosk(2, "success")], False),
        ([kiosk(1), kiosk(2, online=False)], False),
        ([kiosk(1), kiosk(2), kiosk(9)], False),  # it joined after the plan was made
    ],
)
@pytest.mark.parametrize("wave", ["100%", {"tag": "t"}, {"groups": ["Floor-1"]}])
def test_one_call_only_if_it_reaches_exactly_those_that_act(devices, whole, wave):
    devices = [kiosk(0, **{**vars(device), "tags": ("t",)}) for device in devices]
    asked = request(waves=[wave])
    started = begin(asked, *[kiosk(number, tags=("t",)) for number in (1, 2)], seen=devices, entries=entries(1, 2, 9))
    listed = {"device_uuids": started["acting"]}
    assert (started["selector"] != listed) is whole
    assert uuid(9) not in started["acting"]


def test_a_skipped_device_of_an_earlier_wave_is_not_reached_by_a_later_one():
    asked = request(waves=[{"devices": ["kiosk-1"]}, {"tag": "t"}])
    devices = [kiosk(1, tags=("t",), online=False), kiosk(2, tags=("t",))]
    started = begin(asked, *devices, wave=1)
    assert started["selector"] == {"device_uuids": uuids(2)}


@pytest.mark.parametrize(
    ("limits", "states", "allowed"),
    [
        ({}, [()] * 4, 0),
        ({"failed": 2}, [()] * 4, 2),
        ({"failed": "50%"}, [()] * 4, 2),
        ({"failed": "25%"}, [("success",), ("success",), ("success",), ()], 1),
        ({"failed": 2}, [("failed",), ("success",), (), ()], 1),
        ({"failed": 0}, [("failed",), (), ()], 0),
    ],
)
def test_how_many_of_those_that_act_may_fail(limits, states, allowed):
    asked = request(thresholds={"wave": limits})
    started = begin(asked, *[kiosk(number, *mine) for number, mine in enumerate(states, 1)])
    assert started["allowed_failures"] == allowed


@pytest.mark.parametrize(("own", "seconds"), [(None, 60), (0, 0), ("5m", 300)])
def test_the_soak_of_a_wave_goes_before_the_general_one(own, seconds):
    asked = request(soak=60, waves=[{"size": "100%", "soak": own}])
    assert begin(asked, kiosk(1))["soak_seconds"] == seconds


# After the release


def released(*rows):
    return {"devices": list(rows)}


def test_what_could_not_be_released_is_not_sent_to():
    started = begin(request(), kiosk(1), kiosk(2), kiosk(3))
    rows = [trigger_row(1), trigger_row(2, "failed", "request_rejected"), trigger_row(3, "unknown", "outcome_unknown")]
    left = after_release(started, released(*rows))
    assert (left["acting"], left["selector"]) == (uuids(1), {"device_uuids": uuids(1)})
    assert [(row["device_uuid"], row["outcome"]) for row in left["not_released"]] == [
        (uuid(2), "failed"),
        (uuid(3), "failed"),
    ]
    judged = verdict(request(), left, kiosk(1, "success"), kiosk(2), kiosk(3), sent=[sent_row(1)])
    assert judged["fates"] == {uuid(1): "success", uuid(2): "failed", uuid(3): "failed"}


def test_when_all_were_released_all_act():
    started = begin(request(), kiosk(1), kiosk(2))
    assert after_release(started, released(trigger_row(1), trigger_row(2, "unchanged"))) == started


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


# Rolling back


def test_who_is_rolled_back():
    asked = request(rollback_flow_id="f-0", self_managed=["kiosk-3"], **INSIDE)
    plan = plan_of(asked, kiosk(1), kiosk(2), kiosk(3, held=False))
    touched = {uuid(1): "failed", uuid(3): "success"}
    back = start_rollback(asked, plan, touched, entries(1, 2, 3), NIGHT)
    assert (back["acting"], back["release"]) == (uuids(1, 3), uuids(1))
    assert back["gate"]["not_after"] == "2026-11-23T04:40:00Z"


@pytest.mark.parametrize(("anyway", "acting"), [(False, []), (True, uuids(1))])
def test_a_closed_window_is_kept_unless_told_otherwise(anyway, acting):
    asked = request(rollback_flow_id="f-0", rollback_outside_window=anyway, **INSIDE)
    back = start_rollback(asked, plan_of(asked, kiosk(1)), {uuid(1): "failed"}, entries(1), later(hours=12))
    assert back["acting"] == back["release"] == acting
    assert back["gate"]["closed_devices"] == ([] if anyway else uuids(1))
    assert back["wait_timeout"] == 3600


# For the evidence


def test_what_is_kept_of_a_look():
    rows = fleet(kiosk(1, "success", **CURRENT), kiosk(2, held=None, online=None))
    assert observed(request(), rows, uuids(1)) == [
        {
            "device_uuid": uuid(1),
            "name": "kiosk-1",
            "held": True,
            "online": True,
            "version": NEW,
            "status": "success",
        }
    ]
    assert [row["status"] for row in observed(request(), rows)] == ["success", None]
    assert observed(request(app=None), rows)[0]["version"] is None
