# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/hooks.md has each file of tasks that is shipped, and each variable that it reads."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT
from tests.docs.pages import page, rows, section

PAGE = page("hooks.md")
TASKS = ROOT / "roles" / "hooks" / "tasks"
SHIPPED = {
    "hooks/chat.yml": "Chat",
    "hooks/servicenow.yml": "ServiceNow",
    "hooks/upload_evidence.yml": "After the rollout",
}
# Of the role and of its results.
KNOWN = {"connect_hook", "connect_hook_text", "connect_hook_result", "connect_deployment_key", "connect_evidence"}


def test_each_file_is_named():
    files = {"hooks/" + file.name for file in TASKS.glob("*") if file.name != "told.yml"}
    named = {row[0].strip("`") for row in rows(PAGE) if row[0].endswith(".yml`")}
    assert set(SHIPPED) == named == files


@pytest.mark.parametrize(("file", "title"), SHIPPED.items())
def test_each_variable_is_explained(file, title):
    text = (TASKS / file.removeprefix("hooks/")).read_text(encoding="utf-8")
    read = {name for name in re.findall(r"(?<![\w.])connect_\w+", text) if not name.startswith("connect__")}
    assert {row[0].strip("`") for row in rows(section(PAGE, title))} == read - KNOWN
