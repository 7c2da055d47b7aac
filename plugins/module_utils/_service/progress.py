# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Progress: lines for the person who watches a task at work. A module can print nothing before it ends, so it writes
them to a file that the action plugin reads and shows at once (plugins/plugin_utils/_live.py).
"""

from __future__ import annotations

import os
import stat
import time
import typing as t
from datetime import datetime, timedelta, timezone

VARIABLE = "CONNECT_PROGRESS"
LONG = 10.0  # seconds; shorter waits are not worth a line, nor are counts more often


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


class Progress:
    """Nothing depends on a line being shown: without a reader, or with one that went away, they are dropped."""

    def __init__(
        self,
        path: str | None = None,
        now: t.Callable[[], datetime] = utc_now,
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self.topic = ""  # what the lines are about, in front of each
        self._path = path
        self._now = now  # for labels only
        self._clock = clock
        self._said_at = clock()
        self._waiting_until = now()

    @classmethod
    def shown(cls) -> Progress:
        """To the reader that E(CONNECT_PROGRESS) names, if any."""
        return cls(os.environ.get(VARIABLE))

    def say(self, text: str) -> None:
        """One line, without characters that a terminal obeys: names of devices are anybody's text."""
        if not self._path:
            return
        self._said_at = self._clock()
        text = "%s: %s" % (self.topic, text) if self.topic else text
        line = "%s %s\n" % (_hour(self._now()), " ".join("".join(c if c.isprintable() else " " for c in text).split()))
        try:
            # Never created here: what is not there any more, or not ours, has no reader.
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
            with os.fdopen(file, "a", encoding="utf-8") as stream:
                about = os.fstat(file)
                if stat.S_ISREG(about.st_mode) and about.st_uid == os.getuid():
                    stream.write(line)
        except (OSError, UnicodeEncodeError):
            self._path = None

    def say_counts(self, counts: t.Callable[[], str]) -> None:
        """What C(counts) returns, at most every C(LONG) seconds; it is asked only then."""
        if self._path and self._clock() - self._said_at >= LONG:
            waiting = self._waiting_until > self._now()
            self.say(counts() + ("; waiting until %s" % _hour(self._waiting_until) if waiting else ""))

    def say_wait(self, seconds: float, reason: str) -> None:
        self._waiting_until = self._now() + timedelta(seconds=seconds)
        self.say("waiting %.0f s, until %s: %s" % (seconds, _hour(self._waiting_until), reason))


def _hour(at: datetime) -> str:
    return at.strftime("%H:%M:%SZ")
