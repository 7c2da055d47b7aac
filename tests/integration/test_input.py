# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input is refused before the first request, with a message that names the option and what to do, and no token."""

from __future__ import annotations

import pytest

WRONG = "t-LEAKED/0123456789=abcdef"  # stands where a token does not belong
PASSWORD = "pw-LEAKED-0123456789"
TRIGGER, DEPLOY, INFO = "connect_update_trigger", "connect_deploy", "connect_device_info"
ONE = {"trigger_set": True, "device_token": "{{ one }}"}
FLOW = {"flow_id": "f-77aa-01bc", "project": "Kiosks"}
PLACE = {"project": "Kiosks"}


def _filter(**changes):
    return {"filters": [{"type": "tag", "value": "canary", **changes}]}


# Name: module, options, and what the message must name.
CASES = {
    "user_token missing": (INFO, {"user_token": None}, ["user_token", "CONNECT_USER_TOKEN"]),
    "user_token empty": (INFO, {"user_token": ""}, ["user_token", "CONNECT_USER_TOKEN"]),
    "user_token blank": (INFO, {"user_token": "  "}, ["user_token", "CONNECT_USER_TOKEN"]),
    "user_token missing to hold": (TRIGGER, {**ONE, "user_token": None}, ["user_token", "CONNECT_USER_TOKEN"]),
    "user_token missing to deploy": (
        DEPLOY,
        {**FLOW, "all_devices": True, "user_token": None},
        ["user_token", "CONNECT_USER_TOKEN"],
    ),
    "device_token and devices": (
        TRIGGER,
        {**ONE, "devices": [{"device_token": "{{ two }}"}]},
        ["device_token and devices", "use device_token for one"],
    ),
    "neither": (TRIGGER, {"trigger_set": True}, ["device_token", "devices"]),
    "empty list": (TRIGGER, {"trigger_set": True, "devices": []}, ["devices", "empty list", "at least one"]),
    "empty device_token": (
        TRIGGER,
        {"trigger_set": True, "device_token": ""},
        ["No device is given", "device_token for one"],
    ),
    "empty device_token in a list": (
        TRIGGER,
        {"trigger_set": True, "devices": [{"device_token": "{{ one }}"}, {"device_token": ""}]},
        ["devices[1].device_token is missing or empty"],
    ),
    "no device_token in a list": (
        TRIGGER,
        {"trigger_set": True, "devices": [{"name": "kiosk-1"}]},
        ["device_token", "devices"],
    ),
    "a device twice": (
        TRIGGER,
        {"trigger_set": True, "devices": [{"device_token": "{{ one }}"}, {"device_token": "{{ one }}"}]},
        ["devices[1] has the same device_token as devices[0]", "once"],
    ),
    "a token in place of the list": (TRIGGER, {"trigger_set": True, "devices": WRONG}, ["devices is not a list"]),
    "tokens in place of mappings": (
        TRIGGER,
        {"trigger_set": True, "devices": [WRONG]},
        ["devices[0] is not a mapping", "device_token"],
    ),
    "broken JSON": (
        TRIGGER,
        {"trigger_set": True, "devices": '[{"device_token": "%s"' % WRONG},
        ["devices looks like a JSON list", "line 1 column"],
    ),
    "group without project": (TRIGGER, {**ONE, "group": "Floor-1"}, ["group needs project"]),
    "misspelt option": (TRIGGER, {**ONE, "device_tokn": WRONG}, ["device_tokn", "device_token"]),
    "misspelt connection option": (INFO, {"user_tokn": WRONG}, ["user_tokn", "user_token"]),
    "misspelt option in a list": (
        TRIGGER,
        {"trigger_set": True, "devices": [{"device_token": "{{ one }}", "tokn": WRONG}]},
        ["tokn", "device_token"],
    ),
    "plain http to another machine": (
        INFO,
        {**PLACE, "api_url": "http://192.0.2.1"},
        ["api_url", "https", "allow_http: true"],
    ),
    "plain http to another machine to hold": (
        TRIGGER,
        {**ONE, "api_url": "http://192.0.2.1"},
        ["api_url", "https", "allow_http: true"],
    ),
    "not an address": (INFO, {"api_url": "connect.example.org"}, ["api_url", "https://HOST"]),
    "a password in the address": (
        INFO,
        {"api_url": "https://user:%s@connect.example.org" % PASSWORD},
        ["api_url", "https://HOST"],
    ),
    "concurrency": (INFO, {"concurrency": 0}, ["concurrency is 0", "1 to 64"]),
    "more calls than the service allows": (
        INFO,
        {"device_calls_per_minute": 4},
        ["device_calls_per_minute is 4", "0 to 3"],
    ),
    "timeout": (INFO, {"timeout": 0}, ["timeout is 0", "1 to 600"]),
    "wrong operand": (
        DEPLOY,
        {**FLOW, **_filter(type="device_state", operand="is_not", value="online")},
        ["filters[0].operand", "is_not", "device_state"],
    ),
    "unknown operand": (DEPLOY, {**FLOW, **_filter(operand="isnt")}, ["operand", "is_not", "isnt", "filters"]),
    "unknown filter type": (DEPLOY, {**FLOW, **_filter(type="colour")}, ["type", "tag", "colour", "filters"]),
    "unknown filter type to read": (INFO, {**PLACE, **_filter(type="colour")}, ["type", "tag", "colour", "filters"]),
    "wrong device_state": (
        DEPLOY,
        {**FLOW, **_filter(type="device_state", value="on")},
        ["filters[0].value", "'on'", "online, offline"],
    ),
    "wrong update_status": (
        DEPLOY,
        {**FLOW, **_filter(type="update_status", value="done")},
        ["filters[0].value", "'done'", "success"],
    ),
    "two devices in filters": (
        DEPLOY,
        {
            **FLOW,
            "filters": [{"type": "specific_device", "value": "d-1"}, {"type": "specific_device", "value": "d-2"}],
        },
        ["specific_device", "every filter must hold"],
    ),
    "empty filter value": (DEPLOY, {**FLOW, **_filter(value="")}, ["filters[0].value", "empty"]),
    "no groups and no filters": (DEPLOY, FLOW, ["groups", "filters", "all_devices: true"]),
    "empty groups and filters": (DEPLOY, {**FLOW, "groups": [], "filters": []}, ["groups", "all_devices: true"]),
    "an empty group": (DEPLOY, {**FLOW, "groups": [""]}, ["groups", "empty name"]),
    "all_devices beside groups": (
        DEPLOY,
        {**FLOW, "groups": ["Floor-1"], "all_devices": True},
        ["all_devices", "groups"],
    ),
    "empty flow_id": (DEPLOY, {**FLOW, "flow_id": "", "all_devices": True}, ["flow_id is missing or empty"]),
    "version without parameters": (
        DEPLOY,
        {**FLOW, **_filter(type="app", value="kiosk_ui", app_version="3.1.0")},
        ["app_version", "parameters"],
    ),
    "wait_interval": (DEPLOY, {**FLOW, **_filter(), "wait_interval": 0}, ["wait_interval is 0", "1 to 3600"]),
    "max_failure_percent": (
        DEPLOY,
        {**FLOW, **_filter(), "max_failure_percent": 101},
        ["max_failure_percent is 101", "0 to 100"],
    ),
    "a text for a mapping": (DEPLOY, {**FLOW, **_filter(), "app": "kiosk_ui " + WRONG}, ["app is not a mapping"]),
    "a list for a mapping": (DEPLOY, {**FLOW, **_filter(), "wave": [WRONG]}, ["wave is not a mapping"]),
    "a text in a wave": (DEPLOY, {**FLOW, **_filter(), "wave": {"filters": "x"}}, ["wave.filters is not a list"]),
    "a boolean for a number": (INFO, {"timeout": True}, ["timeout is the boolean true", "whole number"]),
    "a number for a text": (DEPLOY, {**FLOW, "groups": [1]}, ["groups[0] is the number 1", "put it in quotes"]),
    "a boolean for a list": (DEPLOY, {**FLOW, "groups": False}, ["groups is the boolean false", "list of texts"]),
    "a version that YAML cut": (
        DEPLOY,
        {**FLOW, **_filter(), "app": {"name": "kiosk_ui", "version": 3.10}},
        ["app.version is the number 3.1", "put it in quotes"],
    ),
    "a list nested deeply": (
        TRIGGER,
        {"trigger_set": True, "devices": "[" * 50000},
        ["devices looks like a JSON list", "nested too deeply"],
    ),
    "no options to hold": (TRIGGER, {"user_token": None}, ["trigger_set"]),
    "no options to deploy": (DEPLOY, {"user_token": None}, ["flow_id", "project"]),
}


