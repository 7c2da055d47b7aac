# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each promise in docs/maintenance_window.md names tests that exist, and what turns them red when it is taken away."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT
from tests.mutations.table import MUTATIONS, PROMISES

GUIDE = (ROOT / "docs" / "maintenance_window.md").read_text(encoding="utf-8")
SECTION = GUIDE.split("\n## How it is proven\n")[1]
ROWS = {
    int(number): cells.split(" | ") for number, cells in re.findall(r"^\| (\d+) \| (.+) \|$", SECTION, re.MULTILINE)
}


def test_ten_promises_have_a_row_and_something_to_take_away():
    assert list(ROWS) == list(PROMISES) == list(range(1, 11))
    assert all(PROMISES.values())


def test_what_is_taken_away_belongs_to_one_promise_at_most():
    promised = [mutation.name for mutations in PROMISES.values() for mutation in mutations]
    assert len(promised) == len(set(promised))
    assert set(promised) <= {mutation.name for mutation in MUTATIONS}


@pytest.mark.parametrize("number", ROWS)
def test_a_row_names_tests_that_exist_and_what_is_taken_away(number):
    _promise, tests, names = ROWS[number]
    files = re.findall(r"`([^`]+)`", tests)
    assert files
    assert [file for file in files if not (ROOT / "tests" / file).is_file()] == []
    shown = re.findall(r"`([^`]+)`", names)
    known = {mutation.name: mutation for mutation in PROMISES[number]}
    assert shown
    assert [name for name in shown if name not in known] == []
    # One of the tests of the row is to notice it.
    assert [name for name in shown if not {"tests/" + file for file in files} & set(known[name].tests)] == []


def test_the_random_rollouts_of_the_unit_tests_are_counted():
    source = (ROOT / "tests" / "unit" / "plugins" / "test_rollout_machine.py").read_text(encoding="utf-8")
    (after_the_last,) = re.findall(r"^SMOKE = range\(1, (\d+)\)$", source, re.MULTILINE)
    assert "the first %d are part of the unit tests" % (int(after_the_last) - 1) in SECTION
