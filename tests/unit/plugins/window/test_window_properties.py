# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for any windows, blackouts and instants."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.intervals import Interval, subtract, unite
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.override import Override
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.zones import instant, local, read_zone

SECOND = timedelta(seconds=1)
ZERO = datetime(2027, 1, 1, tzinfo=timezone.utc)
ZONES = ("Europe/Paris", "America/Havana", "Africa/Cairo", "Australia/Lord_Howe", "Antarctica/Troll", "Asia/Tokyo")

# Algebra, on small numbers so that edges meet often


def at(number):
    return ZERO + number * SECOND


@st.composite
def intervals(draw):
    edges = draw(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10), st.sampled_from("abc")), max_size=8))
    return [Interval(at(start), at(start + length), (name,)) for start, length, name in edges]


def covered(pieces):
    return {second for second in range(50) for one in pieces if one.opens <= at(second) < one.closes}


def assert_disjoint(pieces):
    for before, after in pairwise(pieces):
        assert before.closes < after.opens
    for one in pieces:
        assert one.opens < one.closes


@given(intervals())
def test_a_union_covers_the_same_and_is_in_order_without_touching(pieces):
    united = unite(pieces)
    assert_disjoint(united)
    assert covered(united) == covered(pieces)
    assert unite(united) == united


@given(intervals(), intervals())
def test_a_union_does_not_depend_on_the_order(some, others):
    def edges(pieces):
        return [(one.opens, one.closes, set(one.names)) for one in unite(pieces)]

    assert edges(some + others) == edges(others + some) == edges(unite(some) + unite(others))


@given(intervals())
def test_a_union_has_the_names_of_what_it_consists_of(pieces):
    for one in unite(pieces):
        parts = [piece for piece in pieces if one.opens <= piece.opens < one.closes]
        assert set(one.names) == {name for piece in parts for name in piece.names}
        assert len(set(one.names)) == len(one.names)


@given(intervals(), intervals())
def test_a_difference_covers_what_is_left(pieces, gone):
    left = list(subtract(pieces, unite(gone)))
    assert covered(left) == covered(pieces) - covered(gone)
    assert all(one.opens < one.closes for one in left)


@given(intervals(), intervals(), intervals())
def test_to_subtract_a_union_is_to_subtract_one_after_the_other(pieces, some, others):
    at_once = unite(subtract(pieces, unite(some + others)))
    in_turn = unite(subtract(subtract(pieces, unite(some)), unite(others)))
    assert at_once == in_turn


# The clock rule


@given(st.sampled_from(ZONES), st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1)))  # noqa: DTZ001
def test_a_wall_time_is_the_first_instant_at_which_the_clock_shows_it_or_later(name, wall):
    zone, wall = read_zone(name, "x"), wall.replace(microsecond=0, fold=0)
    found = instant(wall, zone)
    assert local(found, zone) >= wall
    assert local(found - SECOND, zone) < wall


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1)),  # noqa: DTZ001
    st.integers(0, 200_000),
)
def test_later_wall_times_are_never_earlier_instants(name, wall, seconds):
    zone, wall = read_zone(name, "x"), wall.replace(microsecond=0, fold=0)
    assert instant(wall, zone) <= instant(wall + seconds * SECOND, zone)


# Whole calendars, near changes of the clock

TIMES = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from((0, 15, 30, 59)))
DAYS = st.lists(st.sampled_from(("mon", "tue", "wed", "thu", "fri", "sat", "sun")), min_size=1, max_size=7)
DURATIONS = st.sampled_from(("1m", "45m", "2h", "25h"))
BASE = {"timezone": st.sampled_from(ZONES)}


def entries(least=0):
    weekly = st.fixed_dictionaries({**BASE, "start": TIMES, "end": TIMES, "days": DAYS}).filter(
        lambda one: one["start"] != one["end"]
    )
    lasting = st.fixed_dictionaries({**BASE, "start": TIMES, "duration": DURATIONS, "days": DAYS})
    cron = st.fixed_dictionaries(
        {**BASE, "cron": st.sampled_from(("*/20 1-3 * * *", "0 0 * * *", "30 2 * * SUN")), "duration": DURATIONS}
    )
    rule = st.fixed_dictionaries(
        {
            **BASE,
            "rrule": st.sampled_from(("FREQ=DAILY", "FREQ=MONTHLY;BYDAY=-1SU", "FREQ=MONTHLY;BYMONTHDAY=29,-1")),
            "start": TIMES,
            "duration": DURATIONS,
        }
    )
    return st.lists(st.one_of(weekly, lasting, cron, rule), min_size=least, max_size=2)


