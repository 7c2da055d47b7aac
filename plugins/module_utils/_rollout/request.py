# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""What a rollout is asked to do: the variables of the role, read once and refused before the first request."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._deploy.request import DEPLOY_SPEC, DeployRequest
from .._errors import InvalidInput
from .._module import prepared
from .._reading.durations import read_duration, read_seconds
from .._service.models import one_of
from .._trigger.plan import TriggerRequest
from .._window.calendar import Calendar, read_windows
from .._window.override import Override, read_override
from .._window.read import decoded
from .thresholds import (
    Thresholds,
    read_thresholds,
)
from .waves import WaveSpec, read_waves

OFFLINE = ("skip", "wait", "hold", "fail")
FOREIGN_PENDING = ("fail", "skip", "allow")
AFTER = ("hold", "release", "restore")
HOOKS = ("before_window", "before_wave", "after_wave", "after_window")
_SENT = ("flow_id", "project", "groups", "filters", "all_devices", "app", "comment", "parameters", "deployment_key")

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
    deployment: DeployRequest
    waves: tuple[WaveSpec, ...]
    seed: str
    thresholds: Thresholds
    soak: timedelta
    wait_timeout: int
    max_update_time: timedelta | None  # None: as observed
    calendar: Calendar | None  # None: at any time
    override: Override | None
    offline: str
    foreign_pending: str
    self_managed: frozenset[str]  # names or UUIDs
    after: str
    incomplete_ok: bool
    options: Mapping[str, t.Any]  # as given, decoded and with defaults; holds no token


def read_options(given: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Variables without their prefix, decoded, with defaults. Raises InvalidInput."""
    said = {name: given[name] for name in ROLLOUT_SPEC if not _is_blank(given.get(name))}
    ready = prepared(said, ROLLOUT_SPEC)
    checked = ArgumentSpecValidator(ROLLOUT_SPEC).validate(ready)
    if checked.error_messages:
        raise InvalidInput(". ".join(checked.error_messages) + ".")
    options = dict(checked.validated_parameters)
    for name, kind in (("windows", "list"), ("blackouts", "list"), ("override", "object")):
        options[name] = decoded(options[name], name, kind)
    for name in ("groups", "self_managed"):  # "a, b" is how people answer a survey
        options[name] = [entry.strip() for entry in options[name]] if options[name] else None
    options["approved_digest"] = (options["approved_digest"] or "").strip()
    return options


def _is_blank(value: t.Any) -> bool:
    """An empty answer of a survey is no answer."""
    return value is None or (isinstance(value, str) and not value.strip())


def read_request(given: Mapping[str, t.Any]) -> RolloutRequest:
    """Raises InvalidInput, naming the variable, before anything is read or sent."""
    options = read_options(given)
    deployment = deploy_request(options)
    calendar = read_windows(options["windows"], options["blackouts"] or ()) if options["windows"] else None
    if calendar is None and (options["blackouts"] or options["override"]):
        raise InvalidInput("blackouts or override are given without windows: give windows too.")
    if options["rollback_app"] and not options["rollback_flow_id"]:
        raise InvalidInput("rollback_app goes only with rollback_flow_id: name the flow that rolls back.")
    return RolloutRequest(
        deployment=deployment,
        waves=_waves(options["waves"], deployment.groups),
        seed=options["wave_seed"] or deployment.mark,
        thresholds=read_thresholds(options["thresholds"] or {}),
        soak=read_seconds(options["soak"], "soak"),
        wait_timeout=options["wait_timeout"],
        max_update_time=_length(options["max_update_time"], "max_update_time"),
        calendar=calendar,
        override=read_override(options["override"], calendar.windows) if calendar else None,
        offline=one_of("offline", options["offline"], OFFLINE),
        foreign_pending=one_of("foreign_pending", options["foreign_pending"], FOREIGN_PENDING),
        self_managed=frozenset(filter(None, options["self_managed"] or ())),
        after=one_of("after", options["after"], AFTER),
        incomplete_ok=options["incomplete_ok"],
        options=options,
    )


def deploy_request(options: Mapping[str, t.Any]) -> DeployRequest:
    """The whole deployment, of which each wave is a part."""
    params = {name: option.get("default") for name, option in DEPLOY_SPEC.items()}
    shared = {name: options[name] for name in (*_SENT, "retry_failed", "wait_timeout", "wait_interval")}
    return DeployRequest.read({**params, **shared})


def _waves(given: Sequence[t.Any], groups: tuple[str, ...]) -> tuple[WaveSpec, ...]:
    specs = read_waves(given)
    for at, spec in enumerate(specs):
        strangers = [group for group in spec.groups if groups and group not in groups]
        if strangers:
            raise InvalidInput(
                "waves[%d].groups names '%s', which is not among groups: %s." % (at, strangers[0], ", ".join(groups))
            )
    return specs


def check_entries(devices: Sequence[Mapping[str, t.Any]]) -> None:
    """One bad entry would keep a whole wave from being held again. Raises InvalidInput."""
    if not devices:
        raise InvalidInput(
            "devices: none of them has a device_uuid, by which the service's lists name it. Give each one."
        )
    entries = [{"device_token": "", **entry} for entry in devices]
    whole = {"project": None, "group": None, "trigger_set": True, "force": False, "verify": False, "not_after": None}
    TriggerRequest.read({"device_token": None, "devices": entries, **whole})


def zones_matter(options: Mapping[str, t.Any]) -> bool:
    """Whether a window or a blackout is read in the zone of each device."""
    entries = [*(options["windows"] or ()), *(options["blackouts"] or ())]
    return any(isinstance(entry, Mapping) and entry.get("timezone") == "device" for entry in entries)


def _length(given: t.Any, name: str) -> timedelta | None:
    return None if _is_blank(given) else read_duration(given, name)
