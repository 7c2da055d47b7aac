# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What a rollout is asked to do: the variables of the role, read once and refused before the first request."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property

from .._deploy.request import DEPLOY_SPEC, DeployRequest, DeployWave
from .._errors import InvalidInput
from .._reading import options as reading
from .._reading.durations import read_duration, read_seconds
from .._reading.json_text import decoded
from .._reading.names import is_blank
from .._service.models import one_of, read_filters
from .._trigger.plan import Entry, TriggerRequest
from .._window.calendar import Calendar, read_windows
from .._window.override import Override, read_override
from .._window.request import refuse_without_zone
from .thresholds import Thresholds, read_thresholds
from .waves import WaveSpec, read_waves

OFFLINE = ("skip", "wait", "hold", "fail")
FOREIGN_PENDING = ("fail", "skip", "allow")
UNTRACKED = ("fail", "skip")
AFTER = ("hold", "release", "restore")
HOOKS = ("before_window", "before_wave", "after_wave", "after_window")
_SENT = (
    *("flow_id", "project", "groups", "filters", "all_devices", "app", "comment"),
    *("parameters", "secret_parameters", "deployment_key"),
)

# The variables of the role without their prefix; kept equal to roles/rollout/meta/argument_specs.yml by a test.
ROLLOUT_SPEC: dict[str, t.Any] = {
    **{name: DEPLOY_SPEC[name] for name in (*_SENT, "retry_failed")},
    "waves": {"type": "list", "elements": "raw", "default": ["100%"]},
    "wave_seed": {"type": "str"},
    "thresholds": {"type": "dict"},
    "soak": {"type": "raw", "default": 0},
    "wait_timeout": {"type": "int", "default": 3600},
    "wait_interval": {"type": "int", "default": 30},
    "max_update_time": {"type": "raw"},
    "windows": {"type": "raw"},
    "blackouts": {"type": "raw"},
    "override": {"type": "raw"},
    "window_wait": {"type": "raw", "default": 0},
    "offline": {"type": "str", "choices": list(OFFLINE), "default": "hold"},
    "foreign_pending": {"type": "str", "choices": list(FOREIGN_PENDING), "default": "fail"},
    "untracked": {"type": "str", "choices": list(UNTRACKED), "default": "fail"},
    "self_managed": {"type": "list", "elements": "str"},
    "after": {"type": "str", "choices": list(AFTER), "default": "hold"},
    "incomplete_ok": {"type": "bool", "default": False},
    "approved_digest": {"type": "str"},
    "rollback_flow_id": {"type": "str"},
    "rollback_app": DEPLOY_SPEC["app"],
    "rollback_outside_window": {"type": "bool", "default": False},
    "hooks": {"type": "dict", "options": {name: {"type": "str"} for name in HOOKS}},
}


@dataclass(frozen=True)
class RolloutRequest:
    """What a rollout is asked to do; the same for each of its steps."""

    deployment: DeployRequest  # of the whole rollout; each wave sends a part of it
    entries: Mapping[str, Entry]  # by UUID: the devices that can be held and released
    zones: Mapping[str, str | None]  # by UUID: where its windows of C(timezone: device) are
    waves: tuple[WaveSpec, ...]
    seed: str
    thresholds: Thresholds
    soak: timedelta
    max_update_time: timedelta | None  # None: as observed
    calendar: Calendar | None  # None: at any time
    override: Override | None
    window_wait: timedelta
    offline: str
    foreign_pending: str
    untracked: str
    self_managed: frozenset[str]  # names or UUIDs
    after: str
    incomplete_ok: bool
    approved_digest: str
    rollback: DeployRequest | None
    rollback_outside_window: bool
    hooks: frozenset[str]  # the points at which tasks of the user run between two steps
    options: Mapping[str, t.Any]  # as given, decoded and with defaults; of secret_parameters only the names

    @cached_property
    def by_name(self) -> dict[str, Entry]:
        return {entry.name: entry for entry in self.entries.values() if entry.name}

    def rules(self) -> dict[str, t.Any]:
        """What an approval covers beside deployment and waves, as read: texts of a survey make the same plan."""
        given = ("windows", "blackouts", "override", "rollback_flow_id", "rollback_app", "rollback_outside_window")
        return {
            **{name: self.options[name] for name in given},
            "calendars": [digest for _path, digest in self.calendar.sources] if self.calendar else [],
            "thresholds": self.thresholds.as_result(),
            "soak": self.soak,
            "wait_timeout": self.deployment.wait_timeout,
            "max_update_time": self.max_update_time,
            "retry_failed": self.deployment.retry_failed,
            "offline": self.offline,
            "foreign_pending": self.foreign_pending,
            "untracked": self.untracked,
            "self_managed": sorted(self.self_managed),
            "after": self.after,
        }

    def fixed(self) -> dict[str, str]:
        """What may not change between the plan and a wave: by its name for a person, its value as JSON."""
        values = {
            "the flow, the target, the parameters or the deployment key": self.deployment.mark,
            **{"connect_" + name: value for name, value in self.rules().items()},
            **{"connect_" + name: self.options[name] for name in ("waves", "wave_seed")},
        }
        values["the content of a calendar file"] = values.pop("connect_calendars")
        return {name: json.dumps(value, sort_keys=True, default=str) for name, value in values.items()}


