# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""Carries a deployment out: send at most once, look up what is in doubt, follow it to a verdict, one row a device."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._client import Client
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deployment import (
    CURRENT,
    DONE,
    FAILURES,
    DeployPlan,
    DeployRequest,
    Sending,
    is_unfinished,
    make_plan,
    marked_updates,
    twice_sent,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import ConnectError, FateUnknown
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._fleet import read_devices
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._models import UPDATE_STATES, Device
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._report import (
    Report,
    count_outcomes,
    devices_word,
    name_troubled,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._wait import wait_until

LOOK_UP_PAUSES = (2.0, 4.0, 8.0, 16.0, 30.0)  # a list may lag, and a request may land after its time-out


@dataclass
class Row:
    """One targeted device in RV(devices)."""

    device_uuid: str
    name: str
    group: str
    held: bool | None
    plan: str
    status: str | None  # of its newest update with the mark, as last seen
    outcome: str = "unchanged"
    code: str | None = None
    msg: str | None = None

    @property
    def label(self) -> str:
        return self.name or self.device_uuid

    def went_wrong(self, code: str, msg: str, outcome: str = "failed") -> None:
        self.outcome, self.code, self.msg = outcome, code, msg


class Deployment:
    """One run of connect_deploy: the plan, the rows, and what has been seen of each device since."""

    def __init__(self, request: DeployRequest, devices: Sequence[Device]) -> None:
        self.request = request
        self.plan: DeployPlan = make_plan(request, devices)
        self.calls = 0
        self.twice: set[str] = set()
        self.warnings: list[str] = []
        self._marked_before = {device.uuid: len(marked_updates(device, request.mark)) for device in devices}
        self.rows = {
            device.uuid: Row(
                device.uuid, device.name, device.group, device.held, self.plan.classes[device.uuid], status=None
            )
            for device in devices
        }
        self.seen(devices)

    def seen(self, devices: Iterable[Device]) -> None:
        """Take over what a later look shows: the status of each row, and duplicates."""
        for device in devices:
            row = self.rows.get(device.uuid)
            if row is None:
                continue  # came into the target later; the deployment's devices were fixed when it was accepted
            row.held = device.held
            marked = marked_updates(device, self.request.mark)
            new = len(marked) > self._marked_before[device.uuid]
            if new and row.outcome == "unknown":
                row.outcome, row.code, row.msg = "changed", None, None
            if new or (marked and row.outcome != "changed"):
                row.status = marked[-1].status
            if twice_sent(device, self.request.mark):
                self.twice.add(row.label)

    def visible(self, sending: Sending, devices: Iterable[Device]) -> bool:
        """Whether any device of C(sending) shows an update with the mark that it did not show before."""
        ours = {device.uuid for device in sending.devices}
        return any(
            len(marked_updates(device, self.request.mark)) > self._marked_before[device.uuid]
            for device in devices
            if device.uuid in ours
        )

    def accepted(self, sending: Sending) -> None:
        for device in sending.devices:
            row = self.rows[device.uuid]
            row.outcome, row.code, row.msg, row.status = "changed", None, None, None

    def failed(self, sending: Sending, failure: ConnectError) -> None:
        for device in sending.devices:
            self.rows[device.uuid].went_wrong(failure.code, failure.msg)

    def doubtful(self, sending: Sending, msg: str) -> None:
        for device in sending.devices:
            self.rows[device.uuid].went_wrong(FateUnknown.code, msg, "unknown")

    @property
    def taking_part(self) -> list[Row]:
        """Rows of devices that have the deployment, as far as is known."""
        return [row for row in self.rows.values() if row.status is not None or row.outcome == "changed"]

    @property
    def unfinished(self) -> list[Row]:
        return [row for row in self.taking_part if is_unfinished(row.status)]

    @property
    def broken(self) -> list[Row]:
        return [row for row in self.taking_part if row.status in FAILURES]

    @property
    def failures_allowed(self) -> int:
        return max(self.request.max_failures, len(self.taking_part) * self.request.max_failure_percent // 100)

    def settled(self) -> bool:
        """Nothing left to wait for: all have finished, or too many have failed."""
        return not self.unfinished or len(self.broken) > self.failures_allowed


async def apply_deployment(request: DeployRequest, client: Client, dry: bool) -> Report:
    """Read, plan and, unless C(dry), send, look up and wait."""
    run = Deployment(request, await _read_target(request, client))
    if dry:
        for sending in run.plan.sendings:
            run.accepted(sending)
        run.calls = len(run.plan.sendings)
        return _report(run, client, verdict=None, dry=True)
    _warn_beforehand(run)
    await _send(run, client)
    verdict = await _follow(run, client)
    return _report(run, client, verdict, dry=False)


async def _read_target(request: DeployRequest, client: Client) -> list[Device]:
    devices = await read_devices(client.api, request.project, request.groups, request.filters)
    if client.api.incomplete:
        raise ConnectError(
            "%s Nothing was sent, because what was sent before could not be seen on all of them."
            % client.api.incomplete,
            code="unreadable_reply",
        )
    if not devices:
        raise ConnectError(
            "No device of project %s matches the groups and filters, so there is nothing to deploy to. Names are case "
            "sensitive; connect_device_info with the same filters shows what is there." % request.project,
            code="empty_target",
        )
    return devices


async def _send(run: Deployment, client: Client) -> None:
    request = run.request
    doubtful: list[Sending] = []
    last: ConnectError | None = None
    for sending in run.plan.sendings:
        if last is not None and last.fatal:
            run.failed(sending, last)
            continue
        try:
            await client.api.deploy(
                request.flow_id, request.project, sending.groups, sending.filters, request.metadata, request.parameters
            )
            run.calls += 1
            run.accepted(sending)
        except FateUnknown as failure:
            run.calls += 1
            run.doubtful(sending, failure.msg)
            doubtful.append(sending)
        except ConnectError as failure:
            run.failed(sending, failure)
            last = failure
    if doubtful:
        await _look_up(run, doubtful, client)


async def _look_up(run: Deployment, doubtful: list[Sending], client: Client) -> None:
    """Search for the mark with bounded patience; what shows up was accepted, what does not stays unknown."""
    looks = 0
    for pause in (0.0, *LOOK_UP_PAUSES):
        try:
            if pause:
                await client.waits.charge(pause, FateUnknown("The reply to a deployment was lost."))
            devices = await _look(run, client)
        except ConnectError as failure:
            if failure.transient and failure.code != "retry_budget_exhausted":
                continue
            break
        looks += 1
        for sending in [one for one in doubtful if run.visible(one, devices)]:
            run.accepted(sending)
            doubtful.remove(sending)
        run.seen(devices)
        if not doubtful:
            return
    for sending in doubtful:
        run.doubtful(
            sending,
            "The deployment was sent and no verdict came back. The devices were looked at %d times since, and none "
            "showed its mark %s. It was not sent again. Search for the mark in the web UI, or run the task again in a "
            "few minutes: it looks first, and sends only to devices that do not have it." % (looks, run.request.mark),
        )


async def _look(run: Deployment, client: Client) -> list[Device]:
    # Without the filters: a device's tags, state and app change while it is being updated.
    return await read_devices(client.api, run.request.project, run.request.groups, ())


async def _follow(run: Deployment, client: Client) -> ConnectError | None:
    """Wait to a verdict when asked to; otherwise look once, so that the rows say what is known."""

    async def look() -> bool:
        run.seen(await _look(run, client))
        return run.settled()

    request = run.request
    if request.wait and run.unfinished and not run.settled():
        return await wait_until(look, request.wait_timeout, request.wait_interval, client.waits)
    if run.calls and not request.wait and any(row.outcome == "changed" for row in run.rows.values()):
        try:
            await look()
        except ConnectError as failure:
            run.warnings.append(
                "The deployment was accepted, but the devices could not be read since: %s" % failure.msg
            )
    return None


def _warn_beforehand(run: Deployment) -> None:
    held = [
        row for row in run.rows.values() if row.held and row.plan not in (CURRENT, DONE) and row.status != "success"
    ]
    if held:
        run.warnings.append(
            "%s of the target are held, for example %s: they will not start the update before they are released."
            % (devices_word(len(held)), held[0].label)
        )
    again = [row for row in run.rows.values() if row.status is not None and row.plan != "retry"]
    if run.request.resend == "all" and run.plan.sendings and again:
        run.warnings.append(
            "resend: all sends the deployment once more to %s that already have it." % devices_word(len(again))
        )


def _report(run: Deployment, client: Client, verdict: ConnectError | None, dry: bool) -> Report:
    sent = [row for row in run.rows.values() if row.outcome == "changed"]
    for row in run.broken:
        row.went_wrong(
            "update_failed",
            "Its update %s. Run the task again with retry_failed: true to send it again."
            % ("was aborted" if row.status == "aborted" else "failed"),
        )
    rows = list(run.rows.values())
    if run.twice:
        run.warnings.append(
            "DUPLICATE: %s carry more than one unfailed update with the mark %s, for example %s. Somebody sent this "
            "deployment twice; abort the second one in the web UI if that is not too late."
            % (devices_word(len(run.twice)), run.request.mark, sorted(run.twice)[0])
        )
    code, trouble = _verdict(run, rows, verdict)
    statuses = [row.status for row in rows]
    return Report(
        changed=bool(sent) or any(row.outcome == "unknown" for row in rows),
        msg=" ".join(part for part in (_said(run, sent, dry), trouble) if part),
        code=code,
        result={
            "deployment": {
                "mark": run.request.mark,
                "comment": run.request.marked_comment,
                "calls": run.calls,
            },
            "plan": run.plan.uuids_by_class(),
            "devices": [dict(vars(row)) for row in rows],
            "summary": {
                **count_outcomes(rows),
                "statuses": {status: statuses.count(status) for status in UPDATE_STATES},
                "duplicates": len(run.twice),
            },
            "api_calls": client.api_calls(),
        },
        diff={
            "before": {row.device_uuid: row.plan for row in sent},
            "after": {row.device_uuid: "sent" for row in sent},
        },
        warnings=run.warnings,
    )


def _said(run: Deployment, sent: Sequence[Row], dry: bool) -> str:
    what = "flow %s%s" % (run.request.flow_id, " (%s %s)" % run.request.app if run.request.app else "")
    by_class = run.plan.uuids_by_class()
    rest = ", ".join("%d %s" % (len(uuids), name) for name, uuids in by_class.items() if uuids)
    statuses = [row.status for row in run.rows.values()]
    seen = ", ".join("%d %s" % (statuses.count(status), status) for status in UPDATE_STATES if status in statuses)
    if not run.plan.sendings:
        done = "Nothing to send of %s to %s (%s)" % (what, devices_word(len(run.rows)), rest)
    else:
        verb = "Would send" if dry else "Sent"
        done = "%s %s to %s of %d (%s)" % (verb, what, devices_word(len(sent)), len(run.rows), rest)
    return "%s, mark %s%s." % (done, run.request.mark, "; last seen: " + seen if seen else "")


def _verdict(run: Deployment, rows: Sequence[Row], verdict: ConnectError | None) -> tuple[str | None, str]:
    """The failure code and what to say about it; the gravest first."""
    if any(row.outcome == "unknown" for row in rows):
        return FateUnknown.code, name_troubled([row for row in rows if row.outcome == "unknown"])
    refused: list[t.Any] = [row for row in rows if row.outcome == "failed" and row.status not in FAILURES]
    if refused:
        codes = {row.code for row in refused}
        return (codes.pop() if len(codes) == 1 else "devices_failed"), name_troubled(refused)
    broken, allowed = run.broken, run.failures_allowed
    if len(broken) > allowed:
        return "rollout_failed", "The update failed on %d of %s, allowed are %d: %s" % (
            len(broken),
            devices_word(len(run.taking_part)),
            allowed,
            name_troubled(broken),
        )
    if verdict is None:
        return None, ""
    left = run.unfinished
    held = sum(row.held is True for row in left)
    return verdict.code, "%s %s not finished (%s%s), %d of them held. Running the task again goes on waiting; %s." % (
        verdict.msg,
        devices_word(len(left)),
        ", ".join("%s: %s" % (row.label, row.status or "not shown yet") for row in left[:5]),
        ", ..." if len(left) > 5 else "",
        held,
        "nothing that was sent will be sent again",
    )
