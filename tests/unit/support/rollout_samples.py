# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options, fleets, windows and results of modules, as the decisions of a rollout get them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.plan import make_plan
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.request import RolloutRequest, read_request
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.wave import judge_wave, start_wave
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service import fleet as _fleet
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.models import Device
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import model_device, model_update

APP, OLD, NEW = "kiosk_ui", "3.1.0", "3.2.0"
NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=timezone.utc)
WINDOW = {"name": "night", "timezone": "UTC", "days": "daily", "start": "01:00", "end": "05:00"}
DEVICE_WINDOW = {**WINDOW, "timezone": "device"}


def options(**changes: Any) -> dict[str, Any]:
    given = {"flow_id": "f-1", "project": "Kiosks", "all_devices": True, "app": {"name": APP, "version": NEW}}
    return {**given, **changes}


def request(**changes: Any) -> RolloutRequest:
    return read_request(options(**changes))


MARK = request().deployment.mark


def kiosk(number: int, *states: str, **changes: Any) -> Device:
    """Held and online, with the old version; C(states) are those of its updates with our mark."""
    ours = tuple(model_update(MARK, state) for state in states)
    known = {"held": True, "online": True, "apps": {APP: OLD}, "updates": ours}
    return model_device(number, **{**known, **changes})


def fleet(*devices: Device) -> list[dict[str, Any]]:
    """As connect_device_info returns them."""
    return [_fleet._as_result(device) for device in devices]


def uuid(number: int) -> str:
    return kiosk(number).uuid


def uuids(*numbers: int) -> list[str]:
    return [uuid(number) for number in numbers]


def entries(*numbers: int, zone: str | None = None) -> dict[str, str | None]:
    return dict.fromkeys(uuids(*numbers), zone)


def plan_of(asked: RolloutRequest, *devices: Device, without_token: Iterable[int] = ()) -> dict[str, Any]:
    missing = set(uuids(*without_token))
    return make_plan(asked, fleet(*devices), frozenset(device.uuid for device in devices if device.uuid not in missing))


def row_of(plan: Mapping[str, Any], number: int) -> dict[str, Any]:
    (row,) = [row for row in plan["devices"] if row["device_uuid"] == uuid(number)]
    return row


def begin(asked: RolloutRequest, *devices: Device, now: datetime = NIGHT, **more: Any) -> dict[str, Any]:
    """The start of the first wave; C(seen) is the fleet when it differs from that of the plan."""
    plan = plan_of(asked, *devices)
    known = more.get("entries", {device.uuid: None for device in devices})
    return start_wave(
        asked, plan["waves"][more.get("wave", 0)], fleet(*more.get("seen", devices)), known, now, more.get("took", ())
    )


def sent_row(number: int, **changes: Any) -> dict[str, Any]:
    """A row of connect_deploy."""
    known = {"plan": "needed", "outcome": "changed", "code": None, "status": "pending", "seconds": None}
    return {"device_uuid": uuid(number), **known, **changes}


def not_sent(number: int, code: str = "request_rejected", **changes: Any) -> dict[str, Any]:
    return sent_row(number, outcome="failed", code=code, status=None, **changes)


def in_doubt(number: int, **changes: Any) -> dict[str, Any]:
    return sent_row(number, outcome="unknown", code="outcome_unknown", status=None, **changes)


def trigger_row(number: int, outcome: str = "changed", code: str | None = None) -> dict[str, Any]:
    """A row of connect_update_trigger."""
    return {"device_uuid": uuid(number), "outcome": outcome, "code": code, "msg": None}


def verdict(
    asked: RolloutRequest, started: Mapping[str, Any], *devices: Device, now: datetime = NIGHT, **more: Any
) -> dict[str, Any]:
    """The verdict on a wave: C(sent) are the rows of connect_deploy, C(earlier) the counts so far."""
    rows = more.get("sent", [])
    deployed = {"devices": rows} if rows else None
    return judge_wave(asked, started, deployed, fleet(*devices), more.get("earlier", {}), now)


def later(**length: float) -> datetime:
    return NIGHT + timedelta(**length)
