# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One wave: who may start at this moment, what an update needs, and who is rolled back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.plan import skip_word
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.wave import (
    failures_allowed,
    gate,
    needed_time,
    observed,
    seen_again,
    start_rollback,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import model_update
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import (
    APP,
    DEVICE_WINDOW,
    NEW,
    NIGHT,
    WINDOW,
    begin,
    kiosk,
    later,
    plan_of,
    request,
    trigger_row,
    uuid,
    uuids,
)

CURRENT = {"apps": {APP: NEW}}
INSIDE = {"windows": [WINDOW], "max_update_time": "20m"}


def reason(started):
    return started.gate.as_result()["reason"]


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
    assert begin(asked, kiosk(1), took=took).gate.as_result()["need_seconds"] == needed


# The gate


@pytest.mark.parametrize(
    ("now", "acts", "why"),
    [
        (later(hours=-1, seconds=-1), False, "outside"),
        (later(hours=-1), True, "open"),
        (later(hours=2, minutes=40), True, "open"),  # exactly what an update needs is left
        (later(hours=2, minutes=40, seconds=1), False, "too_little_left"),
        (later(hours=3), False, "outside"),
    ],
)
def test_a_wave_starts_only_inside_with_enough_time_left(now, acts, why):
    started = begin(request(**INSIDE), kiosk(1), kiosk(2), now=now)
    shown = started.gate.as_result()
    assert sorted(started.uuids) == sorted(started.to_release()) == (uuids(1, 2) if acts else [])
    assert shown["closed_devices"] == ([] if acts else uuids(1, 2))
    assert (shown["reason"], shown["open"]) == (why, acts)
    assert shown["not_after"] == ("2026-11-23T04:40:00Z" if acts else None)


def test_without_windows_every_device_may_start():
    started = begin(request(), kiosk(1))
    assert (started.uuids, reason(started)) == (uuids(1), "not_asked")
    assert (started.gate.not_after, started.gate.status) == (None, None)
    assert started.gate.sentence == "No window applies."


def test_when_no_device_is_due_no_window_is_asked():
    started = begin(request(**INSIDE), kiosk(1, "success"), now=later(hours=12))
    assert (started.gate.as_result()["open"], reason(started), started.acting) == (True, "not_asked", ())


def test_each_device_has_the_windows_of_its_zone():
    # 02:00 UTC is 11:00 in Tokyo and 03:00 in Paris.
    zones = {uuid(1): "Asia/Tokyo", uuid(2): "Europe/Paris", uuid(3): "UTC"}
    asked = request(windows=[DEVICE_WINDOW], max_update_time="20m")
    started = begin(asked, kiosk(1), kiosk(2), kiosk(3), zones=zones)
    shown = started.gate.as_result()
    assert sorted(started.uuids) == sorted(started.to_release()) == uuids(2, 3)
    assert shown["closed_devices"] == uuids(1)
    # Paris closes first, and what is sent is sent to both.
    assert (shown["not_after"], shown["closes_at"]) == ("2026-11-23T03:40:00Z", "2026-11-23T04:00:00Z")


def test_of_closed_zones_the_one_that_opens_first_is_said():
    asked = request(windows=[DEVICE_WINDOW], max_update_time="20m")
    passed = gate(asked, {"a": "Asia/Tokyo", "b": "America/New_York"}, later(hours=1.5), timedelta(minutes=20))
    assert (passed.open, passed.closed, passed.not_after) == (frozenset(), {"a", "b"}, None)
    assert passed.as_result()["next_opening"] == "2026-11-23T06:00:00Z"
    assert passed.as_result()["open"] is False


def test_a_window_that_does_not_close_sets_no_limit():
    asked = request(windows=[{"name": "ever", "timezone": "UTC", "days": "daily", "start": "00:00", "duration": "24h"}])
    started = begin(asked, kiosk(1))
    assert (started.uuids, started.gate.not_after, started.gate.status.closes_at) == (uuids(1), None, None)


def test_an_override_opens_until_it_is_over():
    override = {"reason": "outage", "by": "Ann", "until": "2026-11-23T13:00:00Z"}
    started = begin(request(**INSIDE, override=override), kiosk(1), now=later(hours=10))
    assert (started.uuids, reason(started)) == (uuids(1), "override")
    assert started.gate.as_result()["not_after"] == "2026-11-23T12:40:00Z"


# Who starts


def test_what_changed_since_the_plan_counts():
    asked = request(offline="hold")
    before = [kiosk(number) for number in range(1, 6)]
    seen = [
        kiosk(1, online=False),
        kiosk(2, "success"),
        kiosk(3, **CURRENT),
        kiosk(4, updates=(model_update("by hand"),)),
        kiosk(5),
    ]
    started = begin(asked, *before, seen=seen)
    assert sorted(one.device_uuid for one in started.due) == uuids(1, 4, 5)
    assert started.uuids == started.to_release() == uuids(5)
    assert {one.device_uuid: (one.skip, one.skip_word) for one in started.skipped} == {
        uuid(1): ("offline", "left"),
        uuid(4): ("foreign_pending", "left"),
    }


def test_who_is_not_shown_any_more_keeps_the_row_of_the_plan():
    """It is tried and gets its row, instead of vanishing from the wave."""
    before = [kiosk(1), kiosk(2)]
    started = begin(request(), *before, seen=[kiosk(1, **CURRENT)])
    assert [one.device_uuid for one in started.members] == [
        one.device_uuid for one in plan_of(request(), *before).members
    ]
    assert started.uuids == uuids(2)


def test_who_joined_after_the_plan_is_in_no_wave_of_it():
    started = begin(request(), kiosk(1), seen=[kiosk(1), kiosk(2)])
    assert [one.device_uuid for one in started.members] == uuids(1)


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
        ({}, "stopped", "left"),
    ],
)
def test_for_good_or_for_the_next_run(policies, kind, word):
    assert skip_word(request(**policies), kind) == word


