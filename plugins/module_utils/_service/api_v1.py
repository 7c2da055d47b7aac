# Copyright: (c) 2026, EdgeOps
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause

"""API v1: the only place that knows paths, field names, paging and error bodies (docs/connect-api.md section 2)."""

from __future__ import annotations

import asyncio
import re
import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from .._errors import (
    ConnectError,
    FateUnknown,
    NotSent,
    Rejected,
    Unauthorized,
    UnreadableReply,
)
from .._reading.names import one_line
from .._secrets import Hider
from .http import Call, Reply
from .models import Device, DeviceFilter, Update
from .replies import read_object
from .sender import Sender

PAGE = 50
MOST_PAGES = 10_000  # of one list; half a million devices
DETAILS = "/v1/devices_details"
TRIGGER = "/v1/set_update_trigger"
SHORT = 200  # characters of a server's error text that enter a message
LONG = 4000  # characters of it that are read

Parsed = t.TypeVar("Parsed")
BeforeSend = t.Callable[[], None]


class ApiV1:
    """The small interface that everything above speaks to. Reads and writes return models, or raise ConnectError."""

    def __init__(self, sender: Sender, user_token: str) -> None:
        self._sender = sender
        self._user_token = user_token
        self._first = asyncio.Semaphore(1)
        self._token_works = False
        self.incomplete: str | None = None  # why a list that was read may lack devices

    async def device(self, device_token: str) -> Device:
        """One device by its token (2.2); raises Rejected C(device_not_found) for a token that is not known."""
        call = self._call("GET", DETAILS, {"device_token": device_token}, device_token)
        found = await self._send(call, lambda reply: [_device(entry) for entry in _page(reply, call)[1]])
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
            states.update((_word(entry, "device_uuid"), entry.get("device_status") == "online") for entry in page)
        return states

    async def online_state(self, device_uuid: str) -> bool | None:
        """One device's state (2.4), by uuid: a call that spends no device's rate limit. None when not said."""
        call = self._call("GET", "/v1/get_device_state", {"device_id": device_uuid})
        answer = await self._send(call, lambda reply: _answer(reply, call)["message"])
        status = answer.get("device_status") if isinstance(answer, Mapping) else None
        return {"online": True, "offline": False}.get(status) if isinstance(status, str) else None

    async def set_trigger(self, device_token: str, held: bool, before_send: BeforeSend = lambda: None) -> None:
        """Hold or release (2.1). Sets a value, so it may be repeated; C(before_send) is as in Call, for each time."""
        body = {"device_token": device_token, "trigger_set": held}
        call = self._call("POST", TRIGGER, body, device_token, writes=True, before_send=before_send)
        await self._send(call, lambda reply: _answer(reply, call))

    async def deploy(
        self,
        flow_id: str,
        project: str,
        groups: Sequence[str],
        filters: Sequence[DeviceFilter],
        metadata: Mapping[str, t.Any],
        parameters: Mapping[str, str] | None,
        secrets: tuple[str, ...] = (),
        before_send: BeforeSend = lambda: None,
    ) -> None:
        """Send a flow (2.7, with parameters 2.8). A create: never repeated here when its fate is unknown.

        C(secrets), which are among the values of C(parameters), and C(before_send) are as in Call.
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
        call = self._call("POST", path, body, writes=True, repeatable=False, before_send=before_send, secrets=secrets)
        await self._send(call, lambda reply: _answer(reply, call))

    def _call(
        self, method: str, path: str, body: dict[str, t.Any], device_token: str | None = None, **more: t.Any
    ) -> Call:
        return Call(method, path, {"user_token": self._user_token, **body}, device_token, **more)

    async def _send(self, call: Call, parse: t.Callable[[Reply], Parsed]) -> Parsed:
        if self._token_works:
            return await self._judge(call, parse)
        async with self._first:  # one call at a time until the account token is known to work: a wrong one costs one
            if not self._token_works:
                return await self._judge(call, parse, self._first)
        return await self._judge(call, parse)

    async def _judge(
        self, call: Call, parse: t.Callable[[Reply], Parsed], turn: asyncio.Semaphore | None = None
    ) -> Parsed:
        try:
            answer = await self._sender.send(call, parse, turn)
        except ConnectError as failure:
            if self._token_works or failure.fatal:
                raise
            if failure.code == NotSent.code:
                self._sender.end(failure)  # no service is there: do not try a thousand devices in turn
            elif failure.code in TOLD_LITTLE and not failure.transient and call.device_token:
                await self._blame(failure)
            raise
        self._token_works = True
        return answer

    async def _blame(self, refusal: ConnectError) -> None:
        """The service said no without saying to which token (U9): ask once whether it accepts the account's.

        Raises Unauthorized when it does not; the fate of a write stays unknown all the same, if it was.
        """
        probe = self._call("GET", DETAILS, {"limit": 1})
        try:
            await self._sender.send(probe, lambda reply: _answer(reply, probe))
        except ConnectError as probed:  # no device is named in that call, so it can only be the account
            end = _unauthorized(refusal.http_status, refusal.msg) if probed.http_status in TOKEN_REFUSED else probed
            if isinstance(probed, Rejected):
                self._sender.end(end)
            if isinstance(refusal, FateUnknown):
                return
            raise end from None
        self._token_works = True

    async def _pages(
        self, path: str, selector: dict[str, t.Any], cursor: str
    ) -> t.AsyncIterator[list[Mapping[str, t.Any]]]:
        """Pages of entries that were not on an earlier one; a list that does not end as documented is C(incomplete)."""
        seen: set[str | int | None] = set()
        offset: dict[str, t.Any] = {}
        for _page_number in range(MOST_PAGES):
            call = self._call("GET", path, {**selector, "limit": PAGE, **offset})
            more, entries = await self._send(call, lambda reply, call=call: _page(reply, call, cursor))  # type: ignore[misc]
            fresh = [entry for entry in entries if entry.get(cursor) is None or entry[cursor] not in seen]
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
        self.incomplete = (
            "GET %s: the service still announced more devices after %d pages with %d devices, which is as many as are "
            "read. Devices may be missing from the list: name a project and a group." % (path, MOST_PAGES, len(seen))
        )


def _given(**values: t.Any) -> dict[str, t.Any]:
    return {name: value for name, value in values.items() if value is not None}


# Replies

TOKEN_REFUSED = (400, 401, 403)
TOLD_LITTLE = (Rejected.code, FateUnknown.code)
REDIRECTS = range(300, 400)
LATER = (408, 425, 499)  # of a proxy that gave up, in the words of 4xx


def _answer(reply: Reply, call: Call) -> dict[str, t.Any]:
    """The documented JSON object with C(message), whatever its content type says (2.0, U24). Raises ConnectError.

    A write was refused only if the service says so in its documented form, and accepted likewise. All else may come
    from something between here and there, which knows nothing of what became of it.
    """
    answer = read_object(reply.text)
    text = answer.get("error_message")
    if 200 <= reply.status < 300 and text is None and answer.get("message") is not None:
        return answer
    said = redact(text, call.body, call.secrets) if isinstance(text, str) else ""
    what = "%s %s" % (call.method, call.path)
    if reply.status >= 500 or reply.status in LATER:
        raise FateUnknown("%s: the service answered HTTP %d." % (what, reply.status), http_status=reply.status)
    if call.writes and not (said and (reply.status == 400 or (call.repeatable and reply.status in TOKEN_REFUSED))):
        raise _no_verdict(reply, call, what)
    if reply.status in REDIRECTS:
        raise Rejected(
            "%s: answered with a redirect (HTTP %d). Check api_url." % (what, reply.status), http_status=reply.status
        )
    if 200 <= reply.status < 300 and text is None:
        raise UnreadableReply("%s: the reply is not the documented JSON." % what)
    account, device = _blames(BLAMES_ACCOUNT, said), _blames(BLAMES_DEVICE, said)
    said = said or "no readable reason"
    if (account and not device) or (reply.status in (401, 403) and not call.device_token):
        raise _unauthorized(reply.status, said)
    raise Rejected(
        "%s: the service refused it (HTTP %d): %s." % (what, reply.status, said.rstrip(".")),
        code="device_not_found" if call.device_token and device and not account else None,
        http_status=reply.status,
    )


def _no_verdict(reply: Reply, call: Call, what: str) -> FateUnknown:
    kind = "a web page" if (reply.text or "").lstrip().startswith("<") else "something else than the documented JSON"
    if reply.status in REDIRECTS:
        kind = "a redirect; check api_url"
    failure = FateUnknown(
        "%s: answered with %s (HTTP %d), perhaps by a proxy; whether it was acted on is unknown."
        % (what, kind, reply.status),
        http_status=reply.status,
    )
    failure.transient = reply.status < 300  # asking again would not help
    return failure


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


def redact(text: str, body: Mapping[str, t.Any], secrets: Sequence[str] = ()) -> str:
    """A server's text, one short line, without the secrets of the call in any spelling that a server may echo."""
    if secrets and len(text) > LONG:  # they may have blanks in them, so no cut is certain not to leave a part of one
        return "a text of %d characters, which may repeat secret parameters" % len(text)
    tokens = [token for name, token in body.items() if name.endswith("_token") and token]
    masked = one_line(Hider([*tokens, *secrets]).text(text[:LONG]))
    if len(text) <= LONG and len(masked) <= SHORT:
        return masked
    # Not within a word: a part of a token is not masked.
    return re.sub(r"[^\s\",;{}<>]*$", "", masked[: SHORT - 1]) + "\N{HORIZONTAL ELLIPSIS}"


