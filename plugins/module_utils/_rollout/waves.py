# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""Cutting a fleet into waves: a pure function of the devices and a seed, so that every run cuts the same ones."""

from __future__ import annotations

import hashlib
import itertools
import math
import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from .._errors import InvalidInput
from .._reading.durations import read_seconds
from .._reading.numbers import Amount, read_amount
from .._service.models import Device, read_filters

ACCEPTED = (
    "accepted: a number of devices such as 1, a part of the fleet such as '5%', or a mapping with one of size, tag, "
    "groups and devices, and name and soak if you like"
)
SELECTORS = ("size", "tag", "groups", "devices")
KEYS = ("name", "soak", *SELECTORS)


@dataclass(frozen=True)
class WaveSpec:
    """One entry of C(connect_waves); exactly one of C(size), C(tag), C(groups) and C(devices) is given."""

    name: str
    size: Amount | None = None  # how much of the fleet has been reached when the wave is over, earlier waves included
    tag: str | None = None
    groups: tuple[str, ...] = ()
    devices: frozenset[str] = frozenset()  # names or UUIDs
    soak: timedelta | None = None

    def names(self, device: Device) -> bool:
        if self.tag is not None:
            return self.tag in device.tags
        return device.group in self.groups or device.uuid in self.devices or device.name in self.devices

    def selector(self, earlier: Sequence[WaveSpec]) -> dict[str, t.Any] | None:
        """What the service could be asked for to reach this wave in one call: nothing special for the whole target (an
        empty mapping), None when it cannot be said.

        Whether that reaches exactly the devices that are meant has to be asked of the fleet, see C(selected).
        """
        whole = self.size is not None and self.size.is_percent and self.size.number == 100
        if not (self.tag or self.groups or whole):
            return None
        filters = [_tag_filter("is_not", spec.tag) for spec in earlier if spec.tag is not None]
        if self.tag is not None:
            filters.append(_tag_filter("is", self.tag))
        said = {"groups": list(self.groups), "filters": filters}
        return {name: value for name, value in said.items() if value}


def selected(selector: Mapping[str, t.Any], devices: Iterable[Device]) -> set[str]:
    """UUIDs of the devices that a selector reaches."""
    filters = read_filters(selector.get("filters"))
    groups = selector.get("groups") or ()
    return {
        device.uuid
        for device in devices
        if (not groups or device.group in groups) and all(one.matches(device) for one in filters)
    }


def _tag_filter(operand: str, tag: str | None) -> dict[str, t.Any]:
    return {"type": "tag", "operand": operand, "value": tag}


@dataclass(frozen=True)
class Wave:
    spec: WaveSpec
    devices: tuple[Device, ...]
    selector: dict[str, t.Any] | None


def cut(devices: Iterable[Device], specs: Sequence[WaveSpec], seed: str) -> tuple[list[Wave], list[Device]]:
    """The waves in order, and the devices that are in none of them. A device belongs to the first wave that has it.

    The order in which sizes take devices depends on the seed and the device alone, not on how far a rollout is.
    """
    left = sorted(devices, key=lambda device: _rank(device, seed))
    total = len(left)
    waves = []
    for at, spec in enumerate(specs):
        if spec.size is None:
            taken = [device for device in left if spec.names(device)]
        else:
            wanted = math.ceil(round(spec.size.of(total), 6))  # 1 % of 20 devices is one device, not none
            taken = left[: max(0, wanted - (total - len(left)))]
        inside = {device.key for device in taken}
        left = [device for device in left if device.key not in inside]
        waves.append(Wave(spec, tuple(taken), spec.selector(specs[:at])))
    return waves, left


def _rank(device: Device, seed: str) -> tuple[bytes, str]:
    return hashlib.sha256(("%s\n%s" % (seed, device.key)).encode("utf-8")).digest(), device.key


def read_waves(given: Sequence[t.Any]) -> tuple[WaveSpec, ...]:
    """Raises InvalidInput naming the wave."""
    if not given:
        raise InvalidInput("waves is empty; accepted: a list such as [1, '5%', '20%', '100%'].")
    specs = tuple(_read_wave("waves[%d]" % at, entry, at) for at, entry in enumerate(given))
    _refuse_repeated_names(specs)
    _refuse_shrinking_sizes(specs)
    return specs


def _read_wave(where: str, given: t.Any, at: int) -> WaveSpec:
    if not isinstance(given, Mapping):
        size = _read_size(where, given)
        return WaveSpec("wave %d (%s)" % (at + 1, size), size)
    for key in given:
        if key not in KEYS:
            raise InvalidInput("%s has %r, which is not known; %s." % (where, str(key)[:40], ACCEPTED))
    chosen = [key for key in SELECTORS if given.get(key) not in (None, "", [])]
    if len(chosen) != 1:
        said = " and ".join(chosen) if chosen else "none of these"
        raise InvalidInput("%s has %s; %s." % (where, said, ACCEPTED))
    key, value = chosen[0], given[chosen[0]]
    soak = given.get("soak")
    spec: dict[str, t.Any] = {"soak": None if soak in (None, "") else read_seconds(soak, where + ".soak")}
    if key == "size":
        spec["size"] = _read_size(where + ".size", value)
    elif key == "tag":
        spec["tag"] = _read_text(where + ".tag", value)
    else:
        entries = value if isinstance(value, (list, tuple)) else [value]
        texts = [_read_text("%s.%s" % (where, key), entry) for entry in entries]
        spec[key] = tuple(texts) if key == "groups" else frozenset(texts)
    shown = "%d devices" % len(spec["devices"]) if key == "devices" else str(spec.get("size") or value)
    name = str(given.get("name") or "").strip() or "wave %d (%s)" % (at + 1, shown)
    return WaveSpec(name, **spec)


def _read_text(where: str, given: t.Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise InvalidInput("%s is not a text; %s." % (where, ACCEPTED))
    return given.strip()


def _read_size(where: str, given: t.Any) -> Amount:
    size = read_amount(given, where, ACCEPTED)
    if not size.number:
        raise InvalidInput("%s is %s; accepted: more than 0." % (where, size))
    return size


def _refuse_repeated_names(specs: Sequence[WaveSpec]) -> None:
    names = [spec.name for spec in specs]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput("waves: two of them are called '%s'; give each a name of its own." % name)


def _refuse_shrinking_sizes(specs: Sequence[WaveSpec]) -> None:
    """Sizes are totals. Meant as increments, they would silently make waves without devices."""
    for percent in (False, True):
        sizes = [spec.size for spec in specs if spec.size is not None and spec.size.is_percent is percent]
        for before, size in itertools.pairwise(sizes):
            if size.number <= before.number:
                raise InvalidInput(
                    "waves: %s after %s adds no device. Sizes say how much of the fleet is reached when the wave is "
                    "over, earlier waves included, for example [1, '5%%', '20%%', '100%%']." % (size, before)
                )
