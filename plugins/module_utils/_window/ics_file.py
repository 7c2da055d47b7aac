# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""An iCalendar file (RFC 5545) as a list of its events: which components it has, and which copies of an event count.

Read without a library, because what refuses a calendar is decided here: what carries no time never does, what says when
and is not understood always does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .._errors import InvalidInput
from .content import KINDS, Property, read_property

LOOKS_LIKE = re.compile(r"\ufeff?\s*BEGIN\s*:", re.IGNORECASE)
_MEANT = re.compile(r"\s*(%s|STATUS|SEQUENCE|UID|METHOD|BEGIN|END)\b" % "|".join(KINDS), re.IGNORECASE)
_ONCE = ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "STATUS", "SEQUENCE", "UID")


@dataclass
class Component:
    """What stands between BEGIN and END."""

    name: str
    properties: list[Property] = field(default_factory=list)
    parts: list[Component] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)  # lines

    def all(self, name: str) -> list[Property]:
        return [one for one in self.properties if one.name == name]

    def first(self, name: str) -> Property | None:
        return next((one for one in self.properties if one.name == name), None)

    def text(self, name: str) -> str:
        found = self.first(name)
        return found.value if found else ""


@dataclass(frozen=True)
class Event:
    component: Component
    cancelled: bool
    where: str  # with its name, for messages

    @property
    def uid(self) -> str:
        return self.component.text("UID")


def read_components(text: str, where: str) -> list[Component]:
    """The calendars of a text; bare events count as one of their own. Raises InvalidInput."""
    root = Component("")
    inside = [root]
    for number, line in enumerate(_unfolded(text), 1):
        found = read_property(line)
        if found is None:
            if line.strip():
                inside[-1].broken.append(line.strip())
        elif found.name == "BEGIN":
            part = Component(found.value.upper())
            inside[-1].parts.append(part)
            inside.append(part)
        elif found.name == "END":
            if len(inside) == 1 or inside[-1].name != found.value.upper():
                raise _unreadable(
                    where, "line %d is %s, where %s is open" % (number, line[:40], inside[-1].name or "nothing")
                )
            inside.pop()
        else:
            inside[-1].properties.append(found)
    if len(inside) > 1:
        raise _unreadable(where, "%s is not closed, as if the end of the file were missing" % inside[-1].name)
    calendars = [one for one in root.parts if one.name == "VCALENDAR"]
    bare = [one for one in root.parts if one.name != "VCALENDAR"]
    if not root.parts:
        raise InvalidInput("%s: calendar holds no VCALENDAR; export it again as an .ics file." % where)
    for each in [root, *calendars]:
        if (each.broken and not each.parts) or any(map(_MEANT.match, each.broken)):
            worst = next(filter(_MEANT.match, each.broken), each.broken[0])
            raise _unreadable(where, "the line %r is no property" % worst[:60])
    return [*calendars, *([Component("VCALENDAR", parts=bare)] if bare else [])]


def read_events(calendars: list[Component], where: str) -> list[Event]:
    """Those that count: of several copies of an event the ones with the highest SEQUENCE. Raises InvalidInput."""
    events = []
    for each in calendars:
        cancelled = each.text("METHOD").upper() == "CANCEL"
        for part in each.parts:
            for hidden in (one for one in part.parts if one.name == "VEVENT"):
                raise _unreadable(where, "event %s stands within a %s" % (title_of(hidden), part.name))
            if part.name == "VEVENT":
                events.append(Event(part, cancelled or _is_cancelled(part), "%s: event %s" % (where, title_of(part))))
                _refuse_broken(events[-1])
    return list(_latest(events))


def title_of(component: Component) -> str:
    return repr((component.text("SUMMARY") or component.text("UID") or "without a name")[:60])


def _unfolded(text: str) -> list[str]:
    return (
        re.sub(r"(?:\r\n|\r|\n)[ \t]", "", text.lstrip("\ufeff")).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    )


def _is_cancelled(component: Component) -> bool:
    return component.text("STATUS").upper() in ("CANCELLED", "CANCELED")


def _latest(events: list[Event]) -> Iterator[Event]:
    copies: dict[tuple[str, ...], list[Event]] = {}
    for each in events:
        moved = each.component.first("RECURRENCE-ID")
        key = (each.uid, *((moved.value, moved.parameters.get("TZID", "")) if moved else ()))
        copies.setdefault(key if each.uid else ("", str(len(copies))), []).append(each)
    for same in copies.values():
        numbers = [_sequence(one, alone=len(same) == 1) for one in same]
        yield from (one for one, number in zip(same, numbers, strict=True) if number == max(numbers))


def _sequence(event: Event, *, alone: bool) -> int:
    text = event.component.text("SEQUENCE") or "0"
    if alone:
        return 0
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise InvalidInput("%s has several copies, and the SEQUENCE %r; accepted: a number." % (event.where, text[:20]))
    return int(text)


def _refuse_broken(event: Event) -> None:
    component, where = event.component, event.where
    for line in component.broken:
        if _MEANT.match(line):
            raise InvalidInput("%s has the broken line %r; correct it, or take the event out." % (where, line[:60]))
    for name in _ONCE:
        if len(component.all(name)) > 1:
            raise InvalidInput("%s has %s twice; say it once." % (where, name))
    if not component.first("DTSTART"):
        raise InvalidInput("%s has no DTSTART; give it a start, or take it out." % where)
    moved = component.first("RECURRENCE-ID")
    if moved and "RANGE" in moved.parameters:
        raise InvalidInput(
            "%s changes all occurrences from one on (RANGE), which is not understood; end the series there and begin "
            "another." % where
        )


def _unreadable(where: str, problem: str) -> InvalidInput:
    return InvalidInput(
        "%s: calendar is not readable as iCalendar (%s); export it again as an .ics file." % (where, problem)
    )
