# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""The options of every module, said once, and the AnsibleModule that reads them.

TolerantModule adds two things to AnsibleModule: lists and mappings may arrive as JSON text (ad-hoc and AWX surveys
send strings, and Ansible would cut such a list at its commas), and input that Ansible is about to refuse does not
have its values echoed (a mistyped option name may hold a token). ConnectModule adds the connection.
"""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

from ._errors import InvalidInput
from ._result import Report
from ._service.http import (
    LOOPBACK,
    REQUESTS_MISSING,
)

DEFAULT_URL = "https://api.connect.jfrog.io"
NOT_SHOWN = "VALUE_NOT_SHOWN"
MANY = 500  # devices


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
    user_token: str
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
        user_token = (params["user_token"] or "").strip()
        if not user_token:
            raise InvalidInput(
                "user_token is missing or empty: give the account's API v1 token as the option user_token or in the "
                "environment variable CONNECT_USER_TOKEN."
            )
        for name, least, most in (
            ("timeout", 1, 600),
            ("retry_budget", 0, 86400),
            ("concurrency", 1, 64),
            ("device_calls_per_minute", 0, 3),
            ("account_calls_per_minute", 0, 100000),
        ):
            if not least <= params[name] <= most:
                raise InvalidInput("%s is %d; accepted: %d to %d." % (name, params[name], least, most))
        return cls(
            api_url=_api_url(params["api_url"] or DEFAULT_URL, params["allow_http"]),
            user_token=user_token,
            ca_path=_ca_path(params["ca_path"]),
            timeout=params["timeout"],
            validate_certs=params["validate_certs"],
            retry_budget=params["retry_budget"],
            concurrency=params["concurrency"],
            device_calls_per_minute=params["device_calls_per_minute"],
            account_calls_per_minute=params["account_calls_per_minute"],
        )


def _api_url(given: str | None, allow_http: bool) -> str:
    try:
        parts = urlsplit((given or "").strip().rstrip("/"))
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
        raise InvalidInput("ca_path names a file that does not exist: %s." % given)
    return given or None


class TolerantModule(AnsibleModule):
    """AnsibleModule with tolerant, silent reading of lists."""

    params: dict[str, t.Any]
    no_log_values: set[str]

    def _load_params(self) -> None:
        super()._load_params()
        try:
            self.params = prepared(self.params, self.argument_spec)
        except InvalidInput as err:
            self.params = {}  # they would be echoed, and nothing is known of them yet
            self.fail_json(msg=err.msg, code=err.code)

    def fail_json(self, msg: str, **result: t.Any) -> None:
        """As Ansible's, which searches each text that it prints for each token: hours for 100,000 devices."""
        tokens = self.no_log_values - {self.params.get("user_token")}
        if len(tokens) >= MANY:
            short = {name: NOT_SHOWN if isinstance(given, list) else given for name, given in self.params.items()}
            self.params = conceal(short, tokens)  # it would be echoed as the invocation
            self.no_log_values = self.no_log_values - tokens
            msg, result = conceal(msg, tokens), conceal(result, tokens)
        super().fail_json(msg, **result)


class ConnectModule(TolerantModule):
    """With the connection options too."""

    def __init__(self, spec: dict[str, dict[str, t.Any]]) -> None:
        super().__init__(argument_spec={**connection_spec(), **spec}, supports_check_mode=True)
        self._hide_password()
        if REQUESTS_MISSING:
            self.fail_json(msg=missing_required_lib("requests"), code="missing_library")

    def _log_invocation(self) -> None:
        """Ansible searches each option for each token: seconds for 10,000 devices. The log gets their number."""
        given, hidden = self.params, self.no_log_values
        tokens = {text for text in hidden if isinstance(text, str)}
        bulky = {"devices": "%d devices" % len(given.get("devices") or ()), "state": "..."}
        self.params = conceal({**given, **{name: bulky[name] for name in bulky if given.get(name)}}, tokens)
        self.no_log_values = set()
        super()._log_invocation()
        self.params, self.no_log_values = given, hidden

    def _hide_password(self) -> None:
        if "@" in (self.params["api_url"] or ""):  # such an address is refused, but the options would be echoed
            self.no_log_values.add(self.params["api_url"])

    def finish(self, report: Report) -> None:
        result = report.as_result(with_diff=self._diff)
        entries = self.params.get("devices") or ()
        tokens = {entry["device_token"].strip() for entry in entries} | {self.params.get("device_token") or ""} - {""}
        if len(entries) >= MANY:
            result = self._conceal_quickly(result, tokens)
        for warning in report.warnings:
            self.warn(conceal(warning, tokens))  # newer releases of Ansible do not mask warnings
        leave = self.fail_json if report.code else self.exit_json
        leave(**result)

    def _conceal_quickly(self, result: dict[str, t.Any], tokens: set[str]) -> dict[str, t.Any]:
        """What Ansible does with its no_log values, in time that grows with the fleet and not with its square.

        Ansible searches each string of a result for each token: half a minute for 10,000 devices. Here each distinct
        string is searched once, and the tokens are then taken out of Ansible's list, except for the account's.
        """
        self.params["devices"] = "%d devices" % len(tokens)  # it would be echoed as the invocation
        self.no_log_values.difference_update(tokens - {self.params["user_token"]})
        return {key: conceal(value, tokens) for key, value in result.items()}


