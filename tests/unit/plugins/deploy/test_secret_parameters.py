# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""secret_parameters: the service receives them, the mark depends on them, and no person sees their values."""

from __future__ import annotations

import hashlib
import json

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils import _secrets
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.request import DEPLOY_SPEC, DeployRequest
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._reading.options import read_options
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    DEPLOY_V2,
    DETAILS,
    SMALLEST,
    USER,
    deploy_request,
    page,
    refusal,
    wire_device,
    wire_update,
)

NAME = "connect_deploy"
PASSWORD, KEY = 'hünter "2"/&<> =+  x', "-----BEGIN KEY-----\nMIIEvQ/+AB==\nAAAA\n-----END KEY-----\n"
SECRETS = {"wifi_password": PASSWORD, "client_key": KEY}
PARAMETERS = {"wifi_name": "kiosks"}
OPTIONS = {**SMALLEST[NAME], "parameters": PARAMETERS, "secret_parameters": SECRETS}
MARK = deploy_request(parameters=PARAMETERS, secret_parameters=SECRETS).mark


def assert_hidden(result, *secrets):
    said = result.everything()
    for secret in secrets or SECRETS.values():
        spelled = {one for text in (secret, secret.strip()) for one in _secrets.spellings(text)}
        parts = {part for part in secret.splitlines() if len(part) > 6}
        assert not [one for one in spelled | parts if one in said or json.dumps(one)[1:-1] in said]


def look(wire, *statuses, mark=MARK):
    for status in statuses:
        shown = wire_device(1, updates=[wire_update(mark, status)] if status else [])
        wire.expect("GET", DETAILS, reply=page([shown]))


# What is sent and shown


def test_the_flow_gets_one_mapping_and_the_result_shows_the_names(wire, drive):
    look(wire, None)
    body = {"parameters_mapping": {**PARAMETERS, **SECRETS}, "metadata": {"comment": MARK}}
    wire.expect("POST", DEPLOY_V2, body)
    look(wire, "pending")
    result = drive(NAME, **OPTIONS, diff=True)
    assert (result["failed"], result["changed"]) == (False, True)
    assert result["deployment"]["secret_parameters"] == ["client_key", "wifi_password"]
    assert_hidden(result)


def test_check_mode_and_the_second_run_hide_them_too(wire, drive):
    look(wire, None, "success")
    assert_hidden(drive(NAME, **OPTIONS, check=True, diff=True))
    again = drive(NAME, **OPTIONS)
    assert not again["changed"]
    assert_hidden(again)


def test_they_need_no_parameters_beside_them_and_may_be_the_text_of_a_survey(wire, drive):
    mark = deploy_request(secret_parameters=SECRETS).mark
    look(wire, None)
    wire.expect("POST", DEPLOY_V2, {"parameters_mapping": SECRETS, "metadata": {"comment": mark}})
    look(wire, "pending", mark=mark)
    result = drive(NAME, **SMALLEST[NAME], secret_parameters=json.dumps(SECRETS))
    assert result["changed"]
    assert_hidden(result)


@pytest.mark.parametrize("tail", ["", " and more" * 1000], ids=["short", "long"])
@pytest.mark.parametrize("secret", [PASSWORD, KEY, "correct horse battery staple"])
@pytest.mark.parametrize("spell", [str, json.dumps, lambda text: text.encode().hex()], ids=["plain", "json", "hex"])
def test_what_the_service_echoes_is_hidden(wire, drive, tail, secret, spell):
    options = {**SMALLEST[NAME], "secret_parameters": {"one": secret}}
    mark = deploy_request(secret_parameters={"one": secret}).mark
    echo = refusal("not this one: '%s'%s" % (spell(secret), tail))
    look(wire, None)
    wire.expect("POST", DEPLOY_V2, reply=echo)
    result = drive(NAME, **options)
    assert result["failed"]
    assert mark in str(result["deployment"])
    assert_hidden(result, secret)


@pytest.mark.parametrize("at", range(3900, 4000, 9))
def test_no_part_is_left_where_a_long_echo_is_cut(wire, drive, at):
    secret = "correct horse battery staple " * 5
    look(wire, None, mark="")
    echoed = (secret * 100)[: at - at % len(secret)] + secret
    wire.expect("POST", DEPLOY_V2, reply=refusal(echoed, 400))
    result = drive(NAME, **SMALLEST[NAME], secret_parameters={"phrase": secret})
    assert result["failed"]
    assert "horse" not in result.everything()
    assert "HTTP 400" in result.everything()


