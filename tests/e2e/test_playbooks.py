# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each playbook: check mode writes nothing and predicts, the run fulfils, the second run writes nothing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest


@pytest.mark.smoke
@pytest.mark.parametrize("playbook", ["hold", "release"])
def test_hold_and_release_predict_run_and_stay_silent(play, devices, playbook):
    run = play(devices=70, held_percent=30)
    given = {"connect_devices": devices(run.emulator), "connect_project": "Kiosks"}
    due = sum(one["held"] is (playbook == "release") for one in run.emulator.devices())

    predicted, done, again = run(playbook, "--check", **given).ok(), run(playbook, **given).ok(), run(playbook, **given)

    assert (predicted.writes, done.writes, again.ok().writes) == (0, due, 0)
    assert (predicted.changed, done.changed, again.changed) == (1, 1, 0)
    word = {"hold": "held", "release": "released"}[playbook]
    assert predicted.messages == [f"Would have {word} {due} devices; {70 - due} already {word}."]
    assert done.messages == [f"{word.capitalize()} {due} devices; {70 - due} already {word}."]
    assert {one["held"] for one in run.emulator.devices()} == {playbook == "hold"}


def test_devices_may_come_as_the_text_of_a_survey(play, devices):
    run = play(devices=3)
    assert run("hold", connect_devices=json.dumps(devices(run.emulator)), connect_verify="false").ok().writes == 3


def test_devices_may_come_from_an_inventory_group(play, tmp_path):
    run = play(devices=5)
    hosts = {
        one["device_name"]: {"connect_device_token": one["device_token"], "connect_device_uuid": one["device_uuid"]}
        for one in run.emulator.devices()
    }
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"kiosks": {"hosts": hosts}}))
    given = {"connect_inventory_group": "kiosks", "connect_project": "Kiosks"}
    assert run("hold", "-i", str(inventory), **given).ok().writes == 5
    assert run("hold", "-i", str(inventory), **given).ok().writes == 0

    del hosts["kiosk-0003"]["connect_device_token"]
    inventory.write_text(json.dumps({"kiosks": {"hosts": hosts}}))
    missing = run("release", "-i", str(inventory), **given)
    assert missing.code == 2
    assert missing.writes == 0
    assert "kiosk-0003 has no connect_device_token" in missing.output


def test_no_devices_are_refused_with_the_variables_that_name_them(play):
    run = play(devices=1)
    refused = run("hold", connect_inventory_group="nowhere")
    assert refused.code == 2
    assert "set connect_devices" in refused.output
    assert run.emulator.log() == []


def test_status_reads_only(play):
    run = play(devices=4, held_percent=50)
    shown = run("status", connect_project="Kiosks").ok()
    assert shown.writes == shown.changed == 0
    assert "4 devices: 2 held, 2 released, 4 online." in shown.output
    assert "kiosk-0004" in shown.output


def test_deploy_predicts_runs_and_stays_silent(play, window):
    run = play(devices=12)
    given = window(run.emulator)
    predicted, done, again = run("deploy", "--check", **given).ok(), run("deploy", **given).ok(), run("deploy", **given)
    assert (predicted.writes, done.writes, again.ok().writes) == (0, 1, 0)
    assert (predicted.changed, done.changed, again.changed) == (1, 1, 0)
    assert "Would send flow f-77aa-01bc (kiosk_ui 3.2.0) to 12 devices of 12" in predicted.output
    assert "12 success" in done.output


def test_a_failed_deployment_says_who_and_what_next(play, window):
    run = play(devices=6)
    run.emulator.configure(run.emulator.devices()[2]["device_uuid"], fail=True)
    failed = run("deploy", **window(run.emulator))
    assert failed.code == 2
    assert "kiosk-0003" in failed.output
    assert "retry_failed: true" in failed.output


@pytest.mark.smoke
def test_a_window_predicts_runs_and_stays_silent(play, window):
    run = play(devices=20, held_percent=25)
    given = window(run.emulator)
    predicted = run("maintenance_window", "--check", **given).ok()
    done = run("maintenance_window", **given).ok()
    again = run("maintenance_window", **given).ok()

    assert (predicted.writes, done.writes, again.writes) == (0, 15 + 20 + 1 + 20, 0)
    assert (predicted.changed, done.changed, again.changed) == (5, 5, 0)
    steps = [message for message in predicted.messages if message.startswith("Would")]
    assert [step.replace("Would have held", "Held").replace("Would have released", "Released") for step in steps][
        :1
    ] == [message for message in done.messages if message.startswith("Held")][:1]
    assert "20 success" in done.output
    assert all(one["held"] and one["apps"][0]["version"] == "3.2.0" for one in run.emulator.devices())
    assert run.emulator.stats()["duplicates"] == []


