# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The only file that touches the network: one call out, one reply back, and whether it was sent at all.

No retry, no pacing, no meaning: those live in retry, pace and api_v1.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import platform
import queue
import socket
import threading
import typing as t
import weakref
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .._errors import (
    ConnectError,
    FateUnknown,
    Misconfigured,
    NotSent,
)
from .._version import VERSION

try:
    import requests
    from requests.adapters import HTTPAdapter

    REQUESTS_MISSING: str | None = None
except ImportError as _missing:
    REQUESTS_MISSING = str(_missing)
    HTTPAdapter = object  # type: ignore[assignment,misc]

LOOPBACK = ("localhost", "127.0.0.1", "::1")
CHUNK = 64 * 1024
LARGEST_BODY = 32 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One request. The body is kept out of C(repr): API v1 carries its tokens there.

    C(before_send) is called right before the first byte goes out on an open connection, in a thread of its own. What
    it raises keeps the request back, which then was certainly not sent.
    """

    method: str
    path: str
    body: dict[str, t.Any] = field(repr=False)
    device_token: str | None = field(default=None, repr=False)  # whose rate limit the call spends
    writes: bool = False
    repeatable: bool = True  # sending it twice leaves the same state as once; a create does not
    before_send: t.Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)  # what the body holds of them beside the tokens


@dataclass(frozen=True)
class Reply:
    """C(text) is None when the status arrived but the body did not arrive whole. C(date) is the service's clock."""

    status: int
    text: str | None
    retry_after: str | None = None
    date: str | None = None


class Transport(t.Protocol):
    async def exchange(self, call: Call) -> Reply:
        """Raises NotSent (never reached the service), FateUnknown (sent, no reply), or what C(before_send) raised."""


@dataclass(frozen=True)
class HttpSettings:
    """C(timeout) is in seconds, and bounds an exchange as a whole: from the look-up of the host to the last byte."""

    api_url: str
    timeout: float
    validate_certs: bool
    ca_path: str | None
    concurrency: int


class HttpTransport:
    """requests on kept-alive connections, with a thread for each call under way.

    Its adapter alone: what a session adds (cookies, redirects, .netrc) must not happen, and takes as long again.
    """

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._verify, self._proxies = _environment(settings)
        self._adapter = _Adapter(pool_connections=1, pool_maxsize=settings.concurrency, max_retries=0)
        self._under_way: set[_Attempt] = set()
        self._workers = _Workers()

    async def exchange(self, call: Call) -> Reply:
        loop = asyncio.get_running_loop()
        attempt = _Attempt(call.before_send)
        outcome: asyncio.Future[Reply | BaseException] = loop.create_future()

        def settle(result: Reply | BaseException) -> None:
            if not outcome.done():
                outcome.set_result(result)

        def work() -> None:
            result = self._send(call, attempt)
            with contextlib.suppress(RuntimeError):  # the loop is closed: the task has ended
                loop.call_soon_threadsafe(settle, result)

        self._under_way.add(attempt)
        self._workers.carry_out(work)
        try:
            await asyncio.wait({outcome}, timeout=self._settings.timeout)
        finally:
            attempt.end(cut=not outcome.done())
            self._under_way.discard(attempt)
        result = outcome.result() if outcome.done() else self._failure(TimeoutError(), call, attempt)
        if isinstance(result, BaseException):
            raise result
        return result

    def close(self) -> None:
        """Nothing departs any more."""
        for attempt in list(self._under_way):
            attempt.end(cut=True)
        self._workers.close()
        self._adapter.close()

    def _send(self, call: Call, attempt: _Attempt) -> Reply | BaseException:
        """The reply, or what to raise."""
        _thread.attempt = attempt
        try:
            response = self._adapter.send(
                self._request(call),
                timeout=self._settings.timeout,  # of each step: what ends a thread that nobody waits for any more
                stream=True,  # the status must survive a body that breaks off
                verify=self._verify,
                proxies=self._proxies,
            )
            with response:
                headers = response.headers
                return Reply(response.status_code, _body(response), headers.get("Retry-After"), headers.get("Date"))
        except BaseException as err:  # whatever a reply can make a library raise: the fate does not depend on it
            return attempt.kept_back or self._failure(err, call, attempt)

    def _request(self, call: Call) -> requests.PreparedRequest:
        request = self._template.copy()
        request.method = call.method
        request.url = "%s%s" % (request.url, call.path[1:])
        request.body = json.dumps(call.body).encode("utf-8")
        request.headers["Content-Length"] = str(len(request.body))
        return request

    @functools.cached_property
    def _template(self) -> requests.PreparedRequest:
        """Raises what requests raises for an address that cannot be used."""
        return requests.Request("GET", self._settings.api_url, _headers()).prepare()

    def _failure(self, err: BaseException, call: Call, attempt: _Attempt) -> ConnectError:
        what = "%s %s" % (call.method, call.path)
        if attempt.departed:
            return FateUnknown("%s %s" % (what, _why_no_reply(err, self._settings.timeout)))
        where = _place(self._settings.api_url)
        proxy = self._proxies.get(urlsplit(self._settings.api_url).scheme) or self._proxies.get("all")
        if proxy:
            where += " through the proxy %s" % _place(proxy)
        return _why_not_sent(err, what, where, self._settings.timeout)


