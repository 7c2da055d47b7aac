# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What all results have in common: one row per device, counted and put into a sentence."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field

from ._errors import Banned

ROW_OUTCOMES = ("changed", "unchanged", "failed", "unknown")
NAMED = 5  # devices that a failure message names; all of them are in the rows


class HasOutcome(t.Protocol):
    outcome: str
    code: str | None
    msg: str | None

    @property
    def label(self) -> str:
        """How a message names the device."""


@dataclass
class Report:
    """The result of a module: C(result) holds its own keys beside the common ones."""

    changed: bool
    msg: str
    result: dict[str, t.Any]
    code: str | None = None  # a failure, when set
    diff: dict[str, t.Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def as_result(self, with_diff: bool) -> dict[str, t.Any]:
        failure = {"code": self.code} if self.code else {}
        diff = {"diff": self.diff} if with_diff else {}
        return {"changed": self.changed, "msg": self.msg, **self.result, **failure, **diff}


def count_outcomes(rows: Sequence[HasOutcome]) -> dict[str, int]:
    return {"total": len(rows), **{outcome: sum(row.outcome == outcome for row in rows) for outcome in ROW_OUTCOMES}}


def name_troubled(rows: Sequence[HasOutcome]) -> str:
    """The first few rows that went wrong, with their reasons; the reason is said once where all share it."""
    troubled = [row for row in rows if row.outcome in ("failed", "unknown")]
    if len(troubled) > 1 and len({row.msg for row in troubled}) == 1:
        names = ", ".join(row.label for row in troubled[:NAMED])
        return "%s%s: [%s] %s" % (names, _and_more(troubled), troubled[0].code, troubled[0].msg)
    reasons = " ".join("%s: [%s] %s" % (row.label, row.code, row.msg) for row in troubled[:NAMED])
    return reasons + _and_more(troubled)


def _and_more(rows: Sequence[HasOutcome]) -> str:
    return " and %d more (see devices in the result)" % (len(rows) - NAMED) if len(rows) > NAMED else ""


def failure_code(rows: Sequence[HasOutcome]) -> str:
    """The code of a task in which devices failed. A ban concerns all of them, also those that failed before it."""
    codes = {row.code for row in rows if row.code}
    if Banned.code in codes:
        return Banned.code
    return codes.pop() if len(codes) == 1 else "devices_failed"


def devices_word(count: int) -> str:
    return "1 device" if count == 1 else "%d devices" % count


def diff_key(name: str, uuid: str) -> str:
    """How a diff names a device: names alone may repeat."""
    return " ".join(filter(None, (name, uuid)))
