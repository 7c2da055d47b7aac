# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the devices of a fleet from a few numbers and a seed."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

from .model import Device

_PLACES = (("Lyon, France", 45.76, 4.84), ("Turin, Italy", 45.07, 7.69), ("Gent, Belgium", 51.05, 3.72))


@dataclass(frozen=True)
class Population:
    """How many devices, where, and in what condition."""

    projects: tuple[tuple[str, int], ...] = (("Kiosks", 20),)
    groups: tuple[str, ...] = ("Floor-1", "Floor-2", "Floor-3", "Floor-4")
    tags: tuple[tuple[str, float], ...] = (("canary", 5.0),)
    apps: tuple[tuple[str, str | None], ...] = (("kiosk_ui", "3.1.0"),)
    offline_percent: float = 0.0
    held_percent: float = 0.0
    agent_version: str = "6.2"


def project_keys(projects: Iterable[str]) -> dict[str, str]:
    """The key of each project: its name in lower case, with hyphens, so that a name is not accepted as a key."""
    keys: dict[str, str] = {}
    for name in projects:
        slug = _slug(name) or "project"
        numbered = (slug if number == 1 else f"{slug}-{number}" for number in itertools.count(1))
        keys[name] = next(key for key in numbered if key not in keys.values())
    return keys


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def default_user_token(seed: int) -> str:
    """The account token when none is given."""
    rng = Random(f"{seed}/account")
    return f"u-EMULATOR-{rng.getrandbits(96):024x}"


def populate(plan: Population, seed: int, heartbeat: float) -> list[Device]:
    """All devices, in ascending order of their integer id; the same for the same arguments."""
    rng = Random(f"{seed}/fleet")
    devices: list[Device] = []
    uuids = _uuids(rng)
    installed = {name: version for name, version in plan.apps if version is not None}
    device_id = 1000
    for project, count in plan.projects:
        prefix = _slug(project.lower().removesuffix("s")) or "device"
        members: dict[str, list[Device]] = {group: [] for group in plan.groups}
        for index in range(count):
            device_id += rng.randint(1, 3)  # gaps: a client that counts instead of using the cursor loses devices
            address, lat, lng = _PLACES[device_id % len(_PLACES)]
            group = plan.groups[index * len(plan.groups) // count]
            device = Device(
                device_id=device_id,
                uuid=next(uuids),
                token=f"t-{rng.getrandbits(128):032x}",
                name=f"{prefix}-{index + 1:04d}",
                project=project,
                group=group,
                phase=rng.random() * heartbeat,
                apps=installed,
                agent_version=plan.agent_version,
                address=address,
                lat=lat,
                lng=lng,
            )
            members[group].append(device)
            devices.append(device)
        for group_devices in members.values():
            _tag(plan, group_devices)
    for device in _some(rng, devices, plan.offline_percent):
        device.online = False
        device.last_beat = -3600.0 * rng.uniform(1, 200)
    for device in _some(rng, devices, plan.held_percent):
        device.held = True
    return devices


def _uuids(rng: Random) -> Iterator[str]:
    seen: set[int] = set()
    while True:
        number = rng.getrandbits(32)
        if number not in seen:
            seen.add(number)
            yield f"d-{number >> 16:04x}-{number & 0xFFFF:04x}"


def _tag(plan: Population, devices: list[Device]) -> None:
    """The first devices of each group carry the tag, at least one: a test can rely on a canary in every group."""
    for tag, percent in plan.tags:
        for device in devices[: math.ceil(len(devices) * percent / 100)]:
            device.tags = (*device.tags, tag)


def _some(rng: Random, devices: list[Device], percent: float) -> list[Device]:
    return rng.sample(devices, round(len(devices) * percent / 100))
