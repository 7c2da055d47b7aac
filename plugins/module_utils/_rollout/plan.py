# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The plan of a rollout: which device is updated in which wave, which is not and why, its cost and its digest. Pure."""

from __future__ import annotations

import hashlib
import json
import typing as t
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from .._deploy.plan import ABORTED, CURRENT, DONE, FAILED, IN_FLIGHT, NEEDED, RETRY, classify, marked_updates
from .._reading.options import nearest, strangers
from .._result import devices_word
from .._service.models import FINISHED, Device, Update
from .request import RolloutRequest
from .thresholds import STOP, Counts, judge, stop_sentence
from .waves import Wave, cut, selected

PAGE = 50  # devices that one call reads (docs/connect-api.md 2.2)
DUE = (NEEDED, RETRY, IN_FLIGHT)

# Why a device is left alone, or why the run refuses to start.
UNTRACKED = "untracked"
RE_REGISTERED = "re_registered"
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
EMPTY_GROUP = "empty_group"
UNKNOWN_DEVICE = "unknown_device"
UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Member:
    """A device of the target as one read shows it. C(skip) says why it is left alone although it is due."""

    device_uuid: str
    name: str
    group: str
    wave: str | None
    plan_class: str  # see _deploy.plan
    ours: bool  # to hold and to release
    held: bool | None
    online: bool | None
    version: str | None
    skip: str | None = None
    skip_word: str | None = None  # "skipped" for good, or "left" for the next run
    conflict: str = ""

    @property
    def due(self) -> bool:
        return self.plan_class in DUE and self.skip is None and self.wave is not None

    @property
    def label(self) -> str:
        return self.name or self.device_uuid

    def as_result(self) -> dict[str, t.Any]:
        row = {**vars(self), "class": self.plan_class, "due": self.due}
        del row["plan_class"]
        return row


@dataclass(frozen=True)
class PlannedWave:
    """C(exact): whether C(selector), what the service could be asked for in one call, reaches just these devices."""

    name: str
    device_uuids: tuple[str, ...]
    selector: Mapping[str, t.Any] | None
    exact: bool
    soak_seconds: int | None
    standing: Mapping[str, str] | None  # the verdict that earlier runs have earned it, with code and msg


@dataclass(frozen=True)
class Plan:
    """What one run intends, device by device."""

    mark: str
    digest: str
    secret_parameters: tuple[str, ...]  # their names
    waves: tuple[PlannedWave, ...]
    members: tuple[Member, ...]
    conflicts: tuple[Mapping[str, str], ...]
    refused: tuple[Mapping[str, str], ...]
    leftovers: tuple[str, ...]  # UUIDs that an earlier run of this rollout left released
    api_calls: Mapping[str, int]
    msg: str

    @property
    def due(self) -> list[Member]:
        return [member for member in self.members if member.due]

    @property
    def standing(self) -> Mapping[str, str] | None:
        return next((wave.standing for wave in self.waves if wave.standing), None)

    def wave(self, name: str) -> PlannedWave | None:
        return next((wave for wave in self.waves if wave.name == name), None)

    def counts(self) -> dict[str, int]:
        classes = [member.plan_class for member in self.members]
        return {
            "total": len(classes),
            "due": len(self.due),
            "skipped": sum(member.skip is not None for member in self.members),
            **{name: classes.count(name) for name in dict.fromkeys(classes)},
        }

    def as_result(self) -> dict[str, t.Any]:
        """The whole of it, with one row per device, for the evidence."""
        due = [member.wave for member in self.due]
        return {
            "mark": self.mark,
            "digest": self.digest,
            "secret_parameters": list(self.secret_parameters),
            "waves": [
                {
                    "name": wave.name,
                    "size": len(wave.device_uuids),
                    "due": due.count(wave.name),
                    "standing": wave.standing,
                    "soak_seconds": wave.soak_seconds,
                    "device_uuids": list(wave.device_uuids),
                }
                for wave in self.waves
            ],
            "devices": [member.as_result() for member in self.members],
            "conflicts": list(self.conflicts),
            "refused": list(self.refused),
            "counts": self.counts(),
            "standing": self.standing,
            "leftovers": list(self.leftovers),
            "api_calls": self.api_calls,
            "msg": self.msg,
        }


