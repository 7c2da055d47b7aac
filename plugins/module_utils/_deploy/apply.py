# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Carries a deployment out: send at most once, search for what is in doubt, wait for a verdict, one row a device."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence

from .._errors import (
    BudgetExhausted,
    ConnectError,
    FateUnknown,
)
from .._result import (
    Report,
    devices_word,
)
from .._service.client import Client
from .._service.deadline import TooLate
from .._service.fleet import read_scope, select
from .._service.journal import SETTLE
from .._service.models import Device
from .._service.polling import wait_until
from .plan import NEEDED, RETRY, Sending, marked_updates
from .request import DeployRequest
from .result import report_of, statuses_of
from .state import (
    IN_DOUBT,
    REFUSED,
    YES,
    Deployment,
    Row,
)

NAMELESS = ConnectError(
    "The service does not tell the UUID of this device, so it cannot be sent to alone. resend: all sends to the whole "
    "target, also to the devices that have it.",
    code="unreadable_reply",
)


Read: t.TypeAlias = "tuple[Sequence[Device], float]"  # the scope, and when its first page was asked for
READS_BEFORE = 5  # a call that is delayed until the device list is stale, so often, is not sent


class _Stale(ConnectError):
    """The call was delayed until the device list was stale: another run may have sent the same meanwhile."""


class _Taken(ConnectError):
    """Another run on this machine has sent it."""


SEARCH_PAUSES = (2.0, 4.0, 8.0, 16.0, 30.0)  # a list may lag, and a request may land after its time-out


async def apply_deployment(request: DeployRequest, client: Client, dry: bool, read: Read | None = None) -> Report:
    """Read, plan and, unless C(dry), send, search and wait. C(read): what the caller has just read of the scope."""
    run = await _plan(request, client, read)
    _warn_beforehand(run, client, dry)
    verdict = None
    if dry:
        _predict(run, client)
    else:
        await _send(run, client)
        verdict = await _follow(run, client)
    return report_of(run, client.api_calls(), verdict, dry)


def _predict(run: Deployment, client: Client) -> None:
    """What a real run would now send."""
    late: ConnectError | None = None
    try:
        run.request.deadline.check(client.now())
    except TooLate as failure:
        late = failure
    for sending in run.plan.sendings:
        trouble = late or (None if _can_be_named(sending) else NAMELESS)
        run.record(sending, REFUSED if trouble else YES, trouble)
        run.calls += trouble is None


async def _plan(request: DeployRequest, client: Client, read: Read | None) -> Deployment:
    """The plan, once everything that this machine sent a moment ago has had time to show."""
    pauses = iter(SEARCH_PAUSES)
    while True:
        if read is not None:
            (scope, asked_at), read = read, None
        else:
            asked_at = client.waits.clock()  # what the list shows may be as old as this
            scope = await read_scope(client.api, request.project, request.sent_groups, _only_devices(request))
        if client.api.incomplete:
            raise ConnectError(
                "%s Nothing was sent, because what was sent before could not be seen on all of them."
                % client.api.incomplete,
                code="unreadable_reply",
            )
        reached = await select(client.api, request.project, request.sent_groups, scope, request.sent_filters)
        target = _of_the_wave(request, scope, reached)
        if not target:
            raise ConnectError(
                "No device of project %s matches the groups and filters, so there is nothing to deploy to. Names are "
                "case sensitive; connect_device_info with the same filters shows what is there." % request.project,
                code="empty_target",
            )
        lately = _sent_lately(request, scope, client, asked_at)
        run = Deployment(request, scope, target, lately, client.waits.clock, asked_at, reached == target)
        lost = sorted((request.wave.device_uuids or frozenset()) - {device.uuid for device in target})
        if lost:
            run.warnings.append(
                "%s of wave.device_uuids are not in the target and have no row, for example %s."
                % (devices_word(len(lost)), lost[0])
            )
        unsettled = [row for row in run.rows.values() if _is_unsettled(row, lately)]
        if not unsettled:
            return run
        longest = max(SETTLE - lately[row.device.key][1] for row in unsettled)
        doubt = FateUnknown(
            "This machine sent the deployment %s to it less than %.0f s ago, and it does not show yet. It was not sent "
            "again. Run the task again in %.0f s." % (request.mark, SETTLE, longest)
        )
        try:
            await client.waits.charge(min(next(pauses, 30.0), longest), doubt)
        except BudgetExhausted:
            run.leave_alone(unsettled, doubt)
            return run


