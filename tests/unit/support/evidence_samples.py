# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Made-up runs of a rollout, as the role would record them: all well, canary failed, window closed in the middle.

To see their reports, run from the root of the repository: python -m tests.unit.support.evidence_samples FOLDER
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tests import conftest  # noqa: F401  # pylint: disable=unused-import  # makes what follows importable

# isort: split

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence.record import (
    Chain,
    Record,
    canonical,
    next_record,
)
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._report.page import render
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._report.report import as_json, build_report

START = datetime(2026, 11, 23, 0, 30, tzinfo=timezone.utc)
APP = {"name": "kiosk_ui", "version": "3.2.0"}
CALLS = {"reads": 8, "writes": 10, "retries": 0, "waited_seconds": 0.0}


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class Script:
    """Records one after the other, with a clock that the script moves."""

    def __init__(self, start: datetime = START) -> None:
        self.now = start
        self.records: list[Record] = []

    def say(self, event: str, passed: float = 0, /, **data: Any) -> None:
        self.now += timedelta(seconds=passed)
        first, last = (self.records[0], self.records[-1]) if self.records else (None, None)
        self.records.append(next_record(event, data, self.now, first, last))

    @property
    def text(self) -> str:
        return "".join(canonical(record) + "\n" for record in self.records)


def uuid(number: int) -> str:
    return "d-%04x-%04x" % (number, number * 7919 % 65536)


def device(number: int, wave: str | None, **changes: Any) -> dict[str, Any]:
    """A row of a plan; it is due as a plan would have it."""
    row = {
        "device_uuid": uuid(number),
        "name": "kiosk-%04d" % number,
        "group": "Floor-%d" % (number % 3 + 1),
        "wave": wave,
        "class": "needed",
        "skip": None,
        "held": True,
        "online": True,
        "version": "3.1.0",
        "last_update": {"status": "success", "version": "3.1.0", "scheduled_at": "2026-10-12T01:30:00Z"},
        **changes,
    }
    return {"due": row["class"] in ("needed", "retry", "in_flight") and not row["skip"] and wave is not None, **row}


