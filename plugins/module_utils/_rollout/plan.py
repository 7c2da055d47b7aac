# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""The plan of a rollout: who is updated in which wave, who is not and why, what it costs, and its digest. Pure."""

from __future__ import annotations

import hashlib
import json
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .._deploy.plan import (
    ABORTED,
    CURRENT,
    DONE,
    FAILED,
    IN_FLIGHT,
    NEEDED,
    RETRY,
    classify,
    marked_updates,
)
from .._result import devices_word
from .._service.models import FINISHED, Device, Update
from .request import RolloutRequest
from .thresholds import STOP, Counts, judge
from .waves import Wave, cut, selected

PAGE = 50  # devices that one call reads (connect-api.md 2.2)
DUE = (NEEDED, RETRY, IN_FLIGHT)

# Why a device is left alone, or why the run refuses to start.
UNTRACKED = "untracked"
HELD_ELSEWHERE = "held_elsewhere"
FOREIGN_PENDING = "foreign_pending"
OFFLINE = "offline"
NO_WAVE = "not_in_a_wave"
STOPPED = "stopped"  # too many of its wave, or of an earlier one, have failed already

# Of the plan as a whole.
NOT_APPROVED = "not_approved"
ROLLED_BACK = "rolled_back"
EMPTY_TARGET = "empty_target"
EMPTY_WAVE = "empty_wave"
UNREADABLE = "unreadable"


def device_of(row: Mapping[str, t.Any]) -> Device:
    """The model of a row of connect_device_info."""
    known: dict[str, t.Any] = {name: row.get(name) for name in Device.__dataclass_fields__}
    known.update(
        uuid=row["device_uuid"],
        tags=tuple(row["tags"]),
        apps=dict(row["apps"]),
        updates=tuple(
            Update(**{name: one.get(name) for name in Update.__dataclass_fields__}) for one in row["updates"]
        ),
    )
    return Device(**known)


def devices_of(rows: Iterable[Mapping[str, t.Any]]) -> dict[str, Device]:
    """By UUID, whatever the filters say of them now: tags, state and app of a device change while it is updated."""
    return {device.uuid: device for device in map(device_of, rows)}


def matching(request: RolloutRequest, rows: Iterable[Mapping[str, t.Any]]) -> list[Device]:
    """The target of the whole deployment: devices that it fits, and those that were sent it when it fitted them."""
    groups, filters, mark = request.deployment.groups, request.deployment.filters, request.deployment.mark
    return [
        device
        for device in map(device_of, rows)
        if ((not groups or device.group in groups) and all(one.matches(device) for one in filters))
        or marked_updates(device, mark)
    ]


@dataclass(frozen=True)
class Member:
    """A device of the target, as the plan sees it."""

    device: Device
    wave: str | None
    planned: str  # class, see _deployment
    is_ours: bool  # to hold and to release
    skip: str | None  # why it is left alone, although it is due

    @property
    def acts(self) -> bool:
        return self.planned in DUE and self.skip is None and self.wave is not None


@dataclass(frozen=True)
class Conflict:
    kind: str
    device: Device
    msg: str
    fatal: bool

    def as_result(self) -> dict[str, t.Any]:
        device = self.device
        return {"kind": self.kind, "device_uuid": device.uuid, "name": device.name, "msg": self.msg}


def is_self_managed(request: RolloutRequest, device: Device) -> bool:
    return device.uuid in request.self_managed or device.name in request.self_managed


def foreign_pending(request: RolloutRequest, device: Device) -> Update | None:
    """Somebody else's update that waits on a held device: releasing the device would let it loose."""
    if device.held is False:
        return None
    ours = marked_updates(device, request.deployment.mark)
    return next((one for one in device.updates if one.status not in FINISHED and one not in ours), None)


def conflict_of(request: RolloutRequest, device: Device, has_token: bool) -> Conflict | None:
    """What stands in the way of a device that is due; the gravest first."""
    if is_self_managed(request, device):
        if device.held:
            return Conflict(
                HELD_ELSEWHERE,
                device,
                "It is held by its own application (connect_self_managed). It is left alone until that releases it.",
                False,
            )
        return None
    if not has_token:
        return Conflict(
            UNTRACKED,
            device,
            "It would be updated, but is not among connect_devices or the inventory group, so it could neither be "
            "released nor held. List it with its token and UUID, or narrow the target.",
            True,
        )
    pending = foreign_pending(request, device)
    if pending is not None and request.foreign_pending != "allow":
        return Conflict(
            FOREIGN_PENDING,
            device,
            "Another update waits on it (%s), which its release would let loose. Abort that update, or say "
            "connect_foreign_pending: skip or allow." % (pending.comment or pending.version or pending.update_id),
            request.foreign_pending == "fail",
        )
    if device.online is False and request.offline != "wait":
        return Conflict(
            OFFLINE,
            device,
            "It is offline (connect_offline: %s)." % request.offline,
            request.offline == "fail",
        )
    return None


