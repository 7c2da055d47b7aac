# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the code reads, what the roles document, and what the playbooks hand over are the same options."""

from __future__ import annotations

import ast
import inspect
import re
from typing import Any

import pytest
import yaml

from ansible_collections.edgeops.jfrog_connect.plugins.filter import rollout
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.request import ROLLOUT_SPEC
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.thresholds import TROUBLES
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.waves import KEYS
from tests.conftest import ROOT

ROLE_ONLY = {"devices", "inventory_group", "report_timezone", "evidence_dir"}  # read by the tasks alone
FILTERS = {name: getattr(rollout, name) for name in rollout.FilterModule().filters()}
every_filter = pytest.mark.parametrize("name", FILTERS)
every_option = pytest.mark.parametrize("name", ROLLOUT_SPEC)


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def documented(role: str) -> dict[str, Any]:
    return read("roles/%s/meta/argument_specs.yml" % role)["argument_specs"]["main"]["options"]


OPTIONS = documented("rollout")
DEFAULTS = read("roles/rollout/defaults/main.yml")
VARS = read("roles/rollout/vars/main.yml")


# The role and the code


def test_the_role_documents_what_the_code_reads():
    assert {name.removeprefix("connect_") for name in OPTIONS} == set(ROLLOUT_SPEC) | ROLE_ONLY
    assert all(name.startswith("connect_") for name in OPTIONS)


def needs(option: dict[str, Any]) -> bool:
    """The role itself refuses what is missing, in one sentence; Ansible would print the whole specification."""
    return "Required." in " ".join(option["description"])


def assert_same(code: dict[str, Any], role: dict[str, Any], where: str) -> None:
    if role["type"] != "raw":  # the code may read less strictly than raw, which takes anything
        assert code["type"] in (role["type"], "raw"), where
        assert code.get("elements") == role.get("elements"), where
    refused = {"deployment"} if where == "filters.type" else set()  # with a message of its own
    assert set(code.get("choices", ())) - refused == set(role.get("choices", ())), where
    assert bool(code.get("required")) == (bool(role.get("required")) or needs(role)), where
    assert role["description"], where
    for name, option in code.get("options", {}).items():
        assert_same(option, role["options"][name], "%s.%s" % (where, name))


@every_option
def test_types_and_choices(name):
    assert_same(ROLLOUT_SPEC[name], OPTIONS["connect_" + name], name)


@pytest.mark.parametrize("name", [name for name, option in ROLLOUT_SPEC.items() if "options" in option])
def test_nested_options(name):
    assert set(ROLLOUT_SPEC[name]["options"]) == set(OPTIONS["connect_" + name]["options"])


def test_nested_options_that_the_code_reads_by_itself():
    assert set(OPTIONS["connect_waves"]["options"]) == set(KEYS)
    limits = OPTIONS["connect_thresholds"]["options"]
    assert set(limits) == {"wave", "total"}
    for scope in limits.values():
        assert set(scope["options"]) == {*TROUBLES, "minimum"}


@every_option
def test_defaults(name):
    """A default is said in the code, in the documentation and in the defaults of the role, or in none of them."""
    code, role = ROLLOUT_SPEC[name], OPTIONS["connect_" + name]
    if role.get("default") is None and "connect_" + name not in DEFAULTS:
        assert code.get("default") in (None, False)  # not said, or a switch that is off
        return
    assert code["default"] == role["default"] == DEFAULTS["connect_" + name]


def test_the_role_has_no_default_for_what_it_does_not_know():
    assert set(DEFAULTS) <= set(OPTIONS)
    for name in set(DEFAULTS) - {"connect_evidence_dir"}:  # that one is an expression
        assert OPTIONS[name]["default"] == DEFAULTS[name]


@every_option
def test_the_role_hands_every_option_over(name):
    template = VARS["connect__inputs"][name]
    known = "connect_" + name in DEFAULTS
    assert template == "{{ connect_%s%s }}" % (name, "" if known else " | default(none)")


def test_the_role_hands_nothing_else_over():
    assert set(VARS["connect__inputs"]) == set(ROLLOUT_SPEC)


def test_the_two_roles_take_the_same():
    window = documented("maintenance_window")
    assert needs(window["connect_windows"])
    assert not needs(OPTIONS["connect_windows"])
    window["connect_windows"]["description"] = OPTIONS["connect_windows"]["description"]
    assert window == OPTIONS


# The tasks and the filters


def templates() -> str:
    folder = ROOT / "roles" / "rollout"
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file())


def test_the_tasks_read_only_options_that_there_are():
    read_ones = set(re.findall(r"connect__options\.(\w+)", templates()))
    assert read_ones <= set(ROLLOUT_SPEC) | {"problem", "collection_version", "zone_data", "by_device_zone"}


@every_filter
def test_every_filter_is_used(name):
    assert "edgeops.jfrog_connect." + name in templates()


def filter_docs(name: str) -> dict[str, Any]:
    return read("plugins/filter/%s.yml" % name)


def test_every_filter_is_documented_and_nothing_else_is():
    files = {path.stem for path in (ROOT / "plugins" / "filter").glob("rollout_*.yml")}
    assert files == set(FILTERS)


@every_filter
def test_the_parameters_of_a_filter(name):
    docs = filter_docs(name)["DOCUMENTATION"]
    parameters = dict(inspect.signature(FILTERS[name]).parameters)
    first, *others = parameters
    assert docs["name"] == name
    assert first
    assert list(docs["options"]) == ["_input", *others]
    assert docs.get("positional", "") == ", ".join(others)
    for option in others:
        default = parameters[option].default
        needed = default is inspect.Parameter.empty
        assert docs["options"][option].get("required", False) is needed, option
        said = docs["options"][option].get("default")
        assert (said or None) == (None if needed else default or None), option


@every_filter
def test_an_example_and_a_result_are_documented(name):
    docs = filter_docs(name)
    assert "edgeops.jfrog_connect.%s" % name in docs["EXAMPLES"]
    assert docs["RETURN"]["_value"]["description"]
    assert docs["RETURN"]["_value"]["type"]


def test_filters_only_hand_over():
    """What they decide is in plugin_utils, where a test can set the clock."""
    tree = ast.parse(inspect.getsource(rollout))
    now = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "now"]
    assert len(now) == 1
