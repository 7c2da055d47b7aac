# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The outcome of one device of a rollout: one word, the reason, and what to do next. Pure.

The public fact C(connect_rollout), the last record of a run and the report all take it from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .._deploy.plan import ABORTED, DONE, FAILED, FAILURES, RETRY
from .._deploy.state import GONE
from .._errors import Rejected, Unauthorized
from .._service.deadline import TooLate
from .._service.models import FINISHED

# In the order in which people read them: what is well, what is left, what went wrong.
OUTCOMES = (
    "updated",
    "current",
    "done_before",
    "rolled_back",
    "left",
    "skipped",
    "refused",
    "timed_out",
    "unknown",
    "gone",
    "aborted",
    "failed",
    "failed_before",
)
NOT_SENT = frozenset({TooLate.code, "not_sent"})  # codes of rows that are left for another run
REFUSALS = frozenset({Rejected.code, Unauthorized.code})  # the service answered no, whatever the device
UPDATE_FAILED = "update_failed"  # the code of a row whose update failed or was aborted on the device
CUT_OFF = "The window closed before its update had finished. The next run continues with it."
SHUT_OUT = "Its window was closed when its wave began."

_RERUN = "Rerun: a run reads first what the device shows, and sends nothing twice."
_REPAIR = "Check its update log in JFrog Connect, then rerun with connect_retry_failed: true."
_CORRECT = "Correct what the reason names, then rerun."
_HOLD = "Hold it: rerun, or run the playbook edgeops.jfrog_connect.reconcile or edgeops.jfrog_connect.hold."
_NEXT_STEPS = {
    "refused": "Check connect_flow_id, connect_project, connect_groups and connect_filters, then rerun.",
    "timed_out": _RERUN,
    "unknown": _RERUN,
    "gone": "Correct or remove its entry in connect_devices or in the inventory.",
    "aborted": _REPAIR,
    "failed": _REPAIR,
    "failed_before": _REPAIR,
}
_REASONS = {
    "updated": "Its update succeeded.",
    "current": "It already has the wanted version.",
    "done_before": "An earlier run updated it.",
    "rolled_back": "Its update succeeded, and so did the rollback flow after it.",
    "left": "Its turn did not come in this run.",
    "skipped": "The plan leaves it alone.",
    "refused": "JFrog Connect refused the deployment.",
    "timed_out": "Its update had not finished when the run stopped waiting.",
    "gone": "The service does not show it any more.",
    "unknown": "It is unknown whether it received the update.",
    "aborted": "Its update was aborted.",
    "failed": "Its update failed.",
}
_BEFORE = {FAILED: "Its update failed in an earlier run.", ABORTED: "Its update was aborted in an earlier run."}

# Why a plan leaves a device alone (the kinds of conflicts in _rollout/plan): the reason, and what would change it.
_LEFT_ALONE: dict[str, tuple[str, str | None]] = {
    "offline": ("It was offline.", "Bring it online, then rerun."),
    "untracked": (
        "It has no token here, so it can be neither released nor held.",
        "Add its token and UUID to connect_devices or to the inventory, then rerun.",
    ),
    "re_registered": (
        "It was registered anew: its UUID is another one than here.",
        "Correct its token and UUID in connect_devices or in the inventory, then rerun.",
    ),
    "held_elsewhere": ("It is held by its own application.", None),
    "foreign_pending": (
        "Another update is pending on it and would start once the device is released.",
        "Rerun after that update has finished or was aborted.",
    ),
    "not_in_a_wave": ("No wave selects it.", None),
    "stopped": ("Too many devices of its wave, or of an earlier wave, failed in earlier runs.", None),
}


