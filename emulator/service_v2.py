# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API v2 over the same fleet: the calls of connect-api.md 3.1 to 3.8 that a client for updates needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .account import Account
from .clock import Clock
from .filters import V2, TargetReader
from .limits import Limits
from .model import Deployment, Device, deployment_id
from .switches import Switches
from .tokens import DEPLOY, MODIFY, READ, AccessToken, AccessTokens
from .wire import ApiError, Body, Reply, Request, mapping, text
from .wire_v2 import (
    ABORT,
    DEPLOYMENT,
    DEPLOYMENTS,
    DEVICE,
    DEVICES,
    FLOWS,
    Address,
    Query,
    RendererV2,
    locate,
)

PAGE, MOST = 100, 1000


@dataclass(frozen=True)
class Call:
    """A call of a valid token: its project and parameters, and its instants in emulated seconds."""

    request: Request
    name: str
    project: str
    token: AccessToken
    at: float
    view: float

    def query(self, *accepted: str) -> Query:
        """The parameters in the address."""
        return Query(self.request.query, accepted)

    @property
    def body(self) -> Body:
        """The JSON object in the body."""
        if not isinstance(self.request.body, dict):
            raise ApiError("The request body must be a JSON object")
        return self.request.body


@dataclass(frozen=True)
class Route:
    """One method of a path, and the permission that it needs."""

    run: Callable[[Call], Reply]
    needs: str


