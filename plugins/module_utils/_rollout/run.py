# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The order of things in a rollout: plan, waves, end. What is decided at each point is a pure function in
the files beside this one.

A wave is: gate, release, send, wait, judge, hold, soak; and roll back when it failed. Whatever happens in between, the
devices that it released are held before the step ends.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from .._errors import ConnectError
from .._reading.durations import in_words
from .._result import devices_word
from .._service.client import Interrupted
from .._service.deadline import Deadline
from .._service.fleet import online_states
from .._service.lease import RunEnded
from .._service.models import FINISHED, Device
from . import end
from .effects import Effects, Row
from .outcome import fate_of, summary
from .plan import PlannedWave, make_plan, warnings
from .request import wave_request
from .rollback import roll_back
from .thresholds import PROCEED
from .wave import (
    GONE,
    LEFT,
    UNKNOWN,
    Judged,
    Started,
    failures_allowed,
    fate_later,
    gate,
    judge_wave,
    needed_time,
    seen_again,
    start_wave,
)

STALE = 60.0  # seconds after which a read of the fleet no longer passes for the present: two heartbeats and more
LONG_WAIT = 60.0  # a wait for the window after which the plan is made anew
SLICE = 30.0
LOST_STEP = "lost_step"
LOST = "A step before left no result: what it did is read from the service. Rerun to continue."
NO_ROW: Row = {"outcome": UNKNOWN, "code": None}


