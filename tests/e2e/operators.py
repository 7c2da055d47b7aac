# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An operator who runs a playbook of one task with a state folder of their own, and reads its result."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CALLBACKS = Path(__file__).parent.parent / "integration" / "callback_plugins"


@dataclass
class Ended:
    code: int
    output: str
    result: dict[str, Any]  # of the task; empty without one

    def ok(self) -> Ended:
        assert self.code == 0, self.output
        return self

    @property
    def duplicates(self) -> int:
        """How many devices it says have the deployment twice; a number without the loud warning does not count."""
        loud = any(one.startswith("DUPLICATE") for one in self.result.get("warnings", ()))
        return self.result["summary"]["duplicates"] if loud else 0


class Run:
    def __init__(self, process: subprocess.Popen[str], record: Path) -> None:
        self.process = process
        self._record = record

    @property
    def pid(self) -> int:
        return self.process.pid

    def end(self, seconds: float = 200) -> Ended:
        output = self.process.communicate(timeout=seconds)[0]
        lines = self._record.read_text(encoding="utf-8").splitlines() if self._record.exists() else []
        return Ended(self.process.returncode, output, json.loads(lines[0])["result"] if lines else {})


class Operator:
    """C(folder) is the home of Ansible and of the journal: another folder is another machine, or another AWX job."""

    def __init__(self, ansible_bin: Path, env: Mapping[str, str], folder: Path, user_token: str) -> None:
        self.folder = folder
        self._bin = ansible_bin
        self._runs = 0
        self._env = {
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "CONNECT_STATE_DIR": str(folder),
            "CONNECT_USER_TOKEN": user_token,
            "CONNECT_DEVICE_CALLS_PER_MINUTE": "0",
            "CONNECT_ACCOUNT_CALLS_PER_MINUTE": "0",
            **env,
        }

    def start(self, module: str, options: Mapping[str, Any], url: str) -> Run:
        self._runs += 1
        playbook, record = (self.folder / ("%s-%d" % (name, self._runs)) for name in ("play.yml", "record"))
        task = {"name": "It", "edgeops.jfrog_connect." + module: dict(options)}
        play = {"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": [task]}
        playbook.write_text(json.dumps([play]), encoding="utf-8")
        process = subprocess.Popen(
            [str(self._bin / "ansible-playbook"), str(playbook)],
            env={**self._env, "CONNECT_API_URL": url, "CONNECT_TEST_RECORD": str(record)},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        return Run(process, record)

    def run(self, module: str, options: Mapping[str, Any], url: str) -> Ended:
        return self.start(module, options, url).end()
