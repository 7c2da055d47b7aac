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
from .stats import WRITE_METHODS, Entry, Stats
from .wire import Reply

Delivery = Literal["reply", "reset", "close", "truncate"]


@dataclass(frozen=True)
class Request:
    """A call as it arrived; ``body`` is the decoded JSON, or ``None`` when there was none that could be decoded."""

    method: str
    path: str
    body: Any


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

    def __init__(self, service: Service, log_size: int) -> None:
        self.service = service
        self.faults = FaultBox()
        self.stats = Stats(log_size)
        self._late: list[tuple[float, int, Request, Entry]] = []

    def receive(self, request: Request, now: float) -> Outcome:
        """Process one call and return its outcome."""
        self.land(now)
        device_uuid, by_token = self._device_named(request.body)
        fault = self.faults.pick(request.method, request.path, device_uuid)
        body = self._without_tokens(request.body)
        entry = self.stats.received(request.method, request.path, device_uuid, body, now, by_token)
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
        reply = self.service.handle(request.method, request.path, request.body, now, lag)
        if request.method in WRITE_METHODS and reply.status < 300:
            self.stats.wrote(request.path)
        return reply

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
            return Outcome(Reply(429, {}, {} if after is None else {"Retry-After": str(after)}))
        if kind == "late":
            heapq.heappush(self._late, (now + args["seconds"], entry["seq"], request, entry))
            return Outcome(None, "close") if args["status"] is None else Outcome(_gateway(args["status"]))
        if kind == "html" and not args["processed"]:
            if request.method in WRITE_METHODS:
                self.stats.wrote(request.path)  # the client was told 200
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
        reply = self._process(replace(request, body=body), now)
        if reply.status == 200 and isinstance(reply.body, dict) and "more" in reply.body:
            reply = replace(reply, body={**reply.body, "more": True})
        return Outcome(reply)

    def _device_named(self, body: Any) -> tuple[str | None, bool]:
        """The uuid of the device a call is about, and whether its token named it (only those count for its limit)."""
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
        return self._without_tokens(value)


def _gateway(status: int) -> Reply:
    """What a proxy in front of the service would answer: HTML, whatever the status."""
    title = f"{status} {HTTPStatus(status).phrase}" if status in HTTPStatus._value2member_map_ else str(status)
    page = f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Reply(status, headers={"Content-Type": "text/html"}, text=page)
