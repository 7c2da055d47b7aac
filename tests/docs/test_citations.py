# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What docstrings and guides cite exists: sections and open questions of docs/connect-api.md, pages, headings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

CONTRACT = (ROOT / "docs" / "connect-api.md").read_text(encoding="utf-8")
QUESTIONS = set(re.findall(r"^\| (U\d+) \|", CONTRACT, re.MULTILINE))
RULES = {"5.%s" % number for number in re.findall(r"^(\d+)\. ", CONTRACT.split("\n## 5.")[1].split("\n## ")[0], re.M)}
SECTIONS = {number.rstrip(".") for number in re.findall(r"^##+ (\d+(?:\.\d+)?)", CONTRACT, re.MULTILINE)} | RULES
CODE = [path for folder in ("plugins", "emulator") for path in sorted((ROOT / folder).rglob("*.py"))]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"] + [
    path for pattern in ("docs/*.md", "roles/*/README.md", "tests/**/*.md") for path in sorted(ROOT.glob(pattern))
]
CITATION = re.compile(r"connect-api\.md`?,?\s+((?:sections?\s+)?\d[\d., toand]*)")


def cited_sections(text: str) -> set[str]:
    return {
        number
        for place in CITATION.findall(re.sub(r"\n\s*#?\s*", " ", text))
        for number in re.findall(r"\d+(?:\.\d+)?", place)
    }


def anchor(heading: str) -> str:
    """What GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


def test_the_contract_has_the_sections_and_questions_that_are_cited_most():
    assert {"1", "2", "2.0", "2.2", "2.7", "3.3", "5.11", "6", "7"} <= SECTIONS
    assert {"U%d" % number for number in range(1, 25)} == QUESTIONS


def test_a_citation_is_found_in_each_way_of_writing_it():
    text = "Pages (connect-api.md 2.2 and U21), the mark (connect-api.md 5.11);\n    connect-api.md section 2."
    assert cited_sections(text) == {"2.2", "5.11", "2"}


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_citation_in_the_code_can_be_looked_up(path):
    text = path.read_text(encoding="utf-8")
    assert cited_sections(text) - SECTIONS == set()
    assert set(re.findall(r"\bU\d{1,2}\b", text)) - QUESTIONS == set()


def test_each_mark_of_evidence_names_a_source_that_is_listed():
    sources = set(re.findall(r"^(\d+)\. ", CONTRACT.split("\n## 7. Sources")[1], re.MULTILINE))
    cited = {
        number
        for mark in re.findall(r"\[(?:[^\]]* )?D ([\d ,ab-]+)", CONTRACT.split("\n## 7. Sources")[0])
        for part in re.findall(r"\d+(?:-\d+)?", mark)
        for number in map(str, range(int(part.split("-")[0]), int(part.split("-")[-1]) + 1))
    }
    assert cited
    assert cited - sources == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_each_link_of_a_page_leads_somewhere(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _hash, heading = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (heading and heading not in anchors(target)):
            lost.append(link)
    assert lost == []
