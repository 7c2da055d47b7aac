# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from hypothesis import settings

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service import client as _client
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.api_v1 import ApiV1
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.journal import Journal
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.pace import Pace
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.sender import Sender
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.waits import Waits
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    USER,
    Clock,
    Recorder,
    Result,
    Wire,
    run_module,
    run_on,
)

settings.register_profile("plugins", deadline=None)
settings.load_profile("plugins")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wire(clock: Clock) -> Iterator[Wire]:
    """The transcript; whatever of it was not used fails the test."""
    transcript = Wire(clock)
    yield transcript
    transcript.assert_all_used()


@pytest.fixture
def make_sender(wire: Wire, clock: Clock) -> Callable[..., Sender]:
    """A Sender on the transcript, without jitter, and without rate limits unless told otherwise."""

    def make(budget: float = 300, device_limit: int = 0, account_limit: int = 0, concurrency: int = 1000) -> Sender:
        pace = Pace(Journal(), USER, device_limit, account_limit, 30)
        return Sender(wire, pace, Waits(budget, clock, asyncio.sleep), concurrency, jitter=lambda: 0.0)

    return make


@pytest.fixture
def api(make_sender: Callable[..., Sender]) -> ApiV1:
    return ApiV1(make_sender(), USER)


@pytest.fixture
def run(clock: Clock) -> Callable[[Any], Any]:
    """Runs a coroutine on the clock that jumps."""
    return functools.partial(run_on, clock)


@pytest.fixture
def bare_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Runs the real main() of a module with exactly the options given, on the real transport."""

    def start(name: str, environment: dict[str, str] | None = None, **params: Any) -> Result:
        recorder = Recorder()
        with monkeypatch.context() as patch:
            for variable in [one for one in os.environ if one.startswith("CONNECT_")]:
                patch.delenv(variable)
            patch.setenv("CONNECT_STATE_DIR", str(tmp_path))
            for variable, value in (environment or {}).items():
                patch.setenv(variable, value)
            for method, replacement in recorder.replacements().items():
                patch.setattr(AnsibleModule, method, replacement)
            return run_module(name, params, recorder)

    return start


@pytest.fixture
def drive(
    wire: Wire, clock: Clock, bare_module: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Runs a module against the transcript: drive("connect_deploy", check=True, flow_id=...)."""
    monkeypatch.setattr(asyncio, "run", lambda work, **_more: run_on(clock, work))
    monkeypatch.setattr(_client, "HttpTransport", lambda _settings: wire)
    monkeypatch.setattr(_client, "Waits", functools.partial(Waits, clock=clock))
    monkeypatch.setattr(_client, "Sender", functools.partial(Sender, jitter=lambda: 0.0))
    # Each run remembers nothing of the one before, as on another machine, unless a test says otherwise.
    monkeypatch.setattr(Journal, "shared", classmethod(lambda _class, scope: Journal(scope=scope)))

    def start(name: str, *, check: bool = False, diff: bool = False, **params: Any) -> Result:
        special = {"_ansible_check_mode": check, "_ansible_diff": diff}
        if "CONNECT_USER_TOKEN" not in params.get("environment", {}):
            params.setdefault("user_token", USER)
        result = bare_module(name, **params, **special)
        assert wire.broken is None, wire.broken
        return result

    return start
