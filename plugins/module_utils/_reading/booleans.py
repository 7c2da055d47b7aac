# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Truth values, in the words that Ansible accepts."""

from __future__ import annotations

import typing as t

from .._errors import InvalidInput
from .names import shown

TRUE, FALSE = ("true", "yes", "on", "1", "y", "t"), ("false", "no", "off", "0", "n", "f")


def read_boolean(given: t.Any, where: str) -> bool:
    """Raises InvalidInput for everything that is neither: what cannot be read is not false."""
    word = str(given).strip().lower() if isinstance(given, (bool, int, str)) else ""
    if word not in (*TRUE, *FALSE):
        raise InvalidInput("%s is %s; accepted: true or false (or yes, no, on, off)." % (where, shown(given)))
    return word in TRUE
