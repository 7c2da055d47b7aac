# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was received: counters and the log that tests read."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

from .fleet import Fleet
from .limits import WINDOW

Entry = dict[str, Any]
WRITE_METHODS = ("POST", "PATCH", "PUT", "DELETE")


class Stats:
    """Counters over all calls since the start or the last reset."""

    def __init__(self, log_size: int) -> None:
        self._sequence = 0
        self.in_flight = 0
        self.log: deque[Entry] = deque(maxlen=log_size)
        self.reset()

    def reset(self) -> None:
        """Forget counters and log. Sequence numbers continue, so that two extracts can be distinguished."""
        self.log.clear()
        self._calls: Counter[str] = Counter()
        self._per_device: Counter[str] = Counter()
        self._writes: Counter[str] = Counter()
        self._recent: dict[str, list[float]] = {}
        self._busiest = 0
        self._reads = self._attempts = 0
        self.max_in_flight = self.in_flight

    def received(
        self, method: str, path: str, general: str, device_uuid: str | None, body: Any, now: float, counts: bool
    ) -> Entry:
        """Count a call under its ``general`` path and open its log entry. ``body`` must be free of tokens already."""
        self._sequence += 1
        self._calls[f"{method} {general}"] += 1
        self._reads += method == "GET"
        self._attempts += method in WRITE_METHODS
        if counts and device_uuid is not None:
            self._per_device[device_uuid] += 1
            recent = [at for at in self._recent.get(device_uuid, ()) if at > now - WINDOW]
            recent.append(now)
            self._recent[device_uuid] = recent
            self._busiest = max(self._busiest, len(recent))
        entry: Entry = {
            "seq": self._sequence,
            "at": round(now, 6),
            "method": method,
            "path": path,
            "device_uuid": device_uuid,
            "status": None,
            "fault": None,
            "body": body,
        }
        self.log.append(entry)
        return entry

    def wrote(self, path: str) -> None:
        """Count a write that was processed, or answered as if it had been."""
        self._writes[path] += 1

    def enter(self) -> None:
        """A request is in progress."""
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def leave(self) -> None:
        """A request has ended."""
        self.in_flight -= 1

    def as_dict(self, fleet: Fleet) -> dict[str, Any]:
        """All counters, and the updates that a device has twice."""
        return {
            "calls": dict(self._calls),
            "reads": self._reads,
            "writes": sum(self._writes.values()),
            "write_attempts": self._attempts,
            "writes_by_path": dict(self._writes),
            "max_device_calls_per_minute": self._busiest,
            "calls_per_device": dict(self._per_device),
            "duplicates": duplicates(fleet),
            "max_in_flight": self.max_in_flight,
        }


def duplicates(fleet: Fleet) -> list[dict[str, Any]]:
    """Devices that have more than one update with the same comment: a deployment that happened twice."""
    found = []
    for device in fleet:
        if len(device.updates) < 2:
            continue
        comments = Counter(update.deployment.comment for update in device.updates if update.deployment.comment)
        for comment, count in comments.items():
            if count > 1:
                found.append({"device_uuid": device.uuid, "comment": comment, "count": count})
    return found
