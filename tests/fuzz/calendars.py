# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calendars made up at random, read by this collection and by two others: dateutil with icalendar, and
recurring-ical-events. DIFFERENCES is all in which they may differ, each with its reason.

Run it from the root of the repository: python -m tests.fuzz.calendars --minutes 5
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from dateutil.rrule import rruleset, rrulestr

from tests.fuzz.command import command

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / ".cache" / "collections")]

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows  # noqa: E402

UTC = timezone.utc
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LOW, HIGH = datetime(2026, 6, 1, tzinfo=UTC), datetime(2028, 6, 1, tzinfo=UTC)
ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Tokyo", "UTC")
# The clocks of these zones change at these wall-clock times, among others.
EDGES = ("20270328T0230", "20271031T0230", "20270314T0230", "20271107T0130", "20271003T0215", "20270404T0145")

DIFFERENCES = {
    "skipped time": "a time that the clock jumps over is the instant of the change; the others take a time after it",
    "hours of DURATION": "they elapse (RFC 5545, 3.3.6); the others add them on the wall clock",
    "UNTIL as a date": "of a timed event, that day is included; the others end at its midnight",
    "EXDATE as a date": "of a timed event, the whole day is excepted; dateutil knows no such exception",
    "several starts a day": "an exception takes out its own start; recurring-ical-events takes out all of that day",
    "start out of step": "a DTSTART that its rule does not choose is no occurrence; recurring-ical-events adds it",
    "cancelled override": "STATUS:CANCELLED takes the occurrence out; recurring-ical-events leaves that to its caller",
}


