# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options, fleets, windows and rows of modules, as the decisions of a rollout get them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.plan import Member, Plan, make_plan
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.request import RolloutRequest, read_request
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.thresholds import Counts
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.wave import (
    Judged,
    Started,
    judge_wave,
    seen_again,
    start_wave,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.models import Device
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import USER, model_device, model_update, token

APP, OLD, NEW = "kiosk_ui", "3.1.0", "3.2.0"
NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=timezone.utc)
WINDOW = {"name": "night", "timezone": "UTC", "days": "daily", "start": "01:00", "end": "05:00"}
DEVICE_WINDOW = {**WINDOW, "timezone": "device"}


def uuid(number: int) -> str:
    return "d-%04d" % number


def uuids(*numbers: int) -> list[str]:
    return [uuid(number) for number in numbers]


def entries(*numbers: int, zone: str | None = None) -> list[dict[str, Any]]:
    """The option C(devices)."""
    return [
        {"device_token": token(n), "device_uuid": uuid(n), "name": "kiosk-%d" % n, "timezone": zone} for n in numbers
    ]


ENTRIES = entries(*range(1, 4), zone="UTC")


def options(**changes: Any) -> dict[str, Any]:
    given = {"flow_id": "f-1", "project": "Kiosks", "all_devices": True, "app": {"name": APP, "version": NEW}}
    return {**given, **changes}


def request(**changes: Any) -> RolloutRequest:
    return read_request({"user_token": USER, **options(**changes)}, ENTRIES)


MARK = request().deployment.mark


def kiosk(number: int, *states: str, **changes: Any) -> Device:
    """Held and online, with the old version; C(states) are those of its updates with our mark."""
    ours = tuple(model_update(MARK, state) for state in states)
    known = {"held": True, "online": True, "apps": {APP: OLD}, "updates": ours}
    return model_device(number, **{**known, **changes})


def plan_of(asked: RolloutRequest, *devices: Device, without_token: Iterable[int] = ()) -> Plan:
    missing = set(uuids(*without_token))
    return make_plan(asked, devices, frozenset(device.uuid for device in devices if device.uuid not in missing))


def member(plan: Plan, number: int) -> Member:
    (found,) = [one for one in plan.members if one.device_uuid == uuid(number)]
    return found


def begin(
    asked: RolloutRequest,
    *devices: Device,
    now: datetime = NIGHT,
    seen: Sequence[Device] | None = None,
    zones: Mapping[str, str | None] | None = None,
    wave: int = 0,
    took: Sequence[float] = (),
) -> Started:
    """The start of a wave of the plan of C(devices); C(seen) is the fleet as read again."""
    plan = plan_of(asked, *devices)
    planned = plan.waves[wave]
    members = [one for one in plan.members if one.wave == planned.name]
    if seen is not None:
        planned, members = seen_again(asked, plan, planned, seen, {device.uuid for device in [*devices, *seen]})
    return start_wave(asked, planned, members, zones or {}, now, took)


def sent_row(number: int, **changes: Any) -> dict[str, Any]:
    """A row of connect_deploy."""
    known = {"plan": "needed", "outcome": "changed", "code": None, "msg": None, "status": "pending", "seconds": None}
    return {"device_uuid": uuid(number), **known, **changes}


def not_sent(number: int, code: str = "request_rejected", **changes: Any) -> dict[str, Any]:
    return sent_row(number, **{"outcome": "failed", "code": code, "status": None, **changes})


def trigger_row(number: int, outcome: str = "changed", code: str | None = None) -> dict[str, Any]:
    """A row of connect_update_trigger."""
    return {"device_uuid": uuid(number), "outcome": outcome, "code": code, "msg": None}


def verdict(
    asked: RolloutRequest,
    started: Started,
    fates: Mapping[int, str] | None = None,
    *rows: Mapping[str, Any],
    now: datetime = NIGHT,
    offline: Collection[int] = (),
    earlier: Counts | None = None,
) -> Judged:
    """The verdict on a wave; C(fates) and C(offline) name devices by number, C(rows) say what went wrong."""
    by_uuid = {uuid(number): fate for number, fate in (fates or {}).items()}
    said = {str(row["device_uuid"]): row for row in rows}
    return judge_wave(asked, started, by_uuid, uuids(*offline), earlier or Counts(), now, said)


def later(**length: float) -> datetime:
    return NIGHT + timedelta(**length)
