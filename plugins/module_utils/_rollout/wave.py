# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""One wave at work: who may start at this moment, what became of them, who is held again. Pure; C(now) is given."""

from __future__ import annotations

import math
import typing as t
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .._deploy.plan import FAILURES, marked_updates, state_of
from .._errors import Rejected
from .._reading.names import several
from .._result import devices_word
from .._service.deadline import TooLate
from .._service.models import FINISHED, Device
from .._window.answer import Status
from .._window.zones import iso
from .outcome import UPDATE_FAILED
from .plan import DUE, Member, Plan, PlannedWave, counts_of_classes, is_exact, matching, member_of
from .request import RolloutRequest
from .thresholds import PAUSE, PROCEED, STOP, Counts, Verdict, allowed_failures, judge, stop_sentence

UNLESS_KNOWN = timedelta(minutes=30)  # what an update needs, until this run has seen enough of them
ENOUGH = 5  # finished updates from which a percentile means something
LAST_MOMENT = timedelta(seconds=2)  # a wait ends in whole seconds
# See outcome.fate_of.
GONE, LEFT, REFUSED, SUCCESS, TIMED_OUT, UNKNOWN = "gone", "left", "refused", "success", "timed_out", "unknown"
REFUSED_CODE = "sending_refused"
Row = Mapping[str, t.Any]  # of connect_update_trigger or connect_deploy


def needed_time(request: RolloutRequest, seconds: Sequence[float]) -> timedelta:
    """What must still fit before the close: as given, else the 95th percentile of C(seconds) that updates took."""
    if request.max_update_time is not None:
        return request.max_update_time
    if len(seconds) < ENOUGH:
        return UNLESS_KNOWN
    return timedelta(seconds=math.ceil(sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1]))


@dataclass(frozen=True)
class Gate:
    """Who may start now. C(status) is None when no window is asked: without windows, or without devices."""

    open: frozenset[str]
    closed: frozenset[str]
    status: Status | None  # of the open devices whose window closes first, else of those that open first
    need: timedelta

    @property
    def not_after(self) -> datetime | None:
        """The last instant at which something may start."""
        return self.status.closes_at - self.need if self.open and self.status and self.status.closes_at else None

    @property
    def sentence(self) -> str:
        return self.status.sentence() if self.status else "No window applies."

    def as_result(self) -> dict[str, t.Any]:
        status = self.status.as_result() if self.status else {"reason": "not_asked", "notes": []}
        return {
            **status,
            "open": not self.closed or bool(self.open),
            "msg": self.sentence,
            "need_seconds": int(self.need.total_seconds()),
            "not_after": iso(self.not_after) if self.not_after else None,
            "closed_devices": sorted(self.closed),
        }


def gate(request: RolloutRequest, zones: Mapping[str, str | None], now: datetime, need: timedelta) -> Gate:
    """C(zones): device UUID to the zone that its windows of C(timezone: device) are read in."""
    if request.calendar is None or not zones:
        return Gate(frozenset(zones), frozenset(), None, need)
    of_zone = statuses(request, zones.values(), now, need)
    inside = frozenset(uuid for uuid, zone in zones.items() if of_zone[zone].open)
    open_ones = [status for status in of_zone.values() if status.open]
    if open_ones:
        first = min(open_ones, key=lambda status: (status.closes_at is None, status.closes_at or now))
    else:
        first = min(of_zone.values(), key=lambda status: (status.next_opening is None, status.next_opening or now))
    return Gate(inside, frozenset(zones) - inside, first, need)


def statuses(
    request: RolloutRequest, zones: Iterable[str | None], now: datetime, need: timedelta
) -> dict[str | None, Status]:
    """What the windows say in each of C(zones); nothing without windows."""
    if request.calendar is None:
        return {}
    return {
        zone: request.calendar.status(now, min_remaining=need, override=request.override, zone=zone)
        for zone in dict.fromkeys(zones)
    }


@dataclass(frozen=True)
class Started:
    """What a wave does now. C(members) are all of its devices, C(acting) those that take part."""

    name: str
    members: tuple[Member, ...]
    acting: tuple[Member, ...]
    gate: Gate
    exact: bool  # whether the selector of the wave reaches just those that act
    not_released: tuple[Row, ...] = ()

    @property
    def due(self) -> list[Member]:
        return [member for member in self.members if member.plan_class in DUE]

    @property
    def skipped(self) -> list[Member]:
        return [member for member in self.due if member.skip is not None]

    @property
    def uuids(self) -> list[str]:
        return [member.device_uuid for member in self.acting]

    def to_release(self) -> list[str]:
        """UUIDs to release: of devices that are ours, and not seen to be released already."""
        return [member.device_uuid for member in self.acting if member.held is not False and member.ours]

    def without(self, stuck: Mapping[str, Row]) -> Started:
        """Without the devices that could not be released: what waits on them would start at another time."""
        if not stuck:
            return self
        acting = tuple(member for member in self.acting if member.device_uuid not in stuck)
        return replace(self, acting=acting, exact=False, not_released=tuple(stuck.values()))


