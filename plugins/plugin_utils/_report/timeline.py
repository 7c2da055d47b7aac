# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where things lie in the picture of a run's waves: places in percent of the width, and in pixels downwards. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from ...module_utils._result import devices_word
from .report import windows_seen
from .values import duration, instant

TOP, LINE, ROW, BOTTOM = 12, 14, 44, 26  # pixels: above, for each label of a close, for each row, below
NEAR = 25  # percent: closes that are nearer to each other than this share a label
TICKS = 8  # at most
STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
)
BARS = {  # event of a record that tells the end of something: its name in the picture
    "planned": "plan",
    "released": "release",
    "deployed": "deploy",
    "held": "hold",
    "hook": "hook",
}
CLOSED = "gate closed"
THIN = 0.5  # percent: a bar this narrow is drawn some pixels wide, to be seen on a phone too
LABELLED = 7.0  # percent: a bar this wide has its name written into it
BEYOND = 0.7  # of the run's length: as far as the picture follows a window that outlasts the run
RUN = "The run"
VERDICTS = {"proceed": ("\N{CHECK MARK}", "good"), "stop": ("\N{MULTIPLICATION X}", "bad"), "pause": ("!", "warn")}


@dataclass(frozen=True)
class Scale:
    start: datetime
    end: datetime

    def place(self, at: datetime) -> float:
        share = (at - self.start) / (self.end - self.start)
        return round(100 * min(max(share, 0.0), 1.0), 3)


@dataclass(frozen=True)
class Bar:
    wave: str | None
    kind: str
    start: datetime
    end: datetime


def timeline(report: Mapping[str, t.Any], zone: tzinfo | None) -> dict[str, t.Any] | None:
    """None when all is known of is one instant."""
    bars = _bars(report["phases"])
    times = [at for at in (instant(phase["at"]) for phase in report["phases"]) if at]
    times += [edge for piece in bars for edge in (piece.start, piece.end)]
    if not times or min(times) == max(times):
        return None
    windows = windows_seen(dict(report))
    scale = _scale(min(times), max(times), [closes for _opened, closes in windows if closes])
    waves = [None, *(wave["name"] for wave in report["waves"])]
    sizes = {wave["name"]: wave for wave in report["waves"]}
    of_wave: dict[str | None, list[Bar]] = {name: [] for name in waves}
    for piece in bars:
        of_wave.setdefault(piece.wave, []).append(piece)
    closings = _closings(dict.fromkeys(end for _start, end in windows if end), scale, zone)
    top = TOP + LINE * max(1, len(closings))
    rows = [
        _row(name, top + ROW * place, of_wave[name], sizes.get(name or "", {}), scale, zone)
        for place, name in enumerate(waves)
    ]
    height = top + ROW * len(rows)
    return {
        "height": height + BOTTOM,
        "floor": height,
        "top": top,
        "rows": rows,
        "windows": [_window(opened, closes, scale) for opened, closes in windows],
        "closings": closings,
        "ticks": [
            {"x": scale.place(at), "label": _label(at, zone, scale), "minor": number_ % 2 == 1}
            for number_, at in enumerate(_ticks(scale, zone))
        ],
        "kinds": [
            {"name": kind, "class": kind.replace(" ", "_")}
            for kind in ("wait", *BARS.values(), "soak", "rollback", CLOSED)
            if any(piece.kind == kind for piece in bars)
        ],
    }


def _bars(phases: Iterable[Mapping[str, t.Any]]) -> list[Bar]:
    """A record is written when something is over, so it began with the record before, unless it says when."""
    bars, before, rolling = [], None, False
    for phase in phases:
        at = instant(phase["at"])
        rolling = rolling or phase["event"] == "rollback_started"
        if at is None:
            continue
        kind = BARS.get(phase["event"])
        start = instant(phase.get("started_at")) or before or at
        end = instant(phase.get("ended_at")) or at
        if phase["event"] == "gate" and phase.get("open") is not True:
            kind, start = CLOSED, at
        elif phase["event"] == "gate" and before and at - before >= timedelta(minutes=1):
            kind = "wait"
        elif phase["event"] == "observed" and phase.get("phase") == "after_soak":
            kind = "soak"  # the fleet is read when it is over
        elif kind == "deploy" and rolling:
            kind = "rollback"
        if kind:
            bars.append(Bar(phase["wave"], kind, min(start, end), end))
        before = at
    return bars


