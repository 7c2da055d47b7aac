# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mark: the same for every spelling of one deployment, another for every other, and found again on devices."""

from __future__ import annotations

import html
import re
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._deploy.plan import marked_updates
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    deploy_request,
    filter_option,
    model_device,
    model_update,
)

NAMES = st.text(min_size=1, max_size=12).filter(str.strip)
FILTERS = st.lists(
    st.one_of(
        st.builds(filter_option, st.sampled_from(["tag", "app"]), NAMES, st.sampled_from(["is", "is_not"])),
        st.builds(filter_option, st.just("device_state"), st.sampled_from(["online", "offline"])),
    ),
    max_size=4,
)
PARAMETERS = st.none() | st.dictionaries(NAMES, st.text(max_size=8), max_size=4)
APPS = st.none() | st.builds(lambda name, version: {"name": name, "version": version}, NAMES, NAMES)
KEYS = st.none() | st.text(max_size=10)
SPECS = st.fixed_dictionaries(
    {
        "flow_id": NAMES,
        "project": NAMES,
        "groups": st.lists(NAMES, min_size=1, max_size=4),
        "filters": FILTERS,
        "app": APPS,
        "parameters": PARAMETERS,
        "deployment_key": KEYS,
    }
)
MARK = deploy_request().mark


def what_matters(spec):
    """The deployment that a specification means, said independently of the code under test."""
    app = spec["app"]
    return (
        spec["flow_id"].strip(),
        spec["project"].strip(),
        frozenset(group.strip() for group in spec["groups"]),
        frozenset((one["type"], one["operand"], one["value"].strip()) for one in spec["filters"]),
        app and (app["name"].strip(), app["version"].strip()),
        frozenset((spec["parameters"] or {}).items()),
        (spec["deployment_key"] or "").strip(),
    )


@given(SPECS, st.data())
def test_order_and_repetition_do_not_change_the_mark(spec, data):
    shuffled = dict(spec)
    for name in ("groups", "filters"):
        repeated = spec[name] + data.draw(st.lists(st.sampled_from(spec[name]), max_size=2)) if spec[name] else []
        shuffled[name] = data.draw(st.permutations(repeated))
    if spec["parameters"]:
        shuffled["parameters"] = dict(data.draw(st.permutations(list(spec["parameters"].items()))))
    assert deploy_request(**spec).mark == deploy_request(**shuffled).mark


@given(SPECS, SPECS)
def test_deployments_share_a_mark_only_when_they_are_the_same(one, other):
    assert (deploy_request(**one).mark == deploy_request(**other).mark) == (what_matters(one) == what_matters(other))


@given(
    SPECS, st.sampled_from(["flow_id", "project", "groups", "filters", "app", "parameters", "deployment_key"]), SPECS
)
def test_changing_one_thing_that_matters_changes_the_mark(spec, name, other):
    changed = {**spec, name: other[name]}
    assume(what_matters(changed) != what_matters(spec))
    assert deploy_request(**changed).mark != deploy_request(**spec).mark


@given(SPECS, SPECS)
def test_fields_do_not_run_into_each_other(spec, other):
    swapped = {**spec, "flow_id": spec["project"], "project": spec["flow_id"]}
    assume(what_matters(swapped) != what_matters(spec))
    assert deploy_request(**swapped).mark != deploy_request(**spec).mark


@given(SPECS, st.text(max_size=300))
def test_comment_and_how_it_is_carried_out_do_not_matter(spec, comment):
    plain = deploy_request(**spec)
    other = deploy_request(
        **spec, comment=comment, retry_failed=True, resend="all", wait=True, wait_timeout=5, max_failures=3
    )
    assert plain.mark == other.mark
    assert other.marked_comment.startswith(plain.mark)
    assert other.metadata["comment"] == other.marked_comment


@given(SPECS)
def test_a_mark_is_24_characters_that_no_encoding_changes(spec):
    mark = deploy_request(**spec).mark
    assert re.fullmatch(r"ans-[0-9a-f]{20}", mark)
    assert quote(mark, safe="") == html.escape(mark) == mark


def test_no_parameters_and_an_empty_mapping_are_the_same_deployment():
    assert deploy_request(parameters=None).mark == deploy_request(parameters={}).mark


def test_the_mark_stays_the_same_from_release_to_release():
    # A new release that computed other marks would send everything once more.
    request = deploy_request(
        filters=[filter_option("tag", "canary")],
        app={"name": "kiosk_ui", "version": "3.2.0"},
        parameters={"ui": "true", "n": "2"},
        deployment_key="CHG-4711",
    )
    assert (MARK, request.mark) == ("ans-ca3c390bff250df975b1", "ans-c7e5761ae62aea993cdc")


