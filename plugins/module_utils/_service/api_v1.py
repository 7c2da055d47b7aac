# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

# This file is internal to the collection and may change without notice.

"""API v1: the only place that knows paths, field names, paging and error bodies (connect-api.md section 2)."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from urllib.parse import quote

from .._errors import (
    ConnectError,
    FateUnknown,
    NotSent,
    Rejected,
    Unauthorized,
    UnreadableReply,
)
from .http import Call, Reply
from .models import Device, DeviceFilter, Update
from .sender import Sender

PAGE = 50
DETAILS = "/v1/devices_details"
SHORT = 200  # characters of a server's error text that enter a message

Parsed = t.TypeVar("Parsed")
Departs = t.Callable[[], None]


class ApiV1:
    """The small interface that everything above speaks to. Reads and writes return models, or raise ConnectError."""

    def __init__(self, sender: Sender, user_token: str) -> None:
        self._sender = sender
        self._user_token = user_token
        self._first = asyncio.Lock()
        self._token_works = False
        self.incomplete: str | None = None  # why a list that was read may lack devices

    async def device(self, device_token: str) -> Device:
        """One device by its token (2.2); raises Rejected C(device_not_found) for a token that is not known."""
        call = self._call("GET", DETAILS, {"device_token": device_token}, device_token)
        found = await self._send(call, lambda reply: _devices(_payload(reply, call)))
        if len(found) != 1:
            raise Rejected(
                "The service returned %d devices for one device_token." % len(found), code="device_not_found"
            )
        return found[0]

    async def devices(
        self, project: str | None = None, group: str | None = None, name: str | None = None
    ) -> t.AsyncIterator[list[Device]]:
        """Pages of devices (2.2); the cursor is the last C(device_id)."""
        selector = _given(project_name=project, group_name=group, device_name=name)
        async for page in self._pages(DETAILS, selector, "device_id"):
            yield [_device(entry) for entry in page]

    async def online_states(self, project: str | None = None, group: str | None = None) -> dict[str, bool]:
        """Device uuid -> online (2.5); the cursor is the last C(device_uuid)."""
        states: dict[str, bool] = {}
        selector = _given(project_name=project, group_name=group)
        async for page in self._pages("/v1/get_devices_state", selector, "device_uuid"):
            states.update((str(entry.get("device_uuid")), entry.get("device_status") == "online") for entry in page)
        return states

    async def online_state(self, device_uuid: str) -> bool | None:
        """One device's state (2.4), by uuid: a call that spends no device's rate limit. None when not said."""
        call = self._call("GET", "/v1/get_device_state", {"device_id": device_uuid})
        answer = await self._send(call, lambda reply: _payload(reply, call).get("message"))
        status = answer.get("device_status") if isinstance(answer, Mapping) else None
        return status == "online" if status in ("online", "offline") else None

    async def set_trigger(self, device_token: str, held: bool, departs: Departs | None = None) -> None:
        """Hold or release (2.1). Sets a value, so it may be repeated; C(departs) is called right before each time."""
        body = {"device_token": device_token, "trigger_set": held}
        await self._send_write(self._call("POST", "/v1/set_update_trigger", body, device_token, writes=True), departs)

    async def deploy(
        self,
        flow_id: str,
        project: str,
        groups: Sequence[str],
        filters: Sequence[DeviceFilter],
        metadata: Mapping[str, t.Any],
        parameters: Mapping[str, str] | None,
        departs: Departs | None = None,
    ) -> None:
        """Send a flow (2.7, with parameters 2.8). A create: never repeated here when its fate is unknown.

        C(departs) is called right before it goes out, after all waiting; what it raises keeps it back.
        """
        body: dict[str, t.Any] = {
            "flow_id": flow_id,
            "devices_filter": {
                "project": {"name": project},
                "groups": [{"name": group} for group in groups],
                "filters": [_given(**vars(one)) for one in filters],
            },
            "metadata": dict(metadata),
        }
        path = "/v1/deploy_update"
        if parameters is not None:
            path = "/v2/deploy_update"
            body["parameters_mapping"] = dict(parameters)
        await self._send_write(self._call("POST", path, body, writes=True, repeatable=False), departs)

    async def _check_account(self) -> None:
        call = self._call("GET", DETAILS, {"limit": 1})
        await self._sender.send(call, lambda reply: _payload(reply, call))

    def _call(
        self, method: str, path: str, body: dict[str, t.Any], device_token: str | None = None, **kinds: bool
    ) -> Call:
        return Call(method, path, {"user_token": self._user_token, **body}, device_token, **kinds)

    async def _send_write(self, call: Call, departs: Departs | None) -> None:
        await self._send(call, lambda reply: _accepted(reply, call), departs)

    async def _send(self, call: Call, parse: t.Callable[[Reply], Parsed], departs: Departs | None = None) -> Parsed:
        if self._token_works:
            return await self._judge(call, parse, departs)
        async with self._first:  # one call at a time until the account token is known to work: a wrong one costs one
            if not self._token_works:
                return await self._judge(call, parse, departs)
        return await self._judge(call, parse, departs)

    async def _judge(self, call: Call, parse: t.Callable[[Reply], Parsed], departs: Departs | None) -> Parsed:
        try:
            answer = await self._sender.send(call, parse, departs)
        except Rejected as refusal:
            if call.device_token is not None and refusal.code != "device_not_found" and not refusal.fatal:
                await self._blame(refusal)
            raise
        except ConnectError as failure:
            if failure.code == NotSent.code and not self._token_works and not failure.fatal:
                self._sender.end(failure)  # nobody is there: do not try a thousand devices in turn
            raise
        self._token_works = True
        return answer

    async def _blame(self, refusal: Rejected) -> None:
        """The service said no without saying to which token (U9): ask once whether it accepts the account's."""
        if self._token_works:
            return
        try:
            await self._check_account()
        except Rejected:  # no device is named in that call, so it can only be the account
            wrong_account = _unauthorized(refusal.http_status, refusal.msg)
            self._sender.end(wrong_account)
            raise wrong_account from None
        self._token_works = True

    async def _pages(
        self, path: str, selector: dict[str, t.Any], cursor: str
    ) -> t.AsyncIterator[list[Mapping[str, t.Any]]]:
        seen: set[t.Any] = set()
        offset: dict[str, t.Any] = {}
        while True:
            call = self._call("GET", path, {**selector, "limit": PAGE, **offset})
            more, entries = await self._send(call, lambda reply, call=call: _page(reply, call))  # type: ignore[misc]
            fresh = [entry for entry in entries if entry.get(cursor) not in seen]
            seen.update(entry.get(cursor) for entry in fresh)
            if fresh:
                yield fresh
            if not more:
                return
            if not fresh or entries[-1].get(cursor) is None:
                self.incomplete = (
                    "GET %s: the service announced more devices after the first %d, but repeated what it had sent. "
                    "Devices may be missing from the list." % (path, len(seen))
                )
                return
            offset = {"offset": entries[-1][cursor]}


