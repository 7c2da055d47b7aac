# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is internal to the collection and may change without notice.

"""The words of the report for people: what came of the run in one sentence, and names of things. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from .rows import TROUBLED, needs_attention
from .values import mapping, text

# A sign beside each colour, for whoever cannot tell colours apart, and for a black and white printer.
OUTCOME_WORDS = {
    "updated": ("Updated", "\N{CHECK MARK}"),
    "already_done": ("Updated earlier", "\N{WHITE CIRCLE}"),
    "current": ("Already current", "="),
    "rolled_back": ("Rolled back", "\N{ANTICLOCKWISE OPEN CIRCLE ARROW}"),
    "left": ("Left for later", "\N{RIGHTWARDS ARROW}"),
    "skipped": ("Skipped", "\N{EN DASH}"),
    "not_in_a_wave": ("In no wave", "\N{MIDDLE DOT}"),
    "timed_out": ("Timed out", "!"),
    "unknown": ("Unknown", "?"),
    "aborted": ("Aborted", "\N{CIRCLED DIVISION SLASH}"),
    "failed": ("Failed", "\N{MULTIPLICATION X}"),
}
RUN_WORDS = {
    "succeeded": ("Succeeded", "good", "\N{CHECK MARK}"),
    "nothing_to_do": ("Nothing to do", "good", "="),
    "planned": ("Planned", "left", "="),
    "incomplete": ("Incomplete", "warn", "!"),
    "window_closed": ("Window closed", "warn", "!"),
    "stopped": ("Stopped", "bad", "\N{BLACK SQUARE}"),
    "refused": ("Refused", "bad", "\N{BLACK SQUARE}"),
    "failed": ("Failed", "bad", "\N{MULTIPLICATION X}"),
}
COUNTS = ("due", "sample", "success", "failed", "aborted", "timed_out", "unknown", "offline")
VERDICT_WORDS = {
    "proceed": ("proceed", "\N{CHECK MARK}"),
    "stop": ("stop", "\N{MULTIPLICATION X}"),
    "pause": ("pause", "!"),
}


def outcome_word(outcome: str) -> str:
    return OUTCOME_WORDS[outcome][0] if outcome in OUTCOME_WORDS else outcome.replace("_", " ")


def run_word(report: Mapping[str, t.Any]) -> tuple[str, str, str]:
    """Name, class and sign of how the run ended."""
    run = report["run"]
    if not run["ended"]:
        return "Not ended", "warn", "?"
    closed = run["outcome"] == "incomplete" and run["code"] == "window_closed"
    known = RUN_WORDS.get("window_closed" if closed else run["outcome"] or "")
    return known or ((run["outcome"] or "ended").replace("_", " ").capitalize(), "warn", "!")


def product(run: Mapping[str, t.Any]) -> str:
    """What was sent, as people call it."""
    app = run.get("app")
    if isinstance(app, Mapping):
        return " ".join(filter(None, (text(app.get("name")), text(app.get("version"))))) or "update flow"
    return text(app) or ("update flow %s" % text(run.get("flow_id")) if text(run.get("flow_id")) else "update flow")


def title(report: Mapping[str, t.Any]) -> str:
    run = report["run"]
    project = text(run.get("project"))
    return "%s%s" % (product(run), " on %s" % project if project else "")


def verdict(report: Mapping[str, t.Any]) -> str:
    """The one sentence that somebody reads who reads only one."""
    run, totals = report["run"], report["totals"]
    if run.get("check_mode") is True:
        return "Check mode: nothing was changed. A real run would do what the plan below says."
    if not totals["total"]:
        return "Nothing was planned, and no device was touched." if run["ended"] else "It ended before it had a plan."
    have = sum(totals.get(one, 0) for one in ("updated", "already_done", "current"))
    new, every = totals.get("updated", 0), totals["total"]
    what = product(run)
    if have == every:
        return _all_of(every, new, what)
    subject = "The only device was" if every == 1 else "%s of %d devices %s" % (new or "None", every, _were(new))
    others = ", ".join(_others(totals))
    return "%s %supdated to %s: %s." % (subject, "not " if every == 1 else "", what, others)


def _were(count: int) -> str:
    return "was" if count <= 1 else "were"


def _all_of(every: int, new: int, what: str) -> str:
    subject = "The only device has" if every == 1 else "All %d devices have" % every
    how = "" if new == every else "; nothing was left to do" if not new else "; %d of them since this run" % new
    return "%s %s%s." % (subject, what, how)


def _others(totals: Mapping[str, int]) -> list[str]:
    said = {
        "failed": "%d failed",
        "aborted": "%d aborted",
        "timed_out": "%d timed out",
        "unknown": "%d not known",
        "rolled_back": "%d rolled back",
        "left": "%d left for later",
        "skipped": "%d skipped",
        "not_in_a_wave": "%d in no wave",
        "current": "%d already current",
        "already_done": "%d updated earlier",
    }
    return [words % totals[name] for name, words in said.items() if totals.get(name)]


def attention(report: Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
    """The devices that somebody has to look at, the gravest first."""
    rows = [row for row in [*report["devices"], *report["devices_outside_plan"]] if needs_attention(row)]
    return sorted(rows, key=lambda row: (not row["left_open"], row["outcome"] not in TROUBLED, row["outcome"]))


def thresholds(phase: Mapping[str, t.Any]) -> list[str]:
    """Counts beside what is allowed, of the wave and of all waves so far: failed 1 (limit 0)."""
    limits, total = mapping(phase.get("limits")), mapping(phase.get("total"))
    if not total:
        return [_beside(mapping(phase.get("counts")), limits)]
    return [
        "the wave: " + _beside(mapping(phase.get("counts")), mapping(limits.get("wave"))),
        "all waves so far: " + _beside(total, mapping(limits.get("total"))),
    ]


def _beside(counts: Mapping[str, t.Any], limits: Mapping[str, t.Any]) -> str:
    found = []
    for name in [*COUNTS, *sorted({*counts, *limits} - {*COUNTS, "minimum"})]:
        if counts.get(name) or name in limits or name == "due":
            said = "%s %s" % (name.replace("_", " "), text(counts.get(name)) or "\N{EN DASH}")
            found.append("%s (limit %s)" % (said, text(limits[name])) if name in limits else said)
    if "minimum" in limits:
        found.append("a verdict needs %s" % text(limits["minimum"]))
    return ", ".join(found)
