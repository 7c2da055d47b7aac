# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a status has to say at one minute, read off the painted minutes as far as they reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.oracle.battery import Case
from tests.oracle.oracle import LEAD, Opening, Oracle, runs, utc_of

UNKNOWN = object()  # beyond the minutes that were painted, or not laid down


@dataclass(frozen=True)
class Truth:
    painted: bytearray
    runs: list[Opening]
    lit: bytearray  # without the blackouts
    skipped: list[int]  # when a window opens and closes at once
    dark_skipped: list[int]
    start: int
    end: int

    @classmethod
    def of(cls, oracle: Oracle, case: Case) -> Truth:
        windows = case.means or case.windows
        painted = oracle.open_minutes(windows, case.blackouts, case.device)
        lit = oracle.open_minutes(windows, (), case.device) if case.blackouts else painted
        skipped, dark_skipped = (
            [opens for one in some for opens, closes in oracle.openings(one, case.device) if closes <= opens]
            for some in (windows, case.blackouts)
        )
        return cls(painted, runs(painted, oracle.start), lit, skipped, dark_skipped, oracle.start, oracle.end)

    def at(self, minute: int) -> Opening | None:
        return next((one for one in self.runs if one[0] <= minute < one[1]), None)

    def is_near(self, minute: int, least: int) -> bool:
        """Whether a next opening that is long enough is known from start to end."""
        return any(minute < opens <= closes - least and closes < self.end for opens, closes in self.runs)

    def expected(self, minute: int, least: int) -> dict[str, Any]:
        run = self.at(minute)
        if run is not None and run[1] == self.end:
            return {}
        is_open = run is not None and run[1] - minute >= least
        answer: dict[str, Any] = {"open": is_open, "reason": self._reason(minute, run, is_open)}
        if run is None:
            answer |= {"opened_at": None, "closes_at": None}
        elif is_open:
            began = utc_of(run[0]) if run[0] > self.start + LEAD else UNKNOWN
            answer |= {"opened_at": began, "closes_at": utc_of(run[1])}
        for opens, closes in self.runs:
            if opens > minute and closes - opens >= least:
                answer |= {
                    "next_opening": utc_of(opens),
                    "next_close": UNKNOWN if closes == self.end else utc_of(closes),
                }
                break
            if opens > minute and closes == self.end:
                break
        return answer

    def contradicts(self, opens: datetime | None) -> bool:
        """Whether C(opens) is within the painted minutes, of which none is known to be the next opening."""
        return opens is not None and opens < utc_of(self.runs[-1][0] if self._open_at_the_end() else self.end)

    def _open_at_the_end(self) -> bool:
        return bool(self.runs) and self.runs[-1][1] == self.end

    def _reason(self, minute: int, run: Opening | None, is_open: bool) -> str:
        if is_open:
            return "open"
        if run is not None:
            return "too_little_left"
        return "blackout" if self.lit[minute - self.start] else "outside"

    def notes_a_skip(self, minute: int, expected: dict[str, Any]) -> Any:
        """Whether a skipped occurrence has to be among the notes: one between now and the next opening.

        A later one may be among them too.
        """
        following = expected.get("next_opening", UNKNOWN)
        if expected.get("open", True) or following is UNKNOWN:
            return UNKNOWN
        if any(utc_of(minute) < utc_of(one) < following for one in self.skipped):
            return True
        return UNKNOWN if any(one >= minute for one in self.skipped + self.dark_skipped) else False


def apart(truth: Truth, got: Any, minute: int, least: int) -> Iterator[str]:
    """Where a status of the engine contradicts what is known."""
    expected = truth.expected(minute, least)
    for name, value in expected.items():
        if value is not UNKNOWN and getattr(got, name) != value:
            yield "%s is %s, engine %s" % (name, _text(value), _text(getattr(got, name)))
    if expected and "next_opening" not in expected and truth.contradicts(got.next_opening):
        yield "next_opening is not before %s, engine %s" % (_text(utc_of(truth.end)), _text(got.next_opening))
    noted = truth.notes_a_skip(minute, expected)
    if noted is not UNKNOWN and noted is not any("skipped" in note for note in got.notes):
        yield "a skipped occurrence %s to be noted, engine %s" % ("has" if noted else "has not", list(got.notes))


def _text(value: Any) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)
