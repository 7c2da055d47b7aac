# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of a rollout: what surveys send is what playbooks say, and refusals name the variable."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.request import (
    ROLLOUT_SPEC,
    read_options,
    read_request,
    wave_request,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import filter_option
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import (
    ENTRIES,
    WINDOW,
    entries,
    options,
    request,
    uuid,
    uuids,
)

OVERRIDE = {"reason": "outage", "by": "Ann", "until": "2026-11-23T12:00:00Z"}
SAID = {  # of every option: as a playbook says it, and as a survey or the command line sends it
    "flow_id": ("f-9", " f-9 "),
    "project": ("Kiosks", "Kiosks"),
    "groups": (["A", "B"], "A, B"),
    "filters": (
        [{"type": "tag", "operand": "is", "value": "x", "app_version": None}],
        '[{"type": "tag", "value": "x"}]',
    ),
    "all_devices": (True, "yes"),
    "app": ({"name": "ui", "version": "2"}, '{"name": "ui", "version": "2"}'),
    "comment": ("autumn", "autumn"),
    "parameters": ({"speed": "slow"}, '{"speed": "slow"}'),
    "secret_parameters": ({"password": "sesame"}, '{"password": "sesame"}'),
    "deployment_key": ("CHG-1", "CHG-1"),
    "retry_failed": (True, "true"),
    "waves": ([1, "100%"], '[1, "100%"]'),
    "wave_seed": ("blue", "blue"),
    "thresholds": ({"wave": {"failed": 1}}, '{"wave": {"failed": 1}}'),
    "soak": ("10m", "10m"),
    "wait_timeout": (600, "600"),
    "wait_interval": (10, "10"),
    "max_update_time": ("20m", "20m"),
    "windows": ([WINDOW], json.dumps([WINDOW])),
    "blackouts": ([WINDOW], json.dumps([WINDOW])),
    "override": (OVERRIDE, json.dumps(OVERRIDE)),
    "window_wait": ("2h", "2h"),
    "offline": ("skip", "skip"),
    "foreign_pending": ("allow", "allow"),
    "untracked": ("skip", "skip"),
    "self_managed": (["kiosk-1", "kiosk-2"], "kiosk-1, kiosk-2,"),
    "after": ("restore", "restore"),
    "incomplete_ok": (True, "1"),
    "approved_digest": ("0123456789abcdef", " 0123456789abcdef\n"),
    "rollback_flow_id": ("f-0", "f-0"),
    "rollback_app": ({"name": "ui", "version": "1"}, '{"name": "ui", "version": "1"}'),
    "rollback_outside_window": (True, "yes"),
    "hooks": (
        {"before_window": "a.yml", "before_wave": None, "after_wave": None, "after_window": None},
        '{"before_window": "a.yml"}',
    ),
}
GOES_WITH = {
    "groups": {"all_devices": None},
    "filters": {"all_devices": None},
    "blackouts": {"windows": [WINDOW]},
    "override": {"windows": [WINDOW]},
    "rollback_app": {"rollback_flow_id": "f-0"},
}
every_option = pytest.mark.parametrize("name", ROLLOUT_SPEC)


def test_no_option_is_missing_here():
    assert set(SAID) == set(ROLLOUT_SPEC)


def asked_with(name, value):
    return request(**GOES_WITH.get(name, {}), **{name: value})


@every_option
def test_a_survey_says_what_a_playbook_says(name):
    said, sent = SAID[name]
    by_playbook, by_survey = asked_with(name, said), asked_with(name, sent)
    plain = (" ", "\n", ",")  # what people leave around an answer is not kept
    shown = ["password"] if name == "secret_parameters" else said
    assert _trimmed(by_survey.options[name], plain) == by_playbook.options[name] == shown
    same = [field for field in vars(by_playbook) if field not in ("options", "calendar")]
    assert {field: getattr(by_survey, field) for field in same} == {
        field: getattr(by_playbook, field) for field in same
    }


def _trimmed(value, around):
    if isinstance(value, str):
        return value.strip("".join(around))
    return [entry for entry in value if entry] if isinstance(value, list) else value


@every_option
@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_blank_answer_is_no_answer(name, blank):
    if ROLLOUT_SPEC[name].get("required"):
        with pytest.raises(InvalidInput, match=name):
            read_options(options(**{name: blank}))
        return
    unsaid = {key: value for key, value in options().items() if key != name}
    assert read_options({**unsaid, name: blank}) == read_options(unsaid)


