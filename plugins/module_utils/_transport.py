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

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import FateUnknown, NotSent, Untrusted
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._version import VERSION

try:
    import requests
    from requests.adapters import HTTPAdapter

    REQUESTS_MISSING: str | None = None
except ImportError as _missing:
    REQUESTS_MISSING = str(_missing)

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
        except requests.exceptions.RequestException as err:
            raise _as_fate(err, call, self._settings) from None  # the cause may quote a proxy's credentials
        with response:
            return Reply(response.status_code, _body(response, give_up), response.headers.get("Retry-After"))


def _session(settings: HttpSettings) -> requests.Session:
    session = requests.Session()
    # The environment is read once, here: per call it costs a third of the time, and .netrc would add credentials.
    environment = session.merge_environment_settings(
        settings.api_url, {}, None, settings.ca_path or settings.validate_certs, None
    )
    session.trust_env = False
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
    except requests.exceptions.RequestException:
        return None
    declared = response.headers.get("Content-Length", "")
    if declared.isdigit() and "Content-Encoding" not in response.headers and size < int(declared):
        return None  # urllib3 before 2.0 does not notice
    return b"".join(parts).decode("utf-8", errors="replace")


def _as_fate(err: requests.exceptions.RequestException, call: Call, settings: HttpSettings) -> Exception:
    """Decide from the exception alone whether the request can have reached the service."""
    what = "%s %s" % (call.method, call.path)
    if isinstance(err, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(err):
        return Untrusted(
            "The TLS certificate of api_url could not be verified; nothing was sent. Give the CA file that signed it "
            "as ca_path (or CONNECT_CA_PATH), and check that api_url names the right host."
        )
    if isinstance(err, requests.exceptions.ProxyError):
        return NotSent("%s was not sent: the proxy from the environment refused the connection." % what)
    if isinstance(err, requests.exceptions.ConnectTimeout):
        return NotSent("%s was not sent: no connection within %g s." % (what, settings.timeout))
    if isinstance(err, requests.exceptions.ReadTimeout):
        return FateUnknown("%s was sent, and no reply came within %g s." % (what, settings.timeout))
    reason = getattr(err.args[0], "reason", None) if err.args else None
    if reason is not None and type(reason).__name__ in ("NewConnectionError", "NameResolutionError"):
        return NotSent("%s was not sent: the connection was refused, or the name of the host is unknown." % what)
    return FateUnknown("%s: the connection broke before a reply (%s)." % (what, type(err).__name__))
