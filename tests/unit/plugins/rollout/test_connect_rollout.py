# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module of the rollout as Ansible calls it, step by step, against a transcript: each call in its order, and no
other.
"""

from __future__ import annotations

import asyncio
import json
import os
from datetime import timedelta

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import NotSent
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence import file as evidence_file
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._evidence.record import Chain
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout import run as rollout_run
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.end import RETURNED
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service import client as _client
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.lease import Lease
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    ABSENT,
    DEPLOY,
    DEPLOY_V2,
    DETAILS,
    STATES,
    TRIGGER,
    USER,
    accepted,
    limited,
    lost,
    message,
    only,
    page,
    refusal,
    spellings,
    token,
    wire_device,
    wire_update,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import (
    APP,
    NEW,
    NIGHT,
    OLD,
    WINDOW,
    entries,
    options,
    plan_of,
    request,
    uuid,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import kiosk as model

FLOOR = {"all_devices": False, "groups": ["Floor-1"], "waves": [{"groups": ["Floor-1"], "name": "floor"}]}
MARK = request(all_devices=False, groups=["Floor-1"]).deployment.mark
PROJECT = {"project_name": "Kiosks", "group_name": ABSENT}
# The order in which they take part.
FIRST, THEN = (int(one.device_uuid[2:]) for one in plan_of(request(**FLOOR), model(1), model(2)).members)
GROUP = {"project_name": "Kiosks", "group_name": "Floor-1"}
TO_THE_FLOOR = {"project": {"name": "Kiosks"}, "groups": [{"name": "Floor-1"}], "filters": []}
UNPACED = {"device_calls_per_minute": 0, "account_calls_per_minute": 0}


def kiosk(number, status=None, held=True, mark=MARK, **changes):
    version = NEW if status == "success" else OLD
    return wire_device(
        number,
        is_update_trigger_set=held,
        apps=[{"app_name": APP, "version": version}],
        updates=[wire_update(mark, status, number)] if status else [],
        **changes,
    )


def floor(*statuses, held=True, mark=MARK):
    return [kiosk(number, status, held, mark) for number, status in enumerate(statuses, 1)]


class Steps:
    """The steps of one run, each with the state of the one before it."""

    def __init__(self, drive, wire, folder, changes):
        self.drive = drive
        self.wire = wire
        self.folder = folder
        self.given = {**options(**FLOOR), "devices": entries(1, 2), **UNPACED, "evidence_dir": str(folder), **changes}
        self.state = None

    def _step(self, step, **more):
        secrets = self.given.get("secret_parameters") or {}
        result = self.drive("connect_rollout", **{**self.given, "step": step, "state": self.state, **more})
        self.state = result.get("state", self.state)
        written = "".join(file.read_text(encoding="utf-8") for file in self.folder.glob("*"))
        for secret in (USER, token(1), token(2), *secrets.values()):
            assert not [one for one in spellings(secret) if one in result.everything() + written]
        return result

    def plan(self, *devices, online=True, **more):
        if devices:
            self.reads_all(*devices, online=online)
        result = self._step("plan", **more)
        assert not result["failed"], result
        return result

    def wave(self, name="floor", **more):
        return self._step("wave", wave=name, **more)

    def end(self, **more):
        result = self._step("end", **more)
        assert not result["failed"], result
        return result

    # What the service is asked, and answers

    def reads_all(self, *devices, online=True):
        self.wire.expect("GET", DETAILS, PROJECT, reply=page(devices))
        if online:
            self.wire.expect("GET", STATES, PROJECT, reply=states(devices))

    def reads_wave(self, *devices):
        self.wire.expect("GET", DETAILS, GROUP, reply=page(devices))
        self.wire.expect("GET", STATES, GROUP, reply=states(devices))

    def reads_states(self, *devices):
        self.wire.expect("GET", STATES, GROUP, reply=states(devices))

    def reads(self, *devices, times=1):
        self.wire.expect("GET", DETAILS, GROUP, reply=page(devices), times=times)

    def releases(self, *numbers, **reply):
        self._writes(numbers, False, reply)

    def holds(self, *numbers, **reply):
        self._writes(numbers, True, reply)

    def _writes(self, numbers, hold, reply):
        with self.wire.any_order():
            for number in numbers:
                self.wire.expect("POST", TRIGGER, {"device_token": token(number), "trigger_set": hold}, **reply)

    def sends(self, to=None, **reply):
        self.wire.expect("POST", DEPLOY, {"flow_id": "f-1", "devices_filter": to or TO_THE_FLOOR}, **reply)

    @property
    def records(self):
        (path,) = self.folder.glob("*.jsonl")
        chain = Chain.read(evidence_file.read(path))
        assert chain.faults == ()
        return [record["event"] for record in chain.records]


def states(devices, offline=()):
    return message(
        [
            {
                "device_uuid": device["device_uuid"],
                "device_status": "offline" if device["device_uuid"] in offline else "online",
            }
            for device in devices
        ],
        more=False,
    )


@pytest.fixture
def clients(clock, monkeypatch):
    """The clients that were made, with a wall clock that goes along with the monotonic one; it is night."""
    made = []
    started = clock()

    def make(*args, **more):
        made.append(real(*args, now=lambda: NIGHT + timedelta(seconds=clock() - started), **more))
        return made[-1]

    real = _client.Client
    monkeypatch.setattr(_client, "Client", make)
    return made


@pytest.fixture
def rollout(drive, wire, clients, tmp_path):
    def start(**changes):
        return Steps(drive, wire, tmp_path / "evidence", changes)

    return start


@pytest.fixture
def after_call(wire, clients, monkeypatch):
    """Does something when the reply to a call has come, or is lost: after_call(3, lambda client: ...)."""
    real, due = wire.exchange, {}

    async def exchange(call):
        number = len(wire.sent) + 1
        try:
            return await real(call)
        finally:
            if number in due:
                due.pop(number)(clients[-1])

    monkeypatch.setattr(wire, "exchange", exchange)
    return lambda number, what: due.update({number: what})


def fates(result):
    return {row["name"]: row["outcome"] for row in result["devices"]}


# All goes well


def test_a_wave_by_group_costs_these_calls_and_no_others(rollout):
    run = rollout()
    planned = run.plan(*floor(None, None), kiosk(3, group="Floor-2"))
    assert (planned["go"], planned["changed"], planned["touched"]) == (True, False, 0)
    assert planned["plan"]["waves"] == [{"name": "floor", "size": 2, "due": 2}]
    assert planned["api_calls"]["reads"] == 2

    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends()
    run.reads(*floor("in_progress", "pending", held=False))
    run.reads(*floor("success", "success", held=False))
    run.holds(1, 2)
    done = run.wave()
    assert (done["failed"], done["began"], done["changed"], done["touched"], done["go"]) == (False, True, True, 2, True)
    assert done["api_calls"]["writes"] == 5

    ended = run.end()
    assert ended["changed"] is False
    assert ended["api_calls"] == {"reads": 0, "writes": 0, "retries": 0, "waited_seconds": 0.0}
    assert (ended["rollout"]["outcome"], ended["rollout"]["code"]) == ("succeeded", None)
    assert fates(ended) == {"kiosk-1": "updated", "kiosk-2": "updated"}
    assert [row["after"]["held"] for row in ended["devices"]] == [True, True]
    events = run.records
    assert events[:3] == ["run_started", "planned", "wave_started"]
    assert events[-2:] == ["wave_ended", "run_ended"]
    assert [one for one in events if one in ("released", "deployed", "judged", "held")] == [
        *("released", "deployed", "judged", "held")
    ]


def test_secret_parameters_are_sent_and_only_their_names_are_shown(rollout):
    secrets = {"wifi_password": "hunter 2/hunter", "key": "-----BEGIN\nAB=="}
    given = {"parameters": {"speed": "slow"}, "secret_parameters": secrets}
    mark = request(**FLOOR, **given).deployment.mark
    run = rollout(**given)
    planned = run.plan(*floor(None, None))
    assert planned["plan"]["secret_parameters"] == ["key", "wifi_password"]
    assert "Secret parameters, whose values are not shown: key, wifi_password." in planned["text"]
    assert planned["plan"]["mark"] == mark

    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.wire.expect("POST", DEPLOY_V2, {"parameters_mapping": {"speed": "slow", **secrets}})
    run.reads(*floor("success", "success", held=False, mark=mark))
    run.holds(1, 2)
    assert not run.wave()["failed"]
    run.end()
    (path,) = run.folder.glob("*.jsonl")
    first = json.loads(path.read_text(encoding="utf-8").splitlines()[0])
    assert first["data"]["inputs"]["secret_parameters"] == ["key", "wifi_password"]


def test_a_secret_that_changes_between_two_waves_ends_the_rollout(rollout):
    run = rollout(secret_parameters={"wifi_password": "hunter 2/hunter"})
    run.plan(*floor(None, None))
    run.wave(secret_parameters={"wifi_password": "another one"})
    assert run.end()["rollout"]["code"] == "plan_changed"


def test_the_second_run_only_reads(rollout):
    run = rollout()
    planned = run.plan(*floor("success", "success"))
    assert planned["go"] is False
    assert run.end()["rollout"]["outcome"] == "nothing_to_do"


def test_two_waves_one_after_the_other(rollout):
    run = rollout(waves=[{"devices": ["kiosk-2"], "name": "first"}, {"devices": ["kiosk-1"], "name": "then"}])
    run.plan(*floor(None, None))
    for number, before, after in ((2, (None, None), (None, "success")), (1, (None, "success"), ("success", "success"))):
        run.releases(number)
        run.reads(*[{**one, "is_update_trigger_set": one["device_uuid"] != uuid(number)} for one in floor(*before)])
        run.sends(only(uuid(number)))
        run.reads(*floor(*after, held=False))
        run.holds(number)
        assert run.wave("first" if number == 2 else "then")["began"]
    assert run.end()["rollout"]["summary"]["updated"] == 2


def test_a_plan_that_is_older_than_a_minute_is_read_again(rollout, clock):
    run = rollout()
    run.plan(*floor(None, None))
    clock.now += 61
    run.reads_wave(*floor("success", None))  # meanwhile somebody else has updated one of them
    run.releases(2)
    run.reads(kiosk(1, "success"), kiosk(2, held=False))
    run.sends(only(uuid(2)))
    run.reads(kiosk(1, "success"), kiosk(2, "success", held=False))
    run.holds(2)
    assert run.wave()["began"]
    assert run.end()["rollout"]["outcome"] == "succeeded"


def test_when_a_device_has_left_its_group_the_project_is_read(rollout, clock):
    run = rollout(hooks={"before_wave": "a.yml"})
    run.plan(*floor(None, None))
    gone = kiosk(2, "success", group="Roof")
    run.reads_wave(kiosk(1, "success"))
    run.reads_all(kiosk(1, "success"), gone)
    assert run.wave()["touched"] == 0
    assert run.end()["rollout"]["summary"]["done_before"] == 2


def test_after_a_hook_the_fleet_is_read_again(rollout):
    run = rollout(hooks={"before_wave": "a.yml"})
    assert run.plan(*floor(None, None))["hooks"] == {"before_wave": "a.yml"}
    run.reads_wave(*floor("success", "success"))
    result = run.wave()
    assert (result["began"], result["touched"]) == (True, 0)


def vanishes(run, status, hold):
    """The first device takes part, and is then shown by no read."""
    left = kiosk(THEN, held=False)
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends()
    for shown in (left, kiosk(THEN, status, held=False)):
        run.reads(shown)
        run.reads_all(shown, online=False)  # it may have left its group only
    run.holds(FIRST, reply=hold)
    run.holds(THEN)
    return run.wave()


@pytest.mark.parametrize("refused", [refusal("No such device"), refusal("Bad request")], ids=["plain", "vague"])
def test_a_device_that_is_deleted_during_its_wave_is_neither_waited_for_nor_to_be_held(rollout, clock, refused):
    run = rollout()
    assert vanishes(run, "success", refused)["state"]["code"] is None
    assert clock.now - 1000 < 100  # and not wait_timeout
    ended = run.end()
    assert fates(ended) == {"kiosk-%d" % FIRST: "gone", "kiosk-%d" % THEN: "updated"}
    assert (ended["rollout"]["outcome"], ended["rollout"]["left_open"]) == ("succeeded", [])
    (row,) = [one for one in ended["devices"] if one["outcome"] == "gone"]
    assert "does not show it any more (2 complete reads in a row)" in row["reason"]
    assert "Correct or remove its entry" in row["next_step"]


def test_a_device_that_lists_do_not_show_and_that_may_be_held_is_held(rollout):
    run = rollout()
    vanishes(run, "success", accepted())
    assert fates(run.end())["kiosk-%d" % FIRST] == "gone"


def test_a_wave_of_which_every_device_is_gone_has_shown_nothing(rollout):
    run = rollout(waves=[{"devices": ["d-000%d" % FIRST], "name": "floor"}, "100%"])
    run.plan(*floor(None, None))
    run.releases(FIRST)
    run.reads(*floor(None, None, held=False))
    run.sends(to=only("d-000%d" % FIRST))
    for _twice in range(2):
        run.reads(kiosk(THEN))
        run.reads_all(kiosk(THEN), online=False)
    run.holds(FIRST, reply=refusal("No such device"))
    assert run.wave()["state"]["code"] == "inconclusive"


def test_a_soak_ends_with_another_verdict(rollout, clock):
    run = rollout(soak="10m")
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends()
    run.reads(*floor("success", "success", held=False))
    run.holds(1, 2)
    before = clock.now
    devices = floor("success", "success")
    run.wire.expect("GET", DETAILS, GROUP, reply=page(devices))
    run.wire.expect("GET", STATES, GROUP, reply=states(devices, offline=[uuid(2)]))
    result = run.wave()
    assert clock.now - before >= 600
    assert (result["state"]["code"], result["go"]) == ("rollout_failed", False)
    assert "1 of 2 devices offline" in result["msg"]


def test_what_has_to_stay_released_is_not_held(rollout):
    run = rollout(after="release")
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends()
    run.reads(*floor("success", "success", held=False))
    run.wave()
    assert run.end()["rollout"]["after"] == "release"


# Check mode, and what is refused before anything is asked


def test_check_mode_reads_and_plans_and_writes_nothing_at_all(rollout):
    run = rollout()
    planned = run.plan(*floor(None, None), check=True)
    assert (planned["changed"], planned["go"], planned["evidence"]) == (True, False, None)
    assert planned["ansible_stats"]["data"] == {"connect_approved_digest": planned["plan"]["digest"]}
    assert any(line.startswith("DEVICE ") for line in planned["text"])
    assert run.wave(check=True)["began"] is False
    ended = run.end(check=True)
    assert ended["rollout"]["outcome"] == "planned"
    assert not run.folder.exists()


def test_check_mode_holds_nothing_that_is_left_over(rollout):
    run = rollout()
    run.plan(*floor("pending", "pending", held=False), check=True)
    assert run.end(check=True, lost=True)["changed"] is False


def test_a_plan_of_check_mode_is_the_one_that_is_approved(rollout):
    digest = rollout().plan(*floor(None, None), check=True)["plan"]["digest"]
    assert rollout(approved_digest=digest).plan(*floor(None, None))["go"] is True
    other = rollout(approved_digest=digest, soak="1m")
    refused = other.plan(*floor(None, None))
    assert refused["go"] is False
    assert other.wave()["began"] is False
    assert other.end()["rollout"]["code"] == "not_approved"


@pytest.mark.parametrize("step", ["plan", "wave", "end"])
def test_a_play_of_several_hosts_is_refused_because_each_would_roll_out(rollout, step):
    run = rollout(play_hosts=2)
    result = run._step(step, wave="floor")
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    assert "hosts: localhost" in result["msg"]
    assert not run.folder.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"report_timezone": "Europe/Pari"}, "report_timezone"),
        ({"waves": [0]}, "waves[0]"),
        (
            {"windows": [WINDOW], "override": {"reason": "x", "by": "Ann", "until": "2029-01-01T00:00:00Z"}},
            "override.until",
        ),
        ({"devices": [{"device_token": "t-1"}]}, "device_uuid"),
        ({"state": {"packed": "x"}}, "state is not what"),
    ],
)
def test_bad_input_is_refused_before_anything_is_asked_or_written(rollout, changes, said):
    run = rollout(**changes)
    run.state = changes.get("state")
    result = run._step("plan")
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    assert said in result["msg"]
    assert not run.folder.exists()


def test_a_wave_needs_the_state_of_the_plan(rollout):
    result = rollout().wave()
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    assert "state is missing" in result["msg"]


def test_a_wave_that_is_in_no_plan_does_nothing(rollout):
    run = rollout()
    run.plan(*floor(None, None))
    assert run.wave("roof")["began"] is False


# The evidence


def test_without_evidence_a_run_does_not_start(rollout, tmp_path):
    (tmp_path / "evidence").write_text("")
    run = rollout()
    result = run._step("plan")
    assert (result["failed"], result["code"]) == (True, "evidence_unusable")


def test_evidence_that_cannot_be_written_any_more_changes_nothing_but_a_warning(rollout, monkeypatch):
    """Who is left open is said, whatever becomes of the disk."""
    run = rollout()
    run.plan(*floor(None, None))

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(evidence_file, "_write_whole", full)
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends()
    run.reads(*floor("success", "success", held=False))
    run.holds(1)
    run.holds(2, reply=refusal("No", 400))
    done = run.wave()
    assert (done["failed"], done["began"]) == (False, True)
    assert any("No space left" in one for one in done.warnings)
    for _each in range(2):  # to settle what is uncertain, and before the hold
        run.reads_all(kiosk(1, "success"), kiosk(2, "success", held=False), online=False)
    run.holds(2, reply=refusal("No", 400))
    ended = run.end()
    assert ended["rollout"]["left_open"] == ["kiosk-2"]


# The release


def test_a_device_whose_release_does_not_show_is_left_out_and_held_again(rollout):
    run = rollout()
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(kiosk(1, held=False), kiosk(2, held=True), times=7)  # as long as lists may be late
    run.sends(only(uuid(1)))
    run.reads(kiosk(1, "success", held=False), kiosk(2))
    run.holds(1, 2)
    result = run.wave()
    assert (result["failed"], result["state"]["code"]) == (False, "rollout_failed")
    assert "kiosk-2" in result["msg"]
    assert "its token may belong to another device" in result["msg"].lower()
    ended = run.end()
    assert fates(ended) == {"kiosk-1": "updated", "kiosk-2": "failed"}
    assert ended["rollout"]["outcome"] == "stopped"


def test_a_release_that_shows_late_is_waited_for(rollout, clock):
    run = rollout()
    run.plan(*floor(None, None))
    before = clock.now
    run.releases(1, 2)
    run.reads(kiosk(1, held=False), kiosk(2, held=True), times=2)
    run.reads(*floor(None, None, held=False))
    run.sends()
    run.reads(*floor("success", "success", held=False))
    run.holds(1, 2)
    assert run.wave()["state"]["code"] is None
    assert clock.now - before >= 7


def test_a_release_whose_reply_was_lost_but_shows_took_effect(rollout):
    run = rollout(retry_budget=0)
    run.plan(*floor(None, None))
    with run.wire.any_order():
        run.wire.expect("POST", TRIGGER, {"device_token": token(1), "trigger_set": False})
        run.wire.expect("POST", TRIGGER, {"device_token": token(2), "trigger_set": False}, reply=lost())
    run.reads(*floor(None, None, held=False))
    run.sends()
    run.reads(*floor("success", "success", held=False))
    run.holds(1, 2)
    assert run.wave()["state"]["code"] is None


def test_a_release_that_is_refused_leaves_the_device_out(rollout):
    run = rollout(thresholds={"wave": {"failed": 1}})
    run.plan(*floor(None, None))
    run.releases(1)
    run.releases(2, reply=refusal("The device is locked", 400))
    run.reads(kiosk(1, held=False), kiosk(2, held=True))  # nothing to wait for
    run.sends(only(uuid(1)))
    run.reads(kiosk(1, "success", held=False), kiosk(2))
    run.holds(1, 2)
    assert run.wave()["state"]["code"] is None
    (row,) = [row for row in run.end()["devices"] if row["name"] == "kiosk-2"]
    assert (row["outcome"], "locked" in row["reason"]) == ("failed", True)


def test_when_no_device_could_be_released_nothing_is_sent(rollout):
    run = rollout()
    run.plan(*floor(None, None))
    run.releases(FIRST, reply=refusal("No", 400))
    run.wire.expect("GET", DETAILS, {"limit": 1}, reply=page([]))  # is it the account?
    run.releases(THEN, reply=refusal("No", 400))
    run.reads(*floor(None, None))
    run.holds(1, 2)
    assert run.wave()["state"]["code"] == "rollout_failed"


def test_a_read_after_the_release_that_fails_holds_all_devices(rollout):
    """What is not seen is not sent to."""
    run = rollout()
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.wire.expect("GET", DETAILS, GROUP, reply=refusal("No such project", 400))
    run.holds(1, 2)
    assert run.wave()["state"]["code"] == "request_rejected"


def test_a_token_of_another_device_shows_before_anything_is_sent_and_the_other_is_put_back(rollout):
    """The token that is given for kiosk-1 is that of kiosk-2, so kiosk-2 is released instead."""
    run = rollout(devices=entries(1), waves=[{"devices": ["kiosk-1"], "name": "floor"}])
    run.plan(kiosk(1), kiosk(2, "success"))
    run.releases(1)
    run.reads(kiosk(1, held=True), kiosk(2, "success", held=False), times=7)
    run.holds(1)  # with the same token, so it is kiosk-2 that is held
    result = run.wave()
    assert result["state"]["code"] == "rollout_failed"
    assert "Its token may belong to another device" in result["msg"]
    (row,) = [row for row in run.end()["devices"] if row["name"] == "kiosk-1"]
    assert (row["outcome"], row["attempts"]) == ("failed", 0)
    assert "check connect_devices" in row["reason"]


# The window


# An update needs two hours and 59 minutes: nothing starts after 02:01.
UNTIL_TWO_OH_ONE = {"windows": [WINDOW], "max_update_time": "179m"}


def test_a_release_that_had_to_wait_until_it_was_too_late_is_kept_back(rollout):
    run = rollout(**UNTIL_TWO_OH_ONE)
    run.plan(*floor(None, None))
    run.releases(FIRST, THEN, reply=limited("61"))
    run.reads(*floor(None, None))
    run.holds(1, 2)
    result = run.wave()
    assert (result["failed"], result["state"]["code"]) == (False, "window_closed")
    run.reads_all(*floor(None, None), online=False)
    ended = run.end()
    assert fates(ended) == {"kiosk-1": "left", "kiosk-2": "left"}
    assert ended["rollout"]["outcome"] == "incomplete"


def test_a_sending_that_had_to_wait_until_it_was_too_late_is_kept_back(rollout):
    run = rollout(**UNTIL_TWO_OH_ONE)
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends(reply=limited("61"))
    devices = floor(None, None, held=False)
    run.reads(*devices)  # what was read is too old to send on
    run.reads_states(*devices)
    run.holds(1, 2)
    assert run.wave()["state"]["code"] == "window_closed"


def test_a_wave_whose_window_has_closed_does_not_start(rollout, clock):
    run = rollout(**UNTIL_TWO_OH_ONE)
    run.plan(*floor(None, None))
    clock.now += 61
    run.reads_wave(*floor(None, None))
    result = run.wave()
    assert (result["began"], result["state"]["code"], result["touched"]) == (False, "window_closed", 0)
    assert run.end()["rollout"]["outcome"] == "incomplete"


def test_the_waiting_ends_when_the_window_closes(rollout, clock):
    run = rollout(windows=[{**WINDOW, "end": "02:05"}], max_update_time="1m", wait_interval=120)
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends()
    run.reads(*floor("success", "in_progress", held=False), times=3)  # the last one at the very close
    devices = floor("success", "in_progress", held=False)
    run.reads_states(*devices)
    run.holds(1, 2)
    result = run.wave()
    assert (result["state"]["code"], clock.now) == ("window_closed", 1300)
    assert "kiosk-2" in result["msg"]


def test_a_plan_waits_for_its_window_and_is_made_anew(rollout, clock):
    run = rollout(windows=[{**WINDOW, "start": "03:00"}], max_update_time="10m", window_wait="2h")
    run.reads_all(*floor(None, None))
    run.reads_all(*floor("success", None))
    planned = run._step("plan")
    assert clock.now == 1000 + 3600
    assert (planned["go"], planned["plan"]["waves"][0]["due"]) == (True, 1)
    assert run.records == ["run_started", "planned", "gate", "planned"]


def test_a_plan_whose_window_does_not_open_in_time_sends_nothing(rollout, clock):
    run = rollout(windows=[{**WINDOW, "start": "03:00"}], window_wait="30m")
    planned = run.plan(*floor(None, None))
    assert (planned["go"], clock.now) == (False, 1000)
    assert planned["state"]["code"] == "window_closed"
    assert run.wave()["began"] is False
    assert run.end()["rollout"]["outcome"] == "incomplete"


# The sending


def test_after_a_lost_reply_the_devices_are_read(rollout):
    run = rollout()
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends(reply=lost())
    run.reads(*floor(None, None, held=False))
    run.reads(*floor("pending", "in_progress", held=False))
    run.reads(*floor("success", "success", held=False))
    run.holds(1, 2)
    assert run.wave()["state"]["code"] is None
    assert run.end()["rollout"]["summary"]["updated"] == 2


def test_a_sending_that_is_refused_ends_the_rollout_with_the_words_of_the_service(rollout):
    run = rollout(waves=[{"devices": ["kiosk-1"], "name": "first"}, "100%"])
    run.plan(*floor(None, None))
    run.releases(1)
    run.reads(kiosk(1, held=False), kiosk(2))
    run.sends(only(uuid(1)), reply=refusal("Flow f-1 does not exist", 400))
    # Which devices are online is asked when not all have finished.
    devices = floor(None, None)
    run.reads_states(*devices)
    run.holds(1)
    result = run.wave("first")
    assert (result["state"]["code"], result["go"]) == ("sending_refused", False)
    assert "Flow f-1 does not exist" in result["msg"]
    assert run.wave("wave 2 (100%)")["began"] is False
    run.reads_all(*devices, online=False)
    ended = run.end()
    assert fates(ended) == {"kiosk-1": "refused", "kiosk-2": "left"}
    assert (ended["rollout"]["outcome"], ended["rollout"]["code"]) == ("failed", "sending_refused")


def test_a_device_that_fails_stops_the_rollout_and_is_held_and_rolled_back(rollout):
    run = rollout(rollback_flow_id="f-0")
    back = request(all_devices=False, groups=["Floor-1"], rollback_flow_id="f-0").rollback.mark
    run.plan(*floor(None, None), kiosk(3, group="Floor-2"))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends()
    run.reads(*floor("failed", "pending", held=False))
    devices = floor("failed", "pending", held=False)
    run.reads_states(*devices)
    run.holds(1, 2)

    def shown(status):
        return [
            {**one, "updates": [*one["updates"], *([wire_update(back, status, 7)] if status else [])]}
            for one in floor("failed", "pending", held=False)
        ] + [kiosk(3, group="Floor-2")]

    run.releases(1, 2)
    run.reads_all(*shown(None), online=False)
    with run.wire.any_order():
        for number in (1, 2):
            run.wire.expect("POST", DEPLOY, {"flow_id": "f-0", "devices_filter": only(uuid(number))})
    run.reads_all(*shown("success"), online=False)
    run.holds(1, 2)
    result = run.wave()
    assert result["state"]["code"] == "rollout_failed"
    assert "Rolled back 2 of 2 devices" in result["msg"]
    run.reads_all(*floor("failed", "pending"), online=False)
    ended = run.end()
    assert ended["rollout"]["outcome"] == "stopped"
    assert {row["name"]: row["rollback"] for row in ended["devices"]} == {"kiosk-1": "success", "kiosk-2": "success"}


@pytest.mark.parametrize(
    ("which", "names"), [(None, {"kiosk-1", "kiosk-2"}), ("changed", {"kiosk-1"}), ("failed", {"kiosk-1"})]
)
def test_the_rows_that_are_asked_for_are_returned(rollout, which, names):
    run = rollout()
    run.plan(kiosk(1), kiosk(2, "success"))
    run.releases(1)
    run.reads(kiosk(1, held=False), kiosk(2, "success"))
    run.sends(only(uuid(1)))
    run.reads(kiosk(1, "failed", held=False), kiosk(2, "success"))
    run.holds(1)
    run.wave()
    ended = run.end(**({"return_devices": which} if which else {}))
    assert {row["name"] for row in ended["devices"]} == names
    assert ended["rollout"]["summary"]["failed"] == ended["rollout"]["summary"]["done_before"] == 1


def test_what_is_left_out_for_good_is_no_row_that_failed():
    row = {"next_step": "Add its token.", "outcome": "skipped"}
    assert not RETURNED["failed"](row)
    assert RETURNED["failed"]({**row, "outcome": "left"})


# Interruptions


def test_a_wave_that_is_interrupted_while_it_waits_holds_its_devices(rollout, after_call):
    run = rollout()
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends()
    run.reads(*floor("in_progress", "pending", held=False))
    after_call(len(run.wire.sent) + 5, lambda client: client.interrupt("SIGTERM"))
    run.holds(1, 2)
    result = run.wave()
    assert (result["failed"], result["code"]) == (True, "interrupted")
    assert "SIGTERM" in result["msg"]
    assert "state" not in result
    # The end is told that the step left no result.
    run.reads_all(*floor("success", "in_progress"), online=False)
    run.reads_all(*floor("success", "in_progress"), online=False)  # before it holds them once more
    ended = run.end(lost=True, failure={"code": "interrupted", "msg": result["msg"]})
    assert (ended["rollout"]["outcome"], ended["rollout"]["code"]) == ("failed", "interrupted")
    assert fates(ended) == {"kiosk-1": "updated", "kiosk-2": "unknown"}


def test_an_interruption_between_release_and_sending_sends_nothing(rollout, after_call):
    run = rollout()
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    after_call(len(run.wire.sent) + 3, lambda client: client.interrupt("SIGINT"))
    run.holds(1, 2)
    assert run.wave()["code"] == "interrupted"


def test_an_interruption_during_the_hold_does_not_keep_it_from_ending(rollout, after_call):
    run = rollout()
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends()
    run.reads(*floor("success", "success", held=False))
    run.holds(1, 2)
    after_call(len(run.wire.sent) + 6, lambda client: client.interrupt("SIGTERM"))
    assert run.wave()["code"] == "interrupted"


class Lost(Lease):
    """Of a run that has ended."""

    held = False


def ends_with_a_signal_later(seconds):
    """Ansible is gone, and its worker takes so long to pass the signal on; None: there was none."""

    def end(client):
        client.lease = Lost()
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, client.interrupt, "SIGTERM")

    return end


@pytest.fixture
def updated(rollout):
    """A wave up to its hold, and how many calls that took."""

    def play(**changes):
        run = rollout(**changes)
        run.plan(*floor(None, None))
        sent = len(run.wire.sent)
        run.releases(1, 2)
        run.reads(*floor(None, None, held=False))
        run.sends()
        run.reads(*floor("success", "success", held=False))
        return run, sent + 5

    return play


def test_a_signal_that_comes_after_the_end_of_the_run_holds_what_was_released(rollout, after_call):
    run = rollout()
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    after_call(len(run.wire.sent) + 2, ends_with_a_signal_later(3))
    run.holds(1, 2)
    assert run.wave()["code"] == "interrupted"
    assert run.records[-3:] == ["deployed", "held", "failed"]  # and no verdict about what was kept back


def test_a_signal_that_comes_after_the_end_of_the_run_holds_what_is_not_held_yet(updated, after_call):
    run, sent = updated(concurrency=1)
    after_call(sent + 1, ends_with_a_signal_later(3))
    run.holds(1, 2)
    assert run.wave()["code"] == "interrupted"


def test_a_hold_that_may_be_lost_is_sent_again_when_the_signal_comes(updated, after_call):
    run, sent = updated()
    run.holds(1, 2, reply=lost())
    after_call(sent + 2, ends_with_a_signal_later(3))
    run.holds(1, 2)
    assert run.wave()["code"] == "interrupted"


def test_an_outage_before_the_signal_keeps_nothing_from_being_held(updated, after_call):
    def end(client):
        ends_with_a_signal_later(1)(client)
        client.sender.end(NotSent("No connection."))

    run, sent = updated()
    after_call(sent, end)
    run.holds(1, 2)
    assert run.wave()["code"] == "interrupted"


def test_after_the_end_of_the_run_without_a_signal_nothing_is_sent(rollout, after_call):
    run = rollout()
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    after_call(len(run.wire.sent) + 2, ends_with_a_signal_later(None))
    assert run.wave()["code"] == "not_sent"
    assert len(run.wire.sent) == 5
    assert run.records[-3:] == ["deployed", "held", "failed"]


def test_a_device_that_waits_for_minutes_delays_no_other_when_the_signal_comes(updated, after_call, clock):
    run, sent = updated(concurrency=1)
    run.wire.expect("POST", TRIGGER, reply=limited("300"))
    after_call(sent + 1, ends_with_a_signal_later(1))
    run.holds(1, 2)
    began = clock()
    assert run.wave()["code"] == "interrupted"
    assert clock() - began < 30


@pytest.mark.parametrize(("signal_after", "code"), [(1, "interrupted"), (None, "not_sent")])
def test_a_hold_that_waits_for_minutes_holds_nothing_up_when_the_run_has_ended(
    updated, monkeypatch, after_call, clock, signal_after, code
):
    lease = Lease(os.getpid())
    monkeypatch.setattr(Lease, "lent", classmethod(lambda _class: lease))

    def end(client):
        monkeypatch.setattr(Lease, "held", False)
        if signal_after is not None:
            asyncio.get_running_loop().call_later(signal_after, client.interrupt, "SIGTERM")

    run, sent = updated()
    run.holds(1, 2, reply=limited("300"))
    after_call(sent + 2, end)
    if signal_after is not None:
        run.holds(1, 2)
    began = clock()
    assert run.wave()["code"] == code
    assert clock() - began < (330 if signal_after else 30)


def test_what_fails_unforeseen_holds_the_devices_all_the_same(rollout, monkeypatch):
    def broken(*_args, **_more):
        raise RuntimeError("a bug")

    run = rollout()
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.holds(1, 2)
    monkeypatch.setattr(rollout_run, "wave_request", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        run.wave()


def test_a_step_that_left_no_result_may_have_released_its_devices(rollout):
    run = rollout()
    run.plan(*floor(None, None))
    run.reads_all(*floor(None, None, held=False), online=False)
    run.reads_all(*floor(None, None, held=False), online=False)
    run.holds(1, 2)
    run.reads_all(*floor(None, None), online=False)
    ended = run.end(lost=True)
    assert fates(ended) == {"kiosk-1": "unknown", "kiosk-2": "unknown"}
    assert ended["rollout"]["left_open"] == []
    assert (ended["rollout"]["outcome"], ended["rollout"]["code"]) == ("failed", "lost_step")


def test_a_plan_that_left_no_result_is_no_success(rollout):
    ended = rollout().end()
    assert (ended["rollout"]["outcome"], ended["rollout"]["code"]) == ("failed", "lost_step")


def test_no_wave_follows_one_that_left_no_result(rollout):
    run = rollout(waves=[{"devices": ["kiosk-1"], "name": "first"}, {"devices": ["kiosk-2"], "name": "second"}])
    run.plan(*floor(None, None))
    stopped = run.wave("second")
    assert (stopped["began"], stopped["state"]["code"]) == (False, "lost_step")


def test_no_wave_sends_another_flow_than_the_one_of_the_plan(rollout):
    run = rollout()
    run.plan(*floor(None, None))
    stopped = run.wave(flow_id="f-other")
    assert (stopped["began"], stopped["state"]["code"]) == (False, "plan_changed")


BACK = {"rollback_flow_id": "f-0"}


@pytest.mark.parametrize(
    ("given", "changes"),
    [
        ({}, {"thresholds": {"wave": {"failed": "100%"}}}),
        ({}, {"windows": [WINDOW]}),
        ({"windows": [WINDOW]}, {"windows": None}),
        ({"windows": [WINDOW]}, {"windows": [{**WINDOW, "end": "05:30"}]}),
        (
            {"windows": [WINDOW]},
            {"blackouts": [{"name": "sale", "from": "2030-01-01T00:00:00Z", "to": "2030-01-02T00:00:00Z"}]},
        ),
        ({}, {"waves": [1, "100%"]}),
        ({}, {"wave_seed": "7"}),
        ({}, {"soak": "5m"}),
        ({}, {"wait_timeout": 60}),
        ({}, {"max_update_time": "1m"}),
        ({}, {"retry_failed": True}),
        ({}, {"offline": "wait"}),
        ({}, {"foreign_pending": "allow"}),
        ({}, {"untracked": "skip"}),
        ({}, {"self_managed": ["kiosk-1"]}),
        ({}, {"after": "release"}),
        ({}, BACK),
        (BACK, {"rollback_outside_window": True}),
        (BACK, {"rollback_app": {"name": APP, "version": OLD}}),
    ],
)
def test_no_wave_begins_with_other_rules_than_those_of_the_plan(rollout, given, changes):
    run = rollout(**given)
    run.plan(*floor(None, None))
    stopped = run.wave(**changes)
    assert (stopped["began"], stopped["state"]["code"]) == (False, "plan_changed")
    (name,) = changes
    assert "floor was not started: connect_%s changed after the plan was made." % name in stopped["msg"]


def test_no_wave_begins_with_another_calendar_than_that_of_the_plan(rollout, tmp_path):
    event = "UID:1\nDTSTAMP:20260101T000000Z\nDTSTART:202611%sT000000Z\nDURATION:PT20H\nRRULE:FREQ=DAILY"
    text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\n%s\nEND:VEVENT\nEND:VCALENDAR\n" % event
    file = tmp_path / "nights.ics"
    file.write_text(text % "01", encoding="utf-8")
    run = rollout(windows=[{"name": "nights", "calendar": str(file), "timezone": "UTC"}])
    run.plan(*floor(None, None))
    file.write_text(text % "02", encoding="utf-8")
    stopped = run.wave()
    assert "the content of a calendar file changed after the plan was made" in stopped["msg"]


def test_what_is_no_rule_may_change_between_two_steps(rollout):
    run = rollout(waves=[{"devices": ["kiosk-1"], "name": "first"}, {"devices": ["kiosk-2"], "name": "second"}])
    run.plan(*floor("success", None))
    done = run.wave("first", comment="At 02:00", incomplete_ok=True, wait_interval=7, window_wait="1h")
    assert (done["began"], done["state"]["code"]) == (True, None)


def test_the_end_holds_although_the_calendar_cannot_be_read_any_more(rollout):
    run = rollout(windows=[WINDOW])
    run.plan(*floor("success", "pending"))
    assert run.end(windows=["nonsense"])["rollout"]["left_open"] == []


# Who could not be held


def test_a_hold_that_failed_is_tried_again_at_the_end(rollout):
    run = rollout()
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends()
    run.reads(*floor("success", "success", held=False))
    run.holds(1)
    run.holds(2, reply=refusal("No", 400))
    run.wave()
    run.reads_all(kiosk(1, "success"), kiosk(2, "success", held=False), online=False)
    run.reads_all(kiosk(1, "success"), kiosk(2, "success", held=False), online=False)
    run.holds(2)
    run.reads_all(*floor("success", "success"), online=False)  # the token is seen to be that of the device
    ended = run.end()
    assert (ended["changed"], ended["rollout"]["outcome"], ended["rollout"]["left_open"]) == (True, "succeeded", [])


def test_a_hold_that_fails_again_is_the_worst_outcome_and_names_the_device(rollout):
    run = rollout()
    run.plan(*floor(None, None))
    run.releases(1, 2)
    run.reads(*floor(None, None, held=False))
    run.sends()
    run.reads(*floor("success", "success", held=False))
    run.holds(1)
    run.holds(2, reply=refusal("No", 400))
    run.wave()
    for _each in range(2):
        run.reads_all(kiosk(1, "success"), kiosk(2, "success", held=False), online=False)
    run.holds(2, reply=refusal("No", 400))
    ended = run.end()
    assert (ended["rollout"]["outcome"], ended["rollout"]["code"]) == ("failed", "left_open")
    assert "kiosk-2" in ended["msg"]
    (row,) = [row for row in ended["devices"] if row["left_open"]]
    assert (row["name"], row["outcome"]) == ("kiosk-2", "updated")


def test_what_an_earlier_run_left_released_is_held_at_the_end(rollout):
    run = rollout()
    devices = [kiosk(1, "success", held=False), kiosk(2, "success")]
    run.plan(*devices)
    run.reads_all(*devices, online=False)
    run.reads_all(*devices, online=False)
    run.holds(1)
    run.reads_all(*floor("success", "success"), online=False)
    assert run.end()["changed"] is True


# What goes wrong between the steps


def test_a_fleet_that_cannot_be_read_ends_the_run_with_its_reason(rollout):
    run = rollout()
    run.wire.expect("GET", DETAILS, PROJECT, reply=refusal("No such project", 400))
    planned = run._step("plan")
    assert (planned["failed"], planned["go"], planned["state"]["code"]) == (False, False, "request_rejected")
    ended = run.end()
    assert (ended["rollout"]["outcome"], ended["rollout"]["code"]) == ("failed", "request_rejected")
    assert ended["devices"] == []


def test_half_a_list_is_no_fleet(rollout):
    run = rollout()
    run.wire.expect("GET", DETAILS, PROJECT, reply=page(floor(None), more=True), times=2)  # it repeats itself
    planned = run._step("plan")
    assert (planned["go"], planned["state"]["code"]) == (False, "unreadable_reply")
    assert "incomplete device list" in planned["msg"]


def test_a_failure_of_a_hook_is_in_the_outcome(rollout):
    run = rollout(hooks={"before_wave": "a.yml"})
    run.plan(*floor(None, None))
    ended = run.end(failure={"code": "error", "msg": "The hook before_wave (a.yml) failed: no."})
    assert (ended["rollout"]["outcome"], ended["rollout"]["code"]) == ("failed", "error")
    assert "before_wave" in ended["msg"]


def test_the_end_of_a_run_without_a_plan_says_what_went_wrong(rollout):
    ended = rollout().end(failure={"code": "invalid_option", "msg": "waves[0] is 0."})
    assert (ended["rollout"]["outcome"], ended["rollout"]["code"]) == ("failed", "invalid_option")
    assert "waves[0] is 0." in ended["rollout"]["msg"]
