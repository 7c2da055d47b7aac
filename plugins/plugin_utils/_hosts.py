# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventory hosts as devices, and the devices that a role or playbook is meant to act on."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

from ..module_utils._errors import InvalidInput
from ..module_utils._reading.names import is_blank, read_text, read_uuid, shown
from ..module_utils._reading.options import nearest, read_options, strangers
from ._plain import plain

HostVars = Mapping[str, Mapping[str, t.Any]]
Device = dict[str, str]

TEXT: dict[str, t.Any] = {"type": "str"}
SPEC: dict[str, t.Any] = {
    "devices": {
        "type": "list",
        "elements": "dict",
        "options": {
            "device_token": {"type": "str", "no_log": True},
            **dict.fromkeys(("device_uuid", "name", "timezone"), TEXT),
        },
    },
    "inventory_group": {"type": "list", "elements": "str"},
    "only": {"type": "list", "elements": "str"},
}


@dataclass(frozen=True)
class Choice:
    devices: list[Device]  # with their tokens
    without_token: list[str]  # names of devices that cannot be held or released
    device_uuids: list[str]  # of all of them, where known


def read_host(host: str, hostvars: HostVars) -> Device:
    """A host as a device; the token is empty when it has none, or one that cannot be decrypted."""
    variables = hostvars[host]
    device = {"device_token": _token(host, variables), "device_uuid": _uuid(host, variables), "name": host}
    zone = "" if is_blank(variables.get("connect_timezone")) else plain(variables["connect_timezone"])
    return {**device, "timezone": read_text(zone, "connect_timezone of %s" % host)} if zone else device


def _uuid(host: str, variables: Mapping[str, t.Any]) -> str:
    return read_uuid(plain(variables.get("connect_device_uuid")), "connect_device_uuid of %s" % host)


def _token(host: str, variables: Mapping[str, t.Any]) -> str:
    try:
        value = plain(variables.get("connect_device_token"))
    except AnsibleError:  # encrypted with another vault password
        return ""
    return "" if is_blank(value) else read_text(value, "connect_device_token of %s" % host, secret=True)


def choose(
    given: Mapping[str, t.Any],
    groups: Mapping[str, Sequence[str]],
    hostvars: HostVars,
    limit: str | None = None,
) -> Choice:
    """The devices of C(connect_devices) or C(connect_inventory_group), as far as C(connect_only) names them.

    C(limit) is what --limit says; None without it. Tokens of hosts that are not meant are not read. Raises
    InvalidInput, naming the variable.
    """
    said = read_options(given, SPEC, "connect_")
    if said["devices"]:
        devices = [{key: value or "" for key, value in one.items()} for one in said["devices"]]
        for one in devices:
            one["device_uuid"] = read_uuid(one["device_uuid"], "connect_devices: device_uuid")
        names = [one["name"] or one["device_uuid"] or "connect_devices[%d]" % at for at, one in enumerate(devices)]
        meant = _meant(said["only"], names, [one["device_uuid"] for one in devices])
        found = [devices[at] for at in meant]
    else:
        hosts = _hosts(said["inventory_group"], groups, None if limit is None else _left(limit, groups))
        uuids = [_uuid(host, hostvars[host]) for host in hosts] if said["only"] is not None else [""] * len(hosts)
        found = [read_host(hosts[at], hostvars) for at in _meant(said["only"], hosts, uuids)]
    return Choice(
        devices=[one for one in found if one["device_token"]],
        without_token=[one["name"] or one["device_uuid"] for one in found if not one["device_token"]],
        device_uuids=[one["device_uuid"] for one in found if one["device_uuid"]],
    )


def _left(limit: str, groups: Mapping[str, Sequence[str]]) -> set[str]:
    """The hosts that --limit leaves, as Ansible itself reads patterns and C(@file)."""
    inventory = InventoryManager(DataLoader(), parse=False)
    for group, hosts in groups.items():
        inventory.add_group(group)
        for host in hosts:
            inventory.add_host(host, group)
    inventory.subset(limit)
    return {host.name for host in inventory.get_hosts("all")}


def _hosts(
    wanted: Sequence[str] | None, groups: Mapping[str, Sequence[str]], limit: Collection[str] | None
) -> list[str]:
    if not wanted:
        raise InvalidInput(
            "No devices are given: set connect_devices to a list of mappings with device_token and device_uuid, or "
            "connect_inventory_group to a group of the inventory. Nothing was read or sent."
        )
    for group in wanted:
        if group not in groups:
            raise InvalidInput(
                "connect_inventory_group names %s, which is not a group of the inventory%s. Check the name, and that "
                "the inventory is given (-i). Nothing was read or sent." % (shown(group), nearest(group, groups))
            )
    hosts = list(dict.fromkeys(str(host) for group in wanted for host in groups[group]))
    left = [host for host in hosts if limit is None or host in limit]
    if not left:
        raise InvalidInput(
            "%s has no host%s. Nothing was read or sent."
            % (", ".join(wanted), " that --limit leaves: name its hosts in --limit too" if hosts else "")
        )
    return left


def _meant(only: Sequence[str] | None, names: Sequence[str], uuids: Sequence[str]) -> list[int]:
    """Places of the devices that are named; all of them without C(only)."""
    if only is None:
        return list(range(len(names)))
    places: dict[str, list[int]] = {}
    for at, keys in enumerate(zip(names, uuids, strict=True)):
        for key in filter(None, set(keys)):
            places.setdefault(key, []).append(at)
    found = {name: places.get(name) or places.get(read_uuid(name, "connect_only"), []) for name in only}
    lost = strangers([name for name, at in found.items() if not at], places, "the devices")
    if lost or not only:
        raise InvalidInput(
            "connect_only names %s; accepted: names or UUIDs of the devices in connect_devices or "
            "connect_inventory_group (and in --limit). Nothing was read or sent." % (lost or "no device")
        )
    return sorted({at for group in found.values() for at in group})
