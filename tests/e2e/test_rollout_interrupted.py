# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout that is ended in any of its phases: run again, it ends as an undisturbed one, and reconcile holds it."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.e2e.conftest import Player
from ansible_collections.edgeops.jfrog_connect.tests.e2e.relay import (
    AFTER,
    BEFORE,
    Boundary,
    Broken,
    descendants,
    kill_all,
    relaying,
)
from ansible_collections.edgeops.jfrog_connect.tests.e2e.rollouts import DEPLOY, SEND, TRIGGER, Rollout, each, once

SOAK = 6


@dataclass
class Progress:
    """How far the run is: the canaries, two of them, are one call; the others are three."""

    triggers: int = 0
    sent: int = 0
    looks: int = 0  # since it was sent to the canaries

    def count(self, boundary: Boundary) -> None:
        if boundary.side == AFTER:
            self.triggers += boundary.path == TRIGGER
            self.sent += boundary.path.endswith(DEPLOY)
            self.looks += bool(self.sent) and boundary.method == "GET"


PHASES: dict[str, Callable[[Progress, Boundary], bool]] = {
    "release": lambda so_far, _at: so_far.triggers == 1,
    "deploy": lambda so_far, _at: so_far.sent == 1,
    "wait": lambda so_far, at: so_far.looks == 2 and at.side == BEFORE,
    "hold": lambda so_far, _at: so_far.triggers == 3,
    "soak": lambda so_far, _at: so_far.triggers == 4,
    "next wave": lambda so_far, _at: so_far.sent == 2,
}


def signalled(number: int) -> Callable[[int], None]:
    """As a terminal and AWX do it: the process group."""
    return lambda pid: os.killpg(pid, number)


SOME = ("deploy", "wait")
ENDS = [
    pytest.param(signalled(signal.SIGTERM), PHASES, id="SIGTERM"),
    pytest.param(kill_all, PHASES, id="SIGKILL"),
    pytest.param(signalled(signal.SIGINT), SOME, id="SIGINT"),
]


class Interruption:
    def __init__(self, phase: str, end: Callable[[int], None]) -> None:
        self.pid: Future[int] = Future()
        self.done = threading.Event()
        self.below: list[int] = []
        self._phase, self._end, self._so_far, self._lock = phase, end, Progress(), threading.Lock()

    def __call__(self, boundary: Boundary) -> None:
        with self._lock:
            if not self.done.is_set():
                self._so_far.count(boundary)
                if not PHASES[self._phase](self._so_far, boundary):
                    return
                self.below = descendants(self.pid.result())
                self.done.set()
                if self._phase == "soak":
                    threading.Timer(SOAK / 2, self._end, [self.pid.result()]).start()
                    return
                self._end(self.pid.result())
        if self._phase != "soak":
            raise Broken


Check = Callable[[Rollout, str, Callable[[int], None]], None]


@pytest.fixture
def play_out(ansible_bin, ansible_env, tmp_path, fleet, window):
    def play(phase: str, end: Callable[[int], None], check: Check) -> str | None:
        """What went wrong, or None."""
        folder = tmp_path / phase.replace(" ", "-")
        folder.mkdir()
        emulator = fleet(devices=5, groups=2, held_percent=100, update_seconds=150)
        given = window(
            emulator,
            connect_waves=[{"name": "canary", "tag": "canary", "soak": SOAK}, "100%"],
            connect_evidence_dir=str(folder / "evidence"),
        )
        night = Rollout(Player(ansible_bin, ansible_env, folder, emulator), given)
        try:
            check(night, phase, end)
        except AssertionError as wrong:
            return "%s: %s" % (phase, wrong)
        return None

    return play


def left_open(folder: Path) -> dict[str, str]:
    """Names of the devices that the evidence says could not be held, and why."""
    names: dict[str, str] = {}
    for records in folder.glob("*.jsonl"):
        for one in map(json.loads, records.read_text(encoding="utf-8").splitlines()):
            if one["event"] == "held":
                for row in one["data"]["rows"]:
                    names[row["name"]] = row["msg"] if row["outcome"] in ("failed", "unknown") else ""
    return {name: why for name, why in names.items() if why}


def wait_for(pids: list[int], seconds: float = 120) -> None:
    """Until they have ended; what a kill left is a zombie at most."""
    give_up = time.monotonic() + seconds
    while any(lives(pid) for pid in pids):
        assert time.monotonic() < give_up, "a process has not ended"
        time.sleep(0.05)