def plan_of(devices: Sequence[dict[str, Any]], conflicts: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    names = dict.fromkeys(one["wave"] for one in devices if one["wave"])
    waves = []
    for name in names:
        own = [one for one in devices if one["wave"] == name]
        due = [one for one in own if one["due"]]
        waves.append(
            {"name": name, "size": len(own), "due": len(due), "device_uuids": [one["device_uuid"] for one in own]}
        )
    due = sum(wave["due"] for wave in waves)
    current = sum(one["class"] == "current" for one in devices)
    return {
        "waves": waves,
        "devices": list(devices),
        "conflicts": list(conflicts),
        "counts": {"total": len(devices), "due": due, "current": current},
        "api_calls": {"least": 2 * due + len(waves) + 8, "reads": 40, "writes": 2 * due + len(waves)},
        "need_seconds": 1500,
        "windows": [{"name": "night", "start": "01:30", "end": "05:00", "timezone": "Europe/Paris"}],
    }


def begin(script: Script, devices: Sequence[dict[str, Any]], run_id: str, **more: Any) -> dict[str, Any]:
    script.say(
        "run_started",
        run_id=run_id,
        timezone="Europe/Paris",
        collection_version="0.2.0",
        ansible_version="2.19.14",
        zone_data="2026b",
        check_mode=False,
        user="m.dubois",
        job_id="48213",
        inputs={"connect_project": "Kiosks", "connect_app": APP, "connect_waves": [1, "5%", "20%", "100%"]},
    )
    plan = plan_of(devices, more.pop("conflicts", ()))
    script.say(
        "planned",
        9,
        digest="b7c1f09a44d2e613",
        mark="ans-5c1e90aa77bb01cc22dd",
        flow_id="f-77aa-01bc",
        app=APP,
        project="Kiosks",
        msg="%d of %d devices to be updated in %d waves, %d already current."
        % (plan["counts"]["due"], len(devices), len(plan["waves"]), plan["counts"]["current"]),
        plan=plan,
    )
    return plan


def gate(script: Script, wave: str | None, phase: str, closes: datetime | None, **changes: Any) -> None:
    left = int((closes - script.now).total_seconds()) if closes else None
    data = {
        "wave": wave,
        "phase": phase,
        "open": True,
        "window": "night",
        "opened_at": iso(START),
        "closes_at": iso(closes) if closes else None,
        "remaining_seconds": left,
        "need_seconds": 1500,
        "next_opening": None,
        "notes": [],
        "reason": "open",
        "override": None,
        **changes,
    }
    script.say("gate", 1, **data)


def trigger_rows(own: Sequence[Mapping[str, Any]], held: bool) -> list[dict[str, Any]]:
    return [
        {
            "device_uuid": one["device_uuid"],
            "name": one["name"],
            "before": not held,
            "after": held,
            "outcome": "changed",
            "code": None,
            "msg": None,
        }
        for one in own
    ]


def deployed_row(number: int, one: Mapping[str, Any], fates: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    row = {
        "device_uuid": one["device_uuid"],
        "name": one["name"],
        "group": one["group"],
        "held": False,
        "plan": "needed",
        "status": "success",
        "attempts": 1,
        "seconds": 95.0 + number % 60,
        "outcome": "changed",
        "code": None,
        "msg": None,
    }
    return {**row, **fates.get(one["name"], {})}


def judge(script: Script, wave: str, rows: Sequence[Mapping[str, Any]], verdict: str, phase: str) -> None:
    tally = {name: sum(row["status"] == name for row in rows) for name in ("success", "failed", "aborted")}
    unknown = sum(row["status"] is None for row in rows)
    moving = len(rows) - unknown - sum(tally.values())
    counts = {"due": len(rows), "sample": len(rows), **tally, "timed_out": moving, "unknown": unknown, "offline": 0}
    stops = verdict == "stop"
    script.say(
        "judged",
        wave=wave,
        phase=phase,
        verdict=verdict,
        code="rollout_failed" if stops else None,
        msg="%s: %d of %d devices failed (limit 0)." % (wave, tally["failed"], len(rows))
        if stops
        else "%s: %d of %d succeeded." % (wave, tally["success"], len(rows)),
        counts=counts,
        total=counts,
        limits={"wave": {"failed": "0", "timed_out": "5%", "minimum": 1}, "total": {"failed": "2%", "minimum": 10}},
        scope="wave" if stops else "total",
    )


def wave(
    script: Script,
    plan: Mapping[str, Any],
    name: str,
    closes: datetime | None,
    fates: Mapping[str, Mapping[str, Any]],
    *,
    verdict: str = "proceed",
    soak: int = 600,
    **gating: Any,
) -> None:
    """A wave in the order of the role: gate, release, deploy, look, judge, hold, soak, look and judge again."""
    own = [one for one in plan["devices"] if one["wave"] == name and one["class"] == "needed" and not one["skip"]]
    script.say("wave_started", 2, wave=name, due=len(own))
    gate(script, name, "release", closes, **gating)
    calls = {**CALLS, "writes": len(own)}
    script.say(
        "released",
        4 + len(own) * 0.6,
        wave=name,
        rows=trigger_rows(own, held=False),
        summary={"total": len(own), "changed": len(own)},
        api_calls=calls,
        msg="Released %d devices." % len(own),
    )
    rows = [deployed_row(number, one, fates) for number, one in enumerate(own)]
    started, takes = script.now, 240 + len(own) * 6
    script.say(
        "deployed",
        takes,
        wave=name,
        rows=rows,
        summary={"total": len(own)},
        api_calls={"reads": takes // 30, "writes": 1, "retries": 2 if len(own) > 30 else 0, "waited_seconds": 12.5},
        deployment={"mark": "ans-5c1e90aa77bb01cc22dd", "comment": "ans-5c1e90aa77bb01cc22dd", "calls": 1},
        code=None,
        msg="%d success, %d other." % (sum(row["status"] == "success" for row in rows), len(rows)),
        started_at=iso(started),
        ended_at=iso(started + timedelta(seconds=takes)),
    )
    look(script, name, rows, "after_wait", 5)
    judge(script, name, rows, verdict, "after_wait")
    hold(script, name, own)
    if verdict == "proceed":
        look(script, name, rows, "after_soak", soak)
        judge(script, name, rows, verdict, "after_soak")
    script.say("wave_ended", 1, wave=name, due=len(own))


def look(script: Script, name: str, rows: Sequence[Mapping[str, Any]], phase: str, after: int) -> None:
    seen = [
        {
            "device_uuid": row["device_uuid"],
            "name": row["name"],
            "held": phase == "after_soak",
            "online": True,
            "version": "3.2.0" if row["status"] == "success" else "3.1.0",
            "status": row["status"],
        }
        for row in rows
    ]
    script.say("observed", after, wave=name, phase=phase, devices=seen, api_calls={**CALLS, "writes": 0})


def hold(script: Script, name: str | None, own: Sequence[Mapping[str, Any]]) -> None:
    script.say(
        "held",
        4 + len(own) * 0.6,
        wave=name,
        phase="after_wave",
        rows=trigger_rows(own, held=True),
        summary={"total": len(own), "changed": len(own)},
        api_calls={**CALLS, "writes": len(own)},
        msg="Held %d devices." % len(own),
    )


def end(script: Script, outcome: str, msg: str, total: int, **more: Any) -> None:
    given = {"code": None, "summary": {"total": total}, "after": "hold", "left_open": [], **more}
    script.say("run_ended", 3, outcome=outcome, msg=msg, **given)


def all_well(total: int = 200) -> Script:
    script = Script()
    edges = {"canary": 2, "early": total // 20, "first floor": total // 5, "second floor": total // 2, "all": total + 1}
    devices = []
    for number in range(1, total + 1):
        name = next(name for name, edge in edges.items() if number <= edge)
        new = number % 50 != 0
        devices.append(device(number, name, **({} if new else {"class": "current", "version": "3.2.0"})))
    plan = begin(script, devices, "20261123-0130-kiosks")
    closes = START + timedelta(hours=3, minutes=30)
    for name in edges:
        wave(script, plan, name, closes, {})
    due = plan["counts"]["due"]
    end(script, "succeeded", "All %d devices that were due have been updated, and are held again." % due, total)
    return script


def canary_failed() -> Script:
    script = Script()
    devices = [device(number, "canary" if number <= 3 else "all") for number in range(1, 61)]
    plan = begin(script, devices, "20261123-0130-kiosks-b")
    fates = {
        "kiosk-0002": {
            "status": "failed",
            "outcome": "failed",
            "code": "update_failed",
            "msg": "Its update failed: step 3 (docker compose up) ended with exit code 125.",
        }
    }
    wave(script, plan, "canary", START + timedelta(hours=3, minutes=30), fates, verdict="stop")
    end(
        script,
        "stopped",
        "canary: 1 of 3 devices failed (limit 0). No other device was released or sent to.",
        60,
        code="rollout_failed",
        left_open=["kiosk-0002"],
    )
    return script


def window_closed() -> Script:
    script = Script()
    override = {
        "reason": "CHG0031337, urgent payment fix",
        "by": "A. Novak",
        "until": iso(START + timedelta(minutes=80)),
        "window": "night",
    }
    gating = {"override": override, "reason": "override", "window": "night", "notes": ["override in force"]}
    devices = [
        device(number, "canary" if number <= 2 else "ten" if number <= 12 else "half" if number <= 70 else "all")
        for number in range(1, 141)
    ]
    devices[5] = device(6, "ten", skip="offline", skip_word="left", online=False)
    devices[20] = device(21, "half", skip="foreign_pending")
    devices.append(device(141, None, skip="not_in_a_wave", name="<script>alert('kiosk')</script>"))
    conflicts = [
        {
            "kind": "offline",
            "device_uuid": uuid(6),
            "name": "kiosk-0006",
            "msg": "It is offline (connect_offline: hold).",
        },
        {
            "kind": "foreign_pending",
            "device_uuid": uuid(21),
            "name": "kiosk-0021",
            "msg": "Another update is pending (winter screens) and would start when this device is released.",
        },
    ]
    plan = begin(script, devices, "20261123-0130-kiosks-c", conflicts=conflicts)
    script.say(
        "hook",
        6,
        name="before_window",
        wave=None,
        file="tasks/announce.yml",
        result={"ticket": "CHG0031337", "posted": True},
        failed=False,
        msg="",
    )
    closes = START + timedelta(minutes=80)
    wave(script, plan, "canary", closes, {}, **gating)
    script.say(
        "hook",
        8,
        name="after_wave",
        wave="canary",
        file="tasks/smoke_test.yml",
        result={"http": 200, "seconds": 0.4},
        failed=False,
        msg="The shop answers.",
    )
    wave(script, plan, "ten", closes, {}, **gating)
    script.say(
        "hook",
        30,
        name="after_wave",
        wave="ten",
        file="tasks/smoke_test.yml",
        result={"http": 502},
        failed=True,
        msg="The shop answered with 502 once.",
    )
    fates = {
        "kiosk-0030": {
            "status": "in_progress",
            "code": "still_running",
            "msg": "Not finished when wait_timeout was over.",
        },
        "kiosk-0031": {
            "status": None,
            "outcome": "unknown",
            "code": "outcome_unknown",
            "msg": "The reply was lost, and the device does not show the deployment.",
        },
        "kiosk-0032": {"status": "aborted", "outcome": "failed", "code": "update_failed", "msg": None},
    }
    wave(script, plan, "half", closes, fates, **gating)
    script.say("wave_started", 2, wave="all", due=70)
    gate(
        script,
        "all",
        "release",
        None,
        open=False,
        reason="too_little_left",
        remaining_seconds=900,
        next_opening="2026-11-24T00:30:00Z",
        window=None,
    )
    script.say("power_report", 5, ups="ok", kilowatts=[3.1, 2.9], note="<b>recorded by another task</b>")
    end(
        script,
        "window_closed",
        "Too little of the window was left for the wave all: 15 min, and an update needs 25 min. The rest is held; run "
        "it again tomorrow night.",
        141,
        code="window_closed",
    )
    return script


SAMPLES = {"all-well": all_well, "canary-failed": canary_failed, "window-closed": window_closed}


def died(script: Script) -> Iterator[Chain]:
    """What is left of a run that was killed after any of its records."""
    for count in range(len(script.records) + 1):
        yield Chain(tuple(script.records[:count]), ())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    half = Script()
    half.records = window_closed().records[:18]
    for name, script in {**{name: make() for name, make in SAMPLES.items()}, "killed": half}.items():
        chain = Chain.read(script.text)
        report = build_report(chain)
        (folder / (name + ".jsonl")).write_text(script.text, encoding="utf-8")
        (folder / (name + ".json")).write_text(as_json(report), encoding="utf-8")
        (folder / (name + ".html")).write_text(render(report), encoding="utf-8")
        print(name, json.dumps(report["totals"]))


if __name__ == "__main__":
    main()