def test_devices_are_released_only_while_they_are_due(play, window):
    run = play(devices=10)
    current = [one["device_uuid"] for one in run.emulator.devices()[:4]]
    run.emulator.configure(current, apps={"kiosk_ui": "3.2.0"})
    run("maintenance_window", **window(run.emulator)).ok()
    released = [entry["device_uuid"] for entry in run.emulator.log() if entry["body"].get("trigger_set") is False]
    assert len(released) == 6
    assert not set(released) & set(current)
    assert all(one["held"] for one in run.emulator.devices())


def instant(**ahead: float) -> str:
    return (datetime.now(timezone.utc) + timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("edges", "reason"),
    [
        ({"connect_window_closes_at": "2026-01-01T04:00:00+01:00"}, "The window closed at"),
        ({"connect_window_opens_at": "2099-01-01T04:00:00Z"}, "The window opens in"),
        ({"connect_window_closes_at": "soon", "connect_min_remaining": 3600}, "asks for 3600 s"),
        ({"connect_window_opens_at": "2026-11-22T01:30:00"}, "accepted: 2026-11-22T01:30:00+01:00"),
    ],
)
def test_outside_of_the_window_nothing_is_released_or_sent(play, window, edges, reason):
    if edges.get("connect_window_closes_at") == "soon":
        edges = {**edges, "connect_window_closes_at": instant(minutes=30)}
    run = play(devices=4)
    refused = run("maintenance_window", **window(run.emulator, **edges))
    assert refused.code == 2
    assert reason in " ".join(refused.output.split())
    assert [entry["body"]["trigger_set"] for entry in run.emulator.log() if entry["method"] == "POST"] == [True] * 4
    assert all(one["held"] for one in run.emulator.devices())


def test_a_window_that_closes_during_the_release_starts_nothing(play, window):
    run = play(devices=4)
    run.emulator.add_fault("slow", path="/v1/set_update_trigger", after=4, times=1, seconds=12)
    refused = run("maintenance_window", **window(run.emulator, connect_window_closes_at=instant(seconds=11)))
    assert refused.code == 2
    assert "/v1/deploy_update" not in run.emulator.stats()["writes_by_path"]
    assert all(one["held"] for one in run.emulator.devices())


def test_a_window_that_opens_soon_is_waited_for(play, window):
    run = play(devices=2)
    opens = instant(seconds=12)
    run("maintenance_window", **window(run.emulator, connect_window_opens_at=opens, connect_window_wait=60)).ok()
    assert all(one["apps"][0]["version"] == "3.2.0" for one in run.emulator.devices())


def test_a_device_that_the_window_does_not_control_is_not_updated(play, window, devices):
    run = play(devices=4)
    given = window(run.emulator, connect_devices=devices(run.emulator)[1:])
    refused = run("maintenance_window", **given)
    assert refused.code == 2
    assert "1 devices that would be updated are not among the devices of this window" in " ".join(
        refused.output.split()
    )
    assert "/v1/deploy_update" not in run.emulator.stats()["writes_by_path"]


def test_devices_that_fail_are_held_again_and_named(play, window):
    run = play(devices=8)
    run.emulator.configure(run.emulator.devices()[5]["device_uuid"], fail=True)
    failed = run("maintenance_window", **window(run.emulator))
    assert failed.code == 2
    assert "kiosk-0006" in failed.output
    assert all(one["held"] for one in run.emulator.devices())
    forgiven = run("maintenance_window", **window(run.emulator, connect_max_failure_percent="20")).ok()
    assert forgiven.writes == 0


def test_devices_are_held_again_when_the_deployment_is_refused(play, window):
    run = play(devices=3)
    failed = run("maintenance_window", **window(run.emulator, connect_flow_id="f-0000-0000"))
    assert failed.code == 2
    assert all(one["held"] for one in run.emulator.devices())


@pytest.mark.parametrize("without", [1, 4])
def test_a_device_without_its_uuid_ends_the_window_before_anything_is_released(play, window, devices, without):
    run = play(devices=4)
    given = devices(run.emulator)
    for one in given[:without]:
        del one["device_uuid"]
    refused = run("maintenance_window", **window(run.emulator, connect_devices=given))
    assert refused.code == 2
    assert "each with its device_uuid" in " ".join(refused.output.split())
    assert all(one["held"] for one in run.emulator.devices())
    assert "/v1/deploy_update" not in run.emulator.stats()["writes_by_path"]


def test_check_mode_takes_the_wait_for_the_window_for_granted(play, window):
    run = play(devices=2)
    given = window(run.emulator, connect_window_opens_at=instant(minutes=5), connect_window_wait=600)
    assert run("maintenance_window", "--check", **given).ok().writes == 0
    assert run("maintenance_window", "--check", **{**given, "connect_window_wait": 60}).code == 2
