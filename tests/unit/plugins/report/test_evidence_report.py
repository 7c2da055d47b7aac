# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From records to a report: one row for each device of the plan, whatever the records hold and wherever they end."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence.record import Chain
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._report.page import render
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._report.report import as_json, build_report
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.evidence_samples import (
    SAMPLES,
    START,
    Script,
    all_well,
    begin,
    canary_failed,
    deployed_row,
    device,
    died,
    end,
    gate,
    hold,
    iso,
    look,
    trigger_rows,
    uuid,
    window_closed,
)

CLOSES = START + timedelta(hours=3)


def report_of(script):
    return build_report(Chain.read(script.text))


def row_of(script, number=1):
    (row,) = [row for row in report_of(script)["devices"] if row["device_uuid"] == uuid(number)]
    return row


def started(*devices, **more):
    script = Script()
    plan = begin(script, devices or [device(1, "one"), device(2, "two")], "run-1", **more)
    return script, plan


def deployed(script, name="one", numbers=(1,), **fate):
    rows = [deployed_row(0, device(number, name), {"kiosk-%04d" % number: fate}) for number in numbers]
    script.say("deployed", 60, wave=name, rows=rows)


def sent(**fate):
    """A run in which the first wave was sent to with this result."""
    script, plan = started()
    gate(script, "one", "release", CLOSES)
    script.say("released", wave="one", rows=trigger_rows(plan["devices"][:1], held=False))
    deployed(script, **fate)
    hold(script, "one", plan["devices"][:1])
    return script


# What becomes of a device


@pytest.mark.parametrize(
    ("fate", "outcome", "said"),
    [
        ({}, "updated", "succeeded"),
        ({"outcome": "unchanged", "plan": "in_flight"}, "updated", "succeeded"),
        ({"outcome": "unchanged", "plan": "done"}, "done_before", "earlier run"),
        ({"outcome": "unchanged", "plan": "current", "status": None}, "current", "already"),
        ({"status": "failed", "outcome": "failed", "msg": "Exit code 125."}, "failed", "Exit code 125."),
        ({"status": "failed", "outcome": "failed"}, "failed", "failed"),
        ({"status": "aborted", "outcome": "failed"}, "aborted", "aborted"),
        ({"status": "in_progress"}, "timed_out", "stopped waiting"),
        ({"status": None}, "unknown", "unknown whether"),
        ({"status": None, "outcome": "unknown"}, "unknown", "unknown whether"),
        ({"status": None, "outcome": "failed", "code": "window_closed", "msg": "Closed."}, "left", "Closed."),
        ({"status": None, "outcome": "failed", "code": "not_sent"}, "left", "turn did not come"),
        ({"status": None, "outcome": "failed", "code": "request_rejected", "msg": "No."}, "refused", "No."),
    ],
)
def test_what_was_sent_says_what_came_of_it(fate, outcome, said):
    row = row_of(sent(**fate))
    assert row["outcome"] == outcome
    assert said in row["reason"]
    assert (row["next_step"] is not None) == (outcome in ("failed", "aborted", "timed_out", "unknown", "refused"))
    assert row["before"] == {"version": "3.1.0", "held": True, "online": True}


@pytest.mark.parametrize(
    ("changes", "outcome", "said"),
    [
        ({}, "left", "turn did not come"),
        ({"class": "current"}, "current", "already"),
        ({"class": "done"}, "done_before", "earlier run"),
        ({"class": "failed"}, "failed_before", "earlier run"),
        ({"skip": "untracked"}, "skipped", "no token"),
        ({"skip": "offline", "skip_word": "left"}, "left", "offline"),
        ({"wave": None, "skip": "not_in_a_wave"}, "skipped", "No wave"),
        ({"wave": None, "class": "current"}, "current", "already"),
    ],
)
def test_what_was_not_sent_to_says_why(changes, outcome, said):
    script, _plan = started(device(1, "one", **{key: value for key, value in changes.items() if key != "wave"}))
    if "wave" in changes:
        script, _plan = started(device(1, **changes))
    row = row_of(script)
    assert row["outcome"] == outcome
    assert said in row["reason"]


def test_the_last_record_of_a_run_knows_its_devices_best():
    script = sent(status="in_progress")
    told = {"outcome": "rolled_back", "reason": "As the run said.", "next_step": None, "left_open": False}
    rows = [{"device_uuid": uuid(1), **told, "after": {"held": True, "version": "3.0"}, "attempts": 2, "seconds": 9.5}]
    end(script, "stopped", "It was rolled back.", 2, devices=[*rows, {"device_uuid": uuid(2), "outcome": "nonsense"}])
    row = row_of(script)
    assert {key: row[key] for key in told} == told
    assert row["after"] == {"version": "3.0", "held": True, "online": None}
    assert (row["name"], row["wave"], row["attempts"], row["seconds"]) == ("kiosk-0001", "one", 2, 9.5)
    assert row_of(script, 2)["outcome"] == "left"
    assert report_of(script)["totals"] == {"total": 2, "rolled_back": 1, "left": 1}


