# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules through the real ansible and ansible-playbook, against the emulator."""

from __future__ import annotations

import json
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from emulator.testing import Emulator

COLLECTION = "edgeops.jfrog_connect."
FLOW = "f-77aa-01bc"
# Characters that look different when they are quoted in a URL.
USER_TOKEN = "u-EMULATOR/3f+9c=7d 55"

Task = dict[str, Any]


@dataclass
class Run:
    """What one command of Ansible did: the results in order, and everything that it printed."""

    code: int
    output: str
    records: list[dict[str, Any]] = field(repr=False)

    def __getitem__(self, task: str) -> dict[str, Any]:
        """The result of the task of this name."""
        found = [record["result"] for record in self.records if record["task"] == task]
        assert len(found) == 1, f"{len(found)} results of task {task!r}:\n{self.output}"
        return found[0]

    @property
    def result(self) -> dict[str, Any]:
        """The result of the only task."""
        assert len(self.records) == 1, f"{len(self.records)} results:\n{self.output}"
        return self.records[0]["result"]

    def succeeded(self) -> Run:
        assert self.code == 0, self.output
        return self

    def failed(self) -> Run:
        assert self.code == 2, self.output
        return self


class Ansible:
    """Runs Ansible in a folder of its own: also its home, its temporary files, and the history of calls."""

    def __init__(self, ansible_bin: Path, env: Mapping[str, str], folder: Path) -> None:
        self.bin = ansible_bin
        self.folder = folder
        self._runs = 0
        self.env = {
            **env,
            "ANSIBLE_HOME": str(folder / "home"),
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).with_name("callback_plugins")),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "ANSIBLE_LOAD_CALLBACK_PLUGINS": "1",  # for the ansible command
            "ANSIBLE_INJECT_INVOCATION": "1",  # results hold the arguments, as before ansible-core 2.21
            "CONNECT_STATE_DIR": str(folder),
        }

    def adhoc(self, module: str, arguments: str, *options: str, env: Mapping[str, str] | None = None) -> Run:
        """ansible localhost -m MODULE -a ARGUMENTS"""
        return self._run(["ansible", "localhost", "-m", COLLECTION + module, "-a", arguments, *options], env or {})

    def playbook(
        self,
        tasks: Sequence[Task],
        *options: str,
        emulator: Emulator | None = None,
        defaults: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        **variables: Any,
    ) -> Run:
        """ansible-playbook with a play of C(tasks) that has the connection options as defaults of the action group.

        Pacing is off unless C(defaults) switch it on. Tokens go in by variables, as the documentation recommends.
        """
        return self._run(self.playbook_command(tasks, emulator, defaults, variables) + list(options), env or {})

    def playbook_command(
        self,
        tasks: Sequence[Task],
        emulator: Emulator | None = None,
        defaults: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Writes the files, and returns the command."""
        self._runs += 1
        play = {
            "name": "Test",
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {"group/edgeops.jfrog_connect.connect": connection(emulator, defaults)},
            "tasks": list(tasks),
        }
        values = {**({"user_token": emulator.user_token} if emulator else {}), **(variables or {})}
        playbook, file = self.folder / f"play-{self._runs}.yml", self.folder / f"variables-{self._runs}.json"
        playbook.write_text(json.dumps([play], indent=1), encoding="utf-8")
        file.write_text(json.dumps(values), encoding="utf-8")
        return ["ansible-playbook", "-e", f"@{file}", str(playbook)]

    def start(self, command: Sequence[str], record: Path) -> subprocess.Popen[str]:
        env = {**self.env, "CONNECT_TEST_RECORD": str(record)}
        return self._popen(command, env)

    def _run(self, command: Sequence[str], env: Mapping[str, str]) -> Run:
        self._runs += 1
        record = self.folder / f"results-{self._runs}"
        process = self._popen(command, {**self.env, "CONNECT_TEST_RECORD": str(record), **env})
        return ended(process, record)

    def _popen(self, command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.bin / command[0]), *command[1:]],
            cwd=self.folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )


def ended(process: subprocess.Popen[str], record: Path) -> Run:
    output, _nothing = process.communicate(timeout=400)
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    return Run(process.returncode, output, [json.loads(line) for line in lines])


def connection(emulator: Emulator | None, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Connection options for the emulator, without pacing; C(None) takes one away."""
    options: dict[str, Any] = {"device_calls_per_minute": 0, "account_calls_per_minute": 0}
    if emulator is not None:
        options.update(api_url=emulator.url, user_token="{{ user_token }}")
    options.update(changes or {})
    return {name: value for name, value in options.items() if value is not None}


def spellings(tokens: Iterable[str]) -> list[str]:
    """Each token raw, as in a URL, and in base64."""
    found = []
    for token in tokens:
        found += [token, quote(token, safe=""), b64encode(token.encode()).decode().rstrip("=")]
    return found


@pytest.fixture(scope="session")
def make_ansible(
    ansible_bin: Path, ansible_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Ansible]:
    return lambda: Ansible(ansible_bin, ansible_env, tmp_path_factory.mktemp("ansible"))


@pytest.fixture
def ansible(make_ansible: Callable[[], Ansible]) -> Ansible:
    return make_ansible()


@pytest.fixture
def ansible_playbook(ansible: Ansible) -> Callable[..., Run]:
    return ansible.playbook


@pytest.fixture
def ansible_adhoc(ansible: Ansible) -> Callable[..., Run]:
    return ansible.adhoc


@pytest.fixture(scope="module")
def start_emulator() -> Iterator[Callable[..., Emulator]]:
    """Starts emulators, without a rate limit unless told otherwise, that end with the tests of the module."""
    with ExitStack() as running:

        def start(**options: Any) -> Emulator:
            options = {"rate_limit": 0, "user_token": USER_TOKEN, "update_seconds": 60, "update_spread": 0, **options}
            return running.enter_context(Emulator.start(**options))

        yield start


@pytest.fixture
def task() -> Callable[..., Task]:
    """A task: its name, a module of the collection, and the module's options."""

    def make(name: str, module: str, /, **options: Any) -> Task:
        return {"name": name, COLLECTION + module: options}

    return make


@pytest.fixture
def entries() -> Callable[[Iterable[Mapping[str, Any]]], list[dict[str, str]]]:
    """Devices of the emulator as the option devices takes them."""

    def convert(devices: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
        return [
            {"device_token": one["device_token"], "device_uuid": one["device_uuid"], "name": one["device_name"]}
            for one in devices
        ]

    return convert


@pytest.fixture
def deployment() -> Callable[..., dict[str, Any]]:
    """Options of connect_deploy."""

    def options(**changes: Any) -> dict[str, Any]:
        return {"flow_id": FLOW, "project": "Kiosks", **changes}

    return options


@pytest.fixture
def assert_no_token() -> Callable[..., None]:
    """Fails when a token is in what a run printed or returned, in any spelling."""

    def check(run: Run, tokens: Iterable[str]) -> None:
        everything = run.output + json.dumps(run.records, ensure_ascii=False)
        for spelling in spellings(tokens):
            assert spelling not in everything, f"{spelling} is in the output"

    return check


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "waits: runs last, on what the fixture waiting started before all other tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("waits") is not None)


@pytest.fixture(scope="session", autouse=True)
def waiting(request: pytest.FixtureRequest, make_ansible: Callable[[], Ansible]) -> Iterator[Any]:
    """Hold, release, hold, release of one device, with pacing on: two minutes of waiting, beside the other tests."""
    if not any(item.get_closest_marker("waits") for item in request.session.items):
        yield None
        return
    with Emulator.start(devices=1, user_token=USER_TOKEN) as emulator:
        ansible = make_ansible()
        tasks = [
            {
                "name": str(held),
                COLLECTION + "connect_update_trigger": {"trigger_set": held, "device_token": "{{ one }}"},
            }
            for held in (True, False, True, False)
        ]
        paced = {"device_calls_per_minute": None}
        variables = {"user_token": USER_TOKEN, "one": emulator.devices()[0]["device_token"]}
        record = ansible.folder / "results"
        process = ansible.start(ansible.playbook_command(tasks, emulator, paced, variables), record)
        try:
            yield lambda: (emulator, ended(process, record))
        finally:
            process.kill()
            process.wait()
