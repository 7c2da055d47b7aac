# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading through API v1: pages and cursors, replies that are not what is documented, and the parsing of devices."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import (
    ConnectError,
    FateUnknown,
    Rejected,
    UnreadableReply,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service import api_v1 as _api_v1
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.api_v1 import ApiV1, _device, _flag, _utc
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Reply
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.journal import Journal
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.models import Device
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.pace import Pace
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.replies import read_json, read_object
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.sender import Sender
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.waits import Waits
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    ABSENT,
    DETAILS,
    STATE,
    STATES,
    USER,
    Clock,
    message,
    page,
    run_on,
    token,
    wire_device,
    wire_update,
)

DATES = [
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Fri, 31 Dec 9999 23:59:59 -2359",
    "Mon, 01 Jan 0001 00:00:00 GMT",
    "Mon, 01 Jan 0001 00:00:00 +2359",
    "Sat, 02 May 2026 01:10:00 +9999",
    "Sat, 02 May 2026 01:10:00 +99999999999999999999",
    "Sat, 32 May 2026 25:61:61 GMT",
    "12:30:00",
    "9" * 5000,
]


async def all_pages(api, **selector):
    return [device async for devices in api.devices(**selector) for device in devices]


def test_three_pages_are_read_with_the_last_device_id_as_cursor(wire, api, run):
    fleet = [wire_device(number) for number in range(1, 8)]
    said = {"user_token": USER, "project_name": "Kiosks", "group_name": "Floor-1", "limit": 50, "device_name": ABSENT}
    wire.expect("GET", DETAILS, {**said, "offset": ABSENT}, reply=page(fleet[:3], more=True))
    wire.expect("GET", DETAILS, {**said, "offset": 4003}, reply=page(fleet[3:6], more=True))
    wire.expect("GET", DETAILS, {**said, "offset": 4006}, reply=page(fleet[6:]))
    assert [device.uuid for device in run(all_pages(api, project="Kiosks", group="Floor-1"))] == [
        "d-%04d" % number for number in range(1, 8)
    ]
    assert api.incomplete is None


def test_states_are_read_with_the_last_device_uuid_as_cursor(wire, api, run):
    def state(number, status):
        return {"device_uuid": "d-%d" % number, "device_name": "kiosk", "device_status": status}

    said = {"project_name": "Kiosks", "limit": 50}
    wire.expect(
        "GET", STATES, {**said, "offset": ABSENT}, reply=page([state(1, "online"), state(2, "offline")], more=True)
    )
    wire.expect("GET", STATES, {**said, "offset": "d-2"}, reply=page([state(3, "ONLINE?")]))
    assert run(api.online_states("Kiosks")) == {"d-1": True, "d-2": False, "d-3": False}


def test_what_is_not_selected_is_not_sent(wire, api, run):
    wire.expect("GET", DETAILS, dict.fromkeys(("project_name", "group_name", "device_name"), ABSENT), reply=page([]))
    assert run(all_pages(api)) == []


def test_a_page_that_is_repeated_for_ever_ends_and_says_that_devices_may_be_missing(wire, api, run):
    wire.expect("GET", DETAILS, reply=page([wire_device(1), wire_device(2)], more=True), times=2)
    assert len(run(all_pages(api, project="Kiosks"))) == 2
    assert "may be missing" in api.incomplete


def test_more_with_an_empty_page_ends_and_says_that_devices_may_be_missing(wire, api, run):
    wire.expect("GET", DETAILS, reply=page([wire_device(1)], more=True))
    wire.expect("GET", DETAILS, {"offset": 4001}, reply=page([], more=True))
    assert len(run(all_pages(api))) == 1
    assert "may be missing" in api.incomplete


def test_more_without_a_cursor_ends_and_says_that_devices_may_be_missing(wire, api, run):
    wire.expect("GET", DETAILS, reply=page([wire_device(1, device_id=None)], more=True))
    assert len(run(all_pages(api))) == 1
    assert api.incomplete


def test_an_overlapping_page_yields_each_device_once(wire, api, run):
    wire.expect("GET", DETAILS, reply=page([wire_device(1), wire_device(2)], more=True))
    wire.expect("GET", DETAILS, reply=page([wire_device(2), wire_device(3)]))
    assert [device.device_id for device in run(all_pages(api))] == [4001, 4002, 4003]
    assert api.incomplete is None


def test_a_single_object_is_a_list_of_one(wire, api, run):
    wire.expect("GET", DETAILS, reply=message(wire_device(1)))
    wire.expect("GET", STATES, reply=message({"device_uuid": "d-1", "device_status": "online"}))
    assert len(run(all_pages(api))) == 1
    assert run(api.online_states()) == {"d-1": True}


