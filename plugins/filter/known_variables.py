# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: known_variables
short_description: Warn about misspelt variables of the collection
version_added: 0.3.0
description:
  - Warns once about each name that begins with C(connect_) and that no role and no playbook of the collection reads,
    with the nearest name that one of them does read.
  - Names that begin with C(connect__) are private to the collection.
author:
  - EdgeOps (@edgeops-collections)
positional: in_waves
options:
  _input:
    description: Names of variables.
    type: list
    elements: str
    required: true
  in_waves:
    description: Whether C(connect_wave) and C(connect_hook) may be there, as in hooks and in the playbook C(deploy).
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: Warn about misspelt variables
  ansible.builtin.debug:
    msg: "{{ query('ansible.builtin.varnames', '^connect_') | edgeops.jfrog_connect.known_variables | length }}"
"""

RETURN = r"""
_value:
  description: The same names.
  type: list
  elements: str
"""

import typing as t
from collections.abc import Callable

from ansible.utils.display import Display

from ..plugin_utils._plain import with_plain_data
from ..plugin_utils._variables import warnings


@with_plain_data
def known_variables(names: list[str], in_waves: bool = False) -> list[str]:
    for warning in warnings(names, in_waves):
        Display().warning(warning)  # shown once, however often the expression is evaluated
    return names


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"known_variables": known_variables}