def make_plan(request: RolloutRequest, devices: Sequence[Device], with_token: Collection[str]) -> Plan:
    """C(devices): the project; C(with_token): UUIDs of devices that can be held and released."""
    target = matching(request, devices)
    waves, rest = cut(target, request.waves, request.seed)
    verdicts = standing(request, waves)
    members: list[Member] = []
    conflicts: list[tuple[Conflict, Member]] = []
    for wave, verdict in [*zip(waves, verdicts, strict=True), (None, None)]:
        for device in wave.devices if wave else rest:
            member, found = member_of(request, device, wave.spec.name if wave else None, with_token, bool(verdict))
            members.append(member)
            if found:
                conflicts.append((found, member))
    said = digest(request, waves)
    planned = tuple(_planned(request, wave, verdict, target) for wave, verdict in zip(waves, verdicts, strict=True))
    return Plan(
        mark=request.deployment.mark,
        digest=said,
        secret_parameters=request.deployment.secret_parameters,
        waves=planned,
        members=tuple(members),
        conflicts=tuple(_obstacle(found.kind, found.msg, member) for found, member in conflicts),
        refused=(
            *(_obstacle(*why) for why in _obstacles(request, devices, target, said)),
            *(_obstacle(found.kind, found.msg, member) for found, member in conflicts if found.fatal),
        ),
        leftovers=tuple(leftovers(request, target, {one.device_uuid: one for one in members})),
        api_calls=_calls(request, planned, members, len(devices)),
        msg=_sentence(request, planned, members, len(conflicts)),
    )


def matching(request: RolloutRequest, devices: Iterable[Device]) -> list[Device]:
    """The target of the whole deployment: devices that match it, and those that received it when they matched."""
    groups, filters, mark = request.deployment.groups, request.deployment.filters, request.deployment.mark
    return [
        device
        for device in devices
        if ((not groups or device.group in groups) and all(one.matches(device) for one in filters))
        or marked_updates(device, mark)
    ]


def member_of(
    request: RolloutRequest, device: Device, wave: str | None, with_token: Collection[str], stopped: bool = False
) -> tuple[Member, Conflict | None]:
    """C(stopped): earlier runs have earned its wave a verdict, so it does not begin."""
    planned, app = classify(device, request.deployment), request.deployment.app
    due = planned in DUE
    found = conflict_of(request, device, with_token) if due and wave is not None and not stopped else None
    skip = found.kind if found else None
    if due and found is None:
        skip = NO_WAVE if wave is None else STOPPED if stopped else None
    member = Member(
        device_uuid=device.uuid,
        name=device.name,
        group=device.group,
        wave=wave,
        plan_class=planned,
        ours=device.uuid in with_token and not is_self_managed(request, device),
        held=device.held,
        online=device.online,
        version=device.apps.get(app[0]) if app else None,
        skip=skip,
        skip_word=skip and skip_word(request, skip),
        conflict=found.msg if found else "",
    )
    return member, found


@dataclass(frozen=True)
class Conflict:
    """What stands in the way of a device that is due; a fatal one refuses the whole run."""

    kind: str
    msg: str
    fatal: bool


def conflict_of(request: RolloutRequest, device: Device, with_token: Collection[str]) -> Conflict | None:
    """The gravest conflict of a device that is due."""
    if is_self_managed(request, device):
        if not device.held:
            return None
        return Conflict(
            HELD_ELSEWHERE,
            "It is held by its own application (connect_self_managed). It is left alone until that releases it.",
            False,
        )
    leave_out = "" if request.untracked == "skip" else ", or leave it out with connect_untracked: skip"
    former = request.by_name.get(device.name) if device.uuid not in with_token else None
    if former is not None and former.uuid != device.uuid:
        return Conflict(
            RE_REGISTERED,
            "Your devices list this name with another UUID (%s; the service shows %s), so it was probably registered "
            "anew, for example after re-imaging. Enter its new device_uuid and device_token%s."
            % (former.uuid, device.uuid, leave_out),
            request.untracked == "fail",
        )
    if device.uuid not in with_token:
        return Conflict(
            UNTRACKED,
            "It would be updated, but is not among connect_devices or the inventory group, so it can be neither "
            "released nor held. List it with its token and UUID, or narrow the target%s." % leave_out,
            request.untracked == "fail",
        )
    pending = foreign_pending(request, device)
    if pending is not None and request.foreign_pending != "allow":
        return Conflict(
            FOREIGN_PENDING,
            "Another update is pending (%s) and would start when this device is released. Abort it in the web UI, "
            "among the deployments of the project, or choose connect_foreign_pending: skip or allow."
            % (pending.comment or pending.version or pending.update_id),
            request.foreign_pending == "fail",
        )
    if device.online is False and request.offline != "wait":
        return Conflict(OFFLINE, "It is offline (connect_offline: %s)." % request.offline, request.offline == "fail")
    return None


