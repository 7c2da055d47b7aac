# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: record
type: notification
short_description: Writes each result to the file that CONNECT_TEST_RECORD names, for the tests
description:
  - One JSON object in a line for each result. The callback of ansible-core that printed JSON lives elsewhere since
    2.10, and a test wants the usual output beside the results anyway.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def _record(self, status, outcome):
        # The names without the underscore are those of ansible-core 2.19 and later.
        task = outcome.task if hasattr(outcome, "task") else outcome._task
        result = outcome.result if hasattr(outcome, "result") else outcome._result
        line = json.dumps({"task": task.get_name().split(" : ")[-1], "status": status, "result": result}, default=str)
        with open(os.environ["CONNECT_TEST_RECORD"], "a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def v2_runner_on_ok(self, result):
        self._record("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._record("failed", result)

    def v2_runner_on_unreachable(self, result):
        self._record("unreachable", result)

    def v2_runner_on_skipped(self, result):
        self._record("skipped", result)
