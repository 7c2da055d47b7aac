# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Moments as people write them, read in the same way by each Python."""

from __future__ import annotations

import re
import typing as t
from datetime import date, datetime, timezone

from .._errors import InvalidInput
from .names import is_blank, shown

YEARS = range(1970, 3000)
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?\s*(?:(Z)|([+-]\d{2})(?::?(\d{2}))?)?)?",
    re.ASCII | re.IGNORECASE,
)


def read_moment(given: t.Any, where: str) -> datetime:
    """A date, or a date and a time, in whole seconds; naive when it has no offset. Raises InvalidInput."""
    text = given.isoformat() if isinstance(given, date) else given.strip() if isinstance(given, str) else ""
    found = _MOMENT.fullmatch(text)
    if found:
        day, time, utc, hours, minutes = found.groups()
        offset = "+0000" if utc else hours + (minutes or "00") if hours else ""
        try:
            moment = datetime.strptime(  # noqa: DTZ007  naive on purpose, unless there is an offset
                "%sT%s%s" % (day, ((time or "00:00") + ":00")[:8], offset),
                "%Y-%m-%dT%H:%M:%S" + ("%z" if offset else ""),
            )
        except ValueError:
            pass  # 31 February
        else:
            if moment.year in YEARS:
                return moment
    raise InvalidInput(
        "%s is %s, which is no time that exists; accepted: such as '2026-11-23T01:30', with Z or an offset if wanted."
        % (where, shown(text if isinstance(given, date) else given))
    )


def read_instant(given: t.Any, where: str) -> datetime:
    """A moment with its zone, in UTC, whole seconds. Raises InvalidInput."""
    moment = read_moment(given, where)
    if moment.tzinfo is None:
        raise InvalidInput(
            "%s is %s, without a zone: add Z for UTC or an offset, for example %sZ or %s+01:00."
            % (where, given, moment.isoformat(), moment.isoformat())
        )
    return moment.astimezone(timezone.utc)


def instant_or_none(given: t.Any, where: str) -> datetime | None:
    """None when it is not given. Raises InvalidInput."""
    return None if is_blank(given) else read_instant(given, where)
