# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: device_choice
short_description: Devices that a role or playbook is meant to act on
version_added: 0.3.0
description:
  - Reads the variables C(connect_devices), C(connect_inventory_group) and C(connect_only) as the roles do, and says
    which devices are meant.
  - Names in C(connect_only) that belong to no device, and groups that are not in the inventory, are refused.
author:
  - EdgeOps (@edgeops-collections)
positional: groups, hostvars
options:
  _input:
    description:
      - Mapping with C(devices), C(inventory_group) and C(only). What is left out, null or blank is not given.
    type: dict
    required: true
  groups:
    description: The magic variable C(groups).
    type: dict
    required: true
  hostvars:
    description: The magic variable C(hostvars).
    type: dict
    required: true
  limit:
    description: The magic variable C(ansible_limit), if it is defined. Hosts that it leaves out are not devices of the
      run.
    type: str
"""

EXAMPLES = r"""
---
- name: Hold two hosts of a group
  edgeops.jfrog_connect.connect_update_trigger:
    devices: "{{ (asked | edgeops.jfrog_connect.device_choice(groups, hostvars)).devices }}"
    trigger_set: true
  vars:
    asked:
      inventory_group: kiosks
      only: kiosk-0001, kiosk-0002
"""

RETURN = r"""
_value:
  description:
    - C(devices), for the O(edgeops.jfrog_connect.connect_update_trigger#module:devices) of
      M(edgeops.jfrog_connect.connect_update_trigger), C(text), the same as JSON text, C(without_token), the names of
      devices that were meant but have no token that can be read, and C(device_uuids), the UUIDs of all devices that
      were meant.
  type: dict
"""

import json
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..module_utils._reading.names import is_blank
from ..plugin_utils._hosts import HostVars, choose
from ..plugin_utils._plain import plain, with_refusals


@with_refusals
def device_choice(
    given: Mapping[str, t.Any],
    groups: Mapping[str, Sequence[str]],
    hostvars: HostVars,
    limit: str | None = None,
) -> dict[str, t.Any]:
    # A template may make null a text.
    choice = choose(plain(given), groups, hostvars, None if is_blank(limit) else str(limit))
    # Ansible copies each of 10,000 mappings a dozen times on their way into a module, and a text not once.
    return {**vars(choice), "text": json.dumps(choice.devices)}


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"device_choice": device_choice}
