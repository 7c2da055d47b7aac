# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The time that a task spends waiting, and the budget that bounds it. Clock and sleep are arguments."""

from __future__ import annotations

import asyncio
import time
import typing as t

from .._errors import BudgetExhausted, ConnectError
from .progress import LONG, Progress


class Waits:
    """Time spent waiting, as a person at the clock would count it: overlapping waits count once."""

    def __init__(
        self,
        budget: float,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], t.Awaitable[None]] = asyncio.sleep,
        progress: Progress | None = None,
    ) -> None:
        self.budget = budget
        self.clock = clock
        self._sleep = sleep
        self.interrupted: ConnectError | None = None
        self._sleepers: set[asyncio.Future[None]] = set()
        self.progress = progress or Progress()
        self._announced_until = clock()
        self._charged = _Span()
        self._all = _Span()

    @property
    def total(self) -> float:
        return self._all.length

    @property
    def left(self) -> float:
        return self.budget - self._charged.length

    def interrupt(self, reason: ConnectError) -> None:
        """Whatever waits, or is about to, ends with C(reason)."""
        self.interrupted = reason
        for sleeper in self._sleepers:
            sleeper.cancel()

    def renew(self, keep_interrupted: bool = False) -> None:
        """Start the budget anew, for another part of a long task."""
        self._charged = _Span()
        if not keep_interrupted:
            self.interrupted = None

    async def sleep(self, seconds: float) -> None:
        """An interval that is not counted. Raises what interrupted it."""
        if self.interrupted is not None:
            raise self.interrupted
        sleeper = asyncio.ensure_future(self._sleep(seconds))
        self._sleepers.add(sleeper)
        try:
            await sleeper
        except asyncio.CancelledError:
            if self.interrupted is None:
                raise
            raise self.interrupted from None
        finally:
            self._sleepers.discard(sleeper)
            sleeper.cancel()

    async def charge(self, seconds: float, failure: ConnectError) -> None:
        """Wait on the budget, or raise BudgetExhausted when C(seconds) more would overdraw it."""
        now = self.clock()
        if self._charged.with_(now, now + seconds) > self.budget:
            raise BudgetExhausted(failure, seconds, self.budget)
        self._charged.add(now, now + seconds)
        await self.pause(seconds, failure.msg)

    def charge_elapsed(self, since: float) -> None:
        """Time already lost in a time-out is waiting too."""
        self._charged.add(since, self.clock())
        self._all.add(since, self.clock())

    async def pause(self, seconds: float, reason: str) -> None:
        """Wait without touching the budget: our own courtesy towards the service."""
        now = self.clock()
        self._all.add(now, now + seconds)
        # A thousand devices that wait out the same minute are worth one line.
        if seconds >= LONG and now + seconds >= self._announced_until + LONG:
            self._announced_until = now + seconds
            self.progress.say_wait(seconds, reason)
        await self.sleep(seconds)


class _Span:
    """A union of intervals, kept as disjoint ones in order."""

    def __init__(self) -> None:
        self._intervals: list[tuple[float, float]] = []

    @property
    def length(self) -> float:
        return float(sum(end - start for start, end in self._intervals))

    def with_(self, start: float, end: float) -> float:
        """The length that it would have with one interval more."""
        return sum(end - start for start, end in self._merged(start, end))

    def add(self, start: float, end: float) -> None:
        self._intervals = self._merged(start, end)

    def _merged(self, start: float, end: float) -> list[tuple[float, float]]:
        apart = [one for one in self._intervals if one[1] < start or one[0] > end]
        touching = [one for one in self._intervals if not (one[1] < start or one[0] > end)]
        return sorted(
            [*apart, (min([start, *(one[0] for one in touching)]), max([end, *(one[1] for one in touching)]))]
        )
