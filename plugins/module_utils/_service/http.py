# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""The only file that touches the network: one call out, one reply back, and whether it was sent at all.

No retry, no pacing, no meaning: those live in _retry, _pace and _api_v1.
"""

from __future__ import annotations

import asyncio
import json
import platform
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
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
    import urllib3
    from requests.adapters import HTTPAdapter

    REQUESTS_MISSING: str | None = None
except ImportError as _missing:
    REQUESTS_MISSING = str(_missing)

LOOPBACK = ("localhost", "127.0.0.1", "::1")
CHUNK = 64 * 1024
LARGEST_BODY = 32 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One request. The body is kept out of C(repr): API v1 carries its tokens there."""

    method: str
    path: str
    body: dict[str, t.Any] = field(repr=False)
    device_token: str | None = field(default=None, repr=False)  # whose rate limit the call spends
    writes: bool = False
    repeatable: bool = True  # sending it twice leaves the same state as once; a create does not


@dataclass(frozen=True)
class Reply:
    """C(text) is None when the status arrived but the body did not arrive whole."""

    status: int
    text: str | None
    retry_after: str | None = None


class Transport(t.Protocol):
    async def exchange(self, call: Call) -> Reply:
        """Raises NotSent (never reached the service) or FateUnknown (sent, no reply)."""


@dataclass(frozen=True)
class HttpSettings:
    api_url: str
    timeout: float
    validate_certs: bool
    ca_path: str | None
    concurrency: int


class HttpTransport:
    """requests on a kept-alive session; O(concurrency) worker threads are all that is ever in flight."""

    def __init__(self, settings: HttpSettings) -> None:
        self._settings = settings
        self._pool = ThreadPoolExecutor(max_workers=settings.concurrency, thread_name_prefix="connect")
        self._session = _session(settings)

    async def exchange(self, call: Call) -> Reply:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._send, call)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._session.close()

    def _send(self, call: Call) -> Reply:
        give_up = time.monotonic() + self._settings.timeout
        try:
            response = self._session.request(
                call.method,
                self._settings.api_url + call.path,
                data=json.dumps(call.body).encode("utf-8"),
                timeout=self._settings.timeout,
                allow_redirects=False,  # a redirected POST turns into a GET, and takes the tokens elsewhere
                stream=True,  # the status must survive a body that breaks off
            )
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as err:
            raise fate_of(err, call, self._settings.timeout) from None  # the cause may quote a proxy's credentials
        with response:
            return Reply(response.status_code, _body(response, give_up), response.headers.get("Retry-After"))


def _session(settings: HttpSettings) -> requests.Session:
    session = requests.Session()
    # The environment is read once, here: per call it costs a third of the time, and .netrc would add credentials.
    environment = session.merge_environment_settings(
        settings.api_url, {}, None, settings.ca_path or settings.validate_certs, None
    )
    session.trust_env = False
    if urlsplit(settings.api_url).hostname not in LOOPBACK:  # plain http is allowed there, so it must stay there
        session.proxies.update(environment["proxies"])
    session.verify = environment["verify"] if settings.validate_certs else False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # threads share the session, not a login
    session.headers.update(
        {
            "Accept": "application/json, text/html;q=0.9",
            "Content-Type": "application/json",
            "User-Agent": "edgeops.jfrog_connect/%s (Ansible; Python %s; requests %s)"
            % (VERSION, platform.python_version(), requests.__version__),
        }
    )
    adapter = HTTPAdapter(pool_connections=1, pool_maxsize=settings.concurrency, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _body(response: requests.Response, give_up: float) -> str | None:
    parts = []
    size = 0
    try:
        for chunk in response.iter_content(CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > LARGEST_BODY or time.monotonic() > give_up:
                return None
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError):
        return None
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and "Content-Encoding" not in response.headers and size < int(declared):
        return None  # urllib3 before 2.0 does not notice
    return b"".join(parts).decode("utf-8", errors="replace")


# What the innermost cause proves. Whatever is not listed may have reached the service.
NEVER_CONNECTED = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ConnectTimeout")
NEVER_VALID = (
    "InvalidSchema",
    "InvalidURL",
    "InvalidProxyURL",
    "MissingSchema",
    "LocationParseError",
    "ProxySchemeUnknown",
)
NO_TLS_THERE = (
    "WRONG_VERSION_NUMBER",
    "UNKNOWN_PROTOCOL",
    "UNSUPPORTED_PROTOCOL",
    "HTTP_REQUEST",
    "RECORD_LAYER_FAILURE",
)


def fate_of(err: Exception, call: Call, timeout: float) -> ConnectError:
    """Whether the request can have reached the service, decided from the exception of requests or urllib3 alone.

    The outermost exception does not tell: behind a proxy, urllib3 calls every broken connection a C(ProxyError).
    """
    what = "%s %s" % (call.method, call.path)
    causes = list(_causes(err))
    names = [type(cause).__name__ for cause in causes]
    words = " ".join(str(cause) for cause in causes).upper()
    if "CERTIFICATE_VERIFY_FAILED" in words or "TLS CA CERTIFICATE BUNDLE" in words:
        return Misconfigured(
            "The TLS certificate of api_url could not be verified; nothing was sent. Give the CA file that signed it "
            "as ca_path (or CONNECT_CA_PATH), and check that api_url names the right host.",
            code="tls_error",
        )
    # A broken stream shows the same signs, so for a create they prove nothing. The read before it meets a wrong port.
    if call.repeatable and "SSLError" in names and any(sign in words.replace(" ", "_") for sign in NO_TLS_THERE):
        return Misconfigured(
            "The host of api_url does not speak TLS at that port; nothing was sent. Check api_url.", code="tls_error"
        )
    if any(name in NEVER_VALID for name in names):
        return Misconfigured(
            "api_url, or a proxy in HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, is not an address that can be used; nothing "
            "was sent. Correct it, or name the host in NO_PROXY."
        )
    if "TUNNEL CONNECTION FAILED" in words:
        reason = " It wants to know who asks (407)." if "TUNNEL CONNECTION FAILED: 407" in words else ""
        return NotSent("%s was not sent: the proxy from the environment refused to pass it on.%s" % (what, reason))
    if any(name in NEVER_CONNECTED for name in names):
        return NotSent(
            "%s was not sent: no connection to the host (refused, unknown, or none in %g s)." % (what, timeout)
        )
    if "ReadTimeout" in names or "ReadTimeoutError" in names:
        return FateUnknown("%s was sent, and no reply came within %g s." % (what, timeout))
    return FateUnknown("%s: the connection broke before a reply (%s)." % (what, names[-1]))


def _causes(err: BaseException | None) -> t.Iterator[BaseException]:
    """The exception and what it wraps, as requests and urllib3 1.26 and 2 do it, outermost first."""
    while isinstance(err, BaseException):
        yield err
        inner = getattr(err, "reason", None) or getattr(err, "original_error", None)
        if not isinstance(inner, BaseException):
            inner = next((arg for arg in err.args if isinstance(arg, BaseException)), None)
        err = inner
