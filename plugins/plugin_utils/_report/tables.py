# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is internal to the collection and may change without notice.

"""The tables of the page: what each row of them says. Pure."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping
from datetime import timezone, tzinfo

from ...module_utils._evidence.record import zone_named
from . import words
from .report import is_override
from .values import (
    duration,
    instant,
    mapping,
    sequence,
    text,
)

NAMED = 200  # devices and conflicts that are listed apart; the table of all devices has the rest
SHORT = 80  # characters of data that go into one line
SHOWN = 4000  # characters of data that a record is shown with
NOTHING = "\N{EN DASH}"
VERDICT_KINDS = {"proceed": "good", "stop": "bad", "pause": "warn"}
SAID = frozenset({"event", "wave", "at", "at_local", "ended_at", "msg"})  # keys of a phase with columns of their own

View = dict[str, t.Any]


class Clock:
    """Shows instants in the time zone of the run, and in UTC."""

    def __init__(self, zone: tzinfo, name: str) -> None:
        self.zone = zone
        self.name = name

    @classmethod
    def of(cls, run: Mapping[str, t.Any]) -> Clock:
        zone = zone_named(run.get("timezone"))
        if zone is not None:
            return cls(zone, run["timezone"])
        # The zone is not said, or not known on this machine; the first record has its offset.
        first, utc = text(run.get("started_at_local")), instant(run.get("started_at"))
        offset = first[19:]
        local = instant(first[:19] + "Z")
        if local and utc:
            return cls(timezone(local - utc), "UTC%s" % ("" if offset in ("+00:00", "Z") else offset))
        return cls(timezone.utc, "UTC")

    def both(self, value: t.Any) -> View:
        at = instant(value)
        if at is None:
            return {"local": NOTHING, "utc": ""}
        return {
            "local": at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S"),
            "utc": at.strftime("%H:%M:%SZ"),
        }

    def local(self, value: t.Any) -> str:
        at = instant(value)
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M") if at else NOTHING


def outcome_of(row: Mapping[str, t.Any]) -> View:
    outcome = row["outcome"]
    return {"outcome": outcome, "word": words.outcome_word(outcome), "sign": words.OUTCOME_WORDS[outcome][1]}


def plan(report: Mapping[str, t.Any], clock: Clock) -> View:
    plan = report["plan"]
    calls = mapping(plan.get("api_calls"))
    counts = ["%s %s" % (key.replace("_", " "), text(value)) for key, value in mapping(plan.get("counts")).items()]
    need = plan.get("need_seconds")
    asked = mapping(report["run"].get("inputs")).get("windows")
    windows = sequence(plan.get("windows")) or sequence(asked)
    facts = [
        ("Digest", text(plan.get("digest"))),
        ("Mark", text(plan.get("mark"))),
        ("Devices", ", ".join(counts)),
        ("An update needs", duration(need) if need is not None else ""),
        ("Windows", "; ".join(_window(one) for one in windows)),
        ("API calls foreseen", ", ".join("%s %s" % (key, text(value)) for key, value in calls.items())),
    ]
    waves = [
        {
            "name": wave["name"],
            "size": wave["size"],
            "due": text(wave["due"]),
            "started": clock.both(wave["started_at"]),
            "ended": clock.both(wave["ended_at"]),
            "verdict": " ".join(
                reversed(words.VERDICT_WORDS.get(wave["verdict"] or "", (wave["verdict"] or NOTHING,)))
            ),
            "msg": wave["msg"],
        }
        for wave in report["waves"]
    ]
    msg = text(plan.get("msg"))
    return {"known": bool(plan), "msg": msg, "facts": [fact for fact in facts if fact[1]], "waves": waves}


def _window(window: t.Any) -> str:
    """A window as it was given, its name first: records have their keys in alphabetical order."""
    if not isinstance(window, dict):
        return text(window)
    order = ("name", "start", "from", "end", "to", "duration", "days")
    keys = sorted(window, key=lambda key: order.index(key) if key in order else len(order))
    return ", ".join("%s %s" % (key, text(window[key]) or pretty(window[key])) for key in keys)


def conflicts(report: Mapping[str, t.Any]) -> View:
    every = report["conflicts"]
    cells = [
        (
            text(one.get("kind")).replace("_", " "),
            text(one.get("name")) or text(one.get("device_uuid")),
            text(one.get("msg")),
        )
        for one in every[:NAMED]
    ]
    more = len(every) - len(cells)
    return {"conflicts": cells, "conflicts_text": "And %d more, in the JSON report." % more if more else ""}


def judgements(report: Mapping[str, t.Any], clock: Clock) -> View:
    return {
        "gates": [_gate(phase, clock) for phase in report["phases"] if phase["event"] == "gate"],
        "verdicts": [_judged(phase, clock) for phase in report["phases"] if phase["event"] == "judged"],
    }


def _gate(phase: Mapping[str, t.Any], clock: Clock) -> View:
    is_open, override = phase.get("open") is True, is_override(phase)
    notes = (
        [text(note) for note in phase["notes"]] if isinstance(phase.get("notes"), list) else [text(phase.get("notes"))]
    )
    return {
        "at": clock.both(phase["at"]),
        "wave": phase["wave"] or NOTHING,
        "phase": text(phase.get("phase")),
        "kind": "warn" if override else "good" if is_open else "bad",
        "verdict": "open by override" if override else "open" if is_open else "closed",
        "left": duration(phase.get("remaining_seconds")),
        "need": duration(phase.get("need_seconds")),
        "closes": clock.both(phase.get("closes_at")),
        "notes": " ".join(filter(None, ["" if is_open and not override else phase["msg"], *notes])),
    }


def _judged(phase: Mapping[str, t.Any], clock: Clock) -> View:
    verdict = text(phase.get("verdict"))
    return {
        "at": clock.both(phase["at"]),
        "wave": phase["wave"] or NOTHING,
        "phase": text(phase.get("phase")).replace("_", " "),
        "kind": VERDICT_KINDS.get(verdict, "warn"),
        "verdict": " ".join(reversed(words.VERDICT_WORDS.get(verdict, (verdict,)))),
        "counts": words.thresholds(phase),
        "msg": phase["msg"],
    }


def hook_row(hook: Mapping[str, t.Any], clock: Clock) -> View:
    failed = bool(hook.get("failed"))
    return {
        "at": clock.both(hook["at"]),
        "name": text(hook.get("name")).replace("_", " "),
        "file": text(hook.get("file")),
        "wave": text(hook.get("wave")) or NOTHING,
        "kind": "bad" if failed else "good",
        "verdict": "\N{MULTIPLICATION X} failed" if failed else "\N{CHECK MARK} ran",
        "msg": text(hook.get("msg")),
        "result": pretty(hook.get("result")),
    }


def step_row(phase: Mapping[str, t.Any], clock: Clock) -> View:
    return {
        "at": clock.both(phase["at"]),
        "event": phase["event"].replace("_", " "),
        "wave": phase["wave"] or NOTHING,
        "msg": phase["msg"],
        "data": pretty({key: value for key, value in phase.items() if key not in SAID}),
    }


def calls(report: Mapping[str, t.Any]) -> View:
    calls, total = report["api_calls"], report["api_calls"]["total"]
    least = "" if calls["least"] is None else " The least possible for this plan was %d." % calls["least"]
    said = "%d calls: %d reads and %d writes, %d of them repetitions; %s spent waiting for limits and faults.%s" % (
        total["calls"],
        total["reads"],
        total["writes"],
        total["retries"],
        duration(total["waited_seconds"]),
        least,
    )
    rows = [
        (
            one["event"].replace("_", " "),
            one["wave"] or NOTHING,
            one["reads"],
            one["writes"],
            one["retries"],
            duration(one["waited_seconds"]),
        )
        for one in calls["phases"]
    ]
    return {"text": said, "rows": rows}


def device_row(row: Mapping[str, t.Any]) -> View:
    before, after = row["before"], row["after"]
    online = after["online"] if after["online"] is not None else before["online"]
    return {
        "name": row["name"] or row["device_uuid"],
        "uuid": row["device_uuid"],
        "group": row["group"],
        "wave": row["wave"] or NOTHING,
        "v0": text(before["version"]) or NOTHING,
        "v1": text(after["version"]) or NOTHING,
        "h0": _yes(before["held"]),
        "h1": _yes(after["held"]),
        "online": _yes(online),
        "attempts": row["attempts"],
        "took": duration(row["seconds"]) if row["seconds"] is not None else NOTHING,
        **outcome_of(row),
        "reason": row["reason"],
    }


def _yes(value: t.Any) -> str:
    return {True: "yes", False: "no"}.get(value, NOTHING) if isinstance(value, bool) else NOTHING


def pretty(value: t.Any) -> str:
    """Data of any form, shortened; empty when there is none."""
    if value is None or value in ({}, [], ""):
        return ""
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(said) > SHORT and not isinstance(value, str):
        said = json.dumps(value, indent=1, ensure_ascii=False)
    return (
        said
        if len(said) <= SHOWN
        else "%s\n... (%d more characters, in the records)" % (said[:SHOWN], len(said) - SHOWN)
    )
