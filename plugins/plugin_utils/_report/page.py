# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a report to one HTML page that needs nothing else: page.html.j2 in the style of page.css. What comes from
outside is cleaned and escaped here, whatever the template does with it. Pure, but for reading those files.
"""

from __future__ import annotations

import functools
import json
import typing as t
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timezone, tzinfo
from pathlib import Path

from jinja2 import ChainableUndefined, Environment, Template, Undefined
from markupsafe import Markup

from ...module_utils._evidence.record import zone_named
from ...module_utils._result import devices_word
from ...module_utils._rollout.outcome import OUTCOMES
from .report import is_override, windows_seen
from .rows import TROUBLED, needs_attention
from .timeline import VERDICTS, timeline
from .values import NOTHING, duration, instant, mapping, number, sequence, text

# A sign beside each colour, for readers who cannot tell colours apart, and for a black and white printer.
SIGNS = {
    **{"updated": "\N{CHECK MARK}", "current": "=", "done_before": "\N{WHITE CIRCLE}", "left": "\N{RIGHTWARDS ARROW}"},
    **{"rolled_back": "\N{ANTICLOCKWISE OPEN CIRCLE ARROW}", "skipped": "\N{EN DASH}", "refused": "\N{BLACK SQUARE}"},
    **{"timed_out": "!", "unknown": "?", "aborted": "\N{CIRCLED DIVISION SLASH}", "failed": "\N{MULTIPLICATION X}"},
    **{"failed_before": "\N{CIRCLED TIMES}", "gone": "\N{EMPTY SET}"},
}
WORDS = {
    "left": "Left for later",
    "done_before": "Updated earlier",
    "current": "Already current",
    "failed_before": "Failed earlier",
}
RUN_WORDS = {  # how a run ended: its class and its sign
    **{"succeeded": ("good", "\N{CHECK MARK}"), "nothing_to_do": ("good", "="), "planned": ("left", "=")},
    **{"stopped": ("bad", "\N{BLACK SQUARE}"), "refused": ("bad", "\N{BLACK SQUARE}")},
    **{"failed": ("bad", "\N{MULTIPLICATION X}")},
}
CLASSES = {"due": "to be updated", "skipped": "left alone", "done": "updated earlier", "current": "already current"}
COUNTS = ("due", "sample", "success", "failed", "aborted", "timed_out", "unknown", "offline")
NAMED = 200  # devices and conflicts that are listed apart; the table of all devices has the rest
SHORT, SHOWN = 80, 4000  # characters of data that go into one line, and that are shown at all
SAID = frozenset({"event", "wave", "at", "at_local", "ended_at", "msg"})  # keys of a phase with columns of their own


def render(report: Mapping[str, t.Any]) -> str:
    clock = Clock.of(report["run"])
    every = [*report["devices"], *report["devices_outside_plan"]]
    picture = timeline(report, clock.zone)
    return _template("page.html.j2").render(
        r=report,
        run=report["run"],
        clock=clock,
        title=title(report),
        ending=ending(report),
        verdict=verdict(report),
        meta=_meta(report, clock),
        tiles=_tiles(report),
        stacks=_stacks(report),
        every=every,
        attention=_groups([row for row in every if needs_attention(row)]),
        others=_groups([row for row in every if not needs_attention(row) and row["outcome"] in ("left", "skipped")]),
        facts=_facts(report),
        picture=picture,
        windows=windows_seen(dict(report)),
        may_be_open=sum(row["left_open"] for row in every),
        inputs=pretty(_inputs(report["run"])),
        versions=", ".join("%s %s" % pair for pair in _versions(report["run"])),
    )


def render_plan(plan: Mapping[str, t.Any], rows: Sequence[Mapping[str, str]], lines: Sequence[str]) -> str:
    """C(plan) is that of connect_rollout, C(rows) the cells of each device, C(lines) what else is to be said."""
    return _template("plan.html.j2").render(plan=plan, rows=rows, lines=lines)


@functools.cache
def _template(name: str) -> Template:
    here = Path(__file__).parent
    page = Environment(
        autoescape=True, undefined=ChainableUndefined, trim_blocks=True, keep_trailing_newline=True, finalize=_clean
    )
    page.filters.update(text=text, duration=duration, pretty=pretty, devices_word=devices_word, spaced=_spaced)
    style = (here / "page.css").read_text(encoding="utf-8").partition("*/")[2]  # without its header
    page.globals.update(style=Markup(style), named=NAMED)  # noqa: S704
    page.globals.update(signs=SIGNS, outcomes=OUTCOMES, word=outcome_word, nothing=NOTHING, counted=counted)
    page.globals.update(is_override=is_override, as_list=sequence, rest=_rest, verdicts=VERDICTS)
    return page.from_string((here / name).read_text(encoding="utf-8"))


def _clean(value: t.Any) -> t.Any:
    """For whatever is printed: controls that act on a screen, or turn the text around, are shown as a sign."""
    if isinstance(value, (Markup, int, float)):
        return value
    said = str(value)
    return said if said.isprintable() else "".join(map(_visible, said))


def _visible(one: str) -> str:
    if one in "\n\t" or unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return one
    return chr(0x2400 + ord(one)) if ord(one) < 0x20 else "\N{REPLACEMENT CHARACTER}"


class Clock:
    """Shows instants in the time zone of the run, and in UTC where that differs."""

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
        local = instant(first[:19] + "Z")
        if local and utc:
            return cls(timezone(local - utc), "UTC%s" % ("" if local == utc else first[19:]))
        return cls(timezone.utc, "UTC")

    def local(self, value: t.Any, form: str = "%Y-%m-%d %H:%M") -> str:
        at = instant(value)
        return at.astimezone(self.zone).strftime(form) if at else NOTHING

    def utc(self, value: t.Any) -> str:
        """Empty where the local time says it already."""
        at = instant(value)
        return at.strftime("%H:%M:%SZ") if at and at.astimezone(self.zone).utcoffset() else ""


def outcome_word(outcome: str) -> str:
    return WORDS.get(outcome, _spaced(outcome).capitalize())


def ending(report: Mapping[str, t.Any]) -> tuple[str, str, str]:
    """Name, class and sign of how the run ended."""
    run = report["run"]
    if not run["ended"]:
        return "Not ended", "warn", "?"
    if run["outcome"] == "incomplete" and run["code"] == "window_closed":
        return "Window closed", "warn", "!"
    return _spaced(run["outcome"] or "ended").capitalize(), *RUN_WORDS.get(run["outcome"] or "", ("warn", "!"))


def product(run: Mapping[str, t.Any]) -> str:
    """What was sent, as people call it."""
    app, flow = run.get("app"), text(run.get("flow_id"))
    if isinstance(app, Mapping):
        app = " ".join(filter(None, (text(app.get("name")), text(app.get("version")))))
    return text(app) or ("update flow %s" % flow if flow else "update flow")


def title(report: Mapping[str, t.Any]) -> str:
    project = text(report["run"].get("project"))
    return "%s%s" % (product(report["run"]), " on %s" % project if project else "")


def verdict(report: Mapping[str, t.Any]) -> str:
    """The sentence for a person who reads only one."""
    run, totals, what = report["run"], report["totals"], product(report["run"])
    if run.get("check_mode") is True:
        return "Check mode: nothing was changed. A real run would do what the plan below says."
    new, every = totals.get("updated", 0), totals["total"]
    if not every:
        return "Nothing was planned, and no device was touched." if run["ended"] else "It ended before it had a plan."
    if new + totals.get("current", 0) + totals.get("done_before", 0) == every:
        how = "" if new == every else "; %d of them since this run" % new if new else "; nothing was left to do"
        return "%s %s%s." % ("The only device has" if every == 1 else "All %d devices have" % every, what, how)
    others = [
        "%d %s" % (totals[name], outcome_word(name).lower())
        for name in reversed(OUTCOMES)
        if totals.get(name) and name != "updated"
    ]
    subject = "%s of %s %s" % (new or "None", devices_word(every), "were" if new > 1 else "was")
    return "%s updated to %s: %s." % (subject, what, ", ".join(others))


def _meta(report: Mapping[str, t.Any], clock: Clock) -> list[tuple[str, str]]:
    """Who, when and on whose word; only what is known."""
    run = report["run"]
    inputs = mapping(run.get("inputs"))
    approved: Mapping[str, t.Any] = next((one for one in reversed(report["phases"]) if one["event"] == "approved"), {})
    until = clock.local(run["ended_at"], "%H:%M") if run["ended"] else "?"
    key = text(inputs.get("deployment_key")) or text(inputs.get("connect_deployment_key"))
    found = [
        ("", "%s to %s, %s" % (clock.local(run["started_at"]), until, clock.name)),
        ("Change", key or text(approved.get("change"))),
        ("Started by", text(run.get("user"))),
        ("Approved by", text(approved.get("by"))),
        ("Job", text(run.get("job_id"))),
        ("Run", text(run.get("run_id"))),
        ("Flow", text(run.get("flow_id"))),
        ("Plan", text(run.get("digest"))),
    ]
    return [(name, value) for name, value in found if value]


def _inputs(run: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What was given, by the names of the variables that the user sets."""
    given = mapping(run.get("inputs")).items()
    return {"connect_" + key.removeprefix("connect_"): value for key, value in given if value is not None}


