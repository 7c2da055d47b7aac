# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Algebra of half-open intervals [opens, closes)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Interval:
    """[opens, closes) in UTC, and the windows that it consists of."""

    opens: datetime
    closes: datetime
    names: tuple[str, ...] = ()

    @property
    def length(self) -> timedelta:
        return self.closes - self.opens


def unite(pieces: Iterable[Interval]) -> list[Interval]:
    """In order and disjoint: what overlaps or touches becomes one."""
    united: list[Interval] = []
    for piece in sorted(pieces, key=lambda each: each.opens):
        if united and piece.opens <= united[-1].closes:
            last = united[-1]
            more = tuple(name for name in piece.names if name not in last.names)
            united[-1] = Interval(last.opens, max(last.closes, piece.closes), last.names + more)
        else:
            united.append(piece)
    return united


def subtract(pieces: Iterable[Interval], gone: Sequence[Interval]) -> Iterator[Interval]:
    """What is left of each piece; C(gone) is in order and disjoint."""
    ends = [each.closes for each in gone]
    for piece in pieces:
        opens = piece.opens
        for at in range(bisect_right(ends, opens), len(gone)):
            each = gone[at]
            if each.opens >= piece.closes:
                break
            if each.opens > opens:
                yield Interval(opens, each.opens, piece.names)
            opens = each.closes
        if opens < piece.closes:
            yield Interval(opens, piece.closes, piece.names)
