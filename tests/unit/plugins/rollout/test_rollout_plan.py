# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: who is updated, who is in conflict, what was left behind, the digest, and one row for each device."""

from __future__ import annotations

import random

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.plan import warnings
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.waves import cut
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import filter_option, model_update
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import (
    APP,
    MARK,
    NEW,
    OLD,
    WINDOW,
    kiosk,
    member,
    plan_of,
    request,
    uuid,
    uuids,
)

FOREIGN = model_update("by hand", "pending")
CURRENT = {"apps": {APP: NEW}}


def kinds(plan):
    return {conflict["device_uuid"]: conflict["kind"] for conflict in plan.conflicts}


@pytest.mark.parametrize(
    ("states", "changes", "retry", "planned", "due"),
    [
        ((), {}, False, "needed", True),
        ((), CURRENT, False, "current", False),
        (("pending",), {}, False, "in_flight", True),
        (("in_progress",), CURRENT, False, "in_flight", True),
        (("success",), {}, False, "done", False),
        (("success",), CURRENT, True, "done", False),
        (("failed",), {}, False, "failed", False),
        (("aborted",), {}, False, "aborted", False),
        (("failed",), {}, True, "retry", True),
        (("aborted",), {}, True, "retry", True),
        (("failed", "success"), {}, True, "done", False),
        (("success", "aborted"), {}, True, "done", False),
    ],
)
def test_classes(states, changes, retry, planned, due):
    plan = plan_of(request(retry_failed=retry), kiosk(1, *states, **changes))
    row = member(plan, 1)
    assert (row.plan_class, row.due) == (planned, due)
    assert plan.counts() == {"total": 1, "due": int(due), "skipped": 0, planned: 1}
    assert [wave["due"] for wave in plan.as_result()["waves"]] == [int(due)]


def test_the_update_of_another_deployment_is_not_ours():
    other = kiosk(1, updates=(model_update("ans-00000000000000000000", "success"), model_update(MARK + "0", "success")))
    assert member(plan_of(request(), other), 1).plan_class == "needed"


# Who belongs to it


def test_the_target():
    asked = request(all_devices=None, groups=["Floor-1"], filters=[filter_option("tag", "x")])
    devices = [kiosk(1, tags=("x",)), kiosk(2), kiosk(3, group="Floor-2", tags=("x",))]
    assert [one.device_uuid for one in plan_of(asked, *devices).members] == uuids(1)


@pytest.mark.parametrize("state", ["pending", "in_progress", "success", "failed"])
@pytest.mark.parametrize(
    ("filters", "was", "became"),
    [
        ([filter_option("app", APP, app_version=OLD)], {}, CURRENT),
        ([filter_option("device_state", "online")], {}, {"online": False}),
        ([filter_option("tag", "due")], {"tags": ("due",)}, {"tags": ()}),
    ],
)
def test_who_was_sent_it_belongs_to_it_whatever_the_filters_say_now(filters, was, became, state):
    """The state and the app of a device change because it is updated."""
    asked = request(all_devices=None, filters=filters, parameters={}, waves=[1, "100%"])
    ours = (model_update(asked.deployment.mark, state),)
    before = [kiosk(number, **was) for number in range(1, 6)]
    after = [kiosk(1, **became, updates=ours), *before[1:]]
    first, then = plan_of(asked, *before), plan_of(asked, *after)
    assert first.digest == then.digest
    assert [wave.device_uuids for wave in first.waves] == [wave.device_uuids for wave in then.waves]


# Conflicts


@pytest.mark.parametrize(
    ("policy", "kind", "fatal", "word"),
    [
        ("skip", "offline", False, "skipped"),
        ("hold", "offline", False, "left"),
        ("fail", "offline", True, "left"),
        ("wait", None, False, None),
    ],
)
def test_offline_devices(policy, kind, fatal, word):
    plan = plan_of(request(offline=policy), kiosk(1, online=False))
    row = member(plan, 1)
    assert (row.skip, row.skip_word, row.due) == (kind, word, kind is None)
    assert bool(plan.refused) is fatal
    assert len(plan.conflicts) == (kind is not None)
    assert all("connect_offline: %s" % policy in conflict["msg"] for conflict in plan.conflicts)