def test_who_is_released():
    asked = request(self_managed=["kiosk-4", "kiosk-6"])
    devices = [kiosk(1), kiosk(2, held=False), kiosk(3, held=None), kiosk(4, held=False), kiosk(5, "in_progress")]
    started = begin(asked, *devices, kiosk(6, held=None))
    assert sorted(started.uuids) == uuids(1, 2, 3, 4, 5, 6)
    assert sorted(started.to_release()) == uuids(1, 3, 5)


WHOLE = [
    ([kiosk(1), kiosk(2)], True),
    ([kiosk(1), kiosk(2, "pending")], True),
    ([kiosk(1), kiosk(2, "success")], False),
    ([kiosk(1), kiosk(2, online=False)], False),
    ([kiosk(1), kiosk(2), kiosk(9)], False),  # it joined after the plan was made
]


@pytest.mark.parametrize(("devices", "whole"), WHOLE)
@pytest.mark.parametrize("wave", [{"tag": "t"}, {"groups": ["Floor-1"]}])
def test_one_call_only_if_it_reaches_exactly_those_that_act(devices, whole, wave):
    seen = [kiosk(0, **{**vars(device), "tags": ("t",)}) for device in devices]
    before = [kiosk(number, tags=("t",)) for number in (1, 2)]
    started = begin(request(waves=[wave]), *before, seen=seen)
    assert started.exact is whole
    assert uuid(9) not in started.uuids


@pytest.mark.parametrize(("devices", "whole"), WHOLE[:4])
def test_the_plan_itself_knows_it_too(devices, whole):
    assert begin(request(), *devices).exact is whole


def test_a_skipped_device_of_an_earlier_wave_is_not_reached_by_a_later_one():
    asked = request(waves=[{"devices": ["kiosk-1"]}, {"tag": "t"}])
    devices = [kiosk(1, tags=("t",), online=False), kiosk(2, tags=("t",))]
    started = begin(asked, *devices, wave=1)
    assert (started.uuids, started.exact) == (uuids(2), False)


