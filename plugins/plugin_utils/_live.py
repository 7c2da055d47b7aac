# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is internal to the collection and may change without notice.

"""What the action plugins of the modules have in common: run the module as ever, and show its notices meanwhile."""

from __future__ import annotations

import tempfile
import threading
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ..module_utils._service.progress import FILE_VARIABLE

SWITCH = "connect_progress"  # a variable; false keeps it quiet
INTERVAL = 0.5  # seconds between two looks at the file
display = Display()


class LiveAction(NormalAction):
    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        # On another machine, or as another user, the module could not write where this process reads.
        if self._connection.transport != "local" or self._task.async_val or not self._wanted(task_vars or {}):
            return super().run(tmp, task_vars)
        before = self._task.environment
        with shown("%s: " % self._task.action.rpartition(".")[2]) as path:
            own = before if isinstance(before, list) else [before] if before else []
            self._task.environment = [*own, {FILE_VARIABLE: path}]
            try:
                return super().run(tmp, task_vars)
            finally:
                self._task.environment = before

    def _wanted(self, task_vars: Mapping[str, t.Any]) -> bool:
        value = self._templar.template(task_vars.get(SWITCH, True))
        try:
            return boolean(value)
        except TypeError:
            raise AnsibleError("%s is '%s'; accepted: true, false." % (SWITCH, value)) from None


@contextmanager
def shown(prefix: str) -> Iterator[str]:
    """The path of a file whose lines are shown as they come."""
    with tempfile.NamedTemporaryFile("r", prefix="connect-notices-", encoding="utf-8") as file:
        over = threading.Event()

        def follow() -> None:
            while True:
                last = over.wait(INTERVAL)  # asked for before reading, so that nothing is left unread
                for line in file:
                    display.display(prefix + line.rstrip("\n"))
                if last:
                    return

        follower = threading.Thread(target=follow, daemon=True)
        follower.start()
        try:
            yield file.name
        finally:
            over.set()
            follower.join(5)
