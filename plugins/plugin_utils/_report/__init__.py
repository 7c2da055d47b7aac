# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run, made from its records, and the plan of a check run: one file for people, one for programs."""

from __future__ import annotations

import csv
import io
import os
import re
import typing as t
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...module_utils._evidence.file import exists, make_folder, read, replace
from ...module_utils._evidence.record import Chain
from .page import render, render_plan
from .report import as_json, build_report

CALCULATED = re.compile(r"^[=+\-@\t\r]")  # such a cell is a formula for a spreadsheet


def render_report(path: str | Path, dry: bool = False) -> dict[str, t.Any]:
    """Make the reports beside the records in C(path), unless C(dry); a file is written only when it differs.

    Returns json_path, html_path, head (hash of the last record, None without records), faults of the chain (sentences)
    and changed. Raises ConnectError when a file cannot be read or written.
    """
    path = Path(os.path.abspath(path))
    base = str(path).removesuffix(".jsonl")
    files = {"json_path": base + ".json", "html_path": base + ".html"}
    if dry and not exists(path):
        return {**files, "head": None, "faults": [], "changed": True}
    chain = Chain.read(read(path))
    report = build_report(chain)
    texts = {"json_path": as_json(report), "html_path": render(report)}
    changed = [replace(Path(files[name]), text, dry) for name, text in texts.items()]
    return {**files, "head": chain.head, "faults": list(chain.faults), "changed": any(changed)}


def write_plan(
    base: Path, plan: Mapping[str, t.Any], rows: Sequence[Mapping[str, str]], lines: Sequence[str]
) -> dict[str, str]:
    """Write the plan beside the evidence of runs, as C(base) with .html and .csv. The paths; raises ConnectError."""
    files = {"html": "%s.html" % base, "csv": "%s.csv" % base}
    make_folder(base.parent)
    replace(Path(files["html"]), render_plan(plan, rows, lines))
    replace(Path(files["csv"]), _as_csv(rows))
    return files


def _as_csv(rows: Sequence[Mapping[str, str]]) -> str:
    """A cell that a spreadsheet would calculate is marked as a text: names of devices are anybody's text."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(rows[0] if rows else ())
    writer.writerows([CALCULATED.sub(r"'\g<0>", cell) for cell in row.values()] for row in rows)
    return table.getvalue()
