# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Sends one call until its fate is settled: what may go again, when, and for how long in all.

The decision is C(pause_before_repeat), a pure function; the rest is bookkeeping around it. Waiting costs no thread,
so a thousand devices can wait out their minute together.
"""

from __future__ import annotations

import asyncio
import random
import typing as t
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone

from .._errors import (
    Banned,
    ConnectError,
    FateUnknown,
    NoTimeLeft,
    NotSent,
    RateLimited,
    Unauthorized,
)
from .http import Call, Reply, Transport
from .journal import Slot
from .lease import RunEnded
from .pace import Pace
from .replies import read_json
from .retry import FULL_MINUTE, pause_before_repeat, read_retry_after
from .waits import Waits

BAN_SUSPECTED = 5  # 429s in a row for anything: from here on one call at a time, a minute apart
BAN_PROBES = 3
OUTAGE = 3  # lost calls in a row, beyond the budget, that end the task
NO_REPLY = "no_reply"
# Codes of an end that another attempt may overcome. A device may have answered for the account.
REOPENABLE = ("interrupted", RunEnded.code, NotSent.code, Unauthorized.code)
PACED = "Account rate limit reached (account_calls_per_minute)."
PACED_DEVICE = "Per-device rate limit reached (device_calls_per_minute)."


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


@asynccontextmanager
async def _lent(turn: asyncio.Semaphore | None) -> t.AsyncIterator[None]:
    if turn is not None:
        turn.release()
    try:
        yield
    finally:
        if turn is not None:
            await turn.acquire()


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

    def reopen(self) -> None:
        """After an end that was not final: an outage may be over, and an interrupted task has to hold its devices."""
        if self._end is not None and self._end.code in REOPENABLE:
            self._end = None
            self._lost_in_a_row = 0

    @contextmanager
    def single_attempt(self, give_up_at: float) -> t.Iterator[None]:
        """For a caller that reads again anyway: no repetition, no budget, and no waiting beyond C(give_up_at)."""
        self._give_up_at = give_up_at
        if self._end is not None and not self._end.fatal:
            self._end = None  # an outage may be over
        try:
            yield
        finally:
            self._give_up_at = None

    async def send(
        self, call: Call, read: t.Callable[[Reply], Payload], turn: asyncio.Semaphore | None = None
    ) -> Payload:
        """The payload, or the failure that ends it; FateUnknown if any attempt at a write may have been acted on.

        C(turn): held by the caller. Other calls may have it while this one waits for something of its own.
        """
        failures = 0
        doubt: FateUnknown | None = None
        while True:
            try:
                return await self._pass(call, read, failures > 0, turn)
            except ConnectError as failure:
                failures += 1
                if isinstance(failure, FateUnknown):
                    if call.writes:
                        doubt = failure
                    else:
                        failure.code = NO_REPLY  # nothing was sent that could have an outcome
                if failure.fatal:
                    self.end(failure)
                    if isinstance(failure, RunEnded):
                        self.waits.interrupt(failure)  # what waits for minutes would only end in the same way
                pause = pause_before_repeat(failure, call, failures, self._jitter())
                if pause is None or failure is self._end or self._give_up_at is not None:
                    raise (doubt or failure) from None
                try:
                    # A service that cannot be reached is the same for every call.
                    async with _lent(None if isinstance(failure, NotSent) else turn):
                        await self.waits.charge(pause, failure)
                except ConnectError as ended:  # the budget, or a signal
                    raise (doubt or ended) from None

    async def _pass(
        self, call: Call, read: t.Callable[[Reply], Payload], again: bool, turn: asyncio.Semaphore | None
    ) -> Payload:
        """Wait for a turn and take it. No call waits for a rate limit while holding a place among those in flight."""
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
                    return await self._exchange(call, read, slot, again, probe=suspected)
            async with _lent(turn):
                await self._wait(wait, None if call.device_token is None else RateLimited(PACED_DEVICE))

    async def _wait(self, seconds: float, because: ConnectError | None) -> None:
        """On the budget if there is a failure behind it; never beyond the time of a caller that reads again anyway."""
        if self._give_up_at is not None:
            left = self._give_up_at - self.waits.clock()
            await self.waits.pause(max(0.0, min(seconds, left)), PACED)
            if seconds > left:
                raise NoTimeLeft("The rate limit left no time to read again.")
        elif because is None:
            await self.waits.pause(seconds, PACED)
        else:
            await self.waits.charge(seconds, because)

    async def _exchange(
        self, call: Call, read: t.Callable[[Reply], Payload], slot: Slot, again: bool, probe: bool
    ) -> Payload:
        started = self.waits.clock()
        arrived = attempted = True
        try:
            reply = await self._transport.exchange(call)
        except ConnectError as failure:
            arrived = isinstance(failure, FateUnknown)
            attempted = arrived or isinstance(failure, NotSent)  # otherwise C(before_send) kept it back
            if attempted:
                self._lost(started)
            raise
        finally:
            self._pace.over(slot, self.waits.clock(), arrived)
            if attempted:
                self.tally.count(call, again)
        self._lost_in_a_row = 0
        retry_after = read_retry_after(reply.retry_after, reply.date, datetime.now(timezone.utc))
        if reply.status == 429:
            raise self._limited(call, reply, retry_after, probe)
        self._limited_in_a_row = self._probes_refused = 0
        try:
            return read(reply)
        except ConnectError as failure:
            failure.retry_after = retry_after
            raise

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

    def _limited(self, call: Call, reply: Reply, retry_after: float | None, probe: bool) -> ConnectError:
        self._probes_refused += probe
        self._limited_in_a_row += 1
        if call.device_token is None:
            self._pace.slow_down(self.waits.clock())
        banned: Banned | None = None
        if self._probes_refused >= BAN_PROBES:
            banned = Banned(
                "The service answers 429 to every call, also to single ones a minute apart: the account or this "
                "address is banned. Nothing more was sent. Find out what else calls the API with this account, "
                "wait, and run the task again.",
                http_status=429,
            )
        what = "%s %s: " % (call.method, call.path)
        if call.writes and not isinstance(read_json(reply.text), dict):
            if banned:
                self.end(banned)
            return FateUnknown(
                what + "answered 429, but not by JFrog Connect; whether it was acted on is unknown.",
                http_status=429,
                retry_after=retry_after,
            )
        return banned or RateLimited(
            what + "the service answered 429 (rate limit).", http_status=429, retry_after=retry_after
        )
