# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The action plugin of all modules that work for a while (meta/runtime.yml names it for each of them): run the module
as ever, lend it a lease (module_utils/_service/lease.py) for as long as the task runs, and show its progress meanwhile.
"""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import signal
import tempfile
import threading
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.playbook.task import Task
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ..module_utils._service import lease, progress
from ._variables import SWITCH

FOR_PROGRAMS = ("json", "jsonl")  # callbacks whose output must hold nothing else
INTERVAL = 0.5  # seconds between two looks at the file
# Arguments that hold secrets; data of connect_evidence is masked only where it is written.
SECRET = frozenset({"user_token", "device_token", "devices", "secret_parameters", "secrets", "data"})
display = Display()


class LiveAction(NormalAction):
    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        try:
            return self._run(tmp, task_vars)
        finally:
            forget_secrets(self._task)

    def _run(self, tmp: str | None, task_vars: dict[str, t.Any] | None) -> dict[str, t.Any]:
        if self._connection.transport != "local":  # the module could neither see this process nor its files
            return super().run(tmp, task_vars)
        wanted = self._wanted(task_vars or {})
        before = self._task.environment
        with ExitStack() as during:
            lent = {lease.VARIABLE: "%d:" % controller()}
            if not self._task.async_val:  # in the background it outlives the worker by design
                file = during.enter_context(tempfile.NamedTemporaryFile(prefix="connect-task-"))
                lent[lease.VARIABLE] += file.name
                if wanted:
                    during.enter_context(shown(file.name, "%s: " % self._task.action.rpartition(".")[2]))
                    lent[progress.VARIABLE] = file.name
                during.enter_context(locked(file))
            self._task.environment = [*(before if isinstance(before, list) else [before] if before else []), lent]
            try:
                return super().run(tmp, task_vars)
            finally:
                self._task.environment = before

    def _wanted(self, task_vars: Mapping[str, t.Any]) -> bool:
        value = self._templar.template(task_vars.get(SWITCH, True))
        try:
            return boolean(value) and constants.DEFAULT_STDOUT_CALLBACK.rpartition(".")[2] not in FOR_PROGRAMS
        except TypeError:
            raise AnsibleError("%s is '%s'; accepted: true, false." % (SWITCH, value)) from None


def forget_secrets(task: Task) -> None:
    """Ansible may print the arguments of a task once it has ended (ANSIBLE_DISPLAY_ARGS_TO_STDOUT with
    display_skipped_hosts=false). One that may be repeated needs them again.
    """
    if not task.until and not task.retries:
        task.args = {name: value for name, value in task.args.items() if name not in SECRET}


def controller() -> int:
    """The process ID of ansible-playbook. Known from before the fork: an orphan's parent is another one."""
    parent = multiprocessing.parent_process()
    return os.getpid() if parent is None or parent.pid is None else parent.pid


@contextmanager
def locked(file: t.IO[bytes]) -> Iterator[None]:
    """Meanwhile, and at the longest until this process ends, however it ends."""
    with suppress(OSError):  # a file system without locks
        fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_UN)  # not left to closing it: a process forked meanwhile may have it open too


@contextmanager
def shown(path: str, prefix: str) -> Iterator[None]:
    """The lines of the file are shown as they come. Reads through a descriptor of its own, which holds no lock."""
    over = threading.Event()
    file = open(path, encoding="utf-8")  # noqa: SIM115 -- closed by the thread, which may be reading still

    def follow() -> None:
        # A signal that the kernel gave to this thread would be handled when the main thread wakes: after the task.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        with file:
            while True:
                last = over.wait(INTERVAL)  # asked for before reading, so that nothing is left unread
                for line in file:
                    display.display(prefix + line.rstrip("\n"))
                if last:
                    return

    follower = threading.Thread(target=follow, daemon=True)
    follower.start()
    try:
        yield
    finally:
        over.set()
        follower.join(5)
