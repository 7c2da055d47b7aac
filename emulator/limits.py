# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rate limit and the ban (connect-api.md 2.0, U6), in real seconds, because clients pace in real seconds."""

from __future__ import annotations

import math
from email.utils import formatdate

from .clock import Clock
from .switches import Switches

WINDOW = 60.0


class Limits:
    """Counts the calls of each key: a device, an account, a token. A refusal is the instant at which it ends."""

    def __init__(self, switches: Switches, clock: Clock) -> None:
        self._switches = switches
        self._clock = clock
        self._accepted: dict[str, list[float]] = {}
        self._violations = 0
        self._banned_until = -math.inf
        self.refused = 0
        self.ever_banned = False

    def reset_counters(self) -> None:
        """Forget what was counted for tests; windows, violations and a ban in force stay."""
        self.refused = 0
        self.ever_banned = False

    def banned(self, now: float) -> bool:
        """Whether the account is banned at this moment."""
        return now < self._banned_until

    def refuse_banned(self, now: float) -> float | None:
        """Refuse a call while the ban lasts. Calls during the ban do not make it longer."""
        if not self.banned(now):
            return None
        self.refused += 1
        return self._banned_until

    def admit(self, key: str, limit: int, now: float) -> float | None:
        """Count a call of ``key``, or refuse it above ``limit`` (0: none). A refused call is not counted."""
        if not limit:
            return None
        calls = [at for at in self._accepted.get(key, ()) if self._in_window(at, now)]
        if len(calls) < limit:
            calls.append(now)
            self._accepted[key] = calls
            return None
        self.refused += 1
        self._violations += 1
        if self._switches.ban_after and self._violations >= self._switches.ban_after:
            self._violations = 0
            self._banned_until = now + self._switches.ban_seconds
            self.ever_banned = True
            return self._banned_until
        return self._free_at(calls[-limit])

    def _in_window(self, at: float, now: float) -> bool:
        if self._switches.rate_window == "fixed":
            return at // WINDOW == now // WINDOW
        return at > now - WINDOW

    def _free_at(self, oldest: float) -> float:
        if self._switches.rate_window == "fixed":
            return (oldest // WINDOW + 1) * WINDOW
        return oldest + WINDOW

    def retry_after(self, form: str, now: float, until: float) -> dict[str, str]:
        """The header Retry-After of a refusal that ends at ``until``, as ``seconds``, ``date`` or ``none``."""
        if form == "seconds":
            return {"Retry-After": str(max(1, math.ceil(until - now)))}
        if form == "date":
            return {"Retry-After": formatdate(math.ceil(self._clock.wall_epoch + until), usegmt=True)}
        return {}