@dataclass(frozen=True)
class Case:
    """What a calendar says, beside its text."""

    zone: str
    whole_days: bool
    in_utc: bool
    start: datetime  # on the wall clock
    nominal: timedelta  # from a start to its end on the wall clock, and then
    elapsed: timedelta
    by_duration: bool
    rule: str
    until_day: bool
    gone: tuple[tuple[datetime, str], ...] = ()  # EXDATE, and how each is written: wall, utc, day
    more: tuple[datetime, ...] = ()  # RDATE
    moved: tuple[tuple[datetime, datetime, bool], ...] = ()  # RECURRENCE-ID, to when, cancelled

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo("UTC" if self.in_utc else self.zone)

    def text(self) -> str:
        lines = ["BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z", "DTSTART" + self._written(self.start)]
        lines += self._end(self.start)
        lines += ["RRULE:" + self.rule] if self.rule else []
        lines += ["EXDATE" + self._written(wall, how) for wall, how in self.gone]
        lines += ["RDATE" + self._written(wall) for wall in self.more]
        lines.append("END:VEVENT")
        for of, to, cancelled in self.moved:
            lines += ["BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z", "RECURRENCE-ID" + self._written(of)]
            lines += ["DTSTART" + self._written(to), *self._end(to), *(["STATUS:CANCELLED"] if cancelled else [])]
            lines.append("END:VEVENT")
        return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", *lines, "END:VCALENDAR", ""])

    def _written(self, wall: datetime, how: str = "wall") -> str:
        if self.whole_days or how == "day":
            return ";VALUE=DATE:" + wall.strftime("%Y%m%d")
        if self.in_utc or how == "utc":
            return ":" + wall.replace(tzinfo=self.tz).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        return ";TZID=%s:%s" % (self.zone, wall.strftime("%Y%m%dT%H%M%S"))

    def _end(self, start: datetime) -> list[str]:
        if not self.by_duration:
            return ["DTEND" + self._written(start + self.nominal)]
        hours, minutes = divmod(self.elapsed // MINUTE, 60)
        time = ("T%dH%dM" % (hours, minutes)) if self.elapsed else ""
        return ["DURATION:P%dD%s" % (self.nominal.days, time)]


Span = tuple[datetime, datetime]


def case(seed: int) -> Case:
    pick = random.Random(seed)
    whole_days, by_duration = pick.random() < 0.25, pick.random() < 0.4
    start = datetime(2026, 6, 1) + pick.randrange(400) * DAY + pick.randrange(96) * 15 * MINUTE  # noqa: DTZ001
    if pick.random() < 0.4:  # so that an occurrence meets a change
        edge = datetime.strptime(pick.choice(EDGES), "%Y%m%dT%H%M")  # noqa: DTZ007
        start = edge - pick.choice((0, 1, 7, 28, 350)) * DAY + pick.choice((-60, -30, 0, 15, 45)) * MINUTE
    if whole_days:
        start = start.replace(hour=0, minute=0)
    nominal = pick.choice((0, 0, 0, 1, 2)) * DAY if by_duration or whole_days else NO
    elapsed = pick.choice((15, 60, 90, 600, 1560)) * MINUTE if by_duration and not whole_days else NO
    if not by_duration and not whole_days:
        nominal = pick.choice((15, 60, 90, 600, 1440, 2880)) * MINUTE
    if whole_days and not nominal:
        nominal = DAY
    rule, until_day = _rule(pick, start, whole_days) if pick.random() < 0.85 else ("", False)
    made = Case(
        *(pick.choice(ZONES), whole_days, not whole_days and pick.random() < 0.15, start),
        *(nominal, elapsed, by_duration, rule, until_day),
    )
    walls = _walls(made)
    some = pick.sample(walls[:40], min(len(walls[:40]), pick.randrange(5)))
    kinds = ("wall", "wall", "utc", "day")
    gone = tuple((wall, pick.choice(kinds)) for wall in some[:2])
    moved = tuple(
        (wall, wall + pick.choice((-1, 0, 1, 3)) * DAY + (NO if whole_days else 25 * MINUTE), pick.random() < 0.2)
        for wall in (some[2:] if rule else ())
    )
    later = NO if whole_days else 5 * MINUTE
    more = tuple(start + pick.randrange(1, 300) * DAY + later for _each in range(pick.choice((0, 0, 1, 2))))
    targets = Counter([*walls, *more, *(to for _of, to, _cancelled in moved)])
    moved = tuple(each for each in moved if targets[each[1]] == 1)  # so that a time says which occurrence it is
    return replace(made, gone=gone if rule else (), more=more, moved=moved)


NO = timedelta(0)


def _rule(pick: random.Random, start: datetime, whole_days: bool) -> tuple[str, bool]:
    frequency = pick.choice(("DAILY", "WEEKLY", "MONTHLY", "YEARLY"))
    parts = ["FREQ=" + frequency, "INTERVAL=%d" % pick.choice((1, 1, 1, 2, 3))]
    codes = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    by_day = pick.random() < 0.4
    if by_day:
        nth = pick.choice(("", "1", "2", "-1")) if frequency in ("MONTHLY", "YEARLY") else ""
        chosen = pick.sample(codes, pick.randint(1, 3))
        parts.append("BYDAY=" + ",".join(nth + code for code in chosen))
    elif pick.random() < 0.3 and frequency != "WEEKLY":
        parts.append("BYMONTHDAY=%d,%d" % (start.day, pick.choice((-1, 1, 15))))
    if pick.random() < 0.2:
        parts.append("BYMONTH=%d,%d" % (start.month, pick.randint(1, 12)))
    if by_day and frequency in ("MONTHLY", "YEARLY") and pick.random() < 0.3:
        parts.append("BYSETPOS=%d" % pick.choice((1, 2, -1)))
    if not whole_days and pick.random() < 0.15:
        parts.append("BYHOUR=%d,%d" % (start.hour, pick.randrange(24)))
    end = pick.random()
    if end < 0.35:
        parts.append("COUNT=%d" % pick.choice((1, 5, 30)))
    elif end < 0.6:
        last = (start + pick.randrange(10, 600) * DAY).strftime("%Y%m%d")
        day = whole_days or pick.random() < 0.3
        parts.append("UNTIL=" + last + ("" if day else "T101500Z"))
        return ";".join(parts), day and not whole_days
    return ";".join(parts), False


# Ours


def ours(made: Case) -> set[Span]:
    read = read_windows([{"name": "made up", "timezone": made.zone, "calendar": made.text()}])
    return {
        (opens, closes)
        for source in read.windows[0].sources
        for opens, closes in source.spans(LOW, HIGH, None)
        if LOW <= opens < HIGH and opens < closes
    }


# Theirs: starts and ends on the wall clock


def _walls(made: Case) -> list[datetime]:
    """Occurrences by the rule alone, after dateutil."""
    if not made.rule:
        return [made.start]
    return [wall for wall in _dateutil(made.rule, made.start, made) if wall < datetime(2029, 1, 1)]  # noqa: DTZ001


def _dateutil(rule: str, start: datetime, made: Case) -> list[datetime]:
    """UNTIL in UTC cannot be said to dateutil for a naive start: it is compared here."""
    parts = dict(part.split("=") for part in rule.split(";"))
    until = parts.pop("UNTIL", "")
    plain = ";".join("%s=%s" % part for part in parts.items())
    series = rrulestr(plain, dtstart=start)
    found = series.between(start - DAY, datetime(2029, 1, 1), inc=True)  # noqa: DTZ001
    if not until:
        return list(found)
    if until.endswith("Z"):
        last = datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return [wall for wall in found if wall.replace(tzinfo=made.tz).astimezone(UTC) <= last]
    return [wall for wall in found if wall <= datetime.strptime(until, "%Y%m%d")]  # noqa: DTZ007


def of_dateutil(made: Case) -> set[Span]:
    """The series as dateutil has it, of what icalendar reads from the text."""
    events = icalendar.Calendar.from_ical(made.text()).walk("VEVENT")
    master = events[0]
    assert _wall(master["DTSTART"].dt, made) == made.start
    series = rruleset()
    for wall in _walls(made):
        series.rdate(wall)
    for one in _listed(master.get("RDATE")):
        series.rdate(_wall(one, made))
    for one in _listed(master.get("EXDATE")):
        if made.whole_days or isinstance(one, datetime):  # dateutil knows no dates without a time
            series.exdate(_wall(one, made))
    for event in events[1:]:
        series.exdate(_wall(event["RECURRENCE-ID"].dt, made))
    length = master.duration
    spans = [(wall, wall + length) for wall in series]
    for event in events[1:]:
        if event.get("STATUS") != "CANCELLED":
            start = _wall(event["DTSTART"].dt, made)
            spans.append((start, start + event.duration))
    return set(spans)


def of_recurring(made: Case) -> set[Span]:
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(made.text())).between(LOW - 5 * DAY, HIGH + 5 * DAY)
    return {(_wall(one["DTSTART"].dt, made), _wall(one["DTEND"].dt, made)) for one in found}


