# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""Puts the parts together for one task, and runs its work to the end."""

from __future__ import annotations

import asyncio
import typing as t
from datetime import datetime

from .._module import Connection
from .api_v1 import ApiV1
from .deadline import Deadline
from .http import (
    HttpSettings,
    HttpTransport,
    Transport,
)
from .journal import Journal
from .lease import Lease, RunEnded
from .pace import Pace
from .progress import Progress, utc_now
from .sender import Sender
from .waits import Waits


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

    def check_departure(self, deadline: Deadline) -> None:
        """For right before a write departs, when all waiting is over. Raises RunEnded or TooLate."""
        self.lease.check()
        deadline.check(self.now())

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
    ended: RunEnded | None = None

    async def watch() -> None:
        nonlocal ended
        await client.lease.lost()
        ended = RunEnded()
        client.sender.end(ended)
        here.cancel()

    watcher = asyncio.create_task(watch()) if client.lease.limited else None
    try:
        return await work
    except asyncio.CancelledError:
        if ended is None:
            raise
        raise ended from None
    finally:
        if watcher is not None:
            watcher.cancel()


def run(
    connection: Connection,
    work: t.Callable[[Client], t.Coroutine[t.Any, t.Any, Outcome]],
    warn: t.Callable[[str], None],
) -> Outcome:
    """C(work) with a client that lives as long as it does."""
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
        return asyncio.run(while_held(client, work(client)))
    finally:
        if journal.alone_because:
            warn(
                "What this machine remembers of its calls cannot be shared with other tasks (%s): what they did in the "
                "last minutes is not counted, so the service may answer 429. CONNECT_STATE_DIR names another folder."
                % journal.alone_because
            )
        transport.close()
        journal.close()
