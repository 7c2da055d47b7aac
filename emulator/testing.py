# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator in tests: as a process on a port (:class:`Emulator`), or without the network (:class:`InProcess`)."""

from __future__ import annotations

import atexit
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, unquote

from .assembly import build
from .control import PREFIX, Control
from .exchange import Outcome
from .options import parse
from .wire import Request
from .wire_v2 import PREFIX as PREFIX_V2

_ROOT = Path(__file__).resolve().parent.parent
_RUNNING: set[subprocess.Popen[bytes]] = set()
_SERVER_SIDE = ("project", "group", "device_uuid", "device_name")


class EmulatorError(Exception):
    """The emulator did not start, or refused a control call."""


class Controls(ABC):
    """What a test can see and change. The same for both kinds of emulator."""

    user_token: str
    #: The first access token of API v2, which may do everything.
    access_token: str
    #: Names of projects with their keys, which the paths of API v2 hold.
    project_keys: dict[str, str]

    def _introduce(self) -> None:
        known = self.info()
        self.user_token, self.access_token, self.project_keys = (
            known["user_token"],
            known["access_token"],
            known["project_keys"],
        )

    @abstractmethod
    def _control(self, method: str, call: str, query: Mapping[str, str], body: dict[str, Any] | None) -> dict[str, Any]:
        """Make one control call; raise :class:`EmulatorError` when it is refused."""

    def devices(self, **match: Any) -> list[dict[str, Any]]:
        """The devices whose fields equal ``match``, in ascending order of ``device_id``."""
        query = {name: value for name, value in match.items() if name in _SERVER_SIDE}
        found: list[dict[str, Any]] = self._control("GET", "devices", query, None)["devices"]
        return [device for device in found if all(device[name] == value for name, value in match.items())]

    def device(self, device_uuid: str) -> dict[str, Any]:
        """One device."""
        found = self.devices(device_uuid=device_uuid)
        if not found:
            raise EmulatorError(f"there is no device {device_uuid!r}")
        return found[0]

    def configure(self, device_uuid_or_list: str | Iterable[str], **changes: Any) -> None:
        """Change devices: online, held, tags, group, apps, fail, agent_version, update_seconds."""
        uuids = [device_uuid_or_list] if isinstance(device_uuid_or_list, str) else list(device_uuid_or_list)
        self._control("POST", "configure", {}, {"device_uuids": uuids, "changes": changes})

    def add_fault(
        self,
        kind: str,
        *,
        method: str | None = None,
        path: str | None = None,
        device_uuid: str | None = None,
        after: int = 0,
        times: int | None = 1,
        **args: Any,
    ) -> None:
        """Add a fault (docs/emulator.md lists them); ``times=None`` means for ever."""
        self._control(
            "POST",
            "faults",
            {},
            {
                "kind": kind,
                "method": method,
                "path": path,
                "device_uuid": device_uuid,
                "after": after,
                "times": times,
                **args,
            },
        )

    def clear_faults(self) -> None:
        """Remove all faults. Calls that a fault delayed still land."""
        self._control("DELETE", "faults", {}, None)

    def set_switch(self, **switches: Any) -> None:
        """Change switches (docs/emulator.md lists them)."""
        self._control("POST", "switches", {}, switches)

    def advance(self, seconds: float) -> None:
        """Jump the emulated clock, in which devices live, forward."""
        self._control("POST", "advance", {}, {"seconds": seconds})

    def stats(self) -> dict[str, Any]:
        """Counters since the start or the last reset."""
        return self._control("GET", "stats", {}, None)

    def log(self) -> list[dict[str, Any]]:
        """Every request in order, without tokens."""
        found: list[dict[str, Any]] = self._control("GET", "log", {}, None)["log"]
        return found

    def reset_stats(self) -> None:
        """Forget counters and log; the rate limit remembers."""
        self._control("DELETE", "stats", {}, None)

    def info(self) -> dict[str, Any]:
        """Projects, flows, apps and both clocks."""
        return self._control("GET", "info", {}, None)

    def add_access_token(self, **spec: Any) -> str:
        """Make an access token: user, permissions, project, device_uuid, expires_in (emulated seconds)."""
        made: str = self._control("POST", "access_tokens", {}, spec)["token"]
        return made

    def access_tokens(self) -> list[dict[str, Any]]:
        """Every access token, with what it may do."""
        found: list[dict[str, Any]] = self._control("GET", "access_tokens", {}, None)["access_tokens"]
        return found

    def deployments(self) -> list[dict[str, Any]]:
        """Every accepted deployment, with its id and its parameters."""
        found: list[dict[str, Any]] = self._control("GET", "deployments", {}, None)["deployments"]
        return found


