# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each playbook: check mode writes nothing and predicts, the run fulfils, the second run writes nothing."""

from __future__ import annotations

import json

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
    hosts, inventory = run.hosts(), run.inventory()
    given = {"connect_inventory_group": "kiosks", "connect_project": "Kiosks"}
    assert run("hold", "-i", str(inventory), **given).ok().writes == 5
    assert run("hold", "-i", str(inventory), **given).ok().writes == 0

    del hosts["kiosk-0003"]["connect_device_token"]
    inventory.write_text(json.dumps({"kiosks": {"hosts": hosts}}))
    missing = run("release", "-i", str(inventory), **given)
    assert missing.code == 2
    assert missing.writes == 4  # one host without a token does not keep the others
    assert "no device token that can be read: kiosk-0003. Give each a connect_device_token" in " ".join(
        missing.output.split()
    )

    limited = run("hold", "-i", str(inventory), "--limit", "kiosk-0001,kiosk-0002", **given)
    assert limited.ok().writes == 2
    retry = tmp_path / "hold.retry"
    retry.write_text("kiosk-0004\n")
    assert run("hold", "-i", str(inventory), "--limit", "@%s" % retry, **given).ok().writes == 1
    inventory.write_text(json.dumps({"kiosks": {"hosts": hosts}, "others": {"hosts": {"spare": {}}}}))
    nobody = run("hold", "-i", str(inventory), "--limit", "spare", **given)
    assert (nobody.code, nobody.writes) == (2, 0)
    assert "kiosks has no host that --limit leaves" in " ".join(nobody.output.split())
    stranger = run("hold", "-i", str(inventory), connect_only="kiosk-0004,kiosk-99", **given)
    assert (stranger.code, stranger.writes) == (2, 0)
    assert "connect_only names 'kiosk-99', which is not among the devices" in " ".join(stranger.output.split())


def test_status_and_deploy_are_about_the_hosts_that_a_limit_leaves(play, tmp_path):
    run = play(devices=3)
    hosts = {one["device_name"]: {"connect_device_uuid": one["device_uuid"]} for one in run.emulator.devices()}
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"kiosks": {"hosts": hosts}, "others": {"hosts": {"spare": {}}}}))
    given = {"connect_project": "Kiosks"}
    flow = {**given, "connect_flow_id": "f-77aa-01bc", "connect_all_devices": "true", "connect_wait": "false"}

    shown = run("status", "-i", str(inventory), "--limit", "kiosk-0001,kiosk-0003", **given).ok().output
    assert [name in shown for name in ("kiosk-0001  ", "kiosk-0002  ", "kiosk-0003  ")] == [True, False, True]
    sent = run("deploy", "-i", str(inventory), "--limit", "kiosk-0002,kiosk-0003", **flow).ok()
    assert sent.writes == 2
    assert [bool(one["updates"]) for one in run.emulator.devices()] == [False, True, True]
    assert run("deploy", "-i", str(inventory), **flow).ok().writes == 1  # the rest of the same deployment

    for playbook in ("status", "deploy"):
        nobody = run(playbook, "-i", str(inventory), "--limit", "localhost,spare", **flow)
        assert (nobody.code, nobody.writes) == (2, 0)
        assert "No host that --limit leaves has a connect_device_uuid" in " ".join(nobody.output.split())


def test_a_maintenance_window_with_a_limit_is_about_its_hosts_or_refused(play, window):
    run = play(devices=3)
    inventory = run.inventory()
    given = {**window(run.emulator), "connect_devices": "", "connect_inventory_group": "kiosks"}
    for limit in ("kiosk-0002", "localhost,kiosk-0002"):
        planned = run("maintenance_window", "-i", str(inventory), "--limit", limit, "--check", **given)
        assert planned.code == 2  # the others are due, and are not devices of the run
        assert "2 devices in conflict (kiosk-0001, kiosk-0003). untracked" in " ".join(planned.output.split())
    several = run("maintenance_window", "-i", str(inventory), "--limit", "kiosk-0002,kiosk-0003", **given)
    assert (several.code, several.writes) == (2, 0)
    assert "with --limit, name localhost too" in " ".join(several.output.split())


def test_no_devices_are_refused_with_the_variables_that_name_them(play):
    run = play(devices=1)
    refused = run("hold", connect_inventory_group="nowhere")
    assert refused.code == 2
    assert "connect_inventory_group names 'nowhere', which is not a group of the inventory" in " ".join(
        refused.output.split()
    )
    nothing = run("hold", connect_inventory_group=" ")
    assert nothing.code == 2
    assert "set connect_devices" in nothing.output
    assert run.emulator.log() == []


