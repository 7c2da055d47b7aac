# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/architecture.md shows each file of module_utils, each package and module, and names files that are there."""

from __future__ import annotations

import re

from tests.conftest import ROOT
from tests.docs.pages import page, section

PAGE = page("architecture.md")
TREE = PAGE.split("```")[1]
PLUGINS = ROOT / "plugins"


def test_the_tree_names_each_file_of_the_private_code():
    files = [path for path in sorted((PLUGINS / "module_utils").rglob("*.py")) if path.name != "__init__.py"]
    assert len(files) > 40
    words = set(re.findall(r"\w+", TREE))
    assert [str(path.relative_to(PLUGINS)) for path in files if path.stem not in words] == []


def test_the_tree_names_each_module_and_package():
    names = {path.stem for path in (PLUGINS / "modules").glob("*.py")}
    names |= {path.name for path in PLUGINS.glob("*_utils/*") if path.is_dir() and path.name != "__pycache__"}
    assert names <= set(re.findall(r"\w+", TREE))


def test_a_newcomer_finds_the_files_that_are_named():
    answers = re.findall(r"^\| Where [^|]+\? \| ([^|]+) \|$", section(PAGE, "Where is ...?"), re.MULTILINE)
    assert len(answers) > 5
    for answer in answers:
        folder = ROOT
        for name in re.findall(r"`([\w/]+\.\w+)`", answer):
            path = folder / name if "/" not in name else (ROOT if name.startswith("docs") else PLUGINS) / name
            assert path.is_file() or (path.suffix == ".css" and path.parent.is_dir()), name
            folder = path.parent