class ServiceV2:
    """Answers calls of API v2. It has no clock of its own: ``now`` is real seconds since the start."""

    def __init__(
        self, account: Account, switches: Switches, limits: Limits, clock: Clock, tokens: AccessTokens
    ) -> None:
        self.tokens = tokens
        self.render = RendererV2(clock, switches)
        self._account = account
        self._fleet = account.fleet
        self._switches = switches
        self._limits = limits
        self._clock = clock
        self._targets = TargetReader(account, switches)
        self._routes: dict[str, dict[str, Route]] = {
            DEVICES: {"GET": Route(self._list_devices, READ)},
            DEVICE: {
                "GET": Route(self._get_device, READ),
                "PATCH": Route(self._change_device, MODIFY),
                "PUT": Route(self._put_device, MODIFY),
            },
            DEPLOYMENTS: {"GET": Route(self._list_deployments, READ), "POST": Route(self._deploy, DEPLOY)},
            DEPLOYMENT: {"GET": Route(self._get_deployment, READ), "DELETE": Route(self._abort, DEPLOY)},
            ABORT: {"POST": Route(self._abort, DEPLOY)},
            FLOWS: {"GET": Route(self._list_flows, READ)},
        }

    def handle(self, request: Request, now: float, lag: float | None = None) -> Reply:
        """Answer one call at the real instant ``now``; reads show the fleet as it was ``lag`` real seconds before."""
        address = locate(request.path)
        methods = self._served(address.call) if address else {}
        if address is None or not methods:
            return self.render.refusal(404, "No such call")
        route = methods.get(request.method)
        if route is None:
            return self.render.refusal(405, "Method not allowed", {"Allow": ", ".join(sorted(methods))})
        until = self._limits.refuse_banned(now)
        if until is not None:
            return self._too_many(now, until)
        at = self._clock.emulated(now)
        behind = self._switches.lag_seconds if lag is None else lag
        try:
            token = self._authenticate(request, at)
            until = self._admit(token, address, now)
            if until is not None:
                return self._too_many(now, until)
            project = self._project(address, token, route)
            return route.run(Call(request, address.name or "", project, token, at, self._clock.emulated(now - behind)))
        except ApiError as refusal:
            return self.render.refusal(refusal.status, str(refusal))

    def _served(self, call: str) -> dict[str, Route]:
        """The methods of a path, as far as the switches leave them."""
        switches = self._switches
        closed = {
            (DEVICE, "PATCH"): switches.update_methods == "put",
            (DEVICE, "PUT"): switches.update_methods == "patch",
            (DEPLOYMENT, "GET"): switches.deployment_details == "missing",
            (DEPLOYMENT, "DELETE"): switches.abort_call != "delete",
            (ABORT, "POST"): switches.abort_call != "post",
        }
        return {method: route for method, route in self._routes[call].items() if not closed.get((call, method))}

    # Tokens and limits

    def _authenticate(self, request: Request, at: float) -> AccessToken:
        token = self.tokens.find(request.authorization, at)
        if token is None:
            missing = "The header Authorization: Bearer <access token> is required"
            known = "Invalid or expired access token"
            raise ApiError(known if request.authorization else missing, self._switches.v2_bad_token)
        return token

    def _admit(self, token: AccessToken, address: Address, now: float) -> float | None:
        if address.call == DEVICE:
            until = self._limits.admit(f"{DEVICE} {address.name}", self._switches.v2_device_limit, now)
            if until is not None:
                return until
        return self._limits.admit(token.name, self._switches.v2_limit, now)

    def endless(self, request: Request, reply: Reply) -> Reply:
        """The first page of a list as if there were always one more."""
        address, key = locate(request.path), self._switches.cursor_key
        lists = address is not None and address.call in (DEVICES, DEPLOYMENTS) and request.method == "GET"
        if reply.status != 200 or not lists:
            return reply
        if isinstance(reply.body, dict):
            return Reply(200, {**reply.body, key: "c-ffffff"})
        items = [item for item in reply.body if set(item) != {key}]
        return Reply(200, self.render.whole("", items, {key: "c-ffffff"}))

    def too_many(self, headers: dict[str, str]) -> Reply:
        """A 429."""
        return self.render.refusal(429, "Too many requests", headers)

    def _too_many(self, now: float, until: float) -> Reply:
        return self.too_many(self._limits.retry_after(self._switches.v2_retry_after, now, until))

    def _project(self, address: Address, token: AccessToken, route: Route) -> str:
        project = self._fleet.project_of_key(address.project_key)
        if project is None:
            raise ApiError(f"Project {address.project_key!r} does not exist", 404)
        if token.project not in (None, project):
            raise ApiError(f"This token is not valid for project {address.project_key!r}", 403)
        if token.device_uuid is not None and (address.call != DEVICE or address.name != token.device_uuid):
            raise ApiError("This token is valid for one device only", 403)
        if route.needs not in token.permissions:
            raise ApiError(f"This token lacks the permission {route.needs}", 403)
        return project

    # 3.1, 3.2, 3.3

    def _list_devices(self, call: Call) -> Reply:
        query = call.query("group_name", "tags", "after", "limit", "enrich_info")
        group, tags, enrich = query.text("group_name"), query.all("tags"), query.flag("enrich_info")
        limit, after = query.integer("limit", PAGE, 1, MOST), query.cursor()
        if group is not None:
            self._account.check_group(call.project, group)
        for tag in tags:
            self._account.check_tag(tag)
        devices, more = self._fleet.page(call.project, group, None, after or 0, limit, tags)
        items = [self.render.listed(device, self._beat(device, call), call.view, enrich) for device in devices]
        last = devices[-1].device_id if devices else None
        return Reply(200, self.render.page("devices", items, self.render.cursor(last, after, more)))

    def _get_device(self, call: Call) -> Reply:
        device = self._device(call)
        return Reply(200, self.render.device(device, self._beat(device, call), call.view))

    def _change_device(self, call: Call) -> Reply:
        return self._update_device(call, replace=False)

    def _put_device(self, call: Call) -> Reply:
        return self._update_device(call, replace=self._switches.put_device == "replaces")

    def _update_device(self, call: Call, *, replace: bool) -> Reply:
        device, body = self._device(call), call.body
        words = {key: text(body, key) for key in ("device_name", "group_name", "description", "address")}
        held = body.get("update_trigger")
        if "update_trigger" in body and not isinstance(held, bool):
            raise ApiError("update_trigger must be a boolean")
        if not any(key in body for key in (*words, "update_trigger")):
            raise ApiError(f"Nothing to change, use {', '.join((*words, 'update_trigger'))}")
        if words["group_name"] is not None:
            self._account.check_group(device.project, words["group_name"], strict=True)
        if replace:
            words = {key: value or "" for key, value in words.items()}
            held = bool(held)
        self._fleet.describe(device, *words.values())
        if isinstance(held, bool):
            self._fleet.hold(device, held, call.at)
        if self._switches.update_reply == "empty":
            return Reply(200, text="")
        return Reply(200, self.render.changed(device, call.at))

    def _device(self, call: Call) -> Device:
        device = self._fleet.find(call.name)
        if device is None or device.project != call.project:
            raise ApiError(f"Device {call.name!r} does not exist", 404)
        return device

    def _beat(self, device: Device, call: Call) -> float:
        self._fleet.life.advance(device, call.at)
        return self._fleet.life.last_beat(device, call.at)

    # 3.5, 3.6, 3.7

    def _deploy(self, call: Call) -> Reply:
        configuration = mapping(call.body, "deployment_configuration")
        flow_id = self._account.flow(configuration, "flow_uuid")
        comment, app, version = self._account.comment_and_app(configuration)
        parameters = configuration.get("parameters_mapping")
        if not isinstance(parameters, (dict, type(None))):
            raise ApiError("parameters_mapping must be an object")
        devices = self._targets.select(self._targets.read_v2(call.body, call.project), call.at)
        self._account.check_target(devices, "device_filter")
        number, user, token = self._fleet.new_deployment_id(), call.token.user, call.token.name
        deployment = Deployment(
            number, V2, flow_id, call.at, comment, app, version, parameters, call.project, user, token
        )
        self._fleet.deploy(deployment, devices, call.at)
        if self._switches.deploy_reply == "empty":
            return Reply(self._switches.deploy_status, text="")
        return Reply(self._switches.deploy_status, self.render.deployment_id(deployment))

    def _list_deployments(self, call: Call) -> Reply:
        query = call.query("after", "limit")
        limit, after = query.integer("limit", PAGE, 1, MOST), query.cursor()
        listed = [item for item in enumerate(self._fleet.deployments.values(), 1) if self._is_listed(item[1], call)]
        if self._switches.deployments_order == "newest_first":
            rest = [item for item in reversed(listed) if after is None or item[0] < after]
        else:
            rest = [item for item in listed if item[0] > (after or 0)]
        items = [self.render.recorded(deployment) for _number, deployment in rest[:limit]]
        last = rest[:limit][-1][0] if rest else None
        return Reply(200, self.render.page("deployments", items, self.render.cursor(last, after, len(rest) > limit)))

    def _is_listed(self, deployment: Deployment, call: Call) -> bool:
        if deployment.project != call.project or deployment.created > call.view:
            return False
        scope = self._switches.deployments_listed
        return (
            scope == "all"
            or (scope == "user" and deployment.user == call.token.user)
            or (scope == "token" and deployment.token == call.token.name)
        )

    def _get_deployment(self, call: Call) -> Reply:
        deployment = self._deployment(call)
        reached = self._fleet.reached(deployment)
        for device, _update in reached:
            self._fleet.life.advance(device, call.at)
        return Reply(200, self.render.details(deployment, reached, call.view))

    def _abort(self, call: Call) -> Reply:
        self._fleet.abort(self._deployment(call), call.at)
        return Reply(200, {})

    def _deployment(self, call: Call) -> Deployment:
        name = call.name
        if self._switches.deployment_ids == "integer":
            name = deployment_id(int(name)) if name.isascii() and name.isdigit() else ""
        deployment = self._fleet.deployments.get(name)
        if deployment is None or deployment.project != call.project:
            raise ApiError(f"Deployment {call.name!r} does not exist", 404)
        return deployment

    # 3.8

    def _list_flows(self, call: Call) -> Reply:
        call.query()
        items = [{"name": name, "uuid": flow_id} for flow_id, name in sorted(self._account.flows.items())]
        return Reply(200, self.render.whole("update_flows", items, {}))
