# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire's bodies: replies, strict reading of what a client sent, and a device as JSON (connect-api.md 2.0, 2.2)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock
from .model import Device
from .switches import Switches

Body = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """A call as it arrived; ``body`` is the decoded JSON, or ``None`` when there was none that could be decoded.

    Only API v2 reads the query and the header Authorization.
    """

    method: str
    path: str
    body: Any
    query: tuple[tuple[str, str], ...] = ()
    authorization: str | None = None


@dataclass(frozen=True)
class Reply:
    """What the service answers. ``text`` replaces the JSON body when a fault says so."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None

    def payload(self) -> bytes:
        """The bytes of the body."""
        return (json.dumps(self.body) if self.text is None else self.text).encode()


SUCCESS = Reply(200, {"message": "Success"})


def error(status: int, message: str) -> Reply:
    """A refusal in the documented form (connect-api.md 2.0)."""
    return Reply(status, {"error_message": message})


class ApiError(Exception):
    """A call that is refused. Each generation of the API has its own form for it."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def text(body: Body, key: str) -> str | None:
    """An optional string; JSON null counts as absent."""
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise ApiError(f"{key} must be a string")
    return value


def required_text(body: Body, key: str) -> str:
    """A required string that is not empty."""
    value = text(body, key)
    if not value:
        raise ApiError(f"{key} is required")
    return value


def integer(body: Body, key: str, default: int, least: int, most: int | None = None) -> int:
    """An optional integer. A numeric string is refused: the documentation says integer."""
    value = body.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < least or (most is not None and value > most):
        span = f"at least {least}" if most is None else f"between {least} and {most}"
        raise ApiError(f"{key} must be an integer, {span}")
    return value


def mapping(body: Body, key: str) -> Body:
    """A required object."""
    value = body.get(key)
    if not isinstance(value, dict):
        raise ApiError(f"{key} is required and must be an object")
    return value


def mappings(body: Body, key: str) -> list[Body]:
    """A required list of objects, which may be empty."""
    value = body.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise ApiError(f"{key} is required and must be a list of objects (it may be empty)")
    return value


class Renderer:
    """Writes devices as the service shows them."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches

    def device(self, device: Device, last_beat: float, view: float) -> Body:
        """One item of ``GET /v1/devices_details``; trigger, apps and updates as they were at ``view``."""
        held, apps = device.past(view)
        load = device.device_id * 7
        return {
            "device_id": device.device_id,
            "device_uuid": device.uuid,
            "device_name": device.name,
            "upswift_version": device.agent_version,
            "project": device.project,
            "group": device.group,
            "device_ip": device.ip,
            "last_keepalive": self._stamp(last_beat),
            "cpu_usage": load % 89,
            "ram_usage": load % 71,
            "disk_usage": load % 9001 / 10,
            "address": device.address,
            "lat": device.lat,
            "lng": device.lng,
            "is_update_trigger_set": held,
            "description": device.description,
            "registered_date": self._stamp(-86400.0 * (30 + device.device_id % 700)),
            "tags": list(device.tags),
            "apps": [{"app_name": name, "version": version} for name, version in apps.items()],
            "updates": self._updates(device, view),
        }

    def _updates(self, device: Device, view: float) -> list[Body]:
        items: list[Body] = []
        # Walk back from the newest and stop at the cap: the history of a device may be much longer than its page.
        for update in reversed(device.updates):
            status = update.status_at(view)
            if status is None:
                continue
            deployment = update.deployment
            items.append(
                {
                    "update_id": update.update_id,
                    "update_status": status,
                    "update_version": deployment.app_version or "",
                    "comment": deployment.comment,
                    "deployment_schedule_time": self._stamp(deployment.created),
                }
            )
            if len(items) == self._switches.updates_cap:
                break
        if self._switches.updates_order == "newest_last":
            items.reverse()
        return items

    def _stamp(self, at: float) -> str:
        return self._clock.stamp(at, self._switches.timestamp_offset)
