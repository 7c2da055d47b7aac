# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pages of docs/ as tests read them: sections, and the rows of their tables."""

from __future__ import annotations

import re

from tests.conftest import ROOT


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def section(text: str, title: str) -> str:
    """What stands below a heading of the second level, until the next one."""
    return text.split("\n## %s\n" % title)[1].split("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of each row that begins with code."""
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.*\|$", text, re.MULTILINE)
    ]
    return [row for row in cells if row[0].startswith("`")]