def _of_the_wave(request: DeployRequest, scope: Sequence[Device], reached: Sequence[Device]) -> list[Device]:
    """Listed devices that have the deployment belong to it, also if they do not fit the filters any more."""
    listed = request.wave.device_uuids
    if listed is None:
        return list(reached)
    fits = {device.key for device in reached}
    return [
        device
        for device in scope
        if device.uuid in listed and (device.key in fits or marked_updates(device, request.mark))
    ]


def _sent_lately(
    request: DeployRequest, devices: Sequence[Device], client: Client, now: float
) -> dict[str, tuple[str, float]]:
    """By device: the marked updates that it had before this machine sent to it a moment ago, and how long ago."""
    notes = {device.key: client.journal.noted(_note(request.mark, device), now) for device in devices}
    return {key: noted for key, noted in notes.items() if noted and noted[1] < SETTLE}


def _only_devices(request: DeployRequest) -> Collection[str]:
    """Devices after which no more pages need to be read."""
    return {one.value for one in request.sent_filters if one.type == "specific_device" and one.operand == "is"}


def _note(mark: str, device: Device) -> str:
    return "deployment %s %s" % (mark, device.key)


def _is_unsettled(row: Row, lately: Mapping[str, tuple[str, float]]) -> bool:
    """Whether this machine sent to the device a moment ago, and the device shows nothing of it yet."""
    noted = lately.get(row.device.key)
    return noted is not None and row.plan in (NEEDED, RETRY) and noted[0] == _known(row)


def _known(row: Row) -> str:
    return ",".join(sorted(row.known))


async def _send(run: Deployment, client: Client) -> None:
    doubtful: list[Sending] = []
    ended: ConnectError | None = None
    for sending in run.plan.sendings:
        if ended is not None or not _can_be_named(sending):
            run.record(sending, REFUSED, ended or NAMELESS)
            continue
        try:
            if not await _send_one(run, sending, client):
                run.mark_sent_elsewhere(sending)
                continue
            run.calls += 1
            run.record(sending, YES)
            _note_sending(run, sending, client)  # anew: a list may be late from now on
        except FateUnknown as failure:
            run.calls += 1
            run.record(sending, IN_DOUBT, failure)
            _note_sending(run, sending, client)
            doubtful.append(sending)
        except ConnectError as failure:
            run.record(sending, REFUSED, failure)
            ended = failure if failure.fatal or isinstance(failure, TooLate) else None
    if doubtful:
        await _search(run, doubtful, client)


async def _send_one(run: Deployment, sending: Sending, client: Client) -> bool:
    """False when it was not sent because another run has sent it since the plan was made."""
    request = run.request
    claimed = False
    reads = 0

    def before_send() -> None:
        nonlocal claimed
        if not run.is_fresh(reads):
            raise _Stale(
                "Not sent: rate limiting delayed this call until the device list was stale, %d times. Raise "
                "account_calls_per_minute or rerun later." % READS_BEFORE,
                code="not_sent",
            )
        # Noted beforehand: a process that is killed in between leaves a trace, and the next run reads twice.
        if claimed:
            _note_sending(run, sending, client)
        elif client.journal.claim(_notes_of(run, sending), run.planned_at, client.waits.clock()):
            claimed = True
        else:
            raise _Taken("Another run on this machine has sent it since the plan was made.")
        client.check_before_send(request.deadline)  # last, because the journal may have to wait

    while reads < READS_BEFORE:
        if run.visible(sending):
            return False
        try:
            await client.api.deploy(
                *(request.flow_id, request.project, sending.groups, sending.filters),
                *(request.metadata, request.parameters, request.secrets, before_send),
            )
            return True
        except _Taken:
            return False
        except FateUnknown:
            raise
        except ConnectError as failure:
            if claimed:
                client.journal.forget(_notes_of(run, sending))
                claimed = False
            if not isinstance(failure, _Stale):
                raise
            too_old = failure
            reads += 1
            await _read_before(run, client)
    raise too_old


async def _read_before(run: Deployment, client: Client) -> None:
    try:
        await _read(run, client)
    except ConnectError as blind:  # of the read, not of the sending
        raise ConnectError(
            "Not sent: the devices could not be read right before: %s" % blind.msg, code=blind.code
        ) from None


def _can_be_named(sending: Sending) -> bool:
    return all(one.type != "specific_device" or one.value for one in sending.filters)


def _notes_of(run: Deployment, sending: Sending) -> dict[str, str]:
    return {_note(run.mark, device): _known(run.rows[device.key]) for device in sending.devices}


def _note_sending(run: Deployment, sending: Sending, client: Client) -> None:
    client.journal.note(_notes_of(run, sending), client.waits.clock())


