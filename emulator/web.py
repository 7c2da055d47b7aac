# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network: a thin layer that turns HTTP into calls of the core, and the outcome of a call into bytes."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import json
import socket
import struct
import time
from typing import Any

from aiohttp import web

from .control import PREFIX, Control
from .exchange import Exchange, Outcome
from .wire import Reply, Request

_MOST_BYTES = 16 * 1024 * 1024
_RESET = struct.pack("ii", 1, 0)


def is_loopback(host: str) -> bool:
    """Whether an address cannot be reached from another machine."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


class Web:
    """Serves one emulator."""

    def __init__(self, exchange: Exchange, control_token: str | None) -> None:
        self._exchange = exchange
        self._control = Control(exchange)
        self._control_token = control_token
        self._started = time.monotonic()

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_route("*", PREFIX + "{call}", self._serve_control)
        app.router.add_route("*", "/{path:.*}", self._serve_api)
        return app

    @property
    def now(self) -> float:
        """Real seconds since the start."""
        return time.monotonic() - self._started

    async def _serve_api(self, request: web.Request) -> web.StreamResponse:
        stats = self._exchange.stats
        stats.enter()
        try:
            body = _decode(await request.read())
            await asyncio.sleep(0)  # so that calls that have arrived already count as in flight
            query = tuple((key, value) for key, value in request.query.items())
            call = Request(request.method, request.path, body, query, request.headers.get("Authorization"))
            outcome = self._exchange.receive(call, self.now)
            if outcome.delay:
                await asyncio.sleep(outcome.delay)
            return self._deliver(request, outcome)
        finally:
            stats.leave()

    def _deliver(self, request: web.Request, outcome: Outcome) -> web.Response:
        label = self._exchange.label(request.path)
        if outcome.reply is not None and outcome.delivery == "reply":
            return _response(outcome.reply, label)
        transport = request.transport
        if transport is not None:
            if outcome.delivery == "reset":
                peer = transport.get_extra_info("socket")
                # Without lingering, closing sends a reset in place of the usual end of stream.
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                transport.abort()
            elif outcome.reply is not None:
                transport.write(_cut(outcome.reply, outcome.sent, label))
                transport.close()
            else:
                transport.close()
        return web.Response()  # is never sent: the connection is closed

    async def _serve_control(self, request: web.Request) -> web.Response:
        refusal = self._guard(request)
        if refusal is not None:
            return _response(refusal, "application/json")
        raw = await request.read()
        body = _decode(raw)
        if raw and body is None:
            return _response(Reply(400, {"error": "the body is not JSON"}), "application/json")
        reply = self._control.handle(request.method, request.path, request.query, body, self.now)
        return _response(reply, "application/json")

    def _guard(self, request: web.Request) -> Reply | None:
        """The control API shows tokens: it answers this machine only, or requests with the control token."""
        if self._control_token is not None:
            given = request.headers.get("X-Control-Token", "")
            if hmac.compare_digest(given.encode(), self._control_token.encode()):
                return None
            return Reply(403, {"error": "the header X-Control-Token is missing or wrong"})
        peer = request.transport.get_extra_info("peername") if request.transport is not None else None
        if peer and is_loopback(peer[0]):
            return None
        return Reply(403, {"error": "the control API answers this machine only, or needs a control token"})


async def serve(site: Web, host: str, port: int, stop: asyncio.Event, on_listening: Any) -> None:
    """Listen until ``stop`` is set. ``on_listening`` gets the port."""
    runner = web.AppRunner(site.application(), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
        on_listening(runner.addresses[0][1])
        await stop.wait()
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await runner.cleanup()


def _decode(raw: bytes) -> Any:
    """JSON whatever the content type says; ``None`` when it is not JSON."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _response(reply: Reply, label: str) -> web.Response:
    headers = {"Content-Type": f"{label}; charset=utf-8", **reply.headers}
    return web.Response(status=reply.status, body=reply.payload(), headers=headers)


def _cut(reply: Reply, sent: bytes, label: str) -> bytes:
    """A reply that announces its whole length and ends before it."""
    head = (
        f"HTTP/1.1 {reply.status} OK\r\nContent-Type: {label}; charset=utf-8\r\n"
        f"Content-Length: {len(reply.payload())}\r\n\r\n"
    )
    return head.encode() + sent
