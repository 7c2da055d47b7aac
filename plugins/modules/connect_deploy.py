#!/usr/bin/python
# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: connect_deploy
short_description: Send an update flow to devices of JFrog Connect, at most once
version_added: 0.1.0
description:
  - Sends an update flow to the devices that O(groups) and O(filters) select, and only to those that still need it.
  - Each deployment carries a B(mark), a fingerprint of the flow, target, app, parameters and O(deployment_key), at the
    start of its comment. Before sending, every targeted device is searched for the mark, so that however often the
    task runs the deployment happens at most once.
  - When a reply is lost, the devices are read again. What cannot be found there is reported as not known, with code
    V(outcome_unknown), and nothing is sent twice on a guess.
author:
  - EdgeOps (@edgeops-collections)
extends_documentation_fragment:
  - edgeops.jfrog_connect.connection
  - edgeops.jfrog_connect.options.deployment
  - edgeops.jfrog_connect.options.filters
  - edgeops.jfrog_connect.options.not_after
attributes:
  check_mode:
    description: Can run in check mode and return the status that a real run would return.
    support: full
    details: Reads the target, returns the plan, sends nothing and waits for nothing.
  diff_mode:
    description: Returns what has changed, or would change in check mode.
    support: full
  idempotent:
    description: Running it again with the same options changes nothing.
    support: full
    details: >-
      A repeat finds the earlier deployment by its mark; another O(deployment_key) makes another deployment. A mark is
      found as long as the service shows it: it is assumed to show the last 50 updates of a device, and to show an
      update within two minutes.
options:
  include_current:
    description:
      - Send also to devices that have the version of O(app) already, for example because an update failed half-way on
        them and the recorded version says little.
    type: bool
    default: false
    version_added: 0.2.0
  resend:
    description:
      - What to do when only a part of the target still needs the deployment.
      - V(needed) sends it to each of these devices with a call of its own.
      - V(all) sends it once more to the whole target, also to the devices that have it already.
    type: str
    choices: [needed, all]
    default: needed
  wave:
    description:
      - Send, in this run, only to a part of the target. What is given must all hold for a device.
      - It does not change which deployment it is, so waves of one deployment share its mark, and a device that is in
        two waves gets the deployment once.
    type: dict
    version_added: 0.2.0
    suboptions:
      groups:
        description: Devices of any of these groups, which must be among O(groups) if those are given.
        type: list
        elements: str
      filters:
        description: Predicates as in O(filters).
        type: list
        elements: dict
        suboptions:
          type:
            description: As O(filters[].type).
            type: str
            required: true
            choices: [specific_device, tag, app, device_state, update_status, deployment]
          operand:
            description: As O(filters[].operand).
            type: str
            choices: [is, is_not]
            default: is
          value:
            description: As O(filters[].value).
            type: str
            required: true
          app_version:
            description: As O(filters[].app_version).
            type: str
      device_uuids:
        description:
          - Exactly these devices. The service cannot be given a list, so each of them costs a call, unless groups and
            filters reach no other device.
        type: list
        elements: str
  wait:
    description: Wait until the deployment has finished on every device, or on too many has failed.
    type: bool
    default: false
  wait_timeout:
    description:
      - The longest to wait, in seconds, from V(1) to V(604800).
      - A device that is offline or held does not finish.
    type: int
    default: 1800
  wait_until:
    description:
      - Wait no longer than until this instant, such as the close of the window, whenever the sending began.
      - ISO 8601 with a zone, such as V(2026-11-23T05:00:00+01:00).
    type: str
    version_added: 0.2.0
  max_failures:
    description:
      - How many devices may fail before the task fails, and stops waiting. When more have failed already, in an earlier
        run, nothing more is sent.
      - With O(max_failure_percent), the larger of the two counts.
    type: int
    default: 0
  max_failure_percent:
    description:
      - How many percent of the targeted devices, without those that are current, may fail, from V(0) to V(100).
    type: int
    default: 0
seealso:
  - module: edgeops.jfrog_connect.connect_update_trigger
  - module: edgeops.jfrog_connect.connect_device_info
"""

EXAMPLES = r"""
---
- name: Send the new kiosk software to the canaries and wait for them
  edgeops.jfrog_connect.connect_deploy:
    user_token: "{{ vault_connect_user_token }}"
    flow_id: f-77aa-01bc
    project: Kiosks
    filters:
      - type: tag
        value: canary
    app:
      name: kiosk_ui
      version: "3.2.0"
    deployment_key: CHG-4711
    wait: true

- name: Send it to two groups, accepting that two percent of the devices fail
  edgeops.jfrog_connect.connect_deploy:
    user_token: "{{ vault_connect_user_token }}"
    flow_id: f-77aa-01bc
    project: Kiosks
    groups: [Floor-1, Floor-2]
    parameters:
      ui_tag: "3.2.0"
    comment: Autumn release
    wait: true
    wait_timeout: 7200
    max_failure_percent: 2
"""

RETURN = r"""
msg:
  description: What was sent to how many devices, and what went wrong.
  type: str
  returned: always
  sample: "Sent flow f-77aa-01bc to 198 devices of 200 (198 needed, 2 current), mark ans-5c1e90aa77bb01cc22dd."