@pytest.fixture(scope="module")
def fleet(start_emulator):
    return start_emulator(devices=4)


@pytest.fixture(scope="module")
def refusals(fleet, make_ansible):
    """One play in which each case is a task."""
    tasks = []
    for name, (module, options, _named) in CASES.items():
        given = {"user_token": "{{ user_token }}", **options}
        given = {option: value for option, value in given.items() if value is not None}
        tasks.append({"name": name, "edgeops.jfrog_connect." + module: given, "ignore_errors": True})
    one, two = (device["device_token"] for device in fleet.devices()[:2])
    no_default = {"user_token": None}  # so that a case can do without
    return make_ansible().playbook(tasks, "-vvvv", emulator=fleet, defaults=no_default, one=one, two=two).succeeded()


@pytest.mark.smoke
def test_nothing_is_sent_and_all_are_refused(fleet, refusals):
    assert fleet.stats()["calls"] == {}
    assert [record["task"] for record in refusals.records if record["status"] == "failed"] == list(CASES)


@pytest.mark.smoke
def test_no_token_is_shown(fleet, refusals, assert_no_token):
    assert_no_token(refusals, [fleet.user_token, WRONG])
    assert_no_token(refusals, [device["device_token"] for device in fleet.devices()])


def test_no_password_is_shown(refusals, assert_no_token):
    assert_no_token(refusals, [PASSWORD])


@pytest.mark.parametrize("name", CASES)
def test_the_message_names_the_option_and_the_remedy(refusals, name):
    result = refusals[name]
    for part in CASES[name][2]:
        assert part in result["msg"]
    assert not result.get("changed")
    assert "Traceback" not in result["msg"] + result.get("module_stderr", "")
    assert result["code"] == "invalid_option"
