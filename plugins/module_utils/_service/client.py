# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Puts the parts together for one task, and runs its work to the end."""

from __future__ import annotations

import asyncio
import signal
import typing as t
from contextlib import contextmanager
from datetime import datetime

from .._errors import ConnectError
from .api_v1 import ApiV1
from .connection import Connection
from .deadline import Deadline
from .http import HttpSettings, HttpTransport, Transport
from .journal import Journal
from .lease import Lease, RunEnded
from .pace import Pace
from .progress import Progress, utc_now
from .sender import Sender
from .waits import Waits

PASSED_ON = 10.0  # seconds within which Ansible has passed a signal on, also on a machine that is busy
LOOK = 0.05


class Interrupted(ConnectError):
    """A signal ends the task. Nothing more was sent."""

    code = "interrupted"
    fatal = True

    def __init__(self, signal_name: str) -> None:
        super().__init__("Interrupted by %s." % signal_name)


class Client:
    """What a task works with: the API, the clock it waits by, what this machine remembers, and what it has cost."""

    def __init__(
        self,
        connection: Connection,
        transport: Transport,
        journal: Journal,
        waits: Waits,
        now: t.Callable[[], datetime] = utc_now,
        lease: Lease | None = None,
    ) -> None:
        pace = Pace(
            journal,
            account=connection.user_token,
            device_limit=connection.device_calls_per_minute,
            account_limit=connection.account_calls_per_minute,
            longest_call=connection.timeout,
        )
        self.sender = Sender(transport, pace, waits, connection.concurrency)
        self.api = ApiV1(self.sender, connection.user_token)
        self.journal = journal
        self.waits = waits
        self.now = now  # the wall clock, for windows and labels; everything that lasts is measured by C(waits)
        self.account_calls_per_minute = connection.account_calls_per_minute
        self.lease = lease or Lease()
        self.interrupted = ""  # the signal that did it
        self._run_is_over = False
        self._lost_at: float | None = None
        self._shielded = False

    @property
    def run_ended(self) -> bool:
        """Not by a signal to this task: that ends the lease too, but what was released is still to be held."""
        return not self.interrupted and not self.lease.held

    def check_before_send(self, deadline: Deadline) -> None:
        """For right before a write is sent, when all waiting is over. Raises RunEnded or TooLate."""
        if not self.interrupted:
            self.lease.check()
        deadline.check(self.now())

    def check_goes_on(self) -> None:
        """For between two parts of a long task. Raises Interrupted or RunEnded."""
        if self.interrupted:
            raise Interrupted(self.interrupted)
        self.lease.check()

    def interrupt(self, signal_name: str) -> None:
        """Nothing more is sent and nothing waits any longer, but for what is uninterrupted. Calls in flight end by
        themselves.
        """
        self.interrupted = self.interrupted or signal_name
        self._stop()

    async def end_with_run(self) -> None:
        """As a signal does, when the run that started this task has ended before it."""
        await self.lease.lost()
        if not await self.signal_follows():
            self._run_is_over = True
            self._stop()

    async def signal_follows(self) -> bool:
        """Whether a signal ends the task. One to ansible-playbook may end that before it is passed on to here, so when
        the run has ended it is waited for a moment.
        """
        self._lost_at = self.waits.clock() if self._lost_at is None else self._lost_at
        while self.run_ended and self.waits.clock() - self._lost_at < PASSED_ON:
            await asyncio.sleep(LOOK)
        return bool(self.interrupted)

    def _stop(self) -> None:
        reason: ConnectError
        if self.interrupted and not self._shielded:
            reason = Interrupted(self.interrupted)
        elif self._run_is_over and not self.interrupted:  # then nothing is done all the same
            reason = RunEnded()
        else:
            return
        self.sender.end(reason)
        self.waits.interrupt(reason)

    @contextmanager
    def uninterrupted(self) -> t.Iterator[None]:
        """For what must be done all the same after a signal or an outage, with a budget of its own."""
        self._shielded = True
        self.reopen()
        try:
            yield
        finally:
            self._shielded = False
            self._stop()

    def reopen(self) -> None:
        """An end that a signal has brought, or that may be over, is none for what comes now."""
        if not self.run_ended:
            self.sender.reopen()
        self.waits.renew()

    def renew_budget(self) -> None:
        """Each part of a long task has a budget of its own."""
        self.waits.renew(keep_interrupted=not self._shielded)

    def api_calls(self) -> dict[str, t.Any]:
        """RV(api_calls) of every module."""
        tally = self.sender.tally
        return {
            "reads": tally.reads,
            "writes": tally.writes,
            "retries": tally.retries,
            "waited_seconds": round(self.waits.total, 1),
        }


Outcome = t.TypeVar("Outcome")


async def while_held(client: Client, work: t.Coroutine[t.Any, t.Any, Outcome]) -> Outcome:
    """What C(work) returns. What waits for minutes ends by itself when the run has ended before."""
    watcher = asyncio.create_task(client.end_with_run()) if client.lease.limited else None
    try:
        return await work
    finally:
        if watcher is not None:
            watcher.cancel()


async def _with_signals(client: Client, work: t.Coroutine[t.Any, t.Any, Outcome]) -> Outcome:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, client.interrupt, number.name)
    return await while_held(client, work)


def run(
    connection: Connection,
    work: t.Callable[[Client], t.Coroutine[t.Any, t.Any, Outcome]],
    warn: t.Callable[[str], None],
    on_signal: bool = False,
) -> Outcome:
    """C(work) with a client that lives as long as it does.

    C(on_signal): SIGTERM and SIGINT interrupt it, so that it can end what it began; otherwise they end the process.
    """
    transport = HttpTransport(
        HttpSettings(
            connection.api_url,
            connection.timeout,
            connection.validate_certs,
            connection.ca_path,
            connection.concurrency,
        )
    )
    journal = Journal.shared(connection.api_url)
    try:
        waits = Waits(connection.retry_budget, progress=Progress.shown())
        client = Client(connection, transport, journal, waits, lease=Lease.lent())
        return asyncio.run(_with_signals(client, work(client)) if on_signal else while_held(client, work(client)))
    finally:
        for warning in journal.warnings:
            warn(warning)
        transport.close()
        journal.close()
