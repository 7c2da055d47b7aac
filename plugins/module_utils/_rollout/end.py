# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""How a rollout is left behind: who has to be held, and what is said of it. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from .._deploy.plan import FAILURES, RETRY
from .._result import devices_word
from .._service.models import FINISHED
from .plan import devices_of
from .request import RolloutRequest
from .wave import fate

# What a run comes to.
SUCCEEDED = "succeeded"
NOTHING = "nothing_to_do"
PLANNED = "planned"  # in check mode
INCOMPLETE = "incomplete"  # what could be done was done, the rest is for another run
STOPPED = "stopped"  # too much went wrong
FAILED = "failed"
REFUSED = "refused"
ENDINGS = {"rollout_failed": STOPPED, "inconclusive": INCOMPLETE, "window_closed": INCOMPLETE}


def must_be_held(request: RolloutRequest, fate_: str, was_held: bool | None) -> bool:
    """How a device that the rollout touched is left. What has not finished never stays released."""
    if request.after == "hold" or fate_ not in FINISHED:
        return True
    # If it was not known whether it was held, it was released all the same.
    return fate_ != "success" if request.after == "release" else was_held is not False


def to_hold(request: RolloutRequest, plan: Mapping[str, t.Any], fates: Mapping[str, str]) -> list[str]:
    """UUIDs to hold after a wave, or at the end: only of devices that are ours to hold."""
    rows = {row["device_uuid"]: row for row in plan["devices"]}
    return [
        uuid
        for uuid, found in fates.items()
        if uuid in rows and rows[uuid]["ours"] and must_be_held(request, found, rows[uuid]["held"])
    ]


def end_run(
    request: RolloutRequest,
    plan: Mapping[str, t.Any],
    touched: Mapping[str, str],
    rows: Iterable[Mapping[str, t.Any]],
) -> dict[str, t.Any]:
    """C(touched): the devices that this run released or sent to, with what was last known of them; C(rows): the fleet
    as it is now. In the answer, C(hold) are the devices to be held now, C(fates) what became of those touched.
    """
    fleet = devices_of(rows)
    classes = {row["device_uuid"]: row["class"] for row in plan["devices"]}

    def later(uuid: str, known: str = "unknown") -> str:
        """An update that was slow may have finished meanwhile; what is not shown any more is still known."""
        seen = fate(fleet.get(uuid), request.deployment.mark, None)
        if seen in FAILURES and classes.get(uuid) == RETRY and known != "timed_out":
            return known  # it is the failure that was to be retried
        return seen if seen in FINISHED else known

    now = {uuid: later(uuid, known) for uuid, known in touched.items()}
    behind = {uuid: later(uuid) for uuid in plan["leftovers"] if uuid not in now}
    return {
        "fates": now,
        "hold": [
            uuid
            for uuid in to_hold(request, plan, {**now, **behind})
            if uuid not in fleet or fleet[uuid].held is not True
        ],
    }


def conclude(
    request: RolloutRequest,
    plan: Mapping[str, t.Any] | None,
    fates: Mapping[str, str],
    verdict: Mapping[str, t.Any],
    left_open: Sequence[str],
    dry: bool,
) -> dict[str, t.Any]:
    """The outcome of the run in a word, in numbers and in a sentence; when C(dry), of its plan."""
    summary = _summary(plan, fates) if plan else {}
    code, msg = verdict.get("code"), verdict.get("msg") or ""
    left = summary.get("left", 0)
    if code:
        outcome = ENDINGS.get(code, FAILED)
    elif plan and plan["refused"]:
        outcome = REFUSED
        code, msg = _refusal(plan)
    elif plan and plan["standing"] and not plan["counts"]["due"]:
        outcome, code, msg = STOPPED, plan["standing"]["code"], plan["standing"]["msg"]
    elif plan and not plan["counts"]["due"] and not left:
        outcome = NOTHING
    elif dry and plan:
        outcome, msg = PLANNED, plan["msg"]
    elif left:
        outcome, code = INCOMPLETE, "left_for_later"
    else:
        outcome = SUCCEEDED
    if left_open:
        outcome, code = FAILED, "left_open"
        msg = (
            "%s could not be held and may take updates at any time: %s%s. Hold them now with the playbook hold. %s"
            % (
                devices_word(len(left_open)),
                ", ".join(left_open[:5]),
                " and more" if len(left_open) > 5 else "",
                msg,
            )
        )
    fails = outcome in (STOPPED, FAILED, REFUSED) or code == "inconclusive"
    return {
        "outcome": outcome,
        "code": code,
        "msg": " ".join(part for part in ("" if dry else _numbers(summary), msg.strip()) if part),
        "summary": summary,
        "failed": fails or (outcome == INCOMPLETE and not request.incomplete_ok),
        "after": request.after,
        "left_open": list(left_open),
    }


def _refusal(plan: Mapping[str, t.Any]) -> tuple[str, str]:
    first, count = plan["refused"][0], len(plan["refused"])
    if not first["device_uuid"]:  # of the plan as a whole
        return first["kind"], "Nothing was sent. %s" % first["msg"]
    return "conflicts", "Nothing was sent: %s in conflict. %s: %s" % (
        devices_word(count),
        first["name"] or first["device_uuid"],
        first["msg"],
    )


def _summary(plan: Mapping[str, t.Any], fates: Mapping[str, str]) -> dict[str, int]:
    """Each device of the plan counts once."""
    words = [outcome_of(row, fates.get(row["device_uuid"])) for row in plan["devices"]]
    return {"total": len(words), **{word: words.count(word) for word in OUTCOMES}}


OUTCOMES = (
    *("updated", "failed", "aborted", "timed_out", "unknown", "left"),
    *("skipped", "current", "done_before", "failed_before"),
)


def outcome_of(row: Mapping[str, t.Any], found: str | None) -> str:
    """Of one device of the plan; C(found) is what became of it in this run, None when it was not touched."""
    if row["class"] in ("failed", "aborted") and not row["due"]:
        return "failed_before"
    if row["class"] == "done":
        return "done_before"
    if found is not None:
        return {"success": "updated"}.get(found, found)
    if row["due"]:
        return "left"
    return row["skip_word"] or "current"


def _numbers(summary: Mapping[str, int]) -> str:
    said = ["%d %s" % (summary[word], word.replace("_", " ")) for word in OUTCOMES if summary.get(word)]
    return "%s: %s." % (devices_word(summary["total"]), ", ".join(said)) if said else ""
