# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices that are not as one would wish: offline, gone in mid-run, held by others, waiting for something else."""

from __future__ import annotations

import pytest
import requests

from ansible_collections.edgeops.jfrog_connect.tests.e2e.relay import AFTER, BEFORE, Boundary, relaying
from ansible_collections.edgeops.jfrog_connect.tests.e2e.rollouts import (
    DEPLOY,
    HOLD,
    RELEASE,
    SEND,
    each,
    kiosks,
)


def test_offline_devices_fail_wait_for_the_next_night_are_skipped_or_waited_for(rollout):
    """30 % of the fleet are offline, in the second wave."""
    away, rest = kiosks(2, 3, 4), kiosks(1, 5, 6, 7, 8, 9, 10)
    night = rollout({"devices": 10}, connect_waves=[{"name": "online", "devices": rest[:2]}, "100%"])
    night.configure(*away, online=False)

    refused = night(connect_offline="fail")
    assert refused.came_to == (2, "refused", "conflicts")
    assert refused.writes == 0

    later = night(connect_offline="hold", connect_thresholds={"wave": {"failed": "10%", "minimum": 5}})
    assert later.came_to == (2, "incomplete", "left_for_later")
    assert later.names(SEND) == rest
    assert later.report["run"]["summary"]["left"] == 3
    assert {step.name for step in later.steps} == set(rest)

    skipped = night(connect_offline="skip")
    assert skipped.code == 0
    assert skipped.writes == 0
    assert {name for name, outcome in skipped.outcomes.items() if outcome == "skipped"} == set(away)

    def hook(boundary: Boundary) -> None:
        if boundary.side == AFTER and boundary.path.endswith(DEPLOY):
            night.configure(*away, online=True)

    with relaying(night.emulator.url, hook) as relay:
        waited = night(connect_offline="wait", connect_api_url=relay.url)
    assert waited.came_to == (0, "succeeded", None)
    assert waited.names(SEND) == away
    assert night.updates == each(away + rest, "success")
    assert all(night.held.values())


def test_devices_that_change_in_mid_run_stop_it_and_are_left_held(rollout):
    """While the first wave is sent, one goes offline and one is held by its own application."""
    gone, flipped, well, own, own_held, other = kiosks(1, 2, 3, 4, 5, 6)
    night = rollout(
        {"devices": 6},
        connect_waves=[{"name": "first", "devices": [gone, flipped, well, own, own_held]}, "100%"],
        connect_self_managed=[own, own_held],
        connect_wait_timeout=5,
    )
    night.configure(own_held, held=True)

    def hook(boundary: Boundary) -> None:
        if boundary.side == BEFORE and boundary.path.endswith(DEPLOY):
            night.configure(gone, online=False)
            night.configure(flipped, held=True)

    with relaying(night.emulator.url, hook) as relay:
        stopped = night(connect_api_url=relay.url)
    assert stopped.came_to == (2, "stopped", "rollout_failed")
    assert stopped.names(SEND) == [gone, flipped, well, own]
    assert {step.name for step in stopped.steps if step.kind in (RELEASE, HOLD)} == {gone, flipped, well}
    assert night.held == {**dict.fromkeys([gone, flipped, well, own_held], True), own: False, other: False}
    assert stopped.outcomes == {
        **{gone: "timed_out", flipped: "timed_out", well: "updated"},
        **{own: "updated", own_held: "skipped", other: "left"},
    }

    night.configure(gone, online=True)
    done = night(connect_wait_timeout=60)
    assert done.code == 0
    assert done.names(RELEASE) == [gone, flipped]
    assert done.names(SEND) == [other]
    assert night.updates == {**each([gone, flipped, well, own, other], "success"), own_held: []}
    assert night.held == {**dict.fromkeys([gone, flipped, well, own_held, other], True), own: False}


@pytest.fixture
def other_flow():
    def send(night, name):
        uuid = next(uuid for uuid, known in night.names.items() if known == name)
        body = {
            "user_token": night.emulator.user_token,
            "flow_id": "f-other",
            "devices_filter": {
                "project": {"name": "Kiosks"},
                "groups": [],
                "filters": [{"type": "specific_device", "operand": "is", "value": uuid}],
            },
            "metadata": {"comment": "firmware of the card reader"},
        }
        requests.post(night.emulator.url + "/v1/deploy_update", json=body, timeout=30).raise_for_status()

    return send


def test_a_pending_update_of_another_deployment_is_not_started_unless_that_is_allowed(rollout, other_flow):
    waiting, others = kiosks(2), kiosks(1, 3)
    night = rollout({"devices": 3, "held_percent": 100, "flow": ["f-77aa-01bc", "f-other"]})
    other_flow(night, waiting[0])

    refused = night()
    assert refused.came_to == (2, "refused", "conflicts")
    assert refused.writes == 0
    assert "firmware of the card reader" in refused.text

    skipped = night(connect_foreign_pending="skip")
    assert skipped.code == 0
    assert {step.name for step in skipped.steps} == set(others)
    assert skipped.outcomes == {waiting[0]: "skipped", **dict.fromkeys(others, "updated")}
    assert night.updates[waiting[0]] == ["pending"]

    allowed = night(connect_foreign_pending="allow")
    assert allowed.came_to == (0, "succeeded", None)
    assert allowed.names(SEND) == waiting
    assert night.updates[waiting[0]] == ["success", "success"]
    assert all(night.held.values())


def test_a_device_that_could_not_be_held_is_refused(rollout):
    night = rollout({"devices": 3})
    listed = night.given["connect_devices"]
    refused = night(connect_devices=listed[1:])
    assert refused.came_to == (2, "refused", "conflicts")
    assert refused.writes == 0
    assert "kiosk-0001" in refused.text
    assert "List it with its token and UUID" in refused.text

    nameless = night(connect_devices=[{"device_token": one["device_token"]} for one in listed])
    twice = night(connect_devices=[*listed, {**listed[0], "device_token": listed[1]["device_token"]}])
    assert [(run.code, run.requests) for run in (nameless, twice)] == [(2, 0), (2, 0)]
    assert "none of them has a device_uuid" in nameless.text
    assert "has the same device_token as" in twice.text


@pytest.mark.parametrize("after", ["hold", "release", "restore"])
def test_how_devices_are_left(rollout, after):
    """One of them fails, which is allowed; it was released before, and so was the third."""
    fails, was_held, was_released = kiosks(1, 2, 3)
    night = rollout({"devices": 3}, connect_after=after, connect_thresholds={"wave": {"failed": 1}})
    night.configure(was_held, held=True)
    night.configure(fails, fail=True)
    done = night()
    assert done.came_to == (0, "succeeded", None)
    assert night.updates == {fails: ["failed"], was_held: ["success"], was_released: ["success"]}
    wanted = {
        "hold": dict.fromkeys([fails, was_held, was_released], True),
        "release": {fails: True, was_held: False, was_released: False},
        "restore": {fails: False, was_held: True, was_released: False},
    }
    assert night.held == wanted[after]
    again = night()
    assert (again.code, again.writes, again.changed) == (0, 0, 0)
