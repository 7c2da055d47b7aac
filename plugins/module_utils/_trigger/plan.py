# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What a hold or a release would do: the devices as the user names them, and what each of them needs. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .._errors import ConnectError, FateUnknown, InvalidInput, UnreadableReply
from .._reading.names import read_uuid
from .._service.deadline import NO_DEADLINE, Deadline
from .._service.models import Device

IN_DOUBT = "in doubt"
VERIFY_PAUSES = (2.0, 5.0, 10.0, 20.0, 30.0, 30.0)  # as long as lists may be late

# The option of the modules that take devices.
DEVICES_SPEC: dict[str, t.Any] = {
    "type": "list",
    "elements": "dict",
    "options": {
        "device_token": {"type": "str", "required": True, "no_log": True},
        "device_uuid": {"type": "str"},
        "name": {"type": "str"},
        "timezone": {"type": "str"},
    },
}


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
    deadline: Deadline = NO_DEADLINE

    @classmethod
    def read(cls, params: Mapping[str, t.Any]) -> TriggerRequest:
        """Raises InvalidInput, naming the option, before anything is sent."""
        if params["group"] and not params["project"]:
            raise InvalidInput("group needs project: name the project that the group belongs to.")
        return cls(
            entries=_read_entries(params["device_token"], params["devices"]),
            hold=params["trigger_set"],
            project=params["project"] or None,
            group=params["group"] or None,
            force=params["force"],
            verify=params["verify"],
            deadline=Deadline.read(params),
        )


def _read_entries(device_token: str | None, devices: Sequence[Mapping[str, t.Any]] | None) -> tuple[Entry, ...]:
    if device_token is not None and devices is not None:
        raise InvalidInput(
            "device_token and devices are both given: use device_token for one device, devices for a list."
        )
    if devices is None:
        if device_token is None:
            raise InvalidInput("No device is given: use device_token for one device, or devices for a list.")
        return (Entry(device_token, "", "", "the device"),)
    if not devices:
        raise InvalidInput(
            "devices is an empty list: give at least one device, or skip the task when there is nothing to do."
        )
    entries = []
    for at, one in enumerate(devices):
        where = "devices[%d]" % at
        if not one.get("device_token"):
            raise InvalidInput("%s.device_token is missing: give the token that this device's agent prints." % where)
        uuid = read_uuid(one.get("device_uuid"), where + ".device_uuid")
        entries.append(Entry(one["device_token"], uuid, one.get("name") or "", where))
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
    written: bool = False  # the service accepted a write, whatever came of it
    settles_at: float = 0.0  # until then a list may still show how it was before an earlier write
    where: str = ""  # for messages about a device of which nothing else is known

    @property
    def label(self) -> str:
        return self.name or self.device_uuid or self.where

    @property
    def may_have_changed(self) -> bool:
        return self.written or self.outcome in ("changed", "unknown")

    def as_result(self) -> dict[str, t.Any]:
        return {name: value for name, value in vars(self).items() if name not in ("written", "where", "settles_at")}

    def went_wrong(self, failure: ConnectError, outcome: str = "failed") -> None:
        self.outcome, self.code, self.msg = outcome, failure.code, failure.msg


Reading: t.TypeAlias = "Device | ConnectError | None"  # None: not read, on purpose
UNREAD = (FateUnknown, UnreadableReply)  # the service answered, but not with the state of this device


def plan_row(entry: Entry, reading: Reading, written: str | None, hold: bool) -> Row:
    """Pure: what one device needs. C(changed) means that it is to be written, also when its state is not known.

    C(written) is what this machine set a moment ago ("held", "released", or "in doubt"), None if nothing: a list that
    says otherwise may be late.
    """
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
        row.before = reading.held if written in (None, state_word(reading.held)) else None
    elif reading is not None and not isinstance(getattr(reading, "cause", reading), UNREAD):
        row.went_wrong(reading)
        return row
    row.after = hold
    row.outcome = "unchanged" if row.before is hold else "changed"
    return row


def state_word(held: bool | None) -> str:
    return "unknown" if held is None else "held" if held else "released"
