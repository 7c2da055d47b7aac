# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the filters and the test about windows take in common."""

    DOCUMENTATION = r"""
options:
  _input:
    description: The windows, as O(edgeops.jfrog_connect.connect_window#module:windows) takes them.
    type: list
    elements: dict
    required: true
  blackouts:
    description: The blackouts, as O(edgeops.jfrog_connect.connect_window#module:blackouts) takes them.
    type: list
    elements: dict
  at:
    description: The instant to ask about, such as V(2026-11-23T01:30:00Z), instead of now. It needs a zone.
    type: str
  min_remaining:
    description: How much of an opening must be left for it to count as open, such as V(45m).
    type: str
  timezone:
    description: Zone of the device, for windows and blackouts with the timezone V(device).
    type: str
"""
