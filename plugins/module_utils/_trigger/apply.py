# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Holds and releases: read, plan (pure), write what differs, one row per device whatever happens."""

from __future__ import annotations

import asyncio
import typing as t
from collections.abc import Mapping, Sequence

from .._errors import (
    ConnectError,
    FateUnknown,
)
from .._result import (
    Report,
    count_outcomes,
    devices_word,
    diff_key,
    failure_code,
    name_troubled,
)
from .._service.client import Client
from .._service.deadline import TooLate
from .._service.fleet import read_scope
from .._service.journal import SETTLE
from .._service.models import Device
from .plan import IN_DOUBT, VERIFY_PAUSES, Entry, Reading, Row, TriggerRequest, plan_row, state_word

NOTE_LASTS = 30.0  # seconds for which the note of a write that is about to be sent passes for new
Result = t.TypeVar("Result")


class Superseded(ConnectError):
    """A later task wants the opposite. Certainly not sent."""

    code = "superseded"


async def apply_trigger(request: TriggerRequest, client: Client, dry: bool) -> Report:
    """Read, plan and, unless C(dry), write.

    What is wanted of each device is noted before anything is waited for. A write that is sent after a later task on
    this machine has noted the opposite is kept back, so that a release which waited does not undo a hold.
    """
    entries = request.entries
    if not dry and not client.run_ended:
        wanted = {_intention(entry): state_word(request.hold) for entry in entries}
        client.journal.note(wanted, client.waits.clock())
    listed: dict[str, Device] = {}
    readings = [None] * len(entries) if request.force else await _read_states(request, entries, client, listed)
    rows = [
        plan_row(entry, reading, _written_lately(entry, client), request.hold)
        for entry, reading in zip(entries, readings, strict=True)
    ]
    due = [(entry, row) for entry, row in zip(entries, rows, strict=True) if row.outcome == "changed"]
    if dry:
        _predict(request, [row for _entry, row in due], client)
    else:
        await _write_all(due, request, client)
        if request.verify:
            in_question = [(entry, row) for entry, row in due if row.may_have_changed]
            await _verify(in_question, request, client)
            if request.project:  # without pages, each token was seen to be its device's
                stuck = [(entry, row) for entry, row in in_question if row.code == "verify_failed"]
                await _undo_mismatches(stuck, listed, request, client)
    return _report(request, rows, client, dry)


def _predict(request: TriggerRequest, due: Sequence[Row], client: Client) -> None:
    """What differs is written, unless it is too late for that."""
    try:
        request.deadline.check(client.now())
    except TooLate as late:
        for row in due:
            row.after = row.before
            row.went_wrong(late)


async def _read_states(
    request: TriggerRequest, entries: Sequence[Entry], client: Client, listed: dict[str, Device] | None = None
) -> list[Reading]:
    """In pages when the project is named, one by one for what the pages do not show. C(listed) gets what they show."""
    listed = {} if listed is None else listed
    wanted = {entry.uuid for entry in entries if entry.uuid}
    if request.project and wanted:
        groups = (request.group,) if request.group else ()
        try:
            found = await read_scope(client.api, request.project, groups, until_seen=wanted)
        except ConnectError as failure:
            return [failure] * len(entries)
        listed.update((device.uuid, device) for device in found if device.uuid)
    return await _all_of(
        [_read(entry, listed, client) for entry in entries], lambda done: "read %d of %d" % (done, len(entries)), client
    )


async def _all_of(calls: Sequence[t.Awaitable[Result]], counts: t.Callable[[int], str], client: Client) -> list[Result]:
    """What they return, in their order; C(counts), given how many are over, is the progress that is shown meanwhile."""
    done = 0

    async def counted(call: t.Awaitable[Result]) -> Result:
        nonlocal done
        result = await call
        done += 1
        client.waits.progress.say_counts(lambda: counts(done))
        return result

    return list(await asyncio.gather(*map(counted, calls)))


