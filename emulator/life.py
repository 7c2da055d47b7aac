# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a device: heartbeats, and updates that start and end on them (connect-api.md 4, 5; U4, U5, U15 to U17).

There are no timers. A device is brought up to the present when it is read or changed. Between two reads its
circumstances (online, held, queue) are constant, so the result does not depend on how often it is read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from .clock import unit
from .model import ABORTED, FAILED, IN_PROGRESS, SUCCESS, Device, Update
from .switches import Switches

_NORMAL = NormalDist()
_DURATION, _OUTCOME = 1, 2


@dataclass(frozen=True)
class LifeRules:
    """The numbers of device life, in emulated seconds."""

    seed: int = 1
    heartbeat: float = 25.0
    update_seconds: float = 90.0
    update_spread: float = 0.25
    fail_percent: float = 0.0


class Life:
    """Brings devices up to an instant."""

    def __init__(self, rules: LifeRules, switches: Switches) -> None:
        self.rules = rules
        self._switches = switches

    def beat_from(self, device: Device, instant: float) -> float:
        """The first heartbeat at or after ``instant``."""
        step = self.rules.heartbeat
        return device.phase + math.ceil((instant - device.phase) / step) * step

    def beat_after(self, device: Device, instant: float) -> float:
        """The first heartbeat after ``instant``."""
        step = self.rules.heartbeat
        count = math.floor((instant - device.phase) / step) + 1
        beat = device.phase + count * step
        # Rounding can put the computed beat on the instant itself, which would start the same work twice.
        return beat if beat > instant else device.phase + (count + 1) * step

    def last_beat(self, device: Device, instant: float) -> float:
        """The last heartbeat the service has seen by ``instant``."""
        if not device.online:
            return device.last_beat
        step = self.rules.heartbeat
        return device.phase + math.floor((instant - device.phase) / step) * step

    def advance(self, device: Device, to: float) -> None:
        """Let the device live until ``to`` (inclusive). An earlier instant changes nothing."""
        if to <= device.seen:
            return
        if device.running is not None or device.pending:
            if device.online:
                self._live(device, to)
            self._expire(device, to)
        device.seen = to

    def _live(self, device: Device, to: float) -> None:
        at = device.seen
        while True:
            if device.running is not None:
                at = self._end_beat(device, device.running, at)
                if at > to:
                    return
                self._finish(device, device.running, at)
                beat = at  # the beat that reports the end asks for the next update as well
            else:
                beat = self.beat_after(device, at)
            if device.held or beat > to:
                return
            self._expire(device, beat)
            if not device.pending:
                return
            self._start(device, beat)
            at = beat

    def _end_beat(self, device: Device, update: Update, at: float) -> float:
        if update.abort or update.due <= at:
            return self.beat_after(device, at)
        return self.beat_from(device, update.due)

    def _start(self, device: Device, at: float) -> None:
        update = device.pending.pop(0 if self._switches.update_order == "oldest_first" else -1)
        update.status, update.started = IN_PROGRESS, at
        update.due = at + self._duration(device, update)
        device.running = update

    def _duration(self, device: Device, update: Update) -> float:
        if device.update_seconds is not None:
            return device.update_seconds
        rules = self.rules
        chance = min(max(unit(rules.seed, _DURATION, update.update_id), 1e-9), 1 - 1e-9)
        return rules.update_seconds * math.exp(rules.update_spread * _NORMAL.inv_cdf(chance))

    def _finish(self, device: Device, update: Update, at: float) -> None:
        device.running = None
        update.finished = at
        if update.abort:
            update.status = ABORTED
        elif self._fails(device, update):
            update.status = FAILED
        else:
            update.status = SUCCESS
            name, version = update.deployment.app_name, update.deployment.app_version
            if name is not None and version is not None and device.apps.get(name) != version:
                device.remember(at)
                device.apps = {**device.apps, name: version}

    def _fails(self, device: Device, update: Update) -> bool:
        if device.fail is not None:
            return device.fail
        return unit(self.rules.seed, _OUTCOME, update.update_id) * 100 < self.rules.fail_percent

    def _expire(self, device: Device, to: float) -> None:
        limit = self._switches.pending_expires
        if not limit:
            return
        for update in [item for item in device.pending if item.deployment.created + limit <= to]:
            device.pending.remove(update)
            update.status, update.finished = ABORTED, update.deployment.created + limit
