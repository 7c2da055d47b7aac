# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Waiting for a window. The wall clock is read again after each short sleep: a machine may be suspended meanwhile, or
its clock be set, in either direction. The deadline is on the clock that never steps.
"""

from __future__ import annotations

import time
import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._reading.durations import in_words
from .._service.progress import utc_now
from .request import Answer

SLICE = 30.0  # seconds
REMIND = 600.0


@dataclass(frozen=True)
class Watch:
    """The machine's clocks."""

    now: t.Callable[[], datetime] = utc_now
    monotonic: t.Callable[[], float] = time.monotonic
    sleep: t.Callable[[float], None] = time.sleep


def wait_for_opening(
    ask: t.Callable[[datetime], Answer],
    timeout: timedelta,
    watch: Watch,
    notice: t.Callable[[str], None],
) -> Answer:
    """The answer as soon as it is open, or when the time is over. At least one look."""
    deadline = watch.monotonic() + timeout.total_seconds()
    announced: tuple[datetime | None, float] | None = None
    while True:
        answer = ask(watch.now())
        at = watch.monotonic()
        left = deadline - at
        if answer.status.open or left <= 0:
            return answer
        coming = answer.status.next_opening
        if announced is None or announced[0] != coming or at - announced[1] >= REMIND:
            announced = (coming, at)
            notice("%s Waiting for at most %s." % (answer.sentence(), in_words(timedelta(seconds=left))))
        wait = answer.status.wait
        watch.sleep(min(SLICE, left, wait.total_seconds() if wait else SLICE))
