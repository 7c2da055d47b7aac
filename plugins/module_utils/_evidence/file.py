# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The files of a run's evidence: appended to under a lock in one write, reports replaced as a whole.

A symbolic link in the place of such a file is never followed: who may write the folder could choose what is written to.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import stat
import tempfile
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from .._errors import ConnectError
from .record import Record, canonical, next_record, parse_record

FOLDER = "connect-evidence"


def folder_of(given: str | None) -> Path:
    """The folder as given, absolute; a blank one means the default. Raises ConnectError."""
    named = (given or "").strip()
    return Path(os.path.abspath(os.path.expanduser(named))) if named else default_folder()


def default_folder() -> Path:
    """In the real working directory, whatever PWD says. Raises ConnectError when there is none any more."""
    try:
        return Path(os.getcwd()) / FOLDER
    except OSError as failure:
        raise ConnectError(
            "The working directory cannot be found (%s). Set connect_evidence_dir to a folder." % failure.strerror,
            code="evidence_unusable",
        ) from None


def folder_warning(path: Path) -> str | None:
    """What to say when others on this machine can replace the files beside C(path); None: they cannot."""
    try:
        mode = path.parent.stat().st_mode
    except OSError:
        return None
    if not mode & stat.S_IWOTH:
        return None
    return (
        "Every user of this machine can write to the evidence folder %s and replace its files. Set another folder, or "
        "remove that permission (chmod o-w)." % path.parent
    )


def append(path: Path, event: str, data: Mapping[str, t.Any], now: datetime) -> Record:
    """Adds a record, and returns when it is on the disk. Raises ConnectError."""
    with _said("written", path):
        is_new = not path.exists()
        _make(path.parent)
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(errno.EINVAL, "it is no regular file")
            fcntl.flock(file, fcntl.LOCK_EX)
            content = _mapped(file)
            record = next_record(event, data, now, _first(content), _last(content))
            start = b"\n" if content and content[-1:] != b"\n" else b""  # after a line that was cut off
            _write_whole(file, start + canonical(record).encode("ascii") + b"\n", len(content))
            os.fsync(file)
        finally:
            # Closing it is not enough: a failure that is kept keeps the mapping, which has a handle of its own.
            fcntl.flock(file, fcntl.LOCK_UN)
            os.close(file)
        if is_new:
            _sync_folder(path.parent)
    return record


def make_folder(folder: Path) -> None:
    """For the user alone, unless it is there. Raises ConnectError."""
    with _said("written", folder):
        _make(folder)


def _make(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def following(path: Path) -> int:
    """The number that the next record gets. Raises ConnectError."""
    if not exists(path):
        return 1
    with _said("read", path), path.open("rb") as file:
        last = _last(_mapped(file.fileno()))
    return last["seq"] + 1 if last else 1


def exists(path: Path) -> bool:
    """Raises ConnectError, such as for a path that is too long."""
    with _said("read", path):
        return path.exists()


def read(path: Path) -> str:
    """Each byte as a character: what is not ASCII was not written here. Raises ConnectError."""
    with _said("read", path):
        return path.read_bytes().decode("latin-1")


def replace(path: Path, text: str, dry: bool = False) -> bool:
    """Whether it differed. A reader sees the file of before or the new one, never half of it. Raises ConnectError."""
    content = text.encode("utf-8", "replace")
    with _said("written", path):
        if path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if path.exists() and path.read_bytes() == content:
            return False
        if dry:
            return True
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name + ".")  # with mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(handle)
            os.replace(name, path)
        except OSError:
            os.unlink(name)
            raise
    return True


def _mapped(file: int) -> mmap.mmap | bytes:
    """The content, of which only the part that is used is read."""
    return mmap.mmap(file, 0, access=mmap.ACCESS_READ) if os.fstat(file).st_size else b""


def _first(content: mmap.mmap | bytes) -> Record | None:
    end = content.find(b"\n")
    return _parsed(content[: end if end >= 0 else len(content)])


def _last(content: mmap.mmap | bytes) -> Record | None:
    end = len(content)
    while end > 0:
        start = content.rfind(b"\n", 0, end) + 1
        record = _parsed(content[start:end])
        if record is not None:
            return record
        end = start - 1
    return None


def _parsed(line: bytes) -> Record | None:
    return parse_record(line.decode("latin-1"))


def _write_whole(file: int, content: bytes, size: int) -> None:
    """In one write, so that nothing of another process gets in between; on a full disk nothing is left of it."""
    if os.write(file, content) != len(content):
        os.ftruncate(file, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _said(what: str, path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as failure:  # a path may hold what no file name can
        code = getattr(failure, "errno", None)
        why = "it is a symbolic link" if code == errno.ELOOP else getattr(failure, "strerror", None) or failure
        raise ConnectError(
            "The evidence %s cannot be %s (%s). Name a file in path that the user of this controller can write, on a "
            "disk that is not full." % (path, what, why),
            code="evidence_unusable",
        ) from None