def conceal(value: t.Any, tokens: set[str]) -> t.Any:
    """C(value) with every string masked that is or contains one of C(tokens)."""
    lengths = sorted({len(token) for token in tokens})
    seen: dict[str, str] = {}

    def masked(text: str) -> str:
        if text not in seen:
            # Every piece that is as long as a token is looked up at once, however many tokens there are.
            hit = any(text[at : at + length] in tokens for length in lengths for at in range(len(text) - length + 1))
            seen[text] = NOT_SHOWN if hit else text
        return seen[text]

    def walk(node: t.Any) -> t.Any:
        if isinstance(node, str):
            return masked(node)
        if isinstance(node, Mapping):
            return {walk(key): walk(child) for key, child in node.items()}
        return [walk(child) for child in node] if isinstance(node, (list, tuple)) else node

    return walk(value)


def prepared(params: Mapping[str, t.Any], spec: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """C(params) with JSON text decoded and the values of unknown options masked. Raises InvalidInput."""
    ready: dict[str, t.Any] = {}
    for name, value in params.items():
        if name.startswith("_ansible_"):
            ready[name] = value
        elif name not in spec:
            ready[name] = NOT_SHOWN  # Ansible will refuse it by name
        else:
            ready[name] = _prepared_option(name, value, spec[name])
    return ready


def _prepared_option(name: str, value: t.Any, option: Mapping[str, t.Any]) -> t.Any:
    kind = option["type"]
    if isinstance(value, str) and value.lstrip().startswith("{{"):
        return value  # a linter asks about a template that nobody has evaluated yet
    if kind in ("list", "dict") and isinstance(value, str):
        value = _decoded(name, value, kind)
    if "options" not in option or value is None or (kind == "dict" and isinstance(value, str)):
        return value
    entries = value if kind == "list" else [value]
    if not isinstance(entries, list):
        raise InvalidInput("%s is not a list; accepted: a list of mappings with %s." % (name, _names(option)))
    for at, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            where = "%s[%d]" % (name, at) if kind == "list" else name
            raise InvalidInput("%s is not a mapping; accepted: a mapping with %s." % (where, _names(option)))
    ready = [prepared(entry, option["options"]) for entry in entries]
    return ready if kind == "list" else ready[0]


def _decoded(name: str, text: str, kind: str) -> t.Any:
    opening, example = ("[", "a JSON list") if kind == "list" else ("{", "a JSON object")
    if not text.strip():
        return None  # an empty survey answer: not given
    if not text.lstrip().startswith(opening):
        return text  # Ansible's own short forms: a,b,c and k=v
    try:
        return json.loads(text)
    except ValueError as err:
        where = "line %d column %d" % (err.lineno, err.colno) if isinstance(err, json.JSONDecodeError) else "unknown"
        raise InvalidInput(
            "%s looks like %s but cannot be read (%s, at %s). On a command line put it in single quotes: "
            "-a '{\"%s\": ...}'." % (name, example, getattr(err, "msg", "not JSON"), where, name)
        ) from None


def _names(option: Mapping[str, t.Any]) -> str:
    return ", ".join(option["options"])
