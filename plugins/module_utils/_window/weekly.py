# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Windows by the day of the week. The day of a window is that of its start, also when it crosses midnight."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from .zones import DAY


@dataclass(frozen=True)
class Weekly:
    weekdays: frozenset[int]  # 0 is Monday
    start: timedelta  # since midnight

    def walls(self, first: datetime, last: datetime, zone: tzinfo) -> Iterator[datetime]:
        day = first.replace(hour=0, minute=0, second=0, microsecond=0)
        while day <= last:
            if day.weekday() in self.weekdays:
                yield day + self.start
            day += DAY