def _progress_of(rows: Sequence[Row], hold: bool) -> str:
    """Such as C(held 400 of 3000, 12 failed)."""
    wrong = sum(row.outcome in ("failed", "unknown") for row in rows)
    done = "%s %d of %d" % (state_word(hold), sum(row.written for row in rows), len(rows))
    return "%s, %d failed" % (done, wrong) if wrong else done


async def _read(entry: Entry, listed: Mapping[str, Device], client: Client) -> Reading:
    if entry.uuid in listed:
        return listed[entry.uuid]
    try:
        return await client.api.device(entry.token)
    except ConnectError as failure:
        return failure


def _note(entry: Entry) -> str:
    return "trigger " + entry.token


def _intention(entry: Entry) -> str:
    return "intention " + entry.token


def _check_intention(entry: Entry, hold: bool, client: Client) -> None:
    """Raises Superseded. This task has noted its own, so a different one is later."""
    noted = client.journal.noted(_intention(entry), client.waits.clock())
    if noted and noted[0] != state_word(hold):
        raise Superseded(
            "Not sent, because a later task on this machine, %.0f s ago, wants it %s. Let only one run at a time work "
            "on a device." % (noted[1], noted[0])
        )


def _written_lately(entry: Entry, client: Client) -> str | None:
    noted = client.journal.noted(_note(entry), client.waits.clock())
    return noted[0] if noted and noted[1] < SETTLE else None


async def _write_all(due: Sequence[tuple[Entry, Row]], request: TriggerRequest, client: Client) -> None:
    """Notes of many devices are made together: one by one they would cost as much as the calls."""
    wanted = state_word(request.hold)
    earlier = {entry: _written_lately(entry, client) for entry, _row in due}
    noted_at = client.waits.clock()
    for entry, row in due:
        if earlier[entry] not in (None, wanted):
            row.settles_at = noted_at + SETTLE
    # Noted before it is sent: also a write that lands late, or after a kill, must not be overlooked.
    client.journal.note({_note(entry): IN_DOUBT for entry in earlier}, noted_at)
    await _all_of(
        [_write(entry, row, request, client, noted_at) for entry, row in due],
        lambda _done: _progress_of([row for _entry, row in due], request.hold),
        client,
    )
    client.journal.note({_note(entry): wanted for entry, row in due if row.written}, client.waits.clock())
    client.journal.forget(
        _note(entry)
        for entry, row in due  # certainly not sent; the note of a later task stands
        if row.outcome == "failed" and row.code != Superseded.code and earlier[entry] is None
    )


async def _write(entry: Entry, row: Row, request: TriggerRequest, client: Client, noted_at: float) -> None:
    def before_send() -> None:
        _check_intention(entry, request.hold, client)
        if client.waits.clock() - noted_at > NOTE_LASTS:
            client.journal.note({_note(entry): IN_DOUBT}, client.waits.clock())
        client.check_before_send(request.deadline)  # last, because the journal may have to wait

    try:
        await client.api.set_trigger(entry.token, request.hold, before_send)
        row.written = True
    except ConnectError as failure:
        unknown = isinstance(failure, FateUnknown)
        row.after = None if unknown else row.before
        row.went_wrong(failure, "unknown" if unknown else "failed")


async def _verify(written: list[tuple[Entry, Row]], request: TriggerRequest, client: Client) -> None:
    """Read until each device shows what was written, a few times because lists may be late."""
    for pause in (0.0, *VERIFY_PAUSES):
        try:
            if pause:
                await client.waits.charge(pause, ConnectError("The service shows another state than was written."))
        except ConnectError:
            break
        asked_at = client.waits.clock()
        readings = await _read_states(request, [entry for entry, _row in written], client)
        looked = list(zip(written, readings, strict=True))
        written = []
        for (entry, row), reading in looked:
            # A write that may be lost is not confirmed by a list from before the opposite one.
            if (not row.written and asked_at < row.settles_at) or not _obeyed(row, reading, request.hold):
                written.append((entry, row))
        if not written:
            return


