# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what records hold. They come from a file, so nothing is taken for granted about their types."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import datetime

from ...module_utils._evidence.record import UTC

YEARS = (1970, 2200)
NOTHING = "\N{EN DASH}"  # for a person, in place of what is not known
LARGE = 10**15  # what counts and seconds stay below; infinity too is something that JSON can be made to say


def mapping(value: t.Any) -> dict[str, t.Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def sequence(value: t.Any) -> list[t.Any]:
    return list(value) if isinstance(value, list) else []


def mappings(value: t.Any) -> list[dict[str, t.Any]]:
    return [entry for entry in sequence(value) if isinstance(entry, dict)]


def text(value: t.Any) -> str:
    """Of a text or a number, else an empty one."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value)


def number(value: t.Any) -> int | float:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number and abs(value) < LARGE else 0


def flag(value: t.Any) -> bool | None:
    return value if isinstance(value, bool) else None


def instant(value: t.Any) -> datetime | None:
    """Of an ISO 8601 text with a zone, of these centuries."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo and YEARS[0] <= found.year < YEARS[1] else None


def seconds_between(start: t.Any, end: t.Any) -> int | None:
    first, last = instant(start), instant(end)
    return int((last - first).total_seconds()) if first and last else None


def duration(seconds: t.Any) -> str:
    """90 is 1 min 30 s; from ten minutes on, seconds do not matter."""
    if seconds is None:
        return NOTHING
    left = int(number(seconds))
    if left < 60:
        return "%d s" % left
    hours, minutes = divmod(left // 60, 60)
    if not hours:
        return "%d min %d s" % (minutes, left % 60) if left % 60 and minutes < 10 else "%d min" % minutes
    return "%d h %d min" % (hours, minutes) if minutes else "%d h" % hours
