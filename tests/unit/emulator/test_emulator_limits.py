# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rate limit and the ban, in real seconds (API notes 2.0, U6)."""

from __future__ import annotations

import pytest

DETAILS = "/v1/devices_details"


@pytest.fixture
def limited(make):
    """An emulator with the documented limit."""
    return make(rate_limit=3, time_factor=1000)


def knock(emulator, number: int = 0) -> int:
    return emulator.call("GET", DETAILS, device_token=emulator.devices()[number]["device_token"])[0]


def test_three_calls_in_any_sixty_seconds(limited):
    for at, expected in [
        (0, 200),
        (20, 200),
        (40, 200),
        (59.9, 429),
        (60, 200),
        (79, 429),
        (80, 200),
        (81, 429),
        (100, 200),
        (119, 429),
        (121, 200),
    ]:
        limited.now = float(at)
        assert knock(limited) == expected, at
    assert limited.stats()["rate_limited"] == 4


def test_a_refusal_is_an_empty_object_without_retry_after(limited):
    token = limited.devices()[0]["device_token"]
    body = {"user_token": limited.user_token, "device_token": token, "trigger_set": True}
    replies = [limited.request("POST", "/v1/set_update_trigger", body).reply for _call in range(4)]
    assert [reply.status for reply in replies] == [200, 200, 200, 429]
    assert (replies[3].body, replies[3].headers) == ({}, {})
    assert limited.stats()["writes"] == 3
    assert limited.stats()["write_attempts"] == 4


def test_devices_have_their_own_budgets_and_lists_have_none(limited):
    assert [knock(limited, 0) for _call in range(4)] == [200, 200, 200, 429]
    assert knock(limited, 1) == 200
    assert [limited.call("GET", DETAILS)[0] for _call in range(20)] == [200] * 20


def test_all_calls_that_name_a_device_share_its_budget(limited):
    token = limited.devices()[0]["device_token"]
    assert knock(limited) == 200
    assert limited.call("POST", "/v1/set_update_trigger", device_token=token, trigger_set=True)[0] == 200
    assert limited.call("GET", "/v1/get_device_state", device_token=token)[0] == 200
    assert limited.call("POST", DETAILS, device_token=token, tag="x")[0] == 429


def test_the_account_bucket(make):
    emulator = make(account_limit=2, rate_limit=3)
    assert [emulator.call("GET", DETAILS)[0] for _call in range(3)] == [200, 200, 429]
    assert knock(emulator) == 200
    emulator.sleep(60)
    assert emulator.call("GET", DETAILS)[0] == 200


def test_the_ban_covers_everything_and_ends(make):
    emulator = make(rate_limit=1, ban_after=2, ban_seconds=300)
    assert [knock(emulator) for _call in range(2)] == [200, 429]
    assert emulator.call("GET", DETAILS)[0] == 200
    assert emulator.stats()["banned"] is False
    assert knock(emulator) == 429
    assert emulator.stats()["banned"] is True
    assert emulator.call("GET", DETAILS) == (429, {})
    emulator.sleep(299.9)
    assert emulator.call("GET", DETAILS, user_token="wrong")[0] == 429
    emulator.sleep(0.1)
    assert emulator.call("GET", DETAILS)[0] == 200
    assert emulator.stats()["banned"] is True
    emulator.reset_stats()
    assert emulator.stats()["banned"] is False
    assert [knock(emulator) for _call in range(2)] == [200, 429]  # the first violation of a new count
    assert emulator.call("GET", DETAILS)[0] == 200


@pytest.mark.parametrize(("kind", "expected"), [("seconds", "45"), ("date", "Mon, 05 Jan 2026 00:01:00 GMT")])
def test_retry_after_on_demand(make, kind, expected):
    emulator = make(rate_limit=1)
    emulator.exchange.service.clock.wall_epoch = emulator.exchange.service.clock.epoch
    emulator.set_switch(retry_after=kind)
    token = emulator.devices()[0]["device_token"]
    body = {"user_token": emulator.user_token, "device_token": token}
    emulator.request("GET", DETAILS, body)
    emulator.sleep(15)
    reply = emulator.request("GET", DETAILS, body).reply
    assert (reply.status, reply.headers) == (429, {"Retry-After": expected})


def test_a_fixed_window_starts_anew_each_minute(make):
    emulator = make(rate_limit=2)
    emulator.set_switch(rate_window="fixed")
    emulator.now = 59.0
    assert [knock(emulator) for _call in range(3)] == [200, 200, 429]
    emulator.now = 60.0
    assert [knock(emulator) for _call in range(3)] == [200, 200, 429]


def test_statistics_count_the_busiest_minute_of_a_device(make):
    emulator = make()
    for at in (0, 30, 59, 61, 62, 200):
        emulator.now = float(at)
        knock(emulator)
    stats = emulator.stats()
    uuid = emulator.devices()[0]["device_uuid"]
    assert (stats["max_device_calls_per_minute"], stats["calls_per_device"]) == (4, {uuid: 6})
    assert (stats["reads"], stats["writes"], stats["calls"]) == (6, 0, {f"GET {DETAILS}": 6})
    emulator.reset_stats()
    assert emulator.stats()["max_device_calls_per_minute"] == 0
    assert emulator.log() == []


def test_the_limit_remembers_over_a_reset(limited):
    assert [knock(limited) for _call in range(3)] == [200] * 3
    limited.reset_stats()
    assert knock(limited) == 429