async def _undo_mismatches(
    stuck: Sequence[tuple[Entry, Row]], listed: Mapping[str, Device], request: TriggerRequest, client: Client
) -> None:
    """Pages are trusted that a token belongs to its UUID. Where a device does not show what was written, the token is
    asked whose it is; if another's, that device is named, and put back as C(listed) showed it before.
    """
    ours = {entry.uuid for entry in request.entries}
    for entry, row in stuck:
        other = await _read(entry, {}, client)
        if not (entry.uuid and isinstance(other, Device) and other.uuid and other.uuid != entry.uuid):
            continue
        before = listed.get(other.uuid)
        if other.uuid in ours or (before and before.held is request.hold):
            done = "is %s as before" % state_word(request.hold) if before else "is in the list itself"
        elif before is None or before.held is None:
            done = "is %s now; how it was before is not known, so check it" % state_word(other.held)
        else:
            try:
                await client.api.set_trigger(
                    entry.token, before.held, lambda: client.check_before_send(request.deadline)
                )
                client.journal.note({_note(entry): state_word(before.held)}, client.waits.clock())
                done = "was %s by mistake, and is %s again" % (state_word(request.hold), state_word(before.held))
            except ConnectError as failure:
                done = "is %s by mistake and could not be put back: %s" % (state_word(request.hold), failure.msg)
        row.went_wrong(
            ConnectError(
                "Its device_token belongs to another device: %s (%s), which %s. This device was not changed. Correct "
                "the list." % (other.name or "without a name", other.uuid, done.rstrip(".")),
                code="device_mismatch",
            )
        )


def _obeyed(row: Row, reading: Reading, hold: bool) -> bool:
    """Record what was read back; whether it is what was written."""
    if isinstance(reading, Device) and reading.held is hold:
        row.after, row.outcome, row.code, row.msg = hold, "changed", None, None
        return True
    if not row.written:
        return False  # it may still land, so it stays unknown
    if isinstance(reading, Device) and reading.held is not None:
        row.after = reading.held
        row.went_wrong(
            ConnectError(
                "The service accepted the change, but reports the device as %s. Something else sets the trigger of "
                "this device, or the service is slow to show it; read it again with connect_device_info."
                % state_word(reading.held),
                code="verify_failed",
            )
        )
        return False
    why = reading.msg if isinstance(reading, ConnectError) else "The service does not tell the update trigger."
    row.after = None
    row.went_wrong(ConnectError("Written, but could not be read back: %s" % why, code="unobservable"), "unknown")
    return False


def _warn_of_blind_writes(rows: Sequence[Row], on_purpose: bool) -> list[str]:
    blind = [row for row in rows if row.outcome == "changed" and row.before is None]
    if on_purpose or not blind:
        return []
    return [
        "The present state of %s is not known for certain, for example of %s. The wanted state is written all the "
        "same, and reported as changed because it may have changed." % (devices_word(len(blind)), blind[0].label)
    ]


def _report(request: TriggerRequest, rows: list[Row], client: Client, dry: bool) -> Report:
    summary = count_outcomes(rows)
    changed = [row for row in rows if row.may_have_changed]
    wrong = summary["failed"] + summary["unknown"]
    done = "%s %s" % (state_word(request.hold).capitalize(), devices_word(summary["changed"]))
    if dry:
        done = "Would have %s %s" % (state_word(request.hold), devices_word(summary["changed"]))
    msg = "%s; %d already %s." % (done, summary["unchanged"], state_word(request.hold))
    if wrong:
        msg = "%d of %s could not be %s. %s %s." % (
            wrong,
            devices_word(summary["total"]),
            state_word(request.hold),
            msg,
            name_troubled(rows).rstrip(". "),
        )
        if failure_code(rows) != Superseded.code:  # again, it would undo what the later task wants
            msg += " Run the task again to finish: what is done will not be sent again."
    return Report(
        changed=bool(changed),
        msg=msg,
        code=failure_code(rows) if wrong else None,
        result={"devices": [row.as_result() for row in rows], "summary": summary, "api_calls": client.api_calls()},
        diff={
            "before": {diff_key(row.name, row.device_uuid) or row.where: state_word(row.before) for row in changed},
            "after": {diff_key(row.name, row.device_uuid) or row.where: state_word(row.after) for row in changed},
        },
        warnings=_warn_of_blind_writes(rows, request.force),
    )