def test_one_device_is_read_by_its_token(wire, api, run):
    wire.expect("GET", DETAILS, {"device_token": token(1), "user_token": USER}, reply=page([wire_device(1)]))
    assert run(api.device(token(1))).uuid == "d-0001"


@pytest.mark.parametrize("count", [0, 2])
def test_a_token_that_is_not_of_exactly_one_device_is_not_found(wire, api, run, count):
    wire.expect("GET", DETAILS, reply=page([wire_device(number) for number in range(count)]))
    with pytest.raises(Rejected) as failure:
        run(api.device(token(1)))
    assert failure.value.code == "device_not_found"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"device_status": "online", "device_id": "d-1"}, True),
        ({"device_status": "offline"}, False),
        ({"device_status": "asleep"}, None),
        ({}, None),
        ("Success", None),
        ([], None),
    ],
)
def test_one_state_is_read_by_uuid_and_tolerates_what_is_missing(wire, api, run, content, expected):
    wire.expect("GET", STATE, {"device_id": "d-1", "device_token": ABSENT}, reply=message(content))
    assert run(api.online_state("d-1")) is expected


UNREADABLE = {
    "HTML": Reply(200, "<html>Bad gateway</html>"),
    "empty": Reply(200, ""),
    "cut off": Reply(200, None),
    "half": Reply(200, '{"message": [{"device_id": 1'),
    "no message": Reply(200, '{"devices": []}'),
    "a list": Reply(200, "[]"),
    "a word": message("Success"),
    "no devices": message([1, 2]),
    "null": message(None),
}


@pytest.mark.parametrize("reply", UNREADABLE.values(), ids=UNREADABLE)
def test_a_read_that_is_answered_with_something_else_is_asked_again(wire, api, run, reply):
    wire.expect("GET", DETAILS, reply=reply)
    wire.expect("GET", DETAILS, reply=page([wire_device(1)]))
    assert run(api.device(token(1))).uuid == "d-0001"


@pytest.mark.parametrize("content", ["Success", [1, 2], None])
def test_a_page_that_is_answered_with_something_else_is_asked_again_too(wire, api, run, content):
    wire.expect("GET", DETAILS, reply=message(content))
    wire.expect("GET", DETAILS, reply=page([wire_device(1)]))
    assert len(run(all_pages(api))) == 1


def test_a_read_that_stays_unreadable_is_reported_as_that(wire, api, run):
    wire.expect("GET", DETAILS, reply=Reply(200, "<html>token=%s</html>" % USER), times=6)
    with pytest.raises(UnreadableReply) as failure:
        run(api.device(token(1)))
    assert failure.value.code == "unreadable_reply"
    assert "html" not in failure.value.msg


def test_the_trigger_is_sent_as_a_boolean_with_both_tokens_and_nothing_else(wire, api, run):
    wire.expect("POST", "/v1/set_update_trigger")
    run(api.set_trigger(token(1), held=False))
    assert wire.sent[0].body == {"user_token": USER, "device_token": token(1), "trigger_set": False}


# Parsing


def test_a_documented_device_is_read_in_full():
    update = wire_update("kiosk_ui 3.2.0 run=7f3a", at="2024-05-02 01:10:00")
    entry = wire_device(
        1,
        upswift_version="6.2",
        device_ip="192.0.2.17",
        last_keepalive="2024-05-02 01:14:09",
        registered_date="2023-11-20 08:00:00",
        description="Entrance",
        is_update_trigger_set=True,
        tags=["canary"],
        apps=[{"app_name": "kiosk_ui", "version": "3.1.0"}],
        updates=[update],
    )
    device = _device(entry)
    assert (device.device_id, device.uuid, device.held, device.online) == (4001, "d-0001", True, None)
    assert (device.last_seen, device.registered_at) == ("2024-05-02T01:14:09Z", "2023-11-20T08:00:00Z")
    assert (device.tags, device.apps, device.agent_version) == (("canary",), {"kiosk_ui": "3.1.0"}, "6.2")
    assert vars(device.updates[0]) == {
        "update_id": 9001,
        "status": "pending",
        "version": "3.2.0",
        "comment": "kiosk_ui 3.2.0 run=7f3a",
        "scheduled_at": "2024-05-02T01:10:00Z",
    }


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        *((value, True) for value in (True, "true", "True", "on", "ON", 1, "1", " on ")),
        *((value, False) for value in (False, "false", "False", "off", 0, "0")),
        *((value, None) for value in (None, "", "yes", 2, [], {}, 1.5)),
    ],
)
def test_a_flag_is_read_in_each_spelling_and_not_guessed(given_value, expected):
    assert _flag(given_value) is expected


