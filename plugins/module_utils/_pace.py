# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""Rate limits that are never exceeded (connect-api.md 2.0 and U6: 3 calls a minute per device, or a ban).

The history of calls lives in a small ledger that all tasks of a user on this machine share: a playbook that
holds, releases and holds again within a minute spends one budget per device, not three. A call counts from the
moment it is allowed until a minute after its reply arrived, because the service's clock may start anywhere between.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import tempfile
import typing as t
from pathlib import Path

WINDOW = 60.0
MARGIN = 1.0  # the two clocks agree on the length of a minute, but not to the millisecond


class Ledger:
    """When each recent call stops counting, by whom it was made to count.

    The clock must be one that all processes of the machine share and that never steps: C(time.monotonic).
    """

    def __init__(self, path: str = ":memory:") -> None:
        self._db = sqlite3.connect(path, timeout=10, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")  # a lost minute of history after a power cut is no loss
        self._db.execute("CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY, who TEXT, frees_at REAL)")
        self._db.execute("CREATE INDEX IF NOT EXISTS by_who ON calls (who, frees_at)")
        self._db.execute("CREATE INDEX IF NOT EXISTS by_time ON calls (frees_at)")

    def reserve(self, who: str, limit: int, now: float, longest: float) -> tuple[int, float]:
        """(id of the slot, 0) when a call may go now, else (0, seconds until one may).

        C(longest) is how long the call may take at most: what counts if this process dies before it says done.
        """
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.execute("DELETE FROM calls WHERE frees_at <= ?", (now,))
            taken = self._db.execute("SELECT frees_at FROM calls WHERE who = ? ORDER BY frees_at", (who,)).fetchall()
            if len(taken) >= limit:
                return 0, taken[len(taken) - limit][0] - now
            frees_at = now + longest + WINDOW + MARGIN
            slot = self._db.execute("INSERT INTO calls (who, frees_at) VALUES (?, ?)", (who, frees_at)).lastrowid
            return t.cast(int, slot), 0.0
        finally:
            self._db.execute("COMMIT")

    def done(self, slot: int, now: float, arrived: bool) -> None:
        """The call is over; one that certainly never reached the service does not count."""
        frees_at = now + WINDOW + MARGIN if arrived else now
        self._db.execute("UPDATE calls SET frees_at = ? WHERE id = ?", (frees_at, slot))

    def close(self) -> None:
        self._db.close()


def shared_ledger_path() -> str:
    """A file that only this user can read, on storage that a reboot clears where there is such. Raises OSError."""
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    folder = base / ("edgeops-jfrog-connect-%d" % os.getuid())
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise OSError("%s is not a private folder of this user" % folder)
    return str(folder / "calls.sqlite")


def open_ledger() -> tuple[Ledger, str | None]:
    """The shared ledger, or one for this task alone and the reason."""
    try:
        return Ledger(shared_ledger_path()), None
    except (OSError, sqlite3.Error) as err:
        return Ledger(), str(err)


def _boot_id() -> str:
    # A monotonic clock starts again at boot: history from before then must not look like the future.
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        return ""


class Pace:
    """Who may call when. C(device_limit) and C(account_limit) are calls a minute; 0 switches that limit off."""

    def __init__(
        self, ledger: Ledger, service: str, account: str, device_limit: int, account_limit: int, longest_call: float
    ) -> None:
        self._ledger = ledger
        self._salt = _boot_id() + service
        self._account = account
        self._device_limit = device_limit
        self._account_limit = account_limit
        self._longest_call = longest_call

    def reserve(self, device_token: str | None, now: float) -> tuple[int, float]:
        """As Ledger.reserve; calls that name no device share the account's limit."""
        limit = self._account_limit if device_token is None else self._device_limit
        if limit == 0:
            return 0, 0.0
        return self._ledger.reserve(self._who(device_token), limit, now, self._longest_call)

    def done(self, slot: int, now: float, arrived: bool) -> None:
        if slot:
            self._ledger.done(slot, now, arrived)

    def slow_down(self) -> None:
        """A 429 to a call that names no device: the undocumented account limit is lower than assumed."""
        self._account_limit = max(1, self._account_limit // 2) if self._account_limit else 0

    def _who(self, device_token: str | None) -> str:
        name = "account:" + self._account if device_token is None else "device:" + device_token
        return hashlib.sha256((self._salt + name).encode("utf-8")).hexdigest()[:32]
