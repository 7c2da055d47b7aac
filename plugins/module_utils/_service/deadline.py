# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The instant after which a task sends nothing more: a window is checked at the moment of each effect."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .._errors import ConnectError
from .._reading.instants import instant_or_none

DEADLINE_SPEC: dict[str, t.Any] = {"type": "str"}


class TooLate(ConnectError):
    """Kept back at the last moment. Certainly not sent."""

    code = "window_closed"


@dataclass(frozen=True)
class Deadline:
    """C(not_after) is None when there is none."""

    not_after: datetime | None = None

    @classmethod
    def read(cls, params: Mapping[str, t.Any]) -> Deadline:
        """Raises InvalidInput naming O(not_after)."""
        return cls(instant_or_none(params["not_after"], "not_after"))

    def check(self, now: datetime) -> None:
        """Raises TooLate."""
        if self.not_after is not None and now > self.not_after:
            raise TooLate(
                "Not sent: it is after %s (not_after). Run the task again in the next window."
                % self.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")
            )


NO_DEADLINE = Deadline()
