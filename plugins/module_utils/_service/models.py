# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What the service manages, in our words, and the predicates that select from it. No I/O, no wire names."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._errors import InvalidInput
from .._reading.names import read_uuid, shown

UNFINISHED = ("pending", "in_progress")
FINISHED = ("success", "failed", "aborted")
UPDATE_STATES = UNFINISHED + FINISHED


@dataclass(frozen=True)
class Update:
    """One sending of a flow as seen on one device."""

    update_id: int | None
    status: str
    version: str
    comment: str
    scheduled_at: str | None  # UTC, ISO 8601


@dataclass(frozen=True)
class Device:
    """C(held) and C(online) are None when the service did not say. C(updates) are oldest first."""

    device_id: int | None
    uuid: str
    name: str
    project: str
    group: str
    held: bool | None
    online: bool | None
    tags: tuple[str, ...]
    apps: Mapping[str, str]
    updates: tuple[Update, ...]
    agent_version: str
    description: str
    ip: str
    last_seen: str | None
    registered_at: str | None

    @property
    def key(self) -> str:
        """What identifies it, also if the service leaves out the UUID."""
        return self.uuid or str(self.device_id)

    @property
    def last_update(self) -> Update | None:
        return self.updates[-1] if self.updates else None


@dataclass(frozen=True)
class DeviceFilter:
    """One predicate (connect-api.md 2.7). Its meaning here is the service's, so that a plan can be made beforehand."""

    type: str
    operand: str
    value: str
    app_version: str | None = None

    def matches(self, device: Device) -> bool:
        return self._holds_for(device) is (self.operand == "is")

    @property
    def is_stable(self) -> bool:
        """Only a person changes whether it matches; the state and the app of a device change by themselves."""
        return self.type in ("specific_device", "tag")

    def _holds_for(self, device: Device) -> bool:
        if self.type == "specific_device":
            return device.uuid == self.value
        if self.type == "tag":
            return self.value in device.tags
        if self.type == "app":
            return self.value in device.apps and self.app_version in (None, device.apps[self.value])
        if self.type == "device_state":
            return device.online is (self.value == "online")
        return device.last_update is not None and device.last_update.status == self.value


FILTER_TYPES: dict[str, tuple[str, ...]] = {
    # type -> operands (connect-api.md 2.7); C(deployment) stands there too, see _refuse_deployment_filter
    "specific_device": ("is", "is_not"),
    "tag": ("is", "is_not"),
    "app": ("is", "is_not"),
    "device_state": ("is",),
    "update_status": ("is", "is_not"),
    "deployment": ("is",),
}
FILTER_SPEC: dict[str, t.Any] = {
    # The option of the modules; what goes together is checked by read_filters.
    "type": "list",
    "elements": "dict",
    "options": {
        "type": {"type": "str", "required": True, "choices": list(FILTER_TYPES)},
        "operand": {"type": "str", "choices": ["is", "is_not"], "default": "is"},
        "value": {"type": "str", "required": True},
        "app_version": {"type": "str"},
    },
}
FILTER_VALUES = {"device_state": ("online", "offline"), "update_status": UPDATE_STATES}


def read_filters(
    given: Sequence[Mapping[str, t.Any]] | None, option: str = "filters", beside: tuple[DeviceFilter, ...] = ()
) -> tuple[DeviceFilter, ...]:
    """Validated predicates, in the order given. Raises InvalidInput naming the option and what is accepted.

    C(beside) are those that must hold too.
    """
    filters = tuple(_read_filter("%s[%d]" % (option, at), one) for at, one in enumerate(given or ()))
    if sum(one.type == "specific_device" and one.operand == "is" for one in (*beside, *filters)) > 1:
        raise InvalidInput(
            "%s: two specific_device filters select nothing, because every filter must hold. Use a tag or groups, "
            "or run the task once per device." % option
        )
    return filters


def _read_filter(where: str, given: Mapping[str, t.Any]) -> DeviceFilter:
    kind = one_of(where + ".type", given.get("type"), tuple(FILTER_TYPES))
    if kind == "deployment":
        raise InvalidInput(
            "%s.type: deployment cannot be used: API v1 does not tell which devices belong to a deployment, so it "
            "could not be checked beforehand what would be sent twice. To send again to devices whose update failed, "
            "repeat the deployment with retry_failed: true." % where
        )
    operand = one_of(where + ".operand", given.get("operand") or "is", FILTER_TYPES[kind], "for type %s" % kind)
    value = given.get("value")
    if not value:
        raise InvalidInput("%s.value is missing or empty: give the %s to compare with." % (where, kind))
    if kind == "specific_device":
        value = read_uuid(value, where + ".value")
    if kind in FILTER_VALUES:
        one_of(where + ".value", value, FILTER_VALUES[kind], "for type %s" % kind)
    version = given.get("app_version") or None
    if version and kind != "app":
        raise InvalidInput("%s.app_version needs type app and cannot be combined with type %s." % (where, kind))
    return DeviceFilter(kind, operand, value, version)


def one_of(where: str, value: t.Any, accepted: tuple[str, ...], condition: str = "") -> str:
    """C(value) when it is among C(accepted), else InvalidInput naming both."""
    if value in accepted:
        return value
    raise InvalidInput(
        "%s is %s%s; accepted: %s."
        % (where, shown(value) if value else "missing", " " + condition if condition else "", ", ".join(accepted))
    )
