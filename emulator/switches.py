# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switches: one or more for each open question about v1 (connect-api.md 6). They can change while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


def _pick(unknown: str, *values: Any) -> Any:
    """A switch with a fixed list of values; the first is the default."""
    return field(default=values[0], metadata={"unknown": unknown, "values": values})  # pylint: disable=invalid-field-call


def _number(unknown: str, default: float, least: float = 0) -> Any:
    """A switch with a number; the type of the default decides whether fractions are allowed."""
    return field(default=default, metadata={"unknown": unknown, "least": least})  # pylint: disable=invalid-field-call


class SwitchError(ValueError):
    """An unknown switch, or a value that it does not accept."""


@dataclass
class Switches:
    """How the emulator answers what the documentation leaves open. Defaults are the column "Emulator" in section 6."""

    held_devices: str = _pick("U4", "queued", "skipped")
    hold_running: str = _pick("U5", "finishes", "aborts")
    rate_limit: int = _number("U6", 3)
    account_limit: int = _number("U6", 0)
    rate_window: str = _pick("U6", "sliding", "fixed")
    retry_after: str = _pick("U6", "none", "seconds", "date")
    ban_after: int = _number("U6", 0)
    ban_seconds: float = _number("U6", 600.0)
    bad_token: int = _pick("U9", 400, 401, 403)
    empty_target: int = _pick("U14", 200, 400)
    same_flow: str = _pick("U15", "queued", "ignored")
    update_order: str = _pick("U16", "oldest_first", "newest_first")
    pending_expires: float = _number("U17", 0.0)
    app_is_not: str = _pick("U18", "any", "installed")
    unknown_flow: str = _pick("U19", "rejected", "accepted")
    unknown_group: str = _pick("U19", "rejected", "empty")
    unknown_app: str = _pick("U19", "rejected", "accepted")
    unknown_tag: str = _pick("U19", "empty", "rejected")
    trigger_missing: str = _pick("U20", "rejected", "true", "false")
    updates_order: str = _pick("U21", "newest_last", "newest_first")
    updates_cap: int = _number("U21", 50, 1)
    several_devices: str = _pick("U22", "and", "or")
    timestamp_offset: int = _number("U23", 0, -840)
    content_type: str = _pick("U24", "text/html", "application/json")
    agent7_trigger: str = _pick("2.1", "rejected", "ignored", "accepted")
    lag_seconds: float = _number("", 0.0)

    def change(self, values: dict[str, object]) -> None:
        """Set switches by name, or by the number of the open question where that names one switch only."""
        checked = {}
        for given, value in values.items():
            name = _resolve(given)
            checked[name] = _convert(name, value)
        for name, value in checked.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, object]:
        """All switches with their present values."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


_FIELDS = {item.name: item for item in fields(Switches)}


def _resolve(given: str) -> str:
    name = given.replace("-", "_")
    if name in _FIELDS:
        return name
    numbered = [item.name for item in fields(Switches) if given and item.metadata["unknown"] == given.upper()]
    if len(numbered) == 1:
        return numbered[0]
    if numbered:
        raise SwitchError(f"{given} has several switches; give one of: {', '.join(numbered)}")
    raise SwitchError(f"unknown switch {given!r}, known: {', '.join(_FIELDS)}")


def _convert(name: str, value: object) -> object:
    meta = _FIELDS[name].metadata
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "values" in meta:
        for allowed in meta["values"]:
            if text == str(allowed):
                return allowed
        raise SwitchError(f"switch {name} accepts {', '.join(map(str, meta['values']))}, not {value!r}")
    kind = int if isinstance(getattr(Switches, name), int) else float
    try:
        number = kind(text)
    except ValueError:
        raise SwitchError(
            f"switch {name} must be {'an integer' if kind is int else 'a number'}, not {value!r}"
        ) from None
    if not meta["least"] <= number < float("inf"):
        raise SwitchError(f"switch {name} must be at least {meta['least']}, not {value!r}")
    return number
