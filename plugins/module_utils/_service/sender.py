# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""Sends one call until its fate is settled: what may go again, when, and for how long in all.

The decision is C(pause_before_repeat), a pure function; the rest is bookkeeping around it. Waiting costs no thread,
so a thousand devices can wait out their minute together.
"""

from __future__ import annotations

import asyncio
import random
import time
import typing as t
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from .._errors import (
    Banned,
    BudgetExhausted,
    ConnectError,
    FateUnknown,
    NoTimeLeft,
    NotSent,
    RateLimited,
    UnreadableReply,
)
from .http import Call, Reply, Transport
from .journal import Slot
from .pace import Pace
from .progress import LONG, Notices

FAULT_REPEATS = 5  # a lost reply, a refused connection, a 5xx
LIMIT_REPEATS = 3  # 429s in a row for one call: more of them risks the ban
BAN_SUSPECTED = 5  # 429s in a row for anything: from here on one call at a time, a minute apart
BAN_PROBES = 3
OUTAGE = 3  # lost calls in a row, beyond the budget, that end the task
NO_REPLY = "no_reply"
PACED = "the calls for this minute are used up (account_calls_per_minute)."
FULL_MINUTE = 61.0
LONGEST_RETRY_AFTER = 600.0


def pause_before_repeat(failure: ConnectError, call: Call, failures: int, jitter: float) -> float | None:
    """Seconds to wait before C(call) may go again after its C(failures)-th failure in a row, None when it may not.

    By fate, not by status: what certainly was not acted on may always go again; what may have been acted on only
    when repeating it leaves the same state. C(jitter) is in [0, 1).
    """
    if failure.fatal or not failure.transient or isinstance(failure, BudgetExhausted):
        return None
    if isinstance(failure, RateLimited):
        if failures > LIMIT_REPEATS:
            return None
        return (failure.retry_after if failure.retry_after is not None else FULL_MINUTE) + 5.0 * jitter
    if isinstance(failure, (FateUnknown, UnreadableReply)) and not call.repeatable:
        return None
    if failures > FAULT_REPEATS:
        return None
    return min(30.0, 2.0 ** (failures - 1)) * (1.0 + jitter)


def read_retry_after(header: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header (seconds or HTTP date), clamped; None when absent or unreadable."""
    if not header:
        return None
    if header.strip().isdecimal():
        seconds = float(header.strip())
    else:
        try:
            when = parsedate_to_datetime(header)
        except (TypeError, ValueError):
            return None
        seconds = (when.replace(tzinfo=when.tzinfo or timezone.utc) - now).total_seconds()
    return min(max(seconds, 1.0), LONGEST_RETRY_AFTER)


@dataclass
class Tally:
    """What a task has cost so far (RV(api_calls))."""

    reads: int = 0
    writes: int = 0
    retries: int = 0

    def count(self, call: Call, again: bool) -> None:
        self.writes += call.writes
        self.reads += not call.writes
        self.retries += again


class Waits:
    """Time spent waiting, as a person at the clock would count it: overlapping waits count once."""

    def __init__(
        self,
        budget: float,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], t.Awaitable[None]] = asyncio.sleep,
        notices: Notices | None = None,
    ) -> None:
        self.budget = budget
        self.clock = clock
        self.sleep = sleep  # for intervals that nobody is made to wait: they are not counted
        self.notices = notices or Notices()
        self._announced_until = clock()
        self._charged = _Span()
        self._all = _Span()

    @property
    def total(self) -> float:
        return self._all.length

    @property
    def left(self) -> float:
        return self.budget - self._charged.length

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
            self.notices.say_wait(seconds, reason)
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


Payload = t.TypeVar("Payload")


