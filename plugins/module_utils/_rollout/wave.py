# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""One wave at work: who may start at this moment, what became of them, who is held again. Pure; C(now) is given."""

from __future__ import annotations

import math
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .._deploy.plan import (
    DONE,
    FAILURES,
    IN_FLIGHT,
    RETRY,
    classify,
    marked_updates,
    state_of,
)
from .._result import devices_word
from .._service.deadline import TooLate
from .._service.models import FINISHED, Device
from .._window.calendar import Status
from .._window.read import read_instant
from .._window.zones import iso
from .plan import (
    DUE,
    conflict_of,
    devices_of,
    is_self_managed,
    matching,
    skip_word,
)
from .request import RolloutRequest
from .thresholds import (
    PROCEED,
    STOP,
    Counts,
    Verdict,
    allowed_failures,
    judge,
)
from .waves import selected

UNLESS_KNOWN = timedelta(minutes=30)  # what an update needs, until this run has seen enough of them
ENOUGH = 5  # finished updates from which a percentile means something
LAST_MOMENT = timedelta(seconds=2)  # a wait ends in whole seconds
Rows = Iterable[Mapping[str, t.Any]]


def needed_time(request: RolloutRequest, seconds: Sequence[float]) -> timedelta:
    """What must still fit before the close: as given, else the 95th percentile of C(seconds) that updates took."""
    if request.max_update_time is not None:
        return request.max_update_time
    if len(seconds) < ENOUGH:
        return UNLESS_KNOWN
    return timedelta(seconds=math.ceil(sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]))


@dataclass(frozen=True)
class Gate:
    """Who may start now. C(status) is None when nobody asks: without windows, or without devices."""

    open: frozenset[str]
    closed: frozenset[str]
    status: Status | None  # of the open devices whose window closes first, else of those that open first
    need: timedelta

    @property
    def not_after(self) -> datetime | None:
        """The last instant at which something may start."""
        return self.status.closes_at - self.need if self.open and self.status and self.status.closes_at else None

    def as_result(self) -> dict[str, t.Any]:
        status = self.status.as_result() if self.status else {"reason": "not_asked", "notes": []}
        return {
            **status,
            "open": not self.closed or bool(self.open),
            "msg": self.status.sentence() if self.status else "No window had to be looked at.",
            "need_seconds": int(self.need.total_seconds()),
            "not_after": iso(self.not_after) if self.not_after else None,
            "closed_devices": sorted(self.closed),
        }


def gate(request: RolloutRequest, zones: Mapping[str, str | None], now: datetime, need: timedelta) -> Gate:
    """C(zones): device UUID to the zone that its windows of C(timezone: device) are read in."""
    if request.calendar is None or not zones:
        return Gate(frozenset(zones), frozenset(), None, need)
    of_zone = {
        zone: request.calendar.status(now, min_remaining=need, override=request.override, zone=zone)
        for zone in dict.fromkeys(zones.values())
    }
    inside = frozenset(uuid for uuid, zone in zones.items() if of_zone[zone].open)
    open_ones = [status for status in of_zone.values() if status.open]
    if open_ones:
        first = min(open_ones, key=lambda status: (status.closes_at is None, status.closes_at or now))
    else:
        first = min(of_zone.values(), key=lambda status: (status.next_opening is None, status.next_opening or now))
    return Gate(inside, frozenset(zones) - inside, first, need)