def _given(**values: t.Any) -> dict[str, t.Any]:
    return {name: value for name, value in values.items() if value is not None}


# Replies


def _payload(reply: Reply, call: Call) -> dict[str, t.Any]:
    """The JSON object of a read, whatever its content type says (U24)."""
    _raise_for_status(reply, call)
    answer = _json(reply.text)
    if not isinstance(answer, dict) or "message" not in answer:
        raise UnreadableReply("%s %s: the reply is not the documented JSON." % (call.method, call.path))
    return answer


def _accepted(reply: Reply, call: Call) -> None:
    """A write answered 2xx was acted on, even when its body broke off; but a web page is not the service's answer."""
    _raise_for_status(reply, call)
    if reply.text is not None and reply.text.lstrip().startswith("<"):
        raise FateUnknown(
            "%s %s: something between here and the service answered with a web page." % (call.method, call.path),
            http_status=reply.status,
        )


def _raise_for_status(reply: Reply, call: Call) -> None:
    answer = _json(reply.text)
    text = answer.get("error_message") if isinstance(answer, dict) else None
    if 200 <= reply.status < 300 and text is None:
        return
    what = "%s %s" % (call.method, call.path)
    if reply.status >= 500 or reply.status == 408:
        raise FateUnknown("%s: the service answered HTTP %d." % (what, reply.status), http_status=reply.status)
    if reply.status < 400 and text is None:
        raise Rejected(
            "%s: the service answered with a redirect (HTTP %d). Check api_url." % (what, reply.status),
            http_status=reply.status,
        )
    said = redact(str(text), call.body) if text else "no readable reason"
    account, device = _blames(BLAMES_ACCOUNT, said), _blames(BLAMES_DEVICE, said)
    if (account and not device) or (reply.status in (401, 403) and not call.device_token):
        raise _unauthorized(reply.status, said)
    raise Rejected(
        "%s: the service refused it (HTTP %d): %s." % (what, reply.status, said.rstrip(".")),
        code="device_not_found" if call.device_token and device and not account else None,
        http_status=reply.status,
    )


