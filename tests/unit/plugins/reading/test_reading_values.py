# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instants, amounts, UUIDs and texts for people, as they are written."""

from __future__ import annotations

from datetime import date, datetime, timezone

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import InvalidInput
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._reading.instants import (
    instant_or_none,
    read_instant,
)
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._reading.names import one_line, read_uuid, shown
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._reading.numbers import read_whole

HALF_PAST_THREE = datetime(2026, 11, 23, 3, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T04:30+01",  # refused by Python 3.10, accepted by 3.11 when read by fromisoformat
        "2026-11-23T04:30+0100",
        "2026-11-23T04:30+01:00",
        "2026-11-23 04:30:00+01:00",
        "2026-11-23T04:30:00.500+01:00",
        "2026-11-23t03:30z",
        " 2026-11-23T03:30:00 Z\n",
        "2026-11-22T22:30-05",
        "2026-11-23T09:15:00+05:45",
        HALF_PAST_THREE,
    ],
)
def test_an_instant_is_read_the_same_by_each_python(text):
    assert read_instant(text, "not_after") == instant_or_none(text, "x") == HALF_PAST_THREE


@pytest.mark.parametrize(
    "text",
    [
        "20261123T033000Z",  # accepted from Python 3.11 on by fromisoformat
        "2026-W48-1T03:30Z",
        "2026-11-23T03Z",
        "2026-11-23T03:30:00,5Z",
        "2026-11-23T24:00Z",
        "2026-02-29T03:30Z",
        "2026-11-23T03:30+25",
        "2026-11-23T03:30+1",
        "2026-11-23T03:30 Europe/Paris",
        "0001-01-01T00:00Z",
        "tomorrow",
        "1795400000",
        1795400000,
        True,
        ["2026-11-23T03:30Z"],
    ],
)
def test_what_only_some_read_is_refused_by_all(text):
    with pytest.raises(InvalidInput, match=r"not_after is .*; accepted: such as '2026-11-23T01:30'"):
        read_instant(text, "not_after")


@pytest.mark.parametrize("text", ["2026-11-23T03:30", "2026-11-23", date(2026, 11, 23)])
def test_an_instant_has_a_zone(text):
    with pytest.raises(InvalidInput, match="without a zone: add Z for UTC or an offset"):
        read_instant(text, "not_after")


@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_no_instant(blank):
    assert instant_or_none(blank, "not_after") is None


def test_a_whole_number_stays_within_its_span():
    assert [read_whole(given, "x", 1, 5) for given in (1, "5", " 3 ", "+2")] == [1, 5, 3, 2]
    for given in (0, "6", "-1"):
        with pytest.raises(InvalidInput, match=r"x is -?\d; accepted: 1 to 5\."):
            read_whole(given, "x", 1, 5)


@pytest.mark.parametrize(
    ("given", "uuid"),
    [
        (None, ""),
        (" d-1a2b-3c4d\r\n", "d-1a2b-3c4d"),
        ("D-1A2B-3C4D", "d-1a2b-3c4d"),
        ("d-1a2b -3c4d", "d-1a2b-3c4d"),
        ("Kiosk-A", "Kiosk-A"),  # an id of another form is left as it is
    ],
)
def test_a_uuid(given, uuid):
    assert read_uuid(given, "x") == uuid


def test_a_text_cannot_forge_what_a_terminal_shows():
    forged = "kiosk\r\nPLAY RECAP ***\x1b[2J\u202e\x00 1"
    assert one_line(forged) == "kiosk PLAY RECAP *** [2J 1"
    assert shown(forged) == "'kiosk PLAY RECAP *** [2J 1'"
    assert len(shown("x" * 60_000)) < 70
