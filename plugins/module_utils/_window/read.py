# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Windows as users write them, read strictly: what is not understood is refused, with its name and the remedy."""

from __future__ import annotations

import difflib
import hashlib
import re
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from .._errors import InvalidInput
from .._reading.booleans import read_boolean
from .._reading.durations import read_duration
from .._reading.instants import read_moment
from .._reading.json_text import decoded
from .cron import cron_source
from .ics_event import calendar_sources
from .ics_file import LOOKS_LIKE
from .recurrence import Recurrence
from .rrule import read_rule
from .schedule import read_schedule
from .source import Once, Source
from .weekly import Weekly
from .zones import DAY, NOTHING, UTC, instant, read_zone, zone_name

FORMS = {
    "rrule": ("rrule", "start", "end", "duration", "from", "offset_days"),
    "cron": ("cron", "duration"),
    "calendar": ("calendar", "zones"),
    "from": ("from", "to", "duration"),
    "start": ("start", "end", "duration", "days"),
}
EXAMPLES = (
    "days, start and end or duration; rrule and duration; cron and duration; from and to; or calendar (an iCalendar "
    "file)"
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GROUPS = {"daily": range(7), "weekdays": range(5), "weekend": (5, 6)}
DEVICE = "device"
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)

Given: t.TypeAlias = "Mapping[str, t.Any]"
Load: t.TypeAlias = t.Callable[[str], str]


@dataclass(frozen=True)
class Window:
    name: str
    named: bool  # by the user
    sources: tuple[Source, ...]
    hard: bool  # of a blackout: an override cannot lift it
    notes: tuple[str, ...]  # what was decided while reading it, or left out
    hints: tuple[str, ...]  # what may be meant otherwise: for the linter
    file: tuple[str, str] | None  # path and SHA-256 of the calendar that it was read from

    def shown_in(self, device: tzinfo | None) -> tzinfo:
        """The zone of its local times in answers."""
        return next((zone for zone in (source.shown_in(device) for source in self.sources) if zone), UTC)


def read_file(path: str) -> str:
    """Raises OSError, ValueError when it is not UTF-8, and InvalidInput for a relative path.

    A module looks beside the playbook, a filter in the current folder: so what one of them finds the other may not.
    """
    found = Path(path).expanduser()
    if not found.is_absolute():
        raise InvalidInput(
            "is the relative path %s, which tasks and templates would look for in different folders (here it would be "
            "%s); give the absolute path, for example {{ playbook_dir }}/%s"
            % (path[:200], found.absolute(), path[:200])
        )
    return found.read_text(encoding="utf-8-sig")


def read_list(given: t.Any, option: str, load: Load) -> tuple[Window, ...]:
    """Raises InvalidInput."""
    windows = []
    seen: dict[str, str] = {}
    for at, entry in enumerate(_entries(given, option)):
        place = "%s[%d]" % (option, at)
        if not isinstance(entry, Mapping):
            raise InvalidInput("%s is not a mapping; accepted: %s." % (place, EXAMPLES))
        window = _Reader({key: value for key, value in entry.items() if value not in (None, "")}, place, option, load)
        found = window.read()
        if found.named and seen.setdefault(found.name, place) != place:
            raise InvalidInput("%s has the name of %s, %r: give it another." % (place, seen[found.name], found.name))
        windows.append(found)
    return tuple(windows)


def _entries(given: t.Any, option: str) -> t.Sequence[t.Any]:
    given = decoded(given, option, "list")
    if given is None:
        return ()
    if isinstance(given, Mapping):
        raise InvalidInput(
            "%s is a mapping; accepted: a list of mappings. Put a dash before it, also for one." % option
        )
    if not isinstance(given, (list, tuple)):
        raise InvalidInput("%s is not a list; accepted: a list of mappings." % option)
    return given


