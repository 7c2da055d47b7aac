# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Sender against a transcript: repeats, doubt, the suspicion of a ban, and what still goes out after the end."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import (
    Banned,
    ConnectError,
    FateUnknown,
    Misconfigured,
    NotSent,
    RateLimited,
    Rejected,
    Unauthorized,
    UnreadableReply,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Call, Reply
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.sender import BAN_PROBES, BAN_SUSPECTED
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import accepted, limited, lost, not_sent

READ = Call("GET", "/read", {})
SET = Call("POST", "/set", {}, "t-1", writes=True)
CREATE = Call("POST", "/create", {}, writes=True, repeatable=False)


def text_of(reply: Reply) -> str | None:
    if reply.status == 503:
        raise FateUnknown("HTTP 503")
    if reply.status == 400:
        raise Rejected("refused")
    if reply.status == 401:
        raise Unauthorized("wrong account")
    if reply.text is None:
        raise UnreadableReply("not JSON")
    return reply.text


@pytest.mark.parametrize("call", [READ, SET, CREATE], ids=lambda call: call.path)
@pytest.mark.parametrize(
    ("fault", "seconds"), [(not_sent(), 1), (limited(), 61), (limited("7"), 7), (limited("soon"), 61)]
)
def test_what_was_certainly_not_acted_on_goes_again(wire, make_sender, run, clock, call, fault, seconds):
    wire.expect(call.method, call.path, reply=fault)
    wire.expect(call.method, call.path)
    sender = make_sender()
    assert run(sender.send(call, text_of))
    assert clock.now == 1000 + seconds
    assert (sender.tally.reads + sender.tally.writes, sender.tally.retries) == (2, 1)


@pytest.mark.parametrize("call", [READ, SET], ids=lambda call: call.path)
@pytest.mark.parametrize("fault", [lost(), Reply(503, None)], ids=["lost", "503"])
def test_what_may_have_been_acted_on_goes_again_when_that_changes_nothing(wire, make_sender, run, call, fault):
    wire.expect(call.method, call.path, reply=fault)
    wire.expect(call.method, call.path)
    assert run(make_sender().send(call, text_of))


@pytest.mark.parametrize("fault", [lost(), Reply(503, None), Reply(200, None)], ids=["lost", "503", "unreadable"])
def test_a_create_of_unknown_fate_is_never_sent_again(wire, make_sender, run, fault):
    wire.expect("POST", "/create", reply=fault)
    with pytest.raises((FateUnknown, UnreadableReply)):
        run(make_sender().send(CREATE, text_of))


@pytest.mark.parametrize(
    "later",
    [
        [Reply(400, "")],
        [Reply(401, "")],
        [limited()] * 5,
        [not_sent()] * 5,
        [lost()] * 5,
    ],
    ids=["rejected", "unauthorized", "limited", "not sent", "lost again"],
)
def test_a_write_whose_fate_was_once_unknown_never_ends_as_a_certain_failure(wire, make_sender, run, later):
    wire.expect("POST", "/set", reply=lost())
    for reply in later[: 3 if isinstance(later[0], Reply) and later[0].status == 429 else 5]:
        wire.expect("POST", "/set", reply=reply)
    with pytest.raises(FateUnknown):
        run(make_sender(budget=1e6).send(SET, text_of))


def test_doubt_outlives_the_budget(wire, make_sender, run):
    wire.expect("POST", "/set", reply=lost())
    wire.expect("POST", "/set", reply=limited())
    with pytest.raises(FateUnknown):
        run(make_sender(budget=10).send(SET, text_of))


def test_doubt_outlives_a_signal(wire, make_sender, run):
    wire.expect("POST", "/set", reply=lost())
    sender = make_sender()

    async def interrupted():
        signal = ConnectError("Interrupted by SIGTERM.", code="interrupted")
        asyncio.get_running_loop().call_later(0.5, sender.waits.interrupt, signal)
        await sender.send(SET, text_of)

    with pytest.raises(FateUnknown):
        run(interrupted())


def test_a_read_of_unknown_fate_leaves_no_doubt(wire, make_sender, run):
    wire.expect("GET", "/read", reply=lost())
    wire.expect("GET", "/read", reply=Reply(400, ""))
    with pytest.raises(Rejected):
        run(make_sender().send(READ, text_of))


@pytest.mark.parametrize("end", [Reply(401, ""), Misconfigured("certificate")], ids=["401", "certificate"])
def test_what_holds_for_every_call_ends_the_task(wire, make_sender, run, end):
    wire.expect("GET", "/read", reply=end)
    sender = make_sender()
    for _each in range(3):
        with pytest.raises((Unauthorized, Misconfigured)):
            run(sender.send(READ, text_of))
    assert sender.tally.reads == 1


def test_an_outage_longer_than_the_budget_is_not_tried_out_on_every_device(wire, make_sender, run):
    wire.expect("GET", "/read", reply=lost(), takes=40, times=3)
    sender = make_sender(budget=30)
    for _each in range(6):
        with pytest.raises((FateUnknown, NotSent, ConnectError)):
            run(sender.send(READ, text_of))


# The suspicion of a ban


def devices(count):
    return [Call("GET", "/read", {}, "t-%d" % number) for number in range(count)]


async def outcomes(sender, calls):
    return await asyncio.gather(*(sender.send(call, text_of) for call in calls), return_exceptions=True)


