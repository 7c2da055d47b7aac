# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: inventory_devices
short_description: Devices of inventory hosts, for connect_update_trigger
version_added: 0.1.0
description:
  - Turns a list of inventory hosts into the list that the option
    O(edgeops.jfrog_connect.connect_update_trigger#module:devices) takes.
  - Each host needs the variable C(connect_device_token) and, unless its state is to be read one by one,
    C(connect_device_uuid). C(connect_timezone) is passed on where a host has it.
author:
  - EdgeOps (@edgeops-collections)
positional: hostvars
options:
  _input:
    description: Names of inventory hosts.
    type: list
    elements: str
    required: true
  hostvars:
    description: The magic variable C(hostvars).
    type: dict
    required: true
seealso:
  - plugin: edgeops.jfrog_connect.connect_update_trigger
    plugin_type: module
  - plugin: edgeops.jfrog_connect.connect_window
    plugin_type: module
"""

EXAMPLES = r"""
---
- name: Hold the hosts of a group
  edgeops.jfrog_connect.connect_update_trigger:
    devices: "{{ groups['kiosks'] | edgeops.jfrog_connect.inventory_devices(hostvars) }}"
    trigger_set: true
"""

RETURN = r"""
_value:
  description:
    - One mapping for each host, with C(device_token), C(device_uuid) and C(name), and with C(timezone) if the host has
      C(connect_timezone), for the O(edgeops.jfrog_connect.connect_window#module:devices) of
      M(edgeops.jfrog_connect.connect_window).
  type: list
  elements: dict
"""

import typing as t
from collections.abc import Iterable

from ..module_utils._errors import InvalidInput
from ..module_utils._reading.names import several
from ..plugin_utils._hosts import Device, HostVars, read_host
from ..plugin_utils._plain import with_refusals


@with_refusals
def inventory_devices(hosts: Iterable[str], hostvars: HostVars) -> list[Device]:
    devices = [read_host(str(host), hostvars) for host in hosts]
    without = [device["name"] for device in devices if not device["device_token"]]
    if without:
        raise InvalidInput(
            "These hosts have no connect_device_token that can be read: %s. Give each one, for example in a vaulted "
            "host_vars file, or take the host out of the group." % several(without)
        )
    return devices


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"inventory_devices": inventory_devices}
