# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A relay between ansible-playbook and the emulator that stops the world at a chosen request.

It counts requests and calls a hook at each boundary: before a request is passed on, and after the emulator has
processed it but before the reply is passed back. What a hook does there is the test's business: kill, wait, nothing.
"""

from __future__ import annotations

import http.client
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Boundary:
    """A moment at which a run can be stopped: the C(number)-th request, C(side) of its being processed."""

    number: int
    side: str
    method: str = ""
    path: str = ""

    def __str__(self) -> str:
        return "%s request %d, %s %s" % (self.side, self.number, self.method, self.path)


class Broken(Exception):
    """The connection to the client is to be closed without a reply."""


Hook = Callable[[Boundary], None]


class Relay(ThreadingHTTPServer):
    """Passes requests on to C(target). C(hook) is called at every boundary, and may raise Broken."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, target: str, hook: Hook = lambda _boundary: None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.hook = hook
        self.requests: list[str] = []  # what was asked for, in order
        self._target = urlsplit(target)
        self._lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):  # a client that was killed does not read the reply
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        return "http://127.0.0.1:%d" % self.server_address[1]

    def arrived(self, method: str, path: str) -> int:
        with self._lock:
            self.requests.append("%s %s" % (method, path))
            return len(self.requests)

    def pass_on(self, method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(str(self._target.hostname), self._target.port, timeout=60)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            return reply.status, reply.headers.get("Content-Type", ""), reply.read()
        finally:
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet, or each reply costs the 40 ms of a delayed acknowledgement
    server: Relay

    def relay(self) -> None:
        method, path = self.command, self.path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        number = self.server.arrived(method, path)
        try:
            self.server.hook(Boundary(number, BEFORE, method, path))
            status, kind, content = self.server.pass_on(method, path, body)
            self.server.hook(Boundary(number, AFTER, method, path))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()
        except (Broken, OSError):
            self.close_connection = True

    do_GET = do_POST = relay

    def log_message(self, format: str, *args: object) -> None:  # pylint: disable=redefined-builtin
        pass


@contextmanager
def relaying(target: str, hook: Hook = lambda _boundary: None) -> Iterator[Relay]:
    with Relay(target, hook) as relay:
        threading.Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield relay
        finally:
            relay.shutdown()


def kill_all(pid: int) -> None:
    """kill -9 of a run and of all that it started, as when a container or a machine goes away.

    Of all, because since ansible-core 2.19 the workers are no longer in the process group of ansible-playbook.
    """
    for one in reversed([pid, *descendants(pid)]):
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            pass


def descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found = list(parents.get(pid, ()))
    for child in found:
        found += parents.get(child, ())
    return found
