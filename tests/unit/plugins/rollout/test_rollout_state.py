# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one step hands to the next: all of it comes back, no token goes with it, and what is broken is refused."""

from __future__ import annotations

import base64
import json
import zlib

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.state import State
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.thresholds import Counts
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import (
    kiosk,
    plan_of,
    request,
    sent_row,
    uuid,
)


def some_plan():
    asked = request(waves=[{"tag": "t", "soak": "5m"}, {"groups": ["Roof"]}, 2, "100%"], offline="skip")
    devices = [
        kiosk(1, tags=("t",)),
        kiosk(2, "failed", group="Roof", name="D\N{LATIN SMALL LETTER E WITH ACUTE}p\N{CJK UNIFIED IDEOGRAPH-4E00}t"),
        kiosk(3, "pending", held=False, online=None),
        kiosk(4, online=False),
        kiosk(5, held=None, apps={}),
    ]
    return plan_of(asked, *devices, without_token=(5,))


def full_state():
    return State(
        run_id="20261123T020000Z-000001",
        evidence="run.jsonl",
        plan=some_plan(),
        read_at=1234.5,
        done=["wave 1 (t)"],
        touched={uuid(1): "success"},
        untouched={uuid(4): "skipped"},
        rows={uuid(1): sent_row(1, status="success", seconds=30.5)},
        after={uuid(1): {"held": True, "online": None, "version": "3.2.0"}},
        open={uuid(1): "No reply."},
        rolled_back={uuid(1): "started"},
        counts=Counts(due=2, success=1, unknown=1),
        code="rollout_failed",
        msg="Too many.",
    )


def through_ansible(state):
    """As the next task is given it."""
    return State.read(json.loads(json.dumps(state.as_result())))


@pytest.mark.parametrize("state", [full_state(), State("run", "path"), State("run", "path", some_plan())])
def test_all_of_it_comes_back(state):
    again = through_ansible(state)
    assert again == state
    assert through_ansible(again) == state


def test_a_plan_that_came_back_decides_as_before():
    plan = through_ansible(full_state()).plan
    assert plan.as_result() == some_plan().as_result()
    assert [one.device_uuid for one in plan.due] == [one.device_uuid for one in some_plan().due]
    assert plan.standing == some_plan().standing
    assert plan.standing is not None


def test_it_says_the_run_and_holds_no_token():
    given = full_state().as_result()
    assert (given["run_id"], given["code"]) == ("20261123T020000Z-000001", "rollout_failed")
    assert b"SECRET" not in zlib.decompress(base64.b64decode(given["packed"]))


def packed(value):
    return base64.b64encode(zlib.compress(json.dumps(value).encode("utf-8"))).decode("ascii")


def without(name):
    known = json.loads(zlib.decompress(base64.b64decode(full_state().as_result()["packed"])))
    del known[name]
    return packed(known)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"run_id": "run", "code": None},
        {"packed": ""},
        {"packed": None},
        {"packed": 5},
        {"packed": "not base64!"},
        {"packed": "b" * 41},
        {"packed": "eJyr"},
        {"packed": base64.b64encode(b"plain").decode("ascii")},
        {"packed": packed([1, 2])},
        {"packed": packed({"plan": None})},
        {"packed": packed({"plan": {"waves": []}, "counts": {}})},
        {"packed": without("plan")},
        {"packed": without("run_id")},
        {"packed": without("counts")},
        {"packed": full_state().as_result()["packed"][:-20]},
    ],
    ids=lambda given: str(given)[:30],
)
def test_what_is_broken_is_refused_and_named(given):
    with pytest.raises(InvalidInput, match="state is not what an earlier step of connect_rollout returned"):
        State.read(given)


def test_a_verdict_that_stands_is_not_replaced_by_what_went_wrong_after_it():
    state = State("run", "path")
    state.stop("rollout_failed", "Too many.")
    state.stop("left_open", "And more.")
    assert (state.code, state.msg) == ("rollout_failed", "Too many. And more.")


def test_only_updates_that_succeeded_say_how_long_one_takes():
    rows = [
        sent_row(1, status="success", seconds=30.0),
        sent_row(2, status="failed", seconds=5.0),
        sent_row(3, status="success"),
        {"device_uuid": uuid(4), "outcome": "failed", "code": "no_reply"},  # of its release
    ]
    assert State("run", "path", rows={row["device_uuid"]: row for row in rows}).seconds == [30.0]
