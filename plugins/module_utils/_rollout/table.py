# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The plan for the person who reads it before a run: counts that add up, then devices. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from unicodedata import combining, east_asian_width

from .._result import devices_word
from .plan import Member, Plan
from .wave import Gate

SHOWN = 60  # devices and conflicts in check mode; a run that goes on shows the counts alone
WIDEST = 32  # columns of a terminal that a name may fill


def lines(plan: Plan, passed: Gate, every_device: bool) -> list[str]:
    """The text of the plan. C(passed): the gate of all devices that are due, at this moment."""
    found = [
        plan.msg,
        "Digest %s, mark %s." % (plan.digest, plan.mark),
        "API calls: %(writes)d writes, and about %(reads)d reads, more the longer the waves take." % plan.api_calls,
        *_window(passed),
    ]
    if plan.secret_parameters:
        found.append("Secret parameters, whose values are not shown: %s." % ", ".join(plan.secret_parameters))
    if plan.leftovers:
        found.append(
            "%s left released by an earlier run of this rollout will be held." % devices_word(len(plan.leftovers))
        )
    found += ["", *_aligned(["WAVE", "DEVICES", "DUE", "NOT DUE"], list(_waves(plan)))]
    if every_device:
        found += ["", *_devices(plan.members)]
    for conflict in plan.conflicts[:SHOWN]:
        found.append(
            "CONFLICT %(kind)s: %(label)s. %(msg)s" % {**conflict, "label": conflict["name"] or conflict["device_uuid"]}
        )
    if len(plan.conflicts) > SHOWN:
        found.append("and %d more conflicts." % (len(plan.conflicts) - SHOWN))
    return found


def _window(passed: Gate) -> Iterator[str]:
    yield "%s An update is expected to need %d s%s." % (
        passed.sentence,
        passed.need.total_seconds(),
        ", so nothing starts after %s" % passed.as_result()["not_after"] if passed.not_after else "",
    )
    if passed.open and passed.closed:
        yield "The window is closed for %s of these; they are left for another run." % devices_word(len(passed.closed))
    if passed.status:
        yield from passed.status.notes


def _waves(plan: Plan) -> Iterator[list[str]]:
    """A row for each wave, one for devices in none, and a total; what is not due is counted by class or reason."""
    names: list[str | None] = [wave.name for wave in plan.waves]
    if any(member.wave is None for member in plan.members):
        names.append(None)
    for name in names:
        yield _counted(name or "(no wave)", [member for member in plan.members if member.wave == name])
    if len(names) > 1:
        yield _counted("total", plan.members)


def _counted(name: str, members: Sequence[Member]) -> list[str]:
    reasons = Counter(member.skip or member.plan_class for member in members if not member.due)
    due = sum(member.due for member in members)
    return [name, str(len(members)), str(due), ", ".join("%d %s" % (n, why) for why, n in sorted(reasons.items()))]


def _devices(members: Sequence[Member]) -> Iterator[str]:
    header = ["DEVICE", "GROUP", "WAVE", "CLASS", "TRIGGER", "STATE", "VERSION"]
    rows = [
        [
            member.label,
            member.group,
            member.wave or "-",
            member.skip or member.plan_class,
            _word(member.held, "held", "released"),
            _word(member.online, "online", "offline"),
            member.version or "-",
        ]
        for member in members[:SHOWN]
    ]
    yield from _aligned(header, rows)
    if len(members) > SHOWN:
        yield "and %d more devices." % (len(members) - SHOWN)


def _word(value: bool | None, yes: str, no: str) -> str:
    return "unknown" if value is None else yes if value else no


def _aligned(header: list[str], rows: list[list[str]]) -> list[str]:
    """Columns as wide as what is in them on a terminal, two spaces apart. All but the last are cut."""
    shown = [header, *([*map(_cut, row[:-1]), row[-1]] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]


def _cut(cell: str) -> str:
    if _width(cell) <= WIDEST:
        return cell
    kept = ""
    for char in cell:
        if _width(kept + char) >= WIDEST:
            break
        kept += char
    return kept + "\N{HORIZONTAL ELLIPSIS}"


def _width(text: str) -> int:
    """Terminal columns: a wide character fills two, a combining one none."""
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)
