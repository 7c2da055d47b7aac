# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: reconcile_plan
short_description: Devices that are not held although no window is open for them
version_added: 0.2.0
description:
  - Compares how devices are held with what the windows say at a moment.
  - Where no window is open a device is to be held. Where one is, it is left as it is, or is to be released when
    O(release) says so.
author:
  - EdgeOps (@edgeops-collections)
positional: devices, window, self_managed, release
options:
  _input:
    description: Devices as M(edgeops.jfrog_connect.connect_device_info) returns them.
    type: list
    elements: dict
    required: true
  devices:
    description: Devices that can be held, as O(edgeops.jfrog_connect.connect_update_trigger#module:devices).
    type: list
    elements: dict
    required: true
  window:
    description: What M(edgeops.jfrog_connect.connect_window) returned.
    type: dict
    required: true
  self_managed:
    description: Names or UUIDs of devices whose own application holds and releases them. They are left alone.
    type: list
    elements: str
    default: []
  release:
    description: Whether devices are to be released where a window is open.
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: Name the devices that should be held
  ansible.builtin.debug:
    msg: "{{ connect_fleet.devices | edgeops.jfrog_connect.reconcile_plan(connect_devices, connect_open) }}"
"""

RETURN = r"""
_value:
  description:
    - UUIDs of devices to be held as C(hold) and to be released as C(release), the number of those that are as they
      should be as C(right) and of those that are left alone as C(left_alone), and the names of devices that the service
      does not show as C(missing).
  type: dict
"""

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible.utils.display import Display

from ..module_utils._reading.booleans import read_boolean
from ..module_utils._reading.names import is_blank, read_names, read_uuid
from ..module_utils._reading.options import strangers
from ..plugin_utils._plain import with_plain_data

Rows = Sequence[Mapping[str, t.Any]]


def reconcile_plan(
    fleet: Rows,
    devices: Rows,
    window: Mapping[str, t.Any],
    self_managed: Sequence[str] | str | None = (),
    release: t.Any = False,
) -> dict[str, t.Any]:
    own = frozenset(read_names(self_managed, "connect_self_managed"))
    released = not is_blank(release) and read_boolean(release, "connect_release_open")
    shown = {row["device_uuid"]: row for row in fleet}
    is_open = {row["device_uuid"]: row["open"] for row in window.get("devices") or ()}
    found: dict[str, list[str]] = {name: [] for name in ("hold", "release", "right", "left_alone", "missing")}
    for entry in devices:
        uuid = read_uuid(entry.get("device_uuid"), "device_uuid of %s" % entry.get("name"))
        row = shown.get(uuid)
        if row is None:
            found["missing"].append(entry.get("name") or uuid)
        elif uuid in own or row["name"] in own:
            found["left_alone"].append(uuid)
        elif not is_open.get(uuid, window["open"]):
            found["right" if row["held"] is True else "hold"].append(uuid)  # also when it is not known
        elif released:
            found["right" if row["held"] is False else "release"].append(uuid)
        else:
            found["left_alone"].append(uuid)
    counts: dict[str, t.Any] = {name: len(found[name]) for name in ("right", "left_alone")}
    lost = strangers(own, {name for row in fleet for name in (row["device_uuid"], row["name"])}, "the devices")
    if lost:
        Display().warning("connect_self_managed names %s. It has no effect on any device." % lost)
    return {**found, **counts}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"reconcile_plan": with_plain_data(reconcile_plan)}
