# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A rollout of three waves is signalled at its requests, as a terminal and AWX do it: what it released is held again.

How many requests a run makes is counted in an undisturbed one. Every change of the code tries the writes; with
CONNECT_TEST_EVERY_BOUNDARY=1 every request is tried, with both signals, and each is followed by a rerun.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.e2e.conftest import Player
from ansible_collections.edgeops.jfrog_connect.tests.e2e.relay import (
    AFTER,
    BEFORE,
    Boundary,
    Broken,
    descendants,
    relaying,
)
from ansible_collections.edgeops.jfrog_connect.tests.e2e.rollouts import SEND, Rollout, each, once
from ansible_collections.edgeops.jfrog_connect.tests.e2e.test_rollout_interrupted import left_open, wait_for

EVERY = bool(os.environ.get("CONNECT_TEST_EVERY_BOUNDARY"))
SIGNALS = [pytest.param(number, id=number.name) for number in (signal.SIGTERM, signal.SIGINT)]


@pytest.fixture
def stage(ansible_bin, ansible_env, tmp_path, fleet, window) -> Callable[[str], Rollout]:
    def on(name: str) -> Rollout:
        folder = tmp_path / name
        folder.mkdir()
        emulator = fleet(devices=3, held_percent=100, time_factor=600)
        given = window(emulator, connect_waves=[1, 2, 3], connect_evidence_dir=str(folder / "evidence"))
        return Rollout(Player(ansible_bin, ansible_env, folder, emulator), given)

    return on


def undisturbed(night: Rollout) -> list[str]:
    """What a run asks for, in order."""
    with relaying(night.emulator.url) as relay:
        assert night(connect_api_url=relay.url).came_to == (0, "succeeded", None)
        return list(relay.requests)


def signalled(night: Rollout, at: Boundary, number: int, passed_on_after: float = 0) -> None:
    """The run gets the signal at that request, whose connection breaks; it is over when all of its processes are.

    C(passed_on_after): seconds until the worker, which passes it on to the module, runs again.
    """
    pid: Future[int] = Future()
    below: list[int] = []
    reached = threading.Event()

    def hook(boundary: Boundary) -> None:
        if (boundary.number, boundary.side) == (at.number, at.side):
            below.extend(descendants(pid.result()))
            if passed_on_after:
                os.kill(below[0], signal.SIGSTOP)
                threading.Timer(passed_on_after, os.kill, [below[0], signal.SIGCONT]).start()
            os.killpg(pid.result(), number)
            reached.set()
            raise Broken

    with relaying(night.emulator.url, hook) as relay:
        process = night.run.start("maintenance_window", **{**night.given, "connect_api_url": relay.url})
        pid.set_result(process.pid)
        output = process.communicate(timeout=120)[0]
        wait_for(below)
    assert reached.is_set(), output


def check(night: Rollout, at: Boundary, number: int, with_rerun: bool) -> None:
    signalled(night, at, number)
    released = {name for name, held in night.held.items() if not held}
    assert released <= set(left_open(night.folder)), "released, and nobody is told: %s" % released
    if not with_rerun:
        assert not released, left_open(night.folder)
        return
    night.run("reconcile", **{**night.given, "connect_windows": [once("later", 3600, 7200)]}).ok()
    assert all(night.held.values())
    done = night()
    assert done.came_to in [(0, "succeeded", None), (0, "nothing_to_do", None)], done.output
    assert night.updates == each(night.names.values(), "success")
    assert all(night.held.values())
    again = night()
    assert (again.code, again.writes, again.names(SEND)) == (0, 0, [])


@pytest.mark.parametrize("number", SIGNALS)
def test_what_was_released_is_held_whenever_the_run_is_signalled(stage, number):
    requests = undisturbed(stage("undisturbed"))
    boundaries = [
        Boundary(place, side, *request.split())
        for place, request in enumerate(requests, 1)
        for side in (BEFORE, AFTER)
        if EVERY or (request.startswith("POST") and (side == AFTER or number == signal.SIGTERM))
    ]

    def play(boundary: Boundary) -> str | None:
        night = stage("%s-%d" % (boundary.side, boundary.number))
        try:
            check(night, boundary, number, EVERY or boundary.number % 7 == 0)
        except AssertionError as wrong:
            return "%s: %s" % (boundary, wrong)
        return None

    with ThreadPoolExecutor(2) as pool:
        assert [wrong for wrong in pool.map(play, boundaries) if wrong] == []


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_ansible_passes_on_late_is_waited_for(stage, number):
    """On SIGTERM ansible-playbook is gone at once, and on a busy machine the worker needs its time."""
    requests = undisturbed(stage("undisturbed"))
    first_release, its_hold = [place for place, one in enumerate(requests, 1) if one.startswith("POST")][:3:2]
    for place in (first_release, its_hold):
        night = stage(str(place))
        signalled(night, Boundary(place, AFTER), number, passed_on_after=2)
        assert all(night.held.values()), left_open(night.folder)


def test_the_evidence_of_a_signalled_run_says_what_was_held(stage, tmp_path: Path):
    night = stage("one")
    first_release = next(place for place, one in enumerate(undisturbed(stage("two")), 1) if one.startswith("POST"))
    signalled(night, Boundary(first_release, AFTER), signal.SIGTERM)
    (records,) = night.folder.glob("*.jsonl")
    text = records.read_text(encoding="utf-8")
    assert '"event":"held"' in text
    assert "Interrupted by SIGTERM." in text