def seen_again(
    request: RolloutRequest, plan: Plan, wave: PlannedWave, devices: Sequence[Device], with_token: Collection[str]
) -> tuple[PlannedWave, list[Member]]:
    """The wave as a later read shows it. Devices that the read does not show any more keep the row of the plan."""
    target = {device.uuid: device for device in matching(request, devices)}
    fresh = {
        uuid: member_of(request, target[uuid], wave.name, with_token, bool(wave.standing))[0]
        for uuid in wave.device_uuids
        if uuid in target
    }
    known = [member for member in plan.members if member.wave == wave.name]
    exact = is_exact(request, wave.selector, target.values(), wave.device_uuids)
    return replace(wave, exact=exact), [fresh.get(one.device_uuid, one) for one in known]


def start_wave(
    request: RolloutRequest,
    wave: PlannedWave,
    members: Iterable[Member],
    zones: Mapping[str, str | None],
    now: datetime,
    seconds: Sequence[float],
) -> Started:
    """Which devices act now. C(zones): UUID to time zone; C(seconds): what the updates of this run took so far."""
    members = tuple(members)
    ready = [member for member in members if member.due]
    passed = gate(
        request, {one.device_uuid: zones.get(one.device_uuid) for one in ready}, now, needed_time(request, seconds)
    )
    acting = tuple(member for member in ready if member.device_uuid in passed.open)
    return Started(wave.name, members, acting, passed, wave.exact and len(acting) == len(wave.device_uuids))


def failures_allowed(request: RolloutRequest, started: Started) -> int:
    """How many of those that act may fail; devices that earlier runs have finished with count for the wave too."""
    before = counts_of_classes(member.plan_class for member in started.members)
    broken = before.failed + before.aborted
    return max(0, allowed_failures(request.thresholds.wave, len(started.acting) + before.due) - broken)


def fate_later(device: Device | None, mark: str, known: str, retried: bool) -> str:
    """The same by a later read of the fleet. C(known) is what was known before; C(retried): an old failure may still
    show on the device.
    """
    state = state_of(marked_updates(device, mark)) if device is not None else None
    if state not in FINISHED or (retried and state in FAILURES and known not in (TIMED_OUT, SUCCESS, *FAILURES)):
        return known
    return str(state)


@dataclass(frozen=True)
class Judged:
    """The verdict on a wave. C(fates) are those of the devices that this run touched."""

    verdict: Verdict
    scope: str
    counts: Counts
    total: Counts
    fates: Mapping[str, str]

    def as_result(self, request: RolloutRequest) -> dict[str, t.Any]:
        return {
            **vars(self.verdict),
            "scope": self.scope,
            "counts": self.counts.as_result(),
            "total": self.total.as_result(),
            "limits": request.thresholds.as_result(),
        }


def judge_wave(
    request: RolloutRequest,
    started: Started,
    fates: Mapping[str, str],
    offline: Collection[str],
    earlier: Counts,
    now: datetime,
    rows: Mapping[str, Row],
) -> Judged:
    """The verdict on a wave, and the counts so far.

    C(offline): UUIDs of devices that are offline now; C(earlier): the counts of the waves before; C(rows): what the
    release or the deployment said of each device.
    """
    closes = started.gate.status.closes_at if started.gate.status and started.gate.open else None
    if closes and now >= closes - LAST_MOMENT:
        # They had no fair chance: the next night begins with them.
        fates = {uuid: LEFT if found == TIMED_OUT else found for uuid, found in fates.items()}
    counts = _counted(started, fates, offline)
    total = earlier.plus(counts)
    verdict, scope = _refusal(started, fates, rows) or judge(counts, request.thresholds.wave, started.name), "wave"
    if verdict.verdict == PROCEED:
        in_all = judge(total, request.thresholds.total, "All waves so far")
        if in_all.verdict != PROCEED:
            verdict, scope = in_all, "total"
    if verdict.verdict == PROCEED:
        verdict = _nothing_shown(started, fates, counts) or _window_closed(started, fates) or verdict
    if verdict.code == "rollout_failed":
        verdict = replace(verdict, msg=stop_sentence(verdict, _troubled(started, fates, rows)))
    return Judged(verdict, scope, counts, total, fates)


