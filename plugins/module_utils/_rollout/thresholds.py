# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Does a rollout go on? Counts against limits, per wave and in all. What is not known never passes for success."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .._errors import InvalidInput
from .._reading.numbers import Amount, read_amount
from .._result import devices_word

TROUBLES = ("failed", "aborted", "timed_out", "unknown", "offline")
PROCEED, STOP, PAUSE = "proceed", "stop", "pause"
ACCEPTED = "accepted: a number of devices such as 2, or a part such as '5%'"


@dataclass(frozen=True)
class Counts:
    """How the devices of a wave fared. Those that need nothing are not counted; skipped ones only as C(due)."""

    due: int = 0  # meant to be updated
    success: int = 0
    failed: int = 0
    aborted: int = 0
    timed_out: int = 0  # still pending or in progress when the waiting was over
    unknown: int = 0
    offline: int = 0  # went offline after their release; also counted under what became of their update

    @property
    def sample(self) -> int:
        """Devices that say something about the update."""
        return self.success + self.failed + self.aborted + self.timed_out + self.unknown

    def plus(self, other: Counts) -> Counts:
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in vars(self)})

    def as_result(self) -> dict[str, int]:
        return {**vars(self), "sample": self.sample}


@dataclass(frozen=True)
class Limits:
    """Of one scope. None: no limit."""

    failed: Amount | None = None
    aborted: Amount | None = None
    timed_out: Amount | None = None
    unknown: Amount | None = None
    offline: Amount | None = None
    minimum: int = 1  # devices that must have a verdict before anything is concluded from their share

    def as_result(self) -> dict[str, t.Any]:
        said = {name: getattr(self, name) for name in TROUBLES}
        return {**{name: str(limit) for name, limit in said.items() if limit is not None}, "minimum": self.minimum}


NONE = Amount(0, False)
STRICT = Limits(failed=NONE, aborted=NONE, timed_out=NONE, unknown=NONE, offline=NONE)


@dataclass(frozen=True)
class Thresholds:
    wave: Limits = STRICT
    total: Limits = Limits()

    def as_result(self) -> dict[str, t.Any]:
        return {"wave": self.wave.as_result(), "total": self.total.as_result()}


@dataclass(frozen=True)
class Verdict:
    verdict: str
    code: str | None
    msg: str


def judge(counts: Counts, limits: Limits, scope: str) -> Verdict:
    """C(scope) names what is counted. The sentence of a stop is without its end, see C(stop_sentence)."""
    needed = min(limits.minimum, counts.due)
    for name in TROUBLES:
        limit, count = getattr(limits, name), getattr(counts, name)
        if limit is None or count <= limit.of(counts.sample):
            continue
        if limit.is_percent and counts.sample < needed:
            continue  # a share of too few says nothing: inconclusive, below
        return Verdict(
            STOP,
            "rollout_failed",
            "%s: %d of %s %s (limit %s)" % (scope, count, devices_word(counts.sample), name.replace("_", " "), limit),
        )
    if counts.sample < needed:
        return Verdict(
            PAUSE,
            "inconclusive",
            "%s: %d of %s needed for a verdict reported a result. Rerun when more of them can be reached."
            % (scope, counts.sample, devices_word(needed)),
        )
    return Verdict(PROCEED, None, "%s: %d of %s succeeded." % (scope, counts.success, devices_word(counts.due)))


def stop_sentence(verdict: Verdict, devices: str = "") -> str:
    """With the devices that went wrong, where they are known, and the next step."""
    return "%s%s. Check the update log in JFrog Connect, then rerun with connect_retry_failed=true." % (
        verdict.msg,
        ": %s" % devices if devices else "",
    )


def allowed_failures(limits: Limits, due: int) -> int:
    """How many may fail or be aborted before waiting for the others is pointless."""
    allowed = 0
    for limit in (limits.failed, limits.aborted):
        allowed += due if limit is None else int(limit.of(due))
    return min(allowed, due)


def read_thresholds(given: Mapping[str, t.Any]) -> Thresholds:
    """Raises InvalidInput. Without limits for the wave not a single device may go wrong in it."""
    for scope in given:
        if scope not in ("wave", "total"):
            raise InvalidInput("thresholds has %r; accepted: wave, total." % str(scope)[:40])
    return Thresholds(_read_limits("wave", given, STRICT), _read_limits("total", given, Limits()))


def _read_limits(scope: str, given: Mapping[str, t.Any], unless_said: Limits) -> Limits:
    limits = given.get(scope)
    if limits in (None, ""):
        return unless_said
    if not isinstance(limits, Mapping):
        raise InvalidInput("thresholds.%s is not a mapping of %s, minimum." % (scope, ", ".join(TROUBLES)))
    said: dict[str, t.Any] = {}
    for name, value in limits.items():
        where = "thresholds.%s.%s" % (scope, name)
        if name == "minimum":
            if not re.fullmatch(r"\d{1,7}", str(value).strip()) or int(value) < 1:
                raise InvalidInput("%s is %r; accepted: a number of devices, 1 or more." % (where, str(value)[:40]))
            said[name] = int(value)
        elif name in TROUBLES:
            said[name] = read_amount(value, where, ACCEPTED)
        else:
            raise InvalidInput("%s is not known; accepted: %s, minimum." % (where, ", ".join(TROUBLES)))
    return replace(unless_said, **said)