def _listed(given: Any) -> Iterator[date]:
    for each in given if isinstance(given, list) else [given] if given else []:
        yield from (one.dt for one in each.dts)


def _wall(moment: date, made: Case) -> datetime:
    if not isinstance(moment, datetime):
        return datetime.combine(moment, datetime.min.time())
    return moment.astimezone(made.tz).replace(tzinfo=None) if moment.utcoffset() == NO else moment.replace(tzinfo=None)


# What the differences make of theirs


def expected(made: Case, theirs: set[Span], whose: str) -> tuple[set[Span], Counter[str]]:
    """Instants, and how many occurrences each of DIFFERENCES changed."""
    met: Counter[str] = Counter()
    moved_to = {to for _of, to, _cancelled in made.moved}
    series = {span for span in theirs if span[0] not in moved_to}
    others = theirs - series

    def take_out(name: str, gone: set[Span]) -> None:
        met[name] += len(gone & series)
        series.difference_update(gone)

    if whose == "dateutil":
        days = {wall.date() for wall, how in made.gone if how == "day" and not made.whole_days}
        take_out("EXDATE as a date", {span for span in series if span[0].date() in days})
    else:
        chosen = {*_walls(replace(made, rule=_longer(made))), *made.more}
        take_out("start out of step", {span for span in series if span[0] == made.start and made.start not in chosen})
        cancelled = {to for _of, to, cancelled in made.moved if cancelled}
        met["cancelled override"] += sum(1 for span in others if span[0] in cancelled)
        others = {span for span in others if span[0] not in cancelled}
    in_gaps = {wall for wall, how in made.gone if how == "utc" and _instant(wall, made.tz) != _naively(wall, made.tz)}
    take_out("skipped time", {span for span in series if span[0] in in_gaps})
    out = {wall for wall, how in made.gone if how != "day"} | {of for of, _to, _cancelled in made.moved}
    days = {wall.date() for wall, how in made.gone if how == "day"}
    every = {wall for wall in {*_walls(replace(made, rule=_longer(made))), *made.more} - out if wall.date() not in days}

    def put_in(name: str, walls: set[datetime]) -> None:
        more = {(wall, wall + made.nominal + made.elapsed) for wall in walls} - series
        met[name] += len(more)
        series.update(more)

    if made.until_day:  # the midnight of recurring-ical-events is that of UTC
        last = datetime.strptime(made.rule.partition("UNTIL=")[2], "%Y%m%d")  # noqa: DTZ007
        put_in("UNTIL as a date", {wall for wall in every if last - DAY < wall < last + DAY})
    if whose != "dateutil" and "BYHOUR" in made.rule:
        put_in("several starts a day", {wall for wall in every if wall.date() in {one.date() for one in out}})
    found = set()
    for start, end in series | others:
        opens = _instant(start, made.tz)
        closes = _instant(start + made.nominal, made.tz) + made.elapsed if made.by_duration else _instant(end, made.tz)
        if _naively(end, made.tz) != closes:
            elapses = made.elapsed and _instant(end, made.tz) != closes
            met["hours of DURATION" if elapses else "skipped time"] += 1
        met["skipped time"] += opens != _naively(start, made.tz)
        if LOW <= opens < HIGH and opens < closes:
            found.add((opens, closes))
    return found, met


