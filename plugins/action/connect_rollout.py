# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

from ansible.utils.display import Display

from ..module_utils._errors import ConnectError
from ..plugin_utils._live import LiveAction
from ..plugin_utils._report import render_report

display = Display()


class ActionModule(LiveAction):
    """Runs the module of this name, shows its plan, and makes the report at the end."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        self.show(result.get("text") or (), task_vars or {})
        if result.get("rollout") and result.get("evidence"):
            try:
                result["report"] = render_report(result["evidence"])
            except (ConnectError, OSError) as failure:  # the verdict does not depend on it
                result.setdefault("warnings", []).append("The report could not be made: %s" % failure)
        return result
