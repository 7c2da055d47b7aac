# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lengths of time, instants and numbers, as people and surveys write them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._reading.durations import (
    in_words,
    read_duration,
    read_seconds,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._reading.instants import read_instant
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._reading.numbers import read_whole
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import utc


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45m", 2700),
        ("45min", 2700),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1d", 86400),
        ("1w", 604800),
        ("90s", 90),
        ("1w1d1h1m1s", 694861),
        ("PT1H30M", 5400),
        ("pt45m", 2700),
        ("P1D", 86400),
        ("P1DT1S", 86401),
        ("P2W", 1209600),
        ("3660d", 316224000),
    ],
)
def test_a_length_of_time(text, seconds):
    assert read_duration(text, "x") == read_seconds(text, "x") == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["1h30", "h", "1.5h", "P1DT", "PT1D", "1m1h", "٣m", "", "P"])
def test_no_length_of_time(text):
    with pytest.raises(InvalidInput, match="x is"):
        read_duration(text, "x")


@pytest.mark.parametrize(
    ("number", "example"), [(45, "45m"), ("100", "100m"), (0, "45m"), ("00", "45m"), (1.5, "45m"), ("0.5", "45m")]
)
def test_a_number_without_a_unit_is_refused_with_one_that_is_accepted(number, example):
    with pytest.raises(InvalidInput) as refused:
        read_duration(number, "x")
    assert refused.value.msg == "x is %s, a number without a unit: say the unit, for example %s." % (number, example)
    assert read_duration(example, "x")


def test_seconds_are_the_unit_of_a_timeout():
    assert [read_seconds(text, "x").total_seconds() for text in ("0", 90, "90", "0s", "2m")] == [0, 90, 90, 0, 120]
    for text in ("-1", "99999999999", "1.5"):
        with pytest.raises(InvalidInput):
            read_seconds(text, "x")


def test_no_time_at_all_may_be_accepted():
    assert read_duration("0", "x", zero=True) == read_duration("0m", "x", zero=True) == timedelta(0)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0s"), (59, "59s"), (60, "1m"), (5400, "1h 30m"), (86400, "1d"), (90061, "1d 1h 1m 1s")]
)
def test_words(seconds, words):
    assert in_words(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T01:30Z", "2026-11-23T01:30"),
        ("2026-11-23 01:30:15.123456+0100", "2026-11-23T00:30:15"),
        ("2026-11-23t01:30:15z", "2026-11-23T01:30:15"),
    ],
)
def test_an_instant(text, expected):
    assert read_instant(text, "at") == utc(expected)


@pytest.mark.parametrize("text", ["2026-11-23T01:30", "2026-11-23", date(2026, 11, 23)])
def test_an_instant_needs_a_zone(text):
    with pytest.raises(InvalidInput, match=r"at is .*, without a zone: add Z for UTC or an offset"):
        read_instant(text, "at")


@pytest.mark.parametrize("given", ["now", "2026-13-01T00:00Z", "2026-11-23T01Z", 1700000000, "1969-12-31T00:00Z"])
def test_no_instant(given):
    with pytest.raises(InvalidInput, match=r"at is .*, which is no time that exists"):
        read_instant(given, "at")


@pytest.mark.parametrize("given", [0, 11, -1, "ten", None, 1.5, "9999999999"])
def test_no_number(given):
    with pytest.raises(InvalidInput, match=r"count is .*; accepted: (a whole number from )?1 to 10"):
        read_whole(given, "count", 1, 10)


def test_a_number():
    assert (read_whole(1, "count", 1, 10), read_whole(" 10 ", "count", 1, 10)) == (1, 10)
