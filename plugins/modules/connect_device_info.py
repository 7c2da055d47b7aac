#!/usr/bin/python
# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: connect_device_info
short_description: Read devices of JFrog Connect
version_added: 0.1.0
description:
  - Returns devices with their hold, online state, tags, apps and updates in a normalised form.
  - Never changes anything. Reads 50 devices with one request, and their online states with another.
author:
  - EdgeOps (@edgeops-collections)
extends_documentation_fragment:
  - edgeops.jfrog_connect.connection
  - edgeops.jfrog_connect.options.filters
attributes:
  check_mode:
    description: Can run in check mode and return the status that a real run would return.
    support: full
  diff_mode:
    description: Returns what has changed, or would change in check mode.
    support: none
    details: It changes nothing.
  idempotent:
    description: Running it again with the same options changes nothing.
    support: full
options:
  project:
    description: Project (fleet) to read. Without it, and without O(device_token), all devices of the account are read.
    type: str
  group:
    description: Group of the O(project) to read.
    type: str
  device_name:
    description: Read only devices with exactly this name.
    type: str
  device_token:
    description: Read the one device with this token. Excludes O(project), O(group) and O(device_name).
    type: str
seealso:
  - module: edgeops.jfrog_connect.connect_update_trigger
  - module: edgeops.jfrog_connect.connect_deploy
"""

EXAMPLES = r"""
---
- name: Read the released canaries of a project
  edgeops.jfrog_connect.connect_device_info:
    user_token: "{{ vault_connect_user_token }}"
    project: Kiosks
    filters:
      - type: tag
        value: canary
  register: canaries

- name: Refuse to go on while a canary is offline
  ansible.builtin.assert:
    that: canaries.summary.offline == 0
    fail_msg: "{{ canaries.devices | rejectattr('online') | map(attribute='name') | join(', ') }} must be online."
"""

RETURN = r"""
msg:
  description: How many devices there are, and in which state.
  type: str
  returned: always
  sample: "200 devices: 180 held, 20 released, 194 online."
code:
  description:
    - Why the task failed. V(invalid_option), V(unauthorized), V(device_not_found), V(request_rejected),
      V(rate_limited), V(banned), V(unreachable), V(tls_error), V(no_reply), V(unreadable_reply) or
      V(missing_library).
  type: str
  returned: failure
  sample: unauthorized
http_status:
  description: HTTP status of the answer that ended the task. V(null) when there was none.
  type: int
  returned: failure of the task as a whole
  sample: 400
devices:
  description: One row for each device.
  type: list
  elements: dict
  returned: success
  contains:
    device_id:
      description: The service's number of the device.
      type: int
      sample: 4411
    device_uuid:
      description: UUID of the device.
      type: str
      sample: d-1a2b-3c4d
    name:
      description: Name of the device.
      type: str
      sample: kiosk-17
    project:
      description: Project (fleet) of the device.
      type: str
      sample: Kiosks
    group:
      description: Group of the device.
      type: str
      sample: Floor-2
    held:
      description: Whether the device receives no new updates. V(null) when the service does not say.
      type: bool
      sample: true
    online:
      description: Whether the device is online. V(null) when the service does not say.
      type: bool
      sample: true
    tags:
      description: Tags of the device.
      type: list
      elements: str
      sample: [canary]
    apps:
      description: Apps of the device, name to version.
      type: dict
      sample: {kiosk_ui: 3.1.0}
    updates:
      description: Updates of the device, oldest first.
      type: list
      elements: dict
      contains:
        update_id:
          description: The service's number of the update on this device.
          type: int
        status:
          description: V(pending), V(in_progress), V(success), V(failed) or V(aborted).
          type: str
        version:
          description: Version of the app that the deployment named.
          type: str
        comment:
          description: Comment of the deployment.
          type: str
        scheduled_at:
          description: When the deployment was scheduled, in UTC. V(null) when not known.
          type: str
      sample:
        - update_id: 9001
          status: success
          version: 3.2.0
          comment: ans-5c1e90aa77bb01cc22dd autumn release
          scheduled_at: "2026-05-02T01:10:00Z"
    agent_version:
      description: Version of the Connect Agent.
      type: str
      sample: "6.2"
    description:
      description: Description of the device.
      type: str
      sample: Entrance hall
    ip:
      description: Address of the device.
      type: str
      sample: 192.0.2.17
    last_seen:
      description: Last sign of life, in UTC. V(null) when not known.
      type: str
      sample: "2026-05-02T01:14:09Z"
    registered_at:
      description: When the device was registered, in UTC. V(null) when not known.
      type: str
      sample: "2025-11-20T08:00:00Z"
  sample: []
summary:
  description: How many devices are in which state.
  type: dict
  returned: success
  contains:
    total:
      description: All devices.
      type: int
    held:
      description: Devices that receive no new updates.
      type: int
    released:
      description: Devices that may receive updates.
      type: int
    online:
      description: Devices that are online.
      type: int
    offline:
      description: Devices that are offline.
      type: int
    last_update:
      description: How many devices have a last update in which state.
      type: dict
  sample:
    total: 200
    held: 180
    released: 20
    online: 194
    offline: 6
    last_update: {pending: 0, in_progress: 0, success: 198, failed: 2, aborted: 0}
complete:
  description:
    - Whether the list was read to its end. V(false) when the service announced more devices but repeated what it had
      sent; a warning says so too.
  type: bool
  returned: success
  sample: true
api_calls:
  description: What the task cost.
  type: dict
  returned: success
  contains:
    reads:
      description: Requests that read.
      type: int
    writes:
      description: Requests that write, none.
      type: int
    retries:
      description: How many of these were repetitions.
      type: int
    waited_seconds:
      description: Seconds spent waiting for rate limits and faults. Waits that overlap count once.
      type: float
  sample: {reads: 4, writes: 0, retries: 0, waited_seconds: 0.0}
"""

from ..module_utils._errors import ConnectError
from ..module_utils._module import ConnectModule
from ..module_utils._service.client import run
from ..module_utils._service.connection import Connection
from ..module_utils._service.fleet import InfoRequest, describe_devices
from ..module_utils._service.models import FILTER_SPEC


def main() -> None:
    module = ConnectModule(
        {
            "project": {"type": "str"},
            "group": {"type": "str"},
            "device_name": {"type": "str"},
            "device_token": {"type": "str", "no_log": True},
            "filters": FILTER_SPEC,
        }
    )
    try:
        connection = Connection.read(module.params)
        request = InfoRequest.read(module.params)
        report = run(connection, lambda client: describe_devices(request, client), module.warn)
    except ConnectError as err:
        module.refuse(err)
    module.finish(report)


if __name__ == "__main__":
    main()
