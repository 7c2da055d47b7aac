# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: options, their limits, and the resulting configuration."""

from __future__ import annotations

import argparse
import math
import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NoReturn

from .assembly import Config
from .life import LifeRules
from .population import Population
from .switches import SwitchError, Switches, explained

MOST_DEVICES = 1_000_000
_INDENTED: dict[str, Any] = {"initial_indent": "  ", "subsequent_indent": " " * 8, "break_on_hyphens": False}


class OptionError(Exception):
    """Options that are not accepted."""


@dataclass(frozen=True)
class Start:
    """What to serve, and where."""

    config: Config
    host: str
    port: int
    port_file: Path | None
    devices_file: Path | None
    control_token: str | None
    quiet: bool
    watch_stdin: bool


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionError(message)


def parse(arguments: Sequence[str]) -> Start:
    """Read a command line, or raise :class:`OptionError` with one line that says what to change."""
    given = _parser().parse_args(arguments)
    switches = _switches(given)
    epoch = time.time() if given.start_time is None else given.start_time
    population = Population(
        projects=_projects(given.project or ["Kiosks"], given.devices),
        groups=_groups(given.groups or ["4"]),
        tags=tuple(_tag(item) for item in given.tags or ["canary=5"] if item),
        apps=tuple(_app(item) for item in given.app or ["kiosk_ui=3.1.0"]),
        offline_percent=given.offline_percent,
        held_percent=given.held_percent,
        agent_version=given.agent_version,
    )
    rules = LifeRules(
        given.seed,
        given.heartbeat,
        given.update_seconds,
        given.update_spread,
        given.fail_percent,
    )
    config = Config(
        population,
        rules,
        switches,
        given.user_token,
        given.access_token,
        tuple(_flow(item) for item in given.flow or ["f-77aa-01bc=kiosk-ui"]),
        given.time_factor,
        epoch,
        time.time(),
        given.log_size,
    )
    return Start(
        config,
        given.host,
        given.port,
        given.port_file,
        given.devices_file,
        given.control_token,
        given.quiet,
        given.watch_stdin,
    )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m emulator",
        allow_abbrev=False,
        description="A stand-in for JFrog Connect: API v1 and API v2 over one fleet of emulated devices.",
        epilog=_explained(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_place(parser)
    _add_fleet(parser)
    _add_life(parser)
    group = parser.add_argument_group("limits and open questions (see also the switches below)")
    group.add_argument("--rate-limit", metavar="N", help="calls per device and minute, 0 for no limit (3)")
    group.add_argument("--account-limit", metavar="N", help="calls per minute that name no device, 0 for no limit (0)")
    group.add_argument("--ban-after", metavar="N", help="refused calls until every call gets a 429, 0 for never (0)")
    group.add_argument("--ban-seconds", metavar="S", help="how long a ban lasts (600)")
    group.add_argument("--lag-seconds", metavar="S", help="lists show the fleet as it was S real seconds ago (0)")
    group.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help="set a switch; repeatable")
    return parser


def _explained() -> str:
    lines = [line for item in explained() for line in textwrap.wrap(item, 100, **_INDENTED)]
    return "\n".join(["switches (the default first; U: the open question in docs/connect-api.md):", *lines])


