# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan: every targeted device in one class, and calls that reach exactly those that are due."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.plan import (
    CLASSES,
    NEEDED,
    RETRY,
    classify,
    plan_deployment,
    sent_twice,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    deploy_request,
    filter_option,
    model_device,
    model_update,
)


def planned(request, devices):
    return plan_deployment(request, devices, devices)


APP = {"name": "kiosk_ui", "version": "3.2.0"}
MARK = deploy_request(app=APP).mark


def device(number=1, *statuses, has_app=False, comment=MARK):
    apps = {"kiosk_ui": "3.2.0"} if has_app else {"kiosk_ui": "3.1.0"}
    return model_device(number, apps=apps, updates=tuple(model_update(comment, status) for status in statuses))


@pytest.mark.parametrize(
    ("statuses", "has_app", "retry_failed", "expected"),
    [
        ((), False, False, "needed"),
        ((), True, False, "current"),
        (("pending",), False, False, "in_flight"),
        (("in_progress",), False, False, "in_flight"),
        (("queued_by_a_later_release",), False, False, "in_flight"),
        (("",), False, False, "in_flight"),
        (("success",), False, False, "done"),
        (("success",), True, True, "done"),
        (("failed",), False, False, "failed"),
        (("aborted",), False, False, "aborted"),
        (("failed",), True, False, "failed"),
        (("failed",), False, True, "retry"),
        (("aborted",), False, True, "retry"),
        (("failed", "pending"), False, True, "in_flight"),
        (("failed", "success"), False, True, "done"),
        (("failed", "aborted", "failed"), False, True, "retry"),
        (("success", "failed"), False, True, "done"),
        (("pending", "failed"), False, True, "in_flight"),
    ],
)
def test_a_device_is_classified_by_its_own_record(statuses, has_app, retry_failed, expected):
    assert (
        classify(device(1, *statuses, has_app=has_app), deploy_request(app=APP, retry_failed=retry_failed)) == expected
    )


@pytest.mark.parametrize(
    ("statuses", "expected"), [(("success", "aborted"), "done"), (("pending", "aborted"), "in_flight")]
)
@pytest.mark.parametrize("retry_failed", [False, True])
def test_aborting_the_second_of_two_sendings_leaves_the_first_one_standing(statuses, expected, retry_failed):
    # It is what the warning about duplicates advises.
    assert classify(device(1, *statuses), deploy_request(app=APP, retry_failed=retry_failed)) == expected


def test_another_version_or_no_app_is_not_current():
    assert classify(device(has_app=True), deploy_request()) == "needed"
    assert classify(device(has_app=True), deploy_request(app={**APP, "version": "3.3.0"})) == "needed"


def test_an_update_of_another_deployment_does_not_count():
    other = deploy_request(app=APP, deployment_key="other").mark
    assert classify(device(1, "success", comment=other), deploy_request(app=APP)) == "needed"


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((), False),
        (("pending",), False),
        (("failed", "pending"), False),
        (("aborted", "failed"), False),
        (("pending", "pending"), True),
        (("success", "in_progress"), True),
    ],
)
def test_two_unfailed_updates_of_one_mark_are_a_duplicate(statuses, expected):
    assert sent_twice(device(1, *statuses), MARK) is expected


def test_the_filter_goes_out_as_it_is_when_every_device_is_due():
    request = deploy_request(app=APP, filters=[filter_option("tag", "canary")])
    (one,) = planned(request, [device(1), device(2)]).sendings
    assert (one.groups, one.filters) == (request.groups, request.filters)


def test_each_device_gets_a_call_of_its_own_when_only_some_are_due():
    plan = planned(deploy_request(app=APP), [device(1), device(2, "success"), device(3, has_app=True), device(4)])
    assert [(one.groups, [(f.type, f.operand, f.value) for f in one.filters]) for one in plan.sendings] == [
        ((), [("specific_device", "is", "d-0001")]),
        ((), [("specific_device", "is", "d-0004")]),
    ]


def test_resend_all_sends_the_filter_again_but_only_when_something_is_due():
    request = deploy_request(app=APP, resend="all")
    (one,) = planned(request, [device(1), device(2, "success")]).sendings
    assert one.groups == request.groups
    assert {d.uuid for d in one.devices} == {"d-0001", "d-0002"}
    assert planned(request, [device(1, "failed"), device(2, "success")]).sendings == ()


@pytest.mark.parametrize(
    ("limits", "sendings"),
    [({}, 0), ({"max_failures": 1}, 1), ({"max_failure_percent": 34}, 1), ({"retry_failed": True}, 2)],
)
def test_what_has_failed_on_too_many_already_is_not_sent_to_the_rest(limits, sendings):
    fleet = [device(1, "failed"), device(2, "success"), device(3)]
    assert len(planned(deploy_request(app=APP, **limits), fleet).sendings) == sendings


def test_the_filter_does_not_go_out_again_while_a_device_that_has_it_may_match_later():
    request = deploy_request(app=APP, filters=[filter_option("tag", "canary")])
    has_it = device(2, "success", comment=request.mark)
    (one,) = plan_deployment(request, [device(1), has_it], [device(1)]).sendings
    assert [(f.type, f.value) for f in one.filters] == [("specific_device", "d-0001")]
    (one,) = plan_deployment(request, [device(1), device(2)], [device(1)]).sendings
    assert one.filters == request.filters


STATUSES = st.sampled_from(["pending", "in_progress", "success", "failed", "aborted", "new_word"])
FLEETS = st.lists(st.tuples(st.lists(STATUSES, max_size=3), st.booleans(), st.booleans()), max_size=12).map(
    lambda kinds: [
        device(at, *statuses, has_app=has_app, comment=MARK if ours else "someone else's")
        for at, (statuses, has_app, ours) in enumerate(kinds)
    ]
)


@given(FLEETS, st.booleans(), st.sampled_from(["needed", "all"]))
def test_every_device_is_in_one_class_and_exactly_the_due_ones_are_sent_to(devices, retry_failed, resend):
    request = deploy_request(app=APP, retry_failed=retry_failed, resend=resend, max_failures=100)
    plan = plan_deployment(request, devices, devices)
    by_class = plan.uuids_by_class()
    assert tuple(by_class) == CLASSES
    assert Counter(uuid for uuids in by_class.values() for uuid in uuids) == Counter(d.uuid for d in devices)
    due = set(by_class[NEEDED] + by_class[RETRY])
    reached = Counter(d.uuid for sending in plan.sendings for d in sending.devices)
    assert set(reached.values()) <= {1}
    if resend == "all" and due:
        assert set(reached) == {d.uuid for d in devices}
        assert len(plan.sendings) == 1
    else:
        assert set(reached) == due
    for sending in plan.sendings:
        if (sending.groups, sending.filters) != (request.groups, request.filters):
            (only,) = sending.devices
            assert [(f.type, f.value) for f in sending.filters] == [("specific_device", only.uuid)]


@given(FLEETS)
def test_nothing_is_due_after_everything_due_was_sent(devices):
    request = deploy_request(app=APP)
    due = {d.uuid for sending in plan_deployment(request, devices, devices).sendings for d in sending.devices}
    after = [
        model_device(
            d.device_id - 4000, apps=d.apps, updates=(*d.updates, model_update(MARK)) if d.uuid in due else d.updates
        )
        for d in devices
    ]
    assert planned(request, after).sendings == ()
