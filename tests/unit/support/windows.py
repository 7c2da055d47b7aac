# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Short ways to ask the window engine, with times written as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import (
    Calendar,
    Status,
    read_windows,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.override import read_override


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=timezone.utc)


def calendar(windows: Any, blackouts: Any = ()) -> Calendar:
    return read_windows(windows if isinstance(windows, list) else [windows], blackouts)


def openings(windows: Any, start: str, days: int, blackouts: Any = (), zone: str | None = None) -> list[str]:
    """Openings that begin within so many days, in UTC: "03-28 00:30 - 03-28 01:30"."""
    first = utc(start)
    found = calendar(windows, blackouts).intervals(first, first + timedelta(days=days), zone)
    return [
        "%s - %s" % (each.opens.strftime("%m-%d %H:%M"), each.closes.strftime("%m-%d %H:%M"))
        for each in found
        if first <= each.opens
    ]


def local_openings(windows: Any, zone: str, start: str, days: int) -> list[str]:
    """The same in local time, with the offsets."""
    first = utc(start)
    found = calendar(windows).intervals(first, first + timedelta(days=days))
    here = ZoneInfo(zone)
    return [
        "%s - %s"
        % (each.opens.astimezone(here).strftime("%m-%d %H:%M%z"), each.closes.astimezone(here).strftime("%H:%M%z"))
        for each in found
        if first <= each.opens
    ]


def status(windows: Any, at: str, blackouts: Any = (), override: dict[str, Any] | None = None, **more: Any) -> Status:
    asked = calendar(windows, blackouts)
    return asked.status(utc(at), override=read_override(override, asked.windows), **more)
