# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""What a deployment is: the request, its mark, and the plan (pure). Nothing here reads, writes or waits.

The service has no idempotency key and returns no id (connect-api.md 5.11). The mark is the replacement: a fingerprint
of what is deployed where, first in the comment, found again in every targeted device's C(updates).
"""

from __future__ import annotations

import hashlib
import json
import re
import typing as t
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .._errors import InvalidInput
from .._service.deadline import (
    DEADLINE_SPEC,
    Deadline,
    read_instant,
)
from .._service.models import (
    FILTER_SPEC,
    FINISHED,
    Device,
    DeviceFilter,
    Update,
    one_of,
    read_filters,
)

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

MARK = "ans-"  # followed by 20 hexadecimal digits: 24 characters that no encoding changes
FAILURES = ("failed", "aborted")

# Plan classes: what a targeted device's own record says about this deployment.
NEEDED = "needed"  # never sent to it
RETRY = "retry"  # failed or aborted, and to be sent again (retry_failed)
CURRENT = "current"  # never sent to it, and it has the app version already
DONE = "done"
IN_FLIGHT = "in_flight"
FAILED = "failed"
ABORTED = "aborted"
CLASSES = (NEEDED, RETRY, CURRENT, DONE, IN_FLIGHT, FAILED, ABORTED)


@dataclass(frozen=True)
class Wave:
    """The part of a deployment's target that one run sends to. C(device_uuids) is None when devices are not listed."""

    groups: tuple[str, ...]
    filters: tuple[DeviceFilter, ...]
    device_uuids: frozenset[str] | None


WHOLE = Wave((), (), None)