@pytest.mark.parametrize("spell", [str, json.dumps, lambda text: text.encode().hex()], ids=["plain", "json", "hex"])
@pytest.mark.parametrize("secret", SECRETS.values())
def test_a_value_is_hidden_in_other_words_too(wire, drive, secret, spell):
    """In one's own comment, and in the name that somebody gave a device."""
    device = wire_device(1, device_name="kiosk " + spell(secret), updates=[wire_update(MARK, "success")])
    wire.expect("GET", DETAILS, reply=page([device]))
    result = drive(NAME, **OPTIONS, comment="as before: " + spell(secret), diff=True)
    assert not result["changed"]
    assert "***" in result["deployment"]["comment"]
    assert "***" in result["devices"][0]["name"]
    assert_hidden(result)


# What is refused, before the first call


@pytest.mark.parametrize(
    ("given", "parts"),
    [
        ({"pin": 12345678}, ["secret_parameters.pin is a number", "put it in quotes"]),
        ({"pin": 12345.5}, ["secret_parameters.pin is a number", "put it in quotes"]),
        ({"pin": True}, ["secret_parameters.pin is a boolean", "put it in quotes"]),
        ({"pin": None}, ["secret_parameters.pin is null"]),
        ({"pin": ["abcdefgh"]}, ["secret_parameters.pin is a list", "one text"]),
        ({"pin": {"a": "abcdefgh"}}, ["secret_parameters.pin is a mapping", "one text"]),
        ('{"pin": 12345678}', ["secret_parameters.pin is a number"]),
        ('{"pin": "12345678"', ["secret_parameters looks like a JSON object"]),
        ("pin=12345678", ["secret_parameters is not a mapping"]),
        ("12345678", ["secret_parameters is not a mapping"]),
        ({"pin": ""}, ["secret_parameters.pin has fewer than 6 characters", "longer value"]),
        ({"pin": "  12345  "}, ["secret_parameters.pin has fewer than 6 characters"]),
        (
            {"pin": "e", "pan": "abcdefgh"},
            ["secret_parameters.pin has fewer than 6 characters, so it cannot be hidden"],
        ),
    ],
    ids=str,
)
def test_what_is_no_text_or_too_short_is_refused_with_the_cure_and_not_shown(drive, given, parts):
    result = drive(NAME, **SMALLEST[NAME], secret_parameters=given)
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    for part in parts:
        assert part in result["msg"]
    assert not [one for one in ("12345", "abcdefgh", "boolean true") if one in result.everything()]


def test_a_name_in_both_is_refused_by_name(drive):
    given = {"parameters": {"a": "public", "wifi_password": "public"}, "secret_parameters": SECRETS}
    result = drive(NAME, **SMALLEST[NAME], **given)
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    assert result["msg"].startswith("wifi_password is both in parameters and in secret_parameters")
    assert_hidden(result)
    numbered = drive(
        NAME, **SMALLEST[NAME], parameters={"1": "x", "2": "y"}, secret_parameters=dict.fromkeys("12", KEY)
    )
    assert numbered["msg"].startswith("1, 2 are both in")


# The mark


def test_the_mark_is_another_for_another_value_name_token_or_place():
    def mark(user_token=USER, **given):
        return DeployRequest.read(
            {**read_options({**SMALLEST[NAME], **given}, DEPLOY_SPEC), "user_token": user_token}
        ).mark

    one, other = {"a": "secret-1"}, {"a": "secret-2"}
    several = [
        mark(secret_parameters=one),
        mark(secret_parameters=other),
        mark(secret_parameters={"b": "secret-1"}),
        mark(secret_parameters={**one, "b": "secret-1"}),
        mark(secret_parameters=one, user_token="another"),
        mark(secret_parameters=one, parameters={"b": "secret-1"}),
        mark(parameters=one),
        mark(),
    ]
    assert len(set(several)) == len(several)
    assert mark(user_token="another") == mark() == mark(secret_parameters={})  # as ever
    assert mark(secret_parameters={**one, "b": "secret-1"}) == mark(secret_parameters={"b": "secret-1", **one})


def test_the_request_holds_no_plain_hash_of_a_secret_and_does_not_show_it():
    asked = deploy_request(secret_parameters=SECRETS)
    plain = json.dumps(sorted(SECRETS.items())).encode("ascii")
    assert asked.secret_print not in (hashlib.sha256(plain).hexdigest(), "")
    assert PASSWORD not in repr(asked)
    # With any other key it is another one, so that nobody without the token can try out a guess.
    keys = ("", "0", USER[:-1])
    options = read_options({**SMALLEST[NAME], "secret_parameters": SECRETS}, DEPLOY_SPEC)
    prints = {DeployRequest.read({**options, "user_token": key}).secret_print for key in keys}
    assert len(prints | {asked.secret_print}) == 4
