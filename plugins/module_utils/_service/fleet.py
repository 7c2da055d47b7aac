# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Reading devices that a selection names: pages of details, their online state where it matters, then the filters."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from .._errors import ConnectError, InvalidInput
from .._result import Report, devices_word
from .api_v1 import ApiV1
from .client import Client
from .models import UPDATE_STATES, Device, DeviceFilter, read_filters


async def read_scope(
    api: ApiV1, project: str | None, groups: Sequence[str], until_seen: Collection[str] | None = None
) -> list[Device]:
    """Devices of any of C(groups), or of the whole project; no more pages once C(until_seen) (UUIDs) are all there."""
    found: dict[str, Device] = {}
    for group in groups or [None]:  # type: ignore[list-item]
        async for page in api.devices(project, group):
            found.update((device.key, device) for device in page)
            if until_seen and all(uuid in found for uuid in until_seen):
                return list(found.values())
    return list(found.values())


async def select(
    api: ApiV1, project: str, groups: Sequence[str], scope: Sequence[Device], filters: Sequence[DeviceFilter]
) -> list[Device]:
    """Those of C(scope) for which every filter holds; reads the online states if a filter asks for them."""
    devices = list(scope)
    if any(one.type == "device_state" for one in filters):
        devices = with_states(devices, await online_states(api, project, groups))
    return matching(devices, filters)


async def online_states(api: ApiV1, project: str, groups: Sequence[str]) -> dict[str, bool]:
    """By UUID, of the devices of any of C(groups), or of the whole project."""
    states: dict[str, bool] = {}
    for group in groups or [None]:  # type: ignore[list-item]
        states.update(await api.online_states(project, group))
    return states


def with_states(devices: Sequence[Device], states: Mapping[str, bool | None]) -> list[Device]:
    return [replace(device, online=states.get(device.uuid)) for device in devices]


def matching(devices: Sequence[Device], filters: Sequence[DeviceFilter]) -> list[Device]:
    return [device for device in devices if all(one.matches(device) for one in filters)]


@dataclass(frozen=True)
class InfoRequest:
    project: str | None
    group: str | None
    device_name: str | None
    device_token: str | None
    filters: tuple[DeviceFilter, ...]

    @classmethod
    def read(cls, params: Mapping[str, t.Any]) -> InfoRequest:
        """Raises InvalidInput, naming the option, before anything is sent."""
        token = params["device_token"]
        beside = [name for name in ("project", "group", "device_name") if params[name]]
        if token and beside:
            raise InvalidInput(
                "device_token already names one device: leave out %s, or device_token." % " and ".join(beside)
            )
        if params["group"] and not params["project"]:
            raise InvalidInput("group needs project: name the project that the group belongs to.")
        return cls(
            project=params["project"],
            group=params["group"],
            device_name=params["device_name"],
            device_token=token,
            filters=read_filters(params["filters"]),
        )


async def describe_devices(request: InfoRequest, client: Client) -> Report:
    """The report of connect_device_info."""
    api = client.api
    warnings = []
    if request.device_token:
        found = [await api.device(request.device_token)]
    else:
        found = [d async for page in api.devices(request.project, request.group, request.device_name) for d in page]
    try:
        states = await _online_states(request, found, api)
    except ConnectError as failure:
        if failure.fatal or any(one.type == "device_state" for one in request.filters):
            raise
        warnings.append("Which devices are online could not be read, so online is null. %s" % failure.msg)
        states = {}
    devices = matching(with_states(found, states), request.filters)
    if api.incomplete:
        warnings.append(api.incomplete)
    summary = _summary(devices)
    return Report(
        changed=False,
        msg="%s: %d held, %d released, %d online."
        % (devices_word(len(devices)), summary["held"], summary["released"], summary["online"]),
        result={
            "devices": [_as_result(device) for device in devices],
            "summary": summary,
            "complete": api.incomplete is None,
            "api_calls": client.api_calls(),
        },
        warnings=warnings,
    )


async def _online_states(request: InfoRequest, found: Sequence[Device], api: ApiV1) -> Mapping[str, bool | None]:
    if request.device_token or request.device_name:
        return {device.uuid: await api.online_state(device.uuid) for device in found}
    return await api.online_states(request.project, request.group) if found else {}


def _as_result(device: Device) -> dict[str, t.Any]:
    fields = dict(vars(device))
    fields["device_uuid"] = fields.pop("uuid")
    fields["tags"] = list(device.tags)
    fields["apps"] = dict(device.apps)
    fields["updates"] = [dict(vars(update)) for update in device.updates]
    return fields


def _summary(devices: Sequence[Device]) -> dict[str, t.Any]:
    last = [device.last_update.status for device in devices if device.last_update]
    return {
        "total": len(devices),
        "held": sum(device.held is True for device in devices),
        "released": sum(device.held is False for device in devices),
        "online": sum(device.online is True for device in devices),
        "offline": sum(device.online is False for device in devices),
        "last_update": {status: last.count(status) for status in UPDATE_STATES},
    }