def test_a_conflict_is_the_reason():
    conflict = {"kind": "foreign_pending", "name": "kiosk-0001", "msg": "Another update waits on it."}
    script, _plan = started(device(1, "one", skip="foreign_pending"), conflicts=[conflict])
    assert row_of(script)["reason"] == "Another update waits on it."
    assert report_of(script)["conflicts"] == [conflict]


def test_a_device_that_could_not_be_released_failed():
    script, plan = started()
    rows = [{**trigger_rows(plan["devices"][:1], held=False)[0], "outcome": "failed", "after": None, "msg": "Refused."}]
    script.say("released", wave="one", rows=rows)
    assert row_of(script)["outcome"] == "failed"
    assert "Refused." in row_of(script)["reason"]


def test_a_later_read_knows_better():
    script = sent(status="in_progress")
    seen = {"device_uuid": uuid(1), "held": True, "online": False, "version": "3.2.0", "status": "success"}
    script.say("observed", 60, phase="end", devices=[seen])
    row = row_of(script)
    assert row["outcome"] == "updated"
    assert row["after"] == {"version": "3.2.0", "held": True, "online": False}


def test_what_the_close_cut_off_is_left_for_the_next_run():
    script, _plan = started()
    gate(script, "one", "release", START + timedelta(seconds=72))
    deployed(script, status="in_progress")
    script.say("judged", wave="one", verdict="stop", code="window_closed")
    assert script.records[-1]["at"] == iso(START + timedelta(seconds=70))
    assert row_of(script)["outcome"] == "left"
    assert "window closed" in row_of(script)["reason"]


def test_a_device_whose_own_window_was_closed_is_left():
    script, _plan = started(device(1, "one"), device(2, "one"))
    gate(script, "one", "release", CLOSES, closed_devices=[uuid(1)])
    assert "Its window was closed" in row_of(script)["reason"]
    assert row_of(script)["outcome"] == "left"
    assert row_of(script, 2)["outcome"] == "unknown"


# A run that died


def test_between_the_gate_and_the_result_it_is_unknown():
    script, _plan = started()
    gate(script, "one", "release", CLOSES)
    first, second = row_of(script), row_of(script, 2)
    assert (first["outcome"], first["left_open"]) == ("unknown", True)
    assert "Hold it" in first["next_step"]
    assert (second["outcome"], second["left_open"], second["next_step"]) == ("left", False, None)


def test_after_a_release_the_device_may_be_open_until_it_is_held():
    script, plan = started()
    gate(script, "one", "release", CLOSES)
    script.say("released", wave="one", rows=trigger_rows(plan["devices"][:1], held=False))
    assert row_of(script)["left_open"]
    deployed(script)
    assert (row_of(script)["left_open"], row_of(script)["outcome"]) == (True, "updated")
    hold(script, "one", plan["devices"][:1])
    assert (row_of(script)["left_open"], row_of(script)["next_step"]) == (False, None)


def test_a_read_at_the_end_tells_what_a_lost_result_would_have():
    script, plan = started()
    gate(script, "one", "release", CLOSES)
    rows = [deployed_row(0, one, {}) for one in plan["devices"][:1]]
    look(script, "", rows, "end", 5)
    assert row_of(script)["outcome"] == "updated"


def test_a_run_that_ended_says_itself_what_is_open():
    script = sent()
    end(script, "failed", "One could not be held.", 2, left_open=["kiosk-0001"])
    row = row_of(script)
    assert row["left_open"]
    assert report_of(script)["run"]["left_open"] == ["kiosk-0001"]


@pytest.mark.parametrize("make", SAMPLES.values(), ids=SAMPLES)
def test_a_run_that_died_at_any_record_has_a_whole_report(make):
    script = make()
    for chain in died(script):
        report = build_report(chain)
        planned = [one["device_uuid"] for one in report["plan"].get("devices", [])]
        assert [row["device_uuid"] for row in report["devices"]] == planned
        assert report["run"]["ended"] == (len(chain.records) == len(script.records))
        assert report["chain"]["head"] == chain.head
        json.loads(as_json(report))


# Rollback


def rolled_back(ending, **fate):
    script = sent(**fate)
    script.say("rollback_started", flow_id="f-0", app=None, reason="Too many failed.", device_uuids=[uuid(1)])
    gate(script, "rollback", "rollback", CLOSES)
    if ending:
        script.say(
            "deployed",
            60,
            phase="rollback",
            rows=[deployed_row(0, device(1, "one"), {"kiosk-0001": {"status": ending}})],
        )
    seen = {"device_uuid": uuid(1), "held": True, "online": True, "version": "3.1.0", "status": "success"}
    script.say("observed", 1, phase="end", devices=[seen])
    return script