def test_when_it_is_unknown_whether_it_is_online_it_is_not_offline():
    assert plan_of(request(offline="fail"), kiosk(1, online=None)).conflicts == ()


@pytest.mark.parametrize(
    ("policy", "fatal", "word"), [("fail", True, "left"), ("skip", False, "skipped"), ("allow", None, None)]
)
@pytest.mark.parametrize("held", [True, None])
@pytest.mark.parametrize("state", ["pending", "in_progress", "queued"])
def test_the_pending_update_of_another_deployment(policy, fatal, word, held, state):
    plan = plan_of(request(foreign_pending=policy), kiosk(1, held=held, updates=(model_update("by hand", state),)))
    row = member(plan, 1)
    assert (row.skip_word, row.due) == (word, fatal is None)
    assert bool(plan.refused) is bool(fatal)
    if fatal is not None:
        assert kinds(plan) == {uuid(1): "foreign_pending"}
        assert "(by hand)" in plan.conflicts[0]["msg"]


@pytest.mark.parametrize(
    "device",
    [
        kiosk(1, held=False, updates=(FOREIGN,)),  # nobody lets it loose
        kiosk(1, updates=(model_update("by hand", "success"), model_update("by hand", "failed"))),
        kiosk(1, "pending"),
        kiosk(1, updates=(FOREIGN,), **CURRENT),  # it is not released
    ],
)
def test_what_is_no_conflict(device):
    assert plan_of(request(), device).conflicts == ()


def test_a_device_without_token_is_in_conflict_only_if_it_is_due():
    plan = plan_of(request(), kiosk(1), kiosk(2, "success"), kiosk(3, **CURRENT), without_token=(1, 2, 3))
    assert kinds(plan) == {uuid(1): "untracked"}
    assert [one["device_uuid"] for one in plan.refused] == uuids(1)
    assert not any(row.ours for row in plan.members)


def test_a_device_that_was_registered_anew_is_named_with_both_of_its_uuids():
    plan = plan_of(request(), kiosk(1), kiosk(9, name="kiosk-2"), without_token=(9,))
    assert kinds(plan) == {uuid(9): "re_registered"}
    assert (plan.refused[0]["kind"], plan.refused[0]["name"]) == ("re_registered", "kiosk-2")
    assert all(part in plan.refused[0]["msg"] for part in (uuid(2), uuid(9), "device_uuid and device_token"))


def test_devices_without_token_may_be_left_out():
    devices = [kiosk(1), kiosk(3), kiosk(9, name="kiosk-2")]
    plan = plan_of(request(untracked="skip"), *devices, without_token=(3, 9))
    assert kinds(plan) == {uuid(3): "untracked", uuid(9): "re_registered"}
    assert plan.refused == ()
    assert not any("connect_untracked" in one.conflict for one in plan.members)  # that is done already
    assert {one.device_uuid: (one.due, one.skip_word) for one in plan.members} == {
        uuid(1): (True, None),
        uuid(3): (False, "skipped"),
        uuid(9): (False, "skipped"),
    }


@pytest.mark.parametrize(
    ("groups", "refused"),
    [
        (["Floor-1"], []),
        (["Floor-1", "Floor-2"], []),
        (["Floor-1", "Flor-2"], ["Flor-2"]),
        (["Floor-1", "floor-2", "Cellar"], ["floor-2", "Cellar"]),
    ],
)
def test_a_group_without_a_device_is_refused_with_the_plan(groups, refused):
    """It may be misspelt: then its devices would be left out without a word."""
    plan = plan_of(request(all_devices=False, groups=groups), kiosk(1), kiosk(2, group="Floor-2"))
    assert [one["kind"] for one in plan.refused] == ["empty_group"] * len(refused)
    for one, group in zip(plan.refused, refused, strict=True):
        assert "group '%s'" % group in one["msg"]
    assert "".join(one["msg"] for one in plan.refused).count("did you mean Floor-2?") == bool(refused)


