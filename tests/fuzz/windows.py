# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows made up at random: each is either answered or refused with its place, never with a traceback.

Run it from the root of the repository: python -m tests.fuzz.windows --minutes 5
"""

from __future__ import annotations

import random
import sys
import time
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from tests.fuzz.command import command

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / ".cache" / "collections")]

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput  # noqa: E402
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows  # noqa: E402
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._window.lint import lint  # noqa: E402
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._window.preview import preview  # noqa: E402

ALWAYS = {"name": "always", "timezone": "UTC", "start": "00:00", "end": "24:00"}
SLOW = 10.0  # processor seconds for one case: an answer takes one
TIMES = (
    "20270110T090000",
    "20270110T090000Z",
    "20270328T023000",
    "20271031T023000",
    "20271031T003000Z",
    "20270110",
    "20270110Z",
    "20270110T000000",
    "00010101T000000",
    "00010101T000000Z",
    "00010101",
    "00000000",
    "99991231T235959",
    "99991231T235959Z",
    "99991231",
    "20270229",
    "20270110T246060",
    "16010101T000000",
    "083000",
    "",
    "٢٠٢٧٠١١٠",
)
LENGTHS = ("PT1H", "P1D", "P1W", "-PT1H", "PT0S", "P", "PT", "P99999999D", "P3660D", "P1DT36H", "+PT5M", "1H", "P1.5D")
ZONES = (
    "Europe/Paris",
    "America/New_York",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "Europe/lisbon",
    "W. Europe Standard Time",
    "/x.org/1/Asia/Tokyo",
    "UTC",
    "Mars/Olympus",
    "(UTC+01:00) Amsterdam, Berlin",
    "../etc/passwd",
    "",
)
KINDS = ("DATE", "DATE-TIME", "PERIOD", "TIME", "DURATION", "BINARY", "date", "")
NAMES = ("DTSTART", "DTEND", "DURATION", "RDATE", "EXDATE", "RECURRENCE-ID", "RRULE", "EXRULE", "FREEBUSY", "X-ANY")
NOISE = (
    "CREATED:soon",
    "ATTENDEE",
    "SEQUENCE:1",
    "SEQUENCE:x",
    "STATUS:CANCELED",
    "UID:same",
    "broken",
    ":",
    ";=:",
    "\x00",
)
DAYS = ("MO", "TU", "2WE", "-1FR", "+53SU", "0MO", "XX", "")
NUMBERS = ("0", "1", "-1", "7", "23", "31", "59", "60", "366", "-366", "400", "99999", "9" * 5000, "x", "")


class Pick(random.Random):
    """Chance; most cases are tame, so that most of them are answered."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.tame = self.random() < 0.7

    def among(self, options: Sequence[str], good: int) -> str:
        """Of the first so many when it is tame."""
        return self.choice(options[:good] if self.tame else options)


def _rule(pick: Pick) -> str:
    said = ["FREQ=" + pick.among(("DAILY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY", "X"), 4)]
    for name in (
        "INTERVAL",
        "COUNT",
        "BYMONTH",
        "BYMONTHDAY",
        "BYYEARDAY",
        "BYWEEKNO",
        "BYSETPOS",
        "BYHOUR",
        "BYMINUTE",
    ):
        if pick.random() < 0.15:
            said.append("%s=%s" % (name, ",".join(pick.among(NUMBERS, 3) for _each in range(pick.randint(1, 3)))))
    if pick.random() < 0.3:
        said.append("BYDAY=" + ",".join(pick.among(DAYS, 2) for _each in range(pick.randint(1, 3))))
    if pick.random() < 0.3:
        said.append("UNTIL=" + pick.among(TIMES, 8))
    return pick.among((";", " ; ", ","), 2).join(said)


def _line(pick: Pick, name: str) -> str:
    if name.endswith("RULE"):
        return "%s:%s" % (name, _rule(pick) if pick.random() < 0.95 else "")
    value = pick.among(TIMES, 8)
    if name == "DURATION":
        value = pick.among(LENGTHS, 3)
    elif name in ("RDATE", "EXDATE", "FREEBUSY") and pick.random() < 0.5:
        value = ",".join(
            pick.among(TIMES, 2 if name == "FREEBUSY" else 8)
            + (
                "/" + pick.among(LENGTHS + TIMES, 3)
                if name == "FREEBUSY" or pick.random() < (0 if pick.tame else 0.4)
                else ""
            )
            for _each in "ab"
        )
    tamed = pick.tame and (value.endswith("Z") or "," in value)
    parameters = ";TZID=" + pick.among(ZONES, 8) if pick.random() < 0.5 and not tamed else ""
    parameters += ";VALUE=" + pick.choice(KINDS) if pick.random() < 0.3 and not pick.tame else ""
    return "%s%s%s%s" % (name, parameters, pick.among(":::::::: ;", 8), value)


