# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two ansible-playbook processes with journals of their own, as two AWX jobs are: what reading can prevent."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.e2e.operators import Operator
from ansible_collections.edgeops.jfrog_connect.tests.e2e.relay import AFTER, Boundary, relaying
from emulator.testing import Emulator

DEPLOYMENT = {"flow_id": "f-77aa-01bc", "project": "Kiosks", "all_devices": True, "deployment_key": "CHG-4711"}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator.start(devices=3, rate_limit=0) as running:
        yield running


@pytest.fixture
def operators(ansible_bin: Path, ansible_env: dict[str, str], tmp_path: Path, emulator: Emulator) -> list[Operator]:
    folders = [tmp_path / name for name in ("one", "other", "third")]
    for folder in folders:
        folder.mkdir()
    return [Operator(ansible_bin, ansible_env, folder, emulator.user_token) for folder in folders]


def test_two_that_read_before_either_sends_are_found_out_and_named_loudly(emulator, operators):
    """No lock exists on the service, so the duplicate itself cannot be prevented."""
    both = threading.Barrier(2, timeout=60)

    def hook(boundary: Boundary) -> None:
        if boundary.method == "POST":
            # They send when both have read, and read again when both have sent.
            both.wait()

    with relaying(emulator.url, hook) as relay:
        running = [one.start("connect_deploy", DEPLOYMENT, relay.url) for one in operators[:2]]
        first, second = (run.end().ok() for run in running)
    assert len(emulator.deployments()) == 2
    assert len(emulator.stats()["duplicates"]) == 3
    assert max(first.duplicates, second.duplicates) == 3

    later = operators[2].run("connect_deploy", DEPLOYMENT, emulator.url).ok()
    assert later.duplicates == 3
    assert not later.result["changed"]
    assert len(emulator.deployments()) == 2


def test_one_that_reads_while_the_other_waits_for_its_reply_sends_nothing(emulator, operators):
    arrived, looked = threading.Event(), threading.Event()

    def hook(boundary: Boundary) -> None:
        if (boundary.method, boundary.side) == ("POST", AFTER):
            arrived.set()
            looked.wait(60)

    with relaying(emulator.url, hook) as relay:
        one = operators[0].start("connect_deploy", DEPLOYMENT, relay.url)
        assert arrived.wait(60)
        other = operators[1].run("connect_deploy", DEPLOYMENT, emulator.url).ok()
        looked.set()
        one.end().ok()
    assert other.result["api_calls"]["writes"] == 0
    assert not other.result["changed"]
    assert len(emulator.deployments()) == 1
    assert emulator.stats()["duplicates"] == []
