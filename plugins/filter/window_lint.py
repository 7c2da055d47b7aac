# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: window_lint
short_description: Warn about maintenance windows that will not do
version_added: 0.2.0
description:
  - Checks the year ahead for windows that never open, are always blacked out, are too short on some night, overlap, or
    are skipped by a change of the clock, and for long times without an opening. Each warning has its dates.
  - Also names blackouts and exceptions without effect, short holes between blackouts, and what may be meant otherwise.
author:
  - EdgeOps (@edgeops-collections)
positional: blackouts
extends_documentation_fragment:
  - edgeops.jfrog_connect.windows
options:
  days:
    description: How many days without an opening are too many.
    type: int
    default: 45
seealso:
  - module: edgeops.jfrog_connect.connect_window
  - plugin: edgeops.jfrog_connect.window_preview
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Refuse windows that will not do
  ansible.builtin.assert:
    that: connect_windows | edgeops.jfrog_connect.window_lint(connect_blackouts, min_remaining='45m') | length == 0
"""

RETURN = r"""
_value:
  description: The warnings, as sentences.
  type: list
  elements: str
"""

import typing as t

from ..module_utils._reading.numbers import read_whole
from ..module_utils._service.progress import utc_now
from ..module_utils._window.request import WindowRequest
from ..plugin_utils._plain import with_plain_data
from ..plugin_utils._window.lint import lint


@with_plain_data
def window_lint(
    windows: t.Any,
    blackouts: t.Any = None,
    at: t.Any = None,
    min_remaining: t.Any = None,
    days: t.Any = 45,
    timezone: str | None = None,
) -> list[str]:
    options = {"at": at, "min_remaining": min_remaining}
    request = WindowRequest.read({"windows": windows, "blackouts": blackouts, **options})
    most = read_whole(days, "days", 1, 366)
    return lint(request.calendar, request.at or utc_now(), request.min_remaining, most, timezone)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"window_lint": window_lint}
