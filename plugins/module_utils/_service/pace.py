# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Rate limits that are never exceeded (connect-api.md 2.0 and U6: 3 calls a minute per device, or a ban).

A call counts from the moment it is allowed until a minute after its reply arrived, because the service's minute may
begin anywhere in between. The slots are in the journal, so that a playbook that holds, releases and holds again spends
one budget per device, not three.
"""

from __future__ import annotations

from .journal import NOBODY, Journal, Slot

WINDOW = 60.0
MARGIN = 1.0  # the two clocks agree on the length of a minute, but not to the millisecond
SLOWER_FOR = 300.0  # seconds that a 429 to a call that names no device is remembered
SLOWEST = 8  # the account's rate is divided by this at most


class Pace:
    """Who may call when. C(device_limit) and C(account_limit) are calls a minute; 0 switches that limit off."""

    def __init__(
        self, journal: Journal, account: str, device_limit: int, account_limit: int, longest_call: float
    ) -> None:
        self._journal = journal
        self._account = account
        self._device_limit = device_limit
        self._account_limit = account_limit
        self._longest_call = longest_call  # what counts if this process dies before it says that the call is over
        self._slowed_at: list[float] = []

    def book(self, device_token: str | None, now: float) -> tuple[Slot, float]:
        """A slot for a call that may go now and 0, or the seconds until one may."""
        limit = self._limit(device_token, now)
        if limit == 0:
            return NOBODY, 0.0
        who = "account " + self._account if device_token is None else "device " + device_token
        return self._journal.take_slot(who, limit, now, now + self._longest_call + WINDOW + MARGIN)

    def over(self, slot: Slot, now: float, arrived: bool) -> None:
        """The call is over; one that certainly never reached the service does not count."""
        if slot != NOBODY:
            self._journal.keep_slot_until(slot, now + WINDOW + MARGIN if arrived else now)

    def slow_down(self, now: float) -> None:
        """A 429 to a call that names no device: the undocumented account limit is lower than assumed, for now."""
        self._slowed_at.append(now)

    def _limit(self, device_token: str | None, now: float) -> int:
        if device_token is not None:
            return self._device_limit
        self._slowed_at = [at for at in self._slowed_at if now - at < SLOWER_FOR]
        if not self._account_limit:
            return 0
        return max(1, self._account_limit // min(SLOWEST, 2 ** len(self._slowed_at)))