def _page(reply: Reply, call: Call, cursor: str = "device_id") -> tuple[bool, list[Mapping[str, t.Any]]]:
    """Whether there is more, and the objects of a page; the documented bulk example shows a single one (2.5)."""
    answer = _answer(reply, call)
    message, more = answer["message"], answer.get("more")
    found = message if isinstance(message, list) else [message]
    if not all(isinstance(entry, Mapping) for entry in found):
        raise UnreadableReply("The list of devices holds something that is not a device.")
    if more is not None and _flag(more) is None:
        raise UnreadableReply("The list of devices does not say whether there are more of them.")
    for entry in found:
        _word(entry, cursor)
    return bool(_flag(more)), found


def _device(entry: Mapping[str, t.Any]) -> Device:
    """What is relied on must be what is documented (2.2), or be absent; what only describes the device need not."""
    device_id = entry.get("device_id")
    return Device(
        device_id=device_id if isinstance(device_id, int) else None,
        uuid=_word(entry, "device_uuid"),
        name=_word(entry, "device_name"),
        project=_word(entry, "project"),
        group=_word(entry, "group"),
        held=_flag(entry.get("is_update_trigger_set")),
        online=None,
        tags=tuple(_text(tag) for tag in _list(entry, "tags")),
        apps={
            _text(app.get("app_name")): _text(app.get("version"))
            for app in _list(entry, "apps")
            if isinstance(app, Mapping)
        },
        updates=_updates(_list(entry, "updates")),
        agent_version=_text(entry.get("upswift_version")),
        description=_text(entry.get("description")),
        ip=_text(entry.get("device_ip")),
        last_seen=_utc(entry.get("last_keepalive")),
        registered_at=_utc(entry.get("registered_date")),
    )