class Emulator(Controls):
    """An emulator in a process of its own. Use :meth:`start`; also a context manager."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, control_token: str | None) -> None:
        import requests  # here, so that the in-process emulator needs nothing but the standard library

        self._process = process
        self._http = requests.Session()
        self._http.trust_env = False
        if control_token is not None:
            self._http.headers["X-Control-Token"] = control_token
        self.url = f"http://127.0.0.1:{port}"
        self._introduce()

    @classmethod
    def start(cls, *, start_timeout: float = 60.0, **options: Any) -> Emulator:
        """Start on a free loopback port and wait until it answers.

        ``options`` are the long options of the command line with underscores: ``True`` for a flag, a list for a
        repeated option, a mapping for a repeated ``NAME=VALUE``.
        """
        if options.get("devices_file") is not None:
            options["devices_file"] = Path(options["devices_file"]).absolute()  # the process runs in another folder
        with tempfile.TemporaryDirectory(prefix="emulator-") as folder:
            port_file, errors = Path(folder, "port"), Path(folder, "errors")
            options = {"quiet": True, "port": 0, **options, "port_file": port_file, "watch_stdin": True}
            with errors.open("wb") as stream:
                process = subprocess.Popen(
                    [sys.executable, "-m", "emulator", *arguments(options)],
                    cwd=_ROOT,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=stream,
                )
            _RUNNING.add(process)
            deadline = time.monotonic() + start_timeout
            while not port_file.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    _end(process)
                    raise EmulatorError(f"the emulator did not start: {errors.read_text(errors='replace').strip()}")
                time.sleep(0.01)
            return cls(process, int(port_file.read_text()), options.get("control_token"))

    def _control(self, method: str, call: str, query: Mapping[str, str], body: dict[str, Any] | None) -> dict[str, Any]:
        answer = self._http.request(method, f"{self.url}{PREFIX}{call}", params=query, json=body, timeout=60)
        return _checked(answer.status_code, answer.json())

    @property
    def pid(self) -> int:
        """The process, for measurements."""
        return self._process.pid

    def stop(self) -> None:
        """End the process."""
        self._http.close()
        _end(self._process)

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class InProcess(Controls):
    """An emulator without the network, on a clock that only the test advances: :attr:`now`, in real seconds."""

    def __init__(self, **options: Any) -> None:
        config = parse(arguments({"start_time": "2026-01-05T00:00:00Z", **options})).config
        self.exchange = build(config)
        self.now = 0.0
        self._handler = Control(self.exchange)
        self._introduce()

    def request(self, method: str, path: str, body: Any, authorization: str | None = None) -> Outcome:
        """One call of the API at the present instant. The caller waits for the delay in the outcome.

        ``path`` may hold a query. ``authorization`` is the header of this name, which only API v2 reads.
        """
        address, _mark, query = path.partition("?")
        pairs = tuple(parse_qsl(query, keep_blank_values=True))
        return self.exchange.receive(Request(method, unquote(address), body, pairs, authorization), self.now)

    def call(self, method: str, path: str, **fields: Any) -> tuple[int, Any]:
        """A call with the account's token that is expected to be answered: status and body."""
        reply = self.request(method, path, {"user_token": self.user_token, **fields}).reply
        if reply is None:
            raise EmulatorError(f"{method} {path} got no reply")
        return reply.status, reply.body

    def call_v2(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> tuple[int, Any]:
        """A call of API v2, below ``/api/v2/``, that is expected to be answered: status and body."""
        reply = self.request(method, PREFIX_V2 + path, body, f"Bearer {token or self.access_token}").reply
        if reply is None:
            raise EmulatorError(f"{method} {path} got no reply")
        return reply.status, reply.body

    def sleep(self, seconds: float) -> None:
        """Let real time pass."""
        self.now += seconds

    def _control(self, method: str, call: str, query: Mapping[str, str], body: dict[str, Any] | None) -> dict[str, Any]:
        reply = self._handler.handle(method, PREFIX + call, query, body, self.now)
        return _checked(reply.status, reply.body)


def arguments(options: Mapping[str, Any]) -> list[str]:
    """Keyword options as a command line."""
    line: list[str] = []
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if value is True:
            line.append(option)
        elif isinstance(value, Mapping):
            line.extend(f"{option}={key}={item}" for key, item in value.items())
        elif isinstance(value, (list, tuple)):
            line.extend(f"{option}={item}" for item in value)
        elif value is not None and value is not False:
            line.append(f"{option}={value}")
    return line


def _checked(status: int, body: Any) -> dict[str, Any]:
    if status != 200:
        raise EmulatorError(str(body.get("error", body)))
    found: dict[str, Any] = body
    return found


@atexit.register
def _end_all() -> None:
    for process in list(_RUNNING):
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    _RUNNING.discard(process)
    if process.stdin is not None:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