async def _search(run: Deployment, doubtful: list[Sending], client: Client) -> None:
    """Search for the mark with bounded patience; what shows up was accepted, what does not stays unknown."""
    reads = await _read_until(
        lambda: not [one for one in doubtful if not run.visible(one)],
        run,
        client,
        "The reply to a deployment was lost.",
    )
    for sending in doubtful:
        if run.visible(sending):
            run.record(sending, YES)
            continue
        seen = "the devices were read %d times and none shows it" % reads if reads else "the devices could not be read"
        doubt = FateUnknown(
            "The reply was lost; whether the deployment %s exists is unknown: %s. It was not sent again. Search for it "
            "in the web UI, or run the task again in a few minutes: it reads first, and sends only to devices that do "
            "not have it." % (run.mark, seen)
        )
        run.record(sending, IN_DOUBT, doubt)


async def _read_until(done: t.Callable[[], bool], run: Deployment, client: Client, reason: str) -> int:
    """Read the devices until C(done), with growing pauses and bounded patience; how often they could be read."""
    reads = 0
    for pause in (0.0, *SEARCH_PAUSES):
        try:
            if pause:
                await client.waits.charge(pause, FateUnknown(reason))
        except ConnectError:
            break
        try:
            await _read(run, client)
        except ConnectError as failure:
            if failure.fatal:
                break
            continue
        reads += 1
        if done():
            break
    return reads


async def _read(run: Deployment, client: Client) -> None:
    # Without the filters: a device's tags, state and app change while it is being updated.
    asked_at, project, groups = client.waits.clock(), run.request.project, run.request.sent_groups
    devices = await read_scope(client.api, project, groups, run.rows)
    if groups and run.missing(devices):  # it has left its group, or the service
        groups, devices = (), await read_scope(client.api, project, (), run.rows)
    run.seen(devices, asked_at, whole=not groups and not client.api.incomplete)


async def _follow(run: Deployment, client: Client) -> ConnectError | None:
    """Wait to a verdict when asked to; otherwise read until the deployment shows, for the rows to say what is known."""
    request = run.request

    async def look() -> bool:
        await _read(run, client)
        client.waits.progress.say("%s; %.0f s left" % (statuses_of(run), max(0.0, deadline - client.waits.clock())))
        return run.settled()

    if request.wait:
        if run.settled():
            return None
        deadline = client.waits.clock() + _longest_wait(request, client)
        with client.sender.single_attempt(deadline):
            return await wait_until(look, deadline, request.wait_interval, client.waits)
    if run.sent and not run.shows():
        await _read_until(run.shows, run, client, "The service accepted the deployment, but does not show it yet.")
        if not run.shows():
            run.warnings.append(
                "The service accepted the deployment, but none of its devices shows the mark %s. It may be slow to "
                "show it, or skip devices that are held. Read them again with connect_device_info." % run.mark
            )
    return None


def _longest_wait(request: DeployRequest, client: Client) -> float:
    if request.wait_until is None:
        return request.wait_timeout
    return max(0.0, min(request.wait_timeout, (request.wait_until - client.now()).total_seconds()))


def _warn_beforehand(run: Deployment, client: Client, dry: bool) -> None:
    waiting = [row for row in run.rows.values() if row.plan in (NEEDED, RETRY, "in_flight")]
    held = [row for row in waiting if row.device.held]
    if held:
        warning = (
            "%d of %s to be updated %s held, for example %s: the update stays pending there until they are released "
            "(playbook edgeops.jfrog_connect.release), or until it is aborted in the web UI."
            % (len(held), devices_word(len(waiting)), "are" if held[1:] else "is", held[0].label)
        )
        run.warnings.append(warning)
        if not dry:  # a warning is shown when the task is over, which may take half an hour
            client.waits.progress.say(warning)
    has_it = [row for row in run.rows.values() if row.plan not in (NEEDED, RETRY)]
    if run.request.resend == "all" and run.plan.sendings and has_it:
        run.warnings.append(
            "resend: all sends the deployment once more to %s that do not need it." % devices_word(len(has_it))
        )
    calls, limit = len(run.plan.sendings), client.account_calls_per_minute
    if limit and calls > limit:
        run.warnings.append(
            "%d calls, one for each device, at %d a minute take about %d minutes (account_calls_per_minute)."
            % (calls, limit, -(-calls // limit))
        )
    full = [row for row in run.rows.values() if row.plan == NEEDED and len(row.device.updates) >= 50]
    if full:
        run.warnings.append(
            "%s show 50 updates, which is as many as the service is known to show, for example %s: an earlier sending "
            "of this deployment would be out of sight." % (devices_word(len(full)), full[0].label)
        )
