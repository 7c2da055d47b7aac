# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The switches: one or more for each open question (connect-api.md 6). They can change while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


def _pick(unknown: str, says: str, *values: Any) -> Any:
    """A switch with a fixed list of values; the first is the default."""
    meta = {"unknown": unknown, "says": says, "shown": values, "values": values}
    return field(default=values[0], metadata=meta)  # pylint: disable=invalid-field-call


def _number(unknown: str, says: str, default: float, least: float = 0) -> Any:
    """A switch with a number; the type of the default decides whether fractions are allowed."""
    meta = {"unknown": unknown, "says": says, "shown": (f"{default:g}", "N"), "least": least}
    return field(default=default, metadata=meta)  # pylint: disable=invalid-field-call


class SwitchError(ValueError):
    """An unknown switch, or a value that it does not accept."""


@dataclass
class Switches:
    """How the emulator answers what the documentation leaves open. Defaults are the column "Emulator" in section 6."""

    held_devices: str = _pick("U4", "what a deployment to a held device does", "queued", "skipped")
    hold_running: str = _pick("U5", "what a hold does to a running update", "finishes", "aborts")
    rate_limit: int = _number("U6", "v1: calls per device and minute; 0 for no limit", 3)
    account_limit: int = _number("U6", "v1: calls per minute that name no device; 0 for no limit", 0)
    rate_window: str = _pick("U6", "any 60 seconds, or each full minute", "sliding", "fixed")
    retry_after: str = _pick("U6", "v1: the header Retry-After of a 429", "none", "seconds", "date")
    ban_after: int = _number("U6", "refused calls that lead to a ban; 0 for never", 0)
    ban_seconds: float = _number("U6", "how long a ban lasts", 600.0)
    bad_token: int = _pick("U9", "v1: status for a wrong token", 400, 401, 403)
    empty_target: int = _pick("U14", "a deployment that reaches no device: accepted, or a 400", 200, 400)
    same_flow: str = _pick("U15", "a flow that is pending on the device already", "queued", "ignored")
    update_order: str = _pick("U16", "which pending update starts", "oldest_first", "newest_first")
    pending_expires: float = _number("U17", "emulated seconds until a pending update is aborted; 0 for never", 0.0)
    app_is_not: str = _pick("U18", "whether is_not with a version matches devices without the app", "any", "installed")
    unknown_flow: str = _pick("U19", "a deployment of an unknown flow", "rejected", "accepted")
    unknown_group: str = _pick("U19", "an unknown group in filters and lists", "rejected", "empty")
    unknown_app: str = _pick("U19", "an unknown app in filters, metadata and changed details", "rejected", "accepted")
    unknown_tag: str = _pick("U19", "an unknown tag in filters and lists", "empty", "rejected")
    trigger_missing: str = _pick("U20", "v1: set_update_trigger without trigger_set", "rejected", "true", "false")
    updates_order: str = _pick("U21", "v1: order of the updates of a device", "newest_last", "newest_first")
    updates_cap: int = _number("U21", "v1: how many updates of a device are shown", 50, 1)
    several_devices: str = _pick(
        "U22",
        "whether several filters specific_device select nothing, or any of them",
        "and",
        "or",
    )
    timestamp_offset: int = _number("U23", "v1: minutes that timestamps are ahead of UTC", 0, -840)
    content_type: str = _pick("U24", "v1: the label of answers", "text/html", "application/json")
    agent7_trigger: str = _pick(
        "2.1",
        "v1: the trigger call for an agent of version 7 or later",
        "rejected",
        "ignored",
        "accepted",
    )
    lag_seconds: float = _number("", "reads show the fleet as it was so many real seconds ago", 0.0)
    update_methods: str = _pick(
        "U1",
        "v2: which methods Update Device accepts; the other is a 405",
        "both",
        "patch",
        "put",
    )
    put_device: str = _pick("U1", "v2: whether PUT changes what is sent, or resets the rest", "changes", "replaces")
    update_reply: str = _pick("U1", "v2: body of the answer of Update Device", "device", "empty")
    trigger_shown: str = _pick("U2", "v2: where the update trigger can be read", "everywhere", "one_device", "nowhere")
    trigger_key: str = _pick("U2", "v2: its name when it is read", "update_trigger", "is_update_trigger_set")
    trigger_form: str = _pick("U3", "v2: its form when it is read: true, on or 1", "boolean", "on_off", "number")
    v2_limit: int = _number("U7", "v2: calls per access token and minute; 0 for no limit", 0)
    v2_device_limit: int = _number("U7", "v2: calls per minute that name a device in the path; 0 for no limit", 0)
    v2_retry_after: str = _pick("U7", "v2: the header Retry-After of a 429", "seconds", "date", "none")
    v2_bad_token: int = _pick("U8", "v2: status for a missing, wrong or expired access token", 401, 403)
    error_form: str = _pick("U8", "v2: body of a refusal", "message", "error_message", "errors", "empty")
    deploy_status: int = _pick("U10", "v2: status of an accepted deployment", 201, 200)
    deploy_reply: str = _pick("U10", "v2: body of the answer to a deployment", "uuid", "empty")
    deployment_key: str = _pick("U10", "v2: name of the id of a deployment", "deployment_uuid", "uuid", "id")
    deployment_ids: str = _pick("U10", "v2: type of the id of a deployment", "text", "integer")
    envelope: str = _pick(
        "U11",
        "v2: the list in an object under its own name or another one, or bare",
        "named",
        "items",
        "bare",
        "bare_with_cursor",
    )
    cursor_key: str = _pick("U11", "v2: name of the cursor of a list", "after", "next", "next_cursor", "cursor")
    last_cursor: str = _pick(
        "U11",
        "v2: the cursor of the last page; continues: it leads to an empty page that repeats it",
        "null",
        "absent",
        "continues",
    )
    device_key: str = _pick("U11", "v2: name of the uuid of a device", "device_uuid", "uuid")
    group_key: str = _pick("U11", "v2: name of the group of a device", "group_name", "group", "none")
    deployments_order: str = _pick("U11", "v2: order of the list of deployments", "newest_first", "oldest_first")
    deployments_listed: str = _pick(
        "3.6",
        "v2: whose deployments are listed: those of the user, of the token, or all",
        "user",
        "token",
        "all",
    )
    deployment_details: str = _pick(
        "U12",
        "v2: details of a deployment with its devices, without, or no such call",
        "with_devices",
        "without_devices",
        "missing",
    )
    abort_call: str = _pick(
        "U12",
        "v2: how a deployment is aborted: POST .../abort, DELETE of the deployment, or no such call",
        "post",
        "delete",
        "missing",
    )
    abort_running: str = _pick(
        "U13",
        "v2: when the abort of a running update takes effect",
        "next_beat",
        "at_once",
        "never",
    )
    groups_missing: str = _pick("3.5", "v2: a deployment without the list groups", "accepted", "rejected")

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


def explained() -> list[str]:
    """A line for each switch: its values, the default first, and what it decides."""
    lines = []
    for item in fields(Switches):
        question = f" ({item.metadata['unknown']})" if item.metadata["unknown"] else ""
        lines.append(f"{item.name}={'|'.join(map(str, item.metadata['shown']))}  {item.metadata['says']}{question}")
    return lines


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
