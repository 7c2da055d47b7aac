# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call from its arrival to its result: faults before and after the service, as data. Callable without a network."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Literal

from .faults import Fault, FaultBox
from .service import Service
from .service_v2 import ServiceV2
from .stats import WRITE_METHODS, Entry, Stats
from .wire import Reply, Request
from .wire_v2 import DEVICE, is_v2, locate

Delivery = Literal["reply", "reset", "close", "truncate"]


@dataclass(frozen=True)
class Outcome:
    """What the client gets: a reply after ``delay`` real seconds, part of one, or an end of the connection."""

    reply: Reply | None
    delivery: Delivery = "reply"
    delay: float = 0.0

    @property
    def sent(self) -> bytes:
        """The bytes of the body that reach the client."""
        if self.reply is None:
            return b""
        payload = self.reply.payload()
        return payload[: len(payload) // 2] if self.delivery == "truncate" else payload


class Exchange:
    """Receives calls, applies the faults, counts. Every ``now`` is real seconds since the start."""

    def __init__(self, service: Service, service_v2: ServiceV2, log_size: int) -> None:
        self.service = service
        self.service_v2 = service_v2
        self.faults = FaultBox()
        self.stats = Stats(log_size)
        self._late: list[tuple[float, int, Request, Entry]] = []

    def receive(self, request: Request, now: float) -> Outcome:
        """Process one call and return its outcome."""
        self.land(now)
        device_uuid, counts = self._device_named(request)
        fault = self.faults.pick(request.method, request.path, device_uuid)
        body = self._without_tokens(request.body)
        general = _general(request.path)
        entry = self.stats.received(request.method, request.path, general, device_uuid, body, now, counts)
        if is_v2(request.path):
            entry.update(self._about_v2(request, now))
        if fault is None:
            outcome = Outcome(self._process(request, now))
        else:
            entry["fault"] = fault.kind
            outcome = self._fail(fault, request, entry, now)
        if outcome.reply is not None:
            entry["status"] = outcome.reply.status
        return outcome

    def land(self, now: float) -> None:
        """Process the calls that a fault delayed and that are due by now, each at its own instant."""
        while self._late and self._late[0][0] <= now:
            due, _sequence, request, entry = heapq.heappop(self._late)
            entry["landed"] = self._process(request, due).status

    def _process(self, request: Request, now: float, lag: float | None = None) -> Reply:
        if is_v2(request.path):
            reply = self.service_v2.handle(request, now, lag)
        else:
            reply = self.service.handle(request.method, request.path, request.body, now, lag)
        if request.method in WRITE_METHODS and reply.status < 300:
            self.stats.wrote(_general(request.path))
        return reply

    def label(self, path: str) -> str:
        """The content type of answers: API v2 documents JSON (connect-api.md 3.1)."""
        return "application/json" if is_v2(path) else self.service.switches.content_type

    def _fail(self, fault: Fault, request: Request, entry: Entry, now: float) -> Outcome:
        kind, args = fault.kind, fault.args
        if kind == "refuse":
            return Outcome(None, "reset")
        if kind == "drop_before":
            return Outcome(None, "close")
        if kind == "error_before":
            return Outcome(_gateway(args["status"]))
        if kind == "429":
            after = args["retry_after"]
            headers = {} if after is None else {"Retry-After": str(after)}
            return Outcome(self.service_v2.too_many(headers) if is_v2(request.path) else Reply(429, {}, headers))
        if kind == "late":
            heapq.heappush(self._late, (now + args["seconds"], entry["seq"], request, entry))
            return Outcome(None, "close") if args["status"] is None else Outcome(_gateway(args["status"]))
        if kind == "html" and not args["processed"]:
            if request.method in WRITE_METHODS:
                self.stats.wrote(_general(request.path))  # the client was told 200
            return Outcome(_gateway(200))
        if kind == "same_page":
            return self._same_page(request, now)
        reply = self._process(request, now, args["seconds"] if kind == "lag" else None)
        if kind == "drop_after":
            return Outcome(None, "close")
        if kind == "error_after":
            return Outcome(_gateway(args["status"]))
        if kind == "html":
            return Outcome(_gateway(200))
        if kind == "slow":
            return Outcome(reply, delay=args["seconds"])
        return Outcome(reply, "truncate" if kind == "truncated" else "reply")

    def _same_page(self, request: Request, now: float) -> Outcome:
        body = request.body
        if isinstance(body, dict):
            body = {key: value for key, value in body.items() if key != "offset"}
        query = tuple((key, value) for key, value in request.query if key != "after")
        reply = self._process(replace(request, body=body, query=query), now)
        if is_v2(request.path):
            return Outcome(self.service_v2.endless(request, reply))
        if reply.status == 200 and isinstance(reply.body, dict) and "more" in reply.body:
            reply = replace(reply, body={**reply.body, "more": True})
        return Outcome(reply)

    def _device_named(self, request: Request) -> tuple[str | None, bool]:
        """The uuid of the device a call is about, and whether it counts as a call of the device.

        In v1 its token has to name it, in API v2 the path.
        """
        body, address = request.body, locate(request.path)
        if address is not None and address.call == DEVICE:
            found = self.service.fleet.find(address.name or "")
            return (found.uuid if found else None), found is not None
        if not isinstance(body, dict):
            return None, False
        fleet, token, key = self.service.fleet, body.get("device_token"), body.get("device_id")
        if isinstance(token, str):
            device = fleet.by_token(token)
            return (device.uuid if device else None), device is not None
        if isinstance(key, (int, str)):
            device = fleet.find(key)
            return (device.uuid if device else None), False
        for name in ("devices_filter", "device_filter"):
            chosen = body.get(name)
            filters = chosen.get("filters") if isinstance(chosen, dict) else None
            if isinstance(filters, list) and len(filters) == 1 and isinstance(filters[0], dict):
                item = filters[0]
                if item.get("type") == "specific_device" and item.get("operand") == "is":
                    uuid = item.get("value")
                    return (uuid if isinstance(uuid, str) else None), False
        return None, False

    def _about_v2(self, request: Request, now: float) -> dict[str, Any]:
        """What the log says of a call of API v2 besides: its query, and the name of its token if that is valid."""
        token = self.service_v2.tokens.find(request.authorization, self.service.clock.emulated(now))
        query: dict[str, list[str]] = {}
        for key, value in request.query:
            query.setdefault(key, []).append(self._hide(key, value))
        return {"query": query, "token": token.name if token else None}

    def _without_tokens(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._hide(key, item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._without_tokens(item) for item in value]
        return value

    def _hide(self, key: str, value: Any) -> Any:
        if key == "user_token":
            return "u-***"
        if key == "device_token":
            device = self.service.fleet.by_token(value) if isinstance(value, str) else None
            return device.uuid if device else "t-***"
        if key == "access_token":
            return "a-***"
        return self._without_tokens(value)


def _general(path: str) -> str:
    """The path under which a call is counted."""
    address = locate(path)
    return path if address is None else address.general


def _gateway(status: int) -> Reply:
    """What a proxy in front of the service would answer: HTML, whatever the status."""
    title = f"{status} {HTTPStatus(status).phrase}" if status in HTTPStatus._value2member_map_ else str(status)
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Reply(status, headers={"Content-Type": "text/html"}, text=page)
