# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""An override: a person opens windows that are closed, says why, and for how long. Hard blackouts stay closed."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .._errors import InvalidInput
from .._reading.instants import read_instant
from .._reading.json_text import decoded
from .read import Window
from .zones import iso

KEYS = ("reason", "by", "until", "window")


@dataclass(frozen=True)
class Override:
    reason: str
    by: str
    until: datetime
    window: str | None = None  # None: all windows

    def as_result(self) -> dict[str, t.Any]:
        return {"reason": self.reason, "by": self.by, "until": iso(self.until), "window": self.window}


def read_override(given: t.Any, windows: Sequence[Window]) -> Override | None:
    """Raises InvalidInput."""
    given = decoded(given, "override", "object")
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise InvalidInput("override is not a mapping; accepted: a mapping with %s." % ", ".join(KEYS))
    for key in given:
        if key not in KEYS:
            raise InvalidInput("override has %r, which is not known; accepted: %s." % (str(key)[:40], ", ".join(KEYS)))
    said = {key: str(value).strip() for key, value in given.items() if value is not None and str(value).strip()}
    if not said:
        return None
    for key in KEYS[:3]:
        if key not in said:
            raise InvalidInput(
                "override.%s is missing: an override needs a reason, by whom it was allowed, and until when it holds."
                % key
            )
    nameless = [window.name for window in windows if not window.named]
    if nameless:
        raise InvalidInput("override works for windows that have a name: give %s one." % ", ".join(nameless))
    names = [window.name for window in windows]
    if said.get("window", names[0]) not in names:
        raise InvalidInput("override.window is %r; accepted: %s." % (said["window"][:40], ", ".join(names)))
    return Override(said["reason"], said["by"], read_instant(given["until"], "override.until"), said.get("window"))
