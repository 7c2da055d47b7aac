# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan device by device, for the person who approves it: when each may be updated, or why it is not. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from .._window.answer import Status
from .._window.zones import iso, zone_name
from .outcome import DeviceFacts, outcome_of
from .plan import Member, Plan
from .request import RolloutRequest
from .wave import needed_time, statuses

Cells = dict[str, str]


def sheet(request: RolloutRequest, plan: Plan, now: datetime) -> list[Cells]:
    """One row for each device of the plan. Times are ISO 8601, in the zone that the row names. C(from) is empty when
    it is not known from when the device can be updated, and C(why_not_now) when nothing is in its way.
    """
    zones = [request.zones.get(member.device_uuid) for member in plan.members]
    found = statuses(request, zones, now, needed_time(request, ()))
    return [dict(_cells(one, found.get(zone), now)) for one, zone in zip(plan.members, zones, strict=True)]


def _cells(member: Member, status: Status | None, now: datetime) -> Iterator[tuple[str, str]]:
    yield "device", member.name
    yield "device_uuid", member.device_uuid
    yield "group", member.group
    yield "wave", member.wave or ""
    yield "class", member.plan_class
    yield "version", member.version or ""
    yield "update", "yes" if member.due else "no"
    yield "why_not_now", _why_not(member, status)
    opens, closes = (status.opened_at, status.closes_at) if status and status.open else (None, None)
    if status and not status.open:
        opens, closes = status.next_opening, status.next_close
    yield "from", _shown(opens if status and not status.open else now, status) if member.due else ""
    yield "opens", _shown(opens, status)
    yield "closes", _shown(closes, status)
    yield "zone", zone_name(status.zone) if status else ""


def _why_not(member: Member, status: Status | None) -> str:
    if not member.due:
        left = DeviceFacts(member.plan_class, skip=member.skip, skip_word=member.skip_word, conflict=member.conflict)
        return outcome_of(left).reason
    return status.sentence() if status and not status.open else ""


def _shown(at: datetime | None, status: Status | None) -> str:
    return iso(at, status.zone) if at and status else iso(at) if at else ""
