# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is documented is what the code does: options, defaults, results and failure codes."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest
import yaml

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils import _errors
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils import _module as _options
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import Reply
from ansible_collections.edgeops.jfrog_connect.tests.unit.support import documentation
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.documentation import (
    PLUGINS,
    documented,
    fragment_options,
    own_options,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    DEPLOY,
    DETAILS,
    SMALLEST,
    STATES,
    TRIGGER,
    deploy_request,
    limited,
    lost,
    message,
    not_sent,
    page,
    refusal,
    wire_device,
    wire_update,
)

FORBIDDEN = {"update", "items", "values", "keys", "get", "pop", "copy", "clear", "setdefault", "popitem", "fromkeys"}
CONNECTION = fragment_options(documentation.CONNECTION)
every_module = pytest.mark.parametrize("name", SMALLEST)


def source(name):
    return importlib.import_module(PLUGINS + "modules." + name)


def returned(name):
    return yaml.safe_load(source(name).RETURN)


def spec_of(name, monkeypatch):
    """The argument spec that main() hands over."""

    class Seen(Exception):
        pass

    def take(_self, spec):
        raise Seen(spec)

    module = source(name)
    monkeypatch.setattr(_options.ConnectModule, "__init__", take)
    with pytest.raises(Seen) as seen:
        module.main()
    return seen.value.args[0]


def assert_same_options(spec: dict[str, Any], docs: dict[str, Any], where: str) -> None:
    assert set(spec) == set(docs), where
    for name, option in spec.items():
        here, text = "%s.%s" % (where, name), docs[name]
        assert option["type"] == text["type"], here
        for key in ("default", "choices", "elements"):
            assert option.get(key) == text.get(key), (here, key)
        assert option.get("required", False) == text.get("required", False), here
        assert text["description"], here
        assert ("options" in option) == ("suboptions" in text), here
        if "options" in option:
            assert_same_options(option["options"], text["suboptions"], here)


def test_the_connection_options_are_those_of_the_fragment():
    assert_same_options(_options.connection_spec(), CONNECTION, "connection")


def test_each_environment_variable_is_named_in_the_text_and_no_other():
    for name, option in _options.connection_spec().items():
        text = " ".join(CONNECTION[name]["description"])
        named = set(re.findall(r"E\((\w+)\)", text)) - {"CONNECT_STATE_DIR"}  # stands beside what it is for
        assert named == set(option["fallback"][1] if "fallback" in option else ()), name


@every_module
def test_options_are_documented_as_they_are(name, monkeypatch):
    assert_same_options(spec_of(name, monkeypatch), own_options(name), name)
    assert documentation.CONNECTION in documented(name)["extends_documentation_fragment"]


@every_module
def test_every_option_that_sounds_secret_says_whether_it_is(name, monkeypatch):
    def walk(spec):
        for option, kind in spec.items():
            if re.search(r"token|secret|pass|key", option):
                assert "no_log" in kind, option
                assert kind["no_log"] is (option.endswith("_token") or "secret" in option), option
                assert "default" not in kind, option
            walk(kind.get("options", {}))

    walk({**_options.connection_spec(), **spec_of(name, monkeypatch)})


@every_module
def test_every_returned_key_has_its_description_type_condition_and_sample(name):
    """A key within another is there whenever that is, and needs no sample where the sample of that shows it."""

    def walk(keys, where, shown=None):
        for key, text in keys.items():
            here = "%s.%s" % (where, key)
            assert key not in FORBIDDEN, here
            assert {"description", "type"} <= set(text), here
            assert text["description"], here
            assert (text["type"] == "list") == ("elements" in text), here
            assert "returned" in text or shown is not None, here
            sample = text.get("sample", (shown or {}).get(key))
            assert sample is not None or "sample" in text, here
            walk(text.get("contains", {}), here, next(iter(sample), {}) if isinstance(sample, list) else sample)

    walk(returned(name), name)


# Results against their documentation


def typed(value: Any, kind: str) -> bool:
    python = {"str": str, "int": int, "float": float, "bool": bool, "dict": dict, "list": list}[kind]
    return value is None or (isinstance(value, python) and not (kind == "int" and isinstance(value, bool)))


