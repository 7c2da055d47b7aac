# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""What this machine remembers of its calls: rate slots, and what it has written in the last minutes.

A small file that all tasks of a user on this machine share, because the service forgets more than it should: it does
not say how many calls a device has left, and its lists may be late. Nothing in it is needed to be right, only to be
gentle and quick: a lost file costs a 429 or a second look. It holds hashes and instants, never a token or a name.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat
import tempfile
import typing as t
from collections.abc import Iterable, Mapping
from pathlib import Path

TABLES = (
    "CREATE TABLE IF NOT EXISTS slots (id INTEGER PRIMARY KEY AUTOINCREMENT, who TEXT, frees_at REAL)",
    "CREATE INDEX IF NOT EXISTS slots_by_who ON slots (who, frees_at)",
    "CREATE INDEX IF NOT EXISTS slots_by_time ON slots (frees_at)",
    "CREATE TABLE IF NOT EXISTS notes (what TEXT PRIMARY KEY, value TEXT, written_at REAL)",
)
INSERT_NOTE = "INSERT OR REPLACE INTO notes (what, value, written_at) VALUES (?, ?, ?)"
FORGET_AFTER = 3600.0
SETTLE = 120.0  # seconds for which the service may still show what was before a write
NOBODY = (0, "")
Slot = tuple[int, str]


class Journal:
    """C(scope) keeps apart what does not belong together (another service, another boot of this machine).

    All instants are those of C(time.monotonic), which the processes of a machine share and which never steps.
    """

    def __init__(self, path: str = ":memory:", scope: str = "") -> None:
        self._scope = scope
        self._db = self._open(path)
        self.alone_because: str | None = None

    @classmethod
    def shared(cls, scope: str) -> Journal:
        """The user's own on this machine, or one for this task alone, which then says why."""
        try:
            return cls(_private_path(), _boot_id() + scope)
        except (OSError, sqlite3.Error) as err:
            journal = cls(scope=scope)
            journal.alone_because = str(err)
            return journal

    @staticmethod
    def _open(path: str) -> sqlite3.Connection:
        database = sqlite3.connect(path, timeout=5, isolation_level=None)
        database.execute("PRAGMA journal_mode=PERSIST")  # WAL cannot be switched on by several processes at once
        database.execute("PRAGMA synchronous=OFF")  # a lost minute of history after a power cut is no loss
        for table in TABLES:
            database.execute(table)
        return database

    def take_slot(self, who: str, limit: int, now: float, frees_at: float) -> tuple[Slot, float]:
        """A slot until C(frees_at), or the seconds until one of the C(limit) slots of C(who) is free."""
        key = self._key(who)

        def take(database: sqlite3.Connection) -> tuple[Slot, float]:
            # The second half: left from before a reboot, where the boot cannot be told.
            database.execute("DELETE FROM slots WHERE frees_at <= ? OR frees_at > ?", (now, frees_at + FORGET_AFTER))
            taken = database.execute("SELECT frees_at FROM slots WHERE who = ? ORDER BY frees_at", (key,)).fetchall()
            if len(taken) >= limit:
                return NOBODY, taken[len(taken) - limit][0] - now
            added = database.execute("INSERT INTO slots (who, frees_at) VALUES (?, ?)", (key, frees_at))
            return (t.cast(int, added.lastrowid), key), 0.0

        return self._change(take)

    def keep_slot_until(self, slot: Slot, frees_at: float) -> None:
        number, who = slot

        def keep(database: sqlite3.Connection) -> None:
            kept = database.execute("UPDATE slots SET frees_at = ? WHERE id = ? AND who = ?", (frees_at, number, who))
            if not kept.rowcount:  # the call took longer than its slot was booked for
                database.execute("INSERT INTO slots (who, frees_at) VALUES (?, ?)", (who, frees_at))

        self._change(keep)

    def note(self, values: Mapping[str, str], now: float) -> None:
        """Remember what was written to whom."""
        rows = [(self._key(what), value, now) for what, value in values.items()]

        def write(database: sqlite3.Connection) -> None:
            database.execute("DELETE FROM notes WHERE written_at <= ?", (now - FORGET_AFTER,))
            database.executemany(INSERT_NOTE, rows)

        self._change(write)

    def claim(self, values: Mapping[str, str], since: float, now: float) -> bool:
        """Note what is about to be written to whom, unless somebody noted one of them after C(since)."""
        rows = [(self._key(what), value, now) for what, value in values.items()]

        def take(database: sqlite3.Connection) -> bool:
            find = "SELECT 1 FROM notes WHERE what = ? AND written_at > ? AND written_at <= ?"
            if any(database.execute(find, (key, since, now)).fetchone() for key, _value, _at in rows):
                return False
            database.executemany(INSERT_NOTE, rows)
            return True

        return bool(self._change(take))

    def forget(self, whats: Iterable[str]) -> None:
        keys = [(self._key(what),) for what in whats]
        self._change(lambda database: database.executemany("DELETE FROM notes WHERE what = ?", keys))

    def noted(self, what: str, now: float) -> tuple[str, float] | None:
        """What was last written to C(what), and how many seconds ago."""
        found = self._change(
            lambda database: database.execute(
                "SELECT value, written_at FROM notes WHERE what = ?", (self._key(what),)
            ).fetchone()
        )
        if not found or found[1] > now + FORGET_AFTER:  # left from before a reboot, where the boot cannot be told
            return None
        return found[0], max(0.0, now - found[1])

    def close(self) -> None:
        self._db.close()

    def _change(self, work: t.Callable[[sqlite3.Connection], t.Any]) -> t.Any:
        """Run C(work) in a transaction; a file that fails is replaced by memory, for the rest of this task."""
        try:
            return self._transact(work)
        except sqlite3.Error as err:
            self.alone_because = self.alone_because or str(err)
            self._db.close()
            self._db = self._open(":memory:")
            return self._transact(work)

    def _transact(self, work: t.Callable[[sqlite3.Connection], t.Any]) -> t.Any:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._db)
            self._db.execute("COMMIT")
            return result
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _key(self, what: str) -> str:
        return hashlib.sha256((self._scope + "\n" + what).encode("utf-8")).hexdigest()[:32]


def _private_path() -> str:
    """In the temporary folder, or where E(CONNECT_STATE_DIR) says; only this user can read it. Raises OSError."""
    base = Path(os.environ.get("CONNECT_STATE_DIR") or tempfile.gettempdir())
    folder = base / ("edgeops-jfrog-connect-%d" % os.getuid())
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise OSError("%s is not a private folder of this user" % folder)
    return str(folder / "journal.sqlite")


def _boot_id() -> str:
    # A monotonic clock starts again at boot: what was written before then must not look like the future.
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        return ""
