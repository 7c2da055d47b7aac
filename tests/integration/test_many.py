# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task serves one device and a thousand, and never calls a device more than three times a minute."""

from __future__ import annotations

import pytest

PACED = {"device_calls_per_minute": None, "account_calls_per_minute": None}  # the defaults


def test_a_thousand_devices_in_one_task(start_emulator, ansible_playbook, task, entries):
    fleet = start_emulator(devices=1000, rate_limit=3)
    hold = task("hold", "connect_update_trigger", trigger_set=True, devices="{{ devices }}", project="Kiosks")
    devices = entries(fleet.devices())
    run = ansible_playbook([hold], emulator=fleet, defaults=PACED, devices=devices).succeeded()
    stats = fleet.stats()
    assert run.result["summary"] == {"total": 1000, "changed": 1000, "unchanged": 0, "failed": 0, "unknown": 0}
    assert [row["device_uuid"] for row in run.result["devices"]] == [one["device_uuid"] for one in devices]
    assert all(device["held"] for device in fleet.devices())
    assert stats["reads"] == 1000 / 50
    assert stats["writes"] == stats["write_attempts"] == 1000
    assert stats["max_device_calls_per_minute"] <= 3
    assert stats["rate_limited"] == 0
    assert run.result["api_calls"] == {"reads": 20, "writes": 1000, "retries": 0, "waited_seconds": 0.0}

    fleet.reset_stats()
    again = ansible_playbook([hold], emulator=fleet, defaults=PACED, devices=devices).succeeded()
    assert not again.result["changed"]
    assert fleet.stats()["write_attempts"] == 0
    assert fleet.stats()["reads"] == 20


def test_devices_that_the_project_does_not_show_are_read_by_their_token(
    start_emulator, ansible_playbook, task, entries
):
    fleet = start_emulator(project={"Kiosks": 60, "Robots": 3}, rate_limit=3)
    devices = entries(fleet.devices(project="Kiosks")) + entries(fleet.devices(project="Robots"))
    hold = task("hold", "connect_update_trigger", trigger_set=True, devices="{{ devices }}", project="Kiosks")
    run = ansible_playbook([hold], emulator=fleet, defaults=PACED, devices=devices).succeeded()
    assert run.result["summary"]["changed"] == 63
    assert fleet.stats()["reads"] == 2 + 3


@pytest.mark.waits
def test_four_tasks_in_a_row_keep_to_the_limit_of_a_device(waiting):
    """Each task reads and writes: eight calls. It was started before all other tests and has waited beside them."""
    fleet, run = waiting()
    run.succeeded()
    assert [row["result"]["devices"][0]["after"] for row in run.records] == [True, False, True, False]
    assert all(row["result"]["changed"] for row in run.records)
    assert fleet.stats()["max_device_calls_per_minute"] == 3
    assert fleet.stats()["rate_limited"] == 0
    assert sum(fleet.stats()["calls_per_device"].values()) == 8
    assert sum(row["result"]["api_calls"]["waited_seconds"] for row in run.records) > 100