@pytest.mark.parametrize("named", ["kiosk-1", uuid(1)])
@pytest.mark.parametrize("token", [(), (1,)])
@pytest.mark.parametrize(("held", "kind"), [(True, "held_elsewhere"), (False, None), (None, None)])
def test_devices_that_manage_themselves(named, token, held, kind):
    asked = request(self_managed=[named], offline="fail")
    plan = plan_of(asked, kiosk(1, held=held, online=False), without_token=token)
    row = member(plan, 1)
    assert (row.skip, row.ours, row.due) == (kind, False, kind is None)
    assert row.skip_word == ("skipped" if kind else None)
    assert plan.refused == ()
    assert plan.api_calls["releases"] == plan.api_calls["holds"] == 0


def test_the_gravest_conflict_is_the_one_that_is_said():
    asked = request(offline="fail")
    everything = kiosk(1, online=False, updates=(FOREIGN,))
    assert kinds(plan_of(asked, everything, without_token=(1,))) == {uuid(1): "untracked"}
    assert kinds(plan_of(asked, everything)) == {uuid(1): "foreign_pending"}
    assert kinds(plan_of(request(offline="fail", foreign_pending="allow"), everything)) == {uuid(1): "offline"}


def test_who_is_in_no_wave_is_left_alone_and_in_no_conflict():
    plan = plan_of(request(waves=[1], offline="fail"), *[kiosk(n, online=None) for n in (1, 2)], kiosk(3, "success"))
    outside = [row for row in plan.members if row.wave is None and row.plan_class == "needed"]
    assert {row.skip for row in outside} <= {"not_in_a_wave"}
    assert sum(row.due for row in plan.members) == plan.counts()["due"] <= 1
    assert plan.conflicts == ()
    assert "in no wave" in plan.msg


# What an earlier run left behind


@pytest.mark.parametrize(
    ("states", "hold", "release", "restore"),
    [
        ((), False, False, False),
        (("pending",), True, True, True),
        (("in_progress",), True, True, True),
        (("success",), True, False, False),
        (("failed",), True, False, False),
    ],
)
def test_leftovers(states, hold, release, restore):
    device = kiosk(1, *states, held=False)
    found = {after: plan_of(request(after=after), device).leftovers for after in ("hold", "release", "restore")}
    wanted = {"hold": hold, "release": release, "restore": restore}
    assert found == {after: tuple(uuids(1)) if is_one else () for after, is_one in wanted.items()}


@pytest.mark.parametrize(
    ("changes", "without"),
    [
        ({"held": True}, ()),
        ({"held": None}, ()),
        ({}, (1,)),
        ({"name": "self"}, ()),
    ],
)
def test_who_is_no_leftover(changes, without):
    asked = request(self_managed=["self"])
    assert plan_of(asked, kiosk(1, "pending", **{"held": False, **changes}), without_token=without).leftovers == ()


# The digest


def some_fleet():
    return [kiosk(number, tags=("canary",) if number == 1 else ()) for number in range(1, 9)]


WAVES = [{"tag": "canary", "name": "canary"}, "50%", "100%"]
BASE = {"waves": WAVES, "windows": [WINDOW]}


def digest(devices=None, without_token=(), **changes):
    return plan_of(request(**{**BASE, **changes}), *(devices or some_fleet()), without_token=without_token).digest


