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


class Interrupted(ConnectError):
    """A signal ends the task. Nothing more was sent."""

    code = "interrupted"
    fatal = True


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
        self._shielded = False

    def check_before_send(self, deadline: Deadline) -> None:
        """For right before a write is sent, when all waiting is over. Raises RunEnded or TooLate."""
        if not self.interrupted:  # by a signal, which ends the lease too; what was released is still to be held
            self.lease.check()
        deadline.check(self.now())

    def interrupt(self, signal_name: str) -> None:
        """Nothing more is sent and nothing waits any longer, but for what is uninterrupted. Calls in flight end by
        themselves.
        """
        self.interrupted = self.interrupted or signal_name
        if not self._shielded:
            self._stop()

    def _stop(self) -> None:
        reason = Interrupted("Interrupted by %s." % self.interrupted)
        self.sender.end(reason)
        self.waits.interrupt(reason)

    @contextmanager
    def uninterrupted(self) -> t.Iterator[None]:
        """For what must be done all the same after a signal or an outage, with a budget of its own."""
        self._shielded = True
        self.sender.reopen()
        self.waits.renew()
        try:
            yield
        finally:
            self._shielded = False
            if self.interrupted:
                self._stop()

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
    """What C(work) returns. When the run has ended before, C(work) is cancelled, can send nothing more, and RunEnded is
    raised: what waits for minutes ends by itself.
    """
    here = t.cast("asyncio.Task[t.Any]", asyncio.current_task())
    ended: list[RunEnded] = []

    async def watch() -> None:
        await client.lease.lost()
        if client.interrupted:
            return
        ended.append(RunEnded())
        client.sender.end(ended[0])
        here.cancel()

    watcher = asyncio.create_task(watch()) if client.lease.limited else None
    try:
        return await work
    except asyncio.CancelledError:
        if not ended:
            raise
        raise ended[0] from None
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
