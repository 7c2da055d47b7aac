# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that several modules take."""

    DEVICES = r"""
options:
  devices:
    description:
      - The devices to hold and release, each of them once.
      - On a command line and in a survey this may be the text of a JSON list.
    type: list
    elements: dict
    suboptions:
      device_token:
        description: Token of the device, as its agent prints it (C(--print-token)).
        type: str
        required: true
      device_uuid:
        description: UUID of the device, such as V(d-1a2b-3c4d), by which the service's lists name it.
        type: str
      name:
        description: Name to use in messages and results.
        type: str
      timezone:
        description: IANA name of its zone, for windows with the C(timezone) V(device). Otherwise ignored.
        type: str
"""

    NOT_AFTER = r"""
options:
  not_after:
    description:
      - Send nothing after this instant, such as the close of the window less what an update needs. It is checked right
        before each call, when all waiting for rate limits is over.
      - ISO 8601 with a zone, such as V(2026-11-23T04:30:00+01:00).
      - What is not sent because of it has the code V(window_closed).
    type: str
    version_added: 0.2.0
"""

    FILTERS = r"""
options:
  filters:
    description:
      - Predicates, all of which must hold for a device.
      - On a command line and in a survey this may be the text of a JSON list.
    type: list
    elements: dict
    suboptions:
      type:
        description:
          - V(specific_device) compares the UUID, V(tag) and V(app) look for one among those of the device,
            V(device_state) is V(online) or V(offline), and V(update_status) is the state of the device's last update.
          - V(deployment) is known to the service but refused here, because API v1 does not tell which devices belong
            to a deployment.
        type: str
        required: true
        choices: [specific_device, tag, app, device_state, update_status, deployment]
      operand:
        description: V(is_not) is not accepted for V(device_state).
        type: str
        choices: [is, is_not]
        default: is
      value:
        description:
          - What to compare with, case sensitive.
          - For V(device_state) one of V(online) and V(offline); for V(update_status) one of V(pending), V(in_progress),
            V(success), V(failed) and V(aborted).
        type: str
        required: true
      app_version:
        description: Version that an V(app) must have. A deployment accepts it only together with C(parameters).
        type: str
"""

    DEPLOYMENT = r"""
options:
  flow_id:
    description: ID of the update flow, from the web UI.
    type: str
    required: true
  project:
    description: Project (fleet) of the devices.
    type: str
    required: true
  groups:
    description: Devices of any of these groups of the O(project).
    type: list
    elements: str
  all_devices:
    description:
      - Must be V(true) to send to every device of the O(project), when neither O(groups) nor O(filters) is given.
    type: bool
    default: false
  app:
    description:
      - App and version that the flow installs. A device that finishes successfully gets this version recorded.
      - Devices to which the deployment was never sent, and that have this version already, are not sent anything.
    type: dict
    suboptions:
      name:
        description: Name of the app, which must exist.
        type: str
        required: true
      version:
        description: Version of the app. Quote it, so that V(3.10) stays what it is.
        type: str
        required: true
  comment:
    description:
      - Your own words. They follow the mark in the deployment's comment, and do not change which deployment it is.
    type: str
  parameters:
    description:
      - Update parameters of the flow, name to value. Values are texts, so put numbers and C(true) in quotes. They are
        visible, so put secrets into O(secret_parameters).
      - When given, also when empty, the deployment goes through C(/v2/deploy_update) instead of C(/v1/deploy_update).
    type: dict
  secret_parameters:
    description:
      - More update parameters, as O(parameters), whose values are secret. A name may be in one of the two only. They
        are a mapping or its JSON text.
      - Results, diffs, plans, logs and evidence show their names. A value is hidden wherever else it occurs in them, so
        it must have at least 6 characters.
      - The service receives the values and may show them in its web UI, and devices receive them.
      - Another value makes another deployment. So does another O(user_token), because the mark holds the values as a
        keyed hash (HMAC-SHA256) with O(user_token) as its key, so that nobody else can test guesses with the mark.
    type: dict
    version_added: 0.3.0
  deployment_key:
    description:
      - What makes two deployments of the same thing different, such as a change number or the start of the window.
      - The same flow, target, app, parameters and key are the same deployment, however often the task runs.
    type: str
  retry_failed:
    description: Send again to devices on which the deployment failed or was aborted.
    type: bool
    default: false
  wait_interval:
    description: Seconds between two reads of the devices, from V(1) to V(3600).
    type: int
    default: 30
"""