@pytest.mark.parametrize(
    "changes",
    [
        {"flow_id": "f-2"},
        {"app": {"name": APP, "version": "3.3.0"}},
        {"comment": "other words"},
        {"parameters": {"speed": "slow"}},
        {"deployment_key": "CHG-2"},
        {"retry_failed": True},
        {"waves": [{"tag": "canary", "name": "first"}, "50%", "100%"]},
        {"waves": [{"tag": "canary", "name": "canary"}, "75%", "100%"]},
        {"waves": [{"tag": "canary", "name": "canary", "soak": "1h"}, "50%", "100%"]},
        {"wave_seed": "other"},
        {"thresholds": {"wave": {"failed": 1}}},
        {"soak": "10m"},
        {"wait_timeout": 60},
        {"max_update_time": "20m"},
        {"windows": [{**WINDOW, "end": "06:00"}]},
        {"blackouts": [{**WINDOW, "name": "freeze", "start": "03:00"}]},
        {"override": {"reason": "x", "by": "Ann", "until": "2026-11-23T12:00:00Z"}},
        {"offline": "wait"},
        {"foreign_pending": "allow"},
        {"untracked": "skip"},
        {"self_managed": ["kiosk-5"]},
        {"after": "release"},
        {"rollback_flow_id": "f-0"},
        {"rollback_outside_window": True},
        {"devices": some_fleet()[:-1]},
        {"devices": [*some_fleet(), kiosk(9)]},
        {"devices": [kiosk(number, tags=("canary",) if number == 2 else ()) for number in range(1, 9)]},
    ],
    ids=str,
)
def test_another_decision_has_another_digest(changes):
    assert digest(**changes) != digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"devices": [kiosk(1, "success", tags=("canary",), held=False), *some_fleet()[1:]]},
        {"devices": [*some_fleet()[:-1], kiosk(8, online=False, apps={})]},
        {"devices": [*some_fleet()[:-1], kiosk(8, updates=(FOREIGN,))]},
        {"devices": some_fleet()[::-1]},
        {"wait_interval": 5},
        {"window_wait": "2h"},
        {"incomplete_ok": True},
        {"approved_digest": "0123456789abcdef"},
        {"hooks": {"before_window": "a.yml"}},
    ],
    ids=str,
)
def test_progress_and_state_leave_the_digest_as_it_is(changes):
    assert digest(**changes) == digest()


def test_the_digest_is_short_and_the_same_every_time():
    assert digest() == digest()
    assert len(digest()) == 16


# One row for each device


def test_one_row_for_each_device_whatever_it_is():
    chance = random.Random(5)
    devices = [
        kiosk(
            number,
            *chance.choice([(), ("pending",), ("success",), ("failed",)]),
            held=chance.choice([True, False, None]),
            online=chance.choice([True, False, None]),
            group=chance.choice(["A", "B"]),
        )
        for number in range(1, 60)
    ]
    plan = plan_of(request(waves=[{"groups": ["A"]}, 40], foreign_pending="skip"), *devices, without_token=(3, 4))
    assert sorted(row.device_uuid for row in plan.members) == sorted(device.uuid for device in devices)
    by_wave = [row.device_uuid for row in plan.members if row.wave]
    assert sorted(by_wave) == sorted(one for wave in plan.waves for one in wave.device_uuids)
    assert plan.counts()["total"] == 59
    assert (
        plan.counts()["due"]
        == sum(row.due for row in plan.members)
        == sum(wave["due"] for wave in plan.as_result()["waves"])
    )


def test_what_a_row_says():
    row = member(plan_of(request(), kiosk(1, held=None, online=False)), 1)
    said = row.as_result()
    assert (said["device_uuid"], said["name"], said["group"]) == (uuid(1), "kiosk-1", "Floor-1")
    assert (said["held"], said["online"], said["version"]) == (None, False, OLD)
    assert (said["class"], said["due"], said["skip"], said["skip_word"]) == ("needed", False, "offline", "left")
    assert said["conflict"] == "It is offline (connect_offline: hold)."
    assert member(plan_of(request(app=None), kiosk(1)), 1).version is None


@pytest.mark.parametrize(("name", "label"), [("kiosk-1", "kiosk-1"), ("", uuid(1))])
def test_a_device_without_a_name_is_named_by_its_uuid(name, label):
    assert member(plan_of(request(), kiosk(1, name=name)), 1).label == label


def test_a_fleet_without_devices():
    plan = plan_of(request(waves=[1, "100%"]))
    assert (plan.members, plan.counts()["due"], plan.leftovers) == ((), 0, ())
    assert plan.api_calls["writes"] == 0


def test_the_sentence():
    plan = plan_of(request(waves=[1, "100%"], offline="skip"), kiosk(1), kiosk(2, **CURRENT), kiosk(3, online=False))
    assert plan.msg == (
        "1 of 3 devices to be updated with flow f-1 (kiosk_ui 3.2.0) in 2 waves, 1 current, 1 in conflict."
    )


# What it costs; that a run does cost that is tried in test_rollout_machine.py


