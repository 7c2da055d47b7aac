# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Random devices, windows and options of a rollout, and an oracle of its own for these windows."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

PROJECT, APP, OLD, NEW = "Kiosks", "kiosk_ui", "3.1.0", "3.2.0"
FLOW, BACK, BY_HAND = "f-77aa-01bc", "f-0000-back", "f-0000-hand"
NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=timezone.utc)
ZONES = {"UTC": 0, "Asia/Tokyo": 9, "America/Phoenix": -7}  # hours; their clocks do not change
HOOKS = ("before_window", "before_wave", "after_wave", "after_window")
NEVER = 1e9  # seconds


@dataclass(eq=False)
class Kiosk:
    """What the emulator does not know of a device. C(changes) are those of its configuration."""

    uuid: str
    token: str
    zone: str
    tracked: bool  # its token is known
    is_its_own: bool  # its application holds and releases it
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Hours:
    """A window on every day, perhaps a blackout and an override."""

    start: int  # minutes after midnight
    length: int
    by_device: bool
    blackout: tuple[datetime, datetime] | None = None
    override_until: datetime | None = None

    def options(self) -> dict[str, Any]:
        zone = "device" if self.by_device else "UTC"
        start = "%02d:%02d" % divmod(self.start, 60)
        window = {"name": "night", "timezone": zone, "days": "daily", "start": start, "duration": "%dm" % self.length}
        found: dict[str, Any] = {"windows": [window]}
        if self.blackout:
            first, last = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in self.blackout)
            found["blackouts"] = [{"name": "freeze", "from": first, "to": last}]
        if self.override_until:
            until = self.override_until.strftime("%Y-%m-%dT%H:%M:%SZ")
            found["override"] = {"reason": "outage", "by": "Ann", "until": until}
        return found

    def allow(self, now: datetime, zone: str, need: float) -> bool:
        ends = []
        offset = timedelta(hours=ZONES[zone] if self.by_device else 0)
        midnight = (now + offset).replace(hour=0, minute=0, second=0, microsecond=0) - offset
        for day in (-1, 0):
            opens = midnight + timedelta(days=day, minutes=self.start)
            if opens <= now < opens + timedelta(minutes=self.length):
                ends.append(opens + timedelta(minutes=self.length))
        if self.override_until and now < self.override_until:
            ends.append(self.override_until)
        if self.blackout and self.blackout[0] <= now < self.blackout[1]:
            return False
        if self.blackout and now < self.blackout[0]:
            ends = [min(end, self.blackout[0]) for end in ends]
        return any((end - now).total_seconds() >= need for end in ends)


def some_kiosk(chance: random.Random, device: dict[str, Any], by_device: bool) -> Kiosk:
    takes = chance.choices((20, 60, 300, 1200, NEVER), (24, 24, 24, 22, 6))[0]
    return Kiosk(
        uuid=device["device_uuid"],
        token=device["device_token"],
        zone=chance.choice(list(ZONES)) if by_device else "UTC",
        tracked=chance.random() < 0.995,
        is_its_own=chance.random() < 0.1,
        changes={
            "group": chance.choice("AAB"),
            "tags": ["canary"] if chance.random() < 0.3 else [],
            "held": chance.random() < 0.7,
            "online": chance.random() < 0.9,
            "apps": {APP: NEW if chance.random() < 0.15 else OLD},
            "fail": chance.random() < 0.2,
            "update_seconds": float(takes),
        },
    )


def some_hours(chance: random.Random, by_device: bool) -> Hours | None:
    if chance.random() < 0.15:
        return None
    hours = Hours(chance.choice((30, 23 * 60, 90)), chance.choice((60, 150, 300)), by_device)
    first = NIGHT + timedelta(minutes=chance.randint(-200, 200))
    if chance.random() < 0.3:
        hours.blackout = (first, first + timedelta(minutes=chance.choice((20, 90))))
    if chance.random() < 0.1:
        hours.override_until = NIGHT + timedelta(minutes=chance.randint(-60, 300))
    return hours


def some_start(chance: random.Random, hours: Hours | None, given: str | None) -> datetime:
    """Mostly inside the window, and often shortly before it closes, for that is where it gets difficult."""
    if hours is None or chance.random() < 0.15:
        return NIGHT - timedelta(minutes=chance.randint(0, 180))
    closes = NIGHT.replace(hour=0) + timedelta(minutes=(hours.start + hours.length) % 1440)
    if chance.random() < 0.6:
        return closes - timedelta(minutes=chance.randint(hours.length // 2, hours.length))
    need = timedelta(minutes=int(given[:-1]) if given else 30)
    return closes - need - timedelta(seconds=chance.randint(0, 90))


def some_options(chance: random.Random, kiosks: Sequence[Kiosk], hours: Hours | None) -> dict[str, Any]:
    """The options of the module connect_rollout, without devices."""
    target = chance.choices(
        (
            {"all_devices": True},
            {"groups": ["A"]},
            {"filters": [{"type": "device_state", "operand": "is", "value": "online"}]},
            {"parameters": {}, "filters": [{"type": "app", "operand": "is", "value": APP, "app_version": OLD}]},
        ),
        (6, 2, 1, 1),
    )[0]
    waves = chance.choice(
        (
            ["100%"],
            [1, "100%"],
            [1, "30%", "60%", "100%"],
            [{"tag": "canary", "name": "canary"}, "50%", "100%"],
            [{"groups": ["A"]}, {"tag": "canary"}, "100%"],
            [{"devices": [kiosks[0].uuid, "kiosk-%04d" % min(2, len(kiosks))], "soak": 60}, "75%"],
        )
    )
    limit = chance.choice((0, 1, "20%", "50%", 100))
    own = {name: limit for name in ("failed", "aborted", "timed_out", "unknown", "offline") if chance.random() < 0.7}
    thresholds: dict[str, Any] = {}
    if chance.random() < 0.6:
        thresholds["wave"] = {**own, "minimum": chance.choice((1, 2))}
    if chance.random() < 0.3:
        thresholds["total"] = {"failed": chance.choice((0, 1, "20%"))}
    back: dict[str, Any] = {}
    if chance.random() < 0.4:
        back = {"rollback_flow_id": BACK, "rollback_outside_window": chance.random() < 0.3}
        if chance.random() < 0.5:
            back["rollback_app"] = {"name": APP, "version": OLD}
    return {
        "flow_id": FLOW,
        "project": PROJECT,
        "app": {"name": APP, "version": NEW},
        **target,
        **(hours.options() if hours else {}),
        **back,
        "waves": waves,
        "thresholds": thresholds,
        "soak": chance.choice((0, 0, 120)),
        "wait_timeout": chance.choice((120, 900, 3600)),
        "wait_interval": chance.choice((60, 120)),
        "max_update_time": chance.choice(("2m", "20m", None)),
        "window_wait": chance.choice((0, 0, 7200)),
        "offline": chance.choice(("skip", "skip", "wait", "wait", "wait", "hold", "hold", "hold", "fail")),
        "untracked": "skip" if chance.random() < 0.5 else "fail",
        "foreign_pending": chance.choice(("fail", "skip", "skip", "allow", "allow", "allow")),
        "self_managed": [one.uuid for one in kiosks if one.is_its_own],
        "after": chance.choice(("hold", "release", "restore")),
        "hooks": {name: name + ".yml" for name in HOOKS if chance.random() < 0.15},
    }
