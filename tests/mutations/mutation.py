# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a mutation is, and where it is made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEPLOY = "plugins/module_utils/_deploy/apply.py"
DEPLOYMENT = "plugins/module_utils/_deploy/plan.py"
REQUEST = "plugins/module_utils/_deploy/request.py"
REPORT = "plugins/module_utils/_deploy/result.py"
PROGRESS = "plugins/module_utils/_deploy/state.py"
TRIGGER = "plugins/module_utils/_trigger/apply.py"
TRIGGER_PLAN = "plugins/module_utils/_trigger/plan.py"
RETRY = "plugins/module_utils/_service/retry.py"
SENDER = "plugins/module_utils/_service/sender.py"
CLIENT = "plugins/module_utils/_service/client.py"
LEASE = "plugins/module_utils/_service/lease.py"
LIVE = "plugins/plugin_utils/_live.py"
LINES = "plugins/module_utils/_service/progress.py"
WAITS = "plugins/module_utils/_service/waits.py"
JOURNAL = "plugins/module_utils/_service/journal.py"
PACE = "plugins/module_utils/_service/pace.py"
API = "plugins/module_utils/_service/api_v1.py"
TRANSPORT = "plugins/module_utils/_service/http.py"
OPENINGS = "plugins/module_utils/_window/openings.py"
ROLLOUT = "plugins/module_utils/_rollout/%s.py"
EVIDENCE_ROWS = "plugins/plugin_utils/_report/rows.py"
EVIDENCE_SECRETS = "plugins/module_utils/_secrets.py"
MODULES = "plugins/module_utils/_module.py"
OPTIONS = "plugins/module_utils/_reading/options.py"
NAMES = "plugins/module_utils/_reading/names.py"
NUMBERS = "plugins/module_utils/_reading/numbers.py"
CONNECTION = "plugins/module_utils/_service/connection.py"
MODELS = "plugins/module_utils/_service/models.py"
MODULE = "plugins/modules/connect_%s.py"

E2E = "tests/e2e/test_%s.py"
INTEGRATION = "tests/integration/test_%s.py"


def unit(name: str) -> str:
    """The one file tests/unit/**/test_NAME.py."""
    root = Path(__file__).resolve().parents[2]
    (found,) = root.glob("tests/unit/**/test_%s.py" % name)
    return str(found.relative_to(root))


SCHEDULES = unit("schedules")


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
