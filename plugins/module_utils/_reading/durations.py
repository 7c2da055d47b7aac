# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Lengths of time as people write them (45m, 1h30m, PT1H30M), and back into words."""

from __future__ import annotations

import re
import typing as t
from datetime import timedelta

from .._errors import InvalidInput

LONGEST = timedelta(days=3660)
ACCEPTED = "accepted: 45m, 2h, 1h30m, 1d, 90s, or ISO 8601 such as PT1H30M"

_SHORT = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?", re.ASCII | re.IGNORECASE)
_ISO = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII | re.IGNORECASE)
_UNITS = ("weeks", "days", "hours", "minutes", "seconds")


def read_duration(given: t.Any, where: str, *, zero: bool = False) -> timedelta:
    """A length, greater than zero unless that is accepted. Raises InvalidInput, naming it C(where)."""
    text = str(given).strip().replace(" ", "")
    if zero and text == "0":
        return timedelta(0)
    if re.fullmatch(r"[\d.]+", text, re.ASCII):
        # Neither 0m nor 1.5m is accepted.
        example = text if len(text) < 10 and text.strip("0").isdecimal() else "45"
        raise InvalidInput(
            "%s is %.40s, a number without a unit: say the unit, for example %sm." % (where, text, example)
        )
    found = _SHORT.fullmatch(text) or _ISO.fullmatch(text)
    if found is None or not any(found.groups()):
        raise InvalidInput("%s is %r, which is not a length of time; %s." % (where, str(given)[:40], ACCEPTED))
    if any(len(digits or "") > 9 for digits in found.groups()):
        raise InvalidInput("%s is longer than %d days." % (where, LONGEST.days))
    length = timedelta(**{unit: int(digits) for unit, digits in zip(_UNITS, found.groups(), strict=True) if digits})
    if not length and not zero:
        raise InvalidInput("%s is zero; %s." % (where, ACCEPTED))
    if length > LONGEST:
        raise InvalidInput("%s is longer than %d days." % (where, LONGEST.days))
    return length


def read_seconds(given: t.Any, where: str) -> timedelta:
    """As read_duration, but a bare number means seconds, and zero is accepted."""
    text = str(given).strip()
    return read_duration(text + "s" if re.fullmatch(r"\d+", text, re.ASCII) else text, where, zero=True)


def in_words(length: timedelta) -> str:
    """1h 30m"""
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = ((days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return " ".join("%d%s" % part for part in parts if part[0]) or "0s"
