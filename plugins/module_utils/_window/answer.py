# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What an answer about windows says, as a result and as a sentence."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from .._reading.durations import in_words
from .intervals import Interval
from .override import Override
from .zones import changes, data_version, iso, zone_name


@dataclass(frozen=True)
class Status:
    """Times are in UTC. None stands for none as far as was searched, which the notes then say."""

    at: datetime
    open: bool
    reason: str  # open, override, too_little_left, blackout, outside
    window: str | None
    zone: tzinfo  # of the window that the answer is about
    opened_at: datetime | None
    closes_at: datetime | None
    next_opening: datetime | None
    next_close: datetime | None
    blackout: str | None
    override: Override | None
    notes: tuple[str, ...]

    @property
    def remaining(self) -> timedelta | None:
        return self.closes_at - self.at if self.closes_at else None

    @property
    def wait(self) -> timedelta | None:
        return self.next_opening - self.at if self.next_opening else None

    def as_result(self) -> dict[str, t.Any]:
        times: dict[str, t.Any] = {}
        for name in ("at", "opened_at", "closes_at", "next_opening", "next_close"):
            moment = getattr(self, name)
            times[name] = iso(moment) if moment else None
            times[name + "_local"] = iso(moment, self.zone) if moment else None
        return {
            **times,
            "open": self.open,
            "reason": self.reason,
            "window": self.window,
            "timezone": zone_name(self.zone),
            "remaining_seconds": _seconds(self.remaining),
            "seconds_until": _seconds(self.wait),
            "blackout": self.blackout,
            "override": self.override.as_result() if self.override else None,
            "notes": list(self.notes),
            "zone_data": data_version(),
        }

    def sentence(self) -> str:
        """For the person who reads it at night."""
        if self.open:
            which = "by override" if self.reason == "override" else self.window
            if self.remaining is None or self.closes_at is None:
                return "Open: %s. No close is in sight." % which
            return "Open: %s, until %s, for another %s." % (which, self._both(self.closes_at), in_words(self.remaining))
        why = {
            "blackout": "blackout %s is in force" % self.blackout,
            "too_little_left": "too little is left of this opening",
            "outside": "outside of all windows",
        }[self.reason]
        if self.wait is None or self.next_opening is None:
            return "Closed: %s. No opening is in sight." % why
        return "Closed: %s. The next opening is at %s, in %s." % (
            why,
            self._both(self.next_opening),
            in_words(self.wait),
        )

    def _both(self, at: datetime) -> str:
        if zone_name(self.zone) == "UTC":
            return iso(at)
        return "%s (%s %s)" % (iso(at), iso(at, self.zone), zone_name(self.zone))


def _seconds(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())


def clock_notes(zone: tzinfo, opening: Interval, what: str) -> Iterator[str]:
    for change in changes(zone, opening.opens, opening.closes):
        yield "The clock of %s is set %s by %s at %s, within %s." % (
            zone_name(zone),
            "forward" if change.by > timedelta(0) else "back",
            in_words(abs(change.by)),
            iso(change.at),
            what,
        )
