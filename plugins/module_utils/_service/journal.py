# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What this machine remembers of its calls: rate slots, and what it has written in the last minutes.

A small file that all tasks of a user on this machine share, because the service forgets more than it should: it does
not say how many calls a device has left, and its lists may be late. Nothing in it is needed to be right, only to be
gentle and quick: a lost file costs a 429 or a second look. It holds hashes and instants, never a token or a name.
What a task did itself it also keeps in memory, and goes on counting with that while the file cannot be used.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import ipaddress
import os
import secrets
import socket
import sqlite3
import stat
import tempfile
import threading
import time
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from .http import LOOPBACK

TABLES = (
    "CREATE TABLE IF NOT EXISTS slots (id INTEGER PRIMARY KEY AUTOINCREMENT, who TEXT, frees_at REAL)",
    "CREATE INDEX IF NOT EXISTS slots_by_who ON slots (who, frees_at)",
    "CREATE INDEX IF NOT EXISTS slots_by_time ON slots (frees_at)",
    "CREATE TABLE IF NOT EXISTS notes (what TEXT PRIMARY KEY, value TEXT, written_at REAL)",
)
INSERT_SLOT = "INSERT OR REPLACE INTO slots (id, who, frees_at) VALUES (?, ?, ?)"
INSERT_NOTE = "INSERT OR REPLACE INTO notes (what, value, written_at) VALUES (?, ?, ?)"
FORGET_AFTER = 3600.0
PRUNE_EVERY = 600.0
SETTLE = 120.0  # seconds for which the service may still show what was before a write
BUSY = 5.0  # seconds to wait for another task that holds the file
ASK_AGAIN = 10.0  # seconds without the file after it failed
NOBODY = (0, "")
Slot = tuple[int, str]


