# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decisions of the role rollout, as filters; each is documented in a file of its own beside this one."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone

from ..module_utils._errors import ConnectError
from ..module_utils._rollout.end import conclude, end_run, to_hold
from ..module_utils._rollout.plan import make_plan
from ..module_utils._rollout.request import (
    check_entries,
    read_request,
    zones_matter,
)
from ..module_utils._rollout.wave import (
    after_release,
    gate,
    judge_wave,
    needed_time,
    observed,
    start_rollback,
    start_wave,
)
from ..module_utils._version import VERSION
from ..module_utils._window.zones import data_version
from ..plugin_utils._plain import with_plain_data

Given = Mapping[str, t.Any]
Rows = Sequence[Given]


def rollout_options(options: Given, devices: Rows | None = None) -> dict[str, t.Any]:
    """Refusals come back as text, to be said without the frame that Ansible puts around a filter that fails."""
    try:
        if devices is not None:
            check_entries(devices)
        request = read_request(options)
        gate(request, {"": "UTC"}, _now(), needed_time(request, ()))  # an override may reach too far ahead
        ready = request.options
        about = {"collection_version": VERSION, "zone_data": data_version(), "by_device_zone": zones_matter(ready)}
        return {"problem": None, **about, **ready}
    except ConnectError as refused:
        return {"problem": refused.msg}


def rollout_plan(fleet: Rows, options: Given, devices: Rows) -> dict[str, t.Any]:
    request, zones = read_request(options), _zones(devices)
    plan = make_plan(request, fleet, frozenset(zones))
    due = {row["device_uuid"]: zones.get(row["device_uuid"]) for row in plan["devices"] if row["due"]}
    return {**plan, "window": gate(request, due, _now(), needed_time(request, ())).as_result()}


def rollout_start(
    wave: Given, options: Given, fleet: Rows, devices: Rows, seconds: Sequence[float] = ()
) -> dict[str, t.Any]:
    return start_wave(read_request(options), wave, fleet, _zones(devices), _now(), seconds)


def rollout_released(started: Given, released: Given) -> dict[str, t.Any]:
    return after_release(started, released)


def rollout_judge(
    started: Given, options: Given, fleet: Rows, deployed: Given | None = None, counts: Given | None = None
) -> dict[str, t.Any]:
    return judge_wave(read_request(options), started, deployed, fleet, counts or {}, _now())


def rollout_observed(fleet: Rows, options: Given, wave: Given | None = None) -> list[dict[str, t.Any]]:
    return observed(read_request(options), fleet, wave["device_uuids"] if wave else None)


def rollout_rollback(fates: Mapping[str, str], options: Given, plan: Given, devices: Rows) -> dict[str, t.Any]:
    return start_rollback(read_request(options), plan, fates, _zones(devices), _now())


def rollout_hold(fates: Mapping[str, str], options: Given, plan: Given) -> list[str]:
    return to_hold(read_request(options), plan, fates)


def rollout_end(fates: Mapping[str, str], options: Given, plan: Given, fleet: Rows) -> dict[str, t.Any]:
    return end_run(read_request(options), plan, fates, fleet)


def rollout_result(
    fates: Mapping[str, str],
    options: Given,
    plan: Given | None,
    verdict: Given,
    left_open: Sequence[str] = (),
    check_mode: bool = False,
) -> dict[str, t.Any]:
    return conclude(read_request(options), plan, fates, verdict, left_open, check_mode)


def _zones(devices: Rows) -> dict[str, str | None]:
    """UUID to zone of the devices that can be held and released; their tokens go no further."""
    return {str(one["device_uuid"]): one.get("timezone") or None for one in devices if one.get("device_uuid")}


def _now() -> datetime:
    return datetime.now(timezone.utc)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        decisions = (
            *(rollout_options, rollout_plan, rollout_start, rollout_released),
            *(rollout_judge, rollout_observed, rollout_rollback, rollout_hold, rollout_end, rollout_result),
        )
        return {decide.__name__: with_plain_data(decide) for decide in decisions}
