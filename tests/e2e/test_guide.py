# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guide for new operators: its files are written, its commands are run in their order, and print what it says.

A block whose first line is "# PATH" is a file. A console block is run: lines that begin with "$ " are commands, the
others are lines, or parts of lines, of what they print, where … stands for anything. A comment before a block may say
that it is not run, or that its last command fails.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from emulator.testing import Emulator

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "first_window.md"
BLOCK = re.compile(
    r"^(?:<!-- (?P<note>[^\n]*) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
ANYTHING = "…"
ADDRESS = "http://127.0.0.1:8080"


@dataclass
class Command:
    line: str
    shown: list[str]
    fails: bool = False


def blocks() -> Iterator[re.Match[str]]:
    return BLOCK.finditer(GUIDE.read_text(encoding="utf-8"))


def commands(text: str) -> list[Command]:
    found: list[Command] = []
    for line in text.replace("\\\n", "").splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:], []))
        elif line.strip():
            found[-1].shown.append(line)
    return found


def without_breaks(text: str) -> str:
    """Ansible wraps long messages."""
    return " ".join(text.split())


def is_printed(line: str, output: str) -> bool:
    wanted = ".*?".join(re.escape(part) for part in without_breaks(line).split(ANYTHING))
    return re.search(wanted, without_breaks(output)) is not None


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """Started with the options of the guide."""
    (line,) = re.findall(r"^\$ python -m (emulator .*?[^\\])$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    options: dict[str, str] = {}
    words = shlex.split(line.replace("\\\n", ""))[1:]
    for name, value in zip(words[::2], words[1::2], strict=True):
        options[name[2:].replace("-", "_")] = value.replace("~/kiosks", str(tmp_path / "kiosks"))
    (tmp_path / "kiosks").mkdir()
    with Emulator.start(**options) as running:
        yield running


def test_the_guide_is_true(emulator: Emulator, ansible_bin: Path, ansible_env: dict[str, str], tmp_path: Path):
    folder, state = tmp_path / "kiosks", tmp_path / "shell"
    state.touch()
    env = {**ansible_env, "ANSIBLE_HOME": str(tmp_path / "home"), "CONNECT_STATE_DIR": str(tmp_path)}
    # The guide has settings of its own.
    env["ANSIBLE_COLLECTIONS_PATH"] = str(GUIDE.parents[1] / ".cache" / "collections")
    del env["ANSIBLE_CONFIG"]

    def run(command: Command) -> None:
        """Each in a new shell, with the variables of the shell before."""
        line = command.line.replace(ADDRESS, emulator.url)
        kept = f"set | grep -E '^(CONNECT_|ANSIBLE_VAULT_|digest=|uuid=)' > {state}"
        script = f"set -a; . {state}; {line}\nresult=$?; {kept}; exit $result"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", script],
            env=env,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert (done.returncode != 0) == command.fails, f"{line}\n{done.returncode}\n{done.stdout}"
        for shown in command.shown:
            assert is_printed(shown, done.stdout), f"{line}\ndoes not print {shown!r} but\n{done.stdout}"

    (repaired,) = [one["device_uuid"] for one in emulator.devices() if one["device_name"] == "kiosk-0001"]
    count = 0
    for block in blocks():
        note, language, text = block["note"] or "", block["language"], block["text"]
        assert note.split(":")[0] in ("", "not run", "fails"), note
        named = re.match(r"# (\S+)\n", text)
        if language == "console" and not note.startswith("not run"):
            found = commands(text)
            found[-1].fails = note == "fails"
            for command in found:
                run(command)
            count += len(found)
        elif language != "console" and named:
            file = folder / named[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text[named.end() :], encoding="utf-8")
    assert count > 20
    # The device that was repaired was sent to again, once, although the run that did so was killed.
    assert [(one["device_uuid"], one["count"]) for one in emulator.stats()["duplicates"]] == [(repaired, 2)]
    assert all(device["held"] for device in emulator.devices())
    assert {device["apps"][0]["version"] for device in emulator.devices()} == {"3.3.0"}