def test_parameters_stay_as_they_were_written():
    parameters = {"a": "true", "b": "0755", "c": "3.10", "d": " x "}
    assert deploy_request(parameters=parameters).parameters == parameters


@pytest.mark.parametrize("value", [True, 3, 3.10, 0o755, None, ["a"], {}])
def test_a_parameter_that_is_no_text_is_refused(value):
    with pytest.raises(InvalidInput, match=r"parameters\.a is "):
        deploy_request(parameters={"a": value})


@pytest.mark.parametrize(
    "comment",
    [
        MARK,
        "%s Autumn release" % MARK,
        "  %s\tAutumn" % MARK,
        MARK.upper(),
        MARK.title() + " x",
        "%s%%20Autumn" % MARK,
        "%s&amp; more" % MARK,
        "%s+Autumn" % MARK,
        "%s, then %s" % (MARK, deploy_request(flow_id="other").mark),
    ],
)
def test_a_marked_update_is_found(comment):
    assert len(marked_updates(model_device(updates=(model_update(comment),)), MARK)) == 1


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "Autumn release",
        MARK[:-1],
        MARK + "0",
        MARK + "z",
        MARK.upper() + "F",
        "x" + MARK,
        "repeats %s" % MARK,
        "%s follows %s" % (deploy_request(flow_id="other").mark, MARK),
    ],
)
def test_a_look_alike_is_not_taken_for_the_mark(comment):
    assert marked_updates(model_device(updates=(model_update(comment),)), MARK) == []


@given(st.text(max_size=60), st.integers(min_value=24, max_value=80))
def test_the_mark_survives_a_service_that_cuts_or_escapes_the_rest(comment, length):
    request = deploy_request(comment=comment)
    for stored in (
        request.marked_comment[:length],
        quote(request.marked_comment)[:length],
        html.escape(request.marked_comment)[:length],
    ):
        assert len(marked_updates(model_device(updates=(model_update(stored),)), request.mark)) == 1


TAG, APP = filter_option("tag", "canary"), filter_option("app", "kiosk_ui", "is_not")
SPELLINGS = {
    "groups in another order": ({"groups": ["A", "B"]}, {"groups": ["B", "A"]}),
    "a group twice": ({"groups": ["A"]}, {"groups": ["A", "A"]}),
    "no groups": ({"groups": None, "filters": [TAG]}, {"groups": [], "filters": [TAG]}),
    "filters in another order": ({"filters": [TAG, APP]}, {"filters": [APP, TAG]}),
    "a filter twice": ({"filters": [TAG]}, {"filters": [TAG, TAG]}),
    "the operand left out": ({"filters": [TAG]}, {"filters": [{"type": "tag", "value": "canary"}]}),
    "an empty operand": ({"filters": [TAG]}, {"filters": [{**TAG, "operand": ""}]}),
    "an empty app_version": ({"filters": [TAG]}, {"filters": [{**TAG, "app_version": ""}]}),
    "blanks around the flow": ({"flow_id": "f-1"}, {"flow_id": " f-1 "}),
    "blanks around the app": (
        {"app": {"name": "ui", "version": "3.2"}},
        {"app": {"name": " ui", "version": "3.2 "}},
    ),
    "parameters in another order": ({"parameters": {"a": "1", "b": "2"}}, {"parameters": {"b": "2", "a": "1"}}),
    "blanks around the key": ({"deployment_key": "CHG-1"}, {"deployment_key": " CHG-1 "}),
    "no key": ({"deployment_key": None}, {"deployment_key": ""}),
}
# The service compares names and texts to the letter, so what differs there is another deployment here as well.
DIFFERENT = {
    "case of a group": ({"groups": ["Floor"]}, {"groups": ["floor"]}),
    "composed and decomposed letters": ({"groups": ["Caf\u00e9"]}, {"groups": ["Cafe\u0301"]}),
    "a version with one more zero": (
        {"app": {"name": "ui", "version": "3.2"}},
        {"app": {"name": "ui", "version": "3.20"}},
    ),
    "an integer and a decimal": ({"parameters": {"a": "1"}}, {"parameters": {"a": "1.0"}}),
    "a parameter more": ({"parameters": {"a": ""}}, {"parameters": {}}),
    "is and is_not": ({"filters": [TAG]}, {"filters": [{**TAG, "operand": "is_not"}]}),
    "a group and a tag of one name": ({"groups": ["canary"]}, {"groups": None, "filters": [TAG]}),
}


@pytest.mark.parametrize(("one", "other"), SPELLINGS.values(), ids=SPELLINGS)
def test_what_means_the_same_has_one_mark(one, other):
    assert deploy_request(**one).mark == deploy_request(**other).mark


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_the_service_tells_apart_has_two_marks(one, other):
    assert deploy_request(**one).mark != deploy_request(**other).mark
