# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: window_preview
short_description: List the next openings of maintenance windows
version_added: 0.2.0
description:
  - A table that a person can check with the site manager before the first night.
  - The playbook C(edgeops.jfrog_connect.window_preview) prints it.
author:
  - EdgeOps (@edgeops-collections)
positional: blackouts
extends_documentation_fragment:
  - edgeops.jfrog_connect.windows
options:
  count:
    description: How many openings, 1 to 1000.
    type: int
    default: 10
  days:
    description: Only openings that begin within so many days. Without it, in ten years.
    type: int
seealso:
  - module: edgeops.jfrog_connect.connect_window
  - plugin: edgeops.jfrog_connect.window_lint
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Show the openings of the next two weeks
  ansible.builtin.debug:
    msg: >-
      {{ connect_windows | edgeops.jfrog_connect.window_preview(connect_blackouts, days=14)
         | map(attribute='opens_local') | list }}
"""

RETURN = r"""
_value:
  description:
    - One mapping for each opening, in order, with C(opens), C(closes), C(opens_local), C(closes_local), C(timezone),
      C(weekday) of the local start, C(length) in words, C(length_seconds), C(names) of the windows, and C(notes) about
      changes of the clock. An opening that is open now is the first. C(closes) and the lengths are null when no end
      was found.
  type: list
  elements: dict
"""

import typing as t

from ..module_utils._reading.numbers import read_whole
from ..module_utils._service.progress import utc_now
from ..module_utils._window.request import WindowRequest
from ..plugin_utils._plain import with_plain_data
from ..plugin_utils._window.preview import preview


@with_plain_data
def window_preview(
    windows: t.Any,
    blackouts: t.Any = None,
    at: t.Any = None,
    min_remaining: t.Any = None,
    count: t.Any = 10,
    days: t.Any = None,
    timezone: str | None = None,
) -> list[dict[str, t.Any]]:
    options = {"at": at, "min_remaining": min_remaining}
    request = WindowRequest.read({"windows": windows, "blackouts": blackouts, **options})
    return preview(
        request.calendar,
        request.at or utc_now(),
        request.min_remaining,
        read_whole(count, "count", 1, 1000),
        read_whole(3650 if days in (None, "") else days, "days", 1, 3650),
        timezone,
    )


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"window_preview": window_preview}
