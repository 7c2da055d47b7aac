# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What a rollout does to its devices: read, release, send, hold; each leaves its record in the evidence."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from .._deploy.apply import Read, apply_deployment
from .._deploy.request import DeployRequest
from .._errors import ConnectError, Rejected
from .._result import devices_word
from .._service.client import Client
from .._service.deadline import Deadline
from .._service.fleet import online_states, read_scope, with_states
from .._service.lease import RunEnded
from .._service.models import Device
from .._trigger.apply import apply_trigger
from .._trigger.plan import VERIFY_PAUSES, TriggerRequest
from .._window.zones import iso
from . import end
from .plan import Plan
from .request import RolloutRequest
from .state import State
from .wave import GONE, UNKNOWN, observed

NOT_RELEASED = (
    "The service accepted the release, but shows the device as held, so nothing was sent to it. Its token may belong "
    "to another device, or its own application holds it; check connect_devices."
)
Row = dict[str, t.Any]


class Records(t.Protocol):
    """Where the evidence goes; see _evidence.recorder."""

    def record(self, event: str, data: Mapping[str, t.Any]) -> None:
        """Never raises once the run has begun."""


class Effects:
    """Over the ports of a rollout: the service with its clocks and its progress, and the evidence."""

    def __init__(self, request: RolloutRequest, client: Client, evidence: Records, state: State) -> None:
        self.request = request
        self.client = client
        self.evidence = evidence
        self.state = state
        self.changed = False
        self.warnings: list[str] = []

    @property
    def _plan(self) -> Plan:
        return t.cast(Plan, self.state.plan)

    async def read(self, groups: tuple[str, ...], online: bool) -> list[Device]:
        """The devices of the groups, or of the project. Raises ConnectError when not all of them could be read."""
        api, project = self.client.api, self.request.deployment.project
        devices = await read_scope(api, project, groups)
        if api.incomplete:
            raise ConnectError(
                "JFrog Connect returned an incomplete device list. Nothing was sent. Rerun.", code="unreadable_reply"
            )
        if not online:
            return devices
        return with_states(devices, await online_states(api, project, groups))

    async def release(
        self, uuids: Sequence[str], not_after: datetime | None, groups: tuple[str, ...], **about: t.Any
    ) -> tuple[dict[str, Row], list[Device], float]:
        """Release, and read whether it took effect: a token of another device shows here, before anything is sent.

        The rows of the devices that are not released, what was read, and when.
        """
        before, rows = self.client.api_calls(), {}
        if uuids:
            self.say("%s: releasing %s" % (" ".join(about.values()), devices_word(len(uuids))))
            rows = await self._set_trigger(uuids, hold=False, not_after=not_after)
        awaited = [uuid for uuid, row in rows.items() if row["outcome"] != "failed"]
        try:
            read_at, devices = self.client.waits.clock(), []
            for pause in (0.0, *VERIFY_PAUSES):
                await self.client.waits.sleep(pause)
                read_at = self.client.waits.clock()
                devices = await self.read(groups, online=False)
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
                self.record("released", before, rows=list(rows.values()), **about)
        return {uuid: row for uuid, row in rows.items() if row["outcome"] in ("failed", UNKNOWN)}, devices, read_at

    async def deploy(self, asked: DeployRequest, read: Read, **about: t.Any) -> list[Row]:
        """Send, and wait as C(asked) says. One row for each device that the deployment reaches.

        C(read): what the caller has just read, and when.
        """
        before, began = self.client.api_calls(), self.client.now()
        self.client.renew_budget()
        self.client.waits.progress.topic = " ".join(map(str, about.values()))
        try:
            report = await apply_deployment(asked, self.client, dry=False, read=read)
        except ConnectError as failure:
            if failure.code != "empty_target":
                raise
            rows: list[Row] = []  # the filters match none of them any more
            self.record("deployed", before, rows=rows, code=failure.code, msg=failure.msg, **about)
            return rows
        finally:
            self.client.waits.progress.topic = ""
        self.changed |= report.changed
        rows = report.result["devices"]
        found = {"rows": rows, "summary": report.result["summary"], "deployment": report.result["deployment"]}
        times = {"started_at": iso(began), "ended_at": iso(self.client.now())}
        self.record("deployed", before, code=report.code, msg=report.msg, **found, **times, **about)
        self.client.check_goes_on()  # what was kept back for that is nobody's verdict
        return rows

    async def hold(self, fates: Mapping[str, str], verify: bool = False, **about: t.Any) -> None:
        """Hold those of the devices that must be held; who could not be is noted as open."""
        uuids = end.to_hold(self.request, self._plan, fates)
        if not uuids:
            return
        before = self.client.api_calls()
        self.say("holding %s" % devices_word(len(uuids)))
        signalled = self.client.interrupted
        with self.client.uninterrupted():
            rows = await self._set_trigger(uuids, hold=True, verify=verify)
            ended = self.client.run_ended or any(row["code"] == RunEnded.code for row in rows.values())
            left = [uuid for uuid, row in rows.items() if row["outcome"] in ("failed", UNKNOWN)]
            if ended and left and not signalled and await self.client.signal_follows():
                self.client.reopen()
                rows.update(await self._set_trigger(left, hold=True, verify=verify))
        self.record("held", before, rows=list(rows.values()), **({"phase": "after_wave"} | about))
        for uuid, row in rows.items():
            self.state.after.setdefault(uuid, {})["held"] = row["after"]
            self.state.open.pop(uuid, None)
            # A device that is not shown any more, and whose token is refused, is not there to be held.
            gone = fates[uuid] == GONE and row["code"] in (Rejected.code, "device_not_found")
            if row["outcome"] in ("failed", UNKNOWN) and not gone:
                self.state.open[uuid] = str(row["msg"])

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

    def observe(self, devices: Sequence[Device], uuids: Collection[str], **about: t.Any) -> None:
        seen = observed(self.request, devices, set(uuids))
        self.record("observed", devices=seen, **about)
        for row in seen:
            known = {name: row[name] for name in ("version", "held", "online") if row[name] is not None}
            self.state.after.setdefault(row["device_uuid"], {}).update(known)

    def record(self, event: str, before: Mapping[str, t.Any] | None = None, /, **data: t.Any) -> None:
        """C(before): what the calls of the step cost until then; the record says what they have cost since."""
        if before is not None:
            now = self.client.api_calls()
            data["api_calls"] = {name: round(now[name] - before[name], 1) for name in now}
        self.evidence.record(event, data)

    def say(self, text: str) -> None:
        self.client.waits.progress.say(text)
