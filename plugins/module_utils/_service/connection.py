# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""How the service is reached: the connection options of every module, and what is accepted for them."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ansible.module_utils.basic import env_fallback

from .._errors import InvalidInput
from .._reading.names import one_line
from .._reading.numbers import read_whole
from .http import LOOPBACK

DEFAULT_URL = "https://api.connect.jfrog.io"


def connection_spec() -> dict[str, dict[str, t.Any]]:
    """Kept equal to doc_fragments/connection.py by a test."""

    def option(kind: str, env: str | None = None, **more: t.Any) -> dict[str, t.Any]:
        return {"type": kind, **({"fallback": (env_fallback, [env])} if env else {}), **more}

    return {
        "api_url": option("str", "CONNECT_API_URL", default=DEFAULT_URL),
        "allow_http": option("bool", default=False),
        # Required, but refused by Connection.read: Ansible's own message does not name the environment variable.
        "user_token": option("str", "CONNECT_USER_TOKEN", no_log=True),
        "timeout": option("int", "CONNECT_TIMEOUT", default=30),
        "validate_certs": option("bool", "CONNECT_VALIDATE_CERTS", default=True),
        "ca_path": option("path", "CONNECT_CA_PATH"),
        "retry_budget": option("int", default=300),
        "concurrency": option("int", default=16),
        "device_calls_per_minute": option("int", "CONNECT_DEVICE_CALLS_PER_MINUTE", default=3),
        "account_calls_per_minute": option("int", "CONNECT_ACCOUNT_CALLS_PER_MINUTE", default=60),
    }


@dataclass(frozen=True)
class Connection:
    api_url: str
    user_token: str = field(repr=False)
    timeout: int
    validate_certs: bool
    ca_path: str | None
    retry_budget: int
    concurrency: int
    device_calls_per_minute: int
    account_calls_per_minute: int

    @classmethod
    def read(cls, params: Mapping[str, t.Any]) -> Connection:
        """Raises InvalidInput."""
        if not params["user_token"]:
            raise InvalidInput(
                "user_token is missing or empty: give the account's API v1 token as the option user_token or in the "
                "environment variable CONNECT_USER_TOKEN."
            )
        limits = {
            name: read_whole(params[name], name, least, most)
            for name, least, most in (
                ("timeout", 1, 600),
                ("retry_budget", 0, 86400),
                ("concurrency", 1, 64),
                ("device_calls_per_minute", 0, 3),
                ("account_calls_per_minute", 0, 100000),
            )
        }
        return cls(
            api_url=_api_url(params["api_url"], params["allow_http"]),
            user_token=params["user_token"],
            ca_path=_ca_path(params["ca_path"]),
            validate_certs=params["validate_certs"],
            **limits,
        )


def _api_url(given: str, allow_http: bool) -> str:
    try:
        parts = urlsplit(given.rstrip("/"))
        host, _port = parts.hostname, parts.port  # reading a port that is none raises
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise InvalidInput("api_url is not the address of a service; accepted: https://HOST, without a path.")
    if parts.username or parts.password or parts.path or parts.query or parts.fragment:
        raise InvalidInput("api_url is more than the address of a host; accepted: https://HOST[:PORT].")
    if parts.scheme == "http" and not (host in LOOPBACK or allow_http):
        raise InvalidInput(
            "api_url is plain http to another machine, where anyone on the way can read the tokens. Use https, or say "
            "allow_http: true."
        )
    return parts.geturl()


def _ca_path(given: str | None) -> str | None:
    if given and not os.path.exists(given):
        raise InvalidInput("ca_path names a file that does not exist: %s." % one_line(given)[:200])
    return given
