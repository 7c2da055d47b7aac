# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Windows by a cron expression: its last three fields choose days, its first two the times of such a day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import takewhile

from .._errors import InvalidInput
from .source import Source, missing
from .zones import DAY

try:
    from cronsim import CronSim, CronSimError
except ImportError:
    CronSim = None  # type: ignore[assignment,misc]

_SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS = ("", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# Of each field: its values, and their names
_FIELDS = ((range(60), ()), (range(24), ()), (range(1, 32), ()), (range(1, 13), _MONTHS), (range(7), _WEEKDAYS))


@dataclass(frozen=True)
class CronDays:
    """Midnights of the days that the last three fields select."""

    fields: str

    def walls(self, first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
        return takewhile(lambda day: day <= last, CronSim("0 0 " + self.fields, first - DAY))


def cron_source(expression: str, zone: tzinfo | None, length: timedelta, where: str) -> tuple[Source, list[str]]:
    """The occurrences, each C(length) of elapsed time, and hints for the linter. Raises InvalidInput."""
    if CronSim is None:
        raise missing("cronsim", where, "cron")
    fields = _read_fields(expression, where)
    midnight = datetime(2000, 1, 1)  # noqa: DTZ001  any day will do
    try:
        CronSim(" ".join(fields), midnight)
        ticks = CronSim(" ".join(fields[:2]) + " * * *", midnight - timedelta(minutes=1))
    except (CronSimError, AssertionError, ValueError) as err:  # MON#2/2, or a number of 5,000 digits
        raise InvalidInput(
            "%s: cron %r cannot be used (%s); accepted: such as 0 22 * * FRI." % (where, expression[:60], err or "step")
        ) from None
    times = [tick - midnight for tick in takewhile(lambda tick: tick < midnight + DAY, ticks)]
    groups = [[times[0]]]
    for one in times[1:]:
        if one - groups[-1][-1] <= length:
            groups[-1].append(one)
        else:
            groups.append([one])
    source = Source(CronDays(" ".join(fields[2:])), zone, exact=length, groups=tuple(map(tuple, groups)))
    return source, list(_both_days(fields[2], fields[4]))


def _read_fields(expression: str, where: str) -> list[str]:
    fields = _SHORT.get(expression.strip().lower(), expression).upper().split()
    if len(fields) != 5:
        raise InvalidInput(
            "%s: cron %r has %d field%s; accepted: five, minute hour day-of-month month day-of-week, such as "
            "0 22 * * FRI, or one of %s. Leave out the seconds and years of other schedulers."
            % (where, expression[:60], len(fields), "" if len(fields) == 1 else "s", ", ".join(_SHORT))
        )
    if "?" in fields and re.search(r"\d", fields[4]):
        raise InvalidInput(
            "%s: cron %r has ?, as Quartz writes it, and day-of-week %s: Quartz counts from 1 for Sunday, cron from 0. "
            "Say the days by name, such as MON-FRI." % (where, expression[:60], fields[4])
        )
    for at in (2, 4):
        fields[at] = "*" if fields[at] == "?" else fields[at]
    return [",".join(_unwrapped(each, *of) for each in field.split(",")) for field, of in zip(fields, _FIELDS)]  # noqa: B905


def _unwrapped(part: str, values: range, names: tuple[str, ...]) -> str:
    """22-2 and FRI-MON as the values that they stand for: cronsim refuses a range that goes over the end."""
    found = re.fullmatch(r"(\w{1,9})-(\w{1,9})(?:/(\d{1,9}))?", part, re.ASCII)
    if found is None:
        return part
    first, last = (
        names.index(one) if one in names else int(one) if one.isdigit() else -1 for one in found.groups()[:2]
    )
    if first in values and last in values and first > last and int(found.group(3) or 1):
        wrapped = [*range(first, values.stop), *range(values.start, last + 1)]
        return ",".join(map(str, wrapped[:: int(found.group(3) or 1)]))
    return part


def _both_days(of_month: str, of_week: str) -> Iterator[str]:
    if "*" in (of_month, of_week):
        return
    both = of_month.startswith("*") or of_week.startswith("*")
    yield "says day-of-month %s and day-of-week %s in cron: %s" % (
        of_month,
        of_week,
        "only days that both select count, because one begins with *" if both else "a day that either selects counts",
    )
