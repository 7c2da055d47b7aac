#!/usr/bin/python
# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: connect_update_trigger
short_description: Hold or release devices of JFrog Connect
version_added: 0.1.0
description:
  - Sets the I(update trigger) of one device or of thousands in one task. A device that is B(held) (O(trigger_set=true))
    receives no new updates; a device that is B(released) (O(trigger_set=false)) may receive them.
  - Reads first and writes only what differs, so a second run writes nothing.
  - Every device is attempted. The task fails at the end if any device failed, and RV(devices) then holds the rows of
    all of them.
author:
  - EdgeOps (@edgeops-collections)
extends_documentation_fragment:
  - edgeops.jfrog_connect.connection
  - edgeops.jfrog_connect.options.devices
  - edgeops.jfrog_connect.options.not_after
attributes:
  check_mode:
    description: Can run in check mode and return the status that a real run would return.
    support: full
    details: Reads, predicts, and sends nothing that could alter a device.
  diff_mode:
    description: Returns what has changed, or would change in check mode.
    support: full
  idempotent:
    description: Running it again with the same options changes nothing.
    support: partial
    details: >-
      With O(force=true) it writes each time. A device whose state cannot be read is written, and reported as changed.
options:
  trigger_set:
    description:
      - V(true) holds the devices, so that they receive no new updates. An update that is already running goes on.
      - V(false) releases them. Every deployment that waits for such a device may then start, not only yours.
    type: bool
    required: true
  device_token:
    description:
      - Token of one device, as its agent prints it (C(--print-token)). Give this or O(devices).
    type: str
  devices:
    description:
      - The devices to hold or release, each of them once. Give this or O(device_token).
      - On a command line and in a survey this may be the text of a JSON list.
      - With O(project) the state of those with a C(device_uuid) is read together with that of the other devices, and
        the list is trusted that a token belongs to its UUID, unless O(verify) shows otherwise. Without, that is checked
        before anything is sent.
  project:
    description:
      - Project (fleet) where the devices live. The state of O(devices) that have a C(device_uuid) is then read in
        pages of 50, instead of with one call for each. Devices that the pages do not show are read one by one.
    type: str
  group:
    description: Group of the O(project) where all the devices live, so that only that group is read.
    type: str
  force:
    description: Write without reading first. Each device is then reported as changed.
    type: bool
    default: false
  verify:
    description:
      - Read back after writing, and fail for the devices whose state is not the wanted one.
      - With O(project) this also finds a C(device_token) that belongs to another device than its C(device_uuid) says.
        That device is put back, if the pages showed how it was before, and both are named.
    type: bool
    default: false
seealso:
  - module: edgeops.jfrog_connect.connect_deploy
  - module: edgeops.jfrog_connect.connect_device_info
"""

EXAMPLES = r"""
---
- name: Hold one device
  edgeops.jfrog_connect.connect_update_trigger:
    user_token: "{{ vault_connect_user_token }}"
    device_token: "{{ vault_kiosk_17_token }}"
    trigger_set: true

- name: Release a fleet, reading its state 50 devices at a time
  edgeops.jfrog_connect.connect_update_trigger:
    user_token: "{{ vault_connect_user_token }}"
    devices: "{{ vault_kiosks }}" # a list of mappings with device_token, device_uuid and name
    project: Kiosks
    trigger_set: false
    verify: true
  register: released

- name: Name the devices that did not obey
  ansible.builtin.debug:
    msg: "{{ released.devices | selectattr('outcome', 'in', ['failed', 'unknown']) | map(attribute='name') | list }}"
"""

RETURN = r"""
msg:
  description: What was done to how many devices, and which ones failed and why.
  type: str
  returned: always
  sample: Held 3 devices; 197 already held.
code:
  description:
    - Why the task failed. V(invalid_option), V(unauthorized), V(device_not_found), V(device_mismatch),
      V(request_rejected), V(rate_limited), V(banned), V(unreachable), V(tls_error), V(no_reply), V(outcome_unknown),
      V(unobservable), V(verify_failed), V(missing_library), or V(devices_failed) when devices failed for
      different reasons.
    - V(superseded) when a later task on this machine wants the opposite, V(not_sent) when the run that started the task
      has ended. Neither was sent.
  type: str
  returned: failure
  sample: devices_failed
http_status:
  description: HTTP status of the answer that ended the task. V(null) when there was none.
  type: int
  returned: failure of the task as a whole
  sample: 400
devices:
  description: One row for each device, in the order given.
  type: list
  elements: dict
  returned: always, except when the options were refused
  contains:
    device_uuid:
      description: UUID of the device. Empty if it was not given and the device could not be read.
      type: str
    name:
      description: Name of the device. Empty if it was not given and the device could not be read.
      type: str
    before:
      description: Whether the device was held before. V(null) when that is not known.
      type: bool
    after:
      description: Whether the device is held now, or would be in check mode. V(null) when that is not known.
      type: bool
    outcome:
      description:
        - V(changed), V(unchanged), V(failed), or V(unknown) when it was sent and no verdict came back.
      type: str
    code:
      description: Why the device failed, one of the values of RV(code). V(null) otherwise.
      type: str
      sample: device_not_found
    msg:
      description: The reason in words. V(null) unless the device failed.
      type: str
      sample: "POST /v1/set_update_trigger: the service refused it (HTTP 400): no such device."
  sample:
    - device_uuid: d-1a2b-3c4d
      name: kiosk-17
      before: false
      after: true
      outcome: changed
      code:
      msg:
summary:
  description: How many devices had which outcome.
  type: dict
  returned: always, except when the options were refused
  contains:
    total:
      description: All devices.
      type: int
    changed:
      description: Devices that were written, or would be in check mode.
      type: int
    unchanged:
      description: Devices that were as wanted.
      type: int
    failed:
      description: Devices that could not be held or released.
      type: int
    unknown:
      description: Devices of which it is not known whether they were written.
      type: int
  sample: {total: 200, changed: 3, unchanged: 197, failed: 0, unknown: 0}
api_calls:
  description: What the task cost.
  type: dict
  returned: always, except when the options were refused
  contains:
    reads:
      description: Requests that read.
      type: int
    writes:
      description: Requests that write.
      type: int
    retries:
      description: How many of these were repetitions.
      type: int
    waited_seconds:
      description: Seconds spent waiting for rate limits and faults. Waits that overlap count once.
      type: float
  sample: {reads: 4, writes: 3, retries: 0, waited_seconds: 0.0}
"""

from ..module_utils._errors import ConnectError
from ..module_utils._module import ConnectModule
from ..module_utils._service.client import run
from ..module_utils._service.connection import Connection
from ..module_utils._service.deadline import DEADLINE_SPEC
from ..module_utils._trigger.apply import apply_trigger
from ..module_utils._trigger.plan import DEVICES_SPEC, TriggerRequest


def main() -> None:
    module = ConnectModule(
        {
            "trigger_set": {"type": "bool", "required": True},
            "device_token": {"type": "str", "no_log": True},
            "devices": DEVICES_SPEC,
            "project": {"type": "str"},
            "group": {"type": "str"},
            "force": {"type": "bool", "default": False},
            "verify": {"type": "bool", "default": False},
            "not_after": DEADLINE_SPEC,
        }
    )
    try:
        connection = Connection.read(module.params)
        request = TriggerRequest.read(module.params)
        report = run(connection, lambda client: apply_trigger(request, client, module.check_mode), module.warn)
    except ConnectError as err:
        module.refuse(err)
    module.finish(report)


if __name__ == "__main__":
    main()
