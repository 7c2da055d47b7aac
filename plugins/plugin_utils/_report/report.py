# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the records of a run to its report: what was planned, what was done, how each device came out of it. Pure."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ...module_utils._evidence.record import Chain, Record
from ...module_utils._result import devices_word
from .rows import Fleet, totals
from .values import duration, instant, mapping, mappings, number, seconds_between, sequence, text

SCHEMA = 2  # the outcomes of devices are those of the fact connect_rollout since
PLANNED = ("digest", "mark", "flow_id", "app", "project")
COUNTED = ("reads", "writes", "retries", "waited_seconds")
BULKY = ("rows", "devices", "device_uuids", "plan", "inputs")  # stand elsewhere in the report, or only in the records


def build_report(chain: Chain) -> dict[str, t.Any]:
    records = chain.records
    fleet = Fleet(records)
    rows = fleet.rows()
    plan = _plan(records)
    return {
        "schema": SCHEMA,
        "run": _run(records, plan),
        "plan": plan,
        "phases": [_phase(record) for record in records],
        "waves": _waves(records, plan, rows),
        "devices": rows,
        "devices_outside_plan": fleet.other_rows(),
        "totals": totals(rows),
        "api_calls": _api_calls(records, plan),
        "override": _override(records),
        "hooks": [{"at": one["at"], "at_local": one["at_local"], **one["data"]} for one in _of(records, "hook")],
        "conflicts": mappings(plan.get("conflicts")),
        "chain": {"records": len(records), "head": chain.head, "faults": list(chain.faults)},
    }


def as_json(report: dict[str, t.Any]) -> str:
    """In ASCII, so that no character of a name acts on the terminal that shows it, and with a line for each device."""
    parts = (" %s: %s" % (json.dumps(name), _lines(value)) for name, value in report.items())
    return "{\n%s\n}\n" % ",\n".join(parts)


def _lines(value: t.Any) -> str:
    if isinstance(value, list) and value:
        return "[\n  %s\n ]" % ",\n  ".join(map(json.dumps, value))
    return json.dumps(value)


def _of(records: Iterable[Record], event: str) -> list[Record]:
    return [record for record in records if record["event"] == event]


def _last(records: Iterable[Record], event: str) -> dict[str, t.Any]:
    found = _of(records, event)
    return found[-1]["data"] if found else {}


def _run(records: Sequence[Record], plan: Mapping[str, t.Any]) -> dict[str, t.Any]:
    first, last = (records[0], records[-1]) if records else ({}, {})
    started, end = _last(records[:1], "run_started"), _of(records, "run_ended")
    ended = mapping(end[-1]["data"]) if end else {}
    failure = _last(records, "failed")
    return {
        **started,
        **{key: plan.get(key) for key in PLANNED},
        "started_at": first.get("at"),
        "started_at_local": first.get("at_local"),
        "ended": bool(end),
        "ended_at": end[-1]["at"] if end else None,
        "ended_at_local": end[-1]["at_local"] if end else None,
        "last_record_at": last.get("at"),
        "last_record_at_local": last.get("at_local"),
        "duration_seconds": seconds_between(first.get("at"), last.get("at")),
        "outcome": text(ended.get("outcome")) or None,
        "code": ended.get("code") or failure.get("code"),
        "msg": text(ended.get("msg")) or text(failure.get("msg")),
        "summary": mapping(ended.get("summary")),
        "after": ended.get("after"),
        "left_open": [text(name) for name in sequence(ended.get("left_open")) if text(name)],
    }


def _plan(records: Sequence[Record]) -> dict[str, t.Any]:
    """What was planned last, in one mapping; the plan's API calls are those it foresees, not those it took to plan."""
    data = _last(records, "planned")
    return {**{key: value for key, value in data.items() if key != "plan"}, **mapping(data.get("plan"))}


def _phase(record: Record) -> dict[str, t.Any]:
    """One record without its lists of devices, which the rows have in one."""
    data = record["data"]
    lists = {key + "_count": len(data[key]) for key in BULKY if isinstance(data.get(key), list)}
    rest = {key: value for key, value in data.items() if key not in BULKY and key not in ("event", "at", "at_local")}
    return {
        "event": record["event"],
        "wave": text(data.get("wave")) or None,
        "at": record["at"],
        "at_local": record["at_local"],
        "ended_at": text(data.get("ended_at")) or record["at"],
        **{key: value for key, value in rest.items() if key not in ("wave", "ended_at")},
        **lists,
        "msg": text(data.get("msg")) or sentence(record["event"], data),
    }


def sentence(event: str, data: Mapping[str, t.Any]) -> str:
    """What a record says, when it has no message of its own."""
    if event == "gate":
        return _gate(data)
    if event == "observed":
        return "Read %s." % devices_word(len(mappings(data.get("devices"))))
    if event in ("released", "held"):
        outcomes = [text(row.get("outcome")) for row in mappings(data.get("rows"))]
        counts = ["%d %s" % (outcomes.count(one), one) for one in dict.fromkeys(outcomes)]
        return "%s%s." % (devices_word(len(outcomes)).capitalize(), ": " + ", ".join(counts) if counts else "")
    if event == "hook":
        return "%s %s." % (text(data.get("file")) or "A task file", "failed" if data.get("failed") else "ran")
    return text(data.get("reason")) if event == "rollback_started" else ""