def skip_word(request: RolloutRequest, kind: str) -> str:
    """Left alone for good, or left for the next run?"""
    policy = {OFFLINE: request.offline, FOREIGN_PENDING: request.foreign_pending, STOPPED: "hold"}.get(kind, "skip")
    return "skipped" if policy == "skip" else "left"


def make_plan(
    request: RolloutRequest, rows: Iterable[Mapping[str, t.Any]], with_token: frozenset[str]
) -> dict[str, t.Any]:
    """C(rows) are those of connect_device_info; C(with_token) the UUIDs of devices that can be held and released."""
    rows = list(rows)
    devices = matching(request, rows)
    waves, rest = cut(devices, request.waves, request.seed)
    verdicts = standing(request, waves)
    members: list[Member] = []
    conflicts: list[Conflict] = []
    placed = [(wave.spec.name, wave.devices, verdict) for wave, verdict in zip(waves, verdicts, strict=True)]
    for name, inside, verdict in [*placed, (None, tuple(rest), None)]:
        for device in inside:
            planned = classify(device, request.deployment)
            reaches = planned in DUE and name is not None and verdict is None
            found = conflict_of(request, device, device.uuid in with_token) if reaches else None
            if found:
                conflicts.append(found)
            ours = device.uuid in with_token and not is_self_managed(request, device)
            skip = found.kind if found else None
            if planned in DUE and not reaches:
                skip = NO_WAVE if name is None else STOPPED
            members.append(Member(device, name, planned, ours, skip))
    said = digest(request, waves)
    return {
        "mark": request.deployment.mark,
        "digest": said,
        "waves": [_wave_row(wave, members, verdict) for wave, verdict in zip(waves, verdicts, strict=True)],
        "devices": [_member_row(request, member) for member in members],
        "conflicts": [found.as_result() for found in conflicts],
        "refused": [
            *(_refusal(*why) for why in _obstacles(request, rows, devices, said)),
            *(found.as_result() for found in conflicts if found.fatal),
        ],
        "counts": _counts(members),
        "standing": next((verdict for verdict in verdicts if verdict), None),
        "leftovers": leftovers(request, members),
        "api_calls": _calls(request, waves, members, len(devices)),
        "msg": _sentence(request, waves, members, conflicts),
    }


def standing(request: RolloutRequest, waves: Sequence[Wave]) -> list[dict[str, t.Any] | None]:
    """For each wave the verdict that earlier runs have earned it or a wave before it; None: it may begin.

    Failures do not pass with the night: without this the rest of a wave would get what has failed on its first half.
    """
    verdicts: list[dict[str, t.Any] | None] = []
    total = Counts()
    for wave in waves:
        planned = [classify(device, request.deployment) for device in wave.devices]
        states = {"success": planned.count(DONE), "failed": planned.count(FAILED), "aborted": planned.count(ABORTED)}
        counts = Counts(due=sum(states.values()), **states)
        total = total.plus(counts)
        earned = verdicts[-1] if verdicts else None
        for scope, counted, limits in (
            (wave.spec.name, counts, request.thresholds.wave),
            ("All waves so far", total, request.thresholds.total),
        ):
            verdict = judge(counted, limits, scope)
            if earned is None and verdict.verdict == STOP:
                earned = {"code": verdict.code, "msg": verdict.msg}
        verdicts.append(earned)
    return verdicts


def _obstacles(
    request: RolloutRequest, rows: Sequence[Mapping[str, t.Any]], devices: Sequence[Device], said: str
) -> Iterator[tuple[str, str]]:
    """Why nothing may begin, for reasons that are not those of a single device."""
    approved = (request.options["approved_digest"] or "").strip()
    if approved not in ("", said):
        yield (
            NOT_APPROVED,
            "The plan has the digest %s, approved was %s. Devices, waves or rules have changed since. Run in check "
            "mode, and have the new plan approved." % (said, approved),
        )
    filters = request.deployment.filters
    if any(one.type == "device_state" for one in filters) and any(row.get("online") is None for row in rows):
        yield UNREADABLE, "Which devices are online could not be read, and the filters ask for it. Run again."
    elif not devices and all(one.is_stable for one in filters):  # others fit nobody any more when all is done
        yield (
            EMPTY_TARGET,
            "No device of project %s fits connect_groups and connect_filters. Names are case sensitive; the playbook "
            "status shows what is there." % request.deployment.project,
        )
    elif devices:
        for spec in request.waves:
            if spec.size is None and not any(spec.names(device) for device in devices):
                yield EMPTY_WAVE, "Wave '%s' selects no device, so what it was to try out would not be." % spec.name
    back = "Rollback of %s" % request.deployment.mark
    undone = [device for device in devices if any(back in update.comment for update in device.updates)]
    if undone:
        yield (
            ROLLED_BACK,
            "This rollout was rolled back on %s, for example %s. To try again give another connect_deployment_key."
            % (devices_word(len(undone)), undone[0].name or undone[0].uuid),
        )


def _refusal(kind: str, msg: str) -> dict[str, t.Any]:
    return {"kind": kind, "device_uuid": "", "name": "", "msg": msg}


