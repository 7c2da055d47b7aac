# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which variables the collection knows, and what is said about the others."""

from __future__ import annotations

import re

import pytest
import yaml

from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._variables import known, warnings
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("connect_blackout", "connect_blackouts"),
        ("connect_window", "connect_windows"),
        ("connect_wave", "connect_waves"),
        ("connect_hook", "connect_hooks"),
        ("connect_retryfailed", "connect_retry_failed"),
        ("connect_Project", "connect_project"),
        ("connect_deploy", None),
        ("connect_update_trigger", None),
        ("connect_xyzzy", None),
    ],
)
def test_a_misspelt_variable_is_named_with_the_nearest_known_one(name, meant):
    (said,) = warnings([name, "connect_project", "connect__private"])
    assert said.startswith("The variable %s is not known, so it has no effect" % name)
    if meant:
        assert said.endswith("(did you mean %s?)." % meant)


def test_what_the_documentation_names_is_known():
    pages = [(ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("variables.md", "maintenance_window.md")]
    rows = [line.split("|")[1] for text in pages for line in text.splitlines() if line.startswith("| `connect_")]
    said = {name for row in rows for name in re.findall(r"connect_\w+", row)}
    for file in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(file.read_text(encoding="utf-8"))["argument_specs"].values():
            said |= set(entry["options"])
    said |= {"connect_device_uuid", "connect_device_token", "connect_timezone", "connect_progress"}
    assert len(said) > 50
    assert warnings(said - {"connect_wave"}) == []
    assert warnings(said, in_waves=True) == []


def test_what_the_role_sets_for_hooks_is_known_once_they_may_run():
    given = ["connect_hook", "connect_wave", "connect_hook_result", "connect_rollout"]
    assert warnings(given, in_waves=True) == []
    assert len(warnings(given)) == 2


def test_results_of_the_playbooks_are_known():
    assert {"connect_fleet", "connect_hold", "connect_rollout", "connect_evidence"} <= known()
