# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t
from itertools import takewhile
from pathlib import Path

from ansible.errors import AnsibleError

from ..module_utils._errors import ConnectError
from ..module_utils._evidence.file import folder_of, folder_warning
from ..plugin_utils._live import LiveAction, display
from ..plugin_utils._report import render_report, write_plan
from ..plugin_utils._variables import COLLECTION

NO_HOOK = "hooks.%s is %s, which is not a file of this machine. Correct the path. Nothing was sent."


class ActionModule(LiveAction):
    """Runs the module of this name, shows its plan, and makes the report at the end."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        # The module runs in another folder than the one where Ansible was started.
        self._task.args["evidence_dir"] = str(folder_of(str(self._task.args.get("evidence_dir") or "")))
        result = super().run(tmp, task_vars)
        for name, file in (result.get("hooks") or {}).items():
            found = self._file_of(file)
            if found is None:
                return {
                    "failed": True,
                    "code": "invalid_option",
                    "msg": NO_HOOK % (name, file),
                    "state": result["state"],
                }
            result["hooks"][name] = found  # what was checked is what runs
        if "sheet" in result:
            self._write_plan(result)
        if result.get("text") and self._wanted(task_vars or {}):
            display.display("\n".join(result["text"]))
        if result.get("rollout") and result.get("evidence"):
            try:
                result["report"] = render_report(result["evidence"])
            except Exception as failure:  # the verdict does not depend on it
                result.setdefault("warnings", []).append("The report could not be made: %s" % failure)
        return result

    def _file_of(self, hook: str) -> str | None:
        """Where the tasks of a hook are; hooks/NAME may be one of the role hooks."""
        try:
            found = str(self._find_needle("tasks", hook))
        except AnsibleError:
            found = str(COLLECTION / "roles" / hook.replace("hooks/", "hooks/tasks/", 1))
        return found if os.path.isfile(found) else None

    def _write_plan(self, result: dict[str, t.Any]) -> None:
        """In check mode: the whole plan as files, in place of a row for each device in the result."""
        base = Path(self._task.args["evidence_dir"]) / ("plan-%s" % result["state"]["run_id"])
        rows, warnings = result.pop("sheet"), result.setdefault("warnings", [])
        facts = list(takewhile(bool, result["text"][1:]))  # up to the tables
        try:
            files = result["plan_files"] = write_plan(base, result["plan"], rows, facts)
        except ConnectError as failure:
            warnings.append("The plan could not be written, and a run could not write its evidence. %s" % failure.msg)
            return
        result["text"].append("The plan of every device: %(html)s, and for spreadsheets %(csv)s." % files)
        warnings += filter(None, [folder_warning(base)])
