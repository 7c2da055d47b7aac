# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""Holds and releases: read, plan (pure), write what differs, one row per device whatever happens."""

from __future__ import annotations

import asyncio
import typing as t
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._client import Client
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import ConnectError, InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._models import Device
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._report import (
    Report,
    count_outcomes,
    devices_word,
    name_troubled,
)


@dataclass(frozen=True)
class Entry:
    """A device as the user names it."""

    token: str = field(repr=False)
    uuid: str
    name: str
    where: str  # how to name it in a message when it has neither name nor uuid


@dataclass(frozen=True)
class TriggerRequest:
    entries: tuple[Entry, ...]
    hold: bool
    project: str | None
    group: str | None
    force: bool
    verify: bool

    @classmethod
    def read(cls, params: Mapping[str, t.Any]) -> TriggerRequest:
        """Raises InvalidInput, naming the option, before anything is sent."""
        if params["group"] and not params["project"]:
            raise InvalidInput("group goes only with project: name the project that the group belongs to.")
        return cls(
            entries=_read_entries(params["device_token"], params["devices"]),
            hold=params["trigger_set"],
            project=params["project"] or None,
            group=params["group"] or None,
            force=params["force"],
            verify=params["verify"],
        )


def _read_entries(device_token: str | None, devices: Sequence[Mapping[str, t.Any]] | None) -> tuple[Entry, ...]:
    if device_token is not None and devices is not None:
        raise InvalidInput(
            "device_token and devices are both given: use device_token for one device, devices for a list."
        )
    if devices is None:
        if device_token is None:
            raise InvalidInput("No device is given: use device_token for one device, or devices for a list.")
        if not device_token.strip():
            raise InvalidInput("device_token is empty: give the token that the device's agent prints (--print-token).")
        return (Entry(device_token.strip(), "", "", "the device"),)
    if not devices:
        raise InvalidInput(
            "devices is an empty list: give at least one device, or skip the task when there is nothing to do."
        )
    entries = []
    for at, one in enumerate(devices):
        token = (one["device_token"] or "").strip()
        if not token:
            raise InvalidInput(
                "devices[%d].device_token is empty: give the token that this device's agent prints." % at
            )
        entries.append(Entry(token, one.get("device_uuid") or "", one.get("name") or "", "devices[%d]" % at))
    _refuse_repeats(entries)
    return tuple(entries)


def _refuse_repeats(entries: Sequence[Entry]) -> None:
    for what, key in (("device_token", lambda entry: entry.token), ("device_uuid", lambda entry: entry.uuid)):
        first: dict[str, Entry] = {}
        for entry in entries:
            if key(entry) and first.setdefault(key(entry), entry) is not entry:
                raise InvalidInput(
                    "%s has the same %s as %s: list each device once." % (entry.where, what, first[key(entry)].where)
                )


@dataclass
class Row:
    """One device in RV(devices). C(before) and C(after) are True for held, None for not known."""

    device_uuid: str
    name: str
    before: bool | None = None
    after: bool | None = None
    outcome: str = "unchanged"
    code: str | None = None
    msg: str | None = None
    where: str = ""  # for messages about a device of which nothing else is known

    @property
    def label(self) -> str:
        return self.name or self.device_uuid or self.where

    def as_result(self) -> dict[str, t.Any]:
        return {name: value for name, value in vars(self).items() if name != "where"}

    def went_wrong(self, failure: ConnectError, outcome: str = "failed") -> None:
        self.outcome, self.code, self.msg = outcome, failure.code, failure.msg


Reading: t.TypeAlias = "Device | ConnectError | None"  # None: not read, on purpose


def plan_row(entry: Entry, reading: Reading, hold: bool) -> Row:
    """Pure: what one device needs. C(changed) means that it is to be written, also when its state is not known."""
    row = Row(device_uuid=entry.uuid, name=entry.name, where=entry.where)
    if isinstance(reading, Device):
        if entry.uuid and reading.uuid and entry.uuid != reading.uuid:
            row.went_wrong(
                ConnectError(
                    "Its device_token belongs to another device (%s). Nothing was sent; correct the list."
                    % reading.uuid,
                    code="device_mismatch",
                )
            )
            return row
        row.device_uuid = entry.uuid or reading.uuid
        row.name = entry.name or reading.name
        row.before = reading.held
    elif reading is not None and (reading.fatal or not reading.transient):
        row.went_wrong(reading)
        return row
    row.after = hold
    row.outcome = "unchanged" if row.before is hold else "changed"
    return row


async def apply_trigger(request: TriggerRequest, client: Client, dry: bool) -> Report:
    """Read, plan and, unless C(dry), write."""
    entries = request.entries
    readings = [None] * len(entries) if request.force else await _read_states(request, entries, client)
    rows = [plan_row(entry, reading, request.hold) for entry, reading in zip(entries, readings, strict=True)]
    to_write = [(entry, row) for entry, row in zip(entries, rows, strict=True) if row.outcome == "changed"]
    if not dry:
        await asyncio.gather(*(_write(entry, row, request.hold, client) for entry, row in to_write))
        if request.verify:
            await _verify([pair for pair in to_write if pair[1].outcome == "changed"], request, client)
    return _report(request, rows, client, dry)