CALENDARS = st.builds(read_windows, entries(1), entries())
CHANGES = st.sampled_from([datetime(2027, *day, tzinfo=timezone.utc) for day in ((3, 14), (3, 28), (4, 29), (10, 31))])
INSTANTS = st.builds(lambda day, minutes: day + timedelta(minutes=minutes), CHANGES, st.integers(-2000, 2000))
searching = settings(max_examples=25)  # they look years ahead when an opening does not end
LEAST = st.sampled_from((timedelta(0), timedelta(minutes=45), timedelta(hours=2)))


@given(CALENDARS, INSTANTS)
def test_there_are_never_two_openings_at_once(calendar, start):
    found = calendar.intervals(start, start + timedelta(days=6))
    assert_disjoint(found)
    assert all(one.closes > start and one.opens < start + timedelta(days=6) for one in found)


@given(CALENDARS, INSTANTS, st.integers(0, 5 * 1440))
def test_a_range_within_another_has_the_same_openings(calendar, start, minutes):
    at = start + timedelta(minutes=minutes)

    def near(found):
        """The openings around C(at), as far as edges are certain."""
        week = timedelta(days=7)
        return [
            (max(one.opens, at - week), min(one.closes, at + week)) for one in found if one.opens <= at < one.closes
        ]

    assert near(calendar.intervals(at, at + SECOND)) == near(calendar.intervals(start, start + timedelta(days=6)))


@searching
@given(CALENDARS, INSTANTS, LEAST)
def test_the_status_agrees_with_the_openings(calendar, at, least):
    found = calendar.status(at, min_remaining=least)
    around = [one for one in calendar.intervals(at, at + SECOND) if one.opens <= at < one.closes]
    assert found.open is any(one.closes - at >= least for one in around)
    if around and found.closes_at:
        assert found.closes_at - at == found.remaining > timedelta(0)
        assert found.window in around[0].names
    assert found.open is (found.reason == "open")


@searching
@given(CALENDARS, INSTANTS, LEAST)
def test_it_is_open_at_the_next_opening_and_not_before(calendar, at, least):
    found = calendar.status(at, min_remaining=least)
    coming = found.next_opening
    if coming is None:
        return
    assert coming > at
    then = calendar.status(coming, min_remaining=least)
    assert (then.open, then.opened_at, then.closes_at) == (True, coming, found.next_close)
    if not found.open:
        assert not calendar.status(coming - SECOND, min_remaining=least).open
    between = calendar.intervals(found.closes_at or at, coming)
    assert not [one for one in between if one.opens > at and one.opens < coming and one.closes - one.opens >= least]


@searching
@given(CALENDARS, INSTANTS, st.integers(0, 3000), LEAST)
def test_time_that_passes_brings_the_next_opening_nearer_and_never_moves_it_back(calendar, at, minutes, least):
    now = calendar.status(at, min_remaining=least)
    later = calendar.status(at + timedelta(minutes=minutes), min_remaining=least)
    if now.next_opening and later.next_opening:
        assert now.next_opening <= later.next_opening
    if now.next_opening and later.at < now.next_opening:
        assert later.next_opening == now.next_opening


@searching
@given(CALENDARS, INSTANTS, LEAST)
def test_more_that_must_fit_never_opens(calendar, at, least):
    if calendar.status(at, min_remaining=least).open:
        assert calendar.status(at).open


@searching
@given(entries(1), entries(), entries(), INSTANTS)
def test_another_blackout_never_opens_and_another_window_never_closes(windows, blackouts, more, at):
    few = read_windows(windows, blackouts).status(at).open
    assert few >= read_windows(windows, blackouts + more).status(at).open
    assert few <= read_windows(windows + more, blackouts).status(at).open


@searching
@given(entries(1), entries(), entries(), INSTANTS, st.integers(1, 5000), LEAST)
def test_an_override_is_a_window_that_only_hard_blackouts_close(windows, hard, soft, at, minutes, least):
    until = at + timedelta(minutes=minutes)
    horizon = until + timedelta(days=7)
    calendar = read_windows(windows, [*hard, *({**one, "hard": False} for one in soft)])
    closed = read_windows(hard).intervals(at, until) if hard else []
    united = unite([*calendar.intervals(at, horizon), *subtract([Interval(at, until)], closed)])
    found = calendar.status(at, min_remaining=least, override=Override("CVE", "Jane", until))
    around = [one for one in united if one.opens <= at < one.closes]
    assert found.open is any(one.closes - at >= least for one in around)
    if found.open:
        assert found.reason == ("open" if calendar.status(at).open else "override")
    if around and around[0].closes < horizon:
        assert found.closes_at == around[0].closes
    coming = [one for one in united if one.opens > at and one.closes < horizon and one.length >= least]
    if coming:
        assert (found.next_opening, found.next_close) == (coming[0].opens, coming[0].closes)
