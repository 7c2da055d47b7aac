# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a refusal means: this call, this device, or the account; and what of the service's words is passed on."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import (
    ConnectError,
    FateUnknown,
    NotSent,
    RateLimited,
    Rejected,
    Unauthorized,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.api_v1 import ApiV1, redact
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Reply
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    ABSENT,
    DEPLOY,
    DETAILS,
    TRIGGER,
    USER,
    accepted,
    limited,
    not_sent,
    page,
    refusal,
    spellings,
    token,
    wire_device,
)

PROBE = {"limit": 1, "device_token": ABSENT}


async def states(api):
    return await api.online_states("Kiosks")


@pytest.mark.parametrize("status", [400, 401, 403])
@pytest.mark.parametrize("text", ["user_token is not valid", "Invalid user token", "Unknown user", "No such account"])
def test_a_refusal_that_names_the_account_ends_the_task(wire, api, run, status, text):
    wire.expect("GET", DETAILS, reply=refusal(text, status))
    with pytest.raises(Unauthorized) as failure:
        run(api.device(token(1)))
    assert (failure.value.code, failure.value.http_status) == ("unauthorized", status)
    assert "CONNECT_USER_TOKEN" in failure.value.msg
    with pytest.raises(Unauthorized):
        run(api.set_trigger(token(2), held=True))


@pytest.mark.parametrize("status", [401, 403])
def test_a_401_to_a_call_that_names_no_device_can_only_be_the_account(wire, api, run, status):
    wire.expect("GET", "/v1/get_devices_state", reply=Reply(status, "<html>"))
    with pytest.raises(Unauthorized):
        run(states(api))


@pytest.mark.parametrize("text", ["No such device", "device_token is not valid", "Device not found", "Unknown device"])
def test_a_refusal_that_names_the_device_is_about_that_device_alone(wire, api, run, text):
    wire.expect("GET", DETAILS, {"device_token": token(1)}, reply=refusal(text))
    wire.expect("GET", DETAILS, {"device_token": token(2)}, reply=page([wire_device(2)]))
    with pytest.raises(Rejected) as failure:
        run(api.device(token(1)))
    assert (failure.value.code, failure.value.http_status, failure.value.fatal) == ("device_not_found", 400, False)
    assert run(api.device(token(2))).uuid == "d-0002"


AMBIGUOUS = {
    "no text": Reply(400, ""),
    "HTML": Reply(403, "<html>no</html>"),
    "401 without text": Reply(401, "{}"),
    "what it is not about": refusal("This user has no such flow; the account may not update devices"),
    "unauthorized": refusal("Unauthorized", 401),
    "neither": refusal("Invalid token"),
    "cut off": Reply(400, None),
}