async def _read_states(request: TriggerRequest, entries: Sequence[Entry], client: Client) -> list[Reading]:
    """In pages when the project is named, one by one for what the pages do not show."""
    if not request.project:
        return list(await asyncio.gather(*(_read_one(entry, client) for entry in entries)))
    try:
        listed = await _read_listed(request, entries, client)
    except ConnectError as failure:
        return [failure] * len(entries)
    return list(
        await asyncio.gather(
            *(_known(listed[entry]) if entry in listed else _read_one(entry, client) for entry in entries)
        )
    )


async def _read_listed(request: TriggerRequest, entries: Sequence[Entry], client: Client) -> dict[Entry, Reading]:
    by_uuid = {entry.uuid: entry for entry in entries if entry.uuid}
    names = Counter(entry.name for entry in entries)
    by_name = {entry.name: entry for entry in entries if entry.name and not entry.uuid and names[entry.name] == 1}
    listed: dict[Entry, Reading] = {}
    same_name: Counter[str] = Counter()
    async for page in client.api.devices(request.project, request.group):
        for device in page:
            same_name[device.name] += 1
            entry = by_uuid.get(device.uuid) or by_name.get(device.name)
            if entry is not None:
                listed[entry] = device
        if len(listed) == len(by_uuid) == len(entries):
            break
    # A name that two devices of the project carry identifies neither: those are read by their token.
    return {entry: device for entry, device in listed.items() if entry.uuid or same_name[entry.name] == 1}


async def _known(reading: Reading) -> Reading:
    return reading


async def _read_one(entry: Entry, client: Client) -> Reading:
    try:
        return await client.api.device(entry.token)
    except ConnectError as failure:
        return failure


async def _write(entry: Entry, row: Row, hold: bool, client: Client) -> None:
    try:
        await client.api.set_trigger(entry.token, hold)
    except ConnectError as failure:
        row.after = None if failure.code == "outcome_unknown" else row.before
        row.went_wrong(failure, "unknown" if failure.code == "outcome_unknown" else "failed")


async def _verify(written: Sequence[tuple[Entry, Row]], request: TriggerRequest, client: Client) -> None:
    readings = await _read_states(request, [entry for entry, _row in written], client)
    for (_entry, row), reading in zip(written, readings, strict=True):
        if not isinstance(reading, Device) or reading.held is None:
            why = reading.msg if isinstance(reading, ConnectError) else "The service does not tell the update trigger."
            row.after = None
            row.went_wrong(
                ConnectError("Written, but could not be read back: %s" % why, code="unobservable"), "unknown"
            )
        elif reading.held is not request.hold:
            row.after = reading.held
            row.went_wrong(
                ConnectError(
                    "The service accepted the change, but reports the device as %s. Something else sets the trigger of "
                    "this device, or the service is slow to show it; look again with connect_device_info."
                    % _state(reading.held),
                    code="verify_failed",
                )
            )


def _warn_of_blind_writes(rows: Sequence[Row], on_purpose: bool) -> list[str]:
    blind = [row for row in rows if row.outcome == "changed" and row.before is None]
    if on_purpose or not blind:
        return []
    return [
        "The present state of %s could not be read, for example of %s. The wanted state is written all the same, and "
        "reported as changed because it may have changed." % (devices_word(len(blind)), blind[0].label)
    ]


def _state(held: bool | None) -> str:
    return "unknown" if held is None else "held" if held else "released"


def _report(request: TriggerRequest, rows: list[Row], client: Client, dry: bool) -> Report:
    summary = count_outcomes(rows)
    changed = [row for row in rows if row.outcome in ("changed", "unknown")]
    wrong = summary["failed"] + summary["unknown"]
    done = "%s %s" % (_state(request.hold).capitalize(), devices_word(summary["changed"]))
    if dry:
        done = "Would have %s %s" % (_state(request.hold), devices_word(summary["changed"]))
    msg = "%s; %d already %s." % (done, summary["unchanged"], _state(request.hold))
    if wrong:
        msg = "%d of %s could not be %s. %s %s Run the task again to finish: what is done will not be sent again." % (
            wrong,
            devices_word(summary["total"]),
            _state(request.hold),
            msg,
            name_troubled(rows).rstrip(". ") + ".",
        )
    return Report(
        changed=bool(changed),
        msg=msg,
        code=_failure_code(rows) if wrong else None,
        result={"devices": [row.as_result() for row in rows], "summary": summary, "api_calls": client.api_calls()},
        diff={
            "before": {_diff_key(row): _state(row.before) for row in changed},
            "after": {_diff_key(row): _state(row.after) for row in changed},
        },
        warnings=_warn_of_blind_writes(rows, request.force),
    )


def _diff_key(row: Row) -> str:
    return " ".join(part for part in (row.name, row.device_uuid) if part) or row.where  # names alone may repeat


def _failure_code(rows: Sequence[Row]) -> str:
    codes = {row.code for row in rows if row.code}
    return str(codes.pop()) if len(codes) == 1 else "devices_failed"