def _refusal(started: Started, fates: Mapping[str, str], rows: Mapping[str, Row]) -> Verdict | None:
    """A sending that the service refused says nothing about the devices, and would be refused again."""
    refused = [uuid for uuid, found in fates.items() if found == REFUSED]
    if not refused:
        return None
    row = rows[refused[0]]
    return Verdict(
        STOP,
        REFUSED_CODE if row["code"] == Rejected.code else row["code"],
        "%s: the update was not sent to %s (%s). %s"
        % (
            started.name,
            devices_word(len(refused)),
            _names(started, refused),
            row.get("msg") or "The service gave no reason.",
        ),
    )


def _nothing_shown(started: Started, fates: Mapping[str, str], counts: Counts) -> Verdict | None:
    """Limits may allow every device to time out, and all may be gone; that shows nothing about the update, so the next
    wave has to wait.
    """
    silent = counts.sample + list(fates.values()).count(GONE)
    if not silent or counts.success + counts.failed + counts.aborted:
        return None
    return Verdict(
        PAUSE,
        "inconclusive",
        "%s: none of %s has finished its update, so nothing is known about it. Rerun when they have."
        % (started.name, devices_word(silent)),
    )


def _window_closed(started: Started, fates: Mapping[str, str]) -> Verdict | None:
    left = [uuid for uuid, found in fates.items() if found == LEFT]
    if not left:
        return None
    return Verdict(
        STOP,
        TooLate.code,
        "The window closed before %s of %s had finished (%s). They are held; the next run continues with them."
        % (devices_word(len(left)), started.name, _names(started, left)),
    )


def _troubled(started: Started, fates: Mapping[str, str], rows: Mapping[str, Row]) -> str:
    """The devices behind a stop, with the reason where the update itself did not give one."""
    bad = [uuid for uuid, found in fates.items() if found not in (SUCCESS, LEFT, GONE)]
    reasons = [row["msg"] for row in map(rows.get, bad) if row and row.get("msg") and row["code"] != UPDATE_FAILED]
    return _names(started, bad) + (" (%s)" % str(reasons[0]).rstrip(".") if reasons else "")


def _names(started: Started, uuids: Sequence[str]) -> str:
    labels = {member.device_uuid: member.label for member in started.members}
    return several([labels.get(uuid, uuid) for uuid in uuids])


def _counted(started: Started, fates: Mapping[str, str], offline: Collection[str]) -> Counts:
    """Devices that earlier runs have finished with say something about the update too."""
    before = counts_of_classes(one.plan_class for one in started.members if one.device_uuid not in fates)
    found = list(fates.values())
    online = {member.device_uuid for member in started.acting if member.online is not False}
    tally = {name: found.count(name) for name in ("success", "failed", "aborted", "timed_out", "unknown")}
    # A device that is left for another night, or out for good, is no part of the sample that this night was to give.
    due = sum(one not in (LEFT, REFUSED, GONE) for one in found)
    due += sum(member.skip_word == LEFT for member in started.skipped)
    return before.plus(Counts(due=due, offline=len(online & set(fates) & set(offline)), **tally))


@dataclass(frozen=True)
class Rollback:
    """Which of the devices that this run touched are rolled back now, and who of them has to be released."""

    acting: tuple[str, ...]
    release: tuple[str, ...]
    gate: Gate


def start_rollback(
    request: RolloutRequest, plan: Plan, touched: Iterable[str], zones: Mapping[str, str | None], now: datetime
) -> Rollback:
    """Exactly what was touched, and only while its window is open unless told otherwise."""
    ours = {member.device_uuid for member in plan.members if member.ours}
    anywhen = replace(request, calendar=None) if request.rollback_outside_window else request
    touched = list(touched)
    passed = gate(anywhen, {uuid: zones.get(uuid) for uuid in touched}, now, needed_time(request, ()))
    acting = tuple(uuid for uuid in touched if uuid in passed.open)
    return Rollback(acting, tuple(uuid for uuid in acting if uuid in ours), passed)


def observed(request: RolloutRequest, devices: Iterable[Device], uuids: Collection[str]) -> list[dict[str, t.Any]]:
    """What the evidence keeps of a read of the fleet."""
    app = request.deployment.app
    return [
        {
            "device_uuid": device.uuid,
            "name": device.name,
            "held": device.held,
            "online": device.online,
            "version": device.apps.get(app[0]) if app else None,
            "status": state_of(marked_updates(device, request.deployment.mark)),
        }
        for device in devices
        if device.uuid in uuids
    ]