@pytest.mark.parametrize(
    ("changes", "devices", "releases", "deployments", "holds"),
    [
        ({}, [kiosk(1), kiosk(2)], 2, 1, 2),
        ({}, [kiosk(1, held=False), kiosk(2, held=None)], 1, 1, 2),
        ({"after": "release"}, [kiosk(1), kiosk(2)], 2, 1, 0),
        ({"after": "restore"}, [kiosk(1), kiosk(2, held=False)], 1, 1, 1),
        ({"waves": ["50%", "100%"]}, [kiosk(1), kiosk(2)], 2, 2, 2),
        ({}, [kiosk(1), kiosk(2, "success")], 1, 1, 1),
        ({}, [kiosk(1, "pending"), kiosk(2)], 2, 1, 2),
        ({}, [kiosk(1, "pending")], 1, 0, 1),
        ({}, [kiosk(1, "success"), kiosk(2, **CURRENT)], 0, 0, 0),
        ({"offline": "skip"}, [kiosk(1), kiosk(2), kiosk(3, online=False)], 2, 2, 2),
        ({"waves": WAVES}, some_fleet(), 8, 1 + 3 + 4, 8),
        ({"waves": [{"tag": "canary"}, "100%"]}, some_fleet(), 8, 2, 8),
        ({"waves": [1]}, [kiosk(1), kiosk(2)], 1, 1, 1),
    ],
)
def test_how_many_calls_are_needed(changes, devices, releases, deployments, holds):
    calls = plan_of(request(**changes), *devices).api_calls
    assert [calls[name] for name in ("releases", "deployments", "holds")] == [releases, deployments, holds]
    assert calls["writes"] == releases + deployments + holds
    assert calls["least"] == calls["writes"] + 1


def test_a_hundred_and_one_devices_are_read_in_three_pages():
    calls = plan_of(request(), *[kiosk(number, "success") for number in range(1, 102)]).api_calls
    assert (calls["least"], calls["reads"]) == (3, 6)


def test_the_plan_keeps_no_token():
    assert "SECRET" not in str(plan_of(request(), kiosk(1)))


@pytest.mark.parametrize(("approved", "refused"), [("", False), (None, False), ("right", False), ("wrong", True)])
def test_a_plan_that_was_not_approved_is_refused(approved, refused):
    digest = plan_of(request(), kiosk(1)).digest
    given = {"right": " %s " % digest, "wrong": "0000"}.get(approved, approved)
    plan = plan_of(request(approved_digest=given), kiosk(1))
    assert [one["kind"] for one in plan.refused] == (["not_approved"] if refused else [])
    assert plan.digest == digest  # approving does not change what was approved


STABLE = {"type": "tag", "value": "x"}
CHANGING = {"type": "app", "operand": "is_not", "value": APP}


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"groups": ["Flor-1"], "all_devices": False}, "empty_target"),
        ({"filters": [STABLE], "all_devices": False}, "empty_target"),
        ({"filters": [CHANGING], "all_devices": False}, None),  # fits nobody any more once all is done
        ({"waves": [{"tag": "canery"}, "100%"]}, "empty_wave"),
        ({"waves": [{"groups": ["Roof"]}, "100%"]}, "empty_wave"),
        ({"waves": [{"devices": ["kiosk-9"]}, "100%"]}, "empty_wave"),
        ({"waves": [{"devices": ["kiosk-1", "kiosk-9"]}, "100%"]}, "unknown_device"),
        ({"waves": [{"devices": ["kiosk-1"]}, "1", "100%"]}, None),  # a size that adds nobody is no mistake in a name
    ],
)
def test_what_fits_no_device_is_refused(options, kind):
    plan = plan_of(request(**options), kiosk(1, apps={APP: "1"}), kiosk(2, apps={APP: "1"}))
    assert [one["kind"] for one in plan.refused] == ([kind] if kind else [])


def test_a_self_managed_device_that_does_not_exist_is_named():
    devices = [kiosk(number) for number in range(1, 4)]
    (said,) = warnings(request(self_managed="kiosk-1, %s, kisk-2, kiosk-99" % uuid(3)), devices)
    assert said.startswith("connect_self_managed names 'kiosk-99', 'kisk-2', which are not among the devices")
    assert warnings(request(self_managed=["kiosk-2"]), devices) == warnings(request(), devices) == []


