# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: window_open
short_description: Test whether a maintenance window is open
version_added: 0.2.0
description:
  - True while updates may start. The same engine as the module M(edgeops.jfrog_connect.connect_window).
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
  - plugin: edgeops.jfrog_connect.window_status
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Update, but only at night
  ansible.builtin.include_role:
    name: edgeops.jfrog_connect.release
  when: connect_windows is edgeops.jfrog_connect.window_open(connect_blackouts, min_remaining='45m')
"""

RETURN = r"""
_value:
  description: Whether it is open.
  type: bool
"""

import typing as t

from ..module_utils._service.progress import utc_now
from ..module_utils._window.request import WindowRequest
from ..plugin_utils._plain import with_plain_data


@with_plain_data
def window_open(
    windows: t.Any,
    blackouts: t.Any = None,
    at: t.Any = None,
    min_remaining: t.Any = None,
    override: t.Any = None,
    timezone: str | None = None,
) -> bool:
    options = {"at": at, "min_remaining": min_remaining, "override": override}
    request = WindowRequest.read({"windows": windows, "blackouts": blackouts, **options})
    return request.ask(utc_now(), timezone).status.open


class TestModule:
    def tests(self) -> dict[str, t.Callable[..., bool]]:
        return {"window_open": window_open}
