# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""The instant after which a task sends nothing more: a window is checked at the moment of each effect."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone

from .._errors import ConnectError, InvalidInput

DEADLINE_SPEC: dict[str, t.Any] = {"type": "str"}


class TooLate(ConnectError):
    """Kept back at the last moment. Certainly not sent."""

    code = "window_closed"


def read_instant(params: Mapping[str, t.Any], option: str) -> datetime | None:
    """In UTC; None when the option is not given. Raises InvalidInput naming the option."""
    given = (params[option] or "").strip()
    if not given:
        return None
    try:
        instant = datetime.fromisoformat(given.replace("Z", "+00:00").replace("z", "+00:00"))
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InvalidInput(
            "%s is '%s'; accepted: an instant with its zone, such as 2026-11-23T04:30:00+01:00 or 2026-11-23T03:30:00Z."
            % (option, given)
        )
    return instant.astimezone(timezone.utc)


@dataclass(frozen=True)
class Deadline:
    """C(not_after) is None when there is none."""

    not_after: datetime | None = None

    @classmethod
    def read(cls, params: Mapping[str, t.Any]) -> Deadline:
        """Raises InvalidInput naming O(not_after)."""
        return cls(read_instant(params, "not_after"))

    def check(self, now: datetime) -> None:
        """Raises TooLate."""
        if self.not_after is not None and now > self.not_after:
            raise TooLate(
                "Not sent, because it is after %s (not_after). Run the task again in the next window."
                % self.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")
            )


NO_DEADLINE = Deadline()
