#!/usr/bin/python
# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: connect_evidence
short_description: Record what a maintenance window did, and report on it
version_added: 0.2.0
description:
  - Adds records to a file of JSON lines on the controller, one for each thing that happened. Each record holds the hash
    of the one before, so that a record that is changed, removed, inserted or moved later is found.
  - Makes a report of the records, as JSON for programs and as one HTML file for people. The HTML needs no network and
    no JavaScript, and is as good on paper.
  - The role P(edgeops.jfrog_connect.rollout#role) uses it. Playbooks may add records of their own, which the report
    shows as they are.
author:
  - EdgeOps (@edgeops-collections)
attributes:
  check_mode:
    description: Can run in check mode and return the status that a real run would return.
    support: full
    details: Writes nothing. RV(hash) is V(null), because it depends on the time.
  diff_mode:
    description: Returns what has changed, or would change in check mode.
    support: none
  idempotent:
    description: Running it again with the same options changes nothing.
    support: partial
    details: Each O(event) is one more record. A report alone is written only when it differs.
  action:
    description: Has an action plugin, so some of its options may be available only on the controller.
    support: full
    details: All of it runs in the controller's process, whatever host the task is for. The host needs no Python.
options:
  path:
    description:
      - The file of JSON lines, by custom with the ending C(.jsonl). Give each run a file of its own.
      - Its folder is made with mode 0700 and the file with mode 0600, if they are not there yet.
      - Several processes may add to it at the same time. A record is on the disk when the task ends. A line that was
        cut off, because its writer was killed, is left as it is, and the next record starts a new line.
    type: path
    required: true
  event:
    description:
      - Name of what happened; adds a record. Give this, or O(report), or both.
    type: str
  data:
    description:
      - What is to be known about it. Needs O(event).
      - The C(timezone) in the first record of a file, an IANA name such as V(Europe/Paris), is that of the local times
        in all its records and in the report. Without, it is the controller's.
    type: dict
    default: {}
  report:
    description:
      - Make the report anew, in the files O(path) with C(.json) and with C(.html) in place of C(.jsonl).
      - May be done at any time, also while the run goes on, and after one that was killed.
    type: bool
    default: false
  secrets:
    description:
      - Texts that must not be written. Wherever one of them is in O(data), also as part of a longer text, quoted as in
        a URL or encoded in base64, V(***) is written in its place.
    type: list
    elements: str
    default: []
seealso:
  - plugin: edgeops.jfrog_connect.evidence_faults
    plugin_type: filter
"""

EXAMPLES = r"""
---
- name: Note who allowed it
  edgeops.jfrog_connect.connect_evidence:
    path: /var/log/connect/run-17.jsonl
    event: approved
    data:
      by: "{{ awx_user_name | default('') }}"
      change: CHG0031337

- name: Make the report
  edgeops.jfrog_connect.connect_evidence:
    path: /var/log/connect/run-17.jsonl
    report: true
  register: connect_evidence

- name: Keep the hash of the last record elsewhere, so that a shortened file is noticed
  ansible.builtin.debug:
    msg: "{{ connect_evidence.html_path }} ({{ connect_evidence.head }})"
"""

RETURN = r"""
path:
  description: The file of JSON lines, as an absolute path.
  type: str
  returned: success
  sample: /var/log/connect/run-17.jsonl
seq:
  description: Number of the record that was added, or would be in check mode. V(null) without O(event).
  type: int
  returned: success
  sample: 12
hash:
  description: Hash of the record that was added. V(null) without O(event) and in check mode.
  type: str
  returned: success
  sample: 0e7d51dd3c52a1bd5b9ad5a6c5f0a1f9e2c3d4b5a69788796a5b4c3d2e1f0a9b
head:
  description: Hash of the last record in the file. V(null) when there is none.
  type: str
  returned: success, with O(report)
  sample: 0e7d51dd3c52a1bd5b9ad5a6c5f0a1f9e2c3d4b5a69788796a5b4c3d2e1f0a9b
json_path:
  description: The report for programs.
  type: str
  returned: success, with O(report)
  sample: /var/log/connect/run-17.json
html_path:
  description: The report for people.
  type: str
  returned: success, with O(report)
  sample: /var/log/connect/run-17.html
faults:
  description: What is wrong with the chain of records, one sentence each. Empty when it is intact.
  type: list
  elements: str
  returned: success, with O(report)
  sample: []
msg:
  description: Why it failed, and what to do.
  type: str
  returned: failure
  sample: "Nothing is asked for: give event, to add a record, or report: true, or both."
code:
  description: Why it failed. V(invalid_option), or V(evidence_unusable) when a file cannot be read or written.
  type: str
  returned: failure
  sample: invalid_option
"""
