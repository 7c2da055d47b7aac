# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is internal to the collection and may change without notice.

"""From a report to one HTML page that needs nothing else. Pure; what comes from outside is escaped by Jinja2."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Mapping, Sequence

from jinja2 import Environment, StrictUndefined, Template

from ...module_utils._result import devices_word
from . import tables, words
from .report import windows_seen
from .rows import OUTCOMES, TROUBLED
from .style import STYLE
from .template import PAGE
from .timeline import timeline
from .values import (
    duration,
    text,
)


def render(report: Mapping[str, t.Any]) -> str:
    return _page().render(_view(report)) + "\n"


@functools.cache
def _page() -> Template:
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(PAGE)


def _view(report: Mapping[str, t.Any]) -> tables.View:
    clock = tables.Clock.of(report["run"])
    word, kind, sign = words.run_word(report)
    verdict, msg = words.verdict(report), report["run"]["msg"]
    return {
        "style": STYLE,
        "title": words.title(report),
        "ending": {"word": word, "kind": kind, "sign": sign},
        "verdict": verdict,
        "msg": msg if msg != verdict else "",
        "meta": _meta(report["run"], clock),
        "banners": _banners(report, clock),
        "tiles": _tiles(report),
        "zone": clock.name,
        "picture": timeline(report, clock.zone),
        "picture_text": _picture_text(report, clock),
        **_stacks(report),
        **_attention(report),
        "plan": tables.plan(report, clock),
        **tables.conflicts(report),
        **tables.judgements(report, clock),
        "hooks": [tables.hook_row(hook, clock) for hook in report["hooks"]],
        "steps": [tables.step_row(phase, clock) for phase in report["phases"]],
        "calls": tables.calls(report),
        "devices": [tables.device_row(row) for row in [*report["devices"], *report["devices_outside_plan"]]],
        "inputs": tables.pretty(report["run"].get("inputs")),
        "chain": _chain(report["chain"]),
        "versions": _versions(report["run"]),
    }


def _meta(run: Mapping[str, t.Any], clock: tables.Clock) -> list[tuple[str, str]]:
    until = clock.local(run["ended_at"])[-5:] if run["ended"] else "?"
    found = [
        ("", "%s to %s, %s" % (clock.local(run["started_at"]), until, clock.name)),
        ("Run", text(run.get("run_id"))),
        ("Started by", text(run.get("user"))),
        ("Job", text(run.get("job_id"))),
        ("Flow", text(run.get("flow_id"))),
        ("Plan", text(run.get("digest"))),
    ]
    return [(name, value) for name, value in found if value]


def _banners(report: Mapping[str, t.Any], clock: tables.Clock) -> list[tables.View]:
    run, chain, override = report["run"], report["chain"], report["override"]
    found = []

    def add(kind: str, title: str, said: str, lines: Sequence[str] = ()) -> None:
        found.append({"kind": kind, "title": title, "text": said, "lines": list(lines[:20])})

    if chain["faults"]:
        add(
            "bad",
            "The chain of records is not intact.",
            "What this report says may not be what happened.",
            chain["faults"],
        )
    if not run["ended"]:
        may = sum(row["left_open"] for row in report["devices"])
        loose = " %s may still be released." % devices_word(may).capitalize() if may else ""
        add(
            "warn",
            "The end of this run is not recorded.",
            "It is still going on, or it was killed: its last record is of %s. Running it again continues it, and "
            "holds what was left released.%s" % (clock.both(run["last_record_at"])["local"], loose),
        )
    if run["left_open"]:
        count, names = len(run["left_open"]), ", ".join(run["left_open"][:20])
        more = " and %d more" % (count - 20) if count > 20 else ""
        add("bad", "%s could not be held again:" % devices_word(count).capitalize(), names + more + ".")
    if override:
        add(
            "warn",
            "Override.",
            "By %s, until %s: %s"
            % (
                text(override.get("by")) or "somebody",
                clock.local(override.get("until")),
                text(override.get("reason")) or "no reason is recorded.",
            ),
        )
    if run.get("check_mode") is True:
        add("left", "Check mode.", "Nothing was changed.")
    if report["devices_outside_plan"]:
        others = devices_word(len(report["devices_outside_plan"]))
        add(
            "warn",
            "Outside of the plan:",
            "%s took part that the plan does not name; see the end of the table." % others,
        )
    return found


def _tiles(report: Mapping[str, t.Any]) -> list[tables.View]:
    totals, calls, run = report["totals"], report["api_calls"], report["run"]
    new, bad = totals.get("updated", 0), sum(totals.get(outcome, 0) for outcome in TROUBLED)
    share = " of %d" % totals["total"]
    left = sum(totals.get(outcome, 0) for outcome in ("left", "skipped", "not_in_a_wave"))
    tiles = [
        ("%d%s" % (new, share), "updated in this run", "good" if new else ""),
        (str(totals.get("current", 0) + totals.get("already_done", 0)), "had it already", ""),
        (str(bad), "failed, or not known", "bad" if bad else ""),
        (str(left), "not sent to", "warn" if left else ""),
        (duration(run["duration_seconds"]), "from start to end", ""),
        (str(calls["total"]["calls"]), "API calls", ""),
    ]
    return [{"value": value, "name": name, "kind": kind} for value, name, kind in tiles]


def _picture_text(report: Mapping[str, t.Any], clock: tables.Clock) -> str:
    said = [
        "Wave %s, %s, began %s and ended %s."
        % (
            wave["name"],
            devices_word(wave["size"]),
            clock.local(wave["started_at"]),
            clock.local(wave["ended_at"]),
        )
        for wave in report["waves"]
    ]
    windows = [
        "Window open from %s to %s."
        % (clock.local(opened and opened.isoformat()), clock.local(closes and closes.isoformat()))
        for opened, closes in windows_seen(dict(report))
    ]
    return " ".join([*windows, *said])


def _stacks(report: Mapping[str, t.Any]) -> tables.View:
    totals = report["totals"]
    if not totals["total"]:
        return {"stacks": [], "legend": []}
    waves = [(wave["name"], wave["outcomes"]) for wave in report["waves"] if wave["outcomes"]["total"]]
    legend = [
        {"outcome": one, "word": words.outcome_word(one), "sign": words.OUTCOME_WORDS[one][1], "count": totals[one]}
        for one in OUTCOMES
        if totals.get(one)
    ]
    return {"stacks": [_stack(name, counts) for name, counts in [("All devices", totals), *waves]], "legend": legend}


def _stack(name: str, counts: Mapping[str, int]) -> tables.View:
    bars: list[tables.View] = []
    x = 0.0
    for outcome in OUTCOMES:
        if counts.get(outcome):
            width = 100 * counts[outcome] / counts["total"]
            bars.append(
                {
                    "outcome": outcome,
                    "x": round(x, 3),
                    "width": round(width, 3),
                    "count": counts[outcome],
                    "sign": words.OUTCOME_WORDS[outcome][1],
                }
            )
            x += width
    said = ", ".join("%s %d" % (words.outcome_word(piece["outcome"]), piece["count"]) for piece in bars)
    return {"name": name, "total": counts["total"], "bars": bars, "text": "%s: %s" % (name, said)}


def _attention(report: Mapping[str, t.Any]) -> tables.View:
    rows = words.attention(report)
    shown = [
        {
            "name": row["name"] or row["device_uuid"],
            "uuid": row["device_uuid"],
            "wave": row["wave"] or tables.NOTHING,
            **tables.outcome_of(row),
            "reason": row["reason"],
            "step": row["next_step"] or "",
        }
        for row in rows[: tables.NAMED]
    ]
    more = len(rows) - len(shown)
    said = devices_word(len(rows)) + (
        ", the first %d of them here; the table of every device has all." % tables.NAMED if more else ""
    )
    return {"attention": shown, "attention_text": said}


def _chain(chain: Mapping[str, t.Any]) -> tables.View:
    count = "1 record" if chain["records"] == 1 else "%d records" % chain["records"]
    state = "%d faults" % len(chain["faults"]) if chain["faults"] else "chain intact when this report was made"
    return {"text": "Made of %s; %s." % (count, state), "head": chain["head"] or tables.NOTHING}


def _versions(run: Mapping[str, t.Any]) -> str:
    named = (
        ("edgeops.jfrog_connect", "collection_version"),
        ("ansible-core", "ansible_version"),
        ("zone data", "zone_data"),
    )
    return ", ".join("%s %s" % (name, text(run.get(key))) for name, key in named if text(run.get(key)))