@dataclass(frozen=True)
class DeployRequest:
    flow_id: str
    project: str
    groups: tuple[str, ...]
    filters: tuple[DeviceFilter, ...]
    app: tuple[str, str] | None
    parameters: Mapping[str, str] | None
    comment: str
    deployment_key: str
    retry_failed: bool
    include_current: bool
    resend: str
    wave: Wave
    deadline: Deadline
    wait: bool
    wait_timeout: int
    wait_until: datetime | None
    wait_interval: int
    max_failures: int
    max_failure_percent: int

    @classmethod
    def read(cls, params: Mapping[str, t.Any]) -> DeployRequest:
        """Raises InvalidInput, naming the option, before anything is sent."""
        for name in ("flow_id", "project"):
            if not params[name].strip():
                raise InvalidInput("%s is empty." % name)
        groups = tuple(params["groups"] or ())
        if not all(group.strip() for group in groups):
            raise InvalidInput("groups holds an empty name: give names of groups, or leave the option out.")
        filters = read_filters(params["filters"])
        parameters = _read_parameters(params["parameters"])
        _refuse_filters_of_the_other_call(filters, parameters)
        if not groups and not filters and not params["all_devices"]:
            raise InvalidInput(
                "Neither groups nor filters are given, which means every device of project %s. Give groups or filters, "
                "or say all_devices: true." % params["project"]
            )
        if params["all_devices"] and (groups or filters):
            raise InvalidInput("all_devices is true beside groups or filters: leave out the one that you do not mean.")
        for name, least, most in (
            ("wait_timeout", 1, 7 * 86400),
            ("wait_interval", 1, 3600),
            ("max_failures", 0, 10**6),
            ("max_failure_percent", 0, 100),
        ):
            if not least <= params[name] <= most:
                raise InvalidInput("%s is %d; accepted: %d to %d." % (name, params[name], least, most))
        return cls(
            flow_id=params["flow_id"].strip(),
            project=params["project"],
            groups=groups,
            filters=filters,
            app=_read_app(params["app"]),
            parameters=parameters,
            comment=(params["comment"] or "").strip(),
            deployment_key=(params["deployment_key"] or "").strip(),
            resend=one_of("resend", params["resend"], ("needed", "all")),
            wave=_read_wave(params, groups, filters, parameters),
            deadline=Deadline.read(params),
            wait_until=read_instant(params, "wait_until"),
            **{
                name: params[name]
                for name in (
                    "retry_failed",
                    "include_current",
                    "wait",
                    "wait_timeout",
                    "wait_interval",
                    "max_failures",
                    "max_failure_percent",
                )
            },
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

        Nor does O(wave), so that a device which two waves name gets the deployment once.
        """
        what = {
            "flow": self.flow_id,
            "project": self.project,
            "groups": sorted(set(self.groups)),
            "filters": sorted({(f.type, f.operand, f.value, f.app_version or "") for f in self.filters}),
            "app": self.app,
            "parameters": sorted((self.parameters or {}).items()),
            "key": self.deployment_key,
        }
        text = json.dumps(what, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return MARK + hashlib.sha256(text.encode("ascii")).hexdigest()[:20]

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
) -> Wave:
    given = params["wave"]
    if given is None:
        return WHOLE
    uuids = given["device_uuids"]
    wave = Wave(
        groups=tuple(given["groups"] or ()),
        filters=read_filters(given["filters"], "wave.filters", beside=filters),
        device_uuids=None if uuids is None else frozenset(uuid.strip() for uuid in uuids),
    )
    if wave == WHOLE:
        raise InvalidInput("wave selects nothing: give groups, filters or device_uuids in it, or leave it out.")
    strangers = [group for group in wave.groups if groups and group not in groups]
    if strangers:
        raise InvalidInput("wave.groups names '%s', which is not among groups: %s." % (strangers[0], ", ".join(groups)))
    if wave.device_uuids is not None:
        if not wave.device_uuids or "" in wave.device_uuids:
            raise InvalidInput("wave.device_uuids is empty or holds an empty text: give the UUIDs of devices.")
        if params["resend"] == "all":
            raise InvalidInput("resend: all does not go with wave.device_uuids: it would reach other devices too.")
    _refuse_filters_of_the_other_call(wave.filters, parameters, "wave.filters")
    return wave


def _read_app(given: Mapping[str, t.Any] | None) -> tuple[str, str] | None:
    if not given:
        return None
    for name in ("name", "version"):
        if not (given[name] or "").strip():
            raise InvalidInput(
                "app.%s is empty: give both the name and the version of the app, or leave app out." % name
            )
    return given["name"].strip(), given["version"].strip()


def _read_parameters(given: Mapping[str, t.Any] | None) -> dict[str, str] | None:
    """Texts: update parameters are substituted into a flow's commands, and a survey sends texts anyway."""
    if given is None:
        return None
    parameters = {}
    for name, value in given.items():
        if isinstance(value, bool):
            value = str(value).lower()
        if not isinstance(value, (str, int, float)):
            raise InvalidInput("parameters.%s is not a text, a number or a boolean." % name)
        parameters[str(name)] = str(value)
    return parameters


def _refuse_filters_of_the_other_call(
    filters: Sequence[DeviceFilter], parameters: Mapping[str, str] | None, option: str = "filters"
) -> None:
    for at, one in enumerate(filters):
        if one.app_version and parameters is None:
            raise InvalidInput(
                "%s[%d].app_version is known only to /v2/deploy_update, which is used when parameters are given: "
                "add parameters (an empty mapping will do), or leave out app_version." % (option, at)
            )
        if one.type == "update_status" and parameters is not None:
            raise InvalidInput(
                "%s[%d].type update_status is not known to /v2/deploy_update, which is used because parameters "
                "are given: leave out the one or the other." % (option, at)
            )


def marked_updates(device: Device, mark: str) -> list[Update]:
    """The device's updates that carry C(mark) at the start of their comment, oldest first."""
    pattern = re.compile(re.escape(mark) + r"(?![0-9a-z])", re.IGNORECASE)
    return [update for update in device.updates if pattern.match(update.comment.lstrip())]


def state_of(updates: Sequence[Update]) -> str | None:
    """What a device's updates with one mark come to: running beats succeeded, and succeeded beats failed.

    The newest alone would not do: a duplicate that was aborted does not undo the one that succeeded.
    """
    states = [update.status for update in updates]
    moving = [state for state in states if state not in FINISHED]  # also one that we do not know
    if moving:
        return moving[-1]
    if "success" in states:
        return "success"
    return states[-1] if states else None


def identities(updates: Sequence[Update]) -> frozenset[str]:
    """What tells updates of one device apart, to recognise a new one."""
    return frozenset(str(update.update_id or (update.scheduled_at, update.comment)) for update in updates)


def classify(device: Device, request: DeployRequest) -> str:
    """The plan class of one targeted device."""
    state = state_of(marked_updates(device, request.mark))
    if state is None:
        has_it = request.app is not None and device.apps.get(request.app[0]) == request.app[1]
        return CURRENT if has_it and not request.include_current else NEEDED
    if state in FAILURES:
        return RETRY if request.retry_failed else state
    return DONE if state == "success" else IN_FLIGHT


def sent_twice(device: Device, mark: str) -> bool:
    """Two updates of one mark that did not fail."""
    return sum(update.status not in FAILURES for update in marked_updates(device, mark)) > 1


@dataclass(frozen=True)
class Sending:
    """One call to the service and the devices it is meant to reach."""

    groups: tuple[str, ...]
    filters: tuple[DeviceFilter, ...]
    devices: tuple[Device, ...]


@dataclass(frozen=True)
class DeployPlan:
    """Every targeted device with its class, and the calls that follow from that."""

    devices: tuple[Device, ...]
    classes: Mapping[str, str]
    sendings: tuple[Sending, ...]

    def uuids_by_class(self) -> dict[str, list[str]]:
        return {name: [d.key for d in self.devices if self.classes[d.key] == name] for name in CLASSES}


def make_plan(
    request: DeployRequest,
    scope: Sequence[Device],
    target: Sequence[Device],
    sent_lately: Collection[str] = (),
    is_exact: bool = True,
) -> DeployPlan:
    """Nothing to send when no device needs it; the filter as it is when all do; else as O(resend) says.

    C(scope) are all devices of the groups, or of the project; C(target) those of the wave for which the filters hold;
    C(sent_lately) the keys of devices that this machine sent it to a moment ago; C(is_exact) whether groups and filters
    reach nobody but the target.
    """
    classes = {device.key: classify(device, request) for device in target}
    due = tuple(device for device in target if classes[device.key] in (NEEDED, RETRY))
    # The service applies the filter anew. A device that has the mark but does not match now may match by then; unless
    # it had it as part of another wave, which only a person could change.
    stable = [one for one in request.wave.filters if one.is_stable]
    others_have_it = any(
        device.key not in classes
        and all(one.matches(device) for one in stable)
        and (device.key in sent_lately or marked_updates(device, request.mark))
        for device in scope
    )
    all_due = is_exact and len(due) == len(target) and not others_have_it
    if not due or _too_many_failed(request, classes):
        sendings: tuple[Sending, ...] = ()
    elif request.resend == "all" or all_due:
        sendings = (Sending(request.sent_groups, request.sent_filters, tuple(target)),)
    else:
        # Filters are ANDed, so that one call can name one device at most (connect-api.md 2.7).
        sendings = tuple(Sending((), (DeviceFilter("specific_device", "is", d.uuid),), (d,)) for d in due)
    return DeployPlan(tuple(target), classes, sendings)


def failures_allowed(request: DeployRequest, taking_part: int) -> int:
    """The larger of what O(max_failures) and O(max_failure_percent) allow."""
    return max(request.max_failures, taking_part * request.max_failure_percent // 100)


def _too_many_failed(request: DeployRequest, classes: Mapping[str, str]) -> bool:
    """An earlier run has shown that this deployment goes wrong: the rest is not sent it."""
    found = list(classes.values())
    failed = found.count(FAILED) + found.count(ABORTED)
    return failed > failures_allowed(request, len(found) - found.count(CURRENT))
