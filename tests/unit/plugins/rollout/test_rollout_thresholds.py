# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Does a rollout go on? Counts and parts, for each kind of trouble, with too few devices, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.thresholds import (
    STRICT,
    TROUBLES,
    Counts,
    Limits,
    Thresholds,
    allowed_failures,
    judge,
    read_thresholds,
    stop_sentence,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import request

every_trouble = pytest.mark.parametrize("name", TROUBLES)


def limits(**said):
    """As a user gives them for all waves, where nothing else is limited."""
    return read_thresholds({"total": said}).total


def troubled(name: str, count: int, due: int) -> Counts:
    """C(count) devices with one trouble, the others well; an offline one has a verdict of its own."""
    if name == "offline":
        return Counts(due=due, success=due, offline=count)
    return replace(Counts(due=due, success=due - count), **{name: count})


def word(counts, wanted):
    return judge(counts, wanted, "canary").verdict


@every_trouble
@pytest.mark.parametrize(
    ("limit", "count", "due", "verdict"),
    [
        (0, 0, 10, "proceed"),
        (0, 1, 10, "stop"),
        (2, 2, 10, "proceed"),
        (2, 3, 10, "stop"),
        ("10%", 1, 10, "proceed"),
        ("10%", 2, 10, "stop"),
        ("10%", 1, 9, "stop"),
        ("12.5%", 1, 8, "proceed"),
        ("0%", 1, 10, "stop"),
        ("100%", 10, 10, "proceed"),
    ],
)
def test_a_limit_is_what_may_go_wrong(name, limit, count, due, verdict):
    assert word(troubled(name, count, due), limits(**{name: limit})) == verdict


@every_trouble
def test_one_kind_of_trouble_is_no_other(name):
    others = {other: 0 for other in TROUBLES if other != name}
    assert word(troubled(name, 5, 10), limits(**others)) == "proceed"


@every_trouble
def test_unless_told_otherwise_nothing_may_go_wrong_in_a_wave(name):
    assert read_thresholds({}) == Thresholds(STRICT, Limits())
    assert word(troubled(name, 1, 1000), STRICT) == "stop"
    assert word(troubled(name, 500, 1000), Limits()) == "proceed"


@every_trouble
def test_what_is_not_named_stays_strict_in_a_wave(name):
    read = read_thresholds({"wave": {other: 5 for other in TROUBLES if other != name}})
    assert word(troubled(name, 1, 10), read.wave) == "stop"
    assert read.total == Limits()


@pytest.mark.parametrize(
    ("counts", "verdict"),
    [
        (Counts(due=10, success=4), "pause"),
        (Counts(due=10, success=5), "proceed"),
        (Counts(due=10, success=1, failed=1), "pause"),  # half of two says nothing yet
        (Counts(due=10, success=4, failed=1), "proceed"),
        (Counts(due=10, success=3, failed=2), "stop"),
        (Counts(due=3, success=3), "proceed"),  # there are no more of them
        (Counts(due=3, success=2), "pause"),
        (Counts(due=3, success=1, failed=2), "stop"),
        (Counts(), "proceed"),
    ],
)
def test_a_part_needs_a_sample(counts, verdict):
    assert word(counts, limits(failed="20%", minimum=5)) == verdict


def test_a_number_needs_no_sample():
    assert word(Counts(due=10, failed=3), limits(failed=2, minimum=5)) == "stop"


def test_a_wave_without_a_verdict_pauses_even_if_nothing_is_limited():
    assert word(Counts(due=1), Limits()) == "pause"
    assert word(Counts(due=1, unknown=1), Limits()) == "proceed"


def test_offline_alone_is_no_verdict_on_the_update():
    assert Counts(due=2, offline=2).sample == 0


def test_the_words():
    stop = judge(Counts(due=9, success=7, timed_out=2), limits(timed_out="10%"), "wave 1 (9)")
    assert (stop.verdict, stop.code) == ("stop", "rollout_failed")
    assert stop.msg == "wave 1 (9): 2 of 9 devices timed out (limit 10%)"
    said = stop_sentence(stop)
    assert said.startswith(stop.msg + ". Check the update log")
    assert "connect_retry_failed=true" in said
    assert stop_sentence(stop, "kiosk-1, kiosk-2").startswith(stop.msg + ": kiosk-1, kiosk-2. Check the update log")
    pause = judge(Counts(due=9, success=1), limits(minimum=4), "All waves so far")
    assert (pause.verdict, pause.code) == ("pause", "inconclusive")
    assert pause.msg.startswith("All waves so far: 1 of 4 devices needed for a verdict reported a result. Rerun")
    proceed = judge(Counts(due=9, success=9), STRICT, "canary")
    assert (proceed.code, proceed.msg) == (None, "canary: 9 of 9 devices succeeded.")


