# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: status_rows
short_description: Devices in words, all or only those in some state
version_added: 0.3.0
description:
  - Says of each device whether it is held and online, and how its last update ended, and keeps those of which one of
    the words in O(only) is true.
author:
  - EdgeOps (@edgeops-collections)
positional: only
options:
  _input:
    description: Devices as M(edgeops.jfrog_connect.connect_device_info) returns them.
    type: list
    elements: dict
    required: true
  only:
    description:
      - Any of V(held), V(released), V(online), V(offline), V(unknown), V(pending), V(in_progress), V(success),
        V(failed), V(aborted) and V(none), which is a device without updates. All devices when it is empty.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
---
- name: Name the devices that are released or whose last update failed
  ansible.builtin.debug:
    msg: "{{ connect_fleet.devices | edgeops.jfrog_connect.status_rows('failed, released') | map(attribute='name') }}"
"""

RETURN = r"""
_value:
  description: The devices that are kept, with C(hold), C(state) and C(last_update) in words.
  type: list
  elements: dict
"""

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..module_utils._errors import InvalidInput
from ..module_utils._reading.names import read_names
from ..module_utils._reading.options import strangers
from ..module_utils._service.models import UPDATE_STATES
from ..plugin_utils._plain import with_plain_data

WORDS = ("held", "released", "online", "offline", "unknown", *UPDATE_STATES, "none")


@with_plain_data
def status_rows(devices: Sequence[Mapping[str, t.Any]], only: t.Any = ()) -> list[dict[str, t.Any]]:
    wanted = set(read_names(only, "connect_status_only"))
    lost = strangers(wanted, WORDS, "the words that are known")
    if lost:
        raise InvalidInput("connect_status_only names %s; accepted: %s." % (lost, ", ".join(WORDS)))
    rows = [{**device, **_words(device)} for device in devices]
    return [row for row in rows if not wanted or wanted & {row["hold"], row["state"], row["last_update"]}]


def _words(device: Mapping[str, t.Any]) -> dict[str, str]:
    hold, state = {True: "held", False: "released"}, {True: "online", False: "offline"}
    return {
        "hold": hold.get(device["held"], "unknown"),
        "state": state.get(device["online"], "unknown"),
        "last_update": device["updates"][-1]["status"] if device["updates"] else "none",
    }


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"status_rows": status_rows}
