# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Polling to a verdict, with three different endings: settled, still moving, or not to be seen."""

from __future__ import annotations

import typing as t

from .._errors import ConnectError, NoTimeLeft
from .waits import Waits


async def wait_until(
    read: t.Callable[[], t.Awaitable[bool]], deadline: float, interval: float, waits: Waits
) -> ConnectError | None:
    """None once C(read) is true; otherwise why not: C(still_running), or C(unobservable) when the last read failed.

    The first read comes after half an interval: the devices have just been read. A failed read is no
    verdict: it is repeated until C(deadline), on a clock that never steps.
    """
    seen = False
    await waits.sleep(max(0.0, min(interval / 2, deadline - waits.clock())))
    while True:
        blind: ConnectError | None = None
        try:
            if await read():
                return None
            seen = True
        except NoTimeLeft as failure:
            blind = None if seen else failure
        except ConnectError as failure:
            if failure.fatal or not failure.transient:
                return ConnectError(failure.msg, code="unobservable", http_status=failure.http_status)
            blind = failure
        left = deadline - waits.clock()
        if left <= 0:
            if blind is not None:
                return ConnectError(blind.msg, code="unobservable", http_status=blind.http_status)
            return ConnectError("Not finished when wait_timeout was over.", code="still_running")
        await waits.sleep(min(interval, left))
