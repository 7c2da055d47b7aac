# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One wave: who may start at this moment, what an update needs, and who is rolled back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.plan import skip_word
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.wave import (
    after_release,
    gate,
    needed_time,
    observed,
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
    entries,
    fleet,
    kiosk,
    later,
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


def test_without_windows_nobody_is_asked():
    started = begin(request(), kiosk(1))
    assert (started["acting"], started["gate"]["reason"]) == (uuids(1), "not_asked")
    assert (started["gate"]["not_after"], started["gate"].get("closes_at")) == (None, None)


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
    gate_ = started["gate"]
    assert (started["acting"], gate_["not_after"], gate_["closes_at"]) == (uuids(1), None, None)


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
    asked = request(self_managed=["kiosk-4", "kiosk-6"])
    devices = [kiosk(1), kiosk(2, held=False), kiosk(3, held=None), kiosk(4, held=False), kiosk(5, "in_progress")]
    started = begin(asked, *devices, kiosk(6, held=None))
    assert sorted(started["acting"]) == uuids(1, 2, 3, 4, 5, 6)
    assert sorted(started["release"]) == uuids(1, 3, 5)
    assert started["sent"] == 5


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
@pytest.mark.parametrize("wave", [{"tag": "t"}, {"groups": ["Floor-1"]}])
def test_one_call_only_if_it_reaches_exactly_those_that_act(devices, whole, wave):
    devices = [kiosk(0, **{**vars(device), "tags": ("t",)}) for device in devices]
    asked = request(waves=[wave])
    started = begin(asked, *[kiosk(number, tags=("t",)) for number in (1, 2)], seen=devices, entries=entries(1, 2, 9))
    listed = {"device_uuids": started["acting"]}
    assert (started["selector"] != listed) is whole
    assert started["selector"]["device_uuids"] == started["acting"]  # nobody who joins a moment later
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
        (uuid(3), "unknown"),
    ]
    judged = verdict(request(), left, kiosk(1, "success"), kiosk(2), kiosk(3), sent=[sent_row(1)])
    assert judged["fates"] == {uuid(1): "success", uuid(2): "failed", uuid(3): "unknown"}


def test_when_all_were_released_all_act():
    started = begin(request(), kiosk(1), kiosk(2))
    assert after_release(started, released(trigger_row(1), trigger_row(2, "unchanged"))) == started


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
