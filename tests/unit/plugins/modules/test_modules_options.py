# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that arrive as text, as null or in the wrong shape: what a command line and a survey make of them."""

from __future__ import annotations

import json

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    DEPLOY_V2,
    DETAILS,
    SMALLEST,
    TRIGGER,
    deploy_request,
    filter_option,
    page,
    token,
    wire_device,
    wire_update,
)

TRIGGER_MODULE = "connect_update_trigger"


def entries(count=2):
    return [{"device_token": token(n), "device_uuid": "d-%04d" % n} for n in range(1, count + 1)]


@pytest.mark.parametrize("text", [json.dumps(entries()), "  \n" + json.dumps(entries(), indent=2)])
def test_a_list_of_devices_may_be_json_text(wire, drive, text):
    with wire.any_order():
        wire.expect("POST", TRIGGER, {"device_token": token(1)})
        wire.expect("POST", TRIGGER, {"device_token": token(2)})
    result = drive(TRIGGER_MODULE, devices=text, trigger_set="yes", force="true")
    assert [row["device_uuid"] for row in result["devices"]] == ["d-0001", "d-0002"]


def test_every_list_and_mapping_of_a_deployment_may_be_json_text(wire, drive):
    wire.expect("GET", DETAILS, {"group_name": "a,b"}, reply=page([wire_device(1, tags=["canary"])]))
    result = drive(
        "connect_deploy",
        check=True,
        flow_id="f-1",
        project="Kiosks",
        groups='["a,b"]',
        filters=json.dumps([filter_option("tag", "canary")]),
        app='{"name": "ui", "version": "3.10"}',
        parameters='{"x": "1,2"}',
        max_failures="3",
    )
    assert result["plan"]["needed"] == ["d-0001"]
    assert "ui 3.10" in result["msg"]


def test_parameters_as_empty_json_text_are_given(wire, drive):
    wire.expect("GET", DETAILS, reply=page([wire_device(1)]))
    wire.expect("POST", DEPLOY_V2, {"parameters_mapping": {}})
    shown = wire_device(1, updates=[wire_update(deploy_request(parameters={}).mark)])
    wire.expect("GET", DETAILS, reply=page([shown]))
    assert not drive("connect_deploy", **SMALLEST["connect_deploy"], parameters="{}")["failed"]


def test_ansible_s_own_short_forms_still_work(wire, drive):
    wire.expect("GET", DETAILS, {"group_name": "Floor-1"}, reply=page([wire_device(1)]))
    wire.expect("GET", DETAILS, {"group_name": "Floor-2"}, reply=page([]))
    result = drive(
        "connect_deploy", check=True, flow_id="f-1", project="Kiosks", groups="Floor-1,Floor-2", parameters="a=1 b=2"
    )
    assert not result["failed"]


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_survey_answer_means_not_given(drive, text):
    result = drive(TRIGGER_MODULE, devices=text, trigger_set=True)
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    assert "No device is given" in result["msg"]


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("devices", '[{"device_token": "hush", }]'),
        ("devices", '[{"device_token": "hush"'),
        ("devices", "[hush]"),
        ("devices", "hush"),
        ("devices", ["hush"]),
        ("devices", {"device_token": "hush"}),
        ("devices", '[["hush"]]'),
        ("devices", [{"device_token": "hush"}, "hush"]),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_without_being_echoed(drive, option, text):
    result = drive(TRIGGER_MODULE, trigger_set=True, **{option: text})
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    assert option in result["msg"]
    assert "hush" not in result.everything()


def test_malformed_json_is_located_and_the_way_to_quote_it_shown(drive):
    result = drive("connect_deploy", flow_id="f-1", project="Kiosks", filters='[{"type": tag}]')
    assert "filters" in result["msg"]
    assert "line 1 column" in result["msg"]
    assert "single quotes" in result["msg"]


@pytest.mark.parametrize("name", SMALLEST)
def test_unknown_keys_within_an_entry_are_named_and_their_values_are_not(drive, name):
    if name == TRIGGER_MODULE:
        more = {"device_token": None, "devices": [{"device_token": "hush-1", "devicetoken": "hush-2"}]}
    else:
        more = {"filters": [{**filter_option("tag", "x"), "devicetoken": "hush-2"}]}
    result = drive(name, **{**SMALLEST[name], **more})
    assert result["failed"]
    assert "devicetoken" in result["msg"]
    assert "hush" not in result.everything()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"device_token": token(1), "devices": [{"device_token": token(2)}]}, "both given"),
        ({}, "No device is given"),
        ({"device_token": " "}, "No device is given"),
        ({"devices": []}, "empty list"),
        ({"devices": "[]"}, "empty list"),
        (
            {"devices": [{"device_token": token(1)}, {"device_token": " "}]},
            "devices[1].device_token is missing or empty",
        ),
        (
            {"devices": [{"device_token": token(1)}, {"device_token": token(2)}, {"device_token": token(1) + " "}]},
            "devices[2] has the same device_token as devices[0]",
        ),
        (
            {
                "devices": [
                    {"device_token": token(1), "device_uuid": "d-1"},
                    {"device_token": token(2), "device_uuid": "d-1"},
                ]
            },
            "devices[1] has the same device_uuid as devices[0]",
        ),
        ({"device_token": token(1), "group": "Floor-1"}, "group needs project"),
    ],
)
def test_a_bad_choice_of_devices_is_refused(drive, changes, said):
    result = drive(TRIGGER_MODULE, trigger_set=True, **changes)
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    assert said in result["msg"]
    assert "SECRET" not in result.everything()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"device_token": token(1), "project": "Kiosks", "device_name": "k"}, "leave out project and device_name"),
        ({"group": "Floor-1"}, "group needs project"),
        ({"filters": [filter_option("device_state", "online", "is_not")]}, "filters[0].operand"),
    ],
)
def test_a_bad_selection_of_devices_to_read_is_refused(drive, changes, said):
    result = drive("connect_device_info", **changes)
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    assert said in result["msg"]


@pytest.mark.parametrize(
    "changes",
    [
        {"groups": None},
        {"groups": "", "filters": ""},
        {"flow_id": ""},
        {"project": " "},
        {"app": {"name": "ui", "version": ""}},
        {"filters": [filter_option("deployment", "failed")]},
        {"wait_timeout": 0},
        {"all_devices": True},
    ],
)
def test_a_bad_deployment_is_refused_before_the_first_call(drive, changes):
    result = drive("connect_deploy", **{**SMALLEST["connect_deploy"], **changes})
    assert (result["failed"], result["code"]) == (True, "invalid_option")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("connect_deploy", {"flow_id": None}),
        ("connect_deploy", {"project": None}),
        ("connect_deploy", {"filters": [{"type": "tag", "operand": "is_not", "value": None}]}),
        ("connect_deploy", {"app": {"name": "ui", "version": None}}),
        (TRIGGER_MODULE, {"device_token": None, "devices": [{"device_token": None}]}),
    ],
)
def test_null_for_a_required_text_is_refused_before_the_first_call(drive, name, changes):
    result = drive(name, **{**SMALLEST[name], **changes})
    assert result["failed"]
    assert "flow None" not in result["msg"]
    assert "project None" not in result["msg"]
