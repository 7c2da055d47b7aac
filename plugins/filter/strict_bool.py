# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: strict_bool
short_description: A truth value as people and surveys write it
version_added: 0.3.0
description:
  - Reads the words that Ansible knows for true and false, in any case and with blanks around them.
  - Anything else is refused, where P(ansible.builtin.bool#filter) would say false.
author:
  - EdgeOps (@edgeops-collections)
positional: name, default
options:
  _input:
    description: The value.
    type: raw
    required: true
  name:
    description: What to call it in a refusal.
    type: str
    required: true
  default:
    description: The result when the value is null or blank.
    type: bool
    default: false
"""

EXAMPLES = r"""
---
- name: Write only when it was asked for
  ansible.builtin.debug:
    msg: It is going to be written.
  when: not answer | edgeops.jfrog_connect.strict_bool('answer')
"""

RETURN = r"""
_value:
  description: The truth value.
  type: bool
"""

import typing as t
from collections.abc import Callable

from ..module_utils._reading.booleans import read_boolean
from ..module_utils._reading.names import is_blank
from ..plugin_utils._plain import with_plain_data


@with_plain_data
def strict_bool(given: t.Any, name: str, default: bool = False) -> bool:
    return default if is_blank(given) else read_boolean(given, name)


class FilterModule:
    def filters(self) -> dict[str, Callable[..., t.Any]]:
        return {"strict_bool": strict_bool}