code:
  description:
    - Why the task failed. V(rollout_failed) when too many devices failed; V(still_running) when the time was over;
      V(unobservable) when the devices could not be read at the end; V(outcome_unknown) when it is not known whether
      something was sent; V(empty_target) when no device is selected; V(devices_failed) when calls for some devices were
      refused for different reasons; or V(invalid_option), V(unauthorized), V(request_rejected), V(rate_limited),
      V(banned), V(unreachable), V(tls_error), V(no_reply), V(unreadable_reply), V(missing_library).
  type: str
  returned: failure
  sample: rollout_failed
http_status:
  description: HTTP status of the answer that ended the task. V(null) when there was none.
  type: int
  returned: failure of the task as a whole
  sample: 400
deployment:
  description: The deployment itself.
  type: dict
  returned: when the target could be read
  contains:
    mark:
      description: The fingerprint to search for in the web UI.
      type: str
    comment:
      description: The comment that the deployment carries, which is the mark and O(comment).
      type: str
    secret_parameters:
      description: Names of the O(secret_parameters).
      type: list
      elements: str
    calls:
      description: How many calls sent it, or would in check mode.
      type: int
  sample:
    mark: ans-5c1e90aa77bb01cc22dd
    comment: ans-5c1e90aa77bb01cc22dd Autumn release
    secret_parameters: [wifi_password]
    calls: 1
plan:
  description:
    - UUIDs of the targeted devices by what they needed before anything was sent. The same in check mode.
  type: dict
  returned: when the target could be read
  contains:
    needed:
      description: Devices to which it was never sent.
      type: list
      elements: str
    retry:
      description: Devices on which it failed or was aborted, and that get it again because of O(retry_failed).
      type: list
      elements: str
    current:
      description: Devices to which it was never sent, and that have the version of O(app) already.
      type: list
      elements: str
    done:
      description: Devices on which it succeeded.
      type: list
      elements: str
    in_flight:
      description: Devices that have it pending or in progress.
      type: list
      elements: str
    failed:
      description: Devices on which it failed.
      type: list
      elements: str
    aborted:
      description: Devices on which it was aborted.
      type: list
      elements: str
  sample: {needed: [d-1a2b-3c4d], retry: [], current: [], done: [], in_flight: [], failed: [], aborted: []}
devices:
  description: One row for each targeted device.
  type: list
  elements: dict
  returned: when the target could be read
  contains:
    device_uuid:
      description: UUID of the device.
      type: str
    name:
      description: Name of the device.
      type: str
    group:
      description: Group of the device.
      type: str
    held:
      description: Whether the device is held, and so cannot start the update. V(null) when not known.
      type: bool
    plan:
      description: What the device needed before, one of the keys of RV(plan).
      type: str
    status:
      description:
        - State of the deployment on the device when last seen, V(pending), V(in_progress), V(success), V(failed) or
          V(aborted). V(null) when the device does not show it.
      type: str
    attempts:
      description: How often the device shows the deployment, sendings by earlier runs included.
      type: int
    seconds:
      description:
        - Seconds from the sending in this run until the device was seen to have finished, as exact as O(wait_interval).
          V(null) when it was not sent in this run, or was not seen to finish.
      type: float
      sample: 92.5
    outcome:
      description:
        - V(changed) when it was sent to the device, V(unchanged) when it was not, V(failed) when it could not be sent
          or failed on the device, V(unknown) when it was sent and no verdict came back.
      type: str
    code:
      description:
        - Why the device failed, V(update_failed), V(not_sent), V(window_closed) or one of the values of RV(code).
          V(null) otherwise.
      type: str
      sample: update_failed
    msg:
      description: The reason in words. V(null) unless the device failed.
      type: str
      sample: "Its update failed. Run the task again with retry_failed: true to send it again."
  sample:
    - device_uuid: d-1a2b-3c4d
      name: kiosk-17
      group: Floor-2
      held: false
      plan: needed
      status: pending
      attempts: 1
      seconds:
      outcome: changed
      code:
      msg:
summary:
  description: How many devices had which outcome, and which status.
  type: dict
  returned: when the target could be read
  contains:
    total:
      description: All targeted devices.
      type: int
    changed:
      description: Devices to which it was sent, or would be in check mode, and on which it did not fail.
      type: int
    unchanged:
      description: Devices to which nothing was sent.
      type: int
    failed:
      description: Devices to which it could not be sent, or on which it failed.
      type: int
    unknown:
      description: Devices of which it is not known whether it was sent.
      type: int
    statuses:
      description: How many devices were last seen in which state of the deployment.
      type: dict
    sent:
      description: Devices to which it was sent in this run, or would be in check mode, whatever came of it.
      type: int
    duplicates:
      description: Devices that carry more than one unfailed update with the mark. A warning names one of them.
      type: int
  sample:
    total: 200
    changed: 198
    unchanged: 2
    failed: 0
    unknown: 0
    sent: 198
    statuses: {pending: 198, in_progress: 0, success: 0, failed: 0, aborted: 0}
    duplicates: 0
api_calls:
  description: What the task cost.
  type: dict
  returned: when the target could be read
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

from ..module_utils._deploy.apply import apply_deployment
from ..module_utils._deploy.request import DEPLOY_SPEC, DeployRequest
from ..module_utils._errors import ConnectError
from ..module_utils._module import ConnectModule
from ..module_utils._service.client import run
from ..module_utils._service.connection import Connection


def main() -> None:
    module = ConnectModule(DEPLOY_SPEC)
    try:
        connection = Connection.read(module.params)
        request = DeployRequest.read(module.params)
        report = run(connection, lambda client: apply_deployment(request, client, module.check_mode), module.warn)
    except ConnectError as err:
        module.refuse(err)
    module.finish(report)


if __name__ == "__main__":
    main()