def _scale(first: datetime, last: datetime, closings: Iterable[datetime]) -> Scale:
    """The run, and the end of a window if that is not far off."""
    near = [at for at in closings if last < at <= last + (last - first) * BEYOND]
    return Scale(first, max([last, *near]) + (last - first) * 0.02)


def _row(
    name: str | None, y: int, bars: Sequence[Bar], wave: Mapping[str, t.Any], scale: Scale, zone: tzinfo | None
) -> dict[str, t.Any]:
    word = wave.get("verdict") or ""
    sign = VERDICTS.get(word, ("", ""))[0]
    size = devices_word(wave["size"]) if wave else ""
    verdict = ("%s %s" % (sign, word)).strip()
    if wave and not word:
        verdict = CLOSED if any(piece.kind == CLOSED for piece in bars) else "" if wave["started_at"] else "not begun"
    return {
        "label": RUN if name is None else name,
        "detail": " \N{MIDDLE DOT} ".join(filter(None, (size, verdict))),
        "text_y": y + 15,
        "y": y + 20,
        "bars": [_drawn(piece, scale, zone) for piece in bars],
    }


def _drawn(piece: Bar, scale: Scale, zone: tzinfo | None) -> dict[str, t.Any]:
    x, end = scale.place(piece.start), scale.place(piece.end)
    width = round(end - x, 3)
    return {
        "x": x,
        "width": "%s%%" % width if width >= THIN else "4",
        "class": piece.kind.replace(" ", "_"),
        "label": piece.kind if width >= LABELLED else "",
        "title": "%s: %s to %s (%s)"
        % (
            piece.kind,
            _clock(piece.start, zone),
            _clock(piece.end, zone),
            duration((piece.end - piece.start).total_seconds()),
        ),
    }


def _window(opened: datetime | None, closes: datetime | None, scale: Scale) -> dict[str, float]:
    x, end = scale.place(opened or scale.start), scale.place(closes or scale.end)
    return {"x": x, "width": round(end - x, 3)}


def _closings(every: Iterable[datetime], scale: Scale, zone: tzinfo | None) -> list[dict[str, t.Any]]:
    """When windows close. Labels stand one below the other, so that none is printed over another."""
    groups: list[list[datetime]] = []
    for closes in sorted(every):
        if groups and scale.place(closes) - scale.place(groups[-1][0]) < NEAR:
            groups[-1].append(closes)
        else:
            groups.append([closes])
    found = []
    for number_, group in enumerate(groups):
        x, inside = scale.place(group[0]), [closes for closes in group if closes <= scale.end]
        times = " to ".join(dict.fromkeys(_clock(closes, zone)[:5] for closes in (group[0], group[-1])))
        label = "window%s %s%s" % (
            " closes" if len(group) == 1 else "s close",
            times,
            "" if len(inside) == len(group) else " \N{RIGHTWARDS ARROW}",
        )
        lines = [scale.place(closes) for closes in inside]
        found.append(
            {"x": x, "y": 14 + LINE * number_, "lines": lines, "label": label, "anchor": "end" if x > 50 else "start"}
        )
    return found


def _ticks(scale: Scale, zone: tzinfo | None) -> list[datetime]:
    """Round times on the wall clock."""
    span = scale.end - scale.start
    step = next((step for step in STEPS if span / step <= TICKS), None)
    if step is None:
        days = -(-span // (STEPS[-1] * TICKS))
        step = STEPS[-1] * days
    local = scale.start.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    at = scale.start + ((midnight - local) % step)
    found = []
    while at <= scale.end:
        found.append(at)
        at += step
    return found


def _label(at: datetime, zone: tzinfo | None, scale: Scale) -> str:
    local = at.astimezone(zone)
    if scale.end - scale.start > timedelta(days=2):
        return local.strftime("%d %b")
    return local.strftime("%H:%M:%S" if scale.end - scale.start < timedelta(minutes=8) else "%H:%M")


def _clock(at: datetime, zone: tzinfo | None) -> str:
    return at.astimezone(zone).strftime("%H:%M:%S")