def _add_place(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("where it listens")
    group.add_argument("--host", type=_text, default="127.0.0.1", help="address to listen on (127.0.0.1)")
    group.add_argument("--port", type=_integer(0, 65535), default=8080, metavar="N", help="0 for any free port (8080)")
    group.add_argument("--port-file", type=Path, metavar="FILE", help="write the port here when listening")
    group.add_argument("--devices-file", type=Path, metavar="FILE", help="write the devices with their tokens here")
    group.add_argument("--control-token", type=_text, metavar="TOKEN", help="token that control calls must carry")
    group.add_argument("--quiet", action="store_true", help="print nothing at the start")
    group.add_argument(
        "--log-size",
        type=_integer(0, 10_000_000),
        default=100_000,
        metavar="N",
        help="requests kept in the log (100000)",
    )
    group.add_argument("--watch-stdin", action="store_true", help="stop when the standard input ends")


def _add_fleet(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the account")
    group.add_argument("--devices", type=_integer(0, MOST_DEVICES), metavar="N", help="devices in all (20)")
    group.add_argument(
        "--project",
        action="append",
        type=_text,
        metavar="NAME[=COUNT]",
        help="repeatable; projects without a count share the rest of the devices (Kiosks)",
    )
    group.add_argument(
        "--groups",
        action="append",
        type=_text,
        metavar="N|NAME[,NAME]",
        help="N groups named Floor-1.., or these groups, in each project (4)",
    )
    group.add_argument(
        "--tags",
        action="append",
        metavar="NAME[=PERCENT]",
        help="tag on the first PERCENT of the devices of each group, empty for none (canary=5)",
    )
    group.add_argument(
        "--app",
        action="append",
        type=_text,
        metavar="NAME[=VERSION]",
        help="apps that the account knows; with a version: installed on all devices (kiosk_ui=3.1.0)",
    )
    group.add_argument(
        "--flow",
        action="append",
        type=_text,
        metavar="ID[=NAME]",
        help="update flows that the account knows; without a name, the id is the name (f-77aa-01bc=kiosk-ui)",
    )
    group.add_argument("--user-token", type=_text, metavar="TOKEN", help="the account's token (made from the seed)")
    group.add_argument(
        "--access-token", type=_text, metavar="TOKEN", help="the first access token of API v2 (made from the seed)"
    )
    group.add_argument("--agent-version", type=_text, default="6.2", metavar="V", help="agent version (6.2)")
    group.add_argument(
        "--offline-percent",
        type=_number(0, 100),
        default=0.0,
        metavar="P",
        help="percent of the devices that are offline (0)",
    )
    group.add_argument(
        "--held-percent",
        type=_number(0, 100),
        default=0.0,
        metavar="P",
        help="percent of the devices that are held (0)",
    )


def _add_life(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the life of devices, in emulated seconds")
    group.add_argument("--seed", type=_integer(0, 2**63 - 1), default=1, metavar="N", help="same seed, same fleet (1)")
    group.add_argument("--start-time", type=_moment, metavar="ISO", help="emulated time at the start (now)")
    group.add_argument(
        "--time-factor", type=_number(1e-3, 1e6), default=1.0, metavar="F", help="emulated seconds per real second (1)"
    )
    group.add_argument(
        "--heartbeat", type=_number(1e-3, 1e6), default=25.0, metavar="S", help="seconds between heartbeats (25)"
    )
    group.add_argument(
        "--update-seconds",
        type=_number(0, 1e7),
        default=90.0,
        metavar="MEDIAN",
        help="median duration of an update (90)",
    )
    group.add_argument(
        "--update-spread",
        type=_number(0, 3),
        default=0.25,
        metavar="SIGMA",
        help="log-normal spread of durations, 0 for none (0.25)",
    )
    group.add_argument(
        "--fail-percent", type=_number(0, 100), default=0.0, metavar="P", help="percent of the updates that fail (0)"
    )


def _text(value: str) -> str:
    if not value.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return value


def _integer(least: int, most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not value.isascii() or not value.isdigit() or not least <= int(value) <= most:
            raise argparse.ArgumentTypeError(f"must be an integer from {least} to {most}, not {value!r}")
        return int(value)

    return read


def _number(least: float, most: float) -> Callable[[str], float]:
    def read(value: str) -> float:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"must be a number from {least:g} to {most:g}, not {value!r}")
        return number

    return read


def _moment(value: str) -> float:
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be like 2026-01-05T22:00:00Z, not {value!r}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _switches(given: argparse.Namespace) -> Switches:
    values: dict[str, object] = {}
    for item in given.switch:
        name, separator, value = item.partition("=")
        if not separator:
            raise OptionError(f"argument --switch: must be NAME=VALUE, not {item!r}")
        values[name] = value
    for name in ("rate_limit", "account_limit", "ban_after", "ban_seconds", "lag_seconds"):
        if getattr(given, name) is not None:
            values[name] = getattr(given, name)
    switches = Switches()
    try:
        switches.change(values)
    except SwitchError as refusal:
        raise OptionError(str(refusal)) from None
    return switches


def _projects(items: list[str], devices: int | None) -> tuple[tuple[str, int], ...]:
    counts: dict[str, int | None] = {}
    for item in items:
        name, separator, count = item.partition("=")
        if not name or (separator and not count.isdigit()) or name in counts:
            raise OptionError(f"argument --project: must be NAME or NAME=COUNT, each name once, not {item!r}")
        counts[name] = int(count) if separator else None
    counted = sum(count for count in counts.values() if count is not None)
    open_names = [name for name, count in counts.items() if count is None]
    total = devices if devices is not None else counted + (20 if open_names else 0)
    if counted > total or (not open_names and counted != total):
        raise OptionError(f"argument --devices: {total} devices, but the projects have {counted}")
    if total > MOST_DEVICES:
        raise OptionError(f"argument --project: more than {MOST_DEVICES} devices")
    for index, name in enumerate(open_names):
        share = total - counted
        counts[name] = share * (index + 1) // len(open_names) - share * index // len(open_names)
    return tuple((name, count or 0) for name, count in counts.items())


def _groups(items: list[str]) -> tuple[str, ...]:
    if len(items) == 1 and items[0].isdigit():
        if not 1 <= int(items[0]) <= 10_000:
            raise OptionError(f"argument --groups: must be 1 to 10000 or names, not {items[0]!r}")
        return tuple(f"Floor-{number + 1}" for number in range(int(items[0])))
    names = [name.strip() for item in items for name in item.split(",")]
    if not all(names) or len(set(names)) != len(names):
        raise OptionError(f"argument --groups: names must not be empty or repeated, not {','.join(items)!r}")
    return tuple(names)


def _tag(item: str) -> tuple[str, float]:
    name, separator, percent = item.partition("=")
    try:
        share = _number(0, 100)(percent) if separator else 5.0
    except argparse.ArgumentTypeError as refusal:
        raise OptionError(f"argument --tags: {refusal}") from None
    if not name:
        raise OptionError(f"argument --tags: must be NAME or NAME=PERCENT, not {item!r}")
    return name, share


def _flow(item: str) -> tuple[str, str]:
    flow_id, _separator, name = item.partition("=")
    if not flow_id:
        raise OptionError(f"argument --flow: must be ID or ID=NAME, not {item!r}")
    return flow_id, name or flow_id


def _app(item: str) -> tuple[str, str | None]:
    name, _separator, version = item.partition("=")
    if not name:
        raise OptionError(f"argument --app: must be NAME or NAME=VERSION, not {item!r}")
    return name, version or None
