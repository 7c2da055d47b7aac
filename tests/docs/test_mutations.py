# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of mutations fits the code; whether each of them is noticed: python -m tests.mutations."""

from __future__ import annotations

import pytest

from tests.mutations.__main__ import ROOT, patched
from tests.mutations.table import MUTATIONS


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_each_mutation_still_changes_the_code_and_names_tests_that_are_there(mutation):
    texts = patched(mutation, ROOT)
    assert all(text != (ROOT / file).read_text(encoding="utf-8") for file, text in texts.items())
    assert mutation.tests
    assert [test for test in mutation.tests if not (ROOT / test).is_file()] == []


def test_no_two_mutations_have_one_name():
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
