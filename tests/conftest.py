# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / ".cache" / "collections"

# tests/run makes this link too; here it is for a pytest started by hand. The tests then import what Ansible imports,
# ansible_collections.edgeops.jfrog_connect, from any checkout.
_link = COLLECTIONS / "ansible_collections" / "edgeops" / "jfrog_connect"
if not _link.exists():
    _link.parent.mkdir(parents=True, exist_ok=True)
    _link.symlink_to(ROOT)
sys.path[:0] = [str(COLLECTIONS), str(ROOT)]


@pytest.fixture(scope="session")
def ansible_bin() -> Path:
    """The folder of the ansible-playbook under test; tests/run names others to try older and newer releases."""
    return Path(os.environ.get("CONNECT_TEST_ANSIBLE_BIN") or Path(sys.executable).parent)


@pytest.fixture(scope="session")
def ansible_env(ansible_bin: Path) -> dict[str, str]:
    """The environment for ansible-playbook: it finds this checkout, and nothing of the user's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CONNECT_"))}
    return {
        **kept,
        "PATH": f"{ansible_bin}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
        "LC_ALL": "C.UTF-8",
    }
