# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire of API v2: addresses, queries, and everything as JSON (connect-api.md 3.1 to 3.8, U2, U8, U10, U11)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .model import Deployment, Device, Update
from .switches import Switches
from .wire import ApiError, Body, Reply

PREFIX = "/api/v2/"
DEVICES, DEVICE = "devices", "devices/{device_uuid}"
DEPLOYMENTS, DEPLOYMENT = "deployments", "deployments/{deployment_uuid}"
ABORT = "deployments/{deployment_uuid}/abort"
FLOWS = "update-flows"
_MOST_TAGS = 100


@dataclass(frozen=True)
class Address:
    """The path of a call: the project's key, the call, and the device or deployment that it names."""

    project_key: str
    call: str
    name: str | None = None

    @property
    def general(self) -> str:
        """The path without the name of one device or deployment, so that calls can be counted."""
        return f"{PREFIX}{self.project_key}/{self.call}"


def is_v2(path: str) -> bool:
    """Whether a path belongs to API v2. ``/v2/deploy_update`` does not."""
    return path.startswith(PREFIX)


def locate(path: str) -> Address | None:
    """The address that a path of API v2 stands for, or nothing."""
    parts = path.removeprefix(PREFIX).split("/") if is_v2(path) else []
    if len(parts) < 2 or not all(parts):
        return None
    key, call, *rest = parts
    if not rest:
        return Address(key, call) if call in (DEVICES, DEPLOYMENTS, FLOWS) else None
    for general in (DEVICE, DEPLOYMENT, ABORT):
        if [call, *rest[1:]] == [part for part in general.split("/") if not part.startswith("{")]:
            return Address(key, general, rest[0])
    return None