@pytest.mark.parametrize(
    ("given_value", "expected"),
    [
        ("2024-05-02 01:14:09", "2024-05-02T01:14:09Z"),
        (" 2024-05-02 01:14:09 ", "2024-05-02T01:14:09Z"),
        ("2024-05-02T01:14:09Z", "2024-05-02T01:14:09Z"),
        ("2024-05-02T03:14:09+02:00", "2024-05-02T01:14:09Z"),
        ("2024-05-02 01:14:09.987654", "2024-05-02T01:14:09Z"),
        *((value, None) for value in (None, "", "never", "0000-00-00 00:00:00", "02.05.2024", {}, [])),
    ],
)
def test_a_time_without_a_zone_is_utc_and_nonsense_is_not_known(given_value, expected):
    assert _utc(given_value) == expected


def test_a_time_at_the_edge_of_the_calendar_is_not_known():
    assert _utc("0001-01-01 00:00:00+02:00") is None


def test_updates_are_ordered_by_schedule_time_and_else_as_listed():
    entry = wire_device(
        1,
        updates=[
            wire_update("late", at="2026-05-03 00:00:00"),
            wire_update("early", at="2026-05-01 00:00:00"),
            wire_update("undated one", at=""),
            wire_update("undated two", at="never"),
            wire_update("late too", at="2026-05-03 00:00:00"),
        ],
    )
    assert [update.comment for update in _device(entry).updates] == [
        "undated one",
        "undated two",
        "early",
        "late",
        "late too",
    ]


# Whatever comes


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [*wire_device(), "upswift_version", "last_keepalive", "registered_date", "description", "device_ip"]
ENTRY = st.builds(
    lambda changes: {**wire_device(1), **changes}, st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=3)
)
UPDATE = st.builds(
    lambda changes: {**wire_update("x"), **changes},
    st.dictionaries(st.sampled_from([*wire_update("x")]), ANYTHING, max_size=2),
)
CALLS = {
    "device": lambda api: api.device(token(1)),
    "devices": lambda api: all_pages(api, project="Kiosks"),
    "states": lambda api: api.online_states("Kiosks"),
    "state": lambda api: api.online_state("d-1"),
    "hold": lambda api: api.set_trigger(token(1), held=True),
    "deploy": lambda api: api.deploy("f-1", "Kiosks", [], [], {}, None),
}
BODIES = st.one_of(
    ANYTHING,
    st.fixed_dictionaries({"message": ANYTHING}, optional={"more": ANYTHING, "error_message": ANYTHING}),
    st.fixed_dictionaries({"message": st.lists(ENTRY, max_size=3)}, optional={"more": ANYTHING}),
    st.fixed_dictionaries({"error_message": ANYTHING}),
)


class Parrot:
    """Gives the same answer to everything."""

    def __init__(self, reply):
        self.reply = reply

    async def exchange(self, call):
        call.before_send()
        return self.reply


def ask(name, reply):
    clock = Clock()
    sender = Sender(Parrot(reply), Pace(Journal(), USER, 0, 0, 30), Waits(300, clock, asyncio.sleep), 4)
    return run_on(clock, CALLS[name](ApiV1(sender, USER)))


def texts_in(value):
    if isinstance(value, dict):
        return [*value, *(text for one in value.values() for text in texts_in(one))]
    if isinstance(value, (list, tuple)):
        return [text for one in value for text in texts_in(one)]
    return [value] if isinstance(value, str) else texts_in(vars(value)) if hasattr(value, "__dict__") else []


@given(
    name=st.sampled_from(sorted(CALLS)),
    body=BODIES,
    status=st.sampled_from([200, 200, 200, 200, 204, 302, 400, 401, 403, 404, 408, 429, 499, 500, 503, 999]),
    retry_after=st.none() | st.text(max_size=30) | st.sampled_from(DATES),
    date=st.none() | st.text(max_size=30) | st.sampled_from(DATES),
)
def test_no_reply_of_any_shape_to_any_call_is_more_than_a_refusal(name, body, status, retry_after, date):
    try:
        answer = ask(name, Reply(status, json.dumps(body), retry_after, date))
    except ConnectError as failure:
        json.dumps(failure.as_result()).encode("utf-8")
    else:
        for text in texts_in(answer):
            text.encode("utf-8")


@given(ENTRY)
def test_a_device_is_read_or_refused_and_never_half_understood(entry):
    try:
        device = _device(json.loads(json.dumps(entry)))
    except UnreadableReply:
        return
    assert isinstance(device, Device)
    assert device.held in (True, False, None)
    assert all(isinstance(text, str) for text in (device.uuid, device.name, *device.tags, *device.apps.values()))


@given(st.lists(UPDATE, max_size=3))
def test_an_update_is_read_or_refused_and_never_left_out(updates):
    try:
        device = _device(json.loads(json.dumps(wire_device(1, updates=updates))))
    except UnreadableReply:
        return
    assert len(device.updates) == len(updates)


