# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all modules do alike: options refused before the first call, the account, limits, outages."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils import _module as _options
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import Misconfigured
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Reply
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    DETAILS,
    SMALLEST,
    STATES,
    TRIGGER,
    USER,
    limited,
    lost,
    not_sent,
    page,
    refusal,
    token,
    wire_device,
)

pytestmark = pytest.mark.parametrize("name", SMALLEST)


def finish(wire, name):
    """The rest of a run that finds one device and nothing to do."""
    if name == "connect_update_trigger":
        wire.expect("GET", DETAILS, reply=page([wire_device(1, is_update_trigger_set=True)]))
    else:
        wire.expect("GET", DETAILS, reply=page([wire_device(1, apps=[{"app_name": "ui", "version": "1"}])]))
    if name == "connect_device_info":
        wire.expect("GET", STATES, reply=page([]))
    return {"app": {"name": "ui", "version": "1"}} if name == "connect_deploy" else {}


@pytest.mark.parametrize("given", [None, "", "   ", "\n"])
def test_a_missing_account_token_is_refused_with_both_ways_to_give_it(drive, name, given):
    result = drive(name, **SMALLEST[name], user_token=given)
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    assert "user_token" in result["msg"]
    assert "CONNECT_USER_TOKEN" in result["msg"]


def test_a_token_that_is_not_given_at_all_is_refused_alike(bare_module, name):
    result = bare_module(name, **SMALLEST[name])
    assert result["code"] == "invalid_option"
    assert "CONNECT_USER_TOKEN" in result["msg"]


def test_the_account_token_may_come_from_the_environment(wire, drive, name):
    more = finish(wire, name)
    assert not drive(name, **SMALLEST[name], **more, environment={"CONNECT_USER_TOKEN": USER})["failed"]
    assert wire.sent[0].body["user_token"] == USER


def test_a_task_under_no_log_has_a_result_all_the_same(wire, drive, name):
    more = finish(wire, name)
    assert not drive(name, **{**SMALLEST[name], **more, "_ansible_no_log": True})["failed"]


def test_blanks_around_the_account_token_do_not_count(wire, drive, name):
    more = finish(wire, name)
    assert not drive(name, **{**SMALLEST[name], **more}, user_token=USER + "\n")["failed"]
    assert wire.sent[0].body["user_token"] == USER


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_wrong_account_token_costs_exactly_one_call(wire, drive, name, status):
    wire.expect("GET", DETAILS, reply=refusal("user_token is not valid", status))
    more = {"device_token": None, "devices": [{"device_token": token(n)} for n in range(20)]}
    result = drive(name, **{**SMALLEST[name], **(more if name == "connect_update_trigger" else {})})
    assert (result["failed"], result["code"]) == (True, "unauthorized")
    assert len(wire.sent) == 1


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [(None, 61, 61), ("7", 7, 7), ("0", 1, 1), ("soon", 61, 61), ("99999", 600, 600), ("date", 100, 300)],
    ids=["none", "seconds", "zero", "unreadable", "too long", "date"],
)
def test_a_429_costs_time_not_data(wire, drive, clock, name, header, least, most):
    if header == "date":
        header = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=300), usegmt=True)
    wire.expect("GET", DETAILS, reply=limited(header))
    more = finish(wire, name)
    result = drive(name, **SMALLEST[name], **more, retry_budget=700)
    assert not result["failed"]
    assert least <= clock.now - 1000 <= most
    assert result["api_calls"]["retries"] == 1
    assert result["api_calls"]["waited_seconds"] == pytest.approx(clock.now - 1000, abs=0.1)


def test_a_429_that_the_budget_does_not_cover_is_reported_as_that(wire, drive, name):
    wire.expect("GET", DETAILS, reply=limited("120"))
    result = drive(name, **SMALLEST[name], retry_budget=60)
    assert (result["failed"], result["code"]) == (True, "rate_limited")
    assert "retry_budget" in str(result)


def test_one_lost_reply_to_a_read_does_not_matter(wire, drive, name):
    wire.expect("GET", DETAILS, reply=lost())
    more = finish(wire, name)
    assert not drive(name, **SMALLEST[name], **more)["failed"]


def test_a_service_that_is_not_there_is_reported_as_that(wire, drive, name):
    wire.expect("GET", DETAILS, reply=not_sent(), times=6)
    result = drive(name, **SMALLEST[name])
    assert (result["failed"], result["code"]) == (True, "unreachable")


def test_a_certificate_that_is_not_trusted_costs_one_attempt(wire, drive, name):
    wire.expect("GET", DETAILS, reply=Misconfigured("Give the CA file as ca_path.", code="tls_error"))
    result = drive(name, **SMALLEST[name])
    assert (result["failed"], result["code"]) == (True, "tls_error")


