# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables that begin with C(connect_): which of them the collection knows. It never reads any other."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from pathlib import Path

from ..module_utils._reading.names import shown
from ..module_utils._reading.options import nearest

COLLECTION = Path(__file__).resolve().parents[2]
PRIVATE = "connect__"
SWITCH = "connect_progress"  # false keeps the progress quiet
OF_A_WAVE = frozenset({"connect_hook", "connect_wave"})  # elsewhere, a misspelt plural
# Not after a dot: that is a module, such as edgeops.jfrog_connect.connect_deploy.
_NAME = re.compile(r"(?<![\w.])connect_[a-z]\w*")


@functools.lru_cache
def known() -> frozenset[str]:
    """The names in the collection's own playbooks and roles, which is where variables are read; so no list of them
    has to be kept beside that.
    """
    files = (file for folder in ("playbooks", "roles") for file in (COLLECTION / folder).rglob("*.yml"))
    return frozenset({SWITCH}.union(*(_NAME.findall(file.read_text(encoding="utf-8")) for file in files)))


def warnings(given: Iterable[str], in_waves: bool = False) -> list[str]:
    """A sentence for each variable that is set and that nothing reads. C(in_waves): for hooks, which the
    role tells the wave, and for the playbook deploy, which may send to one."""
    names = known() if in_waves else known() - OF_A_WAVE
    return [
        "The variable %s is not known, so it has no effect%s." % (shown(name)[1:-1], nearest(name, names))
        for name in sorted(given)
        if not name.startswith(PRIVATE) and name not in names
    ]