HOSTILE = {
    "uuid list": [wire_device(1, device_uuid=["d-1"])],
    "uuid mapping": [wire_device(1, device_uuid={"id": "d-1"})],
    "uuid truth": [wire_device(1, device_uuid=True)],
    "id list": [wire_device(1, device_id=[1])],
    "id mapping": [wire_device(1, device_id={})],
    "id fraction": [wire_device(1, device_id=1.5)],
    "updates mapping": [wire_device(1, updates={"0": wire_update("x")})],
    "updates of texts": [wire_device(1, updates=["x"])],
    "comment list": [wire_device(1, updates=[{**wire_update("x"), "comment": ["x"]}])],
    "status mapping": [wire_device(1, updates=[{**wire_update("x"), "update_status": {}}])],
    "tags text": [wire_device(1, tags="canary")],
    "name mapping": [wire_device(1, device_name={"en": "kiosk"})],
}


@pytest.mark.parametrize("more", [False, True])
@pytest.mark.parametrize("devices", HOSTILE.values(), ids=HOSTILE)
def test_what_is_relied_on_and_has_another_shape_refuses_the_list(devices, more):
    with pytest.raises(UnreadableReply) as failure:
        ask("devices", page(devices, more=more))
    assert failure.value.code == "unreadable_reply"


JSON = '{"message": [{"device_id": 1, "device_uuid": "d-1", "updates": %s}], "more": false}'
TEXTS = {
    "deep": JSON % ("[" * 100_000 + "]" * 100_000),
    "deep mapping": JSON % ('{"a":' * 100_000 + "1" + "}" * 100_000),
    "5,000 digits": JSON % ("9" * 5000),
    "beyond 64 bits": JSON % ("[%d]" % 2**63),
    "far below": JSON % ("[-%d]" % 2**64),
    "no number": JSON % "[NaN]",
    "infinite": JSON % "[-Infinity]",
    "half a pair": JSON % '["\\ud83d"]',
    "half a pair, in capitals": JSON % '["\\uDE00"]',
    "half a pair as key": JSON % '[{"\\udfff": 1}]',
    "deep and half a pair": JSON % ("[" * 100_000 + '"\\ud83d"' + "]" * 100_000),
}


@pytest.mark.parametrize("name", ["device", "devices"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_json_that_would_break_something_further_on_is_no_reply(name, text):
    with pytest.raises(UnreadableReply):
        ask(name, Reply(200, text))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("name", ["hold", "deploy"])
def test_and_no_proof_of_a_write(name, text):
    with pytest.raises(FateUnknown):
        ask(name, Reply(200, text))


def test_a_whole_pair_and_the_largest_number_are_fine():
    assert read_json('{"a": "\\ud83d\\ude00", "b": %d}' % (2**63 - 1)) == {"a": "\U0001f600", "b": 2**63 - 1}
    assert read_json("[-%d]" % (2**63 - 1)) == [-(2**63) + 1]
    assert [read_json(text) for text in (None, "", "{", "<html>")] == [None] * 4
    assert read_object("[]") == {}


@pytest.mark.parametrize(("more", "pages"), [("false", 1), ("False", 1), (0, 1), (None, 1), ("true", 2), (1, 2)])
def test_more_is_read_in_each_spelling(wire, api, run, more, pages):
    wire.expect("GET", DETAILS, reply=message([wire_device(1)], more=more))
    if pages == 2:
        wire.expect("GET", DETAILS, {"offset": 4001}, reply=page([wire_device(2)]))
    assert len(run(all_pages(api))) == pages


@pytest.mark.parametrize("more", ["perhaps", [], {}, 2])
def test_more_that_says_neither_refuses_the_list(more):
    with pytest.raises(UnreadableReply):
        ask("devices", message([wire_device(1)], more=more))


class Endless:
    """Ever new devices."""

    def __init__(self):
        self.calls = 0

    async def exchange(self, _call):
        self.calls += 1
        return page([wire_device(self.calls)], more=True)


def test_a_list_without_an_end_is_bounded_and_says_so(monkeypatch):
    assert _api_v1.MOST_PAGES * _api_v1.PAGE == 500_000
    monkeypatch.setattr(_api_v1, "MOST_PAGES", 40)
    clock, service = Clock(), Endless()
    sender = Sender(service, Pace(Journal(), USER, 0, 0, 30), Waits(300, clock, asyncio.sleep), 4)
    api = ApiV1(sender, USER)
    assert len(run_on(clock, all_pages(api))) == service.calls == 40
    assert "after 40 pages with 40 devices" in api.incomplete
    assert "may be missing" in api.incomplete
