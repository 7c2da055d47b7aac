# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The deployment example of docs/emulator.md runs against an emulator that is started with the command before it."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

from emulator.testing import Emulator
from tests.docs.pages import page

PAGE = page("emulator.md")
(COMMAND,) = re.findall(r"^\$ python -m emulator (--project .*?[^\\])$", PAGE, re.MULTILINE | re.DOTALL)
(EXAMPLE,) = re.findall(r"^```python\n# deploy\.py\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def options() -> dict[str, str]:
    words = shlex.split(COMMAND.replace("\\\n", ""))
    return {
        name.removeprefix("--").replace("-", "_"): value for name, value in zip(words[::2], words[1::2], strict=True)
    }


def run_example(emulator: Emulator) -> str:
    code = EXAMPLE.replace("http://127.0.0.1:8080", emulator.url)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def test_the_example_is_accepted_and_prints_what_the_page_says():
    with Emulator.start(**options()) as emulator:
        printed = run_example(emulator)
        reached = [device for device in emulator.devices() if device["updates"]]
        assert "```console\n$ python deploy.py\n%s```" % printed in PAGE
        assert {device["group"] for device in reached} == {"Group A", "Group B"}
        assert all("beta" in device["tags"] for device in reached)


def test_each_name_of_the_example_needs_its_option():
    for left_out in ("project", "groups", "flow", "app", "user_token"):
        with Emulator.start(**{name: value for name, value in options().items() if name != left_out}) as emulator:
            assert run_example(emulator).startswith("400"), left_out
    with Emulator.start(**{name: value for name, value in options().items() if name != "project"}) as emulator:
        assert "Project 'My project' does not exist" in run_example(emulator)
