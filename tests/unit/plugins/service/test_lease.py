# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task sends as long as its worker and its run go on. Real processes hold the lock and are the run."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service import lease as _lease
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.client import (
    PASSED_ON,
    Interrupted,
    while_held,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.lease import Lease, RunEnded
from ansible_collections.edgeops.jfrog_connect.tests.unit.plugins.service.test_faults import World
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    DEPLOY,
    DETAILS,
    SMALLEST,
    TRIGGER,
    accepted,
    limited,
    page,
    run_on,
    token,
    wire_device,
)

LOCK = "import fcntl, sys; file = open(sys.argv[1]); fcntl.flock(file, fcntl.LOCK_EX); print(flush=True); input()"
SLEEP = "print(flush=True); input()"


@pytest.fixture
def start():
    """Starts a process that has done its work when this returns, and that lasts until it is ended."""
    running = []

    def begin(code, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        assert process.stdout.readline() == "\n"
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def run_process(start):
    return start(SLEEP)


@pytest.fixture
def worker(start, tmp_path):
    file = tmp_path / "lock"
    file.touch()
    process = start(LOCK, str(file))
    process.path = str(file)
    return process


def test_without_a_lease_nothing_ends():
    lease = Lease()
    assert (lease.held, lease.limited) == (True, False)
    lease.check()


def test_it_is_held_while_worker_and_run_go_on(run_process, worker):
    lease = Lease(run_process.pid, worker.path)
    assert (lease.held, lease.limited) == (True, True)
    lease.check()
    assert lease.held  # asking took nothing away


def test_two_that_ask_at_the_same_time_do_not_take_each_other_for_the_worker(run_process, worker):
    lease = Lease(run_process.pid, worker.path)
    worker.kill()
    worker.wait()
    with open(worker.path, encoding="utf-8") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert not lease.held


@pytest.mark.parametrize("how", ["killed", "ended", "removed"])
def test_it_is_lost_with_the_worker(run_process, worker, how):
    lease = Lease(run_process.pid, worker.path)
    if how == "removed":
        os.unlink(worker.path)
    elif how == "killed":
        worker.kill()
        worker.wait()
    else:
        worker.communicate("\n")
    assert not lease.held
    with pytest.raises(RunEnded, match=r"run that started this task has ended.*Run the task again") as failure:
        lease.check()
    assert (failure.value.code, failure.value.fatal) == ("not_sent", True)


@pytest.mark.parametrize("reaped", [True, False])
@pytest.mark.parametrize("locked", [True, False], ids=["worker lives", "in the background"])
def test_it_is_lost_with_the_run(run_process, worker, reaped, locked):
    lease = Lease(run_process.pid, worker.path if locked else "")
    assert lease.held
    run_process.kill()
    # Not reaped it stays a zombie, as under a container's first process that does not wait for others' children.
    if reaped:
        run_process.wait()
    else:
        os.waitid(os.P_PID, run_process.pid, os.WEXITED | os.WNOWAIT)
    assert not lease.held


def test_a_run_that_ended_before_the_module_started_is_noticed(run_process):
    run_process.kill()
    run_process.wait()
    assert not Lease(run_process.pid).held


def test_a_process_id_that_is_in_use_again_is_another_process(run_process, monkeypatch):
    lease = Lease(run_process.pid)
    run_process.kill()
    run_process.wait()
    monkeypatch.setattr(_lease.os, "kill", lambda _process, _signal: None)  # it is there again
    assert not lease.held


@pytest.mark.parametrize(
    ("error", "held"), [(None, True), (PermissionError, True), (ProcessLookupError, False)], ids=str
)
def test_where_processes_are_hidden_a_signal_tells(monkeypatch, error, held):
    def kill(_process, signal):
        assert signal == 0
        if error:
            raise error

    monkeypatch.setattr(_lease, "_open", lambda _path: None)
    monkeypatch.setattr(_lease.os, "kill", kill)
    assert Lease(4711).held is held


def test_a_file_of_another_user_leaves_it_to_the_run(run_process, worker, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError

    worker.kill()
    monkeypatch.setattr(_lease.os, "open", refuse)
    assert Lease(run_process.pid, worker.path).held
    run_process.kill()
    run_process.wait()
    assert not Lease(run_process.pid, worker.path).held


@pytest.mark.parametrize(
    ("value", "limited"), [(None, False), ("", False), ("x:/tmp/y", False), (":/tmp/y", False), ("1:", True)]
)
def test_the_environment_names_it(monkeypatch, value, limited):
    monkeypatch.delenv(_lease.VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(_lease.VARIABLE, value)
    assert Lease.lent().limited is limited


# In a task


class Until(Lease):
    """Held until an instant on the clock that jumps."""

    def __init__(self, clock, end, watched=True):
        super().__init__()
        self._clock, self._end, self._watched = clock, end, watched

    @property
    def limited(self):
        return self._watched

    @property
    def held(self):
        return self._clock() < self._end


@pytest.fixture
def lent(monkeypatch, clock):
    """Lends each module a lease that ends after so many seconds."""

    def lend(seconds, watched):
        monkeypatch.setattr(Lease, "lent", classmethod(lambda _class: Until(clock, clock() + seconds, watched)))

    return lend


WATCHED = pytest.mark.parametrize("watched", [True, False])


@WATCHED
@pytest.mark.parametrize("hold", [True, False])
def test_a_write_that_waited_longer_than_the_run_is_kept_back(wire, drive, lent, clock, watched, hold):
    wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=not hold)]))
    wire.expect("POST", TRIGGER, reply=limited())
    lent(30, watched)
    started = clock()
    result = drive("connect_update_trigger", device_token=token(1), trigger_set=hold)
    assert result["code"] == "not_sent"
    assert "The run that started this task has ended" in result["msg"]
    # Watched, it does not wait for its turn first.
    assert clock() - started == pytest.approx(30.5 + PASSED_ON if watched else 61, abs=0.6)


