# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the doors for templates, filters and tests, have in common."""

from __future__ import annotations

import functools
import typing as t
from collections.abc import Callable, Mapping
from datetime import date

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import ConnectError


def plain(value: t.Any) -> t.Any:
    """Without the tags and the laziness of ansible-core's own types."""
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(child) for key, child in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(child) for child in value]
    if value is None or isinstance(value, (bool, int, float, date)):
        return value
    return str.__str__(str(value))


def with_refusals(work: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """For filters and tests: refusals come out as Ansible shows them."""

    @functools.wraps(work)
    def door(*given: t.Any, **named: t.Any) -> t.Any:
        try:
            return work(*given, **named)
        except ConnectError as err:
            raise AnsibleFilterError(err.msg) from err

    return door


def with_plain_data(work: Callable[..., t.Any]) -> Callable[..., t.Any]:
    """The same, and plain data go in."""

    guarded = with_refusals(work)

    @functools.wraps(work)
    def door(*given: t.Any, **named: t.Any) -> t.Any:
        return guarded(*map(plain, given), **{name: plain(value) for name, value in named.items()})

    return door