class _Reader:
    """One window."""

    def __init__(self, given: Given, place: str, option: str, load: Load) -> None:
        name = given.get("name")
        if not (name is None or isinstance(name, str)):
            raise InvalidInput("%s.name is not text; put it in quotes." % place)
        self.where = "%s %r" % (place, str(name)) if name else place
        self._name = str(name or place)
        self._named = bool(name)
        self._given = given
        self._blackout = option == "blackouts"
        self._load = load
        self._notes: list[str] = []
        self._hints: list[str] = []
        self._file: tuple[str, str] | None = None

    def read(self) -> Window:
        form = self._form()
        hard = read_boolean(self._given.get("hard", True), self.where + ".hard")
        forms = {"rrule": self._rrule, "cron": self._cron, "from": self._once, "start": self._weekly}
        found = self._calendar() if form == "calendar" else forms[form]()
        sources = found if isinstance(found, tuple) else (found,)
        notes, hints = tuple(dict.fromkeys(self._notes)), tuple(self._hints)
        return Window(self._name, self._named, sources, hard, notes, hints, self._file)

    def _form(self) -> str:
        heads = [one for one in ("rrule", "cron", "calendar") if one in self._given]
        heads += ["from"] if "to" in self._given or ("from" in self._given and "rrule" not in heads) else []
        heads += ["start"] if "days" in self._given or ("start" in self._given and "rrule" not in heads) else []
        if len(heads) > 1:
            said = [{"from": "from/to", "start": "days/start"}.get(one, one) for one in heads]
            raise self._refused("says %s; choose one form: %s" % (" and ".join(said), EXAMPLES))
        accepted = FORMS[heads[0]] if heads else sum(FORMS.values(), ())
        common = ("name", "timezone", "hard") if self._blackout else ("name", "timezone")
        for key in self._given:
            if key not in (*accepted, *common):
                raise self._refused(self._unknown(str(key), heads, (*accepted, *common)))
        if not heads:
            raise self._refused(
                "has no start" if {"end", "duration"} & set(self._given) else "does not say when",
                "accepted: " + EXAMPLES,
            )
        return heads[0]

    def _unknown(self, key: str, heads: t.Sequence[str], accepted: t.Sequence[str]) -> str:
        if key == "hard":
            return "says hard, which only a blackout has: take it out"
        near = difflib.get_close_matches(key, accepted, 1)
        hint = "did you mean %s? " % near[0] if near else ""
        known = "cannot be combined with %s" % heads[0] if heads and key in sum(FORMS.values(), ()) else "is not known"
        return "has %r, which %s; %saccepted: %s" % (key[:40], known, hint, ", ".join(dict.fromkeys(accepted)))

    def _refused(self, problem: str, remedy: str = "") -> InvalidInput:
        return InvalidInput("%s %s%s." % (self.where, problem, "; " + remedy if remedy else ""))

    def _zone(self, carried: tzinfo | None = None, carries: str = "") -> tzinfo | None:
        """That of the window, None for that of the device. C(carried) is the zone that another value has."""
        if "timezone" not in self._given:
            if carried is not None:
                return carried
            raise self._refused("has no timezone", "say which clock it means, for example timezone: Europe/Paris")
        said = self._given["timezone"]
        zone = None if str(said).strip() == DEVICE else read_zone(said, self.where + ".timezone")
        if carried is not None and (zone is None or zone_name(zone) != zone_name(carried)):
            raise self._refused(
                "has timezone %s but %s in %s" % (said, zone_name(carried), carries),
                "leave one of them out, or make them agree",
            )
        return zone

    def _weekly(self) -> Source | tuple[Source, ...]:
        if "start" not in self._given:
            raise self._refused("has days and no start", "say start, for example start: '22:00'")
        start = self._time("start")
        last_day, _space, time = str(self._given.get("end", "")).strip().rpartition(" ")
        if last_day:
            return self._until_day(last_day, time, start)
        return Source(Weekly(self._days(), start), self._zone(), *self._length(start))

    def _until_day(self, last_day: str, time: str, start: timedelta) -> tuple[Source, ...]:
        """end: sun 18:00, the next one after each start."""
        if "duration" in self._given:
            raise self._refused("has both end and duration", "say one of them")
        ends = self._time("end", time)
        last = self._read_days(last_day)
        if len(last) != 1:
            raise self._refused("has an end on several days", "say one day, for example end: 'sun 18:00'")
        zone, sources = self._zone(), []
        for day in sorted(self._days()):
            length = timedelta(days=(min(last) - day) % 7) + ends - start
            sources.append(
                Source(Weekly(frozenset((day,)), start), zone, length if length > NOTHING else length + 7 * DAY)
            )
        return tuple(sources)

    def _cron(self) -> Source:
        source, hints = cron_source(self._text("cron"), self._zone(), self._duration(), self.where)
        self._hints += ["%s %s." % (self._name, hint) for hint in hints]
        return source

    def _rrule(self) -> Source:
        text = self._text("rrule")
        shift = timedelta(days=self._offset_days())
        if "DTSTART" in text.upper():
            for key in ("start", "end", "from"):
                if key in self._given:
                    raise self._refused("has %s beside DTSTART" % key, "DTSTART says the start: take %s out" % key)
            schedule = read_schedule(text, shift, self.where, self._notes)
            return Source(schedule.recurrence, self._zone(schedule.zone, "rrule"), exact=self._duration())
        if "start" not in self._given:
            raise self._refused("has an rrule without a start", "say start, for example start: '22:00', or DTSTART")
        start = self._time("start")
        nominal, exact = self._length(start)
        begins = None
        if "from" in self._given:
            begins = read_moment(self._given["from"], self.where + ".from")
            if begins.tzinfo or begins.time() != datetime.min.time():
                raise self._refused(
                    "has a from with a time, beside start", "give the first day only, such as 2026-11-23"
                )
            begins += start
        text = re.sub(r"^RRULE:", "", text.strip(), flags=re.IGNORECASE)
        if re.search(r"BYHOUR|BYMINUTE|BYSECOND", text.upper()):
            raise self._refused("has times in its rrule", "say the time in start, or use cron for several a day")
        rule = read_rule(text, begins, start, self.where, self._notes)
        return Source(Recurrence((rule,), shift=shift), self._zone(), nominal, exact)

    def _once(self) -> Source:
        edges = {
            key: read_moment(self._given[key], "%s.%s" % (self.where, key))
            for key in ("from", "to")
            if key in self._given
        }
        if "from" not in edges:
            raise self._refused("has to without from", "say from as well")
        if ("to" in edges) == ("duration" in self._given):
            raise self._refused("needs exactly one of to and duration")
        zoned = [one.tzinfo for one in edges.values() if one.tzinfo]
        zone = zoned[0] if len(zoned) == len(edges) and "timezone" not in self._given else self._zone()
        if zoned:
            return self._exactly(edges, zone)
        if "to" not in edges:
            return Source(Once(edges["from"]), zone, exact=self._duration())
        if self._blackout and len(str(self._given["to"]).strip()) == len("2026-12-26"):
            self._hints.append("%s ends at 00:00 on %s; %s" % (self._name, self._given["to"], _including(edges["to"])))
        return Source(Once(edges["from"]), zone, self._positive(edges["to"] - edges["from"]))

    def _exactly(self, edges: Mapping[str, datetime], zone: tzinfo | None) -> Source:
        """Kept in UTC: the second 02:30 of a night cannot be said in wall-clock time."""
        if zone is None:
            raise self._refused("has timezone device but an offset in from or to", "leave one of them out")
        opens, *closes = (one.astimezone(UTC) if one.tzinfo else instant(one, zone) for one in edges.values())
        length = self._positive(closes[0] - opens) if closes else self._duration()
        return Source(Once(opens.replace(tzinfo=None)), UTC, exact=length, shown=zone)

    def _positive(self, length: timedelta) -> timedelta:
        if length <= timedelta(0):
            to = read_moment(self._given["to"], self.where + ".to")
            day = "" if length or to.time() != datetime.min.time() else ": it ends at 00:00, so " + _including(to)[:-1]
            raise self._refused("ends before it starts or at once", "to must be later than from" + day)
        return length

    def _calendar(self) -> tuple[Source, ...]:
        text = self._text("calendar")
        if not LOOKS_LIKE.match(text):
            text = self._loaded(text)
        zoned = "timezone" in self._given
        found = calendar_sources(
            text,
            self.where,
            zone=self._zone() if zoned else None,
            zoned=zoned,
            zones=self._zone_names(),
            blackout=self._blackout,
        )
        self._notes += found.notes
        return found.sources

    def _loaded(self, path: str) -> str:
        accepted = "accepted: the absolute path of an iCalendar file on this machine, or its text"
        if "\n" in path.strip():
            raise self._refused(
                "has a calendar that is no path, and no text that begins with BEGIN:VCALENDAR", accepted
            )
        try:
            text = self._load(path)
        except InvalidInput as err:
            raise self._refused("has a calendar that " + err.msg) from None
        except (OSError, ValueError) as err:
            problem = getattr(err, "strerror", None) or "not UTF-8 text"
            raise self._refused(
                "names a calendar that cannot be read: %s (%s)" % (path[:200], problem), accepted
            ) from None
        self._file = (path, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
        return text

    def _zone_names(self) -> dict[str, tzinfo]:
        given = self._given.get("zones", {})
        if not isinstance(given, Mapping):
            raise self._refused(
                "has zones that are no mapping", "accepted: such as {Customized Time Zone: Europe/Berlin}"
            )
        return {str(name): read_zone(zone, "%s.zones: %s" % (self.where, name)) for name, zone in given.items()}

    def _text(self, key: str) -> str:
        value = self._given[key]
        if not isinstance(value, str):
            raise self._refused("has a %s that is not text" % key, "put it in quotes")
        return str(value)

    def _time(self, key: str, text: str | None = None) -> timedelta:
        """Since midnight. C(text) is the part of the value that is the time."""
        value = self._given[key] if text is None else text
        where = "%s.%s" % (self.where, key)
        if isinstance(value, (int, float)):
            raise InvalidInput(
                "%s is the number %s: YAML reads an unquoted time as one. Quote it, for example %s: '22:00'."
                % (where, value, key)
            )
        found = _TIME.fullmatch(str(value).strip())
        hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (99, 0, 0)
        last = key == "end" and (hours, minutes, seconds) == (24, 0, 0)
        if not last and (hours > 23 or minutes > 59 or seconds > 59):
            raise InvalidInput(
                "%s is %r, which is no time of day; accepted: '00:00' to '23:59', with seconds if wanted%s."
                % (where, str(value)[:40], ", and '24:00'" if key == "end" else "")
            )
        return timedelta(hours=hours, minutes=minutes, seconds=seconds)

    def _duration(self) -> timedelta:
        if "duration" not in self._given:
            raise self._refused("has no duration", "say how long it lasts, for example duration: 2h")
        return read_duration(self._given["duration"], self.where + ".duration")

    def _length(self, start: timedelta) -> tuple[timedelta, timedelta]:
        """The way to another wall-clock time, or elapsed time."""
        if "end" in self._given and "duration" in self._given:
            raise self._refused("has both end and duration", "say one of them")
        if "duration" in self._given:
            return NOTHING, self._duration()
        if "end" not in self._given:
            raise self._refused("has neither end nor duration", "say one of them")
        end = self._time("end")
        if end == start:
            raise self._refused("ends when it starts", "for a whole day say end: '24:00' or duration: 24h")
        return (end - start if end > start else end - start + DAY), NOTHING

    def _days(self) -> frozenset[int]:
        return self._read_days(self._given.get("days", "daily"))

    def _read_days(self, given: t.Any) -> frozenset[int]:
        entries = re.split(r"[,\s]+", given.strip().strip(",")) if isinstance(given, str) else given
        if not isinstance(entries, (list, tuple)) or not entries:
            raise self._refused("has days that are no list", "accepted: such as [mon, tue], weekdays, weekend, daily")
        days: set[int] = set()
        for entry in entries:
            word = str(entry).strip().lower()
            if word in _GROUPS:
                days.update(_GROUPS[word])
            elif word in _WEEKDAYS or word in (one[:3] for one in _WEEKDAYS):
                days.update(at for at, one in enumerate(_WEEKDAYS) if one.startswith(word))
            else:
                raise self._refused(
                    "has the day %r" % word[:40],
                    "accepted: mon, tue, wed, thu, fri, sat, sun, weekdays, weekend, daily",
                )
        return frozenset(days)

    def _offset_days(self) -> int:
        given = self._given.get("offset_days", 0)
        if isinstance(given, bool) or not re.fullmatch(r"[+-]?\d{1,2}", str(given), re.ASCII) or abs(int(given)) > 31:
            raise self._refused("has offset_days %r" % str(given)[:40], "accepted: a whole number from -31 to 31")
        return int(given)


def _including(to: datetime) -> str:
    return "to include the %s say %s, and 00:00 after the date if it is meant to end there." % (
        _ordinal(to.day),
        (to + DAY).date().isoformat(),
    )


def _ordinal(day: int) -> str:
    return "%d%s" % (day, {1: "st", 2: "nd", 3: "rd"}.get(day if 10 < day < 20 else day % 10, "th"))
