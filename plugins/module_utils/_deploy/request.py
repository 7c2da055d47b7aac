# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What a deployment is: the request, its mark, and the plan (pure). Nothing here reads, writes or waits.

The service has no idempotency key and returns no id (connect-api.md 5.11). The mark is the replacement: a fingerprint
of what is deployed where, first in the comment, found again in every targeted device's C(updates).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .._errors import InvalidInput
from .._reading.instants import instant_or_none
from .._reading.names import read_text, read_uuid
from .._reading.numbers import read_whole
from .._service.deadline import DEADLINE_SPEC, Deadline
from .._service.models import FILTER_SPEC, DeviceFilter, read_filters

# The options of connect_deploy; what goes together is checked by DeployRequest.read.
DEPLOY_SPEC: dict[str, t.Any] = {
    "flow_id": {"type": "str", "required": True},
    "project": {"type": "str", "required": True},
    "groups": {"type": "list", "elements": "str"},
    "filters": FILTER_SPEC,
    "all_devices": {"type": "bool", "default": False},
    "app": {
        "type": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
        },
    },
    "comment": {"type": "str"},
    "parameters": {"type": "dict"},
    "secret_parameters": {"type": "dict", "no_log": True},
    "deployment_key": {"type": "str", "no_log": False},
    "retry_failed": {"type": "bool", "default": False},
    "include_current": {"type": "bool", "default": False},
    "resend": {"type": "str", "choices": ["needed", "all"], "default": "needed"},
    "wave": {
        "type": "dict",
        "options": {
            "groups": {"type": "list", "elements": "str"},
            "filters": FILTER_SPEC,
            "device_uuids": {"type": "list", "elements": "str"},
        },
    },
    "wait": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 1800},
    "wait_until": DEADLINE_SPEC,
    "wait_interval": {"type": "int", "default": 30},
    "max_failures": {"type": "int", "default": 0},
    "max_failure_percent": {"type": "int", "default": 0},
    "not_after": DEADLINE_SPEC,
}

_AS_GIVEN = ("flow_id", "project", "retry_failed", "include_current", "resend", "wait")
MARK = "ans-"  # followed by 20 hexadecimal digits: 24 characters that no encoding changes


@dataclass(frozen=True)
class DeployWave:
    """The part of a deployment's target that one run sends to. C(device_uuids) is None when devices are not listed."""

    groups: tuple[str, ...]
    filters: tuple[DeviceFilter, ...]
    device_uuids: frozenset[str] | None


WHOLE = DeployWave((), (), None)


