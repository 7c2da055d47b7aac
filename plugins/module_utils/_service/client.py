# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""Puts the parts together for one task, and runs its work to the end."""

from __future__ import annotations

import asyncio
import typing as t
from datetime import datetime

from .._errors import ConnectError
from .._module import Connection
from .api_v1 import ApiV1
from .http import (
    HttpSettings,
    HttpTransport,
    Transport,
)
from .journal import Journal
from .pace import Pace
from .progress import Notices, utc_now
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

    def interrupt(self, signal_name: str) -> None:
        """Nothing more is sent and nothing waits any longer; calls in flight end by themselves."""
        if not isinstance(self.waits.interrupted, Interrupted):
            reason = Interrupted("Interrupted by %s." % signal_name)
            self.sender.end(reason)
            self.waits.interrupt(reason)

    def reopen(self) -> None:
        """For what must be done all the same after an interruption or an outage, with a budget of its own."""
        self.sender.reopen()
        self.waits.renew()

    def renew_budget(self) -> None:
        """Each part of a long task has a budget of its own."""
        self.waits.renew(keep_interrupted=True)

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
        waits = Waits(connection.retry_budget, notices=Notices.shown())
        return asyncio.run(work(Client(connection, transport, journal, waits)))
    finally:
        if journal.alone_because:
            warn(
                "What this machine remembers of its calls cannot be shared with other tasks (%s): what they did in the "
                "last minutes is not counted, so the service may answer 429. CONNECT_STATE_DIR names another folder."
                % journal.alone_because
            )
        transport.close()
        journal.close()
