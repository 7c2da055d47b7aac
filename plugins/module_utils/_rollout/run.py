# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""The order of things in a rollout: plan, waves, end. What is decided at each point is a pure function in
the files beside this one.

A wave is: gate, release, send, wait, judge, hold, soak; and roll back when it failed. Whatever happens in between, the
devices that it released are held before the step ends.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from .._deploy.apply import apply_deployment
from .._errors import ConnectError
from .._reading.durations import in_words
from .._result import devices_word
from .._service.client import Client, Interrupted
from .._service.deadline import Deadline
from .._service.fleet import read_scope
from .._service.models import FINISHED, Device
from .._trigger.apply import apply_trigger
from .._trigger.plan import VERIFY_PAUSES, TriggerRequest
from .._window.zones import iso
from . import end
from .outcome import CUT_OFF, SHUT_OUT, DeviceFacts, fate_of, outcome_of, summary
from .plan import Plan, PlannedWave, make_plan
from .request import RolloutRequest, wave_request
from .state import State
from .thresholds import PROCEED
from .wave import (
    LEFT,
    UNKNOWN,
    Judged,
    Started,
    failures_allowed,
    fate_later,
    gate,
    judge_wave,
    needed_time,
    observed,
    seen_again,
    start_rollback,
    start_wave,
)

STALE = 60.0  # seconds after which a read of the fleet no longer passes for the present: two heartbeats and more
LONG_WAIT = 60.0  # a wait for the window after which the plan is made anew
SLICE = 30.0
ROLLBACK = "rollback"
LOST_STEP = "lost_step"
LOST = "A step before left no result: what it did is read from the service. Rerun to continue."
Row = dict[str, t.Any]


class Records(t.Protocol):
    """Where the evidence goes; see _evidence.recorder."""

    def record(self, event: str, data: Mapping[str, t.Any]) -> None:
        """Never raises once the run has begun."""


