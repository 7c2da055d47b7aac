# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters: what is accepted and refused (connect-api.md 2.7), and which devices each of them selects."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.models import UPDATE_STATES, read_filters
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    deploy_request,
    filter_option,
    model_device,
    model_update,
)

ACCEPTED = [
    *(("specific_device", operand, "d-0001") for operand in ("is", "is_not")),
    *(("tag", operand, "canary") for operand in ("is", "is_not")),
    *(("app", operand, "kiosk_ui") for operand in ("is", "is_not")),
    *(("device_state", "is", state) for state in ("online", "offline")),
    *(("update_status", operand, state) for operand in ("is", "is_not") for state in UPDATE_STATES),
]


@pytest.mark.parametrize(("kind", "operand", "value"), ACCEPTED)
def test_every_row_of_the_table_is_accepted(kind, operand, value):
    (one,) = read_filters([filter_option(kind, value, operand)])
    assert (one.type, one.operand, one.value, one.app_version) == (kind, operand, value, None)


def test_the_five_states_are_those_of_the_service():
    assert set(UPDATE_STATES) == {"pending", "in_progress", "success", "failed", "aborted"}


@pytest.mark.parametrize(
    ("given", "option", "accepted"),
    [
        (filter_option("colour", "red"), "filters[1].type", "specific_device, tag, app, device_state, update_status"),
        (filter_option("", "red"), "filters[1].type", "specific_device"),
        (filter_option("tag", "canary", "contains"), "filters[1].operand", "is, is_not"),
        (filter_option("device_state", "online", "is_not"), "filters[1].operand", "accepted: is."),
        (filter_option("device_state", "asleep"), "filters[1].value", "online, offline"),
        (filter_option("device_state", "Online"), "filters[1].value", "online, offline"),
        (filter_option("update_status", "done"), "filters[1].value", "pending, in_progress, success, failed, aborted"),
        (filter_option("update_status", "any"), "filters[1].value", "pending, in_progress, success, failed, aborted"),
        (filter_option("tag", ""), "filters[1].value", "tag"),
        (filter_option("tag", "canary", app_version="1"), "filters[1].app_version", "type app"),
        (filter_option("deployment", "failed"), "filters[1].type", "retry_failed"),
    ],
)
def test_a_refused_filter_is_named_by_its_place_and_with_what_is_accepted(given, option, accepted):
    with pytest.raises(InvalidInput) as refusal:
        read_filters([filter_option("tag", "fine"), given])
    assert refusal.value.code == "invalid_option"
    assert option in refusal.value.msg
    assert accepted in refusal.value.msg


def test_two_filters_for_one_device_each_are_refused_because_they_select_nothing():
    with pytest.raises(InvalidInput, match="every filter must hold"):
        read_filters([filter_option("specific_device", "d-1"), filter_option("specific_device", "d-2")])


def test_one_device_may_be_named_and_others_excluded():
    assert len(read_filters([filter_option("specific_device", f"d-{n}", "is_not") for n in range(3)])) == 3


def test_no_filters_and_an_empty_operand_are_the_defaults():
    assert read_filters(None) == read_filters([]) == ()
    assert read_filters([{"type": "tag", "operand": "", "value": "x", "app_version": ""}])[0].operand == "is"


def test_app_version_goes_only_with_the_call_that_knows_it():
    filters = [filter_option("app", "kiosk_ui", app_version="3.1.0")]
    with pytest.raises(InvalidInput, match=r"filters\[0\]\.app_version .*add parameters"):
        deploy_request(filters=filters)
    assert deploy_request(filters=filters, parameters={}).filters[0].app_version == "3.1.0"


def test_update_status_goes_only_with_the_call_that_knows_it():
    filters = [filter_option("update_status", "failed")]
    assert deploy_request(filters=filters).filters[0].type == "update_status"
    with pytest.raises(InvalidInput, match=r"filters\[0\]\.type update_status"):
        deploy_request(filters=filters, parameters={})


DEVICE = model_device(
    1,
    online=True,
    tags=("canary", "lobby"),
    apps={"kiosk_ui": "3.1.0"},
    updates=(model_update("old", "failed"), model_update("new", "success")),
)


@pytest.mark.parametrize(
    ("kind", "value", "app_version", "holds"),
    [
        ("specific_device", "d-0001", None, True),
        ("specific_device", " D-0001\r\n", None, True),
        ("specific_device", "d-0002", None, False),
        ("tag", "lobby", None, True),
        ("tag", "lob", None, False),
        ("app", "kiosk_ui", None, True),
        ("app", "kiosk_ui", "3.1.0", True),
        ("app", "kiosk_ui", "3.2.0", False),
        ("app", "camera", None, False),
        ("update_status", "success", None, True),
        ("update_status", "failed", None, False),
    ],
)
def test_is_and_is_not_are_opposites(kind, value, app_version, holds):
    (plain,) = read_filters([filter_option(kind, value, "is", app_version)])
    (turned,) = read_filters([filter_option(kind, value, "is_not", app_version)])
    assert (plain.matches(DEVICE), turned.matches(DEVICE)) == (holds, not holds)


@pytest.mark.parametrize(
    ("online", "wanted", "matches"),
    [
        (True, "online", True),
        (True, "offline", False),
        (False, "offline", True),
        (False, "online", False),
        (None, "online", False),
        (None, "offline", False),
    ],
)
def test_a_device_of_unknown_state_is_neither_online_nor_offline(online, wanted, matches):
    (one,) = read_filters([filter_option("device_state", wanted)])
    assert one.matches(model_device(online=online)) is matches


def test_a_device_without_updates_has_no_last_update():
    (failed, not_failed) = read_filters(
        [filter_option("update_status", "failed"), filter_option("update_status", "failed", "is_not")]
    )
    assert model_device().last_update is None
    assert not failed.matches(model_device())
    assert not_failed.matches(model_device())


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"flow_id": " "}, "flow_id"),
        ({"project": ""}, "project"),
        ({"groups": ["Floor-1", " "]}, "groups"),
        ({"groups": [], "filters": []}, "all_devices: true"),
        ({"all_devices": True}, "all_devices"),
        ({"app": {"name": "kiosk_ui", "version": " "}}, "app.version"),
        ({"app": {"name": "", "version": "1"}}, "app.name"),
        ({"parameters": {"ui": ["a"]}}, "parameters.ui"),
        ({"parameters": {"ui": None}}, "parameters.ui"),
        ({"wait_timeout": 0}, "wait_timeout is 0; accepted: 1 to 604800"),
        ({"wait_interval": 3601}, "wait_interval is 3601; accepted: 1 to 3600"),
        ({"max_failures": -1}, "max_failures is -1; accepted: 0 to"),
        ({"max_failure_percent": 101}, "max_failure_percent is 101; accepted: 0 to 100"),
        ({"resend": "some"}, "resend is 'some'; accepted: needed, all"),
    ],
)
def test_a_refused_deployment_names_the_option(changes, option):
    with pytest.raises(InvalidInput) as refusal:
        deploy_request(**changes)
    assert option in refusal.value.msg