class Sender:
    """Calls in, meaning out: the one gate that every call passes.

    C(read), given with each call, turns a reply into a payload or raises a ConnectError.
    """

    def __init__(
        self,
        transport: Transport,
        pace: Pace,
        waits: Waits,
        concurrency: int,
        jitter: t.Callable[[], float] = random.random,
    ) -> None:
        self.tally = Tally()
        self.waits = waits
        self._transport = transport
        self._pace = pace
        self._jitter = jitter
        self._in_flight = asyncio.Semaphore(concurrency)
        self._alone = asyncio.Semaphore(1)
        self._limited_in_a_row = 0
        self._probes_refused = 0
        self._lost_in_a_row = 0
        self._end: ConnectError | None = None
        self._give_up_at: float | None = None

    def end(self, reason: ConnectError) -> None:
        """Nothing more is sent by this task; every further call fails with C(reason)."""
        self._end = self._end or reason

    @contextmanager
    def one_attempt_each(self, give_up_at: float) -> t.Iterator[None]:
        """For somebody who looks again anyway: no repetition, no budget, and no waiting beyond C(give_up_at)."""
        self._give_up_at = give_up_at
        if self._end is not None and not self._end.fatal:
            self._end = None  # an outage may be over
        try:
            yield
        finally:
            self._give_up_at = None

    async def send(
        self, call: Call, read: t.Callable[[Reply], Payload], departs: t.Callable[[], None] | None = None
    ) -> Payload:
        """The payload, or the failure that ends it; FateUnknown if any attempt at a write may have been acted on.

        C(departs) is called right before each attempt, when all waiting is over. What it raises keeps the call back.
        """
        failures = 0
        doubt: FateUnknown | None = None
        while True:
            try:
                return await self._pass(call, read, departs, again=failures > 0)
            except ConnectError as failure:
                failures += 1
                if isinstance(failure, FateUnknown):
                    if call.writes:
                        doubt = failure
                    else:
                        failure.code = NO_REPLY  # nothing was sent that could have an outcome
                if failure.fatal:
                    self.end(failure)
                pause = pause_before_repeat(failure, call, failures, self._jitter())
                if pause is None or failure is self._end or self._give_up_at is not None:
                    raise (doubt or failure) from None
                try:
                    await self.waits.charge(pause, failure)
                except BudgetExhausted as exhausted:
                    raise (doubt or exhausted) from None

    async def _pass(
        self, call: Call, read: t.Callable[[Reply], Payload], departs: t.Callable[[], None] | None, again: bool
    ) -> Payload:
        """Wait for a turn and take it. Nobody waits for a rate limit while holding a place among those in flight."""
        while True:
            suspected = self._ban_suspected
            async with self._alone if suspected else self._in_flight:
                if self._end is not None:
                    raise self._end
                if suspected is not self._ban_suspected:
                    continue  # it changed while this call was queueing
                if suspected:
                    await self._wait(FULL_MINUTE, RateLimited("The service answers 429 to every call."))
                slot, wait = self._pace.book(call.device_token, self.waits.clock())
                if not wait:
                    if departs is not None:
                        try:
                            departs()
                        except BaseException:
                            self._pace.over(slot, self.waits.clock(), arrived=False)
                            raise
                    return await self._exchange(call, read, slot, again, probe=suspected)
            if call.device_token is None:
                await self._wait(wait, None)
            else:
                busy = RateLimited("Devices have had their calls for this minute (device_calls_per_minute).")
                await self._wait(wait, busy)

    async def _wait(self, seconds: float, because: ConnectError | None) -> None:
        """On the budget if there is a failure behind it; never beyond the time of somebody who looks again anyway."""
        if self._give_up_at is not None:
            left = self._give_up_at - self.waits.clock()
            await self.waits.pause(max(0.0, min(seconds, left)), PACED)
            if seconds > left:
                raise NoTimeLeft("The rate limit left no time for another look.")
        elif because is None:
            await self.waits.pause(seconds, PACED)
        else:
            await self.waits.charge(seconds, because)

    async def _exchange(
        self, call: Call, read: t.Callable[[Reply], Payload], slot: Slot, again: bool, probe: bool
    ) -> Payload:
        self.tally.count(call, again)
        started = self.waits.clock()
        arrived = True
        try:
            reply = await self._transport.exchange(call)
        except (NotSent, FateUnknown) as failure:
            arrived = not isinstance(failure, NotSent)
            self._lost(started)
            raise
        finally:
            self._pace.over(slot, self.waits.clock(), arrived)
        self._lost_in_a_row = 0
        if reply.status == 429:
            raise self._limited(call, reply, probe)
        self._limited_in_a_row = self._probes_refused = 0
        return read(reply)

    def _lost(self, started: float) -> None:
        """An outage that outlasts the budget ends the task: asking for every other device only multiplies time-outs."""
        if self._give_up_at is not None:
            return
        self.waits.charge_elapsed(started)
        self._lost_in_a_row += 1
        if self.waits.left <= 0 and self._lost_in_a_row >= OUTAGE:
            self.end(NotSent("The service could not be reached for longer than retry_budget allows."))

    @property
    def _ban_suspected(self) -> bool:
        return self._limited_in_a_row >= BAN_SUSPECTED

    def _limited(self, call: Call, reply: Reply, probe: bool) -> RateLimited:
        self._probes_refused += probe
        self._limited_in_a_row += 1
        if call.device_token is None:
            self._pace.slow_down(self.waits.clock())
        if self._probes_refused >= BAN_PROBES:
            return Banned(
                "The service answers 429 to every call, also to single ones a minute apart: the account or this "
                "address is banned. Nothing more was sent. Find out what else calls the API with this account, "
                "wait, and run the task again.",
                http_status=429,
            )
        return RateLimited(
            "%s %s: the service answered 429 (rate limit)." % (call.method, call.path),
            http_status=429,
            retry_after=read_retry_after(reply.retry_after, datetime.now(timezone.utc)),
        )
