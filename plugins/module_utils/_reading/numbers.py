# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""Whole numbers, and amounts that may be a share."""

from __future__ import annotations

import re
import typing as t

from .._errors import InvalidInput
from .names import digits, shown

LARGEST = 10**9


def read_whole(given: t.Any, where: str, least: int = -LARGEST, most: int = LARGEST) -> int:
    """A whole number from C(least) to C(most). Raises InvalidInput."""
    number = given
    if isinstance(given, str) and re.fullmatch(r"[+-]?\d{1,10}", given.strip(), re.ASCII):
        number = int(given)
    if not isinstance(number, int) or isinstance(number, bool):
        raise InvalidInput("%s is %s; accepted: a whole number%s." % (where, shown(given), _span(least, most)))
    if not least <= number <= most:
        raise InvalidInput("%s is %.20s; accepted: %d to %d." % (where, digits(number), least, most))
    return number


def _span(least: int, most: int) -> str:
    return " from %d to %d" % (least, most) if (least, most) != (-LARGEST, LARGEST) else ""
