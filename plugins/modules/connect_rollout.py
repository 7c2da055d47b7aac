#!/usr/bin/python
# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: connect_rollout
short_description: Roll an update flow out in waves, inside maintenance windows
version_added: 0.3.0
description:
  - Carries out one step of a rollout. The role P(edgeops.jfrog_connect.rollout#role) calls the steps in their order,
    with hooks of your own between them. Most users want that role, or the playbook
    C(edgeops.jfrog_connect.maintenance_window).
  - V(plan) reads the fleet, plans, and waits until a window is open. V(wave) carries out one wave. It asks the window,
    releases the devices, sends the flow, waits, judges the result, holds the devices again, soaks, and rolls back if it
    has to. V(end) holds what must not stay released, and concludes.
  - What a wave released is held before its task ends, also when the task fails or is ended by SIGTERM or SIGINT.
  - A step writes what it does into the evidence, see M(edgeops.jfrog_connect.connect_evidence).
author:
  - EdgeOps (@edgeops-collections)
extends_documentation_fragment:
  - edgeops.jfrog_connect.connection
  - edgeops.jfrog_connect.options.deployment
  - edgeops.jfrog_connect.options.devices
  - edgeops.jfrog_connect.options.filters
attributes:
  check_mode:
    description: Can run in check mode and return the status that a real run would return.
    support: full
    details: V(plan) reads, plans, and writes the plan as files for its approval. The other steps do nothing.
  diff_mode:
    description: Returns what has changed, or would change in check mode.
    support: none
  idempotent:
    description: Running it again with the same options changes nothing.
    support: full
    details: A rollout is recognised by the mark in the comments of its deployments, so a second run sends nothing.
options:
  step:
    description: The step to carry out.
    type: str
    choices: [plan, wave, end]
    required: true
  wave:
    description: Name of the wave, one of those in RV(plan). Needed for V(wave).
    type: str
  state:
    description: What the step before returned as RV(state). Needed for V(wave).
    type: dict
  failure:
    description: What went wrong between the steps, for example in a hook, with C(code) and C(msg). Used by V(end).
    type: dict
  lost:
    description:
      - A step before left no result, because it timed out or its host was unreachable. V(end) then holds every device
        that the step may have released.
    type: bool
    default: false
  devices:
    description: The devices that can be held and released. Those without a C(device_uuid) cannot take part.
    required: true
  waves:
    description:
      - The waves in order. A number of devices, a share of the fleet such as V(5%), or a mapping with one of C(size),
        C(tag), C(groups) and C(devices), and C(name) and C(soak).
      - Numbers and shares say how much of the fleet is reached when the wave is over, earlier waves included.
    type: list
    elements: raw
    default: ["100%"]
  wave_seed:
    description: Another seed puts other devices into waves by size. The default is the mark of the deployment.
    type: str
  thresholds:
    description:
      - How many devices may go wrong, in C(wave) and in C(total), each as a number or as a share of those with a
        result. Keys are C(failed), C(aborted), C(timed_out), C(unknown), C(offline) and C(minimum).
    type: dict
  soak:
    description: How long to leave a wave alone before it is judged once more, as V(10m) or in seconds.
    type: raw
    default: 0
  wait_timeout:
    description: The longest to wait for a wave, in seconds. A wave never waits beyond the close of the window.
    type: int
    default: 3600
  max_update_time:
    description:
      - What an update needs, such as V(20m). Nothing is started when less than this is left of the window.
      - Without it, the 95th percentile of what the updates of this run needed, and 30 minutes until that is known.
    type: raw
  windows:
    description: When updates may start, see O(edgeops.jfrog_connect.connect_window#module:windows).
    type: raw
  blackouts:
    description: When they may not, see O(edgeops.jfrog_connect.connect_window#module:blackouts).
    type: raw
  override:
    description: Opens a window that is closed, see O(edgeops.jfrog_connect.connect_window#module:override).
    type: raw
  window_wait:
    description: The longest to wait for a window to open, as V(2h) or in seconds.
    type: raw
    default: 0
  offline:
    description:
      - What to do with devices that are offline. V(skip) leaves them out for good, V(hold) leaves them for the next
        run, V(wait) sends to them and waits, V(fail) refuses to start.
    type: str
    choices: [skip, wait, hold, fail]
    default: hold
  foreign_pending:
    description: What to do with held devices on which another update is pending, which their release would start.
    type: str
    choices: [fail, skip, allow]
    default: fail
  untracked:
    description:
      - What to do with devices of the target that are not among O(devices), or are there with another UUID. They can be
        neither released nor held. V(skip) leaves them out for good, V(fail) refuses to start.
    type: str
    choices: [fail, skip]
    default: fail
    version_added: 0.3.0
  self_managed:
    description: Devices, by name or UUID, whose own application holds and releases them. They are left alone.
    type: list
    elements: str
  after:
    description:
      - How devices that took part are left. V(hold) holds them, V(release) leaves those released that succeeded,
        V(restore) leaves each as it was found. What has not finished is held in any case.
    type: str
    choices: [hold, release, restore]
    default: hold
  incomplete_ok:
    description: Succeed when devices were left for the next run, or the window closed.
    type: bool
    default: false
  approved_digest:
    description: The digest of the plan that was approved. With another plan nothing is sent.
    type: str
  rollback_flow_id:
    description: Flow to send to the devices that were touched when a threshold stops the rollout.
    type: str
  rollback_app:
    description: App and version that the rollback installs.
    type: dict
    suboptions:
      name:
        description: Name of the app.
        type: str
        required: true
      version:
        description: Version of the app, quoted.
        type: str
        required: true
  rollback_outside_window:
    description: Roll back although the window is closed.
    type: bool
    default: false
  hooks:
    description:
      - Files with tasks of your own that run between the steps. The module does not run them; it reads the fleet again
        after them.
    type: dict
    suboptions:
      before_window:
        description: Once, before the first wave.
        type: str
      before_wave:
        description: Before each wave.
        type: str
      after_wave:
        description: After each wave.
        type: str
      after_window:
        description: Once, before the end.
        type: str
  evidence_dir:
    description:
      - Folder for the evidence, and for the plans of check mode. The default is C(connect-evidence) in the working
        directory.
    type: path
  return_devices:
    description:
      - Which RV(devices) to return with O(step=end). All are in the evidence.
      - With V(changed), those that show an update of this rollout, also of an earlier run, or a rollback. With
        V(failed), those for which there is something to do, without those that are left out for good.
      - A row takes about 400 bytes, and AWX shows no details of an event above 1 MB.
    type: str
    choices: [all, changed, failed]
    default: all
  report_timezone:
    description: Zone of the local times in the evidence.
    type: str
    default: UTC
  about:
    description: What the evidence is to say about who runs it, such as C(user) and C(job_id).
    type: dict
  play_hosts:
    description: Number of hosts of the play. More than one is refused, because each would carry out the whole rollout.
    type: int
    default: 1
seealso:
  - module: edgeops.jfrog_connect.connect_update_trigger
  - module: edgeops.jfrog_connect.connect_deploy
  - module: edgeops.jfrog_connect.connect_window
  - module: edgeops.jfrog_connect.connect_evidence
"""

EXAMPLES = r"""
---
- name: Carry out a rollout of one wave
  module_defaults:
    edgeops.jfrog_connect.connect_rollout:
      devices: "{{ connect_devices }}"
      project: Kiosks
      flow_id: f-77aa-01bc
      groups: [Floor-1]
      app: {name: kiosk_ui, version: "3.2.0"}
      waves: ["100%"]
      windows:
        - {name: night, timezone: Europe/Paris, start: "22:00", end: "04:00"}
  block:
    - name: Plan
      edgeops.jfrog_connect.connect_rollout:
        step: plan
      register: connect_plan

    - name: Carry out the wave
      edgeops.jfrog_connect.connect_rollout:
        step: wave
        wave: "{{ connect_plan.plan.waves[0].name }}"
        state: "{{ connect_plan.state }}"
      register: connect_wave

    - name: Hold what must not stay released, and conclude
      edgeops.jfrog_connect.connect_rollout:
        step: end
        state: "{{ connect_wave.state }}"
"""

RETURN = r"""
state:
  description: What the next step needs. It holds no token.
  type: dict
  returned: success
  sample: {run_id: 20261127T020000Z-123456, code: null, packed: eJyrVkrLz1eyUkpKLFKqBQAkPQTZ}
go:
  description: Whether a further wave would do anything.
  type: bool
  returned: success
  sample: true
touched:
  description: How many devices this run has released or sent to.
  type: int
  returned: success
  sample: 2
began:
  description: Whether the wave began.
  type: bool
  returned: success, with O(step=wave)
  sample: true
hooks:
  description: The O(hooks) that are given.
  type: dict
  returned: success, with O(step=plan)
  sample: {}
text:
  description: The plan for the person who reads it, line by line.
  type: list
  elements: str
  returned: success, with O(step=plan)
  sample: ["8 of 8 devices to be updated with flow f-77aa-01bc in 2 waves, 0 current, 0 in conflict."]
plan:
  description: The plan without its devices, with C(digest), C(mark), C(waves), C(counts), C(conflicts) and C(refused).
  type: dict
  returned: success, with O(step=plan)
  sample: {digest: 1f0a9be2c3d4b5a6, mark: ans-0e7d51dd3c52a1bd5b9a}
plan_files:
  description:
    - In check mode, the files C(html) and C(csv) with a row for each device, for the person who approves the plan.
      They are in O(evidence_dir).
  type: dict
  returned: with O(step=plan), in check mode
  sample: {html: /home/ops/connect-evidence/plan-20261127T020000Z-123456.html}
rollout:
  description:
    - The outcome of the run, with C(outcome), C(code), C(msg), C(summary), C(failed), C(after) and C(left_open), the
      names of devices that could not be held.
  type: dict
  returned: with O(step=end)
  sample:
    outcome: succeeded
    code: null
    msg: "8 devices: 8 updated."
    summary: {total: 8, updated: 8, failed: 0}
    failed: false
    after: hold
    left_open: []
devices:
  description: One row for each device of the plan, with its outcome.
  type: list
  elements: dict
  returned: with O(step=end), as O(return_devices) says
  sample:
    - {device_uuid: d-1a2b-3c4d, name: kiosk-0001, outcome: updated, reason: Its update succeeded., next_step: null}
evidence:
  description: The file with the records of the run. V(null) in check mode.
  type: str
  returned: success
  sample: /home/ops/connect-evidence/20261127T020000Z-123456.jsonl
report:
  description: The report of the run, with C(html_path), C(json_path), C(head) and C(faults).
  type: dict
  returned: with O(step=end), unless in check mode
  sample: {html_path: /home/ops/connect-evidence/20261127T020000Z-123456.html}
api_calls:
  description: Requests of this step, with C(reads), C(writes), C(retries) and C(waited_seconds).
  type: dict
  returned: success
  sample: {reads: 4, writes: 0, retries: 0, waited_seconds: 0.0}
msg:
  description: What the step did, or why it failed and what to do.
  type: str
  returned: always
  sample: "canary: 2 of 2 devices succeeded."
code:
  description: Why a step could not be carried out, see the guide to troubleshooting.
  type: str
  returned: failure
  sample: invalid_option
"""

from ..module_utils._errors import ConnectError
from ..module_utils._module import ConnectModule
from ..module_utils._rollout.request import ROLLOUT_SPEC, read_request
from ..module_utils._rollout.step import STEP_SPEC, carry_out
from ..module_utils._service.client import run
from ..module_utils._service.connection import Connection
from ..module_utils._trigger.plan import DEVICES_SPEC


def main() -> None:
    module = ConnectModule({**STEP_SPEC, **ROLLOUT_SPEC, "devices": {**DEVICES_SPEC, "required": True}})
    if module.params["step"] == "end":  # it holds, at any time, even if a calendar cannot be read any more
        module.params.update(windows=None, blackouts=None, override=None)
    try:
        connection = Connection.read(module.params)
        request = read_request(module.params, module.params["devices"])
        report = run(
            connection,
            lambda client: carry_out(module.params, request, client, module.hider, module.check_mode),
            module.warn,
            on_signal=True,
        )
    except ConnectError as err:
        module.refuse(err)
    module.finish(report)


if __name__ == "__main__":
    main()
