# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The life of devices: heartbeats, updates one at a time, holds, offline devices, failures (API notes 4, 5)."""

from __future__ import annotations

import pytest

from emulator.life import Life, LifeRules
from emulator.model import Device
from emulator.switches import Switches
from emulator.testing import EmulatorError

BEAT = 25.0


def statuses(emulator, uuid: str) -> list[str]:
    return [update["update_status"] for update in emulator.device(uuid)["updates"]]


@pytest.fixture
def one(make):
    """An emulator and the uuid of its first device."""
    emulator = make()
    return emulator, emulator.devices()[0]["device_uuid"]


def test_an_update_goes_from_pending_to_success_and_records_the_version(one, deploy):
    emulator, uuid = one
    deploy(emulator, uuid)
    assert statuses(emulator, uuid) == ["pending"]
    emulator.advance(BEAT)
    assert statuses(emulator, uuid) == ["in_progress"]
    assert emulator.device(uuid)["apps"] == [{"app_name": "kiosk_ui", "version": "3.1.0"}]
    emulator.advance(60 + BEAT)
    assert statuses(emulator, uuid) == ["success"]
    assert emulator.device(uuid)["apps"] == [{"app_name": "kiosk_ui", "version": "3.2.0"}]
    (update,) = emulator.device(uuid)["updates"]
    assert update["created"] < update["started"] <= update["created"] + BEAT
    assert 60 <= update["finished"] - update["started"] < 60 + BEAT


def test_a_failed_update_records_nothing(one, deploy):
    emulator, uuid = one
    emulator.configure(uuid, fail=True)
    deploy(emulator, uuid)
    emulator.advance(500)
    assert statuses(emulator, uuid) == ["failed"]
    assert emulator.device(uuid)["apps"] == [{"app_name": "kiosk_ui", "version": "3.1.0"}]


def test_updates_run_one_at_a_time_in_creation_order(one, deploy):
    emulator, uuid = one
    for number in range(3):
        deploy(emulator, uuid, metadata={"comment": str(number)})
    seen = set()
    for _step in range(60):
        emulator.advance(5)
        now = statuses(emulator, uuid)
        assert now.count("in_progress") <= 1
        seen.add(tuple(now))
    assert ("success", "in_progress", "pending") in seen
    assert ("pending", "in_progress", "pending") not in seen
    assert statuses(emulator, uuid) == ["success"] * 3
    first, second, third = emulator.device(uuid)["updates"]
    assert first["finished"] <= second["started"] < second["finished"] <= third["started"]


def test_a_held_device_waits_and_starts_at_the_beat_after_its_release(one, deploy):
    emulator, uuid = one
    emulator.configure(uuid, held=True)
    deploy(emulator, uuid)
    emulator.advance(100_000)
    assert statuses(emulator, uuid) == ["pending"]
    emulator.configure(uuid, held=False)
    assert statuses(emulator, uuid) == ["pending"]
    emulator.advance(BEAT)
    assert statuses(emulator, uuid) == ["in_progress"]


def test_a_hold_lets_a_running_update_finish_and_stops_the_next(one, deploy):
    emulator, uuid = one
    deploy(emulator, uuid)
    deploy(emulator, uuid)
    emulator.advance(BEAT)
    emulator.configure(uuid, held=True)
    emulator.advance(10_000)
    assert statuses(emulator, uuid) == ["success", "pending"]


def test_what_happened_before_a_change_happened_under_the_old_circumstances(one, deploy):
    """Nobody looks between the deployment and the change: the beats in between count all the same."""
    emulator, uuid = one
    token = emulator.device(uuid)["device_token"]
    deploy(emulator, uuid)
    emulator.advance(BEAT)
    emulator.call("POST", "/v1/set_update_trigger", device_token=token, trigger_set=True)
    assert statuses(emulator, uuid) == ["in_progress"]
    emulator.advance(60 + BEAT)
    emulator.configure(uuid, fail=True)
    assert statuses(emulator, uuid) == ["success"]


def test_the_next_beat_is_later_whatever_rounding_does():
    life = Life(LifeRules(heartbeat=0.7), Switches())
    device = Device(1, "d-1", "t-1", "name", "project", "group", phase=0.1)
    beats = [device.phase + count * 0.7 for count in range(100_000)]
    assert all(0 < life.beat_after(device, beat) - beat < 1 for beat in beats)


