# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A transcript instead of the service, a clock that jumps instead of waiting, and a module run as Ansible runs it.

A test lists every exchange in order: one call more, fewer or different fails it. "Nothing was written" is therefore
what the list leaves out.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib
import json
import selectors
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ansible.module_utils import basic

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.request import DEPLOY_SPEC, DeployRequest
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import FateUnknown, NotSent
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._reading.options import read_options
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Call, Reply
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.models import Device, Update

try:
    from ansible.module_utils.testing import patch_module_args
except ImportError:  # ansible-core before 2.19

    @contextlib.contextmanager
    def patch_module_args(args: dict[str, Any] | None = None) -> Iterator[None]:
        before = basic._ANSIBLE_ARGS
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": args or {}}).encode("utf-8")
        try:
            yield
        finally:
            basic._ANSIBLE_ARGS = before


USER = "u-SECRET/of+the=account"
DETAILS = "/v1/devices_details"
STATES = "/v1/get_devices_state"
STATE = "/v1/get_device_state"
TRIGGER = "/v1/set_update_trigger"
DEPLOY = "/v1/deploy_update"
DEPLOY_V2 = "/v2/deploy_update"
ABSENT = object()  # in an expected body: the key must not be sent


def spellings(secret: str) -> list[str]:
    """The forms in which a token could come back."""
    encoded = base64.b64encode(secret.encode("utf-8")).decode("ascii")
    return [secret, quote(secret, safe=""), encoded, encoded.rstrip("=")]


def token(number: int) -> str:
    return "t-SECRET/of+device=%d" % number


# Time


class Clock:
    """Seconds that pass only while everything waits."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise AssertionError("everything waits, and nothing is left that could end it")
            self._clock.now += max(timeout, 0.0)
        return ready


class _JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Clock) -> None:
        super().__init__(_JumpingSelector(clock))
        self._clock = clock

    def time(self) -> float:
        return self._clock()


def run_on(clock: Clock, work: Any) -> Any:
    """As asyncio.run, but asyncio.sleep takes no time: the clock jumps to the next wake-up."""
    loop = _JumpingLoop(clock)
    try:
        return loop.run_until_complete(work)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


# The transcript


@dataclass
class Exchange:
    method: str
    path: str
    body: Mapping[str, Any]
    reply: Reply | Exception
    takes: float
    group: int

    def fits(self, call: Call) -> bool:
        return (self.method, self.path) == (call.method, call.path) and all(
            name not in call.body if value is ABSENT else call.body.get(name, ABSENT) == value
            for name, value in self.body.items()
        )


@dataclass
class Sent:
    at: float
    method: str
    path: str
    body: dict[str, Any]


class Wire:
    """A Transport that answers from a list."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.sent: list[Sent] = []
        self.broken: str | None = None
        self._due: list[Exchange] = []
        self._groups = 0
        self._any_order = False

    def expect(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        reply: Reply | Exception | None = None,
        takes: float = 0.0,
        times: int = 1,
    ) -> Wire:
        self._groups += not self._any_order
        answer = accepted() if reply is None else reply
        self._due += [Exchange(method, path, body or {}, answer, takes, self._groups) for _each in range(times)]
        return self

    @contextlib.contextmanager
    def any_order(self) -> Iterator[None]:
        """Calls that run side by side: all of them, in whatever order."""
        self._groups += 1
        self._any_order = True
        yield
        self._any_order = False

    async def exchange(self, call: Call) -> Reply:
        call.before_send()
        self.sent.append(Sent(self.clock(), call.method, call.path, call.body))
        due = self._take(call)
        if due.takes:
            await asyncio.sleep(due.takes)
        if isinstance(due.reply, Exception):
            raise due.reply
        return due.reply

    def close(self) -> None:
        pass

    def assert_all_used(self) -> None:
        assert self.broken is None, self.broken
        assert not self._due, "never called: %s" % [(due.method, due.path, dict(due.body)) for due in self._due]

    @property
    def writes(self) -> list[Sent]:
        return [one for one in self.sent if one.method != "GET"]

    def _take(self, call: Call) -> Exchange:
        assert self.broken is None, self.broken
        said = {name: value for name, value in call.body.items() if name != "user_token"}
        candidates = [due for due in self._due if due.group == self._due[0].group]
        for due in candidates:
            if due.fits(call):
                self._due.remove(due)
                return due
        wanted = [(due.method, due.path, dict(due.body)) for due in candidates] or "no further call"
        self.broken = "call %d: got %s %s %s, wanted %s" % (len(self.sent), call.method, call.path, said, wanted)
        raise AssertionError(self.broken)


# Replies, as the service words them


def accepted() -> Reply:
    return Reply(200, '{"message": "Success"}')


def message(content: Any, **more: Any) -> Reply:
    return Reply(200, json.dumps({"message": content, **more}))