class _Workers:
    """As many threads as there is work at one time, kept for further work.

    They are daemons: one that hangs where nothing can end it (a resolver) holds up no other call, nor the end of the
    task.
    """

    def __init__(self) -> None:
        self._idle: list[queue.SimpleQueue[t.Callable[[], None] | None]] = []
        self._closed = False

    def carry_out(self, work: t.Callable[[], None]) -> None:
        try:
            inbox = self._idle.pop()
        except IndexError:
            inbox = queue.SimpleQueue()
            threading.Thread(target=self._serve, args=(inbox,), name="connect", daemon=True).start()
        inbox.put(work)

    def _serve(self, inbox: queue.SimpleQueue[t.Callable[[], None] | None]) -> None:
        while (work := inbox.get()) is not None:
            work()
            self._idle.append(inbox)
            if self._closed:
                return

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().put(None)


class _Handle:
    """A second handle on the socket of a connection, to end it from outside.

    TLS replaces the socket object, and a reply can outlive its connection: so it lives until nobody can use it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._fd = os.dup(sock.fileno())
        weakref.finalize(self, os.close, self._fd)

    def shut_down(self) -> None:
        sock = socket.socket(fileno=self._fd)
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.detach()


class _Attempt:
    """One exchange as its connection sees it: whether a byte of the request was handed to the socket."""

    def __init__(self, before_send: t.Callable[[], None]) -> None:
        self.departed = False
        self.kept_back: BaseException | None = None  # what C(before_send) raised
        self._before_send = before_send
        self._over = False
        self._handle: _Handle | None = None
        self._lock = threading.Lock()

    def watch(self, handle: _Handle) -> None:
        with self._lock:
            self._refuse_when_over()
            self._handle = handle

    def depart(self) -> None:
        with self._lock:
            self._refuse_when_over()
            if self.departed:
                return
            try:
                self._before_send()
            except BaseException as err:
                self.kept_back = err
                raise
            self.departed = True

    def end(self, cut: bool) -> None:
        """Nothing departs from here on; with C(cut), what is under way breaks off."""
        with self._lock:
            self._over = True
            if cut and self._handle is not None:
                self._handle.shut_down()
            self._handle = None

    def _refuse_when_over(self) -> None:
        if self._over:
            raise TimeoutError


class _Thread(threading.local):
    attempt: _Attempt


_thread = _Thread()


class _Watched:
    """Goes in front of a connection class of urllib3 (1.26 and 2), whatever kind of proxy that one speaks to.

    Opening a connection may send bytes too (CONNECT, TLS); those are not of the request.
    """

    sock: t.Any
    _opening = False
    _handle: _Handle

    def _new_conn(self) -> t.Any:
        sock = super()._new_conn()  # type: ignore[misc]
        self._handle = _Handle(sock)
        _thread.attempt.watch(self._handle)
        return sock

    def connect(self) -> None:
        self._opening = True
        try:
            super().connect()  # type: ignore[misc]
        finally:
            self._opening = False

    def send(self, data: t.Any) -> None:
        if not self._opening:
            if self.sock is None:
                self.connect()
            _thread.attempt.watch(self._handle)
            _thread.attempt.depart()
        super().send(data)  # type: ignore[misc]


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _watch_pools(self.poolmanager)

    def proxy_manager_for(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        return _watch_pools(super().proxy_manager_for(*args, **kwargs))


def _watch_pools(manager: t.Any) -> t.Any:
    manager.pool_classes_by_scheme = {
        scheme: pool
        if issubclass(pool.ConnectionCls, _Watched)
        else type("WatchedPool", (pool,), {"ConnectionCls": type("Watched", (_Watched, pool.ConnectionCls), {})})
        for scheme, pool in manager.pool_classes_by_scheme.items()
    }
    return manager


def _environment(settings: HttpSettings) -> tuple[t.Any, dict[str, str]]:
    """What to verify certificates with, and the proxies; read once, because it takes as long as a call."""
    found = requests.Session().merge_environment_settings(
        settings.api_url, {}, None, settings.ca_path or settings.validate_certs, None
    )
    # Plain http is allowed to this machine, so it must stay there.
    proxies = {} if urlsplit(settings.api_url).hostname in LOOPBACK else dict(found["proxies"])
    return found["verify"] if settings.validate_certs else False, proxies


def _headers() -> dict[str, str]:
    return {
        **requests.utils.default_headers(),
        "Accept": "application/json, text/html;q=0.9",
        "Content-Type": "application/json",
        "User-Agent": "edgeops.jfrog_connect/%s (Ansible; Python %s; requests %s)"
        % (VERSION, platform.python_version(), requests.__version__),
    }


def _body(response: requests.Response) -> str | None:
    """The whole body, or None when it broke off, is not as long as it says, or is larger than LARGEST_BODY."""
    parts = []
    size = 0
    try:
        for chunk in response.iter_content(CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > LARGEST_BODY:
                return None
        declared = response.headers.get("Content-Length")
        # urllib3 before 2.0 does not notice a body that breaks off.
        if declared is not None and "Content-Encoding" not in response.headers and size < int(declared):
            return None
    except Exception:  # a compressed or chunked body can make the libraries raise more than they document
        return None
    return b"".join(parts).decode("utf-8", errors="replace")


# Words for what happened. Whether the request was sent is not read off these signs: the connection knows it.

NO_TLS_THERE = (
    "WRONG_VERSION_NUMBER",
    "UNKNOWN_PROTOCOL",
    "UNSUPPORTED_PROTOCOL",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
)
NO_ADDRESS = {
    "InvalidSchema",
    "InvalidURL",
    "InvalidProxyURL",
    "MissingSchema",
    "LocationParseError",
    "ProxySchemeUnknown",
}


def _why_no_reply(err: BaseException, timeout: float) -> str:
    names = {type(cause).__name__ for cause in _causes(err)}
    if names & {"TimeoutError", "ReadTimeoutError"}:
        return "was sent, and no whole reply came within %g s." % timeout
    return "was sent, and the connection broke before a reply (%s)." % type(list(_causes(err))[-1]).__name__


def _why_not_sent(err: BaseException, what: str, where: str, timeout: float) -> NotSent:
    """C(where) is the host, and the proxy on the way to it."""
    causes = list(_causes(err))
    names = {type(cause).__name__ for cause in causes}
    signs = " ".join(str(cause) for cause in causes).upper().replace(" ", "_")
    if "CERTIFICATE_VERIFY_FAILED" in signs:
        return Misconfigured(
            "The TLS certificate of %s could not be verified; nothing was sent. Give the CA file that signed it "
            "as ca_path (or CONNECT_CA_PATH), and check that api_url names the right host." % where,
            code="tls_error",
        )
    if any(sign in signs for sign in NO_TLS_THERE):
        return Misconfigured(
            "%s does not speak TLS at that port; nothing was sent. Check api_url." % where, code="tls_error"
        )
    if "TLS_CA_CERTIFICATE_BUNDLE" in signs or "X509" in signs or "LOAD_VERIFY_LOCATIONS" in signs:
        return Misconfigured(
            "The file of ca_path, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE does not exist or holds no certificate; nothing "
            "was sent. Give a file of PEM certificates, or unset the variable.",
            code="tls_error",
        )
    if "SOCKS_SUPPORT" in signs:
        return Misconfigured("%s needs the Python library PySocks; nothing was sent. Install it." % where)
    if names & NO_ADDRESS:
        return Misconfigured(
            "api_url, or a proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, is not an address that can be used; nothing "
            "was sent. Correct it, or name the host in NO_PROXY."
        )
    if "TUNNEL_CONNECTION_FAILED" in signs:
        reason = " It asks for a login (407)." if "TUNNEL_CONNECTION_FAILED:_407" in signs else ""
        return NotSent("%s was not sent: the proxy refused the connection to %s.%s" % (what, where, reason))
    if "gaierror" in names:
        reason = "the name is not known"
    elif "ConnectionRefusedError" in names:
        reason = "refused"
    elif names & {"TimeoutError", "ConnectTimeoutError", "ReadTimeoutError"}:
        reason = "none within %g s" % timeout
    else:
        reason = type(causes[-1]).__name__
    return NotSent("%s was not sent: no connection to %s (%s)." % (what, where, reason))


def _causes(err: BaseException | None) -> t.Iterator[BaseException]:
    """The exception and what it came from, outermost first."""
    while err is not None:
        yield err
        err = err.__cause__ or err.__context__


def _place(url: str) -> str:
    """HOST[:PORT] of an address, without the credentials that it may hold."""
    return url.partition("//")[2].partition("/")[0].rpartition("@")[2] or "its address"