# The texts of errors are not documented, so only the plain cases are read off them; for the rest see ApiV1._blame.
BLAMES_ACCOUNT = r"user[_ ]?token|(invalid|unknown|wrong|no such) (user|account)\b"
BLAMES_DEVICE = (
    r"device[_ ]?token|(invalid|unknown|wrong|no such) device\b|device (was |is )?(not found|unknown|deleted)"
)


def _blames(pattern: str, said: str) -> bool:
    return re.search(pattern, said, re.IGNORECASE) is not None


def _unauthorized(http_status: int | None, said: str) -> Unauthorized:
    return Unauthorized(
        "The service does not accept user_token (%s). Check the option user_token or CONNECT_USER_TOKEN: API v1 wants "
        "the account's token from the web UI, not an API v2 access token." % said.rstrip("."),
        http_status=http_status,
    )


def redact(text: str, body: Mapping[str, t.Any]) -> str:
    """A server's text, one short line, without the tokens of the call in any spelling that a server may echo."""
    text = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    for name, token in body.items():
        if name.endswith("_token") and token:
            encoded = base64.b64encode(token.encode("utf-8")).decode("ascii").rstrip("=")
            for spelling in (token, quote(token, safe=""), encoded):
                text = text.replace(spelling, "***")
    return text if len(text) <= SHORT else text[: SHORT - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _json(text: str | None) -> t.Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None


def _page(reply: Reply, call: Call) -> tuple[bool, list[Mapping[str, t.Any]]]:
    answer = _payload(reply, call)
    return bool(answer.get("more")), _entries(answer)


def _entries(answer: dict[str, t.Any]) -> list[Mapping[str, t.Any]]:
    """C(message) as a list of objects; the documented bulk example shows a single object (2.5)."""
    message = answer["message"]
    found = message if isinstance(message, list) else [message]
    if not all(isinstance(entry, Mapping) for entry in found):
        raise UnreadableReply("The list of devices holds something that is not a device.")
    return found


def _devices(answer: dict[str, t.Any]) -> list[Device]:
    return [_device(entry) for entry in _entries(answer)]


def _device(entry: Mapping[str, t.Any]) -> Device:
    device_id = entry.get("device_id")
    return Device(
        device_id=device_id if isinstance(device_id, int) else None,
        uuid=_text(entry.get("device_uuid")),
        name=_text(entry.get("device_name")),
        project=_text(entry.get("project")),
        group=_text(entry.get("group")),
        held=_flag(entry.get("is_update_trigger_set")),
        online=None,
        tags=tuple(_text(tag) for tag in _list(entry.get("tags"))),
        apps={
            _text(app.get("app_name")): _text(app.get("version"))
            for app in _list(entry.get("apps"))
            if isinstance(app, Mapping)
        },
        updates=_updates(entry.get("updates")),
        agent_version=_text(entry.get("upswift_version")),
        description=_text(entry.get("description")),
        ip=_text(entry.get("device_ip")),
        last_seen=_utc(entry.get("last_keepalive")),
        registered_at=_utc(entry.get("registered_date")),
    )


def _updates(given: t.Any) -> tuple[Update, ...]:
    """Oldest first, whatever the order of the list (U21): by schedule time, then by id."""
    updates = [
        Update(
            update_id=entry.get("update_id") if isinstance(entry.get("update_id"), int) else None,
            status=_text(entry.get("update_status")).lower(),
            version=_text(entry.get("update_version")),
            comment=_text(entry.get("comment")),
            scheduled_at=_utc(entry.get("deployment_schedule_time")),
        )
        for entry in _list(given)
        if isinstance(entry, Mapping)
    ]
    return tuple(sorted(updates, key=lambda update: (update.scheduled_at or "", update.update_id or 0)))


def _text(value: t.Any) -> str:
    return "" if value is None else str(value)


def _list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else []


def _flag(value: t.Any) -> bool | None:
    """true/false/"on"/"off"/1/0 (U3); None for anything else: what was not said is not known."""
    spelled = str(value).strip().lower()
    if spelled in ("true", "on", "1"):
        return True
    return False if spelled in ("false", "off", "0") else None


def _utc(value: t.Any) -> str | None:
    """C(YYYY-MM-DD HH:MM:SS) without a zone is UTC (U23)."""
    try:
        moment = datetime.fromisoformat(_text(value).strip().replace("Z", "+00:00"))
        moment = moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")
