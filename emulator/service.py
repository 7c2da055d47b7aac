# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service: every call of connect-api.md 2.1 to 2.8 as a function of (method, path, body, time)."""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable
from dataclasses import dataclass

from .account import OWNER, Account
from .clock import Clock
from .filters import V1, V2_LEGACY, TargetReader
from .limits import Limits
from .model import Deployment, Device
from .switches import Switches
from .wire import SUCCESS, ApiError, Body, Renderer, Reply, error, integer, mapping, mappings, required_text, text

PAGE, MOST = 20, 50


@dataclass(frozen=True)
class Call:
    """An authenticated call: its body, the device it names, and its instants in emulated seconds."""

    body: Body
    device: Device | None
    at: float
    view: float


@dataclass(frozen=True)
class Route:
    """One call of the API. ``device``: may name a device by its token, must, or does not read the field."""

    run: Callable[[Call], Reply]
    device: str


class Service:
    """Answers calls. It has no clock of its own: ``now`` is real seconds since the start."""

    def __init__(self, account: Account, switches: Switches, limits: Limits, clock: Clock, user_token: str) -> None:
        self.account = account
        self.fleet = account.fleet
        self.switches = switches
        self.limits = limits
        self.clock = clock
        self.user_token = user_token
        self._targets = TargetReader(account, switches)
        self._render = Renderer(clock, switches)
        self._routes: dict[str, dict[str, Route]] = {
            "/v1/set_update_trigger": {"POST": Route(self._set_trigger, "must")},
            "/v1/devices_details": {
                "GET": Route(self._get_details, "may"),
                "POST": Route(self._change_details, "must"),
            },
            "/v1/get_device_state": {"GET": Route(self._get_state, "may")},
            "/v1/get_devices_state": {"GET": Route(self._get_states, "no")},
            "/v1/device_tags": {"DELETE": Route(self._remove_tag, "no")},
            "/v1/device_apps": {"DELETE": Route(self._remove_app, "no")},
            "/v1/deploy_update": {"POST": Route(self._deploy_v1, "no")},
            "/v2/deploy_update": {"POST": Route(self._deploy_v2_legacy, "no")},
        }

    def handle(self, method: str, path: str, body: object, now: float, lag: float | None = None) -> Reply:
        """Answer one call at the real instant ``now``; lists show the fleet as it was ``lag`` real seconds before."""
        methods = self._routes.get(path)
        if methods is None:
            return error(404, "No such call")
        route = methods.get(method)
        if route is None:
            return Reply(405, {"error_message": "Method not allowed"}, {"Allow": ", ".join(sorted(methods))})
        until = self.limits.refuse_banned(now)
        if until is not None:
            return self._too_many(now, until)
        behind = self.switches.lag_seconds if lag is None else lag
        try:
            if not isinstance(body, dict):
                raise ApiError("The request body must be a JSON object")
            self._authenticate(body)
            device = self._named_device(body, route)
            until = self._admit(device, now)
            if until is not None:
                return self._too_many(now, until)
            return route.run(Call(body, device, self.clock.emulated(now), self.clock.emulated(now - behind)))
        except ApiError as refusal:
            return error(refusal.status, str(refusal))

    def _admit(self, device: Device | None, now: float) -> float | None:
        if device is None:
            return self.limits.admit("", self.switches.account_limit, now)
        return self.limits.admit(device.token, self.switches.rate_limit, now)

    def _too_many(self, now: float, until: float) -> Reply:
        return Reply(429, {}, self.limits.retry_after(self.switches.retry_after, now, until))

    # The account, and the device that a call names

    def _authenticate(self, body: Body) -> None:
        token = body.get("user_token")
        if not isinstance(token, str) or not token:
            raise ApiError("user_token is required", self.switches.bad_token)
        if not hmac.compare_digest(token.encode(), self.user_token.encode()):
            raise ApiError("Invalid user_token", self.switches.bad_token)

    def _named_device(self, body: Body, route: Route) -> Device | None:
        if route.device == "no":
            return None
        token = required_text(body, "device_token") if route.device == "must" else text(body, "device_token")
        if token is None:
            return None
        device = self.fleet.by_token(token)
        if device is None:
            raise ApiError("Invalid device_token", self.switches.bad_token)
        return device

    # 2.1

    def _set_trigger(self, call: Call) -> Reply:
        device = _device_of(call)
        value = call.body.get("trigger_set")
        if value is None and self.switches.trigger_missing != "rejected":
            value = self.switches.trigger_missing == "true"
        if not isinstance(value, bool):
            raise ApiError("trigger_set is required and must be a boolean")
        if _major(device.agent_version) >= 7 and self.switches.agent7_trigger != "accepted":
            if self.switches.agent7_trigger == "ignored":
                return SUCCESS
            raise ApiError("This device runs an agent that does not support this API version")
        self.fleet.hold(device, value, call.at)
        return SUCCESS

    # 2.2

    def _get_details(self, call: Call) -> Reply:
        if call.device is not None:
            return Reply(200, {"more": False, "message": [self._show(call.device, call)]})
        project, group = self._place(call.body)
        offset = integer(call.body, "offset", 0, 0)
        limit = integer(call.body, "limit", PAGE, 1, MOST)
        devices, more = self.fleet.page(project, group, text(call.body, "device_name"), offset, limit)
        return Reply(200, {"more": more, "message": [self._show(device, call) for device in devices]})

    def _show(self, device: Device, call: Call) -> Body:
        self.fleet.life.advance(device, call.at)
        return self._render.device(device, self.fleet.life.last_beat(device, call.at), call.view)

    def _place(self, body: Body) -> tuple[str | None, str | None]:
        project, group = text(body, "project_name"), text(body, "group_name")
        if project is None:
            if group is not None:
                raise ApiError("group_name works only together with project_name")
            return None, None
        self.account.check_project(project)
        if group is not None:
            self.account.check_group(project, group)
        return project, group

    # 2.3

    def _change_details(self, call: Call) -> Reply:
        body, device = call.body, _device_of(call)
        name, description, address = text(body, "device_name"), text(body, "description"), text(body, "address")
        group, tag = text(body, "group"), text(body, "tag")
        text(body, "software_version")  # deprecated: its type is checked, it changes nothing
        where = _coordinates(body)
        apps = self._apps_of(body)
        if group is not None:
            self.account.check_group(device.project, group, strict=True)
        # Everything is checked before anything changes: a refused call must leave the device as it was.
        self.fleet.describe(device, name, group, description, address)
        if tag is not None:
            self.fleet.set_tags(device, [*device.tags, tag])
        if apps is not None:
            self.fleet.set_apps(device, {**device.apps, **apps}, call.at)
        if where is not None:
            device.lat, device.lng = where
        return SUCCESS

    def _apps_of(self, body: Body) -> dict[str, str] | None:
        if body.get("apps") is None:
            return None
        apps = {}
        for item in mappings(body, "apps"):
            name = required_text(item, "app_name")
            self.account.know_app(name)
            apps[name] = required_text(item, "version")
        return apps

    # 2.4, 2.5

    def _get_state(self, call: Call) -> Reply:
        device, asked = call.device, ("device_token", call.body.get("device_token"))
        if device is None:
            key = call.body.get("device_id")
            if isinstance(key, bool) or not isinstance(key, (int, str)):
                raise ApiError("device_token or device_id is required")
            device, asked = self.fleet.find(key), ("device_id", key)
            if device is None:
                raise ApiError("Device does not exist")
        return Reply(200, {"message": {"device_status": _state(device), asked[0]: asked[1]}})

    def _get_states(self, call: Call) -> Reply:
        project, group = self._place(call.body)
        limit = integer(call.body, "limit", PAGE, 1, MOST)
        offset, after = text(call.body, "offset"), 0
        if offset is not None:
            last = self.fleet.find(offset)
            if last is None:
                raise ApiError("offset must be the last device_uuid of the previous page")
            after = last.device_id
        devices, more = self.fleet.page(project, group, None, after, limit)
        items = [
            {"device_status": _state(device), "device_uuid": device.uuid, "device_name": device.name}
            for device in devices
        ]
        return Reply(200, {"more": more, "message": items})

    # 2.6

    def _remove_tag(self, call: Call) -> Reply:
        tag = required_text(call.body, "tag_name")
        if tag not in self.fleet.tags:
            raise ApiError(f"Tag {tag!r} does not exist")
        for device in self._targets.select(self._targets.read(call.body, "device_filter", V1), call.at):
            self.fleet.set_tags(device, [item for item in device.tags if item != tag])
        return SUCCESS

    def _remove_app(self, call: Call) -> Reply:
        app = required_text(call.body, "app_name")
        if app not in self.fleet.apps:
            raise ApiError(f"App {app!r} does not exist")
        for device in self._targets.select(self._targets.read(call.body, "device_filter", V1), call.at):
            rest = {name: version for name, version in device.apps.items() if name != app}
            self.fleet.set_apps(device, rest, call.at)
        return SUCCESS

    # 2.7, 2.8

    def _deploy_v1(self, call: Call) -> Reply:
        return self._deploy(call, V1, None)

    def _deploy_v2_legacy(self, call: Call) -> Reply:
        parameters = call.body.get("parameters_mapping")
        if parameters is not None and not isinstance(parameters, (dict, str)):
            raise ApiError("parameters_mapping must be an object or a string")
        return self._deploy(call, V2_LEGACY, parameters)

    def _deploy(self, call: Call, api: str, parameters: object) -> Reply:
        flow_id = self.account.flow(call.body, "flow_id")
        comment, app, version = self.account.comment_and_app(mapping(call.body, "metadata"))
        target = self._targets.read(call.body, "devices_filter", api)
        devices = self._targets.select(target, call.at)
        self.account.check_target(devices, "devices_filter")
        number, project = self.fleet.new_deployment_id(), target.project
        deployment = Deployment(number, api, flow_id, call.at, comment, app, version, parameters, project, OWNER)
        self.fleet.deploy(deployment, devices, call.at)
        return SUCCESS


def _device_of(call: Call) -> Device:
    if call.device is None:
        raise ApiError("device_token is required")
    return call.device


def _state(device: Device) -> str:
    return "online" if device.online else "offline"


def _major(version: str) -> int:
    digits = version.partition(".")[0]
    return int(digits) if digits.isdigit() else 0


def _coordinates(body: Body) -> tuple[float, float] | None:
    """``lat`` and ``lng`` are given together; documented as strings and shown as numbers, so both are accepted."""
    lat, lng = body.get("lat"), body.get("lng")
    if lat is None and lng is None:
        return None
    try:
        where = float(lat), float(lng)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        where = math.nan, math.nan
    if not all(math.isfinite(value) for value in where):
        raise ApiError("lat and lng must be given together, as numbers")
    return where
