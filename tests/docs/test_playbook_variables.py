# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/variables.md has each variable of the roles hold and release and the playbooks status and deploy, no other."""

from __future__ import annotations

import re

import pytest
import yaml

from ansible_collections.edgeops.jfrog_connect.tests.unit.support.documentation import own_options
from tests.conftest import ROOT
from tests.docs.pages import page, rows, section

PAGE = page("variables.md")
CONNECTION = {row[0].strip("`") for row in rows(section(PAGE, "Connection"))}
OF_HOSTS = {"connect_device_uuid"}  # a variable of hosts, not of the playbook


def said(title: str) -> dict[str, str]:
    return {row[0].strip("`"): row[1].strip("`") for row in rows(section(PAGE, title))}


def options(role: str) -> dict[str, dict]:
    text = (ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["argument_specs"]["main"]["options"]


def read_by(playbook: str) -> set[str]:
    """The variables that a playbook reads and does not set itself."""
    text = (ROOT / "playbooks" / playbook).read_text(encoding="utf-8")
    text = re.sub(r"^\s*#.*$|edgeops\.jfrog_connect\.\w+|group/[\w.]+", "", text, flags=re.MULTILINE)
    own = set(re.findall(r"register: (\w+)", text))
    return {name for name in re.findall(r"\bconnect_\w+", text) if not name.startswith("connect__")} - own - OF_HOSTS


@pytest.mark.parametrize("role", ["hold", "release"])
def test_each_variable_of_hold_and_release_is_explained(role):
    assert set(said("Hold and release")) == set(options(role))
    defaults = {name: str(one["default"]).lower() for name, one in options(role).items() if "default" in one}
    assert {name: said("Hold and release")[name] for name in defaults} == defaults
    assert read_by(role + ".yml") == CONNECTION


@pytest.mark.parametrize("title", ["Status", "Deploy"])
def test_each_variable_of_status_and_deploy_is_explained(title):
    assert set(said(title)) == read_by(title.lower() + ".yml") - CONNECTION
    assert read_by(title.lower() + ".yml") >= CONNECTION


def test_the_defaults_of_deploy_are_those_of_the_module():
    theirs = {"connect_" + name: one.get("default") for name, one in own_options("connect_deploy").items()}
    assert theirs.pop("connect_wait") is False  # the playbook waits, unlike the module
    for name, shown in said("Deploy").items():
        if theirs.get(name) is not None:
            assert (name, shown) == (name, str(theirs[name]).lower())


def test_the_examples_use_variables_of_the_page():
    known = {row[0].strip("`") for row in rows(PAGE)}
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        assert set(re.findall(r"\bconnect_\w+(?==|\")", block)) <= known