def _versions(run: Mapping[str, t.Any]) -> list[tuple[str, str]]:
    names = ("edgeops.jfrog_connect", "ansible-core", "zone data")
    found = [text(run.get(key)) for key in ("collection_version", "ansible_version", "zone_data")]
    return [pair for pair in zip(names, found, strict=True) if pair[1]]


def _rest(phase: Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {key: value for key, value in phase.items() if key not in SAID}


def _tiles(report: Mapping[str, t.Any]) -> list[tuple[str, str, str]]:
    """Value, name and class of each."""
    totals = report["totals"]

    def count(*names: str) -> int:
        return sum(totals.get(name, 0) for name in names)

    new, bad, left = count("updated"), count(*TROUBLED), count("left", "skipped")
    return [
        ("%d of %d" % (new, totals["total"]), "updated in this run", "good" if new else ""),
        (str(count("current", "done_before")), "had it already", ""),
        (str(bad), "failed, or not known", "bad" if bad else ""),
        (str(left), "left, or skipped", "warn" if left else ""),
        (duration(report["run"]["duration_seconds"]), "from start to end", ""),
        (str(report["api_calls"]["total"]["calls"]), "API calls", ""),
    ]


def _stacks(report: Mapping[str, t.Any]) -> list[tuple[str, Mapping[str, int]]]:
    """The counts of all devices and of each wave, where there are any."""
    waves = [(wave["name"], wave["outcomes"]) for wave in report["waves"]]
    return [(name, counts) for name, counts in [("All devices", report["totals"]), *waves] if counts["total"]]


def _groups(rows: Sequence[Mapping[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Devices that share outcome, reason and next step, the gravest first."""
    groups: dict[tuple[str, ...], dict[str, t.Any]] = {}
    for row in rows:
        key = (row["outcome"], row["reason"], row["next_step"] or "")
        groups.setdefault(key, {**row, "rows": []})["rows"].append(row)
    grave = [*reversed(OUTCOMES)]
    return sorted(groups.values(), key=lambda one: (not one["left_open"], grave.index(one["outcome"])))


def _facts(report: Mapping[str, t.Any]) -> list[tuple[str, str]]:
    """What the plan says in one line each."""
    plan = report["plan"]
    counts = {name: int(number(count)) for name, count in mapping(plan.get("counts")).items()}
    known = ["%d %s" % (counts[name], said) for name, said in CLASSES.items() if counts.get(name)]
    rest = {"needed", "total", *CLASSES}
    known += ["%d %s" % (count, _spaced(name)) for name, count in counts.items() if count and name not in rest]
    total = "%s%s" % (devices_word(counts["total"]), ": " if known else "") if "total" in counts else ""
    calls = {name: int(number(count)) for name, count in mapping(plan.get("api_calls")).items()}
    kinds = ["%d %s" % (calls[name], name) for name in ("releases", "deployments", "holds") if calls.get(name)]
    writes = "%d writes%s" % (calls.get("writes", 0), " (%s)" % ", ".join(kinds) if kinds else "")
    need, inputs = plan.get("need_seconds"), mapping(report["run"].get("inputs"))
    asked = inputs.get("windows") or inputs.get("connect_windows")
    facts = [
        ("Digest", text(plan.get("digest"))),
        ("Mark", text(plan.get("mark"))),
        ("Devices", total + ", ".join(known)),
        ("An update needs", duration(need) if need is not None else ""),
        ("Windows", "; ".join(map(_window, sequence(plan.get("windows")) or sequence(asked)))),
        ("API calls foreseen", "%s, about %d reads" % (writes, calls.get("reads", 0)) if calls else ""),
    ]
    return [fact for fact in facts if fact[1]]


def _window(window: t.Any) -> str:
    """A window as it was given, its name first: records have their keys in alphabetical order."""
    if not isinstance(window, dict):
        return text(window)
    order = ("name", "start", "from", "end", "to", "duration", "days")
    keys = sorted(window, key=lambda key: order.index(key) if key in order else len(order))
    return ", ".join("%s %s" % (key, text(window[key]) or pretty(window[key])) for key in keys if window[key])


def counted(phase: Mapping[str, t.Any]) -> list[str]:
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
            said = "%s %s" % (_spaced(name), text(counts.get(name)) or NOTHING)
            found.append("%s (limit %s)" % (said, text(limits[name])) if name in limits else said)
    if "minimum" in limits:
        found.append("a verdict needs %s" % text(limits["minimum"]))
    return ", ".join(found)


def pretty(value: t.Any) -> str:
    """Data of any form, shortened; empty when there is none."""
    if value is None or isinstance(value, Undefined) or value in ({}, [], ""):
        return ""
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(said) > SHORT and not isinstance(value, str):
        said = json.dumps(value, indent=1, ensure_ascii=False)
    more = len(said) - SHOWN
    return said if more <= 0 else "%s\n... (%d more characters, in the records)" % (said[:SHOWN], more)


def _spaced(name: t.Any) -> str:
    return text(name).replace("_", " ")
