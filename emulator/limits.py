# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rate limit and the ban (connect-api.md 2.0, U6), in real seconds, because clients pace in real seconds."""

from __future__ import annotations

import math
from email.utils import formatdate

from .clock import Clock
from .switches import Switches
from .wire import Reply

WINDOW = 60.0
_ACCOUNT = ""


class Limits:
    """Counts the calls of each device, and of the account for calls that name no device."""

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

    def refuse_banned(self, now: float) -> Reply | None:
        """A 429 while the ban lasts. Calls during the ban do not make it longer."""
        if not self.banned(now):
            return None
        self.refused += 1
        return self._too_many(now, self._banned_until)

    def admit(self, token: str | None, now: float) -> Reply | None:
        """Count a call that names the device with ``token`` (or none), or refuse it. A refused call is not counted."""
        limit = self._switches.account_limit if token is None else self._switches.rate_limit
        if not limit:
            return None
        key = _ACCOUNT if token is None else token
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
            return self._too_many(now, self._banned_until)
        return self._too_many(now, self._free_at(calls[-limit]))

    def _in_window(self, at: float, now: float) -> bool:
        if self._switches.rate_window == "fixed":
            return at // WINDOW == now // WINDOW
        return at > now - WINDOW

    def _free_at(self, oldest: float) -> float:
        if self._switches.rate_window == "fixed":
            return (oldest // WINDOW + 1) * WINDOW
        return oldest + WINDOW

    def _too_many(self, now: float, until: float) -> Reply:
        headers = {}
        wait = max(1, math.ceil(until - now))
        if self._switches.retry_after == "seconds":
            headers["Retry-After"] = str(wait)
        elif self._switches.retry_after == "date":
            headers["Retry-After"] = formatdate(math.ceil(self._clock.wall_epoch + until), usegmt=True)
        return Reply(429, {}, headers)
