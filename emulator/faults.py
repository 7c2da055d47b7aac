# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on request: which failure, for which calls, and how often."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

#: Kinds of fault with their arguments and defaults.
KINDS: dict[str, dict[str, Any]] = {
    "refuse": {},
    "drop_before": {},
    "drop_after": {},
    "error_before": {"status": 503},
    "error_after": {"status": 503},
    "429": {"retry_after": None},
    "slow": {"seconds": 5.0},
    "late": {"seconds": 5.0, "status": None},
    "truncated": {},
    "html": {"processed": True},
    "lag": {"seconds": 30.0},
    "same_page": {},
}
_SELECTORS = ("kind", "method", "path", "device_uuid", "after", "times")


class FaultError(ValueError):
    """A fault that is not accepted."""


@dataclass(slots=True)
class Fault:
    """One fault. ``path`` may be a shell pattern; ``times`` ``None`` means for ever."""

    kind: str
    method: str | None = None
    path: str | None = None
    device_uuid: str | None = None
    after: int = 0
    times: int | None = 1
    args: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0

    def concerns(self, method: str, path: str, device_uuid: str | None) -> bool:
        """Whether a call is one of those that the fault targets."""
        return (
            (self.method is None or self.method == method)
            and (self.path is None or fnmatchcase(path, self.path))
            and (self.device_uuid is None or self.device_uuid == device_uuid)
        )

    @property
    def armed(self) -> bool:
        """Whether it would fire on the call just seen."""
        return self.seen > self.after and (self.times is None or self.fired < self.times)


class FaultBox:
    """The faults in force, in the order in which they were added."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, kind: str, /, **spec: Any) -> Fault:
        """Add a fault; ``method``, ``path``, ``device_uuid``, ``after`` and ``times`` say when, the rest how."""
        fault = _read({"kind": kind, **spec})
        self.faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        self.faults.clear()

    def pick(self, method: str, path: str, device_uuid: str | None) -> Fault | None:
        """The fault for this call. Each fault counts its own calls; where several are armed the oldest fires."""
        chosen = None
        for fault in self.faults:
            if fault.concerns(method, path, device_uuid):
                fault.seen += 1
                if chosen is None and fault.armed:
                    chosen = fault
        if chosen is not None:
            chosen.fired += 1
        return chosen


def _read(spec: Mapping[str, Any]) -> Fault:
    kind = str(spec["kind"])
    if kind not in KINDS:
        raise FaultError(f"unknown fault {kind!r}; accepted: {', '.join(KINDS)}")
    args = {name: value for name, value in spec.items() if name not in _SELECTORS}
    for name, value in args.items():
        if name not in KINDS[kind]:
            known = ", ".join(KINDS[kind]) or "none"
            raise FaultError(f"fault {kind} has no argument {name!r}; accepted: {known}")
        _check_argument(kind, name, value)
    for name in ("method", "path", "device_uuid"):
        if not isinstance(spec.get(name), (str, type(None))):
            raise FaultError(f"{name} of a fault must be a string")
    after, times = spec.get("after", 0), spec.get("times", 1)
    if not _is_count(after) or not (times is None or (_is_count(times) and times > 0)):
        raise FaultError("after must be an integer from 0; times must be an integer from 1, or null for ever")
    method = spec.get("method")
    return Fault(
        kind,
        method.upper() if method else None,
        spec.get("path"),
        spec.get("device_uuid"),
        after,
        times,
        {**KINDS[kind], **args},
    )


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _check_argument(kind: str, name: str, value: object) -> None:
    silent = kind == "late" and value is None
    if name == "status" and not silent and not (_is_count(value) and 500 <= int(str(value)) <= 599):
        raise FaultError("status of a fault must be 500 to 599")
    if name == "seconds" and not (isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0):
        raise FaultError("seconds of a fault must be a number of at least 0")
    if name == "processed" and not isinstance(value, bool):
        raise FaultError("processed of a fault must be true or false")
    if name == "retry_after" and not isinstance(value, (int, str, type(None))):
        raise FaultError("retry_after of a fault must be a number of seconds or an HTTP date")
