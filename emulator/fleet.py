# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet: devices, indexes (so that reading a page does not cost the fleet), and every change of a device."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from random import Random

from .life import Life, LifeRules
from .model import ABORTED, Deployment, Device, Update, deployment_id
from .population import Population, populate, project_keys
from .switches import Switches


class Fleet:
    """All devices of one account. Every instant given to it is in emulated seconds."""

    def __init__(self, plan: Population, rules: LifeRules, switches: Switches) -> None:
        self.life = Life(rules, switches)
        self._switches = switches
        self.apps: set[str] = {name for name, _version in plan.apps}
        self.tags: set[str] = {name for name, _percent in plan.tags}
        self.deployments: dict[str, Deployment] = {}
        self._reached: dict[str, list[tuple[Device, Update]]] = {}
        self._rng = Random(f"{rules.seed}/deployments")
        self._next_update_id = 9001
        self._by_id: dict[int, Device] = {}
        self._by_uuid: dict[str, Device] = {}
        self._by_token: dict[str, Device] = {}
        self._by_name: dict[str, list[int]] = {}
        self._ids: list[int] = []
        self._project_ids: dict[str, list[int]] = {name: [] for name, _count in plan.projects}
        self._group_ids: dict[tuple[str, str], list[int]] = {
            (name, group): [] for name, _count in plan.projects for group in plan.groups
        }
        #: Project names with their keys, which the paths of API v2 hold.
        self.project_keys: dict[str, str] = project_keys(self._project_ids)
        self._by_key = {key: name for name, key in self.project_keys.items()}
        for device in populate(plan, rules.seed, rules.heartbeat):
            self._index(device)

    def _index(self, device: Device) -> None:
        number = device.device_id
        self._by_id[number] = self._by_uuid[device.uuid] = self._by_token[device.token] = device
        self._by_name.setdefault(device.name, []).append(number)
        self._ids.append(number)
        self._project_ids[device.project].append(number)
        self._group_ids[device.project, device.group].append(number)

    # Reading

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Device]:
        return iter(self._by_id.values())

    def by_token(self, token: str) -> Device | None:
        """The device with this token."""
        return self._by_token.get(token)

    def find(self, key: int | str) -> Device | None:
        """The device with this integer id or this uuid (connect-api.md 2.4 take either)."""
        return self._by_uuid.get(key) if isinstance(key, str) else self._by_id.get(key)

    @property
    def projects(self) -> dict[str, list[str]]:
        """Project names with the names of their groups."""
        return {name: [group for project, group in self._group_ids if project == name] for name in self._project_ids}

    def has_project(self, project: str) -> bool:
        """Whether there is such a project."""
        return project in self._project_ids

    def project_of_key(self, key: str) -> str | None:
        """The name of the project with this key."""
        return self._by_key.get(key)

    def has_group(self, project: str, group: str) -> bool:
        """Whether the project has such a group."""
        return (project, group) in self._group_ids

    def members(self, project: str, groups: Iterable[str] = ()) -> Iterator[Device]:
        """The devices of a project, or of any of the groups named."""
        names = list(dict.fromkeys(groups))
        lists = [self._group_ids.get((project, name), []) for name in names] if names else [self._project_ids[project]]
        for numbers in lists:
            for number in numbers:
                yield self._by_id[number]

    def page(
        self,
        project: str | None,
        group: str | None,
        name: str | None,
        after: int,
        limit: int,
        tags: Collection[str] = (),
    ) -> tuple[list[Device], bool]:
        """Up to ``limit`` devices with an id greater than ``after``, and whether there are more.

        With ``tags``: those that have any of them. Without, it costs the page, not the fleet: the candidates are a
        sorted list already.
        """
        if name is not None:
            numbers = sorted(number for number in self._by_name.get(name, ()) if self._is_in(number, project, group))
        elif project is None:
            numbers = self._ids
        elif group is None:
            numbers = self._project_ids[project]
        else:
            numbers = self._group_ids.get((project, group), [])
        start = bisect_right(numbers, after)
        if not tags:
            chosen = numbers[start : start + limit]
            return [self._by_id[number] for number in chosen], start + limit < len(numbers)
        wanted = set(tags)
        candidates = (self._by_id[number] for number in islice(numbers, start, None))
        found = list(islice((device for device in candidates if wanted.intersection(device.tags)), limit + 1))
        return found[:limit], len(found) > limit

    def _is_in(self, number: int, project: str | None, group: str | None) -> bool:
        device = self._by_id[number]
        return (project is None or device.project == project) and (group is None or device.group == group)

    def reached(self, deployment: Deployment) -> list[tuple[Device, Update]]:
        """The devices that a deployment reached, with its update on each."""
        return self._reached[deployment.deployment_id]

    # Changing

    def hold(self, device: Device, held: bool, at: float) -> None:
        """Set or unset the update trigger (connect-api.md 2.1)."""
        self.life.advance(device, at)
        if device.held == held:
            return
        device.remember(at)
        device.held = held
        if held and device.running is not None and self._switches.hold_running == "aborts":
            device.running.abort = True

    def set_online(self, device: Device, online: bool, at: float) -> None:
        """Connect or disconnect the device."""
        self.life.advance(device, at)
        if device.online and not online:
            device.last_beat = self.life.last_beat(device, at)
        device.online = online

    def set_apps(self, device: Device, apps: Mapping[str, str], at: float) -> None:
        """Replace the app versions recorded for the device."""
        self.life.advance(device, at)
        device.remember(at)
        device.apps = dict(apps)

    def set_tags(self, device: Device, tags: Iterable[str]) -> None:
        """Replace the device's tags."""
        device.tags = tuple(dict.fromkeys(tags))
        self.tags.update(device.tags)

    def describe(
        self, device: Device, name: str | None, group: str | None, description: str | None, address: str | None
    ) -> None:
        """Change what people wrote about the device; ``None`` leaves a value as it is."""
        if name is not None:
            self.rename(device, name)
        if group is not None:
            self.move(device, group)
        if description is not None:
            device.description = description
        if address is not None:
            device.address = address

    def rename(self, device: Device, name: str) -> None:
        """Give the device another name."""
        self._by_name[device.name].remove(device.device_id)
        device.name = name
        self._by_name.setdefault(name, []).append(device.device_id)

    def move(self, device: Device, group: str) -> None:
        """Move the device to another group of its project, which is created if it does not exist."""
        old = self._group_ids[device.project, device.group]
        del old[bisect_left(old, device.device_id)]
        device.group = group
        insort(self._group_ids.setdefault((device.project, group), []), device.device_id)

    def deploy(self, deployment: Deployment, devices: Iterable[Device], at: float) -> int:
        """Queue an update on each device; the target is fixed here and now. Returns how many there are."""
        self.deployments[deployment.deployment_id] = deployment
        reached = self._reached[deployment.deployment_id] = []
        for device in devices:
            self.life.advance(device, at)
            if self._is_left_out(device, deployment):
                continue
            update = Update(self._next_update_id, deployment)
            self._next_update_id += 1
            device.pending.append(update)
            device.updates.append(update)
            reached.append((device, update))
            deployment.targets += 1
        return deployment.targets

    def abort(self, deployment: Deployment, at: float) -> None:
        """End what is left of a deployment (connect-api.md 3.7, U13). What has ended stays as it is."""
        for device, update in self.reached(deployment):
            self.life.advance(device, at)
            if update in device.pending:
                device.pending.remove(update)
                update.status, update.finished = ABORTED, at
            elif device.running is update and self._switches.abort_running == "at_once":
                device.running = None
                update.status, update.finished = ABORTED, at
            elif device.running is update and self._switches.abort_running == "next_beat":
                update.abort = True

    def _is_left_out(self, device: Device, deployment: Deployment) -> bool:
        if device.held and self._switches.held_devices == "skipped":
            return True
        return self._switches.same_flow == "ignored" and any(
            update.deployment.flow_id == deployment.flow_id for update in device.pending
        )

    def new_deployment_id(self) -> str:
        """A fresh ``dp-xxxx-xxxx``."""
        while True:
            name = deployment_id(self._rng.getrandbits(32))
            if name not in self.deployments:
                return name
