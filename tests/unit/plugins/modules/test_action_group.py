# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said in two places must be the same in both, and no tool of Ansible's compares these."""

from __future__ import annotations

from pathlib import Path

import yaml

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._version import VERSION

ROOT = Path(__file__).resolve().parents[4]


def _yaml(name: str):
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


# These need no account, so connection defaults must not reach it.
WITHOUT_CONNECTION = {"connect_evidence", "connect_window"}


def test_every_module_that_connects_is_in_the_action_group():
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    assert set(_yaml("meta/runtime.yml")["action_groups"]["connect"]) == modules - WITHOUT_CONNECTION


def test_version_is_that_of_galaxy_yml():
    assert _yaml("galaxy.yml")["version"] == VERSION


def test_changelog_has_the_version():
    assert VERSION in _yaml("changelogs/changelog.yaml")["releases"]
