# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m emulator``: serve until told to stop."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path

from .assembly import build
from .exchange import Exchange
from .options import OptionError, Start, parse

try:
    from .web import Web, is_loopback, serve
except ModuleNotFoundError as missing:
    sys.exit(f"emulator: the Python package {missing.name} is missing. Run: pip install -r emulator/requirements.txt")


def main(arguments: list[str] | None = None) -> int:
    """Run the emulator; returns 2 for options that are not accepted."""
    try:
        start = parse(sys.argv[1:] if arguments is None else arguments)
        asyncio.run(_run(start))
    except OptionError as refusal:
        print(f"emulator: {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


async def _run(start: Start) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if start.watch_stdin:
        threading.Thread(target=_watch_stdin, args=(loop, stop), daemon=True).start()
    exchange = build(start.config)
    site = Web(exchange, start.control_token)

    def listening(port: int) -> None:
        _write(start.devices_file, _device_list(exchange) if start.devices_file else "")
        _write(start.port_file, f"{port}\n")
        if not start.quiet:
            print(_greeting(start, exchange, port), flush=True)

    try:
        await serve(site, start.host, start.port, stop, listening)
    except OSError as problem:
        raise OptionError(f"cannot listen on {start.host} port {start.port}: {problem.strerror or problem}") from None


def _watch_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stop when the process that started this one has ended, in whatever way."""
    while os.read(0, 4096):
        pass
    loop.call_soon_threadsafe(stop.set)


def _write(path: Path | None, content: str) -> None:
    """Write a file in one step, so that a reader never sees half of it. It may hold tokens."""
    if path is None:
        return
    part = path.with_name(path.name + ".part")
    try:
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(content)
        part.replace(path)
    except OSError as problem:
        raise OptionError(f"cannot write {path}: {problem.strerror}") from None


def _device_list(exchange: Exchange) -> str:
    return (
        json.dumps(
            [
                {"device_token": device.token, "device_uuid": device.uuid, "name": device.name}
                for device in exchange.service.fleet
            ],
            indent=1,
        )
        + "\n"
    )


def _greeting(start: Start, exchange: Exchange, port: int) -> str:
    host = f"[{start.host}]" if ":" in start.host else start.host
    lines = [
        f"emulator: http://{host}:{port} with {len(exchange.service.fleet)} devices,"
        f" user_token {exchange.service.user_token}",
        f"emulator: API v2: access_token {exchange.service_v2.tokens.first.token},"
        f" project keys {', '.join(exchange.service.fleet.project_keys.values())}",
    ]
    if not is_loopback(start.host) and start.control_token is None:
        lines.append("emulator: reachable from other machines; the control API answers this machine only")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