@dataclass(frozen=True)
class DeviceFacts:
    """What is known of one device of the plan when the run ends, or when its records end."""

    planned: str  # its class in the plan: needed, retry, current, done, in_flight, failed or aborted
    due: bool = False  # whether the plan updates it
    skip: str | None = None  # why the plan leaves it alone: a kind of conflict, not_in_a_wave or stopped
    skip_word: str | None = None  # "skipped" (for good) or "left" (for the next run)
    conflict: str = ""  # the sentence of its conflict
    fate: str | None = None  # see fate_of, or "skipped" or "left" as its wave decided; None: the run did not touch it
    code: str | None = None  # of its last row, when something was wrong
    said: str = ""  # the words of its last row, the service's own where it has some; or CUT_OFF or SHUT_OUT
    left_open: bool = False  # it may still take updates, although it should be held
    rollback: str | None = None  # status of the rollback flow on it, "started" at first; None: it was not rolled back


@dataclass(frozen=True)
class Outcome:
    """C(outcome) is one of OUTCOMES; C(next_step) is None when nothing has to be done by hand."""

    outcome: str
    reason: str
    next_step: str | None = None


def fate_of(status: str | None, outcome: str | None = None, code: str | None = None, planned: str | None = None) -> str:
    """What became of the update on a device: success, failed, aborted, timed_out, unknown, left, refused or gone.

    C(status): of its marked update, as last seen; C(outcome), C(code): of its last row; C(planned): the class in its
    row of connect_deploy, None when it has none: then nothing was sent to it.
    """
    reached = outcome not in ("failed", "unknown") or code == UPDATE_FAILED
    if not reached and status in FAILURES and planned in (None, RETRY):
        status = None  # that is the failure that was to be retried
    if status in FINISHED:
        return str(status)
    if code == GONE:
        return "gone"
    if outcome == "failed" and (status is None or code in NOT_SENT):
        if code in NOT_SENT:
            return "left"
        return "refused" if code in REFUSALS and planned is not None else "failed"
    return "unknown" if status is None or outcome == "unknown" else "timed_out"


def outcome_of(facts: DeviceFacts) -> Outcome:
    """The one decision: the word, its reason, and the next step of one device."""
    word = _word(facts)
    reason, step = _explained(word, facts)
    steps = [step]
    if facts.left_open:
        reason += " It may still be released."
        steps.append(_HOLD)
    if facts.rollback == "success" and word != "rolled_back":
        reason += " The rollback flow succeeded on it."
    elif facts.rollback not in (None, "success"):
        reason += " The rollback flow has not succeeded on it (%s)." % str(facts.rollback).replace("_", " ")
        steps.append("Send it the rollback flow by hand.")
    return Outcome(word, reason, " ".join(filter(None, steps)) or None)


def summary(outcomes: Iterable[str]) -> dict[str, int]:
    """How many devices there are, and how many of each outcome, zeros too."""
    words = list(outcomes)
    return {"total": len(words), **{word: words.count(word) for word in OUTCOMES}}


def _word(facts: DeviceFacts) -> str:
    if facts.planned in FAILURES and not facts.due:
        return "failed_before"
    if facts.planned == DONE:
        return "done_before"
    if facts.fate == "success":
        return "rolled_back" if facts.rollback == "success" else "updated"
    if facts.fate is not None:
        return facts.fate
    if facts.due:
        return "left"
    return (facts.skip_word or "skipped") if facts.skip else "current"


def _explained(word: str, facts: DeviceFacts) -> tuple[str, str | None]:
    if word == "failed_before":
        return _BEFORE[facts.planned], _NEXT_STEPS[word]
    if word in ("left", "skipped"):
        known, step = _LEFT_ALONE.get(facts.skip or "", (_REASONS[word], None))
        return facts.said or facts.conflict or known, step
    step = _NEXT_STEPS.get(word)
    if step is None or facts.code == UPDATE_FAILED:  # such a row has nothing to add, but an option of connect_deploy
        return _REASONS[word], step
    if word == "failed" and facts.code is not None:
        step = _CORRECT  # nothing was sent to it, so there is no update log to check
    return facts.said or _REASONS[word], step
