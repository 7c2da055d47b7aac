# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module run as Ansible runs it, with a service that is made up, on a clock that jumps."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from typing import Any
from unittest.mock import patch

from tests import conftest  # noqa: F401  # pylint: disable=unused-import  # makes what follows importable

# isort: split

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.edgeops.jfrog_connect.plugins.action.connect_evidence import write
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import ConnectError
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence.record import jsonable
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service import client as _client
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Call, Reply
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.journal import Journal
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.sender import Sender
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.waits import Waits
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    USER,
    Clock,
    Recorder,
    Result,
    run_module,
    run_on,
    token,
)

MOST_CALLS = 2000
NIGHT = {"name": "night", "timezone": "Europe/Paris", "start": "22:00", "end": "04:00"}
BASES: dict[str, dict[str, Any]] = {
    "connect_update_trigger": {
        "devices": [{"device_token": token(1), "device_uuid": "d-0001", "name": "kiosk-1"}],
        "trigger_set": True,
    },
    "connect_deploy": {"flow_id": "f-1", "project": "Kiosks", "groups": ["Floor-1"]},
    "connect_device_info": {"project": "Kiosks"},
    "connect_window": {"windows": [NIGHT], "at": "2027-01-10T01:00:00Z", "fail_when_closed": False},
    "connect_rollout": {
        "step": "plan",
        "devices": [{"device_token": token(number), "device_uuid": "d-%04d" % number} for number in (1, 2)],
        "flow_id": "f-1",
        "project": "Kiosks",
        "groups": ["Floor-1"],
        "windows": [{"name": "always", "days": "daily", "start": "00:00", "duration": "24h", "timezone": "UTC"}],
        "waves": [1, "100%"],
        "max_update_time": "1s",
    },
    "connect_evidence": {"event": "checked", "data": {"ticket": "CHG-1"}},
}
ONLINE = tuple(name for name in BASES if name not in ("connect_window", "connect_evidence"))


class Service:
    """A Transport. C(answer) makes up each reply, or raises what the network does."""

    def __init__(self, answer: Callable[[Call], Reply]) -> None:
        self._answer = answer
        self.calls: list[Call] = []

    async def exchange(self, call: Call) -> Reply:
        call.before_send()
        self.calls.append(call)
        assert len(self.calls) < MOST_CALLS, "%d calls, and no end" % MOST_CALLS
        await asyncio.sleep(0.1)
        return self._answer(call)

    def close(self) -> None:
        pass


@contextlib.contextmanager
def _replaced(service: Service, recorder: Recorder) -> Iterator[str]:
    """A folder of its own, meanwhile."""
    clock = Clock()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONNECT_")}
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        for at, name, value in (
            (asyncio, "run", lambda work, **_more: run_on(clock, work)),
            (_client, "HttpTransport", lambda _settings: service),
            (_client, "Waits", functools.partial(Waits, clock=clock)),
            (_client, "Sender", functools.partial(Sender, jitter=lambda: 0.0)),
            (Journal, "shared", classmethod(lambda _class, scope: Journal(scope=scope))),
            *((AnsibleModule, name, value) for name, value in recorder.replacements().items()),
        ):
            stack.enter_context(patch.object(at, name, value))
        stack.enter_context(patch.dict(os.environ, {**kept, "CONNECT_STATE_DIR": folder}, clear=True))
        yield folder


def _record(given: dict[str, Any]) -> Result:
    """connect_evidence, which is an action plugin alone."""
    dry = given.pop("_ansible_check_mode")
    try:
        return Result({"failed": False, **write(jsonable(given), dry, datetime.now(timezone.utc))})
    except ConnectError as failure:
        return Result({"failed": True, **failure.as_result()})


def drive(name: str, service: Service, options: Mapping[str, Any], *, check: bool = False) -> Result:
    """Raises what a user would see as a traceback, and AssertionError for a failure without a message."""
    recorder = Recorder()
    account = {"user_token": USER} if name in ONLINE else {}
    with _replaced(service, recorder) as folder:
        files = {"connect_rollout": {"evidence_dir": folder}, "connect_evidence": {"path": folder + "/run.jsonl"}}
        given = {**account, **files.get(name, {}), **options, "_ansible_check_mode": check}
        result = _record(given) if name == "connect_evidence" else run_module(name, given, recorder)
    if result["failed"]:
        assert result["msg"].strip(), "a failure without a message"
        assert "Traceback" not in result["msg"], result["msg"]
    text = json.dumps(result)
    assert "SECRET/of" not in text, "a token in the result"
    return result
