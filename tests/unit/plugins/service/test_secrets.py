# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No token in any spelling reaches a result, a warning or the log, whatever fails."""

from __future__ import annotations

import importlib
import json
from urllib.parse import quote

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Call, Reply
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._trigger.plan import Entry
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    DEPLOY,
    DETAILS,
    SMALLEST,
    STATES,
    TRIGGER,
    USER,
    limited,
    lost,
    not_sent,
    page,
    patch_module_args,
    refusal,
    spellings,
    token,
    wire_device,
    wire_update,
)

TRIGGER_MODULE = "connect_update_trigger"
ECHOES = sorted({*spellings(USER), *spellings(token(1))})
SENT = [(name, secret) for name in SMALLEST for secret in (ECHOES if name == TRIGGER_MODULE else spellings(USER))]


def assert_silent(result, *secrets):
    said = result.everything()
    for secret in (USER, token(1), token(2), *secrets):
        for spelled in spellings(secret):
            assert spelled not in said, spelled


def echo(status, secret):
    return refusal("Sorry, '%s' is no good; tried %s" % (secret, secret), status)


@pytest.mark.parametrize(("name", "secret"), SENT)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500])
def test_an_echo_of_a_token_is_not_passed_on(wire, drive, name, secret, status):
    wire.expect("GET", DETAILS, reply=echo(status, secret), times=6 if status == 500 else 1)
    if name == TRIGGER_MODULE:
        if status == 500:
            wire.expect("POST", TRIGGER, reply=echo(status, secret), times=6)
        else:
            wire.expect("GET", DETAILS, {"limit": 1}, reply=echo(status, USER))
    result = drive(name, **SMALLEST[name], device_calls_per_minute=0)
    assert result["failed"]
    assert_silent(result)


@pytest.mark.parametrize("name", SMALLEST)
@pytest.mark.parametrize("text", ["<html>%s</html>", '{"message": "%s"}', '"%s"', '{"devices": "%s"}'])
def test_a_body_that_is_not_understood_is_not_shown(wire, drive, name, text):
    wire.expect("GET", DETAILS, reply=Reply(200, text % USER), times=6)
    if name == TRIGGER_MODULE:
        wire.expect("POST", TRIGGER, reply=Reply(400, text % token(1)))
        wire.expect("GET", DETAILS, {"limit": 1}, reply=page([]))
    result = drive(name, **SMALLEST[name], device_calls_per_minute=0)
    assert result["failed"]
    assert_silent(result)


@pytest.mark.parametrize("name", SMALLEST)
@pytest.mark.parametrize("fault", [not_sent(), limited("1")], ids=["outage", "limit"])
def test_an_outage_and_a_limit_are_silent(wire, drive, name, fault):
    calls = 6 if isinstance(fault, Exception) else 4
    wire.expect("GET", DETAILS, reply=fault, times=calls)
    result = drive(name, **SMALLEST[name], device_calls_per_minute=0)
    assert result["failed"]
    assert_silent(result)


@pytest.mark.parametrize("secret", ECHOES)
@pytest.mark.parametrize("reply", ["refused", "lost"])
def test_a_write_that_fails_is_silent(wire, drive, secret, reply):
    wire.expect("GET", DETAILS, reply=page([wire_device(1)]))
    answer = lost() if reply == "lost" else echo(400, "device " + secret)
    wire.expect("POST", TRIGGER, reply=answer, times=6 if reply == "lost" else 1)
    result = drive(TRIGGER_MODULE, **SMALLEST[TRIGGER_MODULE], device_calls_per_minute=0)
    assert result["failed"]
    assert_silent(result)


