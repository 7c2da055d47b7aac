# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One reader of options for modules, roles and playbooks: blank is not given, and nothing changes its meaning."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._reading.options import read_options

SPEC = {
    "flow_id": {"type": "str"},
    "user_token": {"type": "str", "no_log": True, "fallback": (None, ["CONNECT_USER_TOKEN"])},
    "timeout": {"type": "int", "default": 30, "fallback": (None, ["CONNECT_TIMEOUT"])},
    "wait": {"type": "bool", "default": True},
    "after": {"type": "str", "choices": ["hold", "release"], "default": "hold"},
    "groups": {"type": "list", "elements": "str"},
    "waves": {"type": "list", "elements": "raw", "default": ["100%"]},
    "windows": {"type": "raw"},
    "parameters": {"type": "dict"},
    "ca_path": {"type": "path"},
    "app": {
        "type": "dict",
        "options": {"name": {"type": "str", "required": True}, "version": {"type": "str", "required": True}},
    },
    "devices": {
        "type": "list",
        "elements": "dict",
        "options": {
            "device_token": {"type": "str", "required": True, "no_log": True},
            "held": {"type": "bool", "default": False},
        },
    },
}
DEFAULTS = {name: option.get("default") for name, option in SPEC.items()}


def read(environ=None, prefix="", **options):
    return read_options(options, SPEC, prefix, environ or {})


def refusal(environ=None, prefix="", **options):
    with pytest.raises(InvalidInput) as refused:
        read(environ, prefix, **options)
    return refused.value.msg


@pytest.mark.parametrize("blank", [None, "", "  ", "\n", "\t\r\n"])
@pytest.mark.parametrize("name", SPEC)
def test_blank_means_not_given_for_each_option(name, blank):
    assert read(**{name: blank}) == DEFAULTS
    assert read({"CONNECT_TIMEOUT": blank or "", "CONNECT_USER_TOKEN": blank or ""}, **{name: blank}) == DEFAULTS


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("flow_id", " f-1\r\n", "f-1"),
        ("flow_id", "3.10", "3.10"),
        ("timeout", "45", 45),
        ("timeout", " 45\n", 45),
        ("timeout", 0, 0),
        ("wait", False, False),
        ("wait", 0, False),
        ("wait", "No ", False),
        ("wait", "OFF", False),
        ("wait", " f", False),
        ("wait", "Y", True),
        ("wait", 1, True),
        ("after", " release ", "release"),
        ("groups", "Floor-1, floor-2,", ["Floor-1", "floor-2"]),
        ("groups", "Floor-1\r\nfloor 2\n", ["Floor-1", "floor 2"]),
        ("groups", '["a,b", " c"]', ["a,b", "c"]),
        ("groups", '\ufeff["a"]', ["a"]),
        ("groups", [" a"], ["a"]),
        ("groups", [], []),
        ("waves", "1, 5%", ["1", "5%"]),
        ("waves", '[1, "5%", {"tag": "canary"}]', [1, "5%", {"tag": "canary"}]),
        ("waves", 1, [1]),
        ("windows", 5, 5),
        ("parameters", '{"a": "1"}', {"a": "1"}),
        ("parameters", "a=1.10 b=2", {"a": "1.10", "b": "2"}),
        ("parameters", {}, {}),
        ("app", '{"name": "ui", "version": "3.10"}', {"name": "ui", "version": "3.10"}),
        ("app", "name=ui version=3.10", {"name": "ui", "version": "3.10"}),
        ("devices", '\ufeff[{"device_token": "t"}]', [{"device_token": "t", "held": False}]),
        ("devices", [{"device_token": "t", "held": "yes"}], [{"device_token": "t", "held": True}]),
    ],
)
def test_what_is_meant_is_read(name, given, value):
    assert read(**{name: given}) == {**DEFAULTS, name: value}


NO_TEXTS = [3.10, 0o755, 90, True, False, 10, date(2026, 11, 23), datetime(2026, 11, 23, 4, 30), 1e400]  # noqa: DTZ001


@pytest.mark.parametrize("given", NO_TEXTS, ids=str)
@pytest.mark.parametrize(
    ("name", "wrap", "where"),
    [
        ("flow_id", lambda value: value, "flow_id"),
        ("ca_path", lambda value: value, "ca_path"),
        ("user_token", lambda value: value, "user_token"),
        ("after", lambda value: value, "after"),
        ("groups", lambda value: ["a", value], "groups[1]"),
        ("app", lambda value: {"name": "ui", "version": value}, "app.version"),
        ("devices", lambda value: [{"device_token": value}], "devices[0].device_token"),
    ],
)
def test_what_yaml_made_of_a_text_is_refused_with_the_cure(name, wrap, where, given):
    said = refusal(**{name: wrap(given)})
    assert said.startswith(where + " is ")
    assert "put it in quotes" in said