def warnings(request: RolloutRequest, devices: Iterable[Device]) -> list[str]:
    """What is probably not meant, but keeps nothing from beginning. C(devices): the project."""
    lost = strangers(request.self_managed, _names(devices), "the devices of project %s" % request.deployment.project)
    return ["connect_self_managed names %s. It has no effect on any device." % lost] if lost else []


def _names(devices: Iterable[Device]) -> set[str]:
    """By which users name devices."""
    return {name for device in devices for name in (device.name, device.uuid)}


def is_self_managed(request: RolloutRequest, device: Device) -> bool:
    return device.uuid in request.self_managed or device.name in request.self_managed


def foreign_pending(request: RolloutRequest, device: Device) -> Update | None:
    """An update of another deployment that waits on a held device: releasing the device would start it."""
    if device.held is False:
        return None
    ours = marked_updates(device, request.deployment.mark)
    return next((one for one in device.updates if one.status not in FINISHED and one not in ours), None)


def skip_word(request: RolloutRequest, kind: str) -> str:
    """Skipped for good, or left for the next run."""
    policy = {OFFLINE: request.offline, FOREIGN_PENDING: request.foreign_pending, STOPPED: "hold"}.get(kind, "skip")
    return "skipped" if policy == "skip" else "left"


def standing(request: RolloutRequest, waves: Sequence[Wave]) -> list[dict[str, str] | None]:
    """For each wave the verdict that earlier runs have earned it or a wave before it; None: it may begin.

    Failures do not pass with the night: without this, the rest of a wave would get what has failed on its first half.
    """
    verdicts: list[dict[str, str] | None] = []
    total = Counts()
    for wave in waves:
        counts = counts_of_classes(classify(device, request.deployment) for device in wave.devices)
        total = total.plus(counts)
        earned = verdicts[-1] if verdicts else None
        for scope, counted, limits in (
            (wave.spec.name, counts, request.thresholds.wave),
            ("All waves so far", total, request.thresholds.total),
        ):
            verdict = judge(counted, limits, scope)
            if earned is None and verdict.verdict == STOP:
                earned = {"code": str(verdict.code), "msg": stop_sentence(verdict)}
        verdicts.append(earned)
    return verdicts


def counts_of_classes(classes: Iterable[str]) -> Counts:
    """How the devices fared that earlier runs have finished with."""
    found = list(classes)
    states = {"success": found.count(DONE), "failed": found.count(FAILED), "aborted": found.count(ABORTED)}
    return Counts(due=sum(states.values()), **states)


def _planned(
    request: RolloutRequest, wave: Wave, verdict: Mapping[str, str] | None, target: Sequence[Device]
) -> PlannedWave:
    uuids = tuple(device.uuid for device in wave.devices)
    exact = is_exact(request, wave.selector, target, uuids)
    soak = wave.spec.soak
    return PlannedWave(
        wave.spec.name, uuids, wave.selector, exact, None if soak is None else int(soak.total_seconds()), verdict
    )


def is_exact(
    request: RolloutRequest, selector: Mapping[str, t.Any] | None, target: Iterable[Device], uuids: Collection[str]
) -> bool:
    """Whether one call with C(selector), or to the whole target without one, reaches just these devices. The service
    applies the filters anew, and devices may come online until then.
    """
    changes = any(one.type == "device_state" for one in request.deployment.filters)
    return not changes and selected(selector or {}, target) == set(uuids)


def _obstacles(
    request: RolloutRequest, devices: Sequence[Device], target: Sequence[Device], said: str
) -> Iterator[tuple[str, str]]:
    """Why nothing may begin, for reasons that are not those of a single device."""
    approved = request.approved_digest
    if approved not in ("", said):
        yield (
            NOT_APPROVED,
            "The plan has the digest %s, but %s was approved. Devices, waves or rules have changed since. Run in check "
            "mode, and have the new plan approved." % (said, approved),
        )
    filters = request.deployment.filters
    if any(one.type == "device_state" for one in filters) and any(device.online is None for device in devices):
        yield UNREADABLE, "Which devices are online could not be read, but the filters need it. Run again."
    elif not target and all(one.is_stable for one in filters):  # others match nothing any more when all is done
        yield (
            EMPTY_TARGET,
            "No device of project %s matches connect_groups and connect_filters. Names are case sensitive; the "
            "playbook status shows the project." % request.deployment.project,
        )
    elif target:
        present = {device.group for device in devices}
        for group in (one for one in request.deployment.groups if one not in present):
            yield (
                EMPTY_GROUP,
                "No device of project %s is in the group '%s'%s. Correct connect_groups: names are case sensitive."
                % (request.deployment.project, group, nearest(group, present)),
            )
        for spec in request.waves:
            lost = strangers(spec.devices, _names(devices), "the devices of project %s" % request.deployment.project)
            if spec.size is None and not any(spec.names(device) for device in target):
                yield EMPTY_WAVE, "Wave %s matches no device; later waves would run without this test step." % spec.name
            elif lost:
                yield UNKNOWN_DEVICE, "Wave %s names %s. Correct connect_waves." % (spec.name, lost)
    undone = [device for device in target if rollbacks(request, device)]
    if undone:
        yield (
            ROLLED_BACK,
            "This rollout was rolled back on %s, for example %s. To try again, set another connect_deployment_key."
            % (devices_word(len(undone)), undone[0].name or undone[0].uuid),
        )


