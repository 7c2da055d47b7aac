# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Whether the run that started this task goes on. A module can outlive its task (a time-out ends only Ansible's worker)
and its run (a kill ends only ansible-playbook); what it sent then would act on devices that others rely on.

The action plugin (plugins/plugin_utils/_live.py) lends a lease: the process ID of ansible-playbook, and a file that the
worker keeps locked as long as the task runs. The lock ends with the worker, however that ends.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import typing as t

from .._errors import ConnectError

VARIABLE = "CONNECT_LEASE"  # PID:PATH; without a path (a task in the background) only the process counts
INTERVAL = 0.5  # seconds


class RunEnded(ConnectError):
    """Kept back at the last moment. Certainly not sent, and nothing more will be."""

    code = "not_sent"
    fatal = True

    def __init__(self) -> None:
        super().__init__("The run that started this task has ended. Nothing more was sent. Run the task again.")


class Lease:
    """Held for ever when none was lent: in tests, and where the module runs on another machine than Ansible."""

    def __init__(self, controller: int | None = None, path: str = "") -> None:
        self._controller = controller
        self._path = path
        # Open for as long as it is asked: it is of this process alone, also when the process ID is in use again.
        self._about = None if controller is None else _open("/proc/%d/stat" % controller)

    @classmethod
    def lent(cls) -> Lease:
        """The lease that E(CONNECT_LEASE) names, if any."""
        controller, _colon, path = os.environ.get(VARIABLE, "").partition(":")
        return cls(int(controller), path) if controller.isdecimal() else cls()

    @property
    def limited(self) -> bool:
        return self._controller is not None

    @property
    def held(self) -> bool:
        if self._controller is None:
            return True
        return _lives(self._controller, self._about) and not _is_released(self._path)

    def check(self) -> None:
        """Raises RunEnded."""
        if not self.held:
            raise RunEnded

    async def lost(self) -> None:
        """Returns when it is not held any more."""
        while self.held:
            await asyncio.sleep(INTERVAL)


def _open(path: str) -> t.BinaryIO | None:
    try:
        return open(path, "rb", buffering=0)
    except OSError:  # it has ended, is hidden from this user, or the system has no such files
        return None


def _lives(process: int, about: t.BinaryIO | None) -> bool:
    try:
        if about is not None:
            state = os.pread(about.fileno(), 512, 0).rpartition(b")")[2].split()[0]
            return state not in (b"Z", b"X")  # a zombie has ended, even if its parent has not asked yet
        os.kill(process, 0)
    except PermissionError:
        return True
    except (OSError, IndexError):
        return False
    return True


def _is_released(path: str) -> bool:
    if not path:
        return False
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except PermissionError:
        return False  # become: another user's file, so only the process counts
    except OSError:
        return True  # the worker has removed it
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False  # locked, or on a file system that has no locks
    finally:
        os.close(file)
    return True
