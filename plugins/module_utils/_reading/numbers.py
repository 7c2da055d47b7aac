# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Whole numbers, and amounts of devices that may be a share."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Amount:
    """A number of devices, or a share of them in percent."""

    number: float
    is_percent: bool

    def of(self, total: int) -> float:
        return total * self.number / 100 if self.is_percent else self.number

    def __str__(self) -> str:
        return "%.10g%s" % (self.number, "%" if self.is_percent else "")


def read_amount(given: t.Any, where: str, accepted: str) -> Amount:
    """C(2) or C('5%'); C(accepted) is the end of the refusal. Raises InvalidInput."""
    found = None if isinstance(given, bool) else re.fullmatch(r"(\d{1,7}(?:\.\d{1,3})?)\s*(%?)", str(given).strip())
    if found is None:
        raise InvalidInput("%s is %r; %s." % (where, str(given)[:40], accepted))
    amount = Amount(float(found.group(1)), bool(found.group(2)))
    if amount.is_percent and amount.number > 100:
        raise InvalidInput("%s is %s; accepted: 100%% at most." % (where, amount))
    if not amount.is_percent and not amount.number.is_integer():
        raise InvalidInput("%s is %s: a number of devices is a whole number." % (where, amount))
    return amount


def _span(least: int, most: int) -> str:
    return " from %d to %d" % (least, most) if (least, most) != (-LARGEST, LARGEST) else ""
