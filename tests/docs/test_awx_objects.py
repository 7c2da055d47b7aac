# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects for AWX fit the collection, the guide, and one another."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
import yaml
from dateutil.rrule import rrulestr

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._reading.durations import read_seconds
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.request import read_request
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows
from tests.conftest import ROOT

GUIDE = (ROOT / "docs" / "first_window.md").read_text(encoding="utf-8")


class Loader(yaml.SafeLoader):
    """Knows the tag !unsafe."""


Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))
OBJECTS = Loader((ROOT / "docs" / "awx" / "objects.yml").read_text(encoding="utf-8")).get_data()
TEMPLATES = {one["name"]: one for one in OBJECTS["controller_templates"]}
SCHEDULES = {one["name"]: one for one in OBJECTS["controller_schedules"]}
(WORKFLOW,) = OBJECTS["controller_workflows"]
SURVEY = {one["variable"]: one for one in WORKFLOW["survey_spec"]["spec"]}
EXAMPLE = {name: question["default"] for name, question in SURVEY.items()}
every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=list(TEMPLATES))
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=list(SCHEDULES))


def role_options() -> dict[str, Any]:
    """Of the role rollout, which has all variables of the role maintenance_window."""
    text = (ROOT / "roles" / "rollout" / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["argument_specs"]["main"]["options"]


def file_of_the_guide(path: str) -> Any:
    (text,) = re.findall(r"^```yaml\n# %s\n(.*?)^```$" % re.escape(path), GUIDE, re.MULTILINE | re.DOTALL)
    return yaml.safe_load(text)


WINDOWS = file_of_the_guide("inventory/group_vars/all/windows.yml")


def request(answers: dict[str, Any]) -> Any:
    """What the role reads of these answers, together with the variables of the guide's inventory."""
    given = {**file_of_the_guide("inventory/group_vars/all/connect.yml"), **WINDOWS, **answers}
    options = {name.removeprefix("connect_"): value for name, value in given.items()}
    del options["inventory_group"]  # the role makes the devices of it
    return read_request(options, [{"device_token": "t-1", "device_uuid": "d-1a2b-3c4d", "name": "kiosk-0001"}])


def playbook_of(template: dict[str, Any]) -> str:
    (play,) = file_of_the_guide(template["playbook"])
    namespace, _dot, name = play["import_playbook"].rpartition(".")
    assert namespace == "edgeops.jfrog_connect"
    return (ROOT / "playbooks" / (name + ".yml")).read_text(encoding="utf-8")


@every_template
def test_a_template_runs_a_playbook_of_the_guide_one_at_a_time(template):
    assert re.search(r"hosts: .*\blocalhost\b", playbook_of(template))
    assert template["allow_simultaneous"] is False
    assert template.get("job_slice_count", 1) == 1


@every_template
def test_variables_of_a_template_are_those_of_its_playbook(template):
    text = playbook_of(template)
    known = (
        role_options() if "role: edgeops.jfrog_connect.maintenance_window" in text else re.findall(r"connect_\w+", text)
    )
    assert set(template.get("extra_vars", {})) <= set(known)


def test_each_answer_of_the_survey_is_a_text_for_an_option_of_the_role():
    assert set(SURVEY) <= set(role_options())
    assert [one["variable"] for one in SURVEY.values() if not isinstance(one["default"], str)] == []
    required = {name for name, one in role_options().items() if "Required." in " ".join(one["description"])}
    given = {*SURVEY, *WINDOWS, *file_of_the_guide("inventory/group_vars/all/connect.yml")}
    assert required | {"connect_windows"} <= given


def test_the_answer_never_replaces_the_digest_that_the_plan_hands_on():
    assert "connect_approved_digest" not in SURVEY


def test_the_example_answers_are_understood():
    asked = request(EXAMPLE)
    assert asked.deployment.app == ("kiosk_ui", "3.2.0")
    assert [wave.name for wave in asked.waves] == ["canary", "wave 2 (20%)", "wave 3 (100%)"]
    assert asked.deployment.retry_failed is False


def test_the_guide_shows_the_survey():
    for name, question in SURVEY.items():
        assert re.search(r"\| `%s` \| `%s` \|" % (name, re.escape(question["default"])), GUIDE)


def test_the_nightly_run_goes_on_with_what_was_approved():
    given = SCHEDULES["Kiosks: nightly"]["extra_data"]
    assert {name: given[name] for name in SURVEY} == EXAMPLE
    assert set(given) <= set(role_options())
    assert request(given).deployment.mark == request(EXAMPLE).deployment.mark
    assert TEMPLATES["Kiosks: window"]["ask_variables_on_launch"] is True


def test_the_workflow_plans_then_asks_then_updates():
    nodes = {one["identifier"]: one for one in WORKFLOW["simplified_workflow_nodes"]}
    order, node = [], nodes["Plan"]
    while node:
        order.append(node.get("unified_job_template", "approval"))
        following = node.get("success_nodes", [])
        node = nodes[following[0]] if following else None
    assert [TEMPLATES[name]["job_type"] if name in TEMPLATES else name for name in order] == [
        "check",
        "approval",
        "run",
    ]


@every_schedule
def test_a_schedule_starts_a_template_and_is_in_the_guide(schedule):
    assert schedule["unified_job_template"] in TEMPLATES
    assert schedule["rrule"] in GUIDE


@every_schedule
def test_a_schedule_is_written_as_awx_wants_it(schedule):
    assert re.match(r"DTSTART;TZID=[\w/]+:\d{8}T\d{6} RRULE:FREQ=\w+;INTERVAL=\d+", schedule["rrule"])
    first, second = islice(rrulestr(schedule["rrule"].replace(" ", "\n")), 2)
    assert second - first in (timedelta(days=1), timedelta(minutes=10))


def test_each_nightly_run_waits_for_a_window_that_opens_in_time():
    patience = read_seconds(TEMPLATES["Kiosks: window"]["extra_vars"]["connect_window_wait"], "connect_window_wait")
    windows = read_windows(WINDOWS["connect_windows"])
    starts = read_windows([{"name": "nightly", "rrule": SCHEDULES["Kiosks: nightly"]["rrule"], "duration": "1m"}])
    first = next(iter(rrulestr(SCHEDULES["Kiosks: nightly"]["rrule"].replace(" ", "\n"))))
    found = starts.intervals(first, first + timedelta(days=365))
    assert len(found) > 200
    for start in found:
        assert not windows.status(start.opens).open
        assert windows.status(start.opens).next_opening - start.opens <= min(patience, timedelta(minutes=30))


def test_secrets_come_from_variables():
    for credential in OBJECTS["controller_credentials"]:
        for value in credential["inputs"].values():
            assert re.fullmatch(r"\{\{ vault_\w+ \}\}", value)


def test_the_token_reaches_the_modules():
    (kind,) = OBJECTS["controller_credential_types"]
    (field,) = kind["inputs"]["fields"]
    assert field["secret"] is True
    assert kind["injectors"]["env"] == {"CONNECT_USER_TOKEN": "{{ %s }}" % field["id"]}
