# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each row of the fault table in docs/idempotency.md is complete and names tests that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.unit.plugins.test_faults import FAULTS

TESTS = Path(__file__).resolve().parent.parent.parent
GUIDE = TESTS.parent / "docs" / "idempotency.md"
HEADER = "| Fault | Moment | What the task does | What it reports | What a re-run does | Test |"
NAMED = re.compile(r"`([\w/]+\.py)::(\w+)(?:\[([^\]]+)\])?`")


def rows() -> list[list[str]]:
    """The cells of each row, without the ones that are headings."""
    lines = GUIDE.read_text(encoding="utf-8").split(HEADER + "\n")[1].split("\n\n")[0].splitlines()[1:]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [cells for cells in table if not (cells[0].startswith("**") and not any(cells[1:]))]


@cache
def names_in(file: str) -> tuple[set[str], set[str]]:
    """The functions and the texts of a test file; an id of a parameter is one of the texts."""
    nodes = list(ast.walk(ast.parse((TESTS / file).read_text(encoding="utf-8"))))
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return functions, {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_the_table_is_there():
    assert len(rows()) > 40


@pytest.mark.parametrize("cells", rows(), ids=lambda cells: " ".join(cells[:2])[:60])
def test_a_row_says_everything_and_names_tests_that_exist(cells):
    assert len(cells) == 6
    fault, moment, _does, reports, again, tests = cells
    assert all((fault, moment, reports, again, tests))
    named = NAMED.findall(tests)
    assert named
    assert NAMED.sub("", tests).replace(",", "").split() == []
    for file, function, parameter in named:
        functions, texts = names_in(file)
        assert function in functions
        assert function.startswith("test_")
        assert not parameter or parameter in texts


def test_every_fault_that_is_played_has_a_row():
    """The other way round: a fault that is added to the tests is added to the table."""
    named = {test for cells in rows() for test in NAMED.findall(cells[5])}
    file = "unit/plugins/test_faults.py"
    for function in ("test_a_deployment_under_a_fault", "test_a_hold_under_a_fault"):
        assert {(file, function, fault) for fault in FAULTS} <= named
    functions = {name for name in names_in(file)[0] if name.startswith("test_")}
    assert functions == {function for where, function, _parameter in named if where == file}
