# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection's playbooks, called by their full names, against the emulator."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.e2e.rollouts import Rollout, once
from emulator.testing import Emulator

APP = {"name": "kiosk_ui", "version": "3.2.0"}


@dataclass
class Played:
    code: int
    output: str
    writes: int

    @property
    def messages(self) -> list[str]:
        """What the play said in words, with the lines that the terminal wrapped put together."""
        text = re.sub(r"\n {6,}", " ", self.output)
        return re.findall(r"^ {4}msg: '?(.*?)'?$", text, re.MULTILINE)

    @property
    def text(self) -> str:
        """All of it, without the line breaks."""
        return " ".join(self.output.split())

    @property
    def changed(self) -> int:
        return int(re.findall(r"changed=(\d+)", self.output)[-1])

    def ok(self) -> Played:
        assert self.code == 0, self.output
        return self


class Player:
    """Runs a playbook for one emulated fleet, and counts the writes that reached it."""

    def __init__(self, ansible_bin: Path, env: Mapping[str, str], folder: Path, emulator: Emulator) -> None:
        self.emulator = emulator
        self.folder = folder
        self._bin = ansible_bin
        self.environment = {
            **env,
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "CONNECT_STATE_DIR": str(folder),
            "CONNECT_API_URL": emulator.url,
            "CONNECT_DEVICE_CALLS_PER_MINUTE": "0",
            "CONNECT_ACCOUNT_CALLS_PER_MINUTE": "0",
            "CONNECT_USER_TOKEN": emulator.user_token,
        }

    def start(self, playbook: str, *options: str, **variables: Any) -> subprocess.Popen[str]:
        """C(playbook) is one of the collection, or a path. Without pacing and limits, so that runs follow at once."""
        file = self.folder / "variables.json"
        name = playbook if playbook.endswith(".yml") else f"edgeops.jfrog_connect.{playbook}"
        pacing = {"connect_device_calls_per_minute": 0, "connect_account_calls_per_minute": 0}
        file.write_text(json.dumps({**pacing, **variables}), encoding="utf-8")
        return subprocess.Popen(
            [str(self._bin / "ansible-playbook"), name, "-e", f"@{file}", *options],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def hosts(self) -> dict[str, dict[str, str]]:
        """All devices as the hosts of an inventory."""
        return {
            one["device_name"]: {"connect_device_token": one["device_token"], "connect_device_uuid": one["device_uuid"]}
            for one in self.emulator.devices()
        }

    def inventory(self) -> Path:
        """An inventory with these hosts in the group kiosks."""
        path = self.folder / "inventory.json"
        path.write_text(json.dumps({"kiosks": {"hosts": self.hosts()}}))
        return path

    def __call__(self, playbook: str, *options: str, **variables: Any) -> Played:
        before = self.emulator.stats()["write_attempts"]
        process = self.start(playbook, *options, **variables)
        output = process.communicate(timeout=300)[0]
        return Played(process.returncode, output, self.emulator.stats()["write_attempts"] - before)


@pytest.fixture
def fleet() -> Iterator[Callable[..., Emulator]]:
    running: list[Emulator] = []

    def start(**options: Any) -> Emulator:
        running.append(
            Emulator.start(**{"time_factor": 60, "update_seconds": 60, "update_spread": 0, "rate_limit": 0, **options})
        )
        return running[-1]

    yield start
    for emulator in running:
        emulator.stop()


@pytest.fixture
def play(
    ansible_bin: Path, ansible_env: dict[str, str], tmp_path: Path, fleet: Callable[..., Emulator]
) -> Callable[..., Player]:
    def player(**options: Any) -> Player:
        return Player(ansible_bin, ansible_env, tmp_path, fleet(**options))

    return player


@pytest.fixture
def devices() -> Callable[[Emulator], list[dict[str, str]]]:
    """The fleet as the variable connect_devices."""

    def listed(emulator: Emulator) -> list[dict[str, str]]:
        return [
            {"device_token": one["device_token"], "device_uuid": one["device_uuid"], "name": one["device_name"]}
            for one in emulator.devices()
        ]

    return listed


@pytest.fixture
def window(devices: Callable[[Emulator], list[dict[str, str]]], tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Variables of a maintenance window over the whole fleet, which is open now and for ten minutes."""

    def variables(emulator: Emulator, **more: Any) -> dict[str, Any]:
        return {
            "connect_devices": devices(emulator),
            "connect_project": "Kiosks",
            "connect_flow_id": "f-77aa-01bc",
            "connect_all_devices": True,
            "connect_app": APP,
            "connect_wait_interval": 1,
            "connect_wait_timeout": 60,
            "connect_windows": [once("night", -60, 600)],
            "connect_max_update_time": "10s",
            "connect_evidence_dir": str(tmp_path / "evidence"),
            **more,
        }

    return variables


@pytest.fixture
def rollout(play: Callable[..., Player], window: Callable[..., dict[str, Any]]) -> Callable[..., Rollout]:
    """A fleet of its own, whose updates are over in a moment, and the maintenance window for it."""

    def on(fleet: Mapping[str, Any], **variables: Any) -> Rollout:
        run = play(**{"time_factor": 600, "groups": 2, **fleet})
        return Rollout(run, window(run.emulator, **variables))

    return on