def start_wave(
    request: RolloutRequest,
    wave: Mapping[str, t.Any],
    rows: Rows,
    entries: Mapping[str, str | None],
    now: datetime,
    seconds: Sequence[float],
) -> dict[str, t.Any]:
    """What the wave does now. C(wave) is a row of the plan, C(rows) the fleet as just read, C(entries) the devices that
    can be held and released with their zones.
    """
    inside = set(wave["device_uuids"])
    target = matching(request, rows)
    members = [device for device in target if device.uuid in inside]
    planned = {device.uuid: classify(device, request.deployment) for device in members}
    due = [device for device in members if planned[device.uuid] in DUE]
    conflicts = {device.uuid: conflict_of(request, device, device.uuid in entries) for device in due}
    ready = [device for device in due if conflicts[device.uuid] is None]
    passed = gate(
        request, {device.uuid: entries.get(device.uuid) for device in ready}, now, needed_time(request, seconds)
    )
    acting = [device for device in ready if device.uuid in passed.open]
    sent = [device for device in acting if planned[device.uuid] != IN_FLIGHT]
    uuids = [device.uuid for device in acting]
    # A filter reaches every device that it fits, so it is said only if these are exactly those that act.
    whole = wave["selector"] is not None and selected(wave["selector"], target) == set(uuids)
    return {
        "name": wave["name"],
        "members": wave["device_uuids"],
        "due": [device.uuid for device in due],
        "acting": uuids,
        "release": [
            device.uuid for device in acting if device.held is not False and not is_self_managed(request, device)
        ],
        "selector": {**(wave["selector"] if whole else {}), "device_uuids": uuids},
        "sent": len(sent),
        "not_released": [],
        "online": [device.uuid for device in acting if device.online is not False],
        "skipped": [
            {"device_uuid": uuid, "reason": found.kind, "word": skip_word(request, found.kind), "msg": found.msg}
            for uuid, found in conflicts.items()
            if found
        ],
        "gate": passed.as_result(),
        "allowed_failures": _allowed_failures(request, list(planned.values()), len(acting)),
        "soak_seconds": _soak(request, wave),
    }


def _allowed_failures(request: RolloutRequest, classes: Sequence[str], acting: int) -> int:
    """How many of those that act may fail; those that are done with count for the wave too."""
    broken = sum(classes.count(name) for name in FAILURES)
    return max(0, allowed_failures(request.thresholds.wave, acting + classes.count(DONE) + broken) - broken)


def _soak(request: RolloutRequest, wave: Mapping[str, t.Any]) -> int:
    own = wave["soak_seconds"]
    return int(request.soak.total_seconds()) if own is None else int(own)