class Journal:
    """C(scope) keeps apart what does not belong together (another service, another boot of this machine).

    All instants are those of C(time.monotonic), which the processes of a machine share and which never steps. Every
    method may be called from any thread. Without a C(path) there is only the memory of this task.
    """

    def __init__(self, path: str | None = None, scope: str = "", clock: t.Callable[[], float] = time.monotonic) -> None:
        self.warnings: list[str] = []
        self._scope = scope
        self._clock = clock
        self._path = path
        self._own = _open(":memory:")
        self._file: sqlite3.Connection | None = None
        self._behind: list[Written] = []  # what the file does not know yet
        self._not_before = clock()
        self._inode: int | None = None  # of the file as it was opened
        self._prunes_at = 0.0
        self._was_renewed = self._told_alone = False
        self._lock = threading.Lock()

    @classmethod
    def shared(cls, api_url: str) -> Journal:
        """The user's own on this machine, or one for this task alone, which then says why in C(warnings)."""
        scope = _boot_id() + service_of(api_url)
        try:
            folder = _private_folder()
        except OSError as err:
            journal = cls(scope=scope)
            journal._tell_alone(err)
            return journal
        journal = cls(str(folder / NAME), scope)
        journal._change(lambda database: None)  # a file that cannot be used is told before the first call
        elsewhere = _used_elsewhere(folder)
        if elsewhere:
            journal.warnings.append(
                "This task shares its rate-limit journal in %s, but other tasks of this user have lately used %s: "
                "their calls are not counted, so expect 429s. Set CONNECT_STATE_DIR to one folder for all, because "
                "TMPDIR differs." % (folder, elsewhere)
            )
        return journal

    def take_slot(self, who: str, limit: int, now: float, frees_at: float) -> tuple[Slot, float]:
        """A slot until C(frees_at), or the seconds until one of the C(limit) slots of C(who) is free."""
        slot = (secrets.randbits(62) + 1, self._key(who))  # of this task alone, in whichever database it stands

        def take(database: _Recorded) -> tuple[Slot, float]:
            # The second half: left from before a reboot, where the boot cannot be told.
            database.execute("DELETE FROM slots WHERE frees_at <= ? OR frees_at > ?", (now, frees_at + FORGET_AFTER))
            find = "SELECT frees_at FROM slots WHERE who = ? ORDER BY frees_at"
            taken = database.execute(find, (slot[1],)).fetchall()
            if len(taken) >= limit:
                return NOBODY, taken[len(taken) - limit][0] - now
            database.execute(INSERT_SLOT, (*slot, frees_at))
            return slot, 0.0

        return self._change(take)

    def keep_slot_until(self, slot: Slot, frees_at: float) -> None:
        self._change(lambda database: database.execute(INSERT_SLOT, (*slot, frees_at)))

    def note(self, values: Mapping[str, str], now: float) -> None:
        """Remember what was written to whom."""
        rows = [(self._key(what), value, now) for what, value in values.items()]

        def write(database: _Recorded) -> None:
            if now >= self._prunes_at:  # seldom, because it looks at every note
                database.execute("DELETE FROM notes WHERE written_at <= ?", (now - FORGET_AFTER,))
                self._prunes_at = now + PRUNE_EVERY
            database.executemany(INSERT_NOTE, rows)

        self._change(write)

    def claim(self, values: Mapping[str, str], since: float, now: float) -> bool:
        """Note what is about to be written to whom, unless another run noted one of them after C(since)."""
        rows = [(self._key(what), value, now) for what, value in values.items()]

        def take(database: _Recorded) -> bool:
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
        # What lies far ahead is left from before a reboot, where the boot cannot be told.
        find = "SELECT value, written_at FROM notes WHERE what = ? AND written_at <= ?"
        values = (self._key(what), now + FORGET_AFTER)
        found = self._look(find, values)
        return (found[0], max(0.0, now - found[1])) if found else None

    def close(self) -> None:
        """Every later call raises sqlite3.ProgrammingError."""
        with self._lock:
            self._path = None
            self._own.close()
            if self._file is not None:
                self._file.close()

    def _change(self, work: t.Callable[[_Recorded], t.Any]) -> t.Any:
        """Run C(work) in a transaction on the file, and write what it wrote to this task's own memory too.

        While the file fails, C(work) runs on that memory alone, and the file is told later.
        """
        with self._lock:
            done = self._in_file(work)
            if done is None:
                result, written = _transact(self._own, work)
                self._behind += written if self._path else []
                return result
            result, written = done
            _transact(self._own, lambda database: _write(database, written))
            return result

    def _look(self, find: str, values: Sequence[t.Any]) -> t.Any:
        """The first row that C(find) selects, without a transaction where the file is open and up to date."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            if self._file is not None and not self._behind:
                return self._file.execute(find, values).fetchone()
        return self._change(lambda database: database.execute(find, values).fetchone())

    def _in_file(self, work: t.Callable[[_Recorded], t.Any]) -> tuple[t.Any, list[Written]] | None:
        if self._path is None or self._clock() < self._not_before:
            return None
        try:
            if self._file is None:
                self._inode = _inode(self._path)
                self._file = _open(self._path)
                self._inode = _inode(self._path)
            if self._behind:
                _transact(self._file, lambda database: _write(database, self._behind))
                self._behind = []
            return _transact(self._file, work)
        except (sqlite3.Error, TypeError) as err:  # TypeError: a table that holds something else
            if self._file is not None:
                self._file.close()
                self._file = None
            broken = not isinstance(err, sqlite3.OperationalError) or "column" in str(err)
            if broken and not self._was_renewed:
                self._renew(self._path, err)
                return self._in_file(work)
            self._tell_alone(err)
            self._not_before = self._clock() + ASK_AGAIN
            return None

    def _renew(self, path: str, err: Exception) -> None:
        """Move a broken file aside, and give a new one what this task did so far."""
        self._was_renewed = True
        self.warnings.append(
            "The rate-limit journal %s was broken (%s). It was moved to %s.broken and made anew: calls of other tasks "
            "before this are not counted, so expect 429s for a minute." % (path, err, path)
        )
        with contextlib.suppress(OSError), _alone_in(os.path.dirname(path)):
            if _inode(path) == self._inode:  # otherwise another task has renewed it a moment ago
                os.replace(path, path + ".broken")
                os.replace(path + "-journal", path + ".broken-journal")
        self._behind = [
            (INSERT_SLOT, self._own.execute("SELECT id, who, frees_at FROM slots").fetchall()),
            (INSERT_NOTE, self._own.execute("SELECT what, value, written_at FROM notes").fetchall()),
        ]

    def _tell_alone(self, err: Exception) -> None:
        if not self._told_alone:
            self._told_alone = True
            self.warnings.append(
                "Shared rate-limit journal unavailable (%s): calls of other tasks are not counted, so expect 429s. "
                "Set CONNECT_STATE_DIR to a folder that only you can write." % err
            )

    def _key(self, what: str) -> str:
        return hashlib.sha256((self._scope + "\n" + what).encode("utf-8", "surrogatepass")).hexdigest()[:32]


Written = tuple[str, Sequence[Sequence[t.Any]]]  # a statement, and its rows of values


class _Recorded:
    """A database, and all that was written to it."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self.written: list[Written] = []

    def execute(self, statement: str, values: Sequence[t.Any] = ()) -> sqlite3.Cursor:
        if not statement.startswith("SELECT"):
            self.written.append((statement, [values]))
        return self._database.execute(statement, values)

    def executemany(self, statement: str, rows: Sequence[Sequence[t.Any]]) -> sqlite3.Cursor:
        self.written.append((statement, rows))
        return self._database.executemany(statement, rows)


