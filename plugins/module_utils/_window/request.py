# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""What the module connect_window and the plugins beside it are asked, and the answer for one zone or for a fleet."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from .._errors import InvalidInput
from .._reading.durations import read_duration, read_seconds
from .._reading.instants import instant_or_none
from .._reading.names import is_blank, several
from .answer import Status
from .calendar import Calendar, read_windows
from .override import Override, read_override
from .read import Window
from .zones import NOTHING, read_zone

OF_DEVICE = (  # what the row of a device has of the answer
    "open",
    "reason",
    "closes_at",
    "closes_at_local",
    "next_opening",
    "next_opening_local",
    "notes",
)


@dataclass(frozen=True)
class AskedDevice:
    device_uuid: str
    name: str
    timezone: str | None


@dataclass(frozen=True)
class Answer:
    status: Status  # of the zone that is open longest, or opens first
    devices: tuple[tuple[AskedDevice, Status], ...]

    def as_result(self) -> dict[str, t.Any]:
        of_status = {status: status.as_result() for status in {status for _device, status in self.devices}}
        rows = [
            {**asdict(device), **{key: of_status[status][key] for key in OF_DEVICE}} for device, status in self.devices
        ]
        return {"msg": self.sentence(), **self.status.as_result(), "devices": rows}

    def sentence(self) -> str:
        if not self.devices:
            return self.status.sentence()
        count = sum(status.open for _device, status in self.devices)
        return "%d of %d devices may be updated now. %s" % (count, len(self.devices), self.status.sentence())


@dataclass(frozen=True)
class WindowRequest:
    calendar: Calendar
    at: datetime | None = None  # None: now
    min_remaining: timedelta = NOTHING
    override: Override | None = None
    wait_timeout: timedelta = NOTHING
    devices: tuple[AskedDevice, ...] = ()

    @classmethod
    def read(cls, params: Mapping[str, t.Any]) -> WindowRequest:
        """Raises InvalidInput, naming the option."""
        calendar = read_windows(params["windows"], params.get("blackouts"))
        given = {name: 0 if is_blank(params.get(name)) else params[name] for name in ("min_remaining", "wait_timeout")}
        request = cls(
            calendar,
            at=instant_or_none(params.get("at"), "at"),
            min_remaining=read_duration(given["min_remaining"], "min_remaining", zero=True),
            override=read_override(params.get("override"), calendar.windows),
            wait_timeout=read_seconds(given["wait_timeout"], "wait_timeout"),
            devices=_read_devices(params.get("devices") or (), calendar),
        )
        if request.at and request.wait_timeout:
            raise InvalidInput("at and wait_timeout are both given: to wait for a window, leave at out.")
        return request

    def ask(self, now: datetime, zone: str | None = None) -> Answer:
        """C(zone) is that of the device when there is no list of devices."""
        of_devices = self.calendar.of_devices() is not None
        zones = [device.timezone if of_devices else zone for device in self.devices] or [zone]
        statuses = {each: self._status(now, each) for each in dict.fromkeys(zones)}
        rows = tuple((device, statuses[each]) for device, each in zip(self.devices, zones, strict=False))
        return Answer(max(statuses.values(), key=_goodness), rows)

    def _status(self, now: datetime, zone: str | None) -> Status:
        return self.calendar.status(self.at or now, min_remaining=self.min_remaining, override=self.override, zone=zone)


def _goodness(status: Status) -> tuple[bool, float]:
    """Who is open longest comes first, then who opens first."""
    length = status.remaining if status.open else status.wait
    seconds = float("inf") if length is None else length.total_seconds()
    return status.open, seconds if status.open else -seconds


def devices_without_zone(calendar: Calendar, devices: t.Sequence[Mapping[str, t.Any]]) -> list[str]:
    """Those without a C(timezone), such as "devices[3] kiosk-4", if a window or blackout takes that of the device."""
    if calendar.of_devices() is None:
        return []
    return [
        ("devices[%d] %s" % (at, one.get("name") or one.get("device_uuid") or "")).strip()
        for at, one in enumerate(devices)
        if not str(one.get("timezone") or "").strip()
    ]


def refuse_without_zone(calendar: Calendar, devices: t.Sequence[Mapping[str, t.Any]]) -> None:
    """Raises InvalidInput, naming the first of them."""
    lacking = devices_without_zone(calendar, devices)
    if lacking:
        raise InvalidInput(
            "%s %s no timezone, and %s takes that of the device: give each one, for example "
            "connect_timezone: Europe/Paris in the inventory."
            % (
                several(lacking),
                "has" if len(lacking) == 1 else "have",
                t.cast(Window, calendar.of_devices()).name,
            )
        )


def _read_devices(given: t.Sequence[Mapping[str, t.Any]], calendar: Calendar) -> tuple[AskedDevice, ...]:
    refuse_without_zone(calendar, given)
    devices = []
    for at, one in enumerate(given):
        uuid, name = (str(one.get(key) or "").strip() for key in ("device_uuid", "name"))
        zone = str(one.get("timezone") or "").strip()
        where = ("devices[%d] %s" % (at, name or uuid)).strip() + ": timezone"
        devices.append(AskedDevice(uuid, name, str(read_zone(zone, where)) if zone else None))
    return tuple(devices)