@dataclass(frozen=True)
class DeployRequest:
    flow_id: str
    project: str
    groups: tuple[str, ...]
    filters: tuple[DeviceFilter, ...]
    app: tuple[str, str] | None
    parameters: Mapping[str, str] | None = field(repr=False)  # the secret ones too
    secret_parameters: tuple[str, ...]  # their names
    secret_print: str  # of their values; says nothing to who does not have the user_token
    comment: str
    deployment_key: str
    retry_failed: bool
    include_current: bool
    resend: str
    wave: DeployWave
    deadline: Deadline
    wait: bool
    wait_timeout: int
    wait_until: datetime | None
    wait_interval: int
    max_failures: int
    max_failure_percent: int

    @classmethod
    def read(cls, params: Mapping[str, t.Any]) -> DeployRequest:
        """Raises InvalidInput, naming the option, before anything is sent. C(user_token) is the key of the mark."""
        groups = tuple(params["groups"] or ())
        filters = read_filters(params["filters"])
        secrets = params["secret_parameters"] or {}
        parameters = _read_parameters(params["parameters"], params["secret_parameters"])
        _refuse_filters_of_the_other_call(filters, parameters)
        if not groups and not filters and not params["all_devices"]:
            raise InvalidInput(
                "Neither groups nor filters are given, which means every device of project %s. Give groups or filters, "
                "or say all_devices: true." % params["project"]
            )
        if params["all_devices"] and (groups or filters):
            raise InvalidInput("all_devices is true beside groups or filters: leave out the one that you do not mean.")
        numbers: dict[str, t.Any] = {
            name: read_whole(params[name], name, least, most)
            for name, least, most in (
                ("wait_timeout", 1, 7 * 86400),
                ("wait_interval", 1, 3600),
                ("max_failures", 0, 10**6),
                ("max_failure_percent", 0, 100),
            )
        }
        return cls(
            groups=groups,
            filters=filters,
            app=(params["app"]["name"], params["app"]["version"]) if params["app"] else None,
            parameters=parameters,
            secret_parameters=tuple(sorted(secrets)),
            secret_print=_keyed(secrets, params["user_token"]) if secrets else "",
            comment=params["comment"] or "",
            deployment_key=params["deployment_key"] or "",
            wave=_read_wave(params, groups, filters, parameters),
            deadline=Deadline.read(params),
            wait_until=instant_or_none(params["wait_until"], "wait_until"),
            **{name: params[name] for name in _AS_GIVEN},
            **numbers,
        )

    @property
    def sent_groups(self) -> tuple[str, ...]:
        return self.wave.groups or self.groups

    @property
    def sent_filters(self) -> tuple[DeviceFilter, ...]:
        return self.filters + self.wave.filters

    @property
    def mark(self) -> str:
        """The same for every spelling of the same deployment: order, repetition and who asks do not count.

        Secret parameters count by their names and C(secret_print): who knows the mark cannot test guesses with it.
        Nor does O(wave), so that a device which two waves name gets the deployment once.
        """
        what = {
            "flow": self.flow_id,
            "project": self.project,
            "groups": sorted(set(self.groups)),
            "filters": sorted({(f.type, f.operand, f.value, f.app_version or "") for f in self.filters}),
            "app": self.app,
            "parameters": sorted((n, v) for n, v in (self.parameters or {}).items() if n not in self.secret_parameters),
            **({"secrets": [self.secret_parameters, self.secret_print]} if self.secret_parameters else {}),
            "key": self.deployment_key,
        }
        text = json.dumps(what, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return MARK + hashlib.sha256(text.encode("ascii")).hexdigest()[:20]

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple((self.parameters or {})[name] for name in self.secret_parameters)

    @property
    def marked_comment(self) -> str:
        # The mark stands first, so that a service that cuts long comments cuts the user's words, not the mark.
        return " ".join(part for part in (self.mark, self.comment) if part)

    @property
    def metadata(self) -> dict[str, t.Any]:
        app = {"app": {"name": self.app[0], "version": self.app[1]}} if self.app else {}
        return {"comment": self.marked_comment, **app}


def _read_wave(
    params: Mapping[str, t.Any],
    groups: tuple[str, ...],
    filters: tuple[DeviceFilter, ...],
    parameters: Mapping[str, str] | None,
) -> DeployWave:
    given = params["wave"]
    if given is None:
        return WHOLE
    uuids = given["device_uuids"]
    wave = DeployWave(
        groups=tuple(given["groups"] or ()),
        filters=read_filters(given["filters"], "wave.filters", beside=filters),
        device_uuids=None if uuids is None else frozenset(read_uuid(uuid, "wave.device_uuids") for uuid in uuids),
    )
    if wave == WHOLE:
        raise InvalidInput("wave selects nothing: give groups, filters or device_uuids in it, or leave it out.")
    strangers = [group for group in wave.groups if groups and group not in groups]
    if strangers:
        raise InvalidInput("wave.groups names '%s', which is not among groups: %s." % (strangers[0], ", ".join(groups)))
    if wave.device_uuids is not None:
        if not wave.device_uuids:
            raise InvalidInput("wave.device_uuids is an empty list: give the UUIDs of devices.")
        if params["resend"] == "all":
            raise InvalidInput("resend: all cannot be combined with wave.device_uuids: it would reach other devices.")
    _refuse_filters_of_the_other_call(wave.filters, parameters, "wave.filters")
    return wave


def _read_parameters(given: Mapping[str, t.Any] | None, secrets: Mapping[str, str] | None) -> dict[str, str] | None:
    """Texts, as they are substituted into a flow's commands."""
    if given is None and secrets is None:
        return None
    for name, value in (given or {}).items():
        read_text(value, "parameters.%s" % name)
    found = {str(name): value for name, value in (given or {}).items()}
    twice = sorted(found.keys() & (secrets or {}).keys())
    if twice:
        raise InvalidInput(
            "%s %s both in parameters and in secret_parameters: leave it in one of them."
            % (", ".join(twice), "are" if twice[1:] else "is")
        )
    return {**found, **(secrets or {})}


def _keyed(secrets: Mapping[str, str], user_token: str) -> str:
    """HMAC-SHA256: unlike a plain hash, it does not let weak secrets be guessed from what was derived from it."""
    text = json.dumps(sorted(secrets.items()))
    return hmac.new(user_token.encode("utf-8", "surrogatepass"), text.encode("ascii"), hashlib.sha256).hexdigest()


def _refuse_filters_of_the_other_call(
    filters: Sequence[DeviceFilter], parameters: Mapping[str, str] | None, option: str = "filters"
) -> None:
    for at, one in enumerate(filters):
        if one.app_version and parameters is None:
            raise InvalidInput(
                "%s[%d].app_version is accepted only together with parameters (by /v2/deploy_update): add parameters, "
                "if only an empty mapping, or leave out app_version." % (option, at)
            )
        if one.type == "update_status" and parameters is not None:
            raise InvalidInput(
                "%s[%d].type update_status cannot be combined with parameters (/v2/deploy_update does not know it): "
                "leave out one of them." % (option, at)
            )