@pytest.mark.parametrize("secret", spellings(USER))
def test_a_deployment_that_fails_is_silent(wire, drive, secret):
    wire.expect("GET", DETAILS, reply=page([wire_device(1)]))
    wire.expect("POST", DEPLOY, reply=echo(400, secret))
    result = drive("connect_deploy", **SMALLEST["connect_deploy"])
    assert result["code"] == "request_rejected"
    assert_silent(result)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        (TRIGGER_MODULE, {"devicetoken": token(1), "trigger_set": True}),
        (TRIGGER_MODULE, {"devices": token(1), "trigger_set": True}),
        (TRIGGER_MODULE, {"devices": '[{"device_token": "%s",}]' % token(1), "trigger_set": True}),
        (TRIGGER_MODULE, {"devices": "{'device_token': '%s'}" % token(1), "trigger_set": True}),
        (TRIGGER_MODULE, {"devices": [token(1)], "trigger_set": True}),
        (TRIGGER_MODULE, {"devices": [{"token": token(1)}], "trigger_set": True}),
        (TRIGGER_MODULE, {"devices": [{"device_token": token(1), "uuid": token(2)}], "trigger_set": True}),
        (TRIGGER_MODULE, {"devices": [{"device_token": token(1)}] * 2, "trigger_set": True}),
        (TRIGGER_MODULE, {"devices": {token(1): token(2)}, "trigger_set": True}),
        (TRIGGER_MODULE, {"device_token": token(1), "devices": [{"device_token": token(2)}], "trigger_set": True}),
        (TRIGGER_MODULE, {"device_token": token(1)}),
        (TRIGGER_MODULE, {"device_token": token(1), "trigger_set": "perhaps"}),
        ("connect_deploy", {"flow_id": "f-1", "project": "Kiosks", "filters": "[%s]" % token(1)}),
        ("connect_deploy", {"flow_id": "f-1", "project": "Kiosks", "token": token(1)}),
        ("connect_deploy", {"flow_id": "f-1", "project": "Kiosks", "app": {"token": token(1)}}),
        ("connect_device_info", {"device_token": token(1), "project": "Kiosks"}),
        ("connect_device_info", {"token": token(1)}),
        ("connect_device_info", {"api_url": "https://%s@connect.example" % token(1).replace("/", "")}),
    ],
)
def test_refused_options_are_silent(drive, name, params):
    result = drive(name, **params)
    assert result["failed"]
    assert_silent(result, token(1).replace("/", ""))


@pytest.mark.parametrize(
    ("name", "params"),
    [
        (TRIGGER_MODULE, {"devices": [{"device_token": token(1), "name": "one"}], "trigger_set": True}),
        (TRIGGER_MODULE, {"device_token": token(1), "trigger_set": True}),
        ("connect_device_info", {"project": "Kiosks"}),
    ],
)
def test_success_is_silent_too_and_the_log_names_no_token(wire, drive, name, params):
    wire.expect("GET", DETAILS, reply=page([wire_device(1, updates=[wire_update("x")])]))
    if name == TRIGGER_MODULE:
        wire.expect("POST", TRIGGER)
    else:
        wire.expect("GET", STATES, reply=page([]))
    result = drive(name, diff=True, **params)
    assert not result["failed"]
    assert "Invoked with" in result.logged
    assert_silent(result)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        (TRIGGER_MODULE, {"usertoken": USER, "device_token": token(1), "trigger_set": True}),
        (TRIGGER_MODULE, {"devices": [{"device_token": token(1), "token": token(2)}], "trigger_set": True}),
        (TRIGGER_MODULE, {"devices": [token(1)], "trigger_set": True}),
        (TRIGGER_MODULE, {"devices": '[{"device_token": "%s"' % token(1), "trigger_set": True}),
        (TRIGGER_MODULE, {"devices": token(1), "trigger_set": True}),
        ("connect_deploy", {"flow_id": "f-1", "project": "Kiosks", "user_tokens": [USER, token(1)]}),
        ("connect_device_info", {"filters": "[%s]" % token(1)}),
        ("connect_device_info", {"device_token": token(1), "project": "Kiosks"}),
        ("connect_device_info", {"api_url": "https://me:%s@connect.example" % quote(token(1), safe="")}),
        ("connect_device_info", {"api_url": "https://me:%s@connect.example:port" % quote(token(1), safe="")}),
    ],
)
@pytest.mark.parametrize("account", [None, USER])
def test_what_ansible_prints_of_refused_options_is_silent(capsys, name, params, account):
    """The real end of a module: Ansible adds the options that the module was started with."""
    module = importlib.import_module("ansible_collections.edgeops.jfrog_connect.plugins.modules." + name)
    with patch_module_args({**params, "user_token": account}), pytest.raises(SystemExit) as end:
        module.main()
    printed = capsys.readouterr().out
    assert end.value.code == 1
    assert json.loads(printed)["failed"] is True
    for secret in (USER, token(1), token(2)):
        for spelled in spellings(secret):
            assert spelled not in printed


@pytest.mark.parametrize("blank", ["\n", " ", "\r\n"])
def test_a_token_with_a_line_end_is_not_passed_on_without_it(wire, drive, blank):
    wire.expect("GET", DETAILS, reply=refusal("user_token '%s' is not valid" % USER))
    result = drive("connect_device_info", user_token=USER + blank, project="Kiosks")
    assert result["failed"]
    assert_silent(result)


def test_what_carries_a_token_does_not_show_it():
    for one in (
        Call("GET", DETAILS, {"user_token": USER}, token(1)),
        Entry(token(1), "d-0001", "kiosk-1", "devices[0]"),
    ):
        assert "SECRET" not in repr(one)
