# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: window_status
short_description: Tell whether a maintenance window is open
version_added: 0.2.0
description:
  - The answer of the module M(edgeops.jfrog_connect.connect_window) as an expression, which neither waits nor fails
    while it is closed.
  - Evaluated again each time that it is used, so its time is that of the use.
author:
  - EdgeOps (@edgeops-collections)
positional: blackouts
extends_documentation_fragment:
  - edgeops.jfrog_connect.windows
options:
  override:
    description: As O(edgeops.jfrog_connect.connect_window#module:override).
    type: dict
seealso:
  - module: edgeops.jfrog_connect.connect_window
  - plugin: edgeops.jfrog_connect.window_open
    plugin_type: test
"""

EXAMPLES = r"""
---
- name: Say when updates may start
  ansible.builtin.debug:
    msg: "{{ (connect_windows | edgeops.jfrog_connect.window_status(connect_blackouts, min_remaining='45m')).msg }}"
"""

RETURN = r"""
_value:
  description:
    - What M(edgeops.jfrog_connect.connect_window) returns, such as C(open), C(closes_at), C(next_opening) and C(notes),
      without C(waited_seconds) and with an empty list of C(devices).
  type: dict
"""

import typing as t

from ..module_utils._service.progress import utc_now
from ..module_utils._window.request import WindowRequest
from ..plugin_utils._plain import with_plain_data


@with_plain_data
def window_status(
    windows: t.Any,
    blackouts: t.Any = None,
    at: t.Any = None,
    min_remaining: t.Any = None,
    override: t.Any = None,
    timezone: str | None = None,
) -> dict[str, t.Any]:
    options = {"at": at, "min_remaining": min_remaining, "override": override}
    request = WindowRequest.read({"windows": windows, "blackouts": blackouts, **options})
    return request.ask(utc_now(), timezone).as_result()


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"window_status": window_status}