def after_release(started: Mapping[str, t.Any], released: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """C(started) without the devices that could not be released: what waits on them would start at another time."""
    stuck = {row["device_uuid"]: row for row in released["devices"] if row["outcome"] in ("failed", "unknown")}
    if not stuck:
        return dict(started)
    acting = [uuid for uuid in started["acting"] if uuid not in stuck]
    return {
        **started,
        "acting": acting,
        "selector": {"device_uuids": acting},
        "not_released": list(stuck.values()),
    }


def fate(device: Device | None, mark: str, row: Mapping[str, t.Any] | None) -> str:
    """What became of the update on one device, by what the fleet shows; what nobody saw is C(unknown)."""
    state = state_of(marked_updates(device, mark)) if device is not None else None
    outcome, code = (row["outcome"], row["code"]) if row is not None else (None, None)
    not_sent = outcome in ("failed", "unknown") and code != "update_failed"
    if row is not None and not_sent and state in FAILURES and row.get("plan", RETRY) == RETRY:
        state = None  # that is the failure that was to be retried
    if state in FINISHED:
        return str(state)
    if outcome == "failed" and (state is None or code == TooLate.code):
        return "left" if code == TooLate.code else "failed"
    if state is None or outcome == "unknown":
        return "unknown"
    return "timed_out"


def judge_wave(
    request: RolloutRequest,
    started: Mapping[str, t.Any],
    deployed: Mapping[str, t.Any] | None,
    rows: Rows,
    earlier: Mapping[str, t.Any],
    now: datetime,
) -> dict[str, t.Any]:
    """The verdict on a wave, and the counts so far.

    C(deployed) is the result of connect_deploy, None when there was nothing to send; C(rows) is the fleet afterwards,
    empty when it could not be read; C(earlier) are the counts of the waves before.
    """
    mark = request.deployment.mark
    fleet = devices_of(rows)
    rows_of_it = [*started["not_released"], *((deployed or {}).get("devices") or ())]
    sent = {row["device_uuid"]: row for row in rows_of_it}
    fates = {uuid: fate(fleet.get(uuid), mark, sent.get(uuid)) for uuid in dict.fromkeys([*sent, *started["acting"]])}
    # Members that earlier runs are done with say something about the update too.
    alone = set(started["members"]) - set(started["due"]) - set(fates)
    had_it = {uuid: fate(fleet[uuid], mark, None) for uuid in alone if uuid in fleet}
    had_it = {uuid: found for uuid, found in had_it.items() if found != "unknown"}
    over = started["gate"].get("closes_at")
    if over and now >= read_instant(over, "closes_at") - LAST_MOMENT:
        # They had no fair chance: the next night begins with them.
        fates = {uuid: "left" if found == "timed_out" else found for uuid, found in fates.items()}
    counts = _counted(started, {**had_it, **fates}, fleet)
    total = Counts.read(earlier).plus(counts)
    verdict, scope = judge(counts, request.thresholds.wave, started["name"]), "wave"
    if verdict.verdict == PROCEED:
        verdict, scope = judge(total, request.thresholds.total, "All waves so far"), "total"
    left = [uuid for uuid, found in fates.items() if found == "left"]
    if verdict.verdict == PROCEED and left:
        verdict = Verdict(
            STOP,
            TooLate.code,
            "The window closed before %s of %s had finished. They are held, and the next run goes on with them."
            % (devices_word(len(left)), started["name"]),
        )
    return {
        **vars(verdict),
        "scope": scope,
        "counts": counts.as_result(),
        "total": total.as_result(),
        "limits": request.thresholds.as_result(),
        "fates": fates,  # of those that this run touched
        "untouched": {
            **{one["device_uuid"]: one["word"] for one in started["skipped"]},
            **dict.fromkeys(started["gate"]["closed_devices"], "left"),
        },
        "seconds": [row["seconds"] for row in sent.values() if row.get("seconds") and row["status"] == "success"],
    }


def _counted(started: Mapping[str, t.Any], fates: Mapping[str, str], fleet: Mapping[str, Device]) -> Counts:
    found = list(fates.values())
    online = set(started["online"])
    gone = [uuid for uuid in fates if uuid in online and uuid in fleet and fleet[uuid].online is False]
    # What is left for another night is no part of the sample that this night was to give.
    due = len(found) - found.count("left") + len(started["skipped"])
    tally = {name: found.count(name) for name in ("success", "failed", "aborted", "timed_out", "unknown")}
    return Counts(due=due, offline=len(gone), **tally)


def start_rollback(
    request: RolloutRequest,
    plan: Mapping[str, t.Any],
    touched: Mapping[str, str],
    entries: Mapping[str, str | None],
    now: datetime,
) -> dict[str, t.Any]:
    """Who is rolled back now: exactly what was touched, and only while their window is open unless told otherwise."""
    ours = {row["device_uuid"] for row in plan["devices"] if row["ours"]}
    anywhen = replace(request, calendar=None) if request.options["rollback_outside_window"] else request
    zones = {uuid: entries.get(uuid) for uuid in touched}
    passed = gate(anywhen, zones, now, needed_time(request, ()))
    acting = [uuid for uuid in touched if uuid in passed.open]
    return {
        "acting": acting,
        "release": [uuid for uuid in acting if uuid in ours],
        "gate": passed.as_result(),
    }


def observed(request: RolloutRequest, rows: Rows, uuids: Iterable[str] | None = None) -> list[dict[str, t.Any]]:
    """What the evidence keeps of a look at the fleet."""
    app, inside = request.deployment.app, None if uuids is None else set(uuids)
    return [
        {
            "device_uuid": device.uuid,
            "name": device.name,
            "held": device.held,
            "online": device.online,
            "version": device.apps.get(app[0]) if app else None,
            "status": state_of(marked_updates(device, request.deployment.mark)),
        }
        for device in matching(request, rows)
        if inside is None or device.uuid in inside
    ]
