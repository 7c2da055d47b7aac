# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""How a rollout is left behind: which devices have to be held, and what is said of the run. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Collection, Iterable, Mapping

from .._deploy.plan import NEEDED, RETRY, marked_updates
from .._reading.names import several
from .._result import devices_word
from .._service.models import FINISHED, Device
from .outcome import CUT_OFF, SHUT_OUT, DeviceFacts, outcome_of
from .plan import FOREIGN_PENDING, OFFLINE, Plan, rollbacks
from .request import RolloutRequest
from .state import State
from .wave import LEFT, UNKNOWN, fate_later

# The outcomes of a run.
SUCCEEDED = "succeeded"
NOTHING = "nothing_to_do"
PLANNED = "planned"  # in check mode
INCOMPLETE = "incomplete"  # what could be done was done, the rest is for another run
STOPPED = "stopped"  # too much went wrong
FAILED = "failed"
REFUSED = "refused"
ENDINGS = {"rollout_failed": STOPPED, "inconclusive": INCOMPLETE, "window_closed": INCOMPLETE}


def must_be_held(request: RolloutRequest, fate: str, was_held: bool | None) -> bool:
    """How a device that the rollout touched is left. What has not finished never stays released."""
    if request.after == "hold" or fate not in FINISHED:
        return True
    # If it was not known whether it was held, it was released all the same.
    return fate != "success" if request.after == "release" else was_held is not False


def to_hold(request: RolloutRequest, plan: Plan, fates: Mapping[str, str]) -> list[str]:
    """UUIDs to hold after a wave, or at the end: only of devices that are ours to hold."""
    members = {member.device_uuid: member for member in plan.members if member.ours}
    return [uuid for uuid, fate in fates.items() if uuid in members and must_be_held(request, fate, members[uuid].held)]


def may_be_touched(plan: Plan, done: Collection[str]) -> list[str]:
    """UUIDs of devices that a step which left no result may have released or sent to."""
    return [member.device_uuid for member in plan.due if member.wave not in done]


def were_touched(plan: Plan, mark: str, done: Collection[str], devices: Iterable[Device]) -> list[str]:
    """The same, of devices that the plan left out for a reason that was over when their wave began. Marks tell."""
    left_out = {
        one.device_uuid
        for one in plan.members
        if one.skip in (OFFLINE, FOREIGN_PENDING) and one.plan_class == NEEDED and one.wave not in done
    }
    return [device.uuid for device in devices if device.uuid in left_out and marked_updates(device, mark)]


def fates_at_the_end(
    request: RolloutRequest, plan: Plan, touched: Mapping[str, str], devices: Collection[Device]
) -> dict[str, str]:
    """What became of the devices that were touched or left behind, by a read of the fleet. An update that was slow may
    have finished meanwhile; what is not shown any more is still known.
    """
    shown = {device.uuid: device for device in devices}
    retried = {member.device_uuid for member in plan.members if member.plan_class == RETRY}
    known = {**dict.fromkeys(plan.leftovers, UNKNOWN), **touched}
    mark = request.deployment.mark
    fates = {uuid: fate_later(shown.get(uuid), mark, fate, uuid in retried) for uuid, fate in known.items()}
    return {**fates, **{uuid: UNKNOWN for uuid in undone(request, plan.leftovers, devices) if uuid not in touched}}


def undone(request: RolloutRequest, uuids: Collection[str], devices: Iterable[Device]) -> list[str]:
    """Those that the flow that rolls back has reached: they are held whatever C(request.after) says."""
    return [device.uuid for device in devices if device.uuid in uuids and rollbacks(request, device)]