def test_what_was_rolled_back_is_not_called_updated():
    row = row_of(rolled_back("success"))
    assert (row["outcome"], row["rollback"], row["after"]["version"]) == ("rolled_back", "success", "3.1.0")
    assert row["next_step"] is None
    assert [wave["name"] for wave in report_of(rolled_back("success"))["waves"]] == ["one", "two"]


def test_what_failed_stays_failed_after_a_rollback():
    row = row_of(rolled_back("success", status="failed", outcome="failed"))
    assert row["outcome"] == "failed"
    assert "rollback flow succeeded" in row["reason"]


@pytest.mark.parametrize("status", [None, "failed", "in_progress"])
def test_a_rollback_that_did_not_succeed_needs_attention(status):
    row = row_of(rolled_back(status))
    assert row["outcome"] == "updated"
    assert "rollback flow has not succeeded on it" in row["reason"]
    assert "rollback flow by hand" in row["next_step"]


# The rest of the report


def test_the_run_the_waves_and_the_sums():
    report = report_of(all_well())
    run = report["run"]
    assert (run["run_id"], run["user"], run["digest"]) == ("20261123-0130-kiosks", "m.dubois", "b7c1f09a44d2e613")
    assert (run["started_at"], run["started_at_local"]) == ("2026-11-23T00:30:00Z", "2026-11-23T01:30:00+01:00")
    assert run["outcome"] == "succeeded"
    assert run["duration_seconds"] == (START.fromisoformat(run["ended_at_local"]) - START).total_seconds()
    assert report["totals"] == {"total": 200, "updated": 196, "current": 4}
    assert [wave["verdict"] for wave in report["waves"]] == ["proceed"] * 5
    assert [wave["outcomes"]["total"] for wave in report["waves"]] == [2, 8, 30, 60, 100]
    calls = report["api_calls"]
    assert calls["total"]["writes"] == sum(phase["writes"] for phase in calls["phases"]) == 2 * 196 + 5
    assert calls["least"] == 405
    assert calls["waited_seconds"] == 5 * 12.5


def test_the_end_of_the_run_knows_the_calls_best():
    script = sent()
    end(script, "succeeded", "", 2, api_calls={"reads": 100, "writes": 50, "retries": 3, "waited_seconds": 1.5})
    assert report_of(script)["api_calls"]["total"] == {
        "reads": 100,
        "writes": 50,
        "retries": 3,
        "waited_seconds": 1.5,
        "calls": 150,
    }


@pytest.mark.parametrize("odd", [True, 7, "kiosk-0001", {"a": 1}, [None, {}]])
def test_a_list_of_open_devices_that_is_none_names_no_device(odd):
    script = sent()
    end(script, "failed", "It ended.", 2, left_open=odd)
    assert report_of(script)["run"]["left_open"] == []


def test_override_hooks_and_conflicts():
    report = report_of(window_closed())
    assert report["override"]["by"] == "A. Novak"
    assert report["override"]["gates"] == 3
    assert [hook["failed"] for hook in report["hooks"]] == [False, False, True]
    assert [conflict["kind"] for conflict in report["conflicts"]] == ["offline", "foreign_pending"]


def test_an_override_that_no_gate_needed_is_none():
    script, _plan = started()
    gate(script, "one", "release", CLOSES, override={"by": "A. Novak"}, reason="open")
    gate(script, "two", "release", None, override={"by": "A. Novak"}, reason="blackout", open=False)
    assert report_of(script)["override"] is None


def test_unknown_events_and_keys_are_kept():
    phases = report_of(window_closed())["phases"]
    (phase,) = [phase for phase in phases if phase["event"] == "power_report"]
    assert phase["kilowatts"] == [3.1, 2.9]


def test_devices_outside_of_the_plan_have_rows_of_their_own():
    script = sent()
    stranger = deployed_row(0, device(77, "one"), {})
    script.say("deployed", 5, wave="one", rows=[stranger])
    report = report_of(script)
    assert [row["device_uuid"] for row in report["devices"]] == [uuid(1), uuid(2)]
    assert [row["device_uuid"] for row in report["devices_outside_plan"]] == [uuid(77)]


def test_a_device_twice_in_a_plan_has_one_row_and_nameless_ones_have_one_each():
    nameless = [device(number, None, name="", device_uuid="") for number in (2, 3)]
    script, _plan = started(device(1, "one"), device(1, "two"), *nameless)
    assert [(row["device_uuid"], row["wave"]) for row in report_of(script)["devices"]] == [
        (uuid(1), "one"),
        ("", None),
        ("", None),
    ]


def test_a_broken_chain_is_said_in_the_report():
    lines = canary_failed().text.splitlines(keepends=True)
    report = build_report(Chain.read("".join([*lines[:3], *lines[4:]])))
    assert len(report["chain"]["faults"]) == 1
    assert "not intact" in render(report)
