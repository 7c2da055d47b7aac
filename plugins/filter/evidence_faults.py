# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: evidence_faults
short_description: What is wrong with a chain of evidence
version_added: 0.2.0
description:
  - Checks the lines that M(edgeops.jfrog_connect.connect_evidence) wrote. Each record holds its own hash and that of
    the record before it, so a record that was changed, removed, inserted or moved is found, and named with its line.
  - Records that were cut off at the end of the file cannot be seen in what is left. Compare the hash of the last record
    with one that was kept elsewhere; the playbook C(edgeops.jfrog_connect.verify_evidence) does that.
author:
  - EdgeOps (@edgeops-collections)
options:
  _input:
    description: The text of the file.
    type: str
    required: true
seealso:
  - module: edgeops.jfrog_connect.connect_evidence
"""

EXAMPLES = r"""
---
- name: Fail when the evidence of a run was tampered with
  ansible.builtin.assert:
    that: connect_faults == []
    fail_msg: "{{ connect_faults | first | default('') }}"
  vars:
    connect_faults: >-
      {{ lookup('ansible.builtin.file', '/var/log/connect/run-17.jsonl') | edgeops.jfrog_connect.evidence_faults }}
"""

RETURN = r"""
_value:
  description: One sentence for each fault, with the line. Empty when the chain is intact.
  type: list
  elements: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._evidence.record import Chain
from ..plugin_utils._plain import with_plain_data


@with_plain_data
def evidence_faults(text: t.Any) -> list[str]:
    if not isinstance(text, str):
        raise AnsibleFilterError("evidence_faults takes the text of a file, not a %s." % type(text).__name__)
    return list(Chain.read(text).faults)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"evidence_faults": evidence_faults}
