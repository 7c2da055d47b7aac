# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the code reads, what the module and the role document, and what the tasks hand over are the same options."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.request import ROLLOUT_SPEC
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.step import STEP_SPEC
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.thresholds import TROUBLES
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.waves import KEYS
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._trigger.plan import DEVICES_SPEC
from ansible_collections.edgeops.jfrog_connect.plugins.modules import connect_rollout
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.documentation import own_options
from tests.conftest import ROOT

CODE = {**STEP_SPEC, **ROLLOUT_SPEC, "devices": {**DEVICES_SPEC, "required": True}}
MODULE = own_options("connect_rollout")
BY_THE_ROLE = {
    "step",
    "wave",
    "state",
    "failure",
    "lost",
    "about",
    "play_hosts",
    "return_devices",
}  # what the tasks say themselves
REQUIRED = {"project", "flow_id"}  # the devices may come from inventory_group instead
every_option = pytest.mark.parametrize("name", ROLLOUT_SPEC)


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def documented(role: str) -> dict[str, Any]:
    return read("roles/%s/meta/argument_specs.yml" % role)["argument_specs"]["main"]["options"]


ROLE = documented("rollout")
TASKS = {name: (ROOT / "roles/rollout/tasks" / name).read_text(encoding="utf-8") for name in ("main.yml", "wave.yml")}


def text(option: dict[str, Any]) -> str:
    said = option["description"]
    return said if isinstance(said, str) else " ".join(said)


def words(option: dict[str, Any], inside: str = "suboptions") -> str:
    """All that an option says of what it accepts."""
    return "%s %s %s" % (text(option), option.get("choices", []), list(option.get(inside, {})))


# The code and the module


def assert_same(code: dict[str, Any], docs: dict[str, Any], where: str) -> None:
    assert set(code) == set(docs), where
    for name, option in code.items():
        here, said = "%s.%s" % (where, name), docs[name]
        for key in ("type", "default", "choices", "elements"):
            assert option.get(key) == said.get(key), (here, key)
        assert option.get("required", False) == said.get("required", False), here
        assert text(said), here
        assert ("options" in option) == ("suboptions" in said), here
        assert_same(option.get("options", {}), said.get("suboptions", {}), here)


def test_the_module_documents_what_the_code_reads():
    assert_same(CODE, MODULE, "connect_rollout")


def test_no_option_is_of_a_step_and_of_the_rollout():
    assert not set(STEP_SPEC) & set(ROLLOUT_SPEC)


def test_the_module_takes_just_these(monkeypatch):
    seen = []

    class Stop(Exception):
        pass

    def take(_self, spec):
        seen.append(spec)
        raise Stop

    monkeypatch.setattr(connect_rollout.ConnectModule, "__init__", take)
    with pytest.raises(Stop):
        connect_rollout.main()
    assert seen == [CODE]


# The code and the role


def test_the_role_documents_what_the_code_reads():
    assert all(name.startswith("connect_") for name in ROLE)
    assert {name.removeprefix("connect_") for name in ROLE} == (set(CODE) - BY_THE_ROLE) | {"inventory_group"}


@every_option
def test_defaults_of_the_role(name):
    """Said in the code and in the documentation, or in none of them; the role itself sets none."""
    code, role = CODE[name].get("default"), ROLE["connect_" + name].get("default")
    assert code == role or (code, role) == (False, None)  # a switch that is off need not say so


@pytest.mark.parametrize("name", sorted(set(CODE) - BY_THE_ROLE))
def test_types_of_the_role(name):
    """raw takes anything: Ansible would convert a version, and refuse an empty answer, before the code reads it."""
    role = ROLE["connect_" + name]
    assert role["type"] in (CODE[name]["type"], "raw")
    assert not role.get("required")  # the module refuses what is missing, in one sentence
    assert ("Required." in text(role)) is (name in REQUIRED)
    assert set(role.get("choices", CODE[name].get("choices", ()))) == set(CODE[name].get("choices", ()))


@every_option
def test_what_is_accepted_is_said_in_the_role_and_in_the_module(name):
    elsewhere = {"filters"}  # described at connect_deploy
    accepted = [*CODE[name].get("choices", ()), *([] if name in elsewhere else CODE[name].get("options", ()))]
    for said in (words(ROLE["connect_" + name], "options"), words(MODULE[name])):
        assert [word for word in accepted if not re.search(r"\b%s\b" % word, said)] == []


@pytest.mark.parametrize(("name", "keys"), [("waves", KEYS), ("thresholds", ("wave", "total", *TROUBLES, "minimum"))])
def test_what_the_code_reads_by_itself_is_said_too(name, keys):
    for said in (words(ROLE["connect_" + name], "options"), words(MODULE[name])):
        assert [key for key in keys if not re.search(r"\b%s\b" % key, said)] == []


def test_the_role_with_windows_needs_them_and_is_otherwise_the_same():
    theirs = documented("maintenance_window")
    assert "Required." in text(theirs["connect_windows"])
    assert "Required." not in text(ROLE["connect_windows"])
    assert set(theirs) <= set(ROLE)


# The tasks


def handed_over() -> dict[str, str]:
    (task,) = yaml.safe_load(TASKS["main.yml"])
    return task["module_defaults"]["edgeops.jfrog_connect.connect_rollout"]


def test_the_role_hands_every_option_over_and_nothing_else():
    assert set(handed_over()) == set(CODE) - (BY_THE_ROLE - {"about", "play_hosts"})


@pytest.mark.parametrize("name", sorted(set(ROLE) - {"connect_devices", "connect_inventory_group"}))
def test_what_is_not_given_is_not_handed_over(name):
    """default(omit) would also hide an undefined variable within the value."""
    said = " ".join(handed_over()[name.removeprefix("connect_")].split())
    assert said == "{{ %s if '%s' in connect__given else omit }}" % (name, name)


def test_the_tasks_say_the_steps_that_there_are():
    assert sorted(re.findall(r"step: (\w+)", "".join(TASKS.values()))) == sorted(STEP_SPEC["step"]["choices"])


def test_the_end_is_reached_whatever_happened():
    (task,) = yaml.safe_load(TASKS["main.yml"])
    last = [one["edgeops.jfrog_connect.connect_rollout"] for one in task["always"] if "register" in one]
    assert [one["step"] for one in last] == ["end"]
    assert task["ignore_unreachable"] is True