def lives(pid: int) -> bool:
    try:
        return Path("/proc/%d/stat" % pid).read_text(encoding="utf-8").rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def interrupted(night: Rollout, phase: str, end: Callable[[int], None]) -> str:
    """The digest of its plan."""
    interruption = Interruption(phase, end)
    with relaying(night.emulator.url, interruption) as relay:
        # What survives a signal, in a session of its own since ansible-core 2.19, does not search for long.
        given = {**night.given, "connect_api_url": relay.url, "connect_retry_budget": 3}
        process = night.run.start("maintenance_window", **given)
        interruption.pid.set_result(process.pid)
        output = process.communicate(timeout=120)[0]
        wait_for(interruption.below)  # a wave holds its devices when it is signalled, after ansible-playbook has ended
    assert interruption.done.is_set(), "it never came so far:\n" + output
    assert "PLAY RECAP" not in output
    (records,) = night.folder.glob("*.jsonl")
    data = {one["event"]: one["data"] for one in map(json.loads, records.read_text(encoding="utf-8").splitlines())}
    assert "run_ended" not in data
    assert [file.suffix for file in night.folder.iterdir()] == [".jsonl"]
    return data["planned"]["digest"]


def reconcile(night: Rollout) -> None:
    """While the window is closed."""
    night.run("reconcile", **{**night.given, "connect_windows": [once("later", 3600, 7200)]}).ok()
    assert all(night.held.values())


def is_finished_by_a_rerun(night: Rollout, phase: str, end: Callable[[int], None]) -> None:
    approved = interrupted(night, phase, end)
    if phase == "wait":
        reconcile(night)
    done = night(connect_approved_digest=approved)
    # Nothing is due when every update that was sent has succeeded meanwhile; devices left released are still held.
    assert done.came_to in [(0, "succeeded", None), (0, "nothing_to_do", None)], done.output
    assert night.updates == each(night.names.values(), "success")
    assert all(night.held.values())
    assert set(done.outcomes.values()) <= {"updated", "done_before"}
    again = night()
    assert (again.code, again.writes, again.names(SEND)) == (0, 0, [])


def is_held_by_reconcile(night: Rollout, phase: str, end: Callable[[int], None]) -> None:
    interrupted(night, phase, end)
    sent = len(night.emulator.deployments())
    assert not all(night.held.values())
    reconcile(night)
    assert len(night.emulator.deployments()) == sent


@pytest.mark.parametrize(("end", "phases"), ENDS)
def test_a_rerun_after_an_end_in_any_phase_finishes_the_rollout(play_out, end, phases):
    with ThreadPoolExecutor(2) as pool:
        played = pool.map(lambda phase: play_out(phase, end, is_finished_by_a_rerun), phases)
        assert [wrong for wrong in played if wrong] == []


def test_reconcile_holds_what_a_kill_left_released(play_out):
    with ThreadPoolExecutor(2) as pool:
        played = pool.map(lambda phase: play_out(phase, kill_all, is_held_by_reconcile), ("release", "deploy"))
        assert [wrong for wrong in played if wrong] == []


@pytest.mark.parametrize(
    ("words", "end"),
    [
        pytest.param("rollout : Plan the rollout]", kill_all, id="plan-SIGKILL"),
        pytest.param("Waiting for at most", kill_all, id="window wait-SIGKILL"),
        pytest.param("Waiting for at most", signalled(signal.SIGTERM), id="window wait-SIGTERM"),
    ],
)
def test_an_end_before_the_first_wave_leaves_nothing_behind(rollout, words, end):
    night = rollout({"devices": 1, "held_percent": 100})
    waiting = {"connect_windows": [once("later", 600, 7200)], "connect_window_wait": 900}
    process = night.run.start("maintenance_window", **{**night.given, **waiting})
    heard = []
    for line in process.stdout:
        heard.append(line)
        if words in line:
            break
    assert words in heard[-1], "it never came so far:\n" + "".join(heard)
    below = descendants(process.pid)
    end(process.pid)
    process.wait(60)
    kill(below)
    assert night.emulator.stats()["write_attempts"] == 0
    assert {file.suffix for file in night.folder.glob("*")} <= {".jsonl"}
    assert night().came_to == (0, "succeeded", None)
