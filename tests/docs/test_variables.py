# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reference of the workflow says each variable of the role, its default, and what it accepts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.plan import CLASSES
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout import end as rollout_end
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout import plan as rollout_plan
from tests.conftest import ROOT
from tests.docs.pages import page, rows
from tests.docs.pages import section as section_of

GUIDE = page("maintenance_window.md")
ROLES = ("rollout", "maintenance_window")


def section(title: str) -> str:
    return section_of(GUIDE, title)


def options(role: str) -> dict[str, Any]:
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["argument_specs"]["main"]["options"]


def as_shown(option: dict[str, Any]) -> str:
    if "Required." in " ".join(option["description"]):  # said by the role itself, in one sentence
        return "required"
    default = option.get("default")
    return "" if default is None else "`%s`" % (default if isinstance(default, str) else json.dumps(default))


TABLE = {row[0].strip("`"): row for row in rows(section("Variables"))}


def test_each_variable_of_the_role_has_a_row_with_its_default():
    assert {name: row[1] for name, row in TABLE.items()} == {
        name: as_shown(option) for name, option in options("rollout").items()
    }


def test_the_role_with_windows_differs_only_in_that_it_needs_them():
    theirs = {name: as_shown(option) for name, option in options("maintenance_window").items()}
    assert theirs == {"connect_windows": "required"}
    assert "need them" in TABLE["connect_windows"][2]


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_row_says_what_is_accepted(name):
    option, meaning = options("rollout")[name], TABLE[name][2]
    assert meaning
    known_elsewhere = ("connect_filters", "connect_windows", "connect_blackouts", "connect_waves")
    inner = [] if name in known_elsewhere else [*option.get("choices", []), *option.get("options", {})]
    assert [word for word in inner if "`%s`" % word not in meaning] == []


def test_a_role_that_is_described_elsewhere_is_named_by_it():
    for role in ROLES:
        readme = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
        known = {name for one in ROLES for name in options(one)}
        said = set(re.findall(r"`(connect_\w+)`", readme)) - {"connect_rollout"}
        inventory = {"connect_device_token", "connect_device_uuid"}
        assert said - inventory <= known
        assert {name for name, one in options(role).items() if as_shown(one) == "required"} <= said


def test_each_class_of_a_device_is_explained():
    assert set(re.findall(r"`(\w+)`", " ".join(row[0] for row in rows(section("Plan"))))) == set(CLASSES)


def test_each_conflict_is_explained():
    kinds = {rollout_plan.UNTRACKED, rollout_plan.HELD_ELSEWHERE, rollout_plan.FOREIGN_PENDING, rollout_plan.OFFLINE}
    kinds.add(rollout_plan.RE_REGISTERED)
    assert {row[0].strip("`") for row in rows(section("Conflicts"))} == kinds


def test_each_outcome_is_explained_with_its_code():
    said = {
        (row[0].strip("`"), code) for row in rows(section("Outcomes and exit codes")) for code in row[1].split(", ")
    }
    outcomes = {"SUCCEEDED", "NOTHING", "PLANNED", "INCOMPLETE", "STOPPED", "FAILED", "REFUSED"}
    assert {outcome for outcome, _code in said} == {getattr(rollout_end, name) for name in outcomes}
    assert {(outcome, "`%s`" % code) for code, outcome in rollout_end.ENDINGS.items()} <= said
