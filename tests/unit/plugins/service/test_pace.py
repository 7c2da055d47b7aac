# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documented rate limit is never exceeded, whoever calls when, from however many processes."""

from __future__ import annotations

import heapq
import itertools
import sqlite3
import tempfile
import threading
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.journal import NOBODY, Journal
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.pace import Pace

LIMIT = 3
LONGEST = 30.0

# when it is wanted, which process, which device, how long it takes, how it ends
ENDS = st.sampled_from(["replied", "replied", "replied", "not sent", "process died"])
PLANS = st.lists(
    st.tuples(st.floats(0, 200), st.integers(0, 2), st.integers(0, 1), st.floats(0, LONGEST), ENDS),
    min_size=4,
    max_size=18,
)


def play(plans, paces, longest=LONGEST):
    """Carry the calls out on a clock of their own; device -> [(sent, over)] of those that can have arrived."""
    made = defaultdict(list)
    order = itertools.count()
    events = [(at, next(order), "want", one, 0) for at, *one in plans]
    heapq.heapify(events)
    while events:
        now, _order, what, one, slot = heapq.heappop(events)
        process, device, takes, end = one
        if what == "over":
            paces[process].over(slot, now, arrived=end != "not sent")
            continue
        slot, wait = paces[process].book("t-%d" % device, now)
        if wait:
            assert 0 < wait < longest + 61.001
            heapq.heappush(events, (now + wait, next(order), "want", one, 0))
            continue
        if end != "not sent":
            made[device].append((now, now + takes))
        if end != "process died":
            heapq.heappush(events, (now + takes, next(order), "over", one, slot))
    assert sum(map(len, made.values())) == sum(end != "not sent" for *_plan, end in plans)
    return made


def assert_never_exceeded(made, limit=LIMIT):
    """The service may count a call at any moment between its sending and its reply."""
    for calls in made.values():
        for group in itertools.combinations(calls, limit + 1):
            assert max(sent for sent, _over in group) - min(over for _sent, over in group) > 60.0


def pace_on(journal, account="u-1", limit=LIMIT, account_limit=60, longest=LONGEST):
    return Pace(journal, account, limit, account_limit, longest)


@settings(max_examples=60)
@given(PLANS)
def test_no_minute_ever_sees_more_than_three_calls_from_several_processes_together(plans):
    with tempfile.TemporaryDirectory() as folder:
        journals = [Journal(str(Path(folder) / "journal.sqlite")) for _process in range(3)]
        assert_never_exceeded(play(plans, [pace_on(journal) for journal in journals]))
        for journal in journals:
            journal.close()


@given(PLANS, st.integers(1, 3))
def test_a_lower_limit_is_kept_as_well(plans, limit):
    journal = Journal()
    assert_never_exceeded(play(plans, [pace_on(journal, limit=limit)] * 3), limit)


def test_the_property_would_notice_a_journal_that_is_not_shared():
    plans = [(0.0, process, 0, 1.0, "replied") for process in range(3) for _each in range(3)]
    with pytest.raises(AssertionError):
        assert_never_exceeded(play(plans, [pace_on(Journal()) for _process in range(3)]))


def test_a_call_that_takes_longer_than_expected_still_counts_from_its_reply():
    # Two addresses to connect to, then a slow reply: a call may outlast its time-out several times over.
    pace = pace_on(Journal())
    slots = [pace.book("t-1", 0.0)[0] for _each in range(3)]
    assert pace.book("t-2", 100.0)[0] != NOBODY  # anybody's next call clears what has expired
    for slot in slots:
        pace.over(slot, 100.0, arrived=True)
    assert pace.book("t-1", 101.0)[0] == NOBODY


def test_a_call_counts_until_a_minute_after_its_reply():
    pace = pace_on(Journal())
    slots = [pace.book("t-1", 0.0)[0] for _each in range(3)]
    assert NOBODY not in slots
    for slot in slots:
        pace.over(slot, 20.0, arrived=True)
    slot, wait = pace.book("t-1", 70.0)
    assert (slot, wait) == (NOBODY, pytest.approx(11.0))
    assert pace.book("t-1", 70.0 + wait)[0] != NOBODY


def test_a_process_that_died_during_its_calls_holds_the_device_for_a_bounded_time():
    pace = pace_on(Journal())
    for _each in range(3):
        pace.book("t-1", 0.0)
    slot, wait = pace.book("t-1", 1.0)
    assert slot == NOBODY
    assert wait == pytest.approx(90.0)