def test_a_wave_that_has_earned_a_verdict_does_not_start_when_it_is_read_again():
    asked, devices = request(waves=[{"devices": ["kiosk-1"]}, "100%"]), [kiosk(1, "failed"), kiosk(2)]
    plan = plan_of(asked, *devices)
    _wave, members = seen_again(asked, plan, plan.waves[1], devices, {uuid(1), uuid(2)})
    assert [(one.due, one.skip) for one in members] == [(False, "stopped")]


@pytest.mark.parametrize(
    ("limits", "states", "allowed"),
    [
        ({}, [()] * 4, 0),
        ({"failed": 2}, [()] * 4, 2),
        ({"failed": "50%"}, [()] * 4, 2),
        ({"failed": "25%"}, [("success",), ("success",), ("success",), ()], 1),
        ({"failed": 2}, [("failed",), ("success",), (), ()], 1),
        ({"failed": 1, "aborted": 1}, [("failed",), ("aborted",), (), ()], 0),
        ({"failed": 0}, [("failed",), (), ()], 0),
    ],
)
def test_how_many_of_those_that_act_may_fail(limits, states, allowed):
    asked = request(thresholds={"wave": limits})
    started = begin(asked, *[kiosk(number, *mine) for number, mine in enumerate(states, 1)])
    assert failures_allowed(asked, started) == allowed


# After the release


def test_what_could_not_be_released_is_not_sent_to():
    started = begin(request(), kiosk(1), kiosk(2), kiosk(3))
    stuck = {uuid(2): trigger_row(2, "failed", "request_rejected"), uuid(3): trigger_row(3, "unknown")}
    left = started.without(stuck)
    assert (started.exact, left.exact, left.uuids) == (True, False, uuids(1))
    assert left.not_released == tuple(stuck.values())
    assert left.members == started.members


def test_when_all_were_released_all_act():
    started = begin(request(), kiosk(1), kiosk(2))
    assert started.without({}) == started


# Rolling back


def test_who_is_rolled_back():
    asked = request(rollback_flow_id="f-0", self_managed=["kiosk-3"], **INSIDE)
    plan = plan_of(asked, kiosk(1), kiosk(2), kiosk(3, held=False))
    back = start_rollback(asked, plan, uuids(1, 3), {}, NIGHT)
    assert (back.acting, back.release) == ((uuid(1), uuid(3)), (uuid(1),))
    assert back.gate.as_result()["not_after"] == "2026-11-23T04:40:00Z"


@pytest.mark.parametrize("anyway", [False, True])
def test_a_closed_window_is_kept_unless_told_otherwise(anyway):
    asked = request(rollback_flow_id="f-0", rollback_outside_window=anyway, **INSIDE)
    back = start_rollback(asked, plan_of(asked, kiosk(1)), uuids(1), {}, later(hours=12))
    assert back.acting == back.release == ((uuid(1),) if anyway else ())
    assert back.gate.closed == (frozenset() if anyway else {uuid(1)})


def test_a_device_is_rolled_back_in_the_windows_of_its_zone():
    asked = request(rollback_flow_id="f-0", windows=[DEVICE_WINDOW])
    zones = {uuid(1): "Asia/Tokyo", uuid(2): "UTC"}
    assert start_rollback(asked, plan_of(asked, kiosk(1), kiosk(2)), zones, zones, NIGHT).acting == (uuid(2),)


# For the evidence


def test_what_is_kept_of_a_read():
    devices = [kiosk(1, "success", **CURRENT), kiosk(2, held=None, online=None)]
    assert observed(request(), devices, uuids(1)) == [
        {
            "device_uuid": uuid(1),
            "name": "kiosk-1",
            "held": True,
            "online": True,
            "version": NEW,
            "status": "success",
        }
    ]
    assert [row["status"] for row in observed(request(), devices, uuids(1, 2))] == ["success", None]
    assert observed(request(app=None), devices, uuids(1))[0]["version"] is None
