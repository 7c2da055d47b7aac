# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no other test noticed when python -m tests.oracle.mutate broke it."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window.calendar import read_windows
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.windows import openings, status

NIGHT = {"name": "night", "timezone": "UTC", "start": "22:00", "end": "04:00"}
NOON = {"name": "noon", "timezone": "Europe/Paris", "start": "12:00", "end": "13:00"}
EXPIRED = {"reason": "CVE", "by": "Jane", "until": "2026-11-24T10:00Z", "window": "night"}


@pytest.mark.parametrize(
    "form",
    [
        {"start": "22:00", "end": "04:00"},
        {"cron": "0 22 * * *", "duration": "1h"},
        {"rrule": "FREQ=DAILY", "start": "22:00", "duration": "1h"},
        {"from": "2027-01-01", "to": "2027-01-02"},
    ],
)
def test_calendars_are_values(form):
    one, same, other = (read_windows([{"name": "w", "timezone": "UTC", **more}]) for more in (form, form, NOON))
    assert one == same != other
    assert len({one, same, other}) == 2


def test_a_yearly_rule_knows_january():
    yearly = {"timezone": "UTC", "rrule": "FREQ=YEARLY;BYMONTH=1,12;BYMONTHDAY=31", "start": "01:00", "duration": "1h"}
    assert openings(yearly, "2026-11-01", 130) == ["12-31 01:00 - 12-31 02:00", "01-31 01:00 - 01-31 02:00"]


def test_what_is_skipped_is_noted_also_when_nothing_else_opens():
    once = {"name": "once", "timezone": "Europe/Berlin", "from": "2027-03-28T02:10", "to": "2027-03-28T02:50"}
    found = status([once], "2027-03-01T00:00")
    assert found.next_opening is None
    assert any(note.startswith("once is skipped at 2027-03-28T01:00:00Z") for note in found.notes)


def test_a_change_at_the_close_is_not_within_the_opening():
    night = {"timezone": "Europe/Berlin", "from": "2027-03-28T01:00", "duration": "1h"}
    assert not any("The clock" in note for note in status([night], "2027-03-28T00:30").notes)
    longer = {**night, "duration": "61m"}
    assert any("The clock" in note for note in status([longer], "2027-03-28T00:30").notes)


def test_the_first_of_several_hard_blackouts_is_named():
    hard = [{"name": name, "timezone": "UTC", "start": "00:00", "end": "06:00"} for name in ("ledger", "payroll")]
    notes = status([NIGHT], "2026-11-24T01:00", hard, override={**EXPIRED, "until": "2026-11-24T02:00Z"}).notes
    assert "Override by Jane (CVE) does not open: blackout ledger is hard." in notes


def test_a_weekend_has_two_days():
    weekend = {"timezone": "UTC", "days": "weekend", "start": "01:00", "duration": "1h"}
    assert openings(weekend, "2026-11-23", 7) == ["11-28 01:00 - 11-28 02:00", "11-29 01:00 - 11-29 02:00"]


def test_the_last_day_of_a_leap_year_may_be_chosen():
    last = {"timezone": "UTC", "rrule": "FREQ=YEARLY;BYYEARDAY=366", "start": "01:00", "duration": "1h"}
    assert openings(last, "2027-12-01", 500) == ["12-31 01:00 - 12-31 02:00"]


def test_of_two_offsets_the_answer_has_that_of_the_opening():
    moving = {"from": "2027-03-28T01:00+01:00", "to": "2027-03-28T04:00+02:00"}
    result = status([moving], "2027-03-28T00:30").as_result()
    assert result["opened_at_local"] == "2027-03-28T01:00:00+01:00"
    assert result["closes_at_local"] == "2027-03-28T03:00:00+01:00"


def test_the_last_minute_of_an_hour_may_be_chosen():
    schedule = {"rrule": "DTSTART:20270101T000000Z RRULE:FREQ=DAILY;COUNT=1;BYHOUR=23;BYMINUTE=59", "duration": "1m"}
    assert openings(schedule, "2027-01-01", 3) == ["01-01 23:59 - 01-02 00:00"]


def test_an_override_that_has_expired_is_not_what_the_answer_is_about():
    found = status([NIGHT, NOON], "2026-11-24T10:00:30", override=EXPIRED)
    assert found.as_result()["timezone"] == "Europe/Paris"
