# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README's first command, as a reader types it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## Two commands")[1].split("\n## ")[0]
    return re.findall(r"^\$ (.+)$", section, re.MULTILINE)


def test_the_readme_names_exactly_two_commands():
    assert commands() == ["./emulator/demo", "./tests/run"]


def test_the_first_command_ends_with_a_report_of_200_devices_all_held_again():
    env = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CONNECT_"))}
    run = subprocess.run([commands()[0]], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    report = run.stdout
    assert re.search(r"succeeded: 200 devices: \d+ updated", report)
    assert re.search(r"The report is \S+\.html", report)
    assert "200 devices: 200 held, 0 released, 200 online." in report
