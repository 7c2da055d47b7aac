# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API: what tests and demos read and change without the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from .exchange import Exchange
from .faults import FaultError
from .model import Device
from .switches import SwitchError
from .tokens import PERMISSIONS, AccessToken
from .wire import Reply

PREFIX = "/_control/"
_OK = Reply(200, {})
_MATCHABLE = ("device_uuid", "device_name", "project", "group")
_TYPES: dict[str, tuple[type, ...]] = {
    "online": (bool,),
    "held": (bool,),
    "fail": (bool, type(None)),
    "tags": (list,),
    "apps": (dict,),
    "group": (str,),
    "agent_version": (str,),
    "update_seconds": (int, float, type(None)),
}

_TOKEN_TYPES: dict[str, tuple[type, ...]] = {
    "user": (str,),
    "permissions": (list,),
    "project": (str,),
    "device_uuid": (str,),
    "expires_in": (int, float),
}


class ControlError(Exception):
    """A control call that is refused."""


class Control:
    """Answers control calls. ``now`` is real seconds since the start, as in :class:`Exchange`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._service = exchange.service
        self._fleet = exchange.service.fleet
        self._routes: dict[tuple[str, str], Callable[[Mapping[str, str], dict[str, Any], float], Reply]] = {
            ("GET", "info"): self._info,
            ("GET", "devices"): self._devices,
            ("POST", "configure"): self._configure,
            ("GET", "deployments"): self._deployments,
            ("GET", "access_tokens"): self._tokens,
            ("POST", "access_tokens"): self._add_token,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "switches"): self._switches,
            ("POST", "switches"): self._set_switches,
            ("POST", "advance"): self._advance,
            ("GET", "stats"): self._stats,
            ("DELETE", "stats"): self._reset_stats,
            ("GET", "log"): self._log,
        }

    def handle(self, method: str, path: str, query: Mapping[str, str], body: Any, now: float) -> Reply:
        """Answer one control call."""
        route = self._routes.get((method, path.removeprefix(PREFIX)))
        if route is None:
            return Reply(404, {"error": "no such control call"})
        if body is None:
            body = {}
        if not isinstance(body, dict):
            return Reply(400, {"error": "the body must be a JSON object"})
        self._exchange.land(now)
        try:
            return route(query, body, now)
        except (ControlError, FaultError, SwitchError) as refusal:
            return Reply(400, {"error": str(refusal)})

    def _info(self, _query: Mapping[str, str], _body: dict[str, Any], now: float) -> Reply:
        clock = self._service.clock
        at = clock.emulated(now)
        return Reply(
            200,
            {
                "user_token": self._service.user_token,
                "access_token": self._exchange.service_v2.tokens.first.token,
                "project_keys": self._fleet.project_keys,
                "devices": len(self._fleet),
                "projects": self._fleet.projects,
                "flows": sorted(self._service.account.flows),
                "apps": sorted(self._fleet.apps),
                "real_seconds": round(now, 6),
                "emulated_seconds": round(at, 6),
                "emulated_time": clock.stamp(at),
                "time_factor": clock.factor,
            },
        )

    def _devices(self, query: Mapping[str, str], _body: dict[str, Any], now: float) -> Reply:
        unknown = set(query) - set(_MATCHABLE)
        if unknown:
            raise ControlError(f"unknown query {', '.join(sorted(unknown))}; accepted: {', '.join(_MATCHABLE)}")
        wanted = dict(query)
        uuid = wanted.pop("device_uuid", None)
        found = self._fleet.find(uuid) if uuid is not None else None
        candidates = self._fleet if uuid is None else [found] if found else []
        at = self._service.clock.emulated(now)
        return Reply(
            200,
            {
                "devices": [
                    self._describe(device, at)
                    for device in candidates
                    if all(
                        (device.name if key == "device_name" else getattr(device, key)) == value
                        for key, value in wanted.items()
                    )
                ]
            },
        )

    def _describe(self, device: Device, at: float) -> dict[str, Any]:
        self._fleet.life.advance(device, at)
        return {
            "device_id": device.device_id,
            "device_uuid": device.uuid,
            "device_token": device.token,
            "device_name": device.name,
            "project": device.project,
            "group": device.group,
            "tags": list(device.tags),
            "online": device.online,
            "held": device.held,
            "agent_version": device.agent_version,
            "fail": device.fail,
            "update_seconds": device.update_seconds,
            "apps": [{"app_name": name, "version": version} for name, version in device.apps.items()],
            "updates": [
                {
                    "update_id": update.update_id,
                    "update_status": update.status,
                    "comment": update.deployment.comment,
                    "update_version": update.deployment.app_version or "",
                    "deployment_id": update.deployment.deployment_id,
                    "flow_id": update.deployment.flow_id,
                    "created": update.deployment.created,
                    "started": update.started,
                    "finished": update.finished,
                }
                for update in device.updates
            ],
        }

    def _configure(self, _query: Mapping[str, str], body: dict[str, Any], now: float) -> Reply:
        uuids, changes = body.get("device_uuids"), body.get("changes")
        if not isinstance(uuids, list) or not isinstance(changes, dict):
            raise ControlError("device_uuids (a list) and changes (an object) are required")
        _check_changes(changes)
        devices = []
        for uuid in uuids:
            device = self._fleet.find(uuid) if isinstance(uuid, str) else None
            if device is None:
                raise ControlError(f"device_uuids: there is no device {uuid!r}")
            devices.append(device)
        at = self._service.clock.emulated(now)
        for device in devices:
            self._change(device, changes, at)
        return _OK

    def _change(self, device: Device, changes: dict[str, Any], at: float) -> None:
        fleet = self._fleet
        for name, value in changes.items():
            if name == "online":
                fleet.set_online(device, value, at)
            elif name == "held":
                fleet.hold(device, value, at)
            elif name == "tags":
                fleet.set_tags(device, value)
            elif name == "group":
                fleet.move(device, value)
            elif name == "apps":
                fleet.apps.update(value)
                fleet.set_apps(device, value, at)
            else:
                fleet.life.advance(device, at)  # the past happened under the old value
                setattr(device, name, value)

    def _deployments(self, _query: Mapping[str, str], _body: dict[str, Any], _now: float) -> Reply:
        return Reply(200, {"deployments": [asdict(item) for item in self._fleet.deployments.values()]})

    def _tokens(self, _query: Mapping[str, str], _body: dict[str, Any], _now: float) -> Reply:
        return Reply(200, {"access_tokens": [_token(item) for item in self._exchange.service_v2.tokens]})

    def _add_token(self, _query: Mapping[str, str], body: dict[str, Any], now: float) -> Reply:
        spec = dict(body)
        for name, value in spec.items():
            if name not in _TOKEN_TYPES:
                raise ControlError(f"access token: unknown field {name!r}; accepted: {', '.join(_TOKEN_TYPES)}")
            if not isinstance(value, _TOKEN_TYPES[name]) or isinstance(value, bool):
                raise ControlError(f"access token: {name} cannot be {value!r}")
        if not all(item in PERMISSIONS for item in spec.get("permissions", ())):
            raise ControlError(f"access token: permissions must be of {', '.join(PERMISSIONS)}")
        if "project" in spec and not self._fleet.has_project(spec["project"]):
            raise ControlError(f"access token: there is no project {spec['project']!r}")
        if "device_uuid" in spec and self._fleet.find(spec["device_uuid"]) is None:
            raise ControlError(f"access token: there is no device {spec['device_uuid']!r}")
        lifetime = spec.pop("expires_in", None)
        expires = None if lifetime is None else self._service.clock.emulated(now) + lifetime
        return Reply(200, _token(self._exchange.service_v2.tokens.add(**spec, expires=expires)))

    def _faults(self, _query: Mapping[str, str], _body: dict[str, Any], _now: float) -> Reply:
        return Reply(200, {"faults": [asdict(item) for item in self._exchange.faults.faults]})

    def _add_fault(self, _query: Mapping[str, str], body: dict[str, Any], _now: float) -> Reply:
        spec = dict(body)
        kind = spec.pop("kind", None)
        if not isinstance(kind, str):
            raise ControlError("kind is required and must be a string")
        self._exchange.faults.add(kind, **spec)
        return _OK

    def _clear_faults(self, _query: Mapping[str, str], _body: dict[str, Any], _now: float) -> Reply:
        self._exchange.faults.clear()
        return _OK

    def _switches(self, _query: Mapping[str, str], _body: dict[str, Any], _now: float) -> Reply:
        return Reply(200, {"switches": self._service.switches.as_dict()})

    def _set_switches(self, query: Mapping[str, str], body: dict[str, Any], now: float) -> Reply:
        # Devices first live until now under the old rules: a switch must not change the past.
        at = self._service.clock.emulated(now)
        for device in self._fleet:
            self._fleet.life.advance(device, at)
        self._service.switches.change(body)
        return self._switches(query, body, now)

    def _advance(self, _query: Mapping[str, str], body: dict[str, Any], now: float) -> Reply:
        seconds = body.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 <= seconds < float("inf"):
            raise ControlError("seconds must be a number of at least 0")
        self._service.clock.jump(now, seconds)
        return _OK

    def _stats(self, _query: Mapping[str, str], _body: dict[str, Any], now: float) -> Reply:
        limits = self._service.limits
        counters = self._exchange.stats.as_dict(self._fleet)
        banned = limits.ever_banned or limits.banned(now)
        return Reply(200, {**counters, "rate_limited": limits.refused, "banned": banned})

    def _reset_stats(self, _query: Mapping[str, str], _body: dict[str, Any], _now: float) -> Reply:
        self._exchange.stats.reset()
        self._service.limits.reset_counters()
        return _OK

    def _log(self, _query: Mapping[str, str], _body: dict[str, Any], _now: float) -> Reply:
        return Reply(200, {"log": list(self._exchange.stats.log)})


def _token(token: AccessToken) -> dict[str, Any]:
    return {**asdict(token), "permissions": list(token.permissions)}


def _check_changes(changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        types = _TYPES.get(name)
        if types is None:
            raise ControlError(f"changes: unknown field {name!r}; accepted: {', '.join(_TYPES)}")
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise ControlError(f"{name} cannot be {value!r}")
    if not all(isinstance(tag, str) for tag in changes.get("tags", ())):
        raise ControlError("tags must be strings")
    if not all(isinstance(version, str) for version in changes.get("apps", {}).values()):
        raise ControlError("apps must map names to version strings")
    if (changes.get("update_seconds") or 0) < 0:
        raise ControlError("update_seconds must be at least 0")
