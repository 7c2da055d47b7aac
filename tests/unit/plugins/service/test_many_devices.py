# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task for hundreds of devices: quick, still silent about tokens, and never more in flight than allowed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest
from ansible.module_utils import basic

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Call
from ansible_collections.edgeops.jfrog_connect.plugins.modules import connect_update_trigger
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    DETAILS,
    TRIGGER,
    USER,
    accepted,
    message,
    page,
    patch_module_args,
    refusal,
    token,
    wire_device,
)

NAME = "connect_update_trigger"
MANY = 500  # devices


class Fleet:
    """Answers for as many devices as one likes; the longest of its replies decides how long a run takes."""

    def __init__(self, clock, names):
        self.clock, self.names, self.calls = clock, names, Counter()
        self.at_once = self.most_at_once = 0

    def close(self):
        pass

    async def exchange(self, call):
        self.calls[call.path] += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(1)
        self.at_once -= 1
        if call.method == "POST":
            return accepted()
        if "project_name" not in call.body:
            return refusal("No such device: %s" % call.body["device_token"])
        first = call.body.get("offset", 4000) - 4000 + 1
        numbers = range(first, min(first + 50, len(self.names) + 1))
        return page(
            [wire_device(n, device_name=self.names[n - 1]) for n in numbers], more=numbers[-1] < len(self.names)
        )


@pytest.fixture
def fleet(drive, clock, monkeypatch):
    made = Fleet(clock, [])
    monkeypatch.setattr(
        "ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.client.HttpTransport",
        lambda _settings: made,
    )
    return made


@pytest.mark.parametrize("count", [1, 2 * MANY])
@pytest.mark.parametrize("concurrency", [1, 16])
def test_a_fleet_costs_its_calls_and_no_more_are_in_flight_than_allowed(fleet, drive, clock, count, concurrency):
    fleet.names = ["kiosk-%d" % n for n in range(count)]
    devices = [{"device_token": token(n), "device_uuid": "d-%04d" % n} for n in range(1, count + 1)]
    result = drive(
        NAME,
        devices=devices,
        project="Kiosks",
        trigger_set=True,
        concurrency=concurrency,
        account_calls_per_minute=0,
    )
    assert result["summary"] == {"total": count, "changed": count, "unchanged": 0, "failed": 0, "unknown": 0}
    assert [row["device_uuid"] for row in result["devices"]] == [one["device_uuid"] for one in devices]
    pages = -(-count // 50)
    assert fleet.calls == {DETAILS: pages, TRIGGER: count}
    assert fleet.most_at_once == min(concurrency, count)
    assert clock.now - 1000 == pages + -(-count // concurrency)


def test_what_ansible_prints_of_a_large_fleet_is_silent_too(fleet, clock, capsys):
    # One device is called like its token, and one is refused with it.
    fleet.names = ["kiosk-%d" % n for n in range(1, MANY + 1)]
    fleet.names[6] = "called " + token(7)
    devices = [{"device_token": token(n), "device_uuid": "d-%04d" % n} for n in range(1, MANY + 1)]
    devices.append({"device_token": token(9999), "device_uuid": "d-9999"})
    options = {"user_token": USER, "devices": devices, "project": "Kiosks", "trigger_set": True, "_ansible_diff": True}
    with patch_module_args(options), pytest.raises(SystemExit):
        connect_update_trigger.main()
    printed = capsys.readouterr().out
    assert json.loads(printed)["summary"]["changed"] == MANY
    assert "SECRET" not in printed


BAD = {
    "empty": lambda devices: devices[7].update(device_token=" "),
    "repeated": lambda devices: devices[7].update(device_token=token(1)),
    "misspelt": lambda devices: devices[7].update(nmae=token(2)),
    "missing": lambda devices: devices[7].pop("device_token"),
    "a token in another place": lambda devices: devices[7].update(device_token="", name=token(3)),
}


@pytest.mark.parametrize("spoil", BAD.values(), ids=BAD)
def test_one_bad_entry_among_many_is_answered_without_comparing_each_with_each(monkeypatch, capsys, spoil):
    """Ansible compares each text that it prints with each secret that it knows: it must be left with few of both."""
    compared = []
    real = basic.remove_values

    def counted(value, secrets):
        compared.append(len(list(secrets)) * len(str(value)))
        return real(value, secrets)

    monkeypatch.setattr(basic, "remove_values", counted)
    devices = [{"device_token": token(n), "device_uuid": "d-%04d" % n, "name": "kiosk"} for n in range(1, 4 * MANY)]
    spoil(devices)
    options = {"user_token": USER, "devices": devices, "trigger_set": True}
    with patch_module_args(options), pytest.raises(SystemExit):
        connect_update_trigger.main()
    printed = capsys.readouterr().out
    assert json.loads(printed)["failed"]
    assert "SECRET" not in printed
    assert sum(compared) < 10_000


def test_whoever_waits_for_a_rate_limit_holds_no_place(wire, make_sender, run):
    slow, quick = (Call("GET", "/read", {"who": who}, who) for who in ("slow", "quick"))
    wire.expect("GET", "/read", reply=message("x"), times=7)
    sender = make_sender(device_limit=3, concurrency=1)

    async def go():
        await asyncio.gather(
            *(sender.send(slow, lambda reply: reply) for _each in range(4)),
            *(sender.send(quick, lambda reply: reply) for _each in range(3)),
        )

    run(go())
    assert [one.at for one in wire.sent if one.body["who"] == "quick"] == [1000.0] * 3
    assert wire.sent[-1].body["who"] == "slow"
    assert wire.sent[-1].at > 1060
