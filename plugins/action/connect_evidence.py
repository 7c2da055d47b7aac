# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import typing as t
from datetime import datetime, timezone
from pathlib import Path

from ansible.plugins.action import ActionBase

from ..module_utils._errors import ConnectError, InvalidInput
from ..module_utils._evidence import file as evidence_file
from ..module_utils._evidence.record import jsonable
from ..module_utils._reading.options import Spec, read_options
from ..module_utils._secrets import Hider
from ..plugin_utils._live import forget_secrets
from ..plugin_utils._report import render_report

SPEC: Spec = {
    "path": {"type": "path", "required": True},
    "event": {"type": "str"},
    "data": {"type": "dict", "default": {}},
    "report": {"type": "bool", "default": False},
    "secrets": {"type": "list", "elements": "raw", "default": [], "no_log": True},
}


class ActionModule(ActionBase):
    """Works in the controller's process: a record costs no start of a Python."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        try:
            result.update(write(jsonable(self._task.args), self._task.check_mode, datetime.now(timezone.utc)))
        except ConnectError as failure:
            result.update(failed=True, msg=failure.msg, code=failure.code)
        finally:
            forget_secrets(self._task)
        return result


def write(given: t.Mapping[str, t.Any], dry: bool, now: datetime) -> dict[str, t.Any]:
    """What the options ask for, and the task's result. Raises ConnectError."""
    options = read_options(given, SPEC)
    if not options["event"] and not options["report"]:
        raise InvalidInput("Nothing is asked for: give event, to add a record, or report: true, or both.")
    if options["data"] and not options["event"]:
        raise InvalidInput("data needs event, the name of the record that holds it.")
    path = Path(os.path.abspath(options["path"]))
    result: dict[str, t.Any] = {"changed": False, "path": str(path), "seq": None, "hash": None}
    if options["event"] and dry:
        result.update(changed=True, seq=evidence_file.following(path))
    elif options["event"]:
        hider = Hider(map(str, options["secrets"]))
        record = evidence_file.append(path, hider.text(options["event"]), hider.data(options["data"]), now)
        result.update(changed=True, seq=record["seq"], hash=record["hash"])
    if options["report"]:
        report = render_report(path, dry)
        result.update(report, changed=result["changed"] or report["changed"])
    warning = evidence_file.folder_warning(path)
    return {**result, "warnings": [warning]} if warning else result