def assert_documented(result: dict[str, Any], keys: dict[str, Any], where: str, complete: bool) -> None:
    assert set(result) <= set(keys), "%s returns %s, which is not documented" % (where, set(result) - set(keys))
    if complete:
        assert set(keys) <= set(result), "%s lacks %s" % (where, set(keys) - set(result))
    for key, value in result.items():
        here = "%s.%s" % (where, key)
        assert typed(value, keys[key]["type"]), (here, value)
        contains = keys[key].get("contains")
        if contains:
            for entry in value if isinstance(value, list) else [value]:
                assert_documented(entry, contains, here, complete=True)


def succeed(wire, name):
    entry = wire_device(1, updates=[wire_update("x", "success")], last_keepalive="2026-05-02 01:14:09")
    wire.expect("GET", DETAILS, reply=page([entry]))
    if name == "connect_update_trigger":
        wire.expect("POST", TRIGGER)
    elif name == "connect_deploy":
        wire.expect("POST", DEPLOY)
        wire.expect("GET", DETAILS, reply=page([{**entry, "updates": [wire_update(deploy_request().mark)]}]))
    else:
        wire.expect("GET", STATES, reply=page([]))


@every_module
def test_a_result_has_the_documented_keys_and_no_others(wire, drive, name):
    succeed(wire, name)
    result = dict(drive(name, **SMALLEST[name]))
    keys = returned(name)
    assert keys.pop("code")["returned"] == "failure"
    assert keys.pop("http_status")["returned"].startswith("failure")
    assert result.pop("failed") is False
    result.pop("changed")
    assert_documented(result, keys, name, complete=True)


@every_module
def test_a_failure_has_no_keys_that_are_not_documented(drive, name):
    result = dict(drive(name, **SMALLEST[name], timeout=0))
    assert result.pop("failed") is True
    assert_documented(result, returned(name), name, complete=False)


# Failure codes


def codes_documented(name):
    return set(re.findall(r"V\((\w+)\)", " ".join(returned(name)["code"]["description"])))


def codes_of_rows(name):
    rows = returned(name)["devices"]["contains"]
    return (
        set(re.findall(r"V\((\w+)\)", str(rows["code"]["description"]))) | codes_documented(name)
        if "code" in rows
        else set()
    )


GENERAL = {"invalid_option", "unauthorized", "rate_limited", "banned", "unreachable", "tls_error", "missing_library"}


@every_module
def test_the_codes_of_every_task_are_documented(name):
    assert codes_documented(name) >= GENERAL | {"request_rejected", "no_reply"}
    assert ("outcome_unknown" in codes_documented(name)) is (name != "connect_device_info")


@every_module
def test_no_code_is_documented_that_nothing_raises(name):
    raised = {one.code for one in vars(_errors).values() if isinstance(one, type) and hasattr(one, "code")}
    own = {
        "device_not_found",
        "device_mismatch",
        "verify_failed",
        "unobservable",
        "devices_failed",
        "missing_library",
        "tls_error",
        "no_reply",
    }
    own |= {"rollout_failed", "still_running", "empty_target", "not_sent", "superseded"}
    assert codes_documented(name) <= raised | own


FIRST_REPLIES = {
    "refused": refusal("Nonsense"),
    "no such device": refusal("No such device"),
    "account": refusal("Unknown user"),
    "fault": refusal("Oops", 503),
    "lost": lost(),
    "not sent": not_sent(),
    "limited": limited("1"),
    "unreadable": Reply(200, "<html>"),
    "untrusted": _errors.Misconfigured("certificate", code="tls_error"),
    "banned": _errors.Banned("banned"),
    "redirect": Reply(302, ""),
    "no devices": page([]),
    "words": message("Success"),
}


@every_module
@pytest.mark.parametrize("reply", FIRST_REPLIES.values(), ids=FIRST_REPLIES)
def test_every_code_that_comes_up_is_documented(clock, drive, monkeypatch, name, reply):
    """The service answers everything in the same way."""

    class Parrot:
        async def exchange(self, _call):
            if isinstance(reply, Exception):
                raise reply
            return reply

        def close(self):
            pass

    monkeypatch.setattr(PLUGINS + "module_utils._service.client.HttpTransport", lambda _settings: Parrot())
    result = drive(name, **SMALLEST[name], device_calls_per_minute=0)
    if result["failed"]:
        assert result["code"] in codes_documented(name)
    codes = {row["code"] for row in result.get("devices", []) if row.get("code")}
    assert codes <= codes_of_rows(name)


@pytest.mark.parametrize("code", ["rollout_failed", "still_running", "unobservable", "outcome_unknown", "empty_target"])
def test_the_promised_codes_of_a_deployment_are_documented(code):
    assert code in codes_documented("connect_deploy")