def test_a_call_that_never_left_counts_for_nothing():
    pace = pace_on(Journal())
    for _each in range(20):
        slot, wait = pace.book("t-1", 5.0)
        assert slot != NOBODY
        assert wait == 0.0
        pace.over(slot, 5.0, arrived=False)


def test_a_limit_of_zero_switches_pacing_off():
    pace = pace_on(Journal(), limit=0, account_limit=0)
    assert [pace.book(who, 0.0) for who in ("t-1", None) for _each in range(100)] == [(NOBODY, 0.0)] * 200
    pace.over(NOBODY, 0.0, arrived=True)
    pace.slow_down(0.0)
    assert pace.book(None, 0.0) == (NOBODY, 0.0)


def test_each_device_has_a_limit_of_its_own_and_each_account_too():
    journal = Journal()
    one, other_account = pace_on(journal, account_limit=1), pace_on(journal, account="u-2", account_limit=1)
    for _each in range(3):
        assert one.book("t-1", 0.0)[0] != NOBODY
    assert one.book("t-1", 0.0)[0] == NOBODY
    assert one.book("t-2", 0.0)[0] != NOBODY
    assert other_account.book("t-1", 0.0)[0] == NOBODY  # a device's limit holds whoever asks
    assert one.book(None, 0.0)[0] != NOBODY
    assert one.book(None, 0.0)[0] == NOBODY
    assert other_account.book(None, 0.0)[0] != NOBODY


def test_two_services_do_not_share_even_for_the_same_token(tmp_path):
    journals = [Journal(str(tmp_path / "journal.sqlite"), scope) for scope in ("https://one", "https://two")]
    one, other = (pace_on(journal, limit=1, account_limit=1) for journal in journals)
    for who in ("t-1", None):
        assert one.book(who, 0.0)[0] != NOBODY
        assert other.book(who, 0.0)[0] != NOBODY
        assert one.book(who, 0.0)[0] == NOBODY
    for journal in journals:
        journal.close()


def test_a_device_whose_token_looks_like_an_account_is_not_mixed_up_with_it():
    pace = pace_on(Journal(), account="u-1", limit=1, account_limit=1)
    assert pace.book("account:u-1", 0.0)[0] != NOBODY
    assert pace.book(None, 0.0)[0] != NOBODY


def calls_at_once(pace, now):
    """How many calls that name no device may go at this moment."""
    slots = []
    while (slot := pace.book(None, now)[0]) != NOBODY:
        slots.append(slot)
    for slot in slots:
        pace.over(slot, now, arrived=False)
    return len(slots)


def test_each_refusal_halves_the_account_pace_for_a_while_down_to_an_eighth():
    pace = pace_on(Journal(), account_limit=40)
    seen = []
    for now in (0.0, 10.0, 20.0, 30.0):
        seen.append(calls_at_once(pace, now))
        pace.slow_down(now)
    seen += [calls_at_once(pace, now) for now in (40.0, 301.0, 311.0, 321.0, 331.0)]
    assert seen == [40, 20, 10, 5, 5, 5, 10, 20, 40]
    slow = pace_on(Journal(), account_limit=1)
    slow.slow_down(0.0)
    assert calls_at_once(slow, 1.0) == 1


def test_tokens_are_not_written_to_the_journal(tmp_path):
    journal = Journal(str(tmp_path / "journal.sqlite"))
    pace_on(journal, account="u-SECRET").book("t-SECRET", 0.0)
    pace_on(journal, account="u-SECRET").book(None, 0.0)
    journal.close()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"SECRET" not in written


def test_tasks_that_start_at_once_all_open_the_shared_journal(tmp_path):
    # Forks of one play do. One that gave up would go on with a journal of its own, and not share the limit.
    path = str(tmp_path / "journal.sqlite")
    first = sqlite3.connect(path, isolation_level=None)
    first.execute("BEGIN IMMEDIATE")
    failures = []

    def open_too():
        try:
            Journal(path).close()
        except sqlite3.Error as err:
            failures.append(err)

    second = threading.Thread(target=open_too)
    second.start()
    second.join(0.1)
    first.execute("COMMIT")
    second.join()
    first.close()
    assert failures == []
