# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is internal to the collection and may change without notice.

"""What became of each device: one row for each device of the plan, from the records of its run. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ...module_utils._evidence.record import Record
from .values import (
    flag,
    instant,
    mapping,
    mappings,
    number,
    sequence,
    text,
)

# In the order in which reports show them: good, going on, bad.
OUTCOMES = (
    "updated",
    "already_done",
    "current",
    "rolled_back",
    "left",
    "skipped",
    "not_in_a_wave",
    "timed_out",
    "unknown",
    "aborted",
    "failed",
)
TROUBLED = frozenset({"failed", "aborted", "timed_out", "unknown"})
NOT_SENT = frozenset({"window_closed", "not_sent"})  # codes of rows that are left for another run, not failed
LAST_MOMENT = timedelta(seconds=2)  # before the close: a wait ends in whole seconds
SENT_TO = frozenset({"needed", "retry", "in_flight", ""})  # classes of the plan that a wave sends to, or waits for

_RERUN = "Run the rollout again: it first reads what the device shows, and sends nothing twice."
_REPAIR = "Look at its update log in JFrog Connect, mend the cause, then run again with connect_retry_failed: true."
NEXT_STEPS = {"failed": _REPAIR, "aborted": _REPAIR, "timed_out": _RERUN, "unknown": _RERUN}
HOLD_IT = "Hold it: run the rollout again, or reconcile, or the playbook edgeops.jfrog_connect.hold."

# Why a plan leaves a device alone: its class, or what it says in skip.
LEFT_ALONE = {
    "failed": "Its update failed in an earlier run, and failed ones are not sent again without connect_retry_failed.",
    "aborted": "Its update was aborted earlier, and those are not sent again without connect_retry_failed.",
    "offline": "It was offline when the plan was made.",
    "untracked": "It has no token here, so it could be neither released nor held.",
    "held_elsewhere": "It is held by its own application.",
    "foreign_pending": "Another update waits on it, which its release would let loose.",
    "not_in_a_wave": "No wave takes it.",
}


@dataclass
class Tracked:
    """The facts about one device, as far as the records go."""

    device_uuid: str
    name: str
    group: str = ""
    wave: str | None = None
    plan_class: str = ""
    before: dict[str, t.Any] = field(default_factory=lambda: {"version": None, "held": None, "online": None})
    after: dict[str, t.Any] = field(default_factory=lambda: {"version": None, "held": None, "online": None})
    sent: dict[str, t.Any] | None = None  # its row of the last deployment
    status: str | None = None  # of its update, as last seen
    rollback: str | None = None  # status of the rollback flow on it
    release: dict[str, t.Any] | None = None
    hold: dict[str, t.Any] | None = None
    skip: str = ""  # why the plan leaves it alone
    skip_word: str = "skipped"
    conflict: str = ""
    shut_out: bool = False  # its own window was closed when its wave began
    cut_off: bool = False  # the window closed while its wave was at work
    left_open: bool = False

    @property
    def was_sent(self) -> bool:
        return self.sent is not None and self.sent.get("outcome") == "changed"


class Fleet:
    """Follows the records in their order. Devices are known by their UUID, or by their name if they have none."""

    def __init__(self, records: Sequence[Record]) -> None:
        self.planned: dict[str, Tracked] = {}
        self.others: dict[str, Tracked] = {}  # touched, and not in the plan
        self.releasing: set[str] = set()  # waves whose gate was open, and whose release has no result yet
        self.sending: set[str] = set()  # the same for their deployment
        self._closes: dict[str, datetime | None] = {}  # when the window closes, by wave
        self._names: dict[str, str] = {}
        self._rolling = False
        self.dry = False
        self.ended = False
        for record in records:
            follow = getattr(self, "_on_" + record["event"], None)
            if follow is not None:
                follow(record["data"], instant(record["at"]))

    def rows(self) -> list[dict[str, t.Any]]:
        return [self._row(one) for one in self.planned.values()]

    def other_rows(self) -> list[dict[str, t.Any]]:
        return [self._row(one) for one in self.others.values()]

    def _of(self, row: dict[str, t.Any]) -> Tracked:
        uuid, name = text(row.get("device_uuid")), text(row.get("name"))
        key = uuid or self._names.get(name) or name
        if key in self.planned:
            return self.planned[key]
        return self.others.setdefault(key, Tracked(uuid, name, text(row.get("group"))))

    def _on_run_started(self, data: dict[str, t.Any], _at: datetime | None) -> None:
        self.dry = data.get("check_mode") is True

    def _on_planned(self, data: dict[str, t.Any], _at: datetime | None) -> None:
        plan = mapping(data.get("plan"))
        for place, entry in enumerate(mappings(plan.get("devices"))):
            uuid, name = text(entry.get("device_uuid")), text(entry.get("name"))
            key = uuid or name or "#%d" % place
            if key in self.planned:
                continue
            before = {"version": entry.get("version"), "held": flag(entry.get("held")), "online": entry.get("online")}
            wave, plan_class = text(entry.get("wave")) or None, text(entry.get("class"))
            self.planned[key] = Tracked(uuid, name, text(entry.get("group")), wave, plan_class, before)
            self.planned[key].skip = text(entry.get("skip"))
            self.planned[key].skip_word = "left" if entry.get("skip_word") == "left" else "skipped"
            if name:
                self._names.setdefault(name, key)
        for conflict in mappings(plan.get("conflicts")):
            key = text(conflict.get("device_uuid")) or self._names.get(text(conflict.get("name")), "")
            if key in self.planned:
                self.planned[key].conflict = text(conflict.get("msg"))

    def _on_gate(self, data: dict[str, t.Any], _at: datetime | None) -> None:
        wave, phase = text(data.get("wave")), data.get("phase")
        if not wave or phase not in ("release", "deploy"):
            return
        self._closes[wave] = instant(data.get("closes_at"))
        if data.get("open") is not True:
            self.sending.discard(wave)
            return
        self.sending.add(wave)
        if phase == "release":
            self.releasing.add(wave)
        for uuid in sequence(data.get("closed_devices")):
            if text(uuid) in self.planned:
                self.planned[text(uuid)].shut_out = True

    def _on_released(self, data: dict[str, t.Any], _at: datetime | None) -> None:
        self.releasing.discard(text(data.get("wave")))
        for row in mappings(data.get("rows")):
            one = self._of(row)
            one.release, one.hold = row, None
            one.after["held"] = flag(row.get("after"))

    def _on_held(self, data: dict[str, t.Any], _at: datetime | None) -> None:
        for row in mappings(data.get("rows")):
            one = self._of(row)
            one.hold = row
            one.after["held"] = flag(row.get("after"))

    def _on_deployed(self, data: dict[str, t.Any], _at: datetime | None) -> None:
        wave = text(data.get("wave"))
        self.releasing.discard(wave)
        self.sending.discard(wave)
        for row in mappings(data.get("rows")):
            one = self._of(row)
            if self._rolling:
                one.rollback = text(row.get("status")) or text(row.get("outcome"))
                continue
            one.sent, one.status = row, text(row.get("status")) or one.status
            if flag(row.get("held")) is not None:
                one.after["held"] = row["held"]

    def _on_observed(self, data: dict[str, t.Any], _at: datetime | None) -> None:
        for row in mappings(data.get("devices")):
            one = self._of(row)
            one.after.update({key: row[key] for key in one.after if row.get(key) is not None})
            if (one.sent is not None or one.wave in self.sending) and not self._rolling:
                one.status = text(row.get("status")) or one.status

    def _on_judged(self, data: dict[str, t.Any], at: datetime | None) -> None:
        """Nothing was sent if there is no result by now. What the close cut off had no fair chance."""
        wave = text(data.get("wave"))
        self.releasing.discard(wave)
        self.sending.discard(wave)
        closes = self._closes.get(wave)
        if closes and at and at >= closes - LAST_MOMENT:
            for one in self.planned.values():
                one.cut_off = one.cut_off or one.wave == wave

    def _on_rollback_started(self, data: dict[str, t.Any], _at: datetime | None) -> None:
        self._rolling = True
        for uuid in sequence(data.get("device_uuids")):
            one = self.planned.get(text(uuid))
            if one is not None:
                one.rollback = "started"

    def _on_run_ended(self, data: dict[str, t.Any], _at: datetime | None) -> None:
        self.ended = True
        named = {text(name) for name in sequence(data.get("left_open"))}
        for one in [*self.planned.values(), *self.others.values()]:
            one.left_open = bool(named & {one.name, one.device_uuid} - {""})

    def _may_be_open(self, one: Tracked) -> bool:
        """Whether this run has let it loose and is not known to have held it again; an ended run says so itself."""
        if self.ended or self.dry:
            return one.left_open
        if one.wave in self.releasing and one.hold is None and one.before["held"] is not False:
            return not (one.skip or one.shut_out) and one.plan_class in SENT_TO
        released = mapping(one.release)
        return released.get("outcome") in ("changed", "unknown") and mapping(one.hold).get("after") is not True

    def _row(self, one: Tracked) -> dict[str, t.Any]:
        outcome, reason = self._verdict(one)
        left_open = self._may_be_open(one)
        steps = [NEXT_STEPS.get(outcome, ""), HOLD_IT if left_open else ""]
        if left_open:
            reason += " It may still be released."
        if one.rollback not in (None, "success"):
            reason += " The rollback on it has not succeeded (%s)." % one.rollback
            steps.append("Send it the rollback flow by hand.")
        elif one.rollback and outcome != "rolled_back":
            reason += " The rollback flow succeeded on it."
        seconds = mapping(one.sent).get("seconds")
        return {
            "device_uuid": one.device_uuid,
            "name": one.name,
            "group": one.group,
            "wave": one.wave,
            "before": one.before,
            "after": one.after,
            "class": one.plan_class or None,
            "attempts": int(number(mapping(one.sent).get("attempts"))),
            "outcome": outcome,
            "reason": reason,
            "seconds": number(seconds) if seconds is not None else None,
            "rollback": one.rollback,
            "left_open": left_open,
            "next_step": " ".join(filter(None, steps)) or None,
        }

    def _verdict(self, one: Tracked) -> tuple[str, str]:
        if one.sent is not None:
            return _of_sent(one, one.sent)
        if one.wave is None:
            if one.plan_class in ("current", "done"):
                return _of_class(one)
            return "not_in_a_wave", LEFT_ALONE["not_in_a_wave"]
        if one.wave in self.sending and not (one.skip or one.shut_out) and one.plan_class in SENT_TO:
            if one.status:
                return _of_sent(one, {})
            return "unknown", "The records end while the wave %s was being deployed to." % one.wave
        released = mapping(one.release)
        if released.get("outcome") in ("failed", "unknown") and released.get("code") not in NOT_SENT:
            return "failed", "It could not be released: %s" % (text(released.get("msg")) or "no reason is known.")
        return _of_class(one, self.dry)


def _of_class(one: Tracked, dry: bool = False) -> tuple[str, str]:
    """For a device that nothing was sent to. What its wave saw of it is newer than the plan."""
    plan_class = text(mapping(one.sent).get("plan")) or one.plan_class
    if plan_class == "current":
        return "current", "It has the wanted version already."
    if plan_class == "done":
        return "already_done", "An earlier run updated it."
    cause = one.skip or (plan_class if plan_class not in SENT_TO else "")
    if cause:
        word = one.skip_word if one.skip else "skipped"
        return word, one.conflict or LEFT_ALONE.get(cause, "The plan has it as %s." % cause)
    if one.shut_out:
        return "left", "Its window was closed when its wave began."
    if dry:
        return "left", "Check mode: nothing was sent."
    refused = [row for row in (one.sent, one.release) if row and row.get("code") in NOT_SENT]
    return "left", text(refused[0].get("msg")) if refused else "Its turn did not come in this run."


def _of_sent(one: Tracked, row: dict[str, t.Any]) -> tuple[str, str]:
    """For a device that a deployment was meant for."""
    said, status = text(row.get("msg")), one.status
    if status == "success":
        if one.rollback == "success":
            return "rolled_back", "Its update succeeded, and the rollback flow after it."
        if one.was_sent or (row.get("plan") or one.plan_class) in SENT_TO:
            return "updated", "Its update succeeded."
        return "already_done", "An earlier run updated it."
    if status in ("failed", "failure"):
        return "failed", said or "Its update failed."
    if status == "aborted":
        return "aborted", said or "Its update was aborted."
    if row.get("outcome") == "unknown":
        return "unknown", said or "It is not known whether it received the update."
    if row.get("outcome") == "failed":
        return ("left" if row.get("code") in NOT_SENT else "failed"), said or "Nothing could be sent to it."
    if (one.was_sent or status) and one.cut_off:
        return "left", "The window closed before its update had finished; the next run goes on with it."
    if one.was_sent or status:
        seen = "was still %s" % status.replace("_", " ") if status else "had not shown up"
        return "timed_out", said or "Its update %s when it was last looked at." % seen
    return _of_class(one)


def totals(rows: Iterable[Mapping[str, t.Any]]) -> dict[str, int]:
    """How many rows there are, and how many of each outcome that occurs."""
    found = [row["outcome"] for row in rows]
    counts = {outcome: found.count(outcome) for outcome in OUTCOMES}
    return {"total": len(found), **{outcome: count for outcome, count in counts.items() if count}}


def needs_attention(row: Mapping[str, t.Any]) -> bool:
    return row["outcome"] in TROUBLED or row["next_step"] is not None
