# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollout in five waves costs: the playbook maintenance_window beside a bare script that makes the fewest calls.

The script is a peer that cannot be beaten: no plan, no read before a call, no evidence, nothing that survives a fault.
What Ansible takes to start is measured by a play without a rollout that loads the same variables.
Run it from the root of the repository: python -m tests.benchmarks.rollout --help
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import requests

from emulator.testing import Emulator

ROOT = Path(__file__).resolve().parents[2]
WAVES = 5
FLOW, APP = "f-77aa-01bc", {"name": "kiosk_ui", "version": "3.2.0"}
FLEET: dict[str, Any] = {
    # An update takes a fifth of a second, so that next to nothing but the cost is left.
    **{"rate_limit": 0, "held_percent": 100, "groups": str(WAVES), "tags": ""},
    **{"time_factor": 600, "update_seconds": 60, "update_spread": 0},
}


@dataclass(frozen=True)
class Cost:
    seconds: float
    processor: float
    reads: int
    writes: int
    memory: int  # MB of the largest process
    least: int  # calls, of the plan


def by_playbook(emulator: Emulator, folder: Path) -> tuple[float, Cost]:
    """What Ansible takes to start, and the rollout."""
    now = datetime.now(timezone.utc)
    variables = {
        "connect_devices": [
            {"device_token": one["device_token"], "device_uuid": one["device_uuid"], "name": one["device_name"]}
            for one in emulator.devices()
        ],
        "connect_project": "Kiosks",
        "connect_all_devices": True,
        "connect_flow_id": FLOW,
        "connect_app": APP,
        "connect_waves": [{"groups": ["Floor-%d" % number]} for number in range(1, WAVES + 1)],
        "connect_windows": [{"name": "now", "from": stamp(now), "to": stamp(now + timedelta(hours=3))}],
        "connect_max_update_time": "1m",
        "connect_wait_interval": 1,
        "connect_evidence_dir": str(folder / "evidence"),
        "connect_device_calls_per_minute": 0,
        "connect_account_calls_per_minute": 0,
    }
    (folder / "variables.json").write_text(json.dumps(variables), encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CONNECT_"))}
    env = {
        **kept,
        **{"ANSIBLE_CONFIG": str(ROOT / "tests" / "ansible.cfg"), "ANSIBLE_HOME": str(folder / "home")},
        **{"CONNECT_API_URL": emulator.url, "CONNECT_USER_TOKEN": emulator.user_token},
        **{"CONNECT_STATE_DIR": str(folder), "LC_ALL": "C.UTF-8"},
    }
    empty = folder / "empty.yml"
    empty.write_text(json.dumps([{"name": "Start", "hosts": "localhost", "gather_facts": False, "tasks": []}]))
    start, _processor = play(str(empty), folder, env)
    seconds, processor = play("edgeops.jfrog_connect.maintenance_window", folder, env)
    plan = json.loads(next(folder.glob("evidence/*.json")).read_text(encoding="utf-8"))["plan"]
    return start, cost(emulator, seconds, processor, plan)


def play(playbook: str, folder: Path, env: dict[str, str]) -> tuple[float, float]:
    """Seconds, and seconds of processor."""
    command = [Path(sys.executable).with_name("ansible-playbook"), playbook, "-e", f"@{folder / 'variables.json'}"]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def by_script(emulator: Emulator) -> Cost:
    devices = emulator.devices()
    before, started = time.process_time(), time.monotonic()
    session = requests.Session()
    session.trust_env = False

    def call(method: str, path: str, **body: Any) -> dict[str, Any]:
        reply = session.request(
            method, emulator.url + path, json={"user_token": emulator.user_token, **body}, timeout=60
        )
        reply.raise_for_status()
        return dict(json.loads(reply.text))

    def fleet(group: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        more, cursor = True, {}
        while more:
            page = call("GET", "/v1/devices_details", project_name="Kiosks", group_name=group, limit=50, **cursor)
            found += page["message"]
            more, cursor = page["more"], {"offset": found[-1]["device_id"]}
        return found

    def held(value: bool, tokens: list[str]) -> None:
        with ThreadPoolExecutor(16) as pool:
            setting = [
                pool.submit(call, "POST", "/v1/set_update_trigger", device_token=token, trigger_set=value)
                for token in tokens
            ]
            for one in setting:
                one.result()

    for number in range(1, WAVES + 1):
        group = "Floor-%d" % number
        tokens = [one["device_token"] for one in devices if one["group"] == group]
        held(False, tokens)
        target = {"project": {"name": "Kiosks"}, "groups": [{"name": group}], "filters": []}
        call("POST", "/v1/deploy_update", flow_id=FLOW, devices_filter=target, metadata={"app": APP})
        while any(one["updates"][-1]["update_status"] != "success" for one in fleet(group)):
            time.sleep(1)
        held(True, tokens)
    return cost(emulator, time.monotonic() - started, time.process_time() - before, None)


def cost(emulator: Emulator, seconds: float, processor: float, plan: dict[str, Any] | None) -> Cost:
    wrong = [one for one in emulator.devices() if not one["held"] or one["apps"][0]["version"] != APP["version"]]
    if wrong or emulator.stats()["duplicates"]:
        sys.exit("not every device was updated once and held again, for example %s" % wrong[:1])
    stats = emulator.stats()
    memory = resource.getrusage(resource.RUSAGE_CHILDREN if plan else resource.RUSAGE_SELF).ru_maxrss // 1024
    return Cost(seconds, processor, stats["reads"], stats["writes"], memory, plan["api_calls"]["least"] if plan else 0)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="100,1000", help="devices of the fleets, default 100,1000")
    sizes = [int(size) for size in parser.parse_args().sizes.split(",")]
    columns = (
        "devices | way | seconds | beyond the start, script = 1 | processor seconds | MB | reads | writes | least calls"
    )
    print("| %s |\n|%s" % (columns, " --- |" * 9))
    for size in sizes:
        with Emulator.start(devices=size, **FLEET) as emulator:
            script = by_script(emulator)
        with Emulator.start(devices=size, **FLEET) as emulator, tempfile.TemporaryDirectory() as folder:
            start, ours = by_playbook(emulator, Path(folder))
        for way, one, beyond in (
            ("script", script, 1.0),
            ("maintenance_window", ours, (ours.seconds - start) / script.seconds),
        ):
            figures = (one.seconds, beyond, one.processor, one.memory, one.reads, one.writes, ours.least)
            print("| %d | %s | %.1f | %.1f | %.1f | %d | %d | %d | %d |" % (size, way, *figures), flush=True)


if __name__ == "__main__":
    main()
