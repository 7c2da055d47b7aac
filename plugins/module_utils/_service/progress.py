# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""Lines for the person who watches a task at work. A module can print nothing before it ends, so it writes them to a
file that the action plugin of the same name reads and shows at once (plugins/plugin_utils/live.py).
"""

from __future__ import annotations

import os
import stat
import typing as t
from datetime import datetime, timedelta, timezone

FILE_VARIABLE = "CONNECT_NOTICES"
LONG = 10.0  # seconds; shorter waits are nobody's business


def utc_now() -> datetime:
    return datetime.now(timezone.utc)


class Notices:
    """Nothing depends on a line being shown: without a reader, or with one that went away, they are dropped."""

    def __init__(self, path: str | None = None, now: t.Callable[[], datetime] = utc_now) -> None:
        self._path = path
        self._now = now  # for labels only

    @classmethod
    def shown(cls) -> Notices:
        """To the reader that E(CONNECT_NOTICES) names, if any."""
        return cls(os.environ.get(FILE_VARIABLE))

    def say(self, text: str) -> None:
        if not self._path:
            return
        line = "%s %s\n" % (self._now().strftime("%H:%M:%SZ"), " ".join(text.split()))
        try:
            # Never created here: what is not there any more, or not ours, has no reader.
            file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
            with os.fdopen(file, "a", encoding="utf-8") as stream:
                about = os.fstat(file)
                if stat.S_ISREG(about.st_mode) and about.st_uid == os.getuid():
                    stream.write(line)
        except OSError:
            self._path = None

    def say_wait(self, seconds: float, reason: str) -> None:
        until = self._now() + timedelta(seconds=seconds)
        self.say("waiting %.0f s, until %s: %s" % (seconds, until.strftime("%H:%M:%SZ"), reason))