def page(devices: Sequence[Mapping[str, Any]], more: bool = False) -> Reply:
    return message(list(devices), more=more)


def refusal(text: str, status: int = 400) -> Reply:
    return Reply(status, json.dumps({"error_message": text}))


def limited(retry_after: str | None = None) -> Reply:
    return Reply(429, "{}", retry_after)


def lost() -> FateUnknown:
    return FateUnknown("The request was sent, and no reply came within 30 s.")


def not_sent() -> NotSent:
    return NotSent("The request was not sent: the connection was refused.")


def wire_device(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "device_id": 4000 + number,
        "device_uuid": "d-%04d" % number,
        "device_name": "kiosk-%d" % number,
        "project": "Kiosks",
        "group": "Floor-1",
        "is_update_trigger_set": False,
        "tags": [],
        "apps": [],
        "updates": [],
        **changes,
    }


def wire_update(
    comment: str, status: str = "pending", number: int = 1, at: str = "2026-05-02 01:10:00"
) -> dict[str, Any]:
    return {
        "update_id": 9000 + number,
        "update_status": status,
        "update_version": "3.2.0",
        "comment": comment,
        "deployment_schedule_time": at,
    }


def only(uuid: str) -> dict[str, Any]:
    """The C(devices_filter) of a call for one device."""
    return {
        "project": {"name": "Kiosks"},
        "groups": [],
        "filters": [{"type": "specific_device", "operand": "is", "value": uuid}],
    }


# Models


def model_device(number: int = 1, **changes: Any) -> Device:
    known: dict[str, Any] = {
        "device_id": 4000 + number,
        "uuid": "d-%04d" % number,
        "name": "kiosk-%d" % number,
        "project": "Kiosks",
        "group": "Floor-1",
        "held": False,
        "online": None,
        "tags": (),
        "apps": {},
        "updates": (),
        **dict.fromkeys(("agent_version", "description", "ip"), ""),
        **dict.fromkeys(("last_seen", "registered_at")),
    }
    return Device(**{**known, **changes})


def model_update(comment: str, status: str = "pending") -> Update:
    return Update(update_id=1, status=status, version="", comment=comment, scheduled_at=None)


def deploy_request(**changes: Any) -> DeployRequest:
    """As connect_deploy reads its options."""
    target = {"flow_id": "f-1", "project": "Kiosks", "groups": ["Floor-1"]}
    return DeployRequest.read({**read_options({**target, **changes}, DEPLOY_SPEC), "user_token": USER})


def filter_option(kind: str, value: str, operand: str = "is", app_version: str | None = None) -> dict[str, Any]:
    return {"type": kind, "operand": operand, "value": value, "app_version": app_version}


# Modules


SMALLEST: dict[str, dict[str, Any]] = {  # the fewest options that a module wants beside the account
    "connect_update_trigger": {"device_token": token(1), "trigger_set": True},
    "connect_deploy": {"flow_id": "f-1", "project": "Kiosks", "groups": ["Floor-1"]},
    "connect_device_info": {"project": "Kiosks"},
}


class Result(dict[str, Any]):
    """What a module handed to exit_json or fail_json, before Ansible masks anything in it."""

    warnings: list[str]
    logged: str

    def everything(self) -> str:
        """All texts of it that a person can see."""
        return json.dumps([self, self.warnings, self.logged], ensure_ascii=False)


class _Left(BaseException):
    """Not an Exception, so that no handler of the code under test can take it for a failure of its own."""


@dataclass
class Recorder:
    """Stands in for the parts of AnsibleModule that end the process, warn or write to the log."""

    warnings: list[str] = field(default_factory=list)
    logged: list[str] = field(default_factory=list)

    def replacements(self) -> dict[str, Callable[..., None]]:
        def exit_json(_module: Any, **result: Any) -> None:
            raise _Left({"failed": False, **result})

        def fail_json(_module: Any, msg: str, **result: Any) -> None:
            raise _Left({"failed": True, "msg": msg, **result})

        def warn(_module: Any, warning: str, **_more: Any) -> None:
            self.warnings.append(warning)

        def log(_module: Any, msg: Any, log_args: Any = None) -> None:
            self.logged.append("%s %s" % (msg, log_args))

        return {"exit_json": exit_json, "fail_json": fail_json, "warn": warn, "log": log}


def run_module(name: str, params: Mapping[str, Any], recorder: Recorder) -> Result:
    module = importlib.import_module("ansible_collections.edgeops.jfrog_connect.plugins.modules." + name)
    left: dict[str, Any] | None = None
    with patch_module_args(dict(params)):
        try:
            module.main()
        except _Left as end:
            left = end.args[0]
    assert left is not None, "main() came back without exit_json or fail_json"
    result = Result(left)
    result.warnings, result.logged = recorder.warnings, " ".join(recorder.logged)
    json.dumps(result)  # what Ansible could not send back is a bug
    return result
