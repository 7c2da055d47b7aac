# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""Puts the parts together for one task, and runs its work to the end."""

from __future__ import annotations

import asyncio
import typing as t

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._api_v1 import ApiV1
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._options import Connection
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._pace import Pace, open_ledger
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._retry import Sender, Waits
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._transport import HttpSettings, HttpTransport


class Client:
    """What a task works with: the API, the clock it waits by, what it has cost, and what it has to say about it."""

    def __init__(self, api: ApiV1, sender: Sender) -> None:
        self.api = api
        self.waits = sender.waits
        self._sender = sender

    def api_calls(self) -> dict[str, t.Any]:
        """RV(api_calls) of every module."""
        tally = self._sender.tally
        return {
            "reads": tally.reads,
            "writes": tally.writes,
            "retries": tally.retries,
            "waited_seconds": round(self.waits.total, 1),
        }


Outcome = t.TypeVar("Outcome")


def run(
    connection: Connection, work: t.Callable[[Client], t.Awaitable[Outcome]], warn: t.Callable[[str], None]
) -> Outcome:
    """C(work) with a client that lives as long as it does."""

    async def session() -> Outcome:
        transport = HttpTransport(
            HttpSettings(
                connection.api_url,
                connection.timeout,
                connection.validate_certs,
                connection.ca_path,
                connection.concurrency,
            )
        )
        ledger, alone_because = open_ledger()
        if alone_because and connection.device_calls_per_minute:
            warn(
                "The history of calls cannot be shared with other tasks (%s): calls that they made within the last "
                "minute are not counted, so the service may answer 429." % alone_because
            )
        try:
            pace = Pace(
                ledger,
                service=connection.api_url,
                account=connection.user_token,
                device_limit=connection.device_calls_per_minute,
                account_limit=connection.account_calls_per_minute,
                longest_call=connection.timeout,
            )
            sender = Sender(transport, pace, Waits(connection.retry_budget))
            return await work(Client(ApiV1(sender, connection.user_token), sender))
        finally:
            transport.close()
            ledger.close()

    return asyncio.run(session())