@pytest.mark.parametrize("reply", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_an_ambiguous_refusal_costs_one_probe_that_names_no_device(wire, api, run, reply):
    wire.expect("GET", DETAILS, {"device_token": token(1)}, reply=reply)
    wire.expect("GET", DETAILS, PROBE, reply=page([]))
    wire.expect("GET", DETAILS, {"device_token": token(2)}, reply=reply)
    wire.expect("GET", DETAILS, {"device_token": token(3)}, reply=page([wire_device(3)]))
    for number in (1, 2):
        with pytest.raises(Rejected) as failure:
            run(api.device(token(number)))
        assert failure.value.code == "request_rejected"
    assert run(api.device(token(3))).uuid == "d-0003"


@pytest.mark.parametrize("reply", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_when_the_probe_is_refused_too_it_is_the_account(wire, api, run, reply):
    wire.expect("GET", DETAILS, {"device_token": token(1)}, reply=reply)
    wire.expect("GET", DETAILS, PROBE, reply=reply)
    with pytest.raises(Unauthorized):
        run(api.device(token(1)))
    with pytest.raises(Unauthorized):
        run(api.device(token(2)))


@pytest.mark.parametrize("reply", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_a_write_stays_in_doubt_when_no_one_says_that_it_was_refused(wire, api, run, reply):
    """The account is asked about once, and nothing more is sent with a token that is not accepted."""
    documented = "error_message" in (reply.text or "")
    wire.expect("POST", TRIGGER, {"device_token": token(1)}, reply=reply)
    wire.expect("GET", DETAILS, PROBE, reply=reply)
    with pytest.raises(Unauthorized if documented else FateUnknown):
        run(api.set_trigger(token(1), held=True))
    with pytest.raises(Unauthorized):
        run(api.set_trigger(token(2), held=True))


@pytest.mark.parametrize("status", [301, 302, 307, 404])
def test_what_is_no_answer_about_a_token_is_not_called_unauthorized(wire, api, run, status):
    wire.expect("GET", DETAILS, {"device_token": token(1)}, reply=Reply(status, "<html>"))
    wire.expect("GET", DETAILS, PROBE, reply=Reply(status, "<html>"))
    for number in (1, 2, 3):
        with pytest.raises(Rejected) as failure:
            run(api.device(token(number)))
        assert (failure.value.code, failure.value.http_status) == ("request_rejected", status)


def test_no_probe_is_needed_once_the_account_is_known_to_work(wire, api, run):
    wire.expect("GET", DETAILS, {"device_token": token(1)}, reply=page([wire_device(1)]))
    wire.expect("GET", DETAILS, {"device_token": token(2)}, reply=refusal("Invalid token"))
    assert run(api.device(token(1)))
    with pytest.raises(Rejected) as failure:
        run(api.device(token(2)))
    assert not failure.value.fatal


@pytest.mark.parametrize("reply", [refusal("Unauthorized", 401), refusal("Unauthorized token")])
def test_a_refusal_for_one_device_does_not_end_a_task_whose_account_has_worked(wire, api, run, reply):
    wire.expect("GET", DETAILS, {"device_token": token(1)}, reply=page([wire_device(1)]))
    wire.expect("GET", DETAILS, {"device_token": token(2)}, reply=reply)
    assert run(api.device(token(1)))
    with pytest.raises(Rejected) as failure:
        run(api.device(token(2)))
    assert not failure.value.fatal


@pytest.mark.parametrize("worked", [True, False])
def test_a_refusal_that_names_both_tokens_is_about_neither_for_certain(wire, api, run, worked):
    if worked:
        wire.expect("GET", DETAILS, {"device_token": token(1)}, reply=page([wire_device(1)]))
        run(api.device(token(1)))
    wire.expect("GET", DETAILS, {"device_token": token(2)}, reply=refusal("user_token or device_token is not valid"))
    if not worked:
        wire.expect("GET", DETAILS, PROBE, reply=page([]))
    with pytest.raises(Rejected) as failure:
        run(api.device(token(2)))
    assert not failure.value.fatal


@pytest.mark.parametrize("path", [DEPLOY, TRIGGER])
def test_a_web_page_is_not_the_service_s_answer_to_a_write(wire, api, run, path):
    wire.expect("POST", path, reply=Reply(200, " <!DOCTYPE html>log in first"), times=1 if path == DEPLOY else 6)
    with pytest.raises(FateUnknown, match="web page"):
        run(
            api.deploy("f-1", "Kiosks", ["Floor-1"], [], {}, None)
            if path == DEPLOY
            else api.set_trigger(token(1), held=True)
        )


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_fault_of_the_service_leaves_the_fate_of_a_create_unknown(wire, api, run, status):
    wire.expect("POST", DEPLOY, reply=refusal("Internal error", status))
    with pytest.raises(FateUnknown) as failure:
        run(api.deploy("f-1", "Kiosks", ["Floor-1"], [], {}, None))
    assert (failure.value.code, failure.value.http_status) == ("outcome_unknown", status)


@pytest.mark.parametrize("status", [408, 425, 499, 500, 502, 503, 504])
def test_a_fault_on_the_way_is_no_refusal_and_is_asked_again(wire, api, run, status):
    wire.expect("GET", DETAILS, reply=refusal("Internal error", status))
    wire.expect("GET", DETAILS, reply=page([wire_device(1)]))
    wire.expect("POST", TRIGGER, reply=refusal("Internal error", status))
    wire.expect("POST", TRIGGER)
    run(api.device(token(1)))
    run(api.set_trigger(token(1), held=True))


def send(api, path):
    if path == DEPLOY:
        return api.deploy("f-1", "Kiosks", ["Floor-1"], [], {}, None)
    return api.set_trigger(token(1), held=True)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("path", [DEPLOY, TRIGGER])
def test_a_redirect_of_a_write_leaves_its_fate_unknown_and_points_to_api_url(wire, api, run, status, path):
    wire.expect("POST", path, reply=Reply(status, "<html>Moved</html>"))
    if path == TRIGGER:
        wire.expect("GET", DETAILS, PROBE, reply=page([]))
    with pytest.raises(FateUnknown, match=r"redirect.*api_url"):
        run(send(api, path))


REFUSED = {
    "400 with its reason": refusal("Flow not found"),
    "429 as documented": limited(),
}
IN_DOUBT = {
    "proxy 400": Reply(400, "<html>Bad Request</html>"),
    "400 without reason": refusal(""),
    "400 with another type": Reply(400, '{"error_message": ["no"]}'),
    "400 nothing": Reply(400, ""),
    "400 list": Reply(400, "[]"),
    "WAF 403": Reply(403, '{"error": "waf"}'),
    "403 in the form of the service": refusal("Forbidden", 403),
    "401": Reply(401, "{}"),
    "404": Reply(404, "not found"),
    "405": refusal("no such method", 405),
    "409": Reply(409, "{}"),
    "413": Reply(413, "{}"),
    "499": Reply(499, ""),
    "302": Reply(302, ""),
    "304": Reply(304, None),
    "200 with empty reason": refusal("", 200),
    "200 with reason": refusal("Flow not found", 200),
    "429 web page": Reply(429, "<html>Too many requests</html>"),
    "429 nothing": Reply(429, ""),
    "429 list": Reply(429, "[]"),
    "200 list": Reply(200, "[]"),
    "200 empty": Reply(200, ""),
    "200 cut": Reply(200, None),
    "200 word": Reply(200, "OK"),
    "200 object": Reply(200, "{}"),
    "200 null": Reply(200, '{"message": null}'),
    "204": Reply(204, ""),
    "login page": Reply(200, "<html>log in first</html>"),
    "deep": Reply(400, '{"error_message": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    "long number": Reply(400, '{"error_message": "no", "n": ' + "9" * 5000 + "}"),
    "half a pair": Reply(400, '{"error_message": "\\ud800"}'),
}


@pytest.mark.parametrize("reply", IN_DOUBT.values(), ids=IN_DOUBT)
def test_only_the_documented_refusal_proves_that_a_create_was_not_acted_on(wire, api, run, reply):
    wire.expect("POST", DEPLOY, reply=reply)
    with pytest.raises(FateUnknown) as failure:
        run(send(api, DEPLOY))
    assert (failure.value.code, failure.value.http_status) == ("outcome_unknown", reply.status)


@pytest.mark.parametrize("reply", REFUSED.values(), ids=REFUSED)
def test_the_documented_refusal_does_prove_it(wire, api, run, reply):
    wire.expect("POST", DEPLOY, reply=reply, times=4 if reply.status == 429 else 1)
    with pytest.raises((Rejected, RateLimited)):
        run(send(api, DEPLOY))


@pytest.mark.parametrize("name", IN_DOUBT)
def test_a_hold_is_not_believed_to_be_done_or_refused_on_any_other_word(wire, api, run, name):
    wire.expect("GET", DETAILS, reply=page([wire_device(1)]))
    run(api.device(token(1)))
    reply = IN_DOUBT[name]
    wire.expect("POST", TRIGGER, reply=reply, times={200: 6, 204: 6, 499: 6, 429: 4}.get(reply.status, 1))
    # A hold may be refused with 403 as well: it is not sent twice either way, and the device is not done.
    with pytest.raises(Rejected if name == "403 in the form of the service" else FateUnknown):
        run(send(api, TRIGGER))


def test_a_service_that_is_not_there_is_not_tried_with_every_device(wire, api, run):
    wire.expect("GET", DETAILS, reply=not_sent(), times=6)
    for number in (1, 2, 3):
        with pytest.raises(NotSent):
            run(api.device(token(number)))


def test_a_service_that_is_not_there_is_not_waited_for_with_every_device(wire, api, run, clock):
    wire.expect("GET", DETAILS, reply=not_sent(), times=6)
    for number in (1, 2, 3):
        with pytest.raises(NotSent):
            run(api.device(token(number)))
    assert clock.now - 1000 == 31


def test_until_the_account_is_known_to_work_only_one_call_is_under_way(wire, api, run, clock):
    async def side_by_side():
        return await asyncio.gather(*(api.set_trigger(token(n), held=True) for n in range(5)), return_exceptions=True)

    wire.expect("POST", TRIGGER, reply=refusal("Unknown user_token"), takes=5)
    results = run(side_by_side())
    assert all(isinstance(result, Unauthorized) for result in results)


@pytest.mark.parametrize("reply", [limited(), limited("170"), Reply(503, "", "170")], ids=["429", "later", "503"])
def test_a_device_that_has_to_wait_does_not_delay_the_others(wire, api, run, clock, reply):
    """The first call of a task, before the account is known to work."""
    began = clock.now
    wire.expect("POST", TRIGGER, {"device_token": token(1)}, reply=reply)
    wire.expect("POST", TRIGGER, {"device_token": token(2)})
    with wire.any_order():
        for number in range(3, 40):
            wire.expect("POST", TRIGGER, {"device_token": token(number)})
    wire.expect("POST", TRIGGER, {"device_token": token(1)})

    async def hold_all():
        await asyncio.gather(*(api.set_trigger(token(number), held=True) for number in range(1, 40)))

    run(hold_all())
    assert [sent.at for sent in wire.sent[:-1]] == [began] * 39
    assert wire.sent[-1].at >= began + 61


def test_a_device_that_waits_for_its_minute_does_not_delay_the_others(wire, make_sender, run, clock):
    api, began = ApiV1(make_sender(device_limit=1), USER), clock.now
    wire.expect("GET", DETAILS, {"device_token": token(1)}, reply=refusal("No such device"))
    wire.expect("GET", DETAILS, {"device_token": token(2)}, reply=page([wire_device(2)]))
    wire.expect("GET", DETAILS, {"device_token": token(1)}, reply=page([wire_device(1)]))

    async def read():
        with pytest.raises(Rejected):
            await api.device(token(1))
        return await asyncio.gather(api.device(token(1)), api.device(token(2)))

    assert [device.uuid for device in run(read())] == ["d-0001", "d-0002"]
    assert [sent.at > began for sent in wire.sent] == [False, False, True]


def test_after_the_first_answer_calls_run_side_by_side(wire, api, run, clock):
    async def side_by_side():
        await asyncio.gather(*(api.set_trigger(token(number), held=True) for number in range(5)))

    wire.expect("POST", TRIGGER, reply=accepted(), takes=5, times=5)
    run(side_by_side())
    assert [one.at for one in wire.sent] == [1000, 1005, 1005, 1005, 1005]


# What is passed on


@pytest.mark.parametrize("secret", spellings(USER) + spellings(token(1)))
def test_a_token_that_the_service_echoes_is_not_passed_on(wire, api, run, secret):
    wire.expect("GET", DETAILS, reply=refusal("No such device: '%s', sorry" % secret))
    with pytest.raises(ConnectError) as failure:
        run(api.device(token(1)))
    assert "SECRET" not in failure.value.msg
    assert secret not in failure.value.msg
    assert "***" in failure.value.msg


TOKENS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=6, max_size=40)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


@given(TOKENS, WORDS, WORDS, st.integers(0, 3))
def test_redacted_text_is_one_short_line_without_the_token(secret, before, after, spelling):
    text = redact(before + spellings(secret)[spelling] + after, {"user_token": secret, "limit": 1})
    assert not any(one in text for one in spellings(secret)) or secret in "***"
    assert len(text) <= 200
    assert text.isprintable()


def test_control_characters_and_length_do_not_reach_the_terminal():
    text = redact("bad\x1b[31m\r\nline\ttwo\u202e" + "x " * 5000, {})
    assert text.startswith("bad [31m line two x")
    assert 195 <= len(text) <= 200
    assert text.endswith("\N{HORIZONTAL ELLIPSIS}")


@pytest.mark.parametrize("shift", range(24))
def test_the_token_of_another_device_is_not_cut_so_that_a_part_of_it_shows(shift):
    echoed = "x" * shift + " " + " ".join("t-abcdef%012d" % number for number in range(400))
    text = redact(echoed, {"device_token": "t-abcdef%012d" % 0})
    assert all(len(word) == 20 for word in text.rstrip("\N{HORIZONTAL ELLIPSIS}").split() if "abc" in word)
