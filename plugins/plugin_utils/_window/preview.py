# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The next openings as a table that a person can check."""

from __future__ import annotations

import typing as t
from datetime import datetime, timedelta

from ...module_utils._reading.durations import in_words
from ...module_utils._window.answer import clock_notes
from ...module_utils._window.calendar import Calendar
from ...module_utils._window.intervals import Interval
from ...module_utils._window.openings import Found
from ...module_utils._window.zones import DAY, WEEKDAYS, iso, local, zone_name


def preview(
    calendar: Calendar, at: datetime, min_remaining: timedelta, count: int, days: int, zone: str | None
) -> list[dict[str, t.Any]]:
    """C(zone) is that of the device."""
    rows: list[dict[str, t.Any]] = []
    for found in calendar.search(at, calendar.device_zone(zone)):
        if found.opening.opens > at + days * DAY:
            break
        if not found.ends or found.opening.closes - max(at, found.opening.opens) >= min_remaining:
            rows.append(_row(calendar, found, at, zone))
        if len(rows) == count:
            break
    return rows


def _row(calendar: Calendar, found: Found, at: datetime, device: str | None) -> dict[str, t.Any]:
    opening = found.opening
    if opening.opens <= at:  # it may have begun with a window that is over
        running = calendar.running(at, calendar.device_zone(device))
        opening = Interval(running.opens, opening.closes, _names(running, opening)) if running else opening
    zone = calendar.named(opening.names).shown_in(calendar.device_zone(device))
    return {
        "opens": iso(opening.opens),
        "opens_local": iso(opening.opens, zone),
        "closes": iso(opening.closes) if found.ends else None,
        "closes_local": iso(opening.closes, zone) if found.ends else None,
        "timezone": zone_name(zone),
        "weekday": WEEKDAYS[local(opening.opens, zone).weekday()],
        "length": in_words(opening.length) if found.ends else None,
        "length_seconds": int(opening.length.total_seconds()) if found.ends else None,
        "names": list(opening.names),
        "notes": list(clock_notes(zone, opening, "this opening")) if found.ends else [],
    }


def _names(*openings: Interval) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in openings for name in each.names))