def test_what_is_unknown_is_not_read():
    assert "token" not in read_options({**options(), "token": "t"})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"flow_id": None}, "flow_id"),
        ({"project": None}, "project"),
        ({"all_devices": None}, "Neither groups nor filters are given"),
        ({"groups": ["A"]}, "all_devices is true beside groups or filters"),
        ({"all_devices": None, "groups": ["A", " "]}, "groups[1] is an empty name"),
        ({"all_devices": None, "filters": "canary"}, "filters is not a list; accepted: a list of mappings"),
        ({"all_devices": None, "filters": [{"type": "tags", "value": "x"}]}, "type"),
        ({"app": {"name": "ui"}}, "app"),
        ({"app": {"name": "ui", "version": " "}}, "app.version is missing or empty"),
        ({"parameters": {"a": [1]}}, "parameters.a is a list"),
        ({"waves": [0]}, "waves[0] is 0"),
        ({"thresholds": {"wave": {"broken": 1}}}, "thresholds.wave.broken"),
        ({"soak": "soon"}, "soak is 'soon'"),
        ({"soak": -5}, "soak"),
        ({"wait_timeout": 0}, "wait_timeout is 0; accepted: 1 to"),
        ({"wait_timeout": "1h"}, "wait_timeout"),
        ({"wait_interval": 0}, "wait_interval is 0; accepted: 1 to"),
        ({"max_update_time": 20}, "max_update_time is 20, a number without a unit"),
        ({"max_update_time": "0m"}, "max_update_time is zero"),
        ({"windows": [{"name": "a"}]}, "windows[0]"),
        ({"windows": "nightly"}, "windows"),
        ({"windows": [WINDOW], "blackouts": [{"name": "a", "start": "25:00"}]}, "blackouts[0]"),
        ({"blackouts": [WINDOW]}, "without windows"),
        ({"override": OVERRIDE}, "without windows"),
        ({"windows": [WINDOW], "override": {"reason": "x"}}, "override.by is missing"),
        ({"windows": [WINDOW], "override": {**OVERRIDE, "until": "2026-11-23 12:00"}}, "override.until"),
        ({"offline": "ignore"}, "offline"),
        ({"foreign_pending": "abort"}, "foreign_pending"),
        ({"untracked": "allow"}, "untracked"),
        ({"after": "held"}, "after"),
        ({"incomplete_ok": "perhaps"}, "incomplete_ok"),
        ({"rollback_app": {"name": "ui", "version": "1"}}, "rollback_app needs rollback_flow_id"),
        ({"hooks": {"before": "a.yml"}}, "hooks"),
        ({"hooks": "a.yml"}, "hooks"),
    ],
)
def test_refusals_name_the_variable(changes, said):
    with pytest.raises(InvalidInput) as refused:
        request(**changes)
    assert said in refused.value.msg


def test_defaults():
    asked = request()
    assert (asked.offline, asked.foreign_pending, asked.untracked) == ("hold", "fail", "fail")
    assert asked.after == "hold"
    assert (asked.soak, asked.max_update_time, asked.calendar, asked.override) == (timedelta(0), None, None, None)
    assert (asked.deployment.wait_timeout, asked.incomplete_ok, asked.self_managed) == (3600, False, frozenset())


def test_the_deployment_is_one_whatever_the_waves_are():
    assert request(waves=[1, "100%"]).deployment.mark == request(waves=[{"tag": "canary"}], soak=60).deployment.mark
    assert request(deployment_key="CHG-1").deployment.mark != request().deployment.mark
    assert request(retry_failed=True).deployment.mark == request().deployment.mark


def test_a_comment_that_is_a_number_is_refused_with_the_cure():
    with pytest.raises(InvalidInput, match="comment is the number 2026, not a text: put it in quotes"):
        request(comment=2026)


# The devices


def test_devices_are_known_by_their_uuid_and_those_without_one_cannot_take_part():
    listed = [*entries(1, 2, zone="Asia/Tokyo"), {"device_token": "t-3", "device_uuid": None, "name": "kiosk-3"}]
    asked = read_request(options(), listed)
    assert list(asked.entries) == uuids(1, 2)
    assert [entry.uuid for entry in asked.entries.values()] == uuids(1, 2)
    assert asked.zones == dict.fromkeys(uuids(1, 2), "Asia/Tokyo")