class Rollout(Effects):
    """One step of a rollout."""

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
        devices = await self.read((), online=True)
        plan = self.state.plan = make_plan(self.request, devices, self.request.entries)
        self.state.read_at, self.state.fixed = self.client.waits.clock(), self.request.fixed()
        self.warnings = warnings(self.request, devices)
        deployment = self.request.deployment
        about = {"flow_id": deployment.flow_id, "app": self.request.options["app"], "project": deployment.project}
        self.record("planned", before, digest=plan.digest, mark=plan.mark, msg=plan.msg, plan=plan.as_result(), **about)

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
                self.say("%s Waiting for at most %s." % (said, in_words(request.window_wait)))
            await self.client.waits.sleep(max(1.0, min(SLICE, until)))
        self.record("gate", phase="window", **passed.as_result())
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
        changed = [one for one, value in self.request.fixed().items() if value != self.state.fixed[one]]
        if changed:
            self.state.stop(
                "plan_changed",
                "%s was not started: %s changed after the plan was made. Do not set variables of the rollout in a "
                "hook. Rerun to plan with the new value." % (name, ", ".join(changed)),
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
            self.client.check_goes_on()
        except ConnectError as raised:
            # Whatever a signal has led to, it is what has ended the wave.
            failure = Interrupted(self.client.interrupted) if self.client.interrupted else raised
            self.state.stop(failure.code, "%s: %s" % (name, failure.msg))
            self.record("failed", code=failure.code, msg=failure.msg, wave=name)
            if isinstance(failure, (Interrupted, RunEnded)):
                raise failure from None
        if self.state.code == "rollout_failed" and self.request.rollback is not None and self.state.touched:
            await roll_back(self, self._plan, self.request.rollback)
            self.client.check_goes_on()
        self.state.done.append(name)
        self.record("wave_ended", wave=name, due=len(started.due) if started else 0)
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
            now_known = tuple(shown.get(one.device_uuid, one) for one in self._plan.members)
            state.plan = replace(self._plan, members=now_known)
        started = start_wave(request, wave, members, request.zones, self.client.now(), state.seconds)
        closed = sorted(started.gate.closed)
        self.record("wave_started", wave=wave.name, due=len(started.due), device_uuids=started.uuids)
        self.record("gate", wave=wave.name, phase="release", **started.gate.as_result())
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
        self.say(
            "%s: %d of %s take part. %s"
            % (wave.name, len(started.acting), devices_word(len(members)), started.gate.sentence)
        )
        return started

    async def _update(self, wave: PlannedWave, started: Started) -> None:
        """Release, send, wait and judge; then hold, whatever happened."""
        self.state.touched.update(dict.fromkeys(started.uuids, UNKNOWN))
        try:
            stuck, devices, read_at = await self.release(
                started.to_release(), started.gate.not_after, self._groups(started), wave=started.name
            )
            self.state.rows.update(stuck)
            started = started.without(stuck)
            rows = await self._send(wave, started, devices, read_at)
            fates = self._fates(started, rows)
            moving = [uuid for uuid in started.uuids if fates[uuid] not in (*FINISHED, GONE)]
            offline = await self._offline(wave, started) if moving else set()
            self._judge(started, fates, "after_wait", offline)
        finally:
            # On a signal too; nothing is sent any more when the run has ended (see _service.lease).
            await self.hold(
                {uuid: self.state.touched[uuid] for uuid in wave.device_uuids if uuid in self.state.touched}
            )

    async def _send(self, wave: PlannedWave, started: Started, devices: Sequence[Device], read_at: float) -> list[Row]:
        """Send to the devices that act, and wait until they have finished. One row for each of them."""
        if not started.acting:
            return []
        passed = started.gate
        asked = wave_request(
            self.request.deployment,
            {**(wave.selector or {} if started.exact else {}), "device_uuids": started.uuids},
            deadline=Deadline(passed.not_after),
            wait_until=passed.status.closes_at if passed.status else None,
            max_failures=failures_allowed(self.request, started),
        )
        return await self.deploy(asked, (devices, read_at), wave=started.name)

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
        self.record("judged", wave=started.name, phase=phase, **judged.as_result(self.request))
        self.say("%s: %s" % (judged.verdict.verdict, judged.verdict.msg))
        if judged.verdict.verdict != PROCEED:
            state.stop(str(judged.verdict.code), judged.verdict.msg)
        self._judged = judged
        return judged

    async def _soak(self, wave: PlannedWave, started: Started) -> None:
        """Leave the devices alone for a while, then judge once more by what they show."""
        seconds = self.request.soak.total_seconds() if wave.soak_seconds is None else wave.soak_seconds
        if self.state.code is None and seconds and started.acting:
            self.say("%s: soaking for %d s" % (wave.name, seconds))
            await self.client.waits.sleep(seconds)
            devices = await self.read(self._groups(started), online=True)
            shown = {device.uuid: device for device in devices}
            mark = self.request.deployment.mark
            fates = {uuid: fate_later(shown.get(uuid), mark, fate, False) for uuid, fate in self._judged.fates.items()}
            offline = {device.uuid for device in devices if device.online is False}
            self.observe(devices, wave.device_uuids, wave=wave.name, phase="after_soak")
            self._judge(started, fates, "after_soak", offline)
        self.state.counts = self._judged.total

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
            await self._settle(maybe, lost)
        rows = end.rows_of(state)
        result = end.conclude(self.request, state, summary(row["outcome"] for row in rows), dry)
        self.record("run_ended", **result, devices=rows)
        return {**result, "devices": rows}

    async def _settle(self, unsure: Collection[str], lost: bool) -> None:
        """Read the fleet once more if anything is uncertain, and hold what must be held and is not shown as held.

        C(unsure): UUIDs of devices for which that may be out of date, because a step may just have released them.
        """
        request, plan, state = self.request, self._plan, self.state
        unsettled = [uuid for uuid, fate in state.touched.items() if fate not in (*FINISHED, GONE)]
        if not unsettled and not state.open and not plan.leftovers and not lost:
            return  # each wave has held its devices, and their tokens were seen to be theirs
        devices: Sequence[Device] = ()
        try:
            self.client.renew_budget()
            devices = await self.read((), online=False)
            self.observe(devices, {*state.touched, *plan.leftovers}, phase="end")
        except ConnectError as failure:
            self.record("failed", code=failure.code, msg=failure.msg)
        if lost:
            touched = end.were_touched(plan, request.deployment.mark, state.done, devices)
            state.touched = {**dict.fromkeys(touched, UNKNOWN), **state.touched}
        fates = end.fates_at_the_end(request, plan, state.touched, devices)
        state.touched = {uuid: fate for uuid, fate in fates.items() if uuid in state.touched}
        held = {device.uuid for device in devices if device.held is True} - {*state.open, *unsure}
        undone = [*state.rolled_back, *end.undone(request, state.touched, devices)]
        open_fates = {**fates, **dict.fromkeys(undone, UNKNOWN)}
        due = [uuid for uuid in end.to_hold(request, plan, open_fates) if uuid not in held]
        await self.hold(dict.fromkeys(due, UNKNOWN), verify=True, phase="end")

    # What several of them do

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
        devices = await self.read(groups, online=True)
        if groups and not {device.uuid for device in devices}.issuperset(wave.device_uuids):
            devices = await self.read((), online=True)
        return devices

    async def _offline(self, wave: PlannedWave, started: Started) -> set[str]:
        """UUIDs of the devices of the wave that are offline now; none when that cannot be read."""
        try:
            states = await online_states(self.client.api, self.request.deployment.project, self._groups(started))
        except Interrupted:
            raise
        except ConnectError:
            return set()
        for uuid in states.keys() & set(wave.device_uuids):
            self.state.after.setdefault(uuid, {})["online"] = states[uuid]
        return {uuid for uuid in wave.device_uuids if states.get(uuid) is False}