def test_an_offline_device_neither_starts_nor_reports(one, deploy):
    emulator, uuid = one
    emulator.configure(uuid, online=False)
    deploy(emulator, uuid)
    emulator.advance(100_000)
    assert statuses(emulator, uuid) == ["pending"]
    emulator.configure(uuid, online=True)
    emulator.advance(BEAT)
    assert statuses(emulator, uuid) == ["in_progress"]
    emulator.configure(uuid, online=False)
    emulator.advance(100_000)
    assert statuses(emulator, uuid) == ["in_progress"]
    emulator.configure(uuid, online=True)
    emulator.advance(BEAT)
    assert statuses(emulator, uuid) == ["success"]


def test_the_target_is_fixed_when_the_deployment_is_accepted(one, deploy):
    emulator, uuid = one
    deploy(emulator, filters=[{"type": "tag", "operand": "is", "value": "canary"}])
    late = emulator.devices(tags=[])[0]["device_uuid"]
    emulator.configure(late, tags=["canary"])
    emulator.configure(uuid, tags=[])
    assert (statuses(emulator, late), statuses(emulator, uuid)) == ([], ["pending"])


def test_the_time_factor_makes_hours_of_seconds(make, deploy):
    emulator = make(time_factor=3600)
    uuid = emulator.devices()[0]["device_uuid"]
    deploy(emulator, uuid)
    emulator.sleep(0.01)
    assert statuses(emulator, uuid) == ["in_progress"]
    emulator.sleep(0.1)
    assert statuses(emulator, uuid) == ["success"]
    assert emulator.info()["emulated_time"] == "2026-01-05 00:06:36"


def test_durations_spread_around_their_median(make, deploy):
    emulator = make(devices=2000, update_seconds=1000, update_spread=0.3, heartbeat=1)
    deploy(emulator)
    emulator.advance(10_000)
    (durations,) = ([item["finished"] - item["started"] for d in emulator.devices() for item in d["updates"]],)
    assert sorted(durations)[1000] == pytest.approx(1000, rel=0.05)
    assert sorted(durations)[317] == pytest.approx(740, rel=0.06)


def test_a_device_may_have_its_own_duration(one, deploy):
    emulator, uuid = one
    emulator.configure(uuid, update_seconds=5000)
    deploy(emulator, uuid)
    emulator.advance(4000)
    assert statuses(emulator, uuid) == ["in_progress"]
    emulator.advance(1100)
    assert statuses(emulator, uuid) == ["success"]


def test_a_part_of_the_fleet_fails_is_offline_or_held(make, deploy):
    emulator = make(devices=1000, fail_percent=20, offline_percent=10, held_percent=5)
    assert (len(emulator.devices(online=False)), len(emulator.devices(held=True))) == (100, 50)
    deploy(emulator)
    emulator.advance(1000)
    last = [device["updates"][0]["update_status"] for device in emulator.devices(online=True, held=False)]
    assert set(last) == {"success", "failed"}
    assert last.count("failed") / len(last) == pytest.approx(0.2, abs=0.04)


def test_the_same_seed_makes_the_same_history(make, deploy):
    def history(seed: int, looks: int) -> list[dict]:
        emulator = make(seed=seed, devices=30, update_spread=1, fail_percent=30)
        deploy(emulator)
        for _look in range(looks):
            emulator.advance(200 / looks)
            emulator.devices()
        return emulator.devices()

    assert history(7, 1) == history(7, 1)
    assert history(7, 1) != history(8, 1)
    assert history(7, 1) == history(7, 40)


def test_configure_refuses_what_a_device_has_not(one):
    emulator, uuid = one
    for changes in (
        {"color": "red"},
        {"online": 1},
        {"tags": "canary"},
        {"apps": {"a": 1}},
        {"update_seconds": -1},
        {"update_seconds": True},
        {"fail": "yes"},
    ):
        with pytest.raises(EmulatorError):
            emulator.configure(uuid, **changes)
    with pytest.raises(EmulatorError, match="d-0000-0000"):
        emulator.configure([uuid, "d-0000-0000"], held=True)
    assert emulator.device(uuid)["held"] is False
