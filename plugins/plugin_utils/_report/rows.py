# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One row for each device of the plan. The last record of a run has them; those of a run that was killed are derived
from its other records, with the same decision. Pure.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...module_utils._evidence.record import Record
from ...module_utils._rollout.outcome import CUT_OFF, OUTCOMES, SHUT_OUT, DeviceFacts, fate_of, outcome_of, summary
from .values import flag, instant, mapping, mappings, number, sequence, text

TROUBLED = frozenset({"failed", "failed_before", "aborted", "timed_out", "unknown", "refused", "gone"})
LAST_MOMENT = timedelta(seconds=2)  # before the close: a wait ends in whole seconds
SEEN = ("version", "held", "online")
Row = dict[str, t.Any]


@dataclass
class Tracked:
    """The facts about one device, as far as the records go."""

    entry: Row  # its row of the plan
    before: Row
    after: Row = field(default_factory=lambda: dict.fromkeys(SEEN))
    row: Row = field(default_factory=dict)  # of its deployment, or else of its release
    status: str | None = None  # of its update, as last seen
    rollback: str | None = None
    acting: bool = False  # its wave began with it, and no result of it is known
    shut_out: bool = False  # its own window was closed then
    cut_off: bool = False  # the window closed while its wave was at work
    left_open: bool = False  # released in this run, and not known to be held again
    ended: Row = field(default_factory=dict)  # its row of the last record

    @property
    def uuid(self) -> str:
        return text(self.entry.get("device_uuid"))

    @property
    def name(self) -> str:
        return text(self.entry.get("name"))

    def facts(self) -> DeviceFacts:
        planned = text(self.row.get("plan")) or text(self.entry.get("class"))
        has_it = planned in ("current", "done")  # also if its wave saw so
        row = {key: text(self.row.get(key)) or None for key in ("outcome", "code", "msg", "plan")}
        fate, said = None, row["msg"] or ""
        if self.shut_out:
            fate, said = "left", SHUT_OUT
        elif not has_it and (self.row or self.acting or self.status):
            fate = fate_of(self.status, row["outcome"], row["code"], row["plan"])
            if fate == "timed_out" and self.cut_off:
                fate, said = "left", CUT_OFF
        return DeviceFacts(
            planned=planned,
            due=self.entry.get("due") is True and not has_it,
            skip=text(self.entry.get("skip")) or None,
            skip_word="left" if self.entry.get("skip_word") == "left" else "skipped",
            conflict=text(self.entry.get("conflict")),
            fate=fate,
            code=row["code"],
            said=said,
            left_open=self.left_open,
            rollback=self.rollback,
        )

    def as_row(self) -> Row:
        seconds = self.row.get("seconds")
        derived = {
            "device_uuid": self.uuid,
            "name": self.name,
            "group": text(self.entry.get("group")),
            "wave": text(self.entry.get("wave")) or None,
            "class": text(self.entry.get("class")) or None,
            "before": self.before,
            "after": self.after,
            "attempts": int(number(self.row.get("attempts"))),
            "seconds": None if seconds is None else number(seconds),
            "rollback": self.rollback,
            "left_open": self.left_open,
            **vars(outcome_of(self.facts())),
        }
        return {**derived, **self.ended}