def test_devices_whose_turn_comes_after_the_run_are_kept_back(wire, drive, lent):
    both = [wire_device(1), wire_device(2)]
    wire.expect("GET", DETAILS, reply=page(both))
    wire.expect("POST", TRIGGER, {"device_token": token(1)}, reply=accepted(), takes=10)
    lent(5, watched=False)
    result = drive(
        "connect_update_trigger",
        devices=[{"device_token": token(n), "device_uuid": "d-%04d" % n} for n in (1, 2)],
        project="Kiosks",
        trigger_set=True,
        concurrency=1,
    )
    assert [(row["outcome"], row["code"]) for row in result["devices"]] == [("changed", None), ("failed", "not_sent")]


@WATCHED
def test_a_deployment_that_waited_longer_than_the_run_is_kept_back(wire, drive, lent, watched):
    wire.expect("GET", DETAILS, reply=page([wire_device(1), wire_device(2)]))
    wire.expect("POST", DEPLOY, reply=limited("10"))
    lent(8, watched)
    result = drive("connect_deploy", **SMALLEST["connect_deploy"])
    assert result["code"] == "not_sent"


def test_a_module_that_only_reads_ends_too(wire, drive, lent, clock):
    wire.expect("GET", DETAILS, reply=limited())
    lent(3, watched=True)
    started = clock()
    assert drive("connect_device_info", project="Kiosks")["code"] == "not_sent"
    assert clock() - started < 5 + PASSED_ON


def test_what_cleans_up_at_its_end_sends_nothing_either():
    """As a wave of a rollout does, which holds what it has released when it ends."""
    world = World()
    client = world.client(300)
    client.lease = Until(world.clock, world.clock() + 2)
    refused = []

    async def work():
        try:
            await client.waits.sleep(600)
        finally:
            try:
                await client.api.set_trigger(token(1), True)
            except RunEnded as failure:
                refused.append(failure)

    with pytest.raises(RunEnded):
        run_on(world.clock, while_held(client, work()))
    assert len(refused) == 1
    assert world.emulator.stats()["write_attempts"] == 0


@pytest.mark.parametrize(
    ("after", "follows"), [(0.0, True), (PASSED_ON - 1, True), (PASSED_ON + 1, False), (None, False)]
)
def test_a_signal_that_follows_the_end_of_the_run_is_waited_for(after, follows):
    """Ansible ends on a signal, and may not yet have passed it on to the task."""
    world = World()
    client = world.client(300)
    client.lease = Until(world.clock, world.clock() + 2)

    async def work():
        if after is not None:
            asyncio.get_running_loop().call_later(2 + after, client.interrupt, "SIGTERM")
        await client.waits.sleep(600)

    with pytest.raises(Interrupted if follows else RunEnded):
        run_on(world.clock, while_held(client, work()))


def test_as_long_as_the_run_goes_on_no_signal_is_waited_for():
    world = World()
    client = world.client(300)
    began = world.clock()
    assert run_on(world.clock, client.signal_follows()) is False
    assert world.clock() == began


def test_a_cancellation_from_outside_stays_one():
    world = World()
    client = world.client(300)
    client.lease = Until(world.clock, world.clock() + 1000)

    async def work():
        asyncio.current_task().cancel()
        await asyncio.sleep(600)

    with pytest.raises(asyncio.CancelledError):
        run_on(world.clock, while_held(client, work()))
