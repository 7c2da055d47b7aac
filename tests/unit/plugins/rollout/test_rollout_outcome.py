# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of a device: one word, a reason and a next step for each combination of facts."""

from __future__ import annotations

import itertools

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.plan import CLASSES
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.outcome import (
    CUT_OFF,
    OUTCOMES,
    SHUT_OUT,
    DeviceFacts,
    fate_of,
    outcome_of,
    summary,
)

UNKNOWN_FLOW = "POST /v1/deploy_update: the service refused it (HTTP 400): flow f-1x does not exist."
LOG = "update log"


def due(**known):
    return DeviceFacts("needed", due=True, **known)


@pytest.mark.parametrize(
    ("facts", "word", "said", "step"),
    [
        (due(fate="success"), "updated", "succeeded", None),
        (due(fate="success", said="noise"), "updated", "Its update succeeded.", None),
        (due(), "left", "turn did not come", None),
        (due(fate="left", said=CUT_OFF), "left", "window closed before its update", None),
        (due(fate="left", said=SHUT_OUT), "left", "window was closed when", None),
        (due(fate="failed", code="update_failed", said="Run again with retry_failed: true"), "failed", "failed.", LOG),
        (due(fate="failed"), "failed", "Its update failed.", "connect_retry_failed: true"),
        (due(fate="failed", code="device_mismatch", said="The token is of d-2."), "failed", "of d-2", "Correct"),
        (due(fate="aborted"), "aborted", "was aborted", LOG),
        (due(fate="timed_out"), "timed_out", "stopped waiting", "Rerun"),
        (due(fate="unknown", code="outcome_unknown", said="The reply was lost."), "unknown", "reply was lost", "Rerun"),
        (
            due(fate="refused", code="request_rejected", said=UNKNOWN_FLOW),
            "refused",
            "does not exist",
            "connect_flow_id",
        ),
        (due(fate="success", rollback="success"), "rolled_back", "rollback flow", None),
        (due(fate="success", rollback="in_progress"), "updated", "not succeeded on it (in progress)", "by hand"),
        (due(fate="failed", rollback="success"), "failed", "rollback flow succeeded on it", LOG),
        (due(fate="failed", rollback="started"), "failed", "(started)", "by hand"),
        (due(fate="skipped", skip="offline"), "skipped", "offline", "online"),
        (DeviceFacts("current"), "current", "already has", None),
        (DeviceFacts("done"), "done_before", "earlier run", None),
        (DeviceFacts("failed"), "failed_before", "failed in an earlier run", "connect_retry_failed"),
        (DeviceFacts("aborted"), "failed_before", "aborted in an earlier run", LOG),
        (DeviceFacts("retry", due=True, fate="success"), "updated", "succeeded", None),
        (DeviceFacts("needed", skip="offline", skip_word="left"), "left", "was offline", "Bring it online"),
        (DeviceFacts("needed", skip="offline", skip_word="skipped", conflict="Off."), "skipped", "Off.", "online"),
        (DeviceFacts("needed", skip="not_in_a_wave", skip_word="skipped"), "skipped", "No wave", None),
        (DeviceFacts("needed", skip="stopped", skip_word="left"), "left", "earlier wave", None),
        (DeviceFacts("needed", skip="untracked", skip_word="skipped"), "skipped", "no token", "connect_devices"),
        (DeviceFacts("needed", skip="foreign_pending"), "skipped", "pending on it", "finished or was aborted"),
        (DeviceFacts("needed", skip="held_elsewhere"), "skipped", "own application", None),
        (DeviceFacts("needed", skip="something_new"), "skipped", "leaves it alone", None),
    ],
)
def test_each_combination_of_facts_has_its_word_its_reason_and_its_step(facts, word, said, step):
    found = outcome_of(facts)
    assert found.outcome == word
    assert said in found.reason
    assert (step in found.next_step) if step else found.next_step is None


def test_what_was_refused_or_not_sent_has_no_update_log_to_check():
    for facts in (due(fate="refused", said=UNKNOWN_FLOW), due(fate="failed", code="unreachable", said="No route.")):
        assert LOG not in outcome_of(facts).next_step


@pytest.mark.parametrize("facts", [due(fate="success"), due(fate="timed_out"), DeviceFacts("done")])
def test_what_is_left_open_is_said_and_is_to_be_held_whatever_else_became_of_it(facts):
    open_ = outcome_of(DeviceFacts(**{**vars(facts), "left_open": True}))
    assert open_.outcome == outcome_of(facts).outcome
    assert "may still be released" in open_.reason
    assert "edgeops.jfrog_connect.hold" in open_.next_step


def test_any_facts_have_an_outcome_of_the_list_and_a_reason():
    fates = (None, "success", "failed", "aborted", "timed_out", "unknown", "left", "refused", "skipped")
    skips = (None, "offline", "untracked", "not_in_a_wave", "stopped", "new")
    for planned, is_due, skip, fate, rollback, code in itertools.product(
        CLASSES, (True, False), skips, fates, (None, "success", "failed"), (None, "update_failed", "unreachable")
    ):
        found = outcome_of(DeviceFacts(planned, is_due, skip, None, "", fate, code, "", False, rollback))
        assert found.outcome in OUTCOMES
        assert found.reason.endswith((".", ")"))


@pytest.mark.parametrize(
    ("status", "outcome", "code", "planned", "fate"),
    [
        ("success", "changed", None, "needed", "success"),
        ("success", None, None, None, "success"),
        ("failed", "failed", "update_failed", "needed", "failed"),
        ("aborted", "failed", "update_failed", "needed", "aborted"),
        ("in_progress", "changed", None, "needed", "timed_out"),
        ("pending", "unknown", "outcome_unknown", "needed", "unknown"),
        (None, "unknown", "outcome_unknown", "needed", "unknown"),
        (None, "changed", None, "needed", "unknown"),
        (None, None, None, None, "unknown"),
        (None, "failed", "window_closed", "needed", "left"),
        (None, "failed", "not_sent", "needed", "left"),
        (None, "failed", "request_rejected", "needed", "refused"),
        (None, "failed", "unauthorized", "needed", "refused"),
        (None, "failed", "unreachable", "needed", "failed"),
        (None, "failed", "request_rejected", None, "failed"),  # its release: that is the device's own trouble
        ("failed", "failed", "request_rejected", "retry", "refused"),  # the failure of before says nothing
        ("failed", "failed", "window_closed", "retry", "left"),
        ("failed", "unchanged", None, "failed", "failed"),
        ("in_progress", "failed", "window_closed", "in_flight", "left"),
        ("success", "failed", "request_rejected", "needed", "success"),  # another run sent it
    ],
)
def test_what_became_of_an_update(status, outcome, code, planned, fate):
    assert fate_of(status, outcome, code, planned) == fate


def test_each_device_counts_once_and_each_word_is_there():
    counts = summary(["updated", "updated", "refused"])
    assert counts == {"total": 3, **dict.fromkeys(OUTCOMES, 0), "updated": 2, "refused": 1}