class Rollout:
    """One step of a rollout over its ports: the service with its clocks and its progress, and the evidence."""

    def __init__(self, request: RolloutRequest, client: Client, evidence: Records, state: State) -> None:
        self.request = request
        self.client = client
        self.evidence = evidence
        self.state = state
        self.changed = False

    # The plan

    async def plan(self, dry: bool) -> None:
        """Read, plan, and unless C(dry) wait until the window is open. Raises ConnectError when it cannot be read."""
        await self._make_plan()
        if dry or self._plan.refused or not self._plan.due or self.request.calendar is None:
            return
        if await self._wait_for_window() > LONG_WAIT and self.state.code is None:
            await self._make_plan()

    async def _make_plan(self) -> None:
        before = self.client.api_calls()
        # The whole project: a device that received the update may have left its group since.
        devices = await self._read((), online=True)
        plan = self.state.plan = make_plan(self.request, devices, self.request.entries)
        self.state.read_at = self.client.waits.clock()
        deployment = self.request.deployment
        about = {"flow_id": deployment.flow_id, "app": self.request.options["app"], "project": deployment.project}
        self._record(
            "planned", before, digest=plan.digest, mark=plan.mark, msg=plan.msg, plan=plan.as_result(), **about
        )

    async def _wait_for_window(self) -> float:
        """Seconds that it took to open, as the longest wait allows; else the run ends here."""
        request, clock = self.request, self.client.waits.clock
        zones = {member.device_uuid: request.zones.get(member.device_uuid) for member in self._plan.due}
        began, said = clock(), ""
        while True:
            passed = gate(request, zones, self.client.now(), needed_time(request, ()))
            left = request.window_wait.total_seconds() - (clock() - began)
            if passed.open or left <= 0:
                break
            opening = passed.status.next_opening if passed.status else None
            until = (opening - self.client.now()).total_seconds() if opening else left
            if until > left:
                break
            if passed.sentence != said:
                said = passed.sentence
                self._say("%s Waiting for at most %s." % (said, in_words(request.window_wait)))
            await self.client.waits.sleep(max(1.0, min(SLICE, until)))
        self._record("gate", phase="window", **passed.as_result())
        if not passed.open:
            self.state.stop(
                "window_closed",
                "%s Nothing was sent. Rerun when a window is open, or set connect_window_wait." % passed.sentence,
            )
        return clock() - began

    # A wave

    async def wave(self, name: str) -> bool:
        """One wave, from its gate to its soak; whether it began. What goes wrong becomes the verdict of the state.
        Interrupted is raised when all devices have been attended to.
        """
        wave = self._plan.wave(name)
        if wave is None or self.state.code is not None or self._plan.refused:
            return False
        before = [one.name for one in self._plan.waves[: self._plan.waves.index(wave)]]
        if not set(before).issubset(self.state.done):
            self.state.stop(LOST_STEP, "%s was not started. %s" % (name, LOST))
            return False
        if self.request.deployment.mark != self._plan.mark:
            self.state.stop(
                "plan_changed",
                "%s was not started: its flow, parameters or deployment key are not those of the plan. "
                "A hook or another task has changed a variable." % name,
            )
            return False
        started: Started | None = None
        try:
            started = await self._gate(wave)
            if started is not None and started.acting:
                await self._update(wave, started)
                await self._soak(wave, started)
            elif started is not None:
                self.state.counts = self._judge(started, {}, "after_wait").total
            if self.client.interrupted:  # while the devices were held
                raise Interrupted("Interrupted by %s." % self.client.interrupted)
        except ConnectError as failure:
            self.state.stop(failure.code, "%s: %s" % (name, failure.msg))
            self._record("failed", code=failure.code, msg=failure.msg, wave=name)
            if isinstance(failure, Interrupted):
                raise
        if self.state.code == "rollout_failed" and self.request.rollback is not None and self.state.touched:
            await self._roll_back()
        self.state.done.append(name)
        self._record("wave_ended", wave=name, due=len(started.due) if started else 0)
        return started is not None

    async def _gate(self, wave: PlannedWave) -> Started | None:
        """Which devices start now; None when the wave does not begin."""
        request, state = self.request, self.state
        members = [member for member in self._plan.members if member.wave == wave.name]
        if self._is_stale():
            devices = await self._read_wave(wave)
            wave, members = seen_again(request, self._plan, wave, devices, request.entries)
            shown = {one.device_uuid: one for one in members}
            # So that a device which needs nothing any more does not count as left.
            everybody = tuple(shown.get(one.device_uuid, one) for one in self._plan.members)
            state.plan = replace(self._plan, members=everybody)
        started = start_wave(request, wave, members, request.zones, self.client.now(), state.seconds)
        closed = sorted(started.gate.closed)
        self._record("wave_started", wave=wave.name, due=len(started.due), device_uuids=started.uuids)
        self._record("gate", wave=wave.name, phase="release", **started.gate.as_result())
        state.untouched.update({one.device_uuid: str(one.skip_word) for one in started.skipped})
        state.untouched.update(dict.fromkeys(closed, LEFT))
        if wave.standing:
            state.stop(wave.standing["code"], wave.standing["msg"])
            return None
        if closed and not started.acting:
            state.stop(
                "window_closed",
                "%s was not started: %s An update is expected to need %s."
                % (wave.name, started.gate.sentence, in_words(started.gate.need)),
            )
            return None
        self._say(
            "%s: %d of %s take part. %s"
            % (wave.name, len(started.acting), devices_word(len(members)), started.gate.sentence)
        )
        return started

    async def _update(self, wave: PlannedWave, started: Started) -> None:
        """Release, send, wait and judge; then hold, whatever happened."""
        self.state.touched.update(dict.fromkeys(started.uuids, UNKNOWN))
        try:
            stuck, devices, read_at = await self._release(
                started.to_release(), started.gate.not_after, self._groups(started), wave=started.name
            )
            self.state.rows.update(stuck)
            started = started.without(stuck)
            rows = await self._send(wave, started, devices, read_at)
            fates = self._fates(started, rows)
            moving = [uuid for uuid in started.uuids if fates[uuid] not in FINISHED]
            offline = await self._offline(wave, started) if moving else set()
            self._judge(started, fates, "after_wait", offline)
        finally:
            # On a signal too; nothing is sent any more when the run has ended (see _service.lease).
            await self._hold(
                {uuid: self.state.touched[uuid] for uuid in wave.device_uuids if uuid in self.state.touched}
            )

    async def _release(
        self, uuids: Sequence[str], not_after: datetime | None, groups: tuple[str, ...], **about: t.Any
    ) -> tuple[dict[str, Row], list[Device], float]:
        """Release, and read whether it took effect: a token of another device shows here, before anything is sent.

        The rows of the devices that are not released, what was read, and when.
        """
        before, rows = self.client.api_calls(), {}
        if uuids:
            self._say("%s: releasing %s" % (" ".join(about.values()), devices_word(len(uuids))))
            rows = await self._set_trigger(uuids, hold=False, not_after=not_after)
        awaited = [uuid for uuid, row in rows.items() if row["outcome"] != "failed"]
        try:
            read_at, devices = self.client.waits.clock(), []
            for pause in (0.0, *VERIFY_PAUSES):
                await self.client.waits.sleep(pause)
                read_at = self.client.waits.clock()
                devices = await self._read(groups, online=False)
                held = {device.uuid for device in devices if device.held is not False}
                if not held.intersection(awaited):
                    break
            for uuid, row in rows.items():
                if uuid not in held and row["outcome"] == UNKNOWN:
                    row.update(outcome="changed", code=None, msg=None)
                elif uuid in held and row["outcome"] == "changed":
                    row.update(outcome="failed", code="verify_failed", msg=NOT_RELEASED)
        finally:  # also when it cannot be read whether the release took effect
            if rows:
                self._record("released", before, rows=list(rows.values()), **about)
        return {uuid: row for uuid, row in rows.items() if row["outcome"] in ("failed", UNKNOWN)}, devices, read_at

    async def _send(self, wave: PlannedWave, started: Started, devices: Sequence[Device], read_at: float) -> list[Row]:
        """Send to the devices that act, and wait until they have finished. One row for each of them."""
        if not started.acting:
            return []
        before, began = self.client.api_calls(), self.client.now()
        passed = started.gate
        asked = wave_request(
            self.request.deployment,
            {**(wave.selector or {} if started.exact else {}), "device_uuids": started.uuids},
            deadline=Deadline(passed.not_after),
            wait_until=passed.status.closes_at if passed.status else None,
            max_failures=failures_allowed(self.request, started),
        )
        return await self._deploy(asked, before, began, (devices, read_at), wave=started.name)

    async def _deploy(
        self,
        asked: t.Any,
        before: Mapping[str, t.Any],
        began: datetime,
        read: tuple[Sequence[Device], float],
        **about: t.Any,
    ) -> list[Row]:
        self.client.renew_budget()
        self.client.waits.progress.topic = " ".join(map(str, about.values()))
        try:
            report = await apply_deployment(asked, self.client, dry=False, read=read)
        except ConnectError as failure:
            if failure.code != "empty_target":
                raise
            rows: list[Row] = []  # the filters match none of them any more
            self._record("deployed", before, rows=rows, code=failure.code, msg=failure.msg, **about)
            return rows
        finally:
            self.client.waits.progress.topic = ""
        self.changed |= report.changed
        rows = report.result["devices"]
        found = {"rows": rows, "summary": report.result["summary"], "deployment": report.result["deployment"]}
        times = {"started_at": iso(began), "ended_at": iso(self.client.now())}
        self._record("deployed", before, code=report.code, msg=report.msg, **found, **times, **about)
        return rows

    def _fates(self, started: Started, rows: Sequence[Row]) -> dict[str, str]:
        self.state.rows.update({row["device_uuid"]: row for row in rows})
        said = {row["device_uuid"]: row for row in (*started.not_released, *rows)}
        return {
            uuid: fate_of(row.get("status"), row["outcome"], row["code"], row.get("plan"))
            for uuid, row in {**dict.fromkeys(started.uuids, NO_ROW), **said}.items()
        }

    def _judge(self, started: Started, fates: Mapping[str, str], phase: str, offline: Collection[str] = ()) -> Judged:
        state = self.state
        judged = judge_wave(self.request, started, fates, offline, state.counts, self.client.now(), state.rows)
        state.touched.update(judged.fates)
        self._record("judged", wave=started.name, phase=phase, **judged.as_result(self.request))
        self._say("%s: %s" % (judged.verdict.verdict, judged.verdict.msg))
        if judged.verdict.verdict != PROCEED:
            state.stop(str(judged.verdict.code), judged.verdict.msg)
        self._judged = judged
        return judged

    async def _soak(self, wave: PlannedWave, started: Started) -> None:
        """Leave the devices alone for a while, then judge once more by what they show."""
        seconds = self.request.soak.total_seconds() if wave.soak_seconds is None else wave.soak_seconds
        if self.state.code is None and seconds and started.acting:
            self._say("%s: soaking for %d s" % (wave.name, seconds))
            await self.client.waits.sleep(seconds)
            devices = await self._read(self._groups(started), online=True)
            shown = {device.uuid: device for device in devices}
            mark = self.request.deployment.mark
            fates = {uuid: fate_later(shown.get(uuid), mark, fate, False) for uuid, fate in self._judged.fates.items()}
            offline = {device.uuid for device in devices if device.online is False}
            self._observe(devices, wave.device_uuids, wave=wave.name, phase="after_soak")
            self._judge(started, fates, "after_soak", offline)
        self.state.counts = self._judged.total

    async def _roll_back(self) -> None:
        """The flow that rolls back, to exactly the devices that were touched: a deployment of its own, in one wave."""
        request, state = self.request, self.state
        started = start_rollback(request, self._plan, state.touched, request.zones, self.client.now())
        asked = t.cast(t.Any, request.rollback)
        about = {"flow_id": asked.flow_id, "app": request.options["rollback_app"], "reason": state.msg}
        self._record("rollback_started", device_uuids=list(started.acting), **about)
        self._record("gate", wave=ROLLBACK, phase=ROLLBACK, **started.gate.as_result())
        if started.gate.closed:
            state.msg += (
                " %d devices were not rolled back: %s Set connect_rollback_outside_window to roll back anyway."
                % (
                    len(started.gate.closed),
                    started.gate.sentence,
                )
            )
        if not started.acting:
            return
        self._say("rolling back %s" % devices_word(len(started.acting)))
        state.rolled_back.update(dict.fromkeys(started.acting, UNKNOWN))
        try:
            await self._roll_back_now(started)
        except ConnectError as failure:
            state.msg += " The rollback went wrong: %s" % failure.msg
            if isinstance(failure, Interrupted):
                raise
        finally:
            await self._hold({uuid: state.rolled_back[uuid] for uuid in started.acting}, phase=ROLLBACK)

    async def _roll_back_now(self, started: t.Any) -> None:
        state, passed = self.state, started.gate
        stuck, devices, read_at = await self._release(list(started.release), passed.not_after, (), phase=ROLLBACK)
        acting = [uuid for uuid in started.acting if uuid not in stuck]
        asked = wave_request(
            t.cast(t.Any, self.request.rollback),
            {"device_uuids": acting},
            deadline=Deadline(passed.not_after),
            wait_until=passed.status.closes_at if passed.status else None,
        )
        before, began = self.client.api_calls(), self.client.now()
        sent = await self._deploy(asked, before, began, (devices, read_at), phase=ROLLBACK) if acting else []
        state.rolled_back.update({row["device_uuid"]: row["status"] or UNKNOWN for row in sent})
        undone = [uuid for uuid in started.acting if state.rolled_back[uuid] == "success"]
        state.msg += " Rolled back %d of %d devices. To try again, set another connect_deployment_key." % (
            len(undone),
            len(started.acting),
        )

    # The end

    async def finish(self, lost: bool, dry: bool) -> dict[str, t.Any]:
        """Hold what has to be held and may not be, and conclude. C(lost): a step before left no result, so the devices
        that it may have touched count as touched.
        """
        state = self.state
        lost = lost or state.code == LOST_STEP
        if state.code is None and (lost or state.plan is None):
            state.stop(LOST_STEP, LOST)
        if state.plan is not None and not dry:
            maybe = end.may_be_touched(self._plan, state.done) if lost else []
            state.touched = {**dict.fromkeys(maybe, UNKNOWN), **state.touched}
            await self._settle(maybe)
        rows = self._rows()
        result = end.conclude(self.request, state, summary(row["outcome"] for row in rows), dry)
        self._record("run_ended", **result, devices=rows)
        return {**result, "devices": rows}

    async def _settle(self, unsure: Collection[str]) -> None:
        """Read the fleet once more if anything is uncertain, and hold what must be held and is not shown as held.

        C(unsure): UUIDs of devices for which that may be out of date, because a step may just have released them.
        """
        request, plan, state = self.request, self._plan, self.state
        unsettled = [uuid for uuid, fate in state.touched.items() if fate not in FINISHED]
        if not unsettled and not state.open and not plan.leftovers:
            return  # each wave has held its devices, and their tokens were seen to be theirs
        devices: Sequence[Device] = ()
        try:
            self.client.renew_budget()
            devices = await self._read((), online=False)
            self._observe(devices, {*state.touched, *plan.leftovers}, phase="end")
        except ConnectError as failure:
            self._record("failed", code=failure.code, msg=failure.msg)
        fates = end.fates_at_the_end(request, plan, state.touched, devices)
        state.touched = {uuid: fate for uuid, fate in fates.items() if uuid in state.touched}
        held = {device.uuid for device in devices if device.held is True} - {*state.open, *unsure}
        due = [uuid for uuid in end.to_hold(request, plan, fates) if uuid not in held]
        await self._hold(dict.fromkeys(due, UNKNOWN), verify=True, phase="end")

    def _rows(self) -> list[Row]:
        """One row for each device of the plan."""
        state, found = self.state, []
        for member in state.plan.members if state.plan else ():
            uuid = member.device_uuid
            row, after = state.rows.get(uuid, {}), state.after.get(uuid, {})
            fate = state.touched.get(uuid, state.untouched.get(uuid))
            cut_off = fate == LEFT and uuid in state.touched and not row.get("msg")
            said = CUT_OFF if cut_off else SHUT_OUT if fate == LEFT and member.due and not row else row.get("msg") or ""
            facts = DeviceFacts(
                planned=member.plan_class,
                due=member.due,
                skip=member.skip,
                skip_word=member.skip_word,
                conflict=member.conflict,
                fate=fate,
                code=row.get("code"),
                said=said,
                left_open=uuid in state.open,
                rollback=state.rolled_back.get(uuid),
            )
            outcome = outcome_of(facts)
            found.append(
                {
                    "device_uuid": uuid,
                    "name": member.name,
                    "group": member.group,
                    "wave": member.wave,
                    "class": member.plan_class,
                    **vars(outcome),
                    "left_open": uuid in state.open,
                    "before": {"version": member.version, "held": member.held, "online": member.online},
                    "after": {"version": None, "held": None, "online": None, **after},
                    "attempts": row.get("attempts", 0),
                    "seconds": row.get("seconds"),
                    "rollback": state.rolled_back.get(uuid),
                }
            )
        return found

    # What all of them do

    @property
    def _plan(self) -> Plan:
        return t.cast(Plan, self.state.plan)

    def _is_stale(self) -> bool:
        """Whether what the plan read no longer passes for the present. Tasks of the user may do anything in between."""
        return bool(self.request.hooks) or self.client.waits.clock() - self.state.read_at > STALE

    def _groups(self, started: Started) -> tuple[str, ...]:
        """The groups that have to be read for the wave; none means the project."""
        wave = self._plan.wave(started.name)
        own = (wave.selector or {}).get("groups") if wave and started.exact else None
        return tuple(own or self.request.deployment.groups)

    async def _read_wave(self, wave: PlannedWave) -> list[Device]:
        """The groups of the wave with their online states; the project if a device is not in them any more."""
        groups = tuple((wave.selector or {}).get("groups") or self.request.deployment.groups)
        devices = await self._read(groups, online=True)
        if groups and not {device.uuid for device in devices}.issuperset(wave.device_uuids):
            devices = await self._read((), online=True)
        return devices

    async def _read(self, groups: tuple[str, ...], online: bool) -> list[Device]:
        """The devices of the groups, or of the project. Raises ConnectError when not all of them could be read."""
        api, project = self.client.api, self.request.deployment.project
        devices = await read_scope(api, project, groups)
        if api.incomplete:
            raise ConnectError(
                "JFrog Connect returned an incomplete device list. Nothing was sent. Rerun.", code="unreadable_reply"
            )
        if not online:
            return devices
        states = await self._online_states(groups)
        return [replace(device, online=states.get(device.uuid)) for device in devices]

    async def _offline(self, wave: PlannedWave, started: Started) -> set[str]:
        """UUIDs of the devices of the wave that are offline now; none when that cannot be read."""
        try:
            states = await self._online_states(self._groups(started))
        except Interrupted:
            raise
        except ConnectError:
            return set()
        for uuid in states.keys() & set(wave.device_uuids):
            self.state.after.setdefault(uuid, {})["online"] = states[uuid]
        return {uuid for uuid in wave.device_uuids if states.get(uuid) is False}

    async def _online_states(self, groups: tuple[str, ...]) -> dict[str, bool]:
        states: dict[str, bool] = {}
        for group in groups or (None,):
            states.update(await self.client.api.online_states(self.request.deployment.project, group))
        return states

    async def _set_trigger(
        self, uuids: Sequence[str], hold: bool, not_after: datetime | None = None, verify: bool = False
    ) -> dict[str, Row]:
        """Rows by UUID. Written without a read: a list that is late might say that nothing is to be done."""
        self.client.renew_budget()
        entries = tuple(self.request.entries[uuid] for uuid in uuids)
        project = self.request.deployment.project
        asked = TriggerRequest(entries, hold, project, None, not verify, verify, Deadline(not_after))
        report = await apply_trigger(asked, self.client, dry=False)
        self.changed |= report.changed
        return {row["device_uuid"]: row for row in report.result["devices"]}

    async def _hold(self, fates: Mapping[str, str], verify: bool = False, **about: t.Any) -> None:
        """Hold those of the devices that must be held; who could not be is noted as open."""
        uuids = end.to_hold(self.request, self._plan, fates)
        if not uuids:
            return
        before = self.client.api_calls()
        self._say("holding %s" % devices_word(len(uuids)))
        with self.client.uninterrupted():
            rows = await self._set_trigger(uuids, hold=True, verify=verify)
        self._record("held", before, rows=list(rows.values()), **({"phase": "after_wave"} | about))
        for uuid, row in rows.items():
            self.state.after.setdefault(uuid, {})["held"] = row["after"]
            self.state.open.pop(uuid, None)
            if row["outcome"] in ("failed", UNKNOWN):
                self.state.open[uuid] = str(row["msg"])

    def _observe(self, devices: Sequence[Device], uuids: Collection[str], **about: t.Any) -> None:
        seen = observed(self.request, devices, set(uuids))
        self._record("observed", devices=seen, **about)
        for row in seen:
            known = {name: row[name] for name in ("version", "held", "online") if row[name] is not None}
            self.state.after.setdefault(row["device_uuid"], {}).update(known)

    def _record(self, event: str, before: Mapping[str, t.Any] | None = None, /, **data: t.Any) -> None:
        """C(before): what the calls of the step cost until then; the record says what they have cost since."""
        if before is not None:
            now = self.client.api_calls()
            data["api_calls"] = {name: round(now[name] - before[name], 1) for name in now}
        self.evidence.record(event, data)

    def _say(self, text: str) -> None:
        self.client.waits.progress.say(text)


NO_ROW: Row = {"outcome": UNKNOWN, "code": None}
NOT_RELEASED = (
    "The service accepted the release, but shows the device as held, so nothing was sent to it. Its token may belong "
    "to another device, or its own application holds it; check connect_devices."
)
