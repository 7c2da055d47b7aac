# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it costs to ask whether a window is open, beside a naive peer: dateutil, expanded from DTSTART on.

Run it from the root of the repository: python -m tests.benchmarks.windows --help
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from itertools import takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / ".cache" / "collections")]

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows  # noqa: E402
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._window.lint import lint  # noqa: E402
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._window.preview import preview  # noqa: E402

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 11, 23, 12, 7, tzinfo=timezone.utc)
RULES = (
    "FREQ=DAILY;INTERVAL=1",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH",
    "FREQ=MONTHLY;BYDAY=2TU",
    "FREQ=DAILY;INTERVAL=3",
)
HOUR = timedelta(hours=1)
Answer = tuple[bool, "datetime | None"]


def schedules(count: int, years: int) -> list[tuple[datetime, str]]:
    """Rules that began so many years ago, at different minutes of the night."""
    first = datetime(NOW.year - years, 1, 1, 1)  # noqa: DTZ001  the time of a wall clock
    return [(first + timedelta(days=at % 28, minutes=at), RULES[at % len(RULES)]) for at in range(count)]


def ours(given: list[tuple[datetime, str]]) -> Callable[[], Answer]:
    """Reading included, as in each task."""
    windows = [
        {
            "name": "w%d" % at,
            "rrule": "DTSTART;TZID=Europe/Paris:%s RRULE:%s" % (start.strftime("%Y%m%dT%H%M%S"), rule),
            "duration": "1h",
        }
        for at, (start, rule) in enumerate(given)
    ]

    def ask() -> Answer:
        status = read_windows(windows).status(NOW)
        return status.open, status.next_opening

    return ask


def naive(given: list[tuple[datetime, str]]) -> Callable[[], Answer]:
    """Every occurrence since the beginning, with the zone put on; right except where clocks change."""

    def ask() -> Answer:
        now = NOW.astimezone(PARIS).replace(tzinfo=None)
        is_open, coming = False, None
        for start, rule in given:
            for wall in rrulestr(rule, dtstart=start):
                if wall <= now < wall + HOUR:
                    is_open = True
                if wall > now:
                    coming = min(coming or wall, wall)
                    break
        return is_open, coming.replace(tzinfo=PARIS).astimezone(timezone.utc) if coming else None

    return ask


def ours_dense() -> Answer:
    window = {"name": "dense", "timezone": "Europe/Paris", "cron": "*/5 * * * *", "duration": "2m"}
    status = read_windows([window]).status(NOW)
    return status.open, status.next_opening


def naive_dense() -> Answer:
    """Every five minutes since 2015."""
    now = NOW.astimezone(PARIS).replace(tzinfo=None)
    rule = rrulestr("FREQ=MINUTELY;INTERVAL=5", dtstart=datetime(2015, 1, 1))  # noqa: DTZ001
    last = max(takewhile(lambda wall: wall <= now, rule))
    coming = (last + timedelta(minutes=5)).replace(tzinfo=PARIS).astimezone(timezone.utc)
    return now < last + timedelta(minutes=2), coming


