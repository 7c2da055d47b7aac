# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mutation is, and where it is made."""

from __future__ import annotations

from dataclasses import dataclass

DEPLOY = "plugins/module_utils/_deploy.py"
DEPLOYMENT = "plugins/module_utils/_deployment.py"
REPORT = "plugins/module_utils/_deploy_report.py"
PROGRESS = "plugins/module_utils/_progress.py"
TRIGGER = "plugins/module_utils/_trigger.py"
RETRY = "plugins/module_utils/_retry.py"
PACE = "plugins/module_utils/_pace.py"
API = "plugins/module_utils/_api_v1.py"
TRANSPORT = "plugins/module_utils/_transport.py"
ROLLOUT = "plugins/plugin_utils/rollout_%s.py"
EVIDENCE_ROWS = "plugins/plugin_utils/evidence_rows.py"
EVIDENCE_SECRETS = "plugins/plugin_utils/evidence_secrets.py"
OPTIONS = "plugins/module_utils/_options.py"
MODELS = "plugins/module_utils/_models.py"
MODULE = "plugins/modules/connect_%s.py"
ROLE = "roles/rollout/tasks/%s.yml"

UNIT = "tests/unit/plugins/test_%s.py"
E2E = "tests/e2e/test_%s.py"
SCHEDULES = UNIT % "schedules"


@dataclass(frozen=True)
class Patch:
    """C(old) occurs exactly once in C(file)."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutation:
    """C(promise) is what is broken; one of C(tests), files from the root of the repository, has to notice."""

    name: str
    promise: str
    patches: tuple[Patch, ...]
    tests: tuple[str, ...]


def one(name: str, promise: str, file: str, old: str, new: str, *tests: str) -> Mutation:
    return Mutation(name, promise, (Patch(file, old, new),), tests)