def test_a_filter_on_the_state_needs_to_know_the_state():
    asked = request(filters=[{"type": "device_state", "value": "online"}], all_devices=False)
    assert [one["kind"] for one in plan_of(asked, kiosk(1, online=None)).refused] == ["unreadable"]


def test_a_rollout_that_was_rolled_back_is_not_sent_again():
    mark = request().deployment.mark
    back = kiosk(1, "success", updates=(model_update("ans-ffff Rollback of %s" % mark, "success"),))
    plan = plan_of(request(), back, kiosk(2))
    assert [one["kind"] for one in plan.refused] == ["rolled_back"]
    assert "connect_deployment_key" in plan.refused[0]["msg"]


def test_a_wave_that_has_failed_on_an_earlier_night_does_not_go_on_nor_do_those_after_it():
    asked = request(waves=["2", "100%"], wave_seed="x")
    first, _second = cut([kiosk(number) for number in range(1, 5)], asked.waves, asked.seed)[0]
    broken = first.devices[0].uuid
    devices = [kiosk(number, *(["failed"] if uuid(number) == broken else [])) for number in range(1, 5)]
    plan = plan_of(asked, *devices)
    assert plan.counts()["due"] == 0
    assert plan.standing["code"] == "rollout_failed"
    assert [row.skip for row in plan.members if row.device_uuid != broken] == ["stopped"] * 3
    assert all(wave.standing for wave in plan.waves)


def test_what_was_sent_since_answers_for_how_a_device_is_held():
    mark = request().deployment.mark
    mine, theirs = model_update(mark, "success"), model_update("ans-0000000000000000ffff other", "success")
    assert plan_of(request(), kiosk(1, held=False, updates=(mine,))).leftovers == (uuid(1),)
    assert plan_of(request(), kiosk(1, held=False, updates=(mine, theirs))).leftovers == ()


# What the waves and the sentence say


@pytest.mark.parametrize(
    ("waves", "devices", "exact"),
    [
        ([{"tag": "t"}], [kiosk(1, tags=("t",)), kiosk(2)], [True]),
        (["100%"], [kiosk(1), kiosk(2)], [True]),
        (["50%", "100%"], [kiosk(1), kiosk(2)], [False, False]),
        ([{"devices": ["kiosk-1"]}, "100%"], [kiosk(1), kiosk(2)], [False, False]),
        ([{"groups": ["B"]}, {"tag": "t"}], [kiosk(1, group="B", tags=("t",)), kiosk(2, tags=("t",))], [True, False]),
        ([{"tag": "t"}, "100%"], [kiosk(1, tags=("t",)), kiosk(2)], [True, True]),
    ],
)
def test_a_wave_is_exact_if_its_selector_reaches_its_devices_and_no_other(waves, devices, exact):
    assert [wave.exact for wave in plan_of(request(waves=waves), *devices).waves] == exact


@pytest.mark.parametrize(("soak", "seconds"), [(None, None), (0, 0), ("5m", 300)])
def test_a_wave_keeps_the_soak_of_its_own(soak, seconds):
    plan = plan_of(request(waves=[{"size": "100%", "soak": soak, "name": "all"}]), kiosk(1))
    assert plan.wave("all").soak_seconds == seconds
    assert plan.wave("other") is None


@pytest.mark.parametrize(("waves", "said"), [(["100%"], "in 1 wave,"), ([1, "100%"], "in 2 waves,")])
def test_the_number_of_waves_is_said_in_english(waves, said):
    assert said in plan_of(request(waves=waves), kiosk(1), kiosk(2)).msg


def test_the_leftovers_are_those_of_the_target():
    asked = request(all_devices=None, groups=["Floor-1"])
    left = (model_update(asked.deployment.mark, "pending"),)
    plan = plan_of(asked, kiosk(1, held=False, updates=left), kiosk(2, held=False, group="Floor-2"))
    assert plan.leftovers == (uuid(1),)