def leftovers(request: RolloutRequest, members: Sequence[Member]) -> list[str]:
    """UUIDs of devices that an earlier run of this rollout left released although they are to be held."""
    must_be_held = [
        member
        for member in members
        if member.is_ours and member.device.held is False and _is_latest(request, member.device)
    ]
    if request.after != "hold":
        must_be_held = [member for member in must_be_held if member.planned == IN_FLIGHT]
    return [member.device.uuid for member in must_be_held]


def _is_latest(request: RolloutRequest, device: Device) -> bool:
    """Whether the rollout is the last that happened to it: who sent something since answers for how it is held."""
    return device.last_update in marked_updates(device, request.deployment.mark) if device.updates else False


def digest(request: RolloutRequest, waves: Sequence[Wave]) -> str:
    """Of what was decided: the deployment, who is in which wave, and the rules. Not of how far it has come, so that
    an approved rollout may be continued on another night.
    """
    rules = {
        name: request.options[name]
        for name in (
            *("windows", "blackouts", "override", "offline", "after", "foreign_pending", "retry_failed"),
            *("rollback_flow_id", "rollback_app", "rollback_outside_window", "wait_timeout"),
        )
    }
    # As read, so that the answers of a survey, which are texts, make the same plan.
    rules |= {
        "thresholds": request.thresholds.as_result(),
        "soak": request.soak,
        "max_update_time": request.max_update_time,
        "self_managed": sorted(request.self_managed),
    }
    decided = {
        "mark": request.deployment.mark,
        "comment": request.deployment.comment,
        "waves": [[wave.spec.name, sorted(device.key for device in wave.devices), wave.spec.soak] for wave in waves],
        "rules": rules,
    }
    text = json.dumps(decided, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _wave_row(wave: Wave, members: Sequence[Member], verdict: dict[str, t.Any] | None) -> dict[str, t.Any]:
    soak = wave.spec.soak
    return {
        "name": wave.spec.name,
        "size": len(wave.devices),
        "due": sum(member.acts and member.wave == wave.spec.name for member in members),
        "standing": verdict,
        "selector": wave.selector,
        "soak_seconds": None if soak is None else int(soak.total_seconds()),
        "device_uuids": [device.uuid for device in wave.devices],
    }


def _member_row(request: RolloutRequest, member: Member) -> dict[str, t.Any]:
    device, last, app = member.device, member.device.last_update, request.deployment.app
    return {
        "device_uuid": device.uuid,
        "name": device.name,
        "group": device.group,
        "wave": member.wave,
        "class": member.planned,
        "due": member.acts,
        "skip": member.skip,
        "skip_word": member.skip and skip_word(request, member.skip),
        "ours": member.is_ours,
        "held": device.held,
        "online": device.online,
        "version": device.apps.get(app[0]) if app else None,
        "last_update": last and last.as_result(),
    }


def _counts(members: Sequence[Member]) -> dict[str, int]:
    classes = [member.planned for member in members]
    return {
        "total": len(members),
        "due": sum(member.acts for member in members),
        "skipped": sum(member.skip is not None for member in members),
        **{name: classes.count(name) for name in dict.fromkeys(classes)},
    }


def _calls(request: RolloutRequest, waves: Sequence[Wave], members: Sequence[Member], total: int) -> dict[str, int]:
    """What a run without faults needs. C(least) counts writes and one reading of the fleet."""
    acting = [member for member in members if member.acts]
    releases = sum(member.device.held is not False and member.is_ours for member in acting)
    holds = {"hold": sum(member.is_ours for member in acting), "restore": releases, "release": 0}[request.after]
    everybody = [member.device for member in members]
    sendings = 0
    for wave in waves:
        own = [member for member in members if member.wave == wave.spec.name]
        due = [member for member in own if member.acts and member.planned != IN_FLIGHT]
        meant = {member.device.uuid for member in due}
        whole = wave.selector is not None and selected(wave.selector, everybody) == meant
        sendings += 1 if whole and due else len(due)
    pages = -(-total // PAGE)
    busy = sum(any(member.acts and member.wave == wave.spec.name for member in members) for wave in waves)
    return {
        "releases": releases,
        "deployments": sendings,
        "holds": holds,
        "writes": releases + sendings + holds,
        # States are pages too. A wave verifies its releases, plans its sending, looks once at least, and is judged.
        "reads": pages * (2 + (2 + 5 * busy if busy else 0)),
        "least": pages + releases + sendings + holds,
    }


def _sentence(
    request: RolloutRequest, waves: Sequence[Wave], members: Sequence[Member], conflicts: Sequence[Conflict]
) -> str:
    due = sum(member.acts for member in members)
    current = sum(member.planned == CURRENT for member in members)
    what = "flow %s%s" % (
        request.deployment.flow_id,
        " (%s %s)" % request.deployment.app if request.deployment.app else "",
    )
    parts = [
        "%s of %d to be updated with %s in %d waves" % (devices_word(due), len(members), what, len(waves)),
        "%d current" % current,
        "%d in conflict" % len(conflicts),
    ]
    unplaced = sum(member.skip == NO_WAVE for member in members)
    return ", ".join(parts) + (", %d in no wave." % unplaced if unplaced else ".")