@pytest.mark.parametrize(
    ("name", "given", "parts"),
    [
        ("flow_id", ["f-1"], ["flow_id is a list", "one text"]),
        ("flow_id", {"id": 1}, ["flow_id is a mapping", "one text"]),
        ("timeout", True, ["timeout is the boolean true", "whole number"]),
        ("timeout", 1.5, ["timeout is the number 1.5", "whole number"]),
        ("timeout", "1_0", ["timeout is '1_0'", "whole number"]),
        ("timeout", "soon", ["timeout is 'soon'", "whole number"]),
        ("timeout", "\u0663", ["timeout", "whole number"]),
        ("timeout", 10**5000, ["timeout is"]),
        ("timeout", [5], ["timeout is a list"]),
        ("wait", "perhaps", ["wait is 'perhaps'", "true or false"]),
        ("wait", 2, ["wait is the number 2", "true or false"]),
        ("wait", 1.0, ["wait is the number 1.0", "true or false"]),
        ("wait", [], ["wait is a list"]),
        ("after", "Hold!", ["after is 'Hold!'", "accepted: hold, release"]),
        ("groups", False, ["groups is the boolean false", "list of texts"]),
        ("groups", 1.5, ["groups is the number 1.5"]),
        ("groups", [[]], ["groups[0] is a list"]),
        ("groups", [{}], ["groups[0] is a mapping"]),
        ("groups", ["a", " "], ["groups[1] is an empty name"]),
        ("groups", {"a": 1}, ["groups is a mapping"]),
        ("parameters", "a", ["parameters is not a mapping"]),
        ("parameters", [1], ["parameters is not a mapping"]),
        ("app", "kiosk_ui 3.2.0", ["app is not a mapping", "with name, version"]),
        ("app", {"name": "ui"}, ["app.version is missing"]),
        ("app", {"name": "ui", "version": " "}, ["app.version is missing or empty"]),
        ("app", {"nam": "ui", "version": "1"}, ["app.nam is not known", "did you mean name?", "name, version"]),
        ("app", "{'name': 'ui'}", ["app looks like a JSON object", "line 1 column 2", "single quotes"]),
        ("app", "{{ typo }}", ["option 'app' is of type"]),
        ("devices", "kiosk-0001", ["devices is not a list", "device_token, held"]),
        ("devices", {"device_token": "t"}, ["devices is not a list, but a mapping"]),
        ("devices", ["t"], ["devices[0] is not a mapping"]),
        ("devices", [{"device_token": ["t"]}], ["devices[0].device_token is a list"]),
        ("devices", [{"device_token": "t", "tokn": 1}], ["devices[0].tokn is not known"]),
        ("devices", "[" * 50000, ["devices", "nested too deeply"]),
        ("devices", "[" * 60 + "]" * 60, ["devices is nested too deeply"]),
        ("parameters", '{"a": NaN}', ["parameters looks like a JSON object"]),
        ("parameters", '{"a": %s}' % ("9" * 6000), ["parameters"]),
        ("tiemout", 5, ["tiemout is not known (did you mean timeout?)", "flow_id, user_token"]),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_is_not_understood_is_refused_by_name(name, given, parts):
    said = refusal(**{name: given})
    for part in parts:
        assert part in said
    assert len(said) < 400


def test_the_variable_that_the_user_set_is_named():
    assert refusal(prefix="connect_", timeout="x").startswith("connect_timeout is 'x'")
    assert refusal(prefix="connect_", app={"name": 1, "version": "1"}).startswith("connect_app.name is")
    assert refusal({"CONNECT_TIMEOUT": "soon"}).startswith("CONNECT_TIMEOUT (in the environment) is 'soon'")


def test_the_environment_comes_after_the_option_and_before_the_default():
    environ = {"CONNECT_TIMEOUT": " 7 ", "CONNECT_USER_TOKEN": "u\n"}
    assert read(environ)["timeout"] == 7
    assert read(environ)["user_token"] == "u"
    assert read(environ, timeout="8")["timeout"] == 8
    assert read(environ, timeout=" ")["timeout"] == 7


def test_no_secret_is_repeated():
    for options in (
        {"user_token": 12345678},
        {"devices": [{"device_token": 12345678}]},
        {"devices": '[{"device_token": "12345678"'},
        {"devices": "12345678"},
        {"usertoken": "12345678"},
        {"app": "12345678/a=="},
        {"devices": ["12345678/a=b"]},
    ):
        assert "12345678" not in refusal(**options)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(SPEC)), ANYTHING, max_size=3))
def test_anything_is_either_read_or_refused_in_a_sentence(options):
    try:
        found = read(**options)
    except InvalidInput as refused:
        said = refused.msg
    else:
        assert set(found) == set(SPEC)
        for name, kind in (("flow_id", str), ("timeout", int), ("wait", bool), ("groups", list), ("app", dict)):
            value = found[name]
            assert value is None or (isinstance(value, kind) and isinstance(value, bool) is (kind is bool))
        return
    assert any(name in said for name in options)
    assert said.endswith(".")
    assert len(said) < 600


def test_a_long_list_with_one_bad_entry_is_refused_at_once():
    devices = [{"device_token": "t-%d" % number} for number in range(100_000)]
    devices[99_999]["tokn"] = "x"
    assert refusal(devices=devices).startswith("devices[99999].tokn is not known")


@pytest.mark.parametrize("name", ["flow_id", "ca_path", "groups", "windows", "user_token"])
def test_half_of_a_surrogate_pair_is_refused_before_anything_logs_it(name):
    with pytest.raises(InvalidInput) as caught:
        read_options({name: "a\ud800b"}, SPEC)
    assert caught.value.msg == "%s has a character that is half of a surrogate pair; accepted: Unicode text." % name