# How long waiting makes sense


@pytest.mark.parametrize(
    ("said", "due", "allowed"),
    [
        ({}, 10, 0),
        ({"failed": 2}, 10, 2),
        ({"failed": 2, "aborted": 1}, 10, 3),
        ({"failed": "25%"}, 10, 2),
        ({"failed": "5%"}, 10, 0),
        ({"failed": 50}, 10, 10),
        ({"timed_out": 5, "unknown": 5, "offline": 5}, 10, 0),
    ],
)
def test_how_many_may_fail_before_waiting_is_pointless(said, due, allowed):
    assert allowed_failures(read_thresholds({"wave": said}).wave, due) == allowed
    assert allowed_failures(Limits(), due) == due


@given(
    st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.sampled_from([0, 1, 3, "5%", "10%", "50%", "100%"])
)
def test_a_wave_waits_for_what_could_still_proceed(failed, aborted, success, limit):
    """More failures than are waited for always stop the wave."""
    wanted = read_thresholds({"wave": {"failed": limit, "aborted": limit}}).wave
    due = failed + aborted + success
    if failed + aborted > allowed_failures(wanted, due):
        counts = Counts(due=due, success=success, failed=failed, aborted=aborted)
        assert word(counts, wanted) == "stop"


# Adding up


def test_all_waves_so_far():
    earlier = Counts(due=2, success=1, failed=1)
    total = earlier.plus(Counts(due=3, success=1, unknown=1, offline=1))
    assert total == Counts(due=5, success=2, failed=1, unknown=1, offline=1)
    assert total.as_result() == {**vars(total), "sample": 4}
    assert total.plus(Counts()) == total


# Reading


@pytest.mark.parametrize(
    ("given_as", "shown"),
    [("5%", "5%"), (" 5 % ", "5%"), (3, "3"), ("3", "3"), (3.0, "3"), ("2.5%", "2.5%"), (1234567, "1234567")],
)
def test_spellings_of_a_limit(given_as, shown):
    read = limits(failed=given_as, minimum="7")
    assert read.as_result() == {"failed": shown, "minimum": 7}


@pytest.mark.parametrize("blank", [None, ""])
def test_a_blank_scope_is_not_given(blank):
    assert read_thresholds({"wave": blank, "total": blank}) == read_thresholds({})


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"waves": {}}, "thresholds has 'waves'; accepted: wave, total"),
        ({"wave": 5}, "thresholds.wave is not a mapping"),
        ({"wave": ["failed"]}, "thresholds.wave is not a mapping"),
        ({"wave": {"broken": 1}}, "thresholds.wave.broken is not known; accepted: failed"),
        ({"total": {"failed": "101%"}}, "thresholds.total.failed is 101%"),
        ({"total": {"failed": -1}}, "thresholds.total.failed is '-1'"),
        ({"total": {"failed": True}}, "thresholds.total.failed is 'True'"),
        ({"total": {"failed": 1.5}}, "thresholds.total.failed is 1.5: a number of devices is a whole number"),
        ({"total": {"failed": None}}, "thresholds.total.failed is 'None'"),
        ({"total": {"failed": ""}}, "thresholds.total.failed is ''"),
        ({"total": {"failed": "few"}}, "thresholds.total.failed is 'few'; accepted: a number of devices such as 2"),
        ({"wave": {"minimum": 0}}, "thresholds.wave.minimum is '0'"),
        ({"wave": {"minimum": "5%"}}, "thresholds.wave.minimum is '5%'"),
        ({"wave": {"minimum": True}}, "thresholds.wave.minimum is 'True'"),
    ],
)
def test_refusals_name_the_limit(said, message):
    with pytest.raises(InvalidInput) as refused:
        read_thresholds(said)
    assert message in refused.value.msg


def test_the_text_of_a_survey():
    read = request(thresholds='{"wave": {"failed": "5%"}, "total": {"failed": 3}}').thresholds
    assert read == read_thresholds({"wave": {"failed": "5%"}, "total": {"failed": "3"}})