def many() -> dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]]:
    """Windows and blackouts with very many occurrences."""
    always = [{"name": "always", "timezone": "UTC", "start": "00:00", "end": "24:00"}]
    lines = ["BEGIN:VCALENDAR"]
    for at in range(10_000):
        begins = "2026%02d%02dT%02d0000" % (at % 12 + 1, at % 28 + 1, at % 24)
        lines += ["BEGIN:VEVENT", "UID:%d" % at, "DTSTART;TZID=Europe/Paris:" + begins, "DURATION:PT1H", "END:VEVENT"]
    events = [{"name": "events", "calendar": "\r\n".join([*lines, "END:VCALENDAR", ""])}]
    rules = [
        {
            "name": "w%d" % at,
            "rrule": "DTSTART;TZID=Europe/Paris:%s RRULE:%s" % (start.strftime("%Y%m%dT%H%M%S"), rule),
            "duration": "1h",
        }
        for at, (start, rule) in enumerate(schedules(1000, 10))
    ]
    crons = [
        {"name": "w%d" % at, "timezone": "Europe/Paris", "cron": "%s * * * *" % minutes, "duration": "1m"}
        for at, minutes in enumerate(("*/2", "1-59/2"))
    ]
    whole_day = ["BEGIN:VCALENDAR"]
    for at in range(300):
        begins = "20260101T%02d%02d00" % divmod(at * 24 * 60 // 300, 60)
        whole_day += ["BEGIN:VEVENT", "UID:%d" % at, "DTSTART;TZID=Europe/Paris:" + begins, "DURATION:PT6M"]
        whole_day += ["RRULE:FREQ=DAILY", "END:VEVENT"]
    daily = [{"name": "daily", "calendar": "\r\n".join([*whole_day, "END:VCALENDAR", ""])}]
    every = ";BYHOUR=%s;BYMINUTE=%s" % (",".join(map(str, range(24))), ",".join(map(str, range(60))))
    fives = [
        {"name": "w%d" % at, "timezone": "Europe/Paris", "cron": "*/5 * * * *", "duration": "1m"} for at in range(300)
    ]
    awx = {"name": "rule", "duration": "1m"}
    return {
        "1,440 starts a day": ([{**awx, "rrule": "DTSTART:20260101T000000Z RRULE:FREQ=DAILY" + every}], []),
        "COUNT=999999 daily since 1900": (
            [{**awx, "rrule": "DTSTART:19000101T000000Z RRULE:FREQ=DAILY;COUNT=999999"}],
            [],
        ),
        "300 windows every 5 minutes": (fives, []),
        "300 daily events that cover the day": (daily, []),
        "the same events as a blackout": (always, daily),
        "1,000 rules": (rules, []),
        "10,000 events as a blackout": (always, events),
        "1,000 rules, 10,000 events as a blackout": (rules, events),
        "two crons that cover each minute": (crons, []),
        "the same as blackouts": (always, crons),
    }


def costs(windows: list[dict[str, Any]], blackouts: list[dict[str, Any]], times: int) -> list[float]:
    """Milliseconds of reading, a status, a preview and a lint."""
    nothing = timedelta(0)
    calendar = read_windows(windows, blackouts)
    return [
        1000 * best_of(times, work)
        for work in (
            lambda: read_windows(windows, blackouts),
            lambda: calendar.status(NOW),
            lambda: preview(calendar, NOW, nothing, 10, 3650, None),
            lambda: lint(calendar, NOW, nothing, 45, None),
        )
    ]


def best_of(times: int, work: Callable[[], Any]) -> float:
    """Processor seconds, because other processes run too."""
    seconds = []
    for _each in range(times):
        began = time.process_time()
        work()
        seconds.append(time.process_time() - began)
    return min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=100)
    parser.add_argument("--years", type=int, default=10, help="how long ago the rules began")
    parser.add_argument("--times", type=int, default=5, help="runs, of which the best counts")
    options = parser.parse_args()
    given = schedules(options.windows, options.years)
    rows = (
        ("%d windows, DTSTART %d years ago" % (options.windows, options.years), ours(given), naive(given)),
        ("every 5 minutes since 2015", ours_dense, naive_dense),
    )
    print(
        "Python %s, python-dateutil %s, cronsim %s"
        % (platform.python_version(), version("python-dateutil"), version("cronsim"))
    )
    print("| question | ours, ms | naive, ms | naive, ours = 1 |\n| --- | --- | --- | --- |")
    for name, our_way, naive_way in rows:
        if our_way() != naive_way():
            sys.exit("%s: the answers differ: %s, %s" % (name, our_way(), naive_way()))
        mine, other = best_of(options.times, our_way), best_of(options.times, naive_way)
        print("| %s | %.1f | %.1f | %.0f |" % (name, mine * 1000, other * 1000, other / mine))
    print("\n| many, ms | reading | status | preview | lint |\n| --- | --- | --- | --- | --- |")
    for name, given in many().items():
        print("| %s | %.0f | %.0f | %.0f | %.0f |" % (name, *costs(*given, min(options.times, 2))))


if __name__ == "__main__":
    main()