def conclude(request: RolloutRequest, state: State, summary: Mapping[str, int], dry: bool) -> dict[str, t.Any]:
    """The outcome of the run in a word, in numbers and in a sentence; in check mode, of its plan.

    C(summary): how many devices of the plan have which outcome.
    """
    plan, code, msg = state.plan, state.code, state.msg
    due, left = (len(plan.due) if plan else 0), summary.get("left", 0)
    if code:
        outcome = ENDINGS.get(code, FAILED)
    elif plan and plan.refused:
        outcome = REFUSED
        code, msg = _refusal(plan)
    elif plan and plan.standing and not due:
        outcome, code, msg = STOPPED, plan.standing["code"], plan.standing["msg"]
    elif plan and not due and not left:
        outcome, msg = NOTHING, "No device of the target is due for this update."
    elif dry and plan:
        outcome, msg = PLANNED, plan.msg
    elif left:
        outcome, code = INCOMPLETE, "left_for_later"
        msg = "Rerun to update the devices that were left (%s)." % several(_left(state))
    else:
        outcome = SUCCEEDED
    names = left_open(state)
    if names:
        outcome, code = FAILED, "left_open"
        msg = (
            "%s could not be held and may take updates at any time: %s. Hold them now with the playbook "
            "edgeops.jfrog_connect.hold. %s" % (devices_word(len(names)), several(names), msg)
        )
    fails = outcome in (STOPPED, FAILED, REFUSED) or code == "inconclusive"
    return {
        "outcome": outcome,
        "code": code,
        "msg": " ".join(part for part in ("" if dry else _numbers(summary), msg.strip()) if part),
        "summary": dict(summary),
        "failed": fails or (outcome == INCOMPLETE and not request.incomplete_ok),
        "after": request.after,
        "left_open": names,
    }


# Which rows a task returns: with 10,000 devices, Ansible takes longer over them than over the end itself.
RETURNED: dict[str, Callable[[Mapping[str, t.Any]], bool]] = {
    "all": lambda row: True,
    "changed": lambda row: row["attempts"] > 0 or row["rollback"] is not None,
    "failed": lambda row: row["next_step"] is not None and row["outcome"] != "skipped",
}


def rows_of(state: State) -> list[dict[str, t.Any]]:
    """One row for each device of the plan."""
    found = []
    for member in state.plan.members if state.plan else ():
        uuid = member.device_uuid
        row, after = state.rows.get(uuid, {}), state.after.get(uuid, {})
        fate = state.touched.get(uuid, state.untouched.get(uuid))
        cut_off = fate == LEFT and uuid in state.touched and not row.get("msg")
        said = CUT_OFF if cut_off else SHUT_OUT if fate == LEFT and member.due and not row else row.get("msg") or ""
        facts = DeviceFacts(
            planned=member.plan_class,
            due=member.due,
            skip=member.skip,
            skip_word=member.skip_word,
            conflict=member.conflict,
            fate=fate,
            code=row.get("code"),
            said=said,
            left_open=uuid in state.open,
            rollback=state.rolled_back.get(uuid),
        )
        outcome = outcome_of(facts)
        found.append(
            {
                "device_uuid": uuid,
                "name": member.name,
                "group": member.group,
                "wave": member.wave,
                "class": member.plan_class,
                **vars(outcome),
                "left_open": uuid in state.open,
                "before": {"version": member.version, "held": member.held, "online": member.online},
                "after": {"version": None, "held": None, "online": None, **after},
                "attempts": row.get("attempts", 0),
                "seconds": row.get("seconds"),
                "rollback": state.rolled_back.get(uuid),
            }
        )
    return found


def left_open(state: State) -> list[str]:
    """Names of devices that could not be held."""
    labels = {member.device_uuid: member.label for member in state.plan.members} if state.plan else {}
    return [labels.get(uuid, uuid) for uuid in state.open]


def _left(state: State) -> list[str]:
    fates = {**state.untouched, **state.touched}
    members = state.plan.members if state.plan else ()
    due = {member.device_uuid for member in members if member.due}
    return [
        one.label
        for one in members
        if fates.get(one.device_uuid, "left" if one.device_uuid in due else one.skip_word) == "left"
    ]


def _refusal(plan: Plan) -> tuple[str, str]:
    first, count = plan.refused[0], len(plan.refused)
    if not first["device_uuid"]:  # of the plan as a whole
        return first["kind"], "Nothing was sent. %s" % first["msg"]
    return "conflicts", "Nothing was sent: %s in conflict (%s). %s: %s" % (
        devices_word(count),
        several([one["name"] or one["device_uuid"] for one in plan.refused]),
        first["kind"],
        first["msg"],
    )


def _numbers(summary: Mapping[str, int]) -> str:
    said = ["%d %s" % (count, word.replace("_", " ")) for word, count in summary.items() if count and word != "total"]
    return "%s: %s." % (devices_word(summary["total"]), ", ".join(said)) if said else ""
