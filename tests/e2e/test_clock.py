# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A wall clock that steps by days while a task runs: deadlines, budgets and the journal do not care."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.e2e.operators import Operator
from emulator.testing import Emulator

# Only in the module's process: what Ansible itself makes of such a clock is not the question here.
STEPPING = """
import itertools, sys, time
if any("AnsiballZ" in one for one in sys.orig_argv):
    honest, days = time.time, itertools.cycle((0, 2, -3, 7, -1))
    time.time = lambda: honest() + 86400 * next(days)
    open(%r, "a").close()
"""


@pytest.fixture
def stepped(tmp_path: Path) -> Path:
    """Appears when a module has been given the clock that steps."""
    return tmp_path / "stepped"


@pytest.fixture
def operator_on(
    ansible_bin: Path, ansible_env: dict[str, str], tmp_path: Path, stepped: Path
) -> Callable[..., Operator]:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(STEPPING % str(stepped), encoding="utf-8")

    def operator(emulator: Emulator, **variables: str) -> Operator:
        env = {**ansible_env, "PYTHONPATH": str(tmp_path / "site"), **variables}
        return Operator(ansible_bin, env, tmp_path, emulator.user_token)

    return operator


def test_a_step_of_the_wall_clock_changes_nothing(operator_on, stepped):
    """A 429, a lost reply, a wait to the end and a second run, each with its own deadline or budget."""
    with Emulator.start(devices=3, rate_limit=0, time_factor=60, update_seconds=60, update_spread=0) as emulator:
        operator = operator_on(emulator)
        emulator.add_fault("429", path="/v1/deploy_update", retry_after=1)
        emulator.add_fault("drop_after", path="/v1/deploy_update", after=1)
        options = {"flow_id": "f-77aa-01bc", "project": "Kiosks", "all_devices": True, "retry_budget": 60}
        waiting = {**options, "wait": True, "wait_timeout": 60, "wait_interval": 1}

        started = time.monotonic()
        done = operator.run("connect_deploy", waiting, emulator.url).ok()
        again = operator.run("connect_deploy", waiting, emulator.url).ok()
        took = time.monotonic() - started

        assert stepped.exists()
        assert [one["status"] for one in done.result["devices"]] == 3 * ["success"]
        assert 1 <= done.result["api_calls"]["waited_seconds"] <= min(took, 60)
        assert not again.result["changed"]
        assert len(emulator.deployments()) == 1


def test_the_pace_of_a_device_is_kept_when_the_wall_clock_steps(operator_on, stepped):
    """Four calls that name one device, by two tasks: the fourth would have to wait longer than its budget allows."""
    with Emulator.start(devices=1) as emulator:
        operator = operator_on(emulator, CONNECT_DEVICE_CALLS_PER_MINUTE="3")
        device = emulator.devices()[0]["device_token"]
        options = {"device_token": device, "retry_budget": 5}
        operator.run("connect_update_trigger", {**options, "trigger_set": True}, emulator.url).ok()
        paced = operator.run("connect_update_trigger", {**options, "trigger_set": False}, emulator.url)
        assert stepped.exists()
        assert paced.result["code"] == "rate_limited"
        assert emulator.stats()["rate_limited"] == 0
