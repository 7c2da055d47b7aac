# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run, made from its records: one file for people, one for programs."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ...module_utils._evidence.file import read, replace
from ...module_utils._evidence.record import Chain
from .page import render
from .report import as_json, build_report


def render_report(path: str | Path, dry: bool = False) -> dict[str, t.Any]:
    """Make the reports beside the records in C(path), unless C(dry); a file is written only when it differs.

    Returns json_path, html_path, head (hash of the last record, None without records), faults of the chain (sentences)
    and changed. Raises ConnectError when a file cannot be read or written.
    """
    path = Path(os.path.abspath(path))
    base = str(path).removesuffix(".jsonl")
    files = {"json_path": base + ".json", "html_path": base + ".html"}
    if dry and not path.exists():
        return {**files, "head": None, "faults": [], "changed": True}
    chain = Chain.read(read(path))
    report = build_report(chain)
    texts = {"json_path": as_json(report), "html_path": render(report)}
    changed = [replace(Path(files[name]), text, dry) for name, text in texts.items()]
    return {**files, "head": chain.head, "faults": list(chain.faults), "changed": any(changed)}
