# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What no other test noticed when python -m tests.oracle.mutate broke it."""

from __future__ import annotations

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._window import read_windows
from ansible_collections.edgeops.jfrog_connect.tests.unit.plugins.windows import openings, status

NIGHT = {"name": "night", "timezone": "UTC", "start": "22:00", "end": "04:00"}
NOON = {"name": "noon", "timezone": "Europe/Paris", "start": "12:00", "end": "13:00"}
EXPIRED = {"reason": "CVE", "by": "Jane", "until": "2026-11-24T10:00Z", "window": "night"}


def test_calendars_are_values():
    one, same, other = (read_windows([window]) for window in (NIGHT, dict(NIGHT), NOON))
    assert one == same != other
    assert len({one, same, other}) == 2


def test_the_last_minute_of_an_hour_may_be_chosen():
    schedule = {"rrule": "DTSTART:20270101T000000Z RRULE:FREQ=DAILY;COUNT=1;BYHOUR=23;BYMINUTE=59", "duration": "1m"}
    assert openings(schedule, "2027-01-01", 3) == ["01-01 23:59 - 01-02 00:00"]


def test_an_override_that_has_expired_is_not_what_the_answer_is_about():
    found = status([NIGHT, NOON], "2026-11-24T10:00:30", override=EXPIRED)
    assert found.as_result()["timezone"] == "Europe/Paris"