def _gate(data: Mapping[str, t.Any]) -> str:
    needed = number(data.get("need_seconds"))
    need = ", an update needs %s" % duration(needed) if needed else ""
    if is_override(data):
        return "Open by override%s." % need
    if data.get("open"):
        left = data.get("remaining_seconds")
        name = text(data.get("window"))
        return "The window%s is open, %s%s." % (
            " " + name if name else "",
            "%s are left" % duration(left) if left is not None else "without an end",
            need,
        )
    following = text(data.get("next_opening"))
    reason = text(data.get("reason")).replace("_", " ") or "outside"
    return "Closed (%s)%s.%s" % (reason, need, " Next opening: %s." % following if following else "")


def _waves(
    records: Sequence[Record], plan: Mapping[str, t.Any], rows: Sequence[Mapping[str, t.Any]]
) -> list[dict[str, t.Any]]:
    """The waves of the plan, and those that only the records know."""
    planned = {text(wave.get("name")): wave for wave in mappings(plan.get("waves"))}
    by_wave: dict[str, list[Record]] = {name: [] for name in planned}
    for record in records:
        name = text(record["data"].get("wave"))
        if name and record["data"].get("phase") != "rollback":
            by_wave.setdefault(name, []).append(record)
    members: dict[str | None, list[Mapping[str, t.Any]]] = {}
    for row in rows:
        members.setdefault(row["wave"], []).append(row)
    return [
        _wave(name, planned.get(name, {}), own, members.get(name, []))
        for name, own in by_wave.items()
        if name in planned or own
    ]


def _wave(
    name: str, planned: Mapping[str, t.Any], records: Sequence[Record], rows: Sequence[Mapping[str, t.Any]]
) -> dict[str, t.Any]:
    verdicts = [record["data"] for record in _of(records, "judged")]
    own = [one for one in verdicts if one.get("scope") != "total"] or verdicts
    worst = [one for one in verdicts if one.get("verdict") in ("stop", "pause")]
    last = (worst or own or [{}])[-1]
    size = planned.get("size")
    ended = _of(records, "wave_ended")
    return {
        "name": name,
        "size": int(number(size)) if size is not None else len(rows),
        "due": planned.get("due"),
        "started_at": records[0]["at"] if records else None,
        "started_at_local": records[0]["at_local"] if records else None,
        "ended_at": ended[-1]["at"] if ended else None,
        "ended_at_local": ended[-1]["at_local"] if ended else None,
        "verdict": text(last.get("verdict")) or None,
        "code": last.get("code"),
        "msg": text(last.get("msg")) or _closed_gate(records),
        "counts": mapping((own or [{}])[-1].get("counts")),
        "outcomes": totals(rows),
    }


def _closed_gate(records: Iterable[Record]) -> str:
    """Why a wave without a verdict did not begin."""
    closed = [record["data"] for record in _of(records, "gate") if record["data"].get("open") is not True]
    return sentence("gate", closed[-1]) if closed else ""


def _api_calls(records: Sequence[Record], plan: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """By phase, and in all. The end of the run knows best: phases that failed leave no count."""
    phases = []
    for record in records:
        calls = mapping(record["data"].get("api_calls"))
        if calls and record["event"] != "run_ended":
            counted = {key: number(calls.get(key)) for key in COUNTED}
            wave = text(record["data"].get("wave")) or None
            phases.append({"event": record["event"], "wave": wave, "at": record["at"], **counted})
    sums = {key: sum(phase[key] for phase in phases) for key in COUNTED}
    said = mapping(_last(records, "run_ended").get("api_calls"))
    total = {key: number(said[key]) if key in said else sums[key] for key in COUNTED}
    least = mapping(plan.get("api_calls")).get("least")
    return {
        "phases": phases,
        "total": {**total, "calls": total["reads"] + total["writes"]},
        "least": number(least) if least is not None else None,
        "waited_seconds": total["waited_seconds"],
    }


def _override(records: Sequence[Record]) -> dict[str, t.Any] | None:
    """The override that was in force at a gate, and at how many."""
    gates = [record["data"] for record in _of(records, "gate")]
    used = [mapping(gate["override"]) for gate in gates if is_override(gate)]
    return {**used[-1], "gates": len(used)} if used else None


def is_override(gate: Mapping[str, t.Any]) -> bool:
    """Whether it is open only because of one; a gate also names an override that it did not need, or that is over."""
    return bool(mapping(gate.get("override"))) and gate.get("open") is True and gate.get("reason") == "override"


def windows_seen(report: dict[str, t.Any]) -> list[tuple[t.Any, t.Any]]:
    """The openings that gates saw, each once, in their order; an end may be unknown."""
    seen = []
    for phase in report["phases"]:
        opened, closes = instant(phase.get("opened_at")), instant(phase.get("closes_at"))
        if phase["event"] == "gate" and phase.get("open") is True and (opened or closes):
            seen.append((opened, closes))
    return list(dict.fromkeys(seen))