class Query:
    """The parameters in an address, read strictly: an unknown one would select more devices than were meant."""

    def __init__(self, pairs: Iterable[tuple[str, str]], accepted: tuple[str, ...]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            if name not in accepted:
                raise ApiError(f"Unknown query parameter {name!r}, use {', '.join(accepted) or 'none'}")
            self._values.setdefault(name, []).append(value)

    def all(self, name: str) -> list[str]:
        """The values of a parameter that may be repeated."""
        return self._values.get(name, [])

    def text(self, name: str) -> str | None:
        """The value of a parameter that may be given once."""
        values = self.all(name)
        if len(values) > 1:
            raise ApiError(f"{name} must be given once")
        return values[0] if values else None

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """An integer within limits."""
        value = self.text(name)
        if value is None:
            return default
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            raise ApiError(f"{name} must be an integer, between {least} and {most}")
        return int(value)

    def flag(self, name: str) -> bool:
        """A boolean, off by default."""
        value = self.text(name)
        if value not in (None, "true", "false"):
            raise ApiError(f"{name} must be true or false")
        return value == "true"

    def cursor(self) -> int | None:
        """The number in ``after``, which only a page before can have given."""
        value = self.text("after")
        if value is None:
            return None
        if not re.fullmatch("c-[0-9a-f]{6,16}", value):
            raise ApiError("after must be the cursor of the previous page")
        return int(value[2:], 16)


class RendererV2:
    """Writes what API v2 shows, in the forms that the switches choose."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches

    def refusal(self, status: int, message: str, headers: dict[str, str] | None = None) -> Reply:
        """A refusal; its form is not documented (U8)."""
        forms: dict[str, Any] = {
            "message": {"message": message},
            "error_message": {"error_message": message},
            "errors": {"errors": [{"status": status, "message": message}]},
        }
        form = self._switches.error_form
        if form == "empty":
            return Reply(status, headers=headers or {}, text="")
        return Reply(status, forms[form], headers or {})

    # Lists

    def page(self, name: str, items: list[Body], cursor: str | None) -> Any:
        """A page of records; ``cursor`` leads to the next one. Envelope and names are not documented (U11)."""
        absent = cursor is None and self._switches.last_cursor == "absent"
        return self.whole(name, items, {} if absent else {self._switches.cursor_key: cursor})

    def whole(self, name: str, items: list[Body], end: Body) -> Any:
        """A list of records, and what stands at its end."""
        envelope = self._switches.envelope
        if envelope == "bare":
            return items
        if envelope == "bare_with_cursor":
            return [*items, end] if end else items
        return {name if envelope == "named" else envelope: items, **end}

    def cursor(self, last: int | None, given: int | None, more: bool) -> str | None:
        """The cursor after a page that ends with the number ``last`` and began after ``given``."""
        if not more and self._switches.last_cursor != "continues":
            return None
        number = given if last is None else last
        return None if number is None else f"c-{number:06x}"

    # Devices

    def listed(self, device: Device, last_beat: float, view: float, enrich: bool) -> Body:
        """An item of Get List of Devices (3.1); the trigger as it was at ``view``."""
        shown = self._device(device, last_beat)
        if enrich:
            shown["tags"] = {"names": list(device.tags[:_MOST_TAGS])}
            if len(device.tags) > _MOST_TAGS:
                shown["tags"]["message"] = f"The first {_MOST_TAGS} of {len(device.tags)} tags"
        if self._switches.trigger_shown == "everywhere":
            shown.update(self.trigger(device, view))
        return shown

    def device(self, device: Device, last_beat: float, view: float) -> Body:
        """The answer of Get Device (3.2)."""
        shown = {**self._device(device, last_beat), "tags": list(device.tags)}
        if self._switches.trigger_shown != "nowhere":
            shown.update(self.trigger(device, view))
        return shown

    def _device(self, device: Device, last_beat: float) -> Body:
        load = device.device_id * 7
        on = device.online
        return {
            "address": device.address,
            "agent_version": device.agent_version,
            "cpu_usage": load % 89 if on else None,
            "current_disk_usage": load % 9001 / 10,
            "description": device.description,
            "device_ip": device.ip if on else None,
            "device_name": device.name,
            self._switches.device_key: device.uuid,
            **({} if self._switches.group_key == "none" else {self._switches.group_key: device.group}),
            "last_keepalive": self._clock.iso(last_beat),
            "ram_usage": load % 71 if on else None,
        }

    def changed(self, device: Device, view: float) -> Body:
        """The answer of Update Device (3.3)."""
        shown = {self._switches.device_key: device.uuid}
        if self._switches.trigger_shown != "nowhere":
            shown.update(self.trigger(device, view))
        return shown

    def trigger(self, device: Device, view: float) -> Body:
        """The update trigger; its name and its form are not documented (U2, U3)."""
        held, _apps = device.past(view)
        forms: dict[str, object] = {"boolean": held, "on_off": "on" if held else "off", "number": int(held)}
        return {self._switches.trigger_key: forms[self._switches.trigger_form]}

    # Deployments

    def deployment_id(self, deployment: Deployment) -> Body:
        """What identifies a deployment: JFrog's own test has an integer (U10)."""
        integer = self._switches.deployment_ids == "integer"
        return {self._switches.deployment_key: deployment.number if integer else deployment.deployment_id}

    def recorded(self, deployment: Deployment) -> Body:
        """An item of Get List of Deployments (3.6)."""
        return {
            **self.deployment_id(deployment),
            "comment": deployment.comment,
            "created_at": self._clock.iso(deployment.created),
            "deployment_type": "regular",
            "cve_severities": {},
        }

    def details(self, deployment: Deployment, reached: Iterable[tuple[Device, Update]], view: float) -> Body:
        """One deployment with the states of its devices as they were at ``view`` (3.7)."""
        shown = {
            **self.deployment_id(deployment),
            "comment": deployment.comment,
            "created_at": self._clock.iso(deployment.created),
        }
        if self._switches.deployment_details == "without_devices":
            return shown
        key = self._switches.device_key
        shown["devices"] = [
            {key: device.uuid, "device_name": device.name, "status": status}
            for device, update in reached
            if (status := update.status_at(view)) is not None
        ]
        return shown