@pytest.mark.parametrize("blank", [None, ""])
def test_a_device_without_a_zone_has_that_of_the_window(blank):
    assert read_request(options(), entries(1, zone=blank)).zones == {uuid(1): None}


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ([], "devices is empty"),
        ([{"device_token": "t-1", "device_uuid": ""}], "none of them has a device_uuid"),
        ([*ENTRIES, ENTRIES[0]], "devices"),
        ([{"device_uuid": uuid(1)}], "device_token"),
    ],
)
def test_devices_that_cannot_be_held_are_refused(listed, said):
    with pytest.raises(InvalidInput) as refused:
        read_request(options(), listed)
    assert said in refused.value.msg


# What a wave and a rollback send


def test_a_wave_is_a_part_of_the_deployment_with_its_mark():
    whole = request(all_devices=None, groups=["A", "B"]).deployment
    part = wave_request(whole, {"groups": ["B"], "device_uuids": uuids(1)}, max_failures=3)
    assert (part.mark, part.wave.groups, part.wave.device_uuids) == (whole.mark, ("B",), {uuid(1)})
    assert part.max_failures == 3
    by_tag = wave_request(whole, {"filters": [filter_option("tag", "canary")], "device_uuids": []})
    assert [(one.type, one.value) for one in by_tag.wave.filters] == [("tag", "canary")]


def test_a_rollback_is_a_deployment_of_its_own_that_reaches_those_who_do_not_match_any_more():
    asked = request(
        all_devices=None,
        groups=["A"],
        rollback_flow_id="f-0",
        rollback_app={"name": "ui", "version": "1"},
        wait_timeout=60,
        wait_interval=5,
    )
    back = asked.rollback
    assert (back.flow_id, back.project, back.groups, back.filters) == ("f-0", "Kiosks", (), ())
    assert (back.app, back.include_current, back.max_failure_percent) == (("ui", "1"), True, 100)
    assert (back.wait, back.wait_timeout, back.wait_interval) == (True, 60, 5)
    assert back.comment == "Rollback of %s" % asked.deployment.mark
    assert back.mark != asked.deployment.mark
    again = request(all_devices=None, groups=["A"], rollback_flow_id="f-0", deployment_key="CHG-2")
    assert len({again.rollback.mark, back.mark, request(rollback_flow_id="f-0").rollback.mark}) == 3
    assert request().rollback is None


# What an approval covers


def test_rules_are_as_read_whatever_the_spelling():
    by_playbook = request(windows=[WINDOW], soak="10m", self_managed=["b", "a"], thresholds={"wave": {"failed": 1}})
    by_survey = request(
        windows=json.dumps([WINDOW]), soak="600s", self_managed="a, b", thresholds='{"wave": {"failed": "1"}}'
    )
    assert by_playbook.rules() == by_survey.rules()


def test_every_option_is_covered_by_an_approval_or_decides_nothing():
    """An option that is added has to be put into one of these lists."""
    by_the_mark = {"flow_id", "project", "groups", "filters", "all_devices", "app", "deployment_key"}
    by_the_mark |= {"parameters", "secret_parameters"}
    by_itself = {"comment", "waves", "wave_seed"}  # wave_seed by the devices of the waves
    of_progress = {"wait_interval", "window_wait", "incomplete_ok", "approved_digest", "hooks"}
    assert set(request().rules()) == set(ROLLOUT_SPEC) - by_the_mark - by_itself - of_progress | {"calendars"}


def test_of_secret_parameters_the_options_and_the_repr_hold_the_names_alone():
    """The options are written into the evidence."""
    asked = request(parameters={"speed": "slow"}, secret_parameters={"b": "open sesame", "a": "abracadabra"})
    assert asked.options["secret_parameters"] == ["a", "b"]
    assert asked.deployment.parameters == {"speed": "slow", "b": "open sesame", "a": "abracadabra"}
    assert "sesame" not in repr(asked)


def test_only_hooks_that_are_given_run():
    asked = request(hooks={"before_wave": "a.yml", "after_wave": "", "after_window": None})
    assert asked.hooks == {"before_wave"}


def test_an_approval_covers_the_content_of_a_calendar_file(tmp_path):
    """Promise 11: another text at the same path is another plan."""
    file = tmp_path / "windows.ics"

    def rules(hour: int):
        lines = ("BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z")
        when = ("DTSTART:20261124T%02d0000Z" % hour, "DURATION:PT4H", "RRULE:FREQ=DAILY", "END:VEVENT", "END:VCALENDAR")
        file.write_text("\r\n".join([*lines, *when, ""]), encoding="utf-8")
        return request(windows=[{"name": "cal", "timezone": "UTC", "calendar": str(file)}]).rules()

    assert rules(1) == rules(1)
    assert rules(1) != rules(2)