def read_options(given: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Variables without their prefix, decoded, with defaults. Raises InvalidInput."""
    options = reading.read_options({name: given[name] for name in ROLLOUT_SPEC if name in given}, ROLLOUT_SPEC)
    for name, kind in (("windows", "list"), ("blackouts", "list"), ("override", "object")):
        options[name] = decoded(options[name], name, kind)
    options["approved_digest"] = options["approved_digest"] or ""
    return options


def read_request(given: Mapping[str, t.Any], devices: Sequence[Mapping[str, t.Any]]) -> RolloutRequest:
    """Raises InvalidInput, naming the option, before anything is read or sent."""
    options = read_options(given)
    deployment, longest = deploy_request(options, given.get("user_token")), options["max_update_time"]
    if options["secret_parameters"] is not None:
        options["secret_parameters"] = list(deployment.secret_parameters)
    calendar = read_windows(options["windows"], options["blackouts"] or ()) if options["windows"] else None
    if calendar is None and (options["blackouts"] or options["override"]):
        raise InvalidInput("blackouts or override are given without windows: give windows too.")
    if calendar is not None:
        refuse_without_zone(calendar, devices)
    if options["rollback_app"] and not options["rollback_flow_id"]:
        raise InvalidInput("rollback_app needs rollback_flow_id: name the flow that rolls back.")
    return RolloutRequest(
        deployment=deployment,
        entries=read_devices(devices),
        zones={str(one["device_uuid"]): one.get("timezone") or None for one in devices if one.get("device_uuid")},
        waves=_waves(options["waves"], deployment.groups),
        seed=options["wave_seed"] or deployment.mark,
        thresholds=read_thresholds(options["thresholds"] or {}),
        soak=read_seconds(options["soak"], "soak"),
        max_update_time=None if is_blank(longest) else read_duration(longest, "max_update_time"),
        calendar=calendar,
        override=read_override(options["override"], calendar.windows) if calendar else None,
        window_wait=read_seconds(options["window_wait"], "window_wait"),
        offline=one_of("offline", options["offline"], OFFLINE),
        foreign_pending=one_of("foreign_pending", options["foreign_pending"], FOREIGN_PENDING),
        untracked=one_of("untracked", options["untracked"], UNTRACKED),
        self_managed=frozenset(filter(None, options["self_managed"] or ())),
        after=one_of("after", options["after"], AFTER),
        incomplete_ok=options["incomplete_ok"],
        approved_digest=options["approved_digest"],
        rollback=_rollback(options, deployment) if options["rollback_flow_id"] else None,
        rollback_outside_window=bool(options["rollback_outside_window"]),
        hooks=frozenset(name for name, file in (options["hooks"] or {}).items() if file),
        options=options,
    )


def _rollback(options: Mapping[str, t.Any], deployment: DeployRequest) -> DeployRequest:
    """A deployment of its own, for devices that need not match groups and filters any more."""
    key = "%s rollback of %s" % (options["deployment_key"] or "", deployment.mark)
    return _deployment(
        {
            "flow_id": options["rollback_flow_id"],
            "project": options["project"],
            "all_devices": True,
            "app": options["rollback_app"],
            "include_current": True,  # a device on which the update failed still has the old version recorded
            "comment": "Rollback of %s" % deployment.mark,
            "deployment_key": key,
            "max_failure_percent": 100,
            "wait_timeout": options["wait_timeout"],
            "wait_interval": options["wait_interval"],
        }
    )


def deploy_request(options: Mapping[str, t.Any], user_token: str | None) -> DeployRequest:
    """The whole deployment, of which each wave is a part."""
    given = {name: options[name] for name in (*_SENT, "retry_failed", "wait_timeout", "wait_interval")}
    return _deployment({**given, "user_token": user_token})


def _deployment(given: Mapping[str, t.Any]) -> DeployRequest:
    params = {name: option.get("default") for name, option in DEPLOY_SPEC.items()}
    return DeployRequest.read({**params, "wait": True, **given})


def wave_request(whole: DeployRequest, wave: t.Mapping[str, t.Any], **more: t.Any) -> DeployRequest:
    """The part of a deployment that one wave sends. C(wave): groups, filters and device_uuids, as O(wave) of
    connect_deploy.
    """
    part = DeployWave(
        groups=tuple(wave.get("groups") or ()),
        filters=read_filters(wave.get("filters"), "wave.filters", beside=whole.filters),
        device_uuids=frozenset(wave["device_uuids"]),
    )
    return replace(whole, wave=part, **more)


def _waves(given: Sequence[t.Any], groups: tuple[str, ...]) -> tuple[WaveSpec, ...]:
    specs = read_waves(given)
    for at, spec in enumerate(specs):
        strangers = [group for group in spec.groups if groups and group not in groups]
        if strangers:
            raise InvalidInput(
                "waves[%d].groups names '%s', which is not among groups: %s." % (at, strangers[0], ", ".join(groups))
            )
    return specs


def read_devices(devices: Sequence[Mapping[str, t.Any]]) -> dict[str, Entry]:
    """By UUID, by which the lists of the service name them; those without one cannot take part. Raises InvalidInput."""
    if not devices:
        raise InvalidInput(
            "devices is empty: set connect_devices to a list of mappings with device_token and device_uuid, or "
            "connect_inventory_group to a group of the inventory."
        )
    entries = [entry for entry in devices if entry.get("device_uuid")]
    if not entries:
        raise InvalidInput(
            "devices: none of them has a device_uuid, by which the service's lists name it. Give each one."
        )
    whole = {"project": None, "group": None, "trigger_set": True, "force": False, "verify": False, "not_after": None}
    request = TriggerRequest.read({"device_token": None, "devices": entries, **whole})
    return {entry.uuid: entry for entry in request.entries}
