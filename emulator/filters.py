# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The device filter of deployments and of tag and app removal (connect-api.md 2.6 to 2.8, U18, U19, U22)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .account import Account
from .model import STATUSES, Device
from .switches import Switches
from .wire import ApiError, Body, mapping, mappings, required_text, text

V1, V2_LEGACY, V2 = "v1", "v2-legacy", "v2"
_BOTH = ("is", "is_not")
_COMMON = {"specific_device": _BOTH, "tag": _BOTH, "app": _BOTH, "device_state": ("is",)}
#: Filter types with their operands, for each call generation (the table in connect-api.md 2.7).
OPERANDS: dict[str, dict[str, tuple[str, ...]]] = {
    V1: {**_COMMON, "update_status": _BOTH},
    V2_LEGACY: {**_COMMON, "deployment": ("is",)},
    V2: {**_COMMON, "deployment": ("is",)},
}
_VALUES: dict[str, tuple[str, ...]] = {
    "device_state": ("online", "offline"),
    "update_status": STATUSES,
    "deployment": (*STATUSES, "any"),
}


@dataclass(frozen=True)
class Condition:
    """One item of ``filters``."""

    type: str
    operand: str
    value: str
    app_version: str | None = None
    deployment_id: str | None = None


@dataclass(frozen=True)
class Target:
    """A checked device filter."""

    project: str
    groups: tuple[str, ...]
    conditions: tuple[Condition, ...]


class TargetReader:
    """Checks device filters and finds the devices they select."""

    def __init__(self, account: Account, switches: Switches) -> None:
        self._account = account
        self._fleet = account.fleet
        self._switches = switches

    def read(self, body: Body, key: str, api: str) -> Target:
        """The filter under ``key`` (``devices_filter`` to deploy, ``device_filter`` to remove), or a 400."""
        raw = mapping(body, key)
        project = required_text(mapping(raw, "project"), "name")
        self._account.check_project(project)
        return self._read_in(project, raw, api)

    def read_v2(self, body: Body, project: str) -> Target:
        """The ``device_filter`` of API v2, without project, perhaps without groups (connect-api.md 3.5), or a 400."""
        raw = mapping(body, "device_filter")
        if "groups" not in raw and self._switches.groups_missing == "accepted":
            raw = {**raw, "groups": []}
        return self._read_in(project, raw, V2)

    def _read_in(self, project: str, raw: Body, api: str) -> Target:
        groups = tuple(required_text(item, "name") for item in mappings(raw, "groups"))
        for group in groups:
            self._account.check_group(project, group)
        return Target(project, groups, tuple(self._condition(item, api) for item in mappings(raw, "filters")))

    def _condition(self, raw: Body, api: str) -> Condition:
        kind = required_text(raw, "type")
        operands = OPERANDS[api].get(kind)
        if operands is None:
            raise ApiError(f"Filter type {kind!r} is not supported by this call, use one of {', '.join(OPERANDS[api])}")
        operand = required_text(raw, "operand")
        if operand not in operands:
            raise ApiError(f"Operand {operand!r} is not supported by filter type {kind!r}, use {' or '.join(operands)}")
        value = required_text(raw, "value")
        if kind in _VALUES and value not in _VALUES[kind]:
            raise ApiError(f"Value {value!r} of filter type {kind!r} is not one of {', '.join(_VALUES[kind])}")
        app_version = text(raw, "app_version")
        if app_version is not None and (kind != "app" or api == V1):
            raise ApiError(f"app_version is not supported by filter type {kind!r} of this call")
        deployment_id = required_text(raw, "deployment_id") if kind == "deployment" else None
        self._check_name(kind, value, deployment_id)
        return Condition(kind, operand, value, app_version, deployment_id)

    def _check_name(self, kind: str, value: str, deployment_id: str | None) -> None:
        if kind == "app":
            self._account.check_app(value)
        if kind == "tag":
            self._account.check_tag(value)
        if deployment_id is not None:
            self._account.check_deployment(deployment_id)

    def select(self, target: Target, at: float) -> list[Device]:
        """The selected devices: in any of the groups, and matching all of the filters."""
        conditions = target.conditions
        named: list[Condition] = []
        if self._switches.several_devices == "or":
            named = [item for item in conditions if item.type == "specific_device" and item.operand == "is"]
            conditions = tuple(item for item in conditions if item not in named)
        wanted = {item.value for item in named}
        return [
            device
            for device in self._candidates(target, wanted)
            if (not wanted or device.uuid in wanted) and all(self._meets(device, item, at) for item in conditions)
        ]

    def _candidates(self, target: Target, wanted: Iterable[str]) -> Iterator[Device]:
        """The devices to test. A filter on one device tests one device, however large the project is."""
        uuids = (
            list(wanted)
            or [item.value for item in target.conditions if item.type == "specific_device" and item.operand == "is"][:1]
        )
        if not uuids:
            yield from self._fleet.members(target.project, target.groups)
            return
        for uuid in uuids:
            device = self._fleet.find(uuid)
            if device and device.project == target.project and (not target.groups or device.group in target.groups):
                yield device

    def _meets(self, device: Device, condition: Condition, at: float) -> bool:
        kind, value = condition.type, condition.value
        if kind == "app":
            return self._meets_app(device, condition, at)
        if kind == "specific_device":
            found = device.uuid == value
        elif kind == "tag":
            found = value in device.tags
        elif kind == "device_state":
            found = ("online" if device.online else "offline") == value
        else:
            self._fleet.life.advance(device, at)
            if kind == "update_status":
                found = bool(device.updates) and device.updates[-1].status == value
            else:
                found = any(
                    update.deployment.deployment_id == condition.deployment_id and value in (update.status, "any")
                    for update in device.updates
                )
        return found == (condition.operand == "is")

    def _meets_app(self, device: Device, condition: Condition, at: float) -> bool:
        self._fleet.life.advance(device, at)
        version = device.apps.get(condition.value)
        found = version is not None and condition.app_version in (None, version)
        if condition.operand == "is":
            return found
        if condition.app_version is not None and self._switches.app_is_not == "installed":
            return version is not None and not found
        return not found
