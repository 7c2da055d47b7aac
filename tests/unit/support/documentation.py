# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module documents, with the fragments that it shares with others."""

from __future__ import annotations

import importlib
from typing import Any

import yaml

PLUGINS = "ansible_collections.edgeops.jfrog_connect.plugins."
CONNECTION = "edgeops.jfrog_connect.connection"


def documented(name: str) -> dict[str, Any]:
    """As ansible-doc merges it: what the module says of an option goes before what its fragment says of it."""
    found = yaml.safe_load(importlib.import_module(PLUGINS + "modules." + name).DOCUMENTATION)
    for fragment in found.get("extends_documentation_fragment", ()):
        for option, text in fragment_options(fragment).items():
            found["options"][option] = {**text, **found["options"].get(option, {})}
    return found


def own_options(name: str) -> dict[str, Any]:
    """Without those of the connection."""
    return {key: text for key, text in documented(name)["options"].items() if key not in fragment_options(CONNECTION)}


def fragment_options(fragment: str) -> dict[str, Any]:
    file, _dot, section = fragment.removeprefix("edgeops.jfrog_connect.").partition(".")
    texts = importlib.import_module(PLUGINS + "doc_fragments." + file).ModuleDocFragment
    return yaml.safe_load(getattr(texts, section.upper() or "DOCUMENTATION"))["options"]
