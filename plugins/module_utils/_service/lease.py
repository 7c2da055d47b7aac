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
from pathlib import Path

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
        self._born = None if controller is None else _birth(controller)

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
        # The process ID may be in use again: then it was born at another time.
        return self._born is not None and _birth(self._controller) == self._born and not _is_released(self._path)

    def check(self) -> None:
        """Raises RunEnded."""
        if not self.held:
            raise RunEnded

    async def lost(self) -> None:
        """Returns when it is not held any more."""
        while self.held:
            await asyncio.sleep(INTERVAL)


def _birth(process: int) -> str | None:
    """When it started, as the kernel counts; empty where that cannot be told, None when there is no such process."""
    try:
        about = Path("/proc/%d/stat" % process).read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        return None if about[0] in "ZX" else about[19]  # a zombie has ended, even if its parent has not asked yet
    except (OSError, IndexError):  # it has ended, is hidden from this user, or the system has no such files
        pass
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return ""


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
