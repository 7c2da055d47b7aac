# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to hold N devices: with connect_update_trigger, with a loop of uri, and with a script per device.

Run it from the root of the repository: python -m tests.benchmarks.hold --help
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from emulator.testing import Emulator

ROOT = Path(__file__).resolve().parents[2]
COLLECTIONS = ROOT / ".cache" / "collections"
OURS, URI, SCRIPT = "connect_update_trigger", "loop of uri", "script per device"

TRIGGER = {
    "name": "Hold the devices",
    "edgeops.jfrog_connect.connect_update_trigger": {
        "api_url": "{{ url }}",
        "user_token": "{{ user_token }}",
        "devices": "{{ devices }}",
        "project": "Kiosks",
        "trigger_set": True,
        "device_calls_per_minute": 0,
        "account_calls_per_minute": 0,
    },
}
LOOP = {
    "name": "Hold the devices",
    "ansible.builtin.uri": {
        "url": "{{ url }}/v1/set_update_trigger",
        "method": "POST",
        "body_format": "json",
        "body": {"user_token": "{{ user_token }}", "device_token": "{{ item.device_token }}", "trigger_set": True},
    },
    "loop": "{{ devices }}",
    "loop_control": {"label": "{{ item.name }}"},
}
SHELL_LOOP = 'while read -r token; do "$1" "$2" "$3" "$4" "$token" || exit 1; done < "$5"'


@dataclass(frozen=True)
class Cost:
    seconds: float
    processor: float
    calls: int


class Bench:
    """An emulator without a rate limit, and the ways to hold the first N of its devices."""

    def __init__(self, emulator: Emulator, folder: Path, ansible_bin: Path) -> None:
        self.emulator = emulator
        self.folder = folder
        self.ansible_playbook = ansible_bin / "ansible-playbook"
        self.devices = emulator.devices()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CONNECT_"))}
        self.env = {
            **kept,
            "ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"),
            "ANSIBLE_HOME": str(folder / "home"),
            "LC_ALL": "C.UTF-8",
            "CONNECT_STATE_DIR": str(folder),
        }

    def ours(self, count: int) -> Cost:
        return self._measure(count, self._playbook(count, TRIGGER))

    def uri(self, count: int) -> Cost:
        return self._measure(count, self._playbook(count, LOOP))

    def script(self, count: int) -> Cost:
        tokens = self.folder / "tokens"
        tokens.write_text("".join(device["device_token"] + "\n" for device in self.devices[:count]), encoding="utf-8")
        vendor = str(Path(__file__).with_name("vendor_hold.py"))
        arguments = [sys.executable, vendor, self.emulator.url, self.emulator.user_token, str(tokens)]
        return self._measure(count, ["bash", "-c", SHELL_LOOP, "bash", *arguments])

    def release_all(self) -> None:
        self.emulator.configure([device["device_uuid"] for device in self.devices], held=False)

    def _playbook(self, count: int, task: Mapping[str, Any]) -> list[str]:
        variables = {
            "url": self.emulator.url,
            "user_token": self.emulator.user_token,
            "devices": [
                {"device_token": d["device_token"], "device_uuid": d["device_uuid"], "name": d["device_name"]}
                for d in self.devices[:count]
            ],
        }
        play = [{"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}]
        (self.folder / "play.yml").write_text(json.dumps(play), encoding="utf-8")
        (self.folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
        return [
            str(self.ansible_playbook),
            "-i",
            "localhost,",
            "-e",
            "ansible_python_interpreter={{ ansible_playbook_python }}",
            "-e",
            f"@{self.folder / 'variables.json'}",
            str(self.folder / "play.yml"),
        ]

    def _measure(self, count: int, command: list[str]) -> Cost:
        self.emulator.reset_stats()
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.exit(f"{command[0]} ended with {done.returncode}:\n{done.stdout[-2000:]}")
        held = sum(device["held"] for device in self.emulator.devices())
        if held != count:
            sys.exit(f"{command[0]} left {held} devices held, not {count}:\n{done.stdout[-2000:]}")
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Cost(seconds, processor, sum(self.emulator.stats()["calls"].values()))


def compare(bench: Bench, sizes: list[int], peers: list[str]) -> None:
    ways: dict[str, Callable[[int], Cost]] = {OURS: bench.ours, URI: bench.uri, SCRIPT: bench.script}
    print("| devices | way | seconds | processor seconds | requests per device | seconds, ours = 1 |")
    print("| --- | --- | --- | --- | --- | --- |")
    for count in sizes:
        ours = None
        for name in peers:
            bench.release_all()
            cost = ways[name](count)
            ours = ours or cost
            print(
                f"| {count} | {name} | {cost.seconds:.1f} | {cost.processor:.1f} | {cost.calls / count:.2f} "
                f"| {cost.seconds / ours.seconds:.1f} |",
                flush=True,
            )


def scale(bench: Bench, sizes: list[int]) -> None:
    print("| devices | run | seconds | processor seconds | requests | milliseconds per device |")
    print("| --- | --- | --- | --- | --- | --- |")
    for count in sizes:
        bench.release_all()
        for run in ("first: reads and writes", "second: reads only"):
            cost = bench.ours(count)
            print(
                f"| {count} | {run} | {cost.seconds:.1f} | {cost.processor:.1f} | {cost.calls} "
                f"| {cost.seconds / count * 1000:.1f} |",
                flush=True,
            )


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",") if part]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=_numbers, default=[10, 100], help="devices to compare the ways with (10,100)")
    parser.add_argument("--scale", type=_numbers, default=[100, 1000], help="devices to run ours alone with (100,1000)")
    parser.add_argument("--peers", default=f"{OURS},{URI},{SCRIPT}", help="which ways, ours first")
    parser.add_argument("--ansible-bin", type=Path, default=Path(sys.executable).parent, help="folder of ansible")
    chosen = parser.parse_args()

    link = COLLECTIONS / "ansible_collections" / "edgeops" / "jfrog_connect"
    if not link.exists():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(ROOT)
    print(
        f"Python {platform.python_version()}, ansible-core {version('ansible-core')}, {os.cpu_count()} processors; "
        "emulator on the same machine, no rate limit, no pacing\n",
        flush=True,
    )
    most = max(chosen.sizes + chosen.scale)
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-") as folder,
        Emulator.start(devices=most, rate_limit=0) as emulator,
    ):
        bench = Bench(emulator, Path(folder), chosen.ansible_bin)
        if chosen.sizes:
            compare(bench, chosen.sizes, chosen.peers.split(","))
            print()
        if chosen.scale:
            scale(bench, chosen.scale)


if __name__ == "__main__":
    main()