def _obstacle(kind: str, msg: str, member: Member | None = None) -> dict[str, str]:
    about = (member.device_uuid, member.name) if member else ("", "")
    return {"kind": kind, "device_uuid": about[0], "name": about[1], "msg": msg}


def leftovers(request: RolloutRequest, target: Iterable[Device], members: Mapping[str, Member]) -> list[str]:
    """UUIDs of devices that an earlier run of this rollout left released although they are to be held."""
    found = [
        device
        for device in target
        if members[device.uuid].ours and device.held is False and _is_latest(request, device)
    ]
    return [
        device.uuid
        for device in found
        if request.after == "hold" or members[device.uuid].plan_class == IN_FLIGHT or rollbacks(request, device)
    ]


def _is_latest(request: RolloutRequest, device: Device) -> bool:
    """Whether the rollout is the last that happened to it: a later sender answers for how it is held."""
    ours = (*marked_updates(device, request.deployment.mark), *rollbacks(request, device))
    return device.last_update in ours if device.updates else False


def rollbacks(request: RolloutRequest, device: Device) -> list[Update]:
    """The updates with which this rollout was rolled back on the device."""
    return [update for update in device.updates if "Rollback of %s" % request.deployment.mark in update.comment]


def digest(request: RolloutRequest, waves: Sequence[Wave]) -> str:
    """Of what was decided: the deployment, which device is in which wave, and the rules with the content of calendar
    files. Not of progress, so that an approved rollout may be continued on another night.
    """
    decided = {
        "mark": request.deployment.mark,
        "comment": request.deployment.comment,
        "waves": [[wave.spec.name, sorted(device.key for device in wave.devices), wave.spec.soak] for wave in waves],
        "rules": request.rules(),
    }
    text = json.dumps(decided, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _calls(
    request: RolloutRequest, waves: Sequence[PlannedWave], members: Sequence[Member], total: int
) -> dict[str, int]:
    """What a run without faults needs. C(least) counts the writes and one read of the fleet."""
    acting = [member for member in members if member.due]
    releases = sum(member.held is not False and member.ours for member in acting)
    holds = {"hold": sum(member.ours for member in acting), "restore": releases, "release": 0}[request.after]
    sendings = busy = 0
    for wave in waves:
        own = [member for member in acting if member.wave == wave.name]
        due = [member for member in own if member.plan_class != IN_FLIGHT]
        busy += bool(own)
        sendings += 1 if wave.exact and len(due) == len(wave.device_uuids) and due else len(due)
    pages = -(-total // PAGE)
    return {
        "releases": releases,
        "deployments": sendings,
        "holds": holds,
        "writes": releases + sendings + holds,
        # The plan reads details and online states. A wave reads before it sends, and at least once while it waits.
        "reads": pages * (2 + 2 * busy),
        "least": pages + releases + sendings + holds,
    }


def _sentence(request: RolloutRequest, waves: Sequence[PlannedWave], members: Sequence[Member], conflicts: int) -> str:
    app = request.deployment.app
    unplaced = sum(member.skip == NO_WAVE for member in members)
    return "%d of %s to be updated with flow %s%s in %s, %d current, %d in conflict%s." % (
        sum(member.due for member in members),
        devices_word(len(members)),
        request.deployment.flow_id,
        " (%s %s)" % app if app else "",
        "1 wave" if len(waves) == 1 else "%d waves" % len(waves),
        sum(member.plan_class == CURRENT for member in members),
        conflicts,
        ", %d in no wave" % unplaced if unplaced else "",
    )