def _write(database: _Recorded, written: Sequence[Written]) -> None:
    for statement, rows in written:
        database.executemany(statement, rows)


def _open(path: str) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode=PERSIST")  # WAL cannot be switched on by several processes at once
        database.execute("PRAGMA synchronous=OFF")  # a lost minute of history after a power cut is no loss
        for table in TABLES:
            database.execute(table)
    except BaseException:
        database.close()
        raise
    return database


def _transact(database: sqlite3.Connection, work: t.Callable[[_Recorded], t.Any]) -> tuple[t.Any, list[Written]]:
    recorded = _Recorded(database)
    database.execute("BEGIN IMMEDIATE")
    try:
        result = work(recorded)
        database.execute("COMMIT")
        return result, recorded.written
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


# Where it is, and whose calls are counted together

NAME = "journal.sqlite"
USUAL = Path("/tmp")  # noqa: S108  # where it is without TMPDIR; only looked at


def service_of(api_url: str) -> str:
    """One spelling for all spellings of the address of a service: HOST:PORT. C(api_url) itself if it is no address."""
    parts = urlsplit(api_url)
    host = (parts.hostname or "").rstrip(".")
    if not host:
        return api_url
    with contextlib.suppress(OSError, ValueError):
        # inet_aton reads what a connection would: 127.1, 0x7f000001.
        address = ipaddress.ip_address(host if ":" in host else socket.inet_aton(host))
        host = str(getattr(address, "ipv4_mapped", None) or address)
    with contextlib.suppress(UnicodeError):
        host = host.encode("idna").decode("ascii")
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return "%s:%s" % ("localhost" if host in LOOPBACK else host, port)


def _private_folder() -> Path:
    """In the temporary folder, or where E(CONNECT_STATE_DIR) says; only this user can read it. Raises OSError."""
    folder = _folder_in(Path(os.environ.get("CONNECT_STATE_DIR") or tempfile.gettempdir()))
    folder.mkdir(mode=0o700, exist_ok=True)
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise OSError("%s is not a private folder of this user" % folder)
    return folder


def _folder_in(base: Path) -> Path:
    return base / ("edgeops-jfrog-connect-%d" % os.getuid())


def _used_elsewhere(folder: Path) -> Path | None:
    """The usual place, if other tasks have used it in the last hour and this one does not, because of TMPDIR alone."""
    if os.environ.get("CONNECT_STATE_DIR"):
        return None
    usual = _folder_in(USUAL)
    with contextlib.suppress(OSError):
        if not usual.samefile(folder) and time.time() - (usual / NAME).stat().st_mtime < FORGET_AFTER:
            return usual
    return None


@contextlib.contextmanager
def _alone_in(folder: str) -> t.Iterator[None]:
    """No other task renews the file meanwhile."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _inode(path: str) -> int | None:
    try:
        return os.stat(path).st_ino
    except OSError:
        return None


def _boot_id() -> str:
    # A monotonic clock starts again at boot: what was written before then must not look like the future.
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        return ""