def test_status_reads_only(play):
    run = play(devices=4, held_percent=50)
    shown = run("status", connect_project="Kiosks").ok()
    assert shown.writes == shown.changed == 0
    assert "4 devices: 2 held, 2 released, 4 online." in shown.output
    assert "kiosk-0004" in shown.output


def test_status_shows_only_what_is_asked_for_and_the_project(play):
    run = play(devices=4, held_percent=0)
    released, *held = run.emulator.devices()
    for one in held:
        run.emulator.configure(one["device_uuid"], held=True)
    shown = run("status", connect_status_only="failed, released").ok().text
    assert released["device_name"] in shown
    assert not [one for one in held if one["device_name"] in shown]
    assert "Kiosks" in shown
    assert "Shown are 1 of 4 devices" in shown
    assert run("status", connect_status_only=" ").ok().text.count("kiosk-000") == 4
    refused = run("status", connect_status_only="fialed")
    assert refused.code == 2
    assert "connect_status_only names 'fialed', which is not among the words that are known (did you mean failed?)" in (
        refused.text
    )


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


@pytest.mark.parametrize("name", ["groups", "filters", "app", "parameters", "deployment_key", "all_devices"])
def test_a_misspelt_variable_within_a_value_is_an_error(play, name):
    """Jinja's default() takes it for a value that is not given, and the update goes to all of the others."""
    run = play(devices=4)
    given = {"connect_project": "Kiosks", "connect_flow_id": "f-77aa-01bc", "connect_groups": ["Floor-1"]}
    refused = run("deploy", **{**given, "connect_wait": False, "connect_" + name: "{{ no_such_thing }}"})
    assert (refused.code, refused.writes) == (2, 0)
    assert "no_such_thing" in refused.output


def test_blank_answers_of_a_survey_are_not_given(play):
    run = play(devices=4)
    names = ("filters", "app", "parameters", "comment", "deployment_key", "retry_failed", "resend", "max_failures")
    more = ("wait_timeout", "wait_interval", "timeout", "validate_certs", "retry_budget", "concurrency", "all_devices")
    blank = {"connect_" + name: "" for name in (*names, *more)}
    given = {"connect_project": "Kiosks", "connect_flow_id": "f-77aa-01bc", "connect_groups": "Floor-1, "}
    assert run("deploy", **{**blank, **given, "connect_wait": "No "}).ok().writes == 1


def test_a_deployment_without_a_flow_is_refused(play):
    run = play(devices=1)
    refused = run("deploy", connect_project="Kiosks", connect_all_devices="yes")
    assert (refused.code, refused.writes) == (2, 0)
    assert "flow_id is missing or empty" in refused.output


MISSPELT = {
    "hold": {"connect_onli": "kiosk-0001"},
    "release": {"connect_verfy": False},
    "status": {"connect_groop": "Floor-1"},
    "deploy": {"connect_filter": []},
    "reconcile": {"connect_blackout": []},
    "maintenance_window": {"connect_wave": ["100%"]},
    "window_preview": {"connect_windws": []},
    "verify_evidence": {"connect_evidence_heed": ""},
}


@pytest.mark.parametrize("playbook", MISSPELT)
def test_a_misspelt_variable_is_warned_about_once_with_the_nearest_name(play, window, playbook):
    run = play(devices=2)
    (name,) = MISSPELT[playbook]
    played = run(playbook, "--check", **{**window(run.emulator), **MISSPELT[playbook]})
    words = played.text.replace("- ", "-")
    assert words.count(f"The variable {name} is not known") == 1, played.output
    assert words.count("is not known") == 1
    assert "did you mean connect_" in words


def test_hooks_and_a_second_rollout_know_the_variables_of_the_role(play, window, tmp_path):
    hook = tmp_path / "hook.yml"
    hook.write_text(json.dumps([{"name": "Note", "ansible.builtin.set_fact": {"connect_hook_result": 1}}]))
    roles = ["edgeops.jfrog_connect.rollout", "edgeops.jfrog_connect.rollout"]
    play_ = {"name": "Twice", "hosts": "localhost", "gather_facts": False, "roles": roles}
    (tmp_path / "twice.yml").write_text(json.dumps([play_]))
    run = play(devices=2, time_factor=600)
    given = window(run.emulator, connect_hooks=dict.fromkeys(["before_wave", "after_wave"], str(hook)))
    assert "is not known" not in run(str(tmp_path / "twice.yml"), **given).ok().text


def test_a_self_managed_device_that_does_not_exist_is_named(play, window):
    run = play(devices=3)
    given = window(run.emulator, connect_self_managed=["kiosk-0002", "kiosk-99"])
    for playbook in ("maintenance_window", "reconcile"):
        said = run(playbook, "--check", **given).ok().text
        assert "connect_self_managed names 'kiosk-99', which is not among the devices" in said