def _longer(made: Case) -> str:
    """The rule with the last second of the day that UNTIL names, on the clock of the event."""
    if not made.until_day:
        return made.rule
    head, _until, day = made.rule.partition("UNTIL=")
    last = datetime.strptime(day + "235959", "%Y%m%d%H%M%S").replace(tzinfo=made.tz)
    return head + "UNTIL=" + last.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _naively(wall: datetime, zone: ZoneInfo) -> datetime:
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first minute at which the clock shows this time or a later one."""
    found = _naively(wall, zone)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    found = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    while found.astimezone(zone).replace(tzinfo=None) < wall:
        found += MINUTE
    return found


def compare(seed: int) -> Counter[str]:
    """Which differences were met. Raises AssertionError when there is any other."""
    made = case(seed)
    found = ours(made)
    total: Counter[str] = Counter()
    for whose, read in (("dateutil", of_dateutil), ("recurring-ical-events", of_recurring)):
        meant, met = expected(made, read(made), whose)
        total += met
        assert found == meant, "seed %d: %s\nonly ours %s\nonly %s %s\n%s" % (
            *(seed, made, _some(found - meant), whose, _some(meant - found), made.text()),
        )
    return total


def _some(spans: set[Span]) -> str:
    return ", ".join("%s to %s" % (opens.isoformat(), closes.isoformat()) for opens, closes in sorted(spans)[:4])


def main() -> None:
    met: Counter[str] = Counter()

    def play(seed: int) -> str:
        met.update(compare(seed))
        return "done"

    def tell() -> None:
        for name, reason in DIFFERENCES.items():
            print("%6d times %s: %s" % (met[name], name, reason))

    command(__doc__ or "", play, lambda seed: "%s %s" % (case(seed).text(), dict(compare(seed))), tell)


if __name__ == "__main__":
    main()