def _calendar(pick: Pick) -> str:
    lines = ["BEGIN:VCALENDAR"]
    for _event in range(pick.randint(1, 3)):
        kind = pick.choice(("VEVENT",) * 8 + ("VFREEBUSY", "VTODO"))
        ends = pick.choice(("DTEND", "DURATION"))
        others = [pick.among(("RDATE", "EXDATE", "RRULE", "EXRULE", *NAMES), 4) for _each in range(pick.randint(0, 4))]
        body = [_line(pick, name) for name in ("DTSTART", ends, *others)]
        body += [pick.among(NOISE, 3) for _each in range(pick.randint(0, 2))]
        lines += ["BEGIN:" + kind, *body, "END:" + kind]
    lines.append("END:VCALENDAR")
    text = pick.choice(("\r\n", "\n")).join(lines)
    return text if pick.tame or pick.random() < 0.8 else text[: pick.randrange(15, len(text))]


def _cron(pick: Pick) -> str:
    parts = (
        "*",
        "*/5",
        "0",
        "22-2",
        "FRI-MON",
        "MON#2",
        "5L",
        "L",
        "LW",
        "?",
        "1-5/2",
        "60",
        "7",
        "NOV-FEB",
        "x",
        "*/0",
    )
    if pick.random() < 0.1:
        return pick.among(("@daily", "@weekly", "@reboot", "", " "), 2)
    return " ".join(pick.among(parts, 3) for _each in range(5 if pick.tame else pick.choice((5, 5, 4, 6))))


def window(pick: Pick) -> dict[str, Any]:
    """One at random, in one of the forms."""
    form = pick.choice(("calendar", "calendar", "schedule", "rrule", "cron", "weekly", "once"))
    zone = pick.among(("device", "UTC", *ZONES), 6)
    made: dict[str, Any] = {"name": "made up", "timezone": zone}
    length = pick.among(("1h", "24h", "25h", "7d", "3660d", "1m", "", "x"), 6)
    if form == "calendar":
        return {**made, "calendar": _calendar(pick)}
    if form == "schedule":
        names = [
            "DTSTART",
            "RRULE",
            *(pick.among(("EXDATE", "EXRULE", "RDATE"), 2) for _each in range(pick.randint(0, 2))),
        ]
        del made["timezone"]
        return {**made, "rrule": " ".join(_line(pick, name) for name in names), "duration": length}
    if form == "rrule":
        since = {"from": pick.choice(("2026-11-23", "1970-01-01", "2999-12-31", "0001-01-01", ""))}
        return {**made, "rrule": _rule(pick), "start": "22:00", "duration": length, **since}
    if form == "cron":
        return {**made, "cron": _cron(pick), "duration": length}
    if form == "weekly":
        end = pick.choice(("04:00", "24:00", "sun 18:00", "fri 22:00", "x 1:00", "mon,tue 3:00", " "))
        return {**made, "days": pick.choice(("fri", "mon,tue", "weekend", "")), "start": "22:00", "end": end}
    ends = pick.choice(("2027-01-01", "2999-12-31", "2026-12-24T00:00Z", "9999-12-31", "2026-12-24"))
    return {**made, "from": pick.choice(("2026-12-24", "1970-01-01", "2026-12-24T00:00Z")), "to": ends}


def ask(made: dict[str, Any], at: datetime) -> str:
    """All questions, about the window and about the same as a blackout; which were refused. Raises AssertionError."""
    said = ""
    for place, windows, blackouts in (("windows[0]", [made], []), ("blackouts[0]", [ALWAYS], [made])):
        try:
            calendar = read_windows(windows, blackouts)
        except InvalidInput as err:
            problem = err.msg
        else:
            problem = ""
        if problem:
            assert problem.startswith(place), "no place: " + problem
            assert len(problem) < 1500, "long: %d" % len(problem)
            said += " refused %s" % place
            continue
        status = calendar.status(at, zone="Pacific/Apia")
        found = preview(calendar, at, timedelta(0), 3, 400, "Pacific/Apia")
        lint(calendar, at, timedelta(0), 45, "Pacific/Apia")
        status.as_result()
        if found:
            assert status.open is (found[0]["opens"] <= at.strftime("%Y-%m-%dT%H:%M:%SZ")), "preview: %s" % found[0]
    return said


def instant(pick: Pick) -> datetime:
    return datetime(2026, 12, 24, tzinfo=timezone.utc) + timedelta(minutes=pick.randrange(500_000))


def run(seed: int) -> str:
    """Raises AssertionError with the case."""
    pick = Pick(seed)
    made, at = window(pick), instant(pick)
    began = time.process_time()
    try:
        said = ask(made, at)
    except Exception:
        raise AssertionError("seed %d: %r at %s\n%s" % (seed, made, at, traceback.format_exc())) from None
    assert time.process_time() - began < SLOW, "seed %d: slow: %r at %s" % (seed, made, at)
    return said


if __name__ == "__main__":
    command(
        __doc__ or "",
        lambda seed: "refused" if "refused" in run(seed) else "done",
        lambda seed: run(seed) or "answered",
    )