def test_a_suspected_ban_is_probed_by_single_calls_a_minute_apart_and_then_nothing_more_is_sent(
    wire, make_sender, run, clock
):
    wire.expect("GET", "/read", reply=limited(), takes=1, times=8)
    wire.expect("GET", "/read", reply=limited(), times=3)
    sender = make_sender(budget=3600)
    results = run(outcomes(sender, devices(8)))
    assert all(isinstance(result, ConnectError) for result in results)
    assert any(isinstance(result, Banned) for result in results)
    at = [one.at for one in wire.sent]
    assert at[:8] == [1000.0] * 8
    assert all(later - earlier >= 60 for earlier, later in pairwise(at[7:]))
    seen = clock.now
    with pytest.raises(Banned):
        run(sender.send(READ, text_of))
    assert clock.now == seen


def test_a_write_that_a_proxy_answers_at_the_last_probe_has_an_unknown_fate(wire, make_sender, run):
    wire.expect("POST", "/create", reply=Reply(429, "<html>"))
    sender = make_sender(budget=3600)
    sender._limited_in_a_row, sender._probes_refused = BAN_SUSPECTED, BAN_PROBES - 1
    with pytest.raises(FateUnknown):
        run(sender.send(CREATE, text_of))
    with pytest.raises(Banned):
        run(sender.send(READ, text_of))


def test_calls_that_queue_for_a_place_are_held_back_by_a_suspicion_too(wire, make_sender, run):
    wire.expect("GET", "/read", reply=limited(), takes=1, times=5)
    wire.expect("GET", "/read", reply=limited(), times=3)
    run(outcomes(make_sender(budget=3600, concurrency=5), devices(30)))
    at = [one.at for one in wire.sent]
    assert at[:5] == [1000.0] * 5
    assert all(later - earlier >= 60 for earlier, later in pairwise(at[4:]))


def test_a_probe_that_is_answered_ends_the_suspicion(wire, make_sender, run, clock):
    wire.expect("GET", "/read", reply=limited(), times=6)
    wire.expect("GET", "/read", reply=limited())
    wire.expect("GET", "/read", times=6)
    results = run(outcomes(make_sender(budget=3600), devices(6)))
    assert results == [accepted().text] * 6
    at = [one.at for one in wire.sent]
    assert at[6] - at[5] >= 60
    assert at[7] - at[6] >= 60
    assert clock.now < 1000 + 10 * 60


def test_a_single_device_that_is_refused_is_no_ban(wire, make_sender, run):
    wire.expect("GET", "/read", reply=limited(), times=4)
    wire.expect("POST", "/create")
    sender = make_sender(budget=3600)
    with pytest.raises(RateLimited) as refusal:
        run(sender.send(devices(1)[0], text_of))
    assert refusal.value.code == "rate_limited"
    assert run(sender.send(CREATE, text_of))


# Pace and accounts


def test_a_fourth_call_for_one_device_waits_for_its_minute(wire, make_sender, run, clock):
    wire.expect("POST", "/set", times=4)
    sender = make_sender(device_limit=3)

    async def go():
        for _each in range(4):
            await sender.send(SET, text_of)

    run(go())
    assert [one.at for one in wire.sent[:3]] == [1000.0] * 3
    assert 1060 < wire.sent[3].at <= 1061
    assert sender.waits.left == pytest.approx(300 - 61)


def test_a_call_that_was_never_sent_does_not_count_against_the_pace(wire, make_sender, run, clock):
    wire.expect("POST", "/set", reply=not_sent(), times=3)
    wire.expect("POST", "/set", times=3)
    sender = make_sender(device_limit=3)

    async def go():
        for _each in range(3):
            await sender.send(SET, text_of)

    run(go())
    assert clock.now == 1000 + 1 + 2 + 4


def test_a_lost_call_does_count_against_the_pace(wire, make_sender, run, clock):
    wire.expect("POST", "/set", reply=lost(), times=3)
    wire.expect("POST", "/set")
    run(make_sender(device_limit=3).send(SET, text_of))
    assert clock.now >= 1060


def test_devices_wait_out_their_minute_together(wire, make_sender, run, clock):
    calls = [Call("GET", "/read", {}, "t-%d" % number) for number in range(50)] * 4
    wire.expect("GET", "/read", times=200)
    assert run(outcomes(make_sender(device_limit=3), calls)) == [accepted().text] * 200
    assert clock.now == pytest.approx(1061)


def test_account_calls_are_spread_without_touching_the_budget(wire, make_sender, run, clock):
    wire.expect("GET", "/read", times=25)
    sender = make_sender(budget=0, account_limit=10)
    assert run(outcomes(sender, [READ] * 25)) == [accepted().text] * 25
    assert clock.now == pytest.approx(1122)
    assert sender.waits.total == pytest.approx(122)


def test_a_refused_account_call_halves_the_pace(wire, make_sender, run):
    wire.expect("GET", "/read", reply=limited("1"))
    wire.expect("GET", "/read", times=5)
    sender = make_sender(account_limit=4)

    async def go():
        for _each in range(5):
            await sender.send(READ, text_of)

    run(go())
    at = sorted(one.at for one in wire.sent)
    assert all(later - earlier > 60 for earlier, later in zip(at, at[2:], strict=False))