def test_a_redirect_points_to_api_url(wire, drive, name):
    wire.expect("GET", DETAILS, reply=Reply(302, ""))
    if name == "connect_update_trigger":
        wire.expect("GET", DETAILS, {"limit": 1}, reply=page([]))
    result = drive(name, **SMALLEST[name])
    assert (result["failed"], result["code"]) == (True, "request_rejected")
    assert "api_url" in result["msg"]


@pytest.mark.parametrize(
    ("changes", "option", "accepted"),
    [
        ({"timeout": 0}, "timeout", "1 to 600"),
        ({"timeout": 601}, "timeout", "1 to 600"),
        ({"retry_budget": -1}, "retry_budget", "0 to 86400"),
        ({"concurrency": 0}, "concurrency", "1 to 64"),
        ({"concurrency": 65}, "concurrency", "1 to 64"),
        ({"device_calls_per_minute": 4}, "device_calls_per_minute", "0 to 3"),
        ({"device_calls_per_minute": -1}, "device_calls_per_minute", "0 to 3"),
        ({"account_calls_per_minute": -1}, "account_calls_per_minute", "0 to 100000"),
        ({"api_url": "https://"}, "api_url", "https://HOST"),
        ({"api_url": "connect.example"}, "api_url", "https://HOST"),
        ({"api_url": "ftp://connect.example"}, "api_url", "https://HOST"),
        ({"api_url": "https://connect.example:port"}, "api_url", "https://HOST"),
        ({"api_url": "https://me:hush@connect.example"}, "api_url", "https://HOST"),
        ({"api_url": "https://connect.example/?a=1"}, "api_url", "https://HOST"),
        ({"api_url": "http://connect.example"}, "api_url", "allow_http"),
    ],
)
def test_a_bad_connection_option_is_refused_with_what_is_accepted(drive, name, changes, option, accepted):
    result = drive(name, **SMALLEST[name], **changes)
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    assert option in result["msg"]
    assert accepted in result["msg"]
    assert "hush" not in result.everything()


def test_an_api_url_with_a_path_is_refused(drive, name):
    assert drive(name, **SMALLEST[name], api_url="https://connect.example/v1")["code"] == "invalid_option"


@pytest.mark.parametrize(
    "changes",
    [
        {"api_url": ""},
        {"api_url": "http://localhost:8080"},
        {"api_url": "http://127.0.0.1:8080/"},
        {"api_url": "http://[::1]:8080"},
        {"api_url": "http://connect.example", "allow_http": True},
        {"api_url": " https://connect.example:8443/ "},
        {"device_calls_per_minute": 0, "account_calls_per_minute": 0, "retry_budget": 0, "timeout": 600},
    ],
)
def test_an_unusual_but_good_connection_option_is_accepted(wire, drive, name, changes):
    more = finish(wire, name)
    assert not drive(name, **SMALLEST[name], **more, **changes)["failed"]


def test_an_unknown_option_is_named_and_its_value_is_not(drive, name):
    result = drive(name, **SMALLEST[name], usertoken="hush-hush", user_tokens=["hush-hush"])
    assert result["failed"]
    assert "usertoken" in result["msg"]
    assert "hush" not in result.everything()


def test_a_missing_library_is_named(drive, monkeypatch, name):
    monkeypatch.setattr(_options, "REQUESTS_MISSING", "No module named 'requests'")
    result = drive(name, **SMALLEST[name])
    assert (result["failed"], result["code"]) == (True, "missing_library")
    assert "requests" in result["msg"]


def test_check_mode_makes_no_other_calls_than_reads(wire, drive, name):
    wire.expect("GET", DETAILS, reply=page([wire_device(1)]))
    if name == "connect_device_info":
        wire.expect("GET", STATES, reply=page([]))
    result = drive(name, check=True, **SMALLEST[name])
    assert not result["failed"]
    assert result["api_calls"]["writes"] == 0
    assert wire.writes == []
    assert result["changed"] is (name != "connect_device_info")


def test_the_service_s_faults_do_not_end_a_write_without_a_read(wire, drive, name):
    wire.expect("GET", DETAILS, reply=refusal("Internal error", 500), times=6)
    if name == "connect_update_trigger":
        wire.expect("POST", TRIGGER)
        result = drive(name, **SMALLEST[name])
        assert result["changed"]
        assert "not known for certain" in result.warnings[0]
    else:
        assert drive(name, **SMALLEST[name])["failed"]


def test_a_read_that_fails_is_no_doubt_about_a_write(wire, drive, name):
    if name == "connect_update_trigger":
        return  # it writes what it could not read, see above
    wire.expect("GET", DETAILS, reply=refusal("Internal error", 500), times=6)
    assert drive(name, **SMALLEST[name])["code"] != "outcome_unknown"