class Fleet:
    """Follows the records in their order. Devices are known by their UUID, or by their name if they have none."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.planned: dict[str, Tracked] = {}
        self.others: dict[str, Tracked] = {}  # touched, and not in the plan
        self._closes: dict[str, datetime | None] = {}  # when the window closes, by wave
        self._names: dict[str, str] = {}
        self._rolling = False
        for record in records:
            follow = getattr(self, "_on_" + record["event"], None)
            if follow is not None:
                follow(record["data"], instant(record["at"]))

    def rows(self) -> list[Row]:
        return [one.as_row() for one in self.planned.values()]

    def other_rows(self) -> list[Row]:
        return [one.as_row() for one in self.others.values()]

    def _of(self, row: Row) -> Tracked:
        uuid, name = text(row.get("device_uuid")), text(row.get("name"))
        key = uuid or self._names.get(name) or name
        if key in self.planned:
            return self.planned[key]
        return self.others.setdefault(key, Tracked({**row, "class": None}, dict.fromkeys(SEEN)))

    def _in_wave(self, name: str) -> list[Tracked]:
        return [one for one in self.planned.values() if one.entry.get("wave") == name]

    def _on_planned(self, data: Row, _at: datetime | None) -> None:
        plan = mapping(data.get("plan"))
        for place, entry in enumerate(mappings(plan.get("devices"))):
            name = text(entry.get("name"))
            key = text(entry.get("device_uuid")) or name or "#%d" % place
            if key not in self.planned:
                self.planned[key] = Tracked(entry, {name: entry.get(name) for name in SEEN})
                self._names.setdefault(name, key)
        for conflict in mappings(plan.get("conflicts")):
            key = text(conflict.get("device_uuid")) or self._names.get(text(conflict.get("name")), "")
            if key in self.planned:
                self.planned[key].entry.setdefault("conflict", conflict.get("msg"))

    def _on_gate(self, data: Row, _at: datetime | None) -> None:
        wave = text(data.get("wave"))
        if not wave or data.get("phase") != "release":
            return
        self._closes[wave] = instant(data.get("closes_at"))
        closed = {text(uuid) for uuid in sequence(data.get("closed_devices"))}
        for one in self._in_wave(wave):
            one.shut_out = one.uuid in closed
            one.acting = data.get("open") is True and not one.shut_out and one.entry.get("due") is True
            one.left_open = one.left_open or (one.acting and one.before["held"] is not False)

    def _on_released(self, data: Row, _at: datetime | None) -> None:
        for one in self._in_wave(text(data.get("wave"))):
            one.left_open = False
        for row in mappings(data.get("rows")):
            one = self._of(row)
            one.row, one.after["held"] = one.row or row, flag(row.get("after"))
            one.left_open = row.get("outcome") in ("changed", "unknown")

    def _on_held(self, data: Row, _at: datetime | None) -> None:
        for row in mappings(data.get("rows")):
            one = self._of(row)
            one.after["held"] = flag(row.get("after"))
            one.left_open = one.left_open and one.after["held"] is not True

    def _on_deployed(self, data: Row, _at: datetime | None) -> None:
        for row in mappings(data.get("rows")):
            one = self._of(row)
            if self._rolling:
                one.rollback = text(row.get("status")) or text(row.get("outcome"))
            else:
                one.row, one.status = row, text(row.get("status")) or one.status

    def _on_observed(self, data: Row, _at: datetime | None) -> None:
        for row in mappings(data.get("devices")):
            one = self._of(row)
            one.after.update({key: row[key] for key in SEEN if row.get(key) is not None})
            if (one.row or one.acting) and not self._rolling:
                one.status = text(row.get("status")) or one.status

    def _on_judged(self, data: Row, at: datetime | None) -> None:
        closes = self._closes.get(text(data.get("wave")))
        for one in self._in_wave(text(data.get("wave"))):
            one.cut_off = one.cut_off or bool(closes and at and at >= closes - LAST_MOMENT)

    def _on_wave_ended(self, data: Row, _at: datetime | None) -> None:
        for one in self._in_wave(text(data.get("wave"))):
            one.acting = one.acting and bool(one.row or one.status)  # else nothing was sent to it
            one.left_open = one.left_open and bool(one.row)

    def _on_rollback_started(self, data: Row, _at: datetime | None) -> None:
        self._rolling = True
        for uuid in sequence(data.get("device_uuids")):
            if text(uuid) in self.planned:
                self.planned[text(uuid)].rollback = "started"

    def _on_run_ended(self, data: Row, _at: datetime | None) -> None:
        named = {text(name) for name in sequence(data.get("left_open"))} - {""}
        for one in (*self.planned.values(), *self.others.values()):
            one.left_open = bool(named & {one.name, one.uuid})
        for row in mappings(data.get("devices")):
            if row.get("outcome") in OUTCOMES and text(row.get("reason")):
                self._of(row).ended = _shown(row)


def _shown(row: Row) -> Row:
    """What the last record says of a device, in the types that the page needs."""
    found: Row = {key: text(row[key]) or None for key in ("class", "rollback", "next_step") if key in row}
    found |= {key: {name: mapping(row[key]).get(name) for name in SEEN} for key in ("before", "after") if key in row}
    found |= {key: number(row[key]) for key in ("attempts", "seconds") if row.get(key) is not None}
    said = {"outcome": row["outcome"], "reason": text(row["reason"]), "left_open": row.get("left_open") is True}
    return {"next_step": None, **found, **said}


def totals(rows: Iterable[Mapping[str, t.Any]]) -> dict[str, int]:
    """How many rows there are, and how many of each outcome that occurs."""
    counts = summary(row["outcome"] for row in rows)
    return {name: count for name, count in counts.items() if count or name == "total"}


def needs_attention(row: Mapping[str, t.Any]) -> bool:
    return row["outcome"] in TROUBLED or row["next_step"] is not None