def _updates(given: list[t.Any]) -> tuple[Update, ...]:
    """Oldest first, whatever the order of the list (U21): by schedule time, then by id."""
    if not all(isinstance(entry, Mapping) for entry in given):
        raise UnreadableReply("The updates of a device hold something that is not an update.")
    updates = [
        Update(
            update_id=entry.get("update_id") if isinstance(entry.get("update_id"), int) else None,
            status=_word(entry, "update_status").lower(),
            version=_text(entry.get("update_version")),
            comment=_word(entry, "comment"),
            scheduled_at=_utc(entry.get("deployment_schedule_time")),
        )
        for entry in given
    ]
    return tuple(sorted(updates, key=lambda update: (update.scheduled_at or "", update.update_id or 0)))


def _word(entry: Mapping[str, t.Any], name: str) -> str:
    """A text or a number that is relied on. Raises UnreadableReply for anything else that is there."""
    value = entry.get(name)
    if value is None or (isinstance(value, (str, int)) and not isinstance(value, bool)):
        return _text(value)
    raise UnreadableReply("The reply holds a device or an update whose %s is not a text." % name)


def _list(entry: Mapping[str, t.Any], name: str) -> list[t.Any]:
    value = entry.get(name)
    if value is None or isinstance(value, list):
        return value or []
    raise UnreadableReply("The reply holds a device whose %s are not a list." % name)


def _text(value: t.Any) -> str:
    """What is shown and not relied on; empty for what is no single value."""
    return str(value) if isinstance(value, (str, int, float)) else ""


def _flag(value: t.Any) -> bool | None:
    """true/false/"on"/"off"/1/0 (U3); None for anything else: what was not said is not known."""
    spelled = _text(value).strip().lower()
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
