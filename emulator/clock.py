# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two clocks: real seconds, in which clients pace, and emulated seconds, in which devices live."""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime, timedelta, timezone

DEFAULT_EPOCH = datetime(2026, 1, 5, tzinfo=timezone.utc).timestamp()
_MASK = (1 << 64) - 1


def unit(*parts: int) -> float:
    """A number in [0, 1) that depends on ``parts`` alone: chance that does not depend on the order of calls."""
    state = 0
    for part in parts:
        state = (state ^ part) + 0x9E3779B97F4A7C15 & _MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return (state >> 11) / (1 << 53)


class Clock:
    """Maps real seconds since the start to emulated seconds since the start.

    Jumps are remembered with the real instant at which they happened, so that "what was the state five real seconds
    ago" keeps its meaning after a jump.
    """

    def __init__(self, factor: float = 1.0, epoch: float = DEFAULT_EPOCH, wall_epoch: float | None = None) -> None:
        self.factor = factor
        self.epoch = epoch
        #: Unix time of the real instant 0; only an HTTP date in Retry-After needs it.
        self.wall_epoch = epoch if wall_epoch is None else wall_epoch
        self._jumped_at: list[float] = []
        self._jumped_by: list[float] = []

    def emulated(self, now: float) -> float:
        """Emulated seconds since the start at the real instant ``now``."""
        index = bisect_right(self._jumped_at, now)
        return now * self.factor + (self._jumped_by[index - 1] if index else 0.0)

    def jump(self, now: float, seconds: float) -> None:
        """Move the emulated clock forward by ``seconds`` at the real instant ``now``."""
        total = self._jumped_by[-1] if self._jumped_by else 0.0
        self._jumped_at.append(now)
        self._jumped_by.append(total + seconds)

    def iso(self, at: float) -> str:
        """An emulated instant as API v2 writes it, with its zone (connect-api.md 3.1)."""
        return self.stamp(at).replace(" ", "T") + "Z"

    def stamp(self, at: float, offset_minutes: int = 0) -> str:
        """The wire's form of an emulated instant: ``YYYY-MM-DD HH:MM:SS`` without a zone (connect-api.md 2.2)."""
        moment = datetime.fromtimestamp(self.epoch + at, timezone.utc) + timedelta(minutes=offset_minutes)
        return moment.strftime("%Y-%m-%d %H:%M:%S")
