# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""One step of a rollout as a task: what it is given, and what it returns."""

from __future__ import annotations

import random
import typing as t
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path

from .._errors import ConnectError, InvalidInput
from .._evidence.file import folder_of
from .._evidence.recorder import Evidence
from .._result import Report
from .._secrets import Hider
from .._service.client import Client
from .._version import VERSION
from .._window.zones import data_version, read_zone
from . import end, table
from .effects import Records
from .request import RolloutRequest
from .run import Rollout
from .sheet import sheet
from .state import State
from .wave import gate, needed_time

STEP_SPEC: dict[str, t.Any] = {
    "step": {"type": "str", "required": True, "choices": ["plan", "wave", "end"]},
    "wave": {"type": "str"},
    "state": {"type": "dict"},
    "failure": {"type": "dict"},
    "lost": {"type": "bool", "default": False},
    "evidence_dir": {"type": "path"},
    "return_devices": {"type": "str", "choices": list(end.RETURNED), "default": "all"},
    "report_timezone": {"type": "str", "default": "UTC"},
    "about": {"type": "dict"},
    "play_hosts": {"type": "int", "default": 1},
}


class NoRecords:
    """In check mode."""

    def record(self, event: str, data: Mapping[str, t.Any]) -> None:
        pass


async def carry_out(
    params: Mapping[str, t.Any],
    request: RolloutRequest,
    client: Client,
    hider: Hider,
    dry: bool,
    keep: Callable[[Path, Hider, Callable[[], datetime]], Records] = Evidence,
) -> Report:
    """The report of the step. Raises ConnectError when it could not be carried out. C(keep) opens the evidence."""
    if params["play_hosts"] > 1:
        raise InvalidInput(
            "The play has %d hosts, and each would carry out the whole rollout. Use hosts: localhost, and name the "
            "devices with connect_inventory_group or connect_devices; with --limit, name localhost too. Nothing was "
            "read or sent." % params["play_hosts"]
        )
    step, zone = params["step"], params["report_timezone"] or "UTC"
    read_zone(zone, "report_timezone")
    now = client.now()
    gate(request, {"": "UTC"}, now, needed_time(request, ()))  # refuses an override that reaches too far ahead
    state = _state(params, step, now)
    evidence: Records = NoRecords()
    if not dry:
        evidence = keep(Path(state.evidence), hider, client.now)
    rollout = Rollout(request, client, evidence, state)
    if step == "plan":
        about = {"collection_version": VERSION, "zone_data": data_version(), **(params["about"] or {})}
        evidence.record(
            "run_started", {"run_id": state.run_id, "timezone": zone, **about, "inputs": dict(request.options)}
        )
        return await _plan(rollout, request, client, dry)
    if step == "wave":
        began = not dry and await rollout.wave(params["wave"])
        return _report(rollout, client, dry, state.msg or "%s is done." % params["wave"], began=began)
    _note_failure(state, params["failure"])
    result = await rollout.finish(params["lost"], dry)
    rows = list(filter(end.RETURNED[params["return_devices"]], result.pop("devices")))
    report = _report(rollout, client, dry, result["msg"], devices=rows)
    report.result["rollout"] = result
    return report


async def _plan(rollout: Rollout, request: RolloutRequest, client: Client, dry: bool) -> Report:
    try:
        await rollout.plan(dry)
    except ConnectError as failure:
        rollout.evidence.record("failed", failure.as_result())
        rollout.state.stop(failure.code, failure.msg)
    plan = rollout.state.plan
    if plan is None:
        return _report(rollout, client, dry, rollout.state.msg, text=[rollout.state.msg], plan={"waves": []}, hooks={})
    zones = {member.device_uuid: request.zones.get(member.device_uuid) for member in plan.due}
    text = table.lines(plan, gate(request, zones, client.now(), needed_time(request, ())), every_device=dry)
    shown = {name: value for name, value in plan.as_result().items() if name not in ("devices", "leftovers")}
    shown["waves"] = [{name: wave[name] for name in ("name", "size", "due")} for wave in shown["waves"]]
    hooks = {name: file for name, file in (request.options["hooks"] or {}).items() if file}
    report = _report(rollout, client, dry, plan.msg, text=text, plan=shown, hooks=hooks)
    report.changed = dry and bool(plan.due) and not plan.refused
    if dry:
        report.result["sheet"] = sheet(request, plan, client.now())
        # So that a workflow of AWX hands the digest from the plan to the run.
        report.result["ansible_stats"] = {
            "data": {"connect_approved_digest": plan.digest},
            "per_host": False,
            "aggregate": False,
        }
    return report


def _report(rollout: Rollout, client: Client, dry: bool, msg: str, **more: t.Any) -> Report:
    state, plan = rollout.state, rollout.state.plan
    result = {
        "state": state.as_result(),
        "go": not dry and state.code is None and plan is not None and not plan.refused and bool(plan.due),
        "touched": len(state.touched),
        "evidence": None if dry else state.evidence,
        "api_calls": client.api_calls(),
        **more,
    }
    warnings = [*rollout.warnings, *getattr(rollout.evidence, "warnings", ())]
    return Report(rollout.changed, msg, result, warnings=warnings)


def _state(params: Mapping[str, t.Any], step: str, now: datetime) -> State:
    if params["state"]:
        return State.read(params["state"])
    if step == "wave":
        raise InvalidInput("state is missing: give what the step before returned as state.")
    run_id = "%s-%06d" % (now.astimezone(timezone.utc).strftime("%Y%m%dT%H%M%SZ"), random.randrange(10**6))  # noqa: S311
    return State(run_id, str(folder_of(params["evidence_dir"]) / (run_id + ".jsonl")))


def _note_failure(state: State, failure: Mapping[str, t.Any] | None) -> None:
    """What went wrong between the steps; a step that failed has already said it."""
    msg = str((failure or {}).get("msg") or "").strip()
    if msg and msg not in state.msg:
        state.stop(str((failure or {}).get("code") or "error"), msg)
