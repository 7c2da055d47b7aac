# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/troubleshooting.md has a cause and a cure for each code that a result can carry, and no other code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.conftest import ROOT
from tests.docs.pages import page, rows, section

TITLES = re.findall(r"^## (.+)$", page("troubleshooting.md"), re.MULTILINE)[:-1]  # the last one is about symptoms
ROWS = [row for title in TITLES for row in rows(section(page("troubleshooting.md"), title))]
SAID = {row[0].strip("`") for row in ROWS}
SOURCES = sorted((ROOT / "plugins").rglob("*.py"))


def codes_in(path: Path) -> Iterator[str]:
    """Written down in the source: attributes and arguments that are called code, and what a docstring says of them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        value = getattr(node, "value", None)
        if not (isinstance(value, ast.Constant) and isinstance(value.value, str)):
            continue
        targets = getattr(node, "targets", [])
        if getattr(node, "arg", None) == "code" or any(
            re.fullmatch("code|[A-Z_]+_CODE", getattr(each, "id", "")) for each in targets
        ):
            yield value.value


def documented() -> set[str]:
    """What the modules say of their results."""
    found: set[str] = set()
    for path in (ROOT / "plugins" / "modules").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        returned = yaml.safe_load(text.split('RETURN = r"""')[1].split('"""')[0])
        for told in (returned, (returned.get("devices") or {}).get("contains") or {}):
            if "code" in told:
                found.update(re.findall(r"\bV\(([a-z_]+)\)", str(told["code"]["description"])))
    return found - {"null"}


def of_rollouts() -> set[str]:
    told = rows(section(page("maintenance_window.md"), "Outcomes and exit codes"))
    return {code for row in told for code in re.findall(r"`(\w+)`", row[1])}


def test_each_code_has_a_row_and_only_one():
    written = {code for path in SOURCES for code in codes_in(path) if code}
    assert len(written) > 15
    assert written - SAID == set()
    assert documented() - SAID == set()
    assert of_rollouts() - SAID == set()
    assert len(ROWS) == len(SAID)


def test_each_row_has_a_cause_and_a_cure():
    assert [row[0] for row in ROWS if len(row) != 3 or not all(row)] == []


def test_no_row_is_about_a_code_that_does_not_exist():
    sources = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("plugins", "roles")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".yml")
    )
    assert [code for code in SAID - of_rollouts() if not re.search(r"""["']%s["']""" % code, sources)] == []
