# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""The one reader of JSON from outside: what could break something further on is not JSON to it. Pure."""

from __future__ import annotations

import json
import typing as t

LARGEST_NUMBER = 2**63 - 1


def read_json(text: str | None) -> t.Any:
    """What C(text) says, or None when it is absent, cut off, not JSON, or JSON that no honest service sends.

    That is nesting beyond Python's stack, an integer of more than 64 bits, NaN, and half a surrogate pair.
    """
    try:
        answer = json.loads(text or "", parse_int=_integer, parse_constant=_refuse)
        if "\\ud" in (text or "").lower():  # the only way for half of a pair to get in
            json.dumps(answer, ensure_ascii=False).encode("utf-8")
        return answer
    except (ValueError, RecursionError):
        return None


def read_object(text: str | None) -> dict[str, t.Any]:
    """As read_json; empty when it is no object."""
    answer = read_json(text)
    return answer if isinstance(answer, dict) else {}


def _integer(digits: str) -> int:
    number = int(digits) if len(digits) < 30 else None
    if number is None or abs(number) > LARGEST_NUMBER:
        raise ValueError("a number of more than 64 bits")
    return number


def _refuse(constant: str) -> t.NoReturn:
    raise ValueError(constant)
