# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""tests/PROOF.md names each promise with mutations of the table that are its own, and files that are there."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT
from tests.mutations.table import PROMISES

PAGE = (ROOT / "tests" / "PROOF.md").read_text(encoding="utf-8")
ROWS = {
    int(number): (shown, taken)
    for number, shown, taken in re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
}


def test_each_of_the_thirteen_promises_has_a_row_and_mutations():
    assert list(ROWS) == list(range(1, 14))
    assert sorted(PROMISES) == list(ROWS)
    assert [number for number, mutations in PROMISES.items() if not mutations] == []


@pytest.mark.parametrize("number", ROWS)
def test_the_mutations_of_a_row_take_away_this_promise(number):
    named = set(re.findall(r"`([^`]+)`", ROWS[number][1]))
    assert named
    assert named <= {mutation.name for mutation in PROMISES[number]}


def test_each_file_that_is_named_is_there():
    named = set(re.findall(r"`([\w/]+\.(?:py|md))`", PAGE))
    assert len(named) > 20
    assert [name for name in named if not any((ROOT / folder / name).is_file() for folder in ("", "tests"))] == []
