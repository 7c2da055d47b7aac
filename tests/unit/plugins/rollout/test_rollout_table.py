# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan for the person who reads it: counts that add up, and columns that never touch."""

from __future__ import annotations

import re
import unicodedata
from datetime import timedelta

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.table import SHOWN, lines
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.wave import gate
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import model_update
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.rollout_samples import (
    APP,
    DEVICE_WINDOW,
    NEW,
    NIGHT,
    WINDOW,
    kiosk,
    later,
    plan_of,
    request,
    uuid,
)

NEED = timedelta(minutes=20)
WIDE = "\N{CJK UNIFIED IDEOGRAPH-5E97}\N{CJK UNIFIED IDEOGRAPH-8217}" * 8


def text_of(asked, *devices, now=NIGHT, zones=None, every_device=True, **more):
    plan = plan_of(asked, *devices, **more)
    asked_for = {one.device_uuid: (zones or {}).get(one.device_uuid) for one in plan.due}
    return lines(plan, gate(asked, asked_for, now, NEED), every_device)


def cells(line):
    return re.split(r" {2,}", line)


def table(text, first):
    """The header of the table that begins with this word, and its rows."""
    (at,) = [number for number, line in enumerate(text) if line.startswith(first + " ")]
    rows = []
    for line in text[at:]:
        if not line or line.startswith(("CONFLICT", "and ")):
            break
        rows.append(line)
    return rows


def columns(line):
    """Where the line lies on the screen: characters that are two columns wide count twice."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in line)


def test_the_head_says_what_whom_and_what_it_costs():
    plan = plan_of(request(), kiosk(1), kiosk(2))
    text = text_of(request(), kiosk(1), kiosk(2))
    assert text[0] == plan.msg
    assert "in 1 wave," in text[0]
    assert text[1] == "Digest %s, mark %s." % (plan.digest, plan.mark)
    assert "%d writes" % plan.api_calls["writes"] in text[2]
    assert "No window applies." in text[3]
    assert "1200 s" in text[3]


@pytest.mark.parametrize(
    ("now", "said"),
    [(NIGHT, "so nothing starts after 2026-11-23T04:40:00Z"), (later(hours=12), "An update is expected to need")],
)
def test_the_window_and_what_an_update_needs(now, said):
    text = "\n".join(text_of(request(windows=[WINDOW]), kiosk(1), now=now))
    assert said in text
    assert ("nothing starts after" in text) is (now == NIGHT)


def test_devices_whose_window_is_closed_are_counted():
    asked = request(windows=[DEVICE_WINDOW])
    text = text_of(asked, kiosk(1), kiosk(2), zones={uuid(1): "Asia/Tokyo", uuid(2): "UTC"})
    assert "The window is closed for 1 device of these; they are left for another run." in text


@pytest.mark.parametrize(("left", "said"), [(1, "1 device left released"), (2, "2 devices left released")])
def test_leftovers_are_announced(left, said):
    text = text_of(request(), *[kiosk(number, "pending", held=False) for number in range(1, left + 1)])
    assert [line for line in text if line.startswith(said)]
    assert not [line for line in text_of(request(), kiosk(1)) if "left released" in line]


# The counts


def test_the_counts_of_each_wave_add_up():
    asked = request(waves=[{"tag": "t", "name": "canary"}, {"groups": ["Roof"], "name": "roof"}], offline="skip")
    devices = [
        *[kiosk(number, tags=("t",)) for number in (1, 2)],
        kiosk(3, "success", tags=("t",)),
        kiosk(4, online=False, tags=("t",)),
        kiosk(5, group="Roof", apps={APP: NEW}),
        kiosk(6, group="Roof"),
        kiosk(7),
        kiosk(8, "success"),
    ]
    header, *rows = table(text_of(asked, *devices), "WAVE")
    assert cells(header) == ["WAVE", "DEVICES", "DUE", "NOT DUE"]
    found = {cells(row)[0]: cells(row)[1:] for row in rows}
    assert found == {
        "canary": ["4", "2", "1 done, 1 offline"],
        "roof": ["2", "1", "1 current"],
        "(no wave)": ["2", "0", "1 done, 1 not_in_a_wave"],
        "total": ["8", "3", "1 current, 2 done, 1 not_in_a_wave, 1 offline"],
    }
    for total, due, *rest in found.values():
        assert int(total) == int(due) + sum(map(int, re.findall(r"\d+", " ".join(rest))))


def test_one_wave_needs_no_total():
    rows = table(text_of(request(), kiosk(1)), "WAVE")
    assert [cells(row)[0] for row in rows] == ["WAVE", "wave 1 (100%)"]


# The columns


NAMES = ["k" * 40, "k" * 32, "k" * 33, "a", WIDE, "Caf\N{LATIN SMALL LETTER E WITH ACUTE} 12", "a  b", ""]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("group", ["G" * 40, "Floor-1", WIDE, ""])
def test_columns_never_touch(name, group):
    devices = [kiosk(1, name=name, group=group, apps={APP: "v" * 40}), kiosk(2)]
    asked = request(waves=[{"devices": [uuid(1)], "name": "w" * 40}, "100%"])
    for first, number in (("DEVICE", 7), ("WAVE", 3)):
        header, *rows = table(text_of(asked, *devices), first)
        starts = [match.start() for match in re.finditer(r"(?<=  )\S", header)]
        for row in rows:
            for start in starts[: number - 1]:
                # Each column begins where its header does, after two spaces at least.
                assert at_column(row, start - 2, 2) == "  "


def at_column(line, start, length):
    """What the screen shows there."""
    shown = "".join(c + ("\0" if unicodedata.east_asian_width(c) in "WF" else "") for c in line)
    return shown[start : start + length]


def test_a_long_name_is_cut_and_says_so():
    row = table(text_of(request(), kiosk(1, name="k" * 40)), "DEVICE")[1]
    assert cells(row)[0] == "k" * 31 + "\N{HORIZONTAL ELLIPSIS}"


def test_what_a_row_says():
    devices = [
        kiosk(1, name="one", held=True),
        kiosk(2, name="two", held=False, online=None, apps={}),
        kiosk(3, name="three", held=None, online=False),
    ]
    header, *rows = table(text_of(request(), *devices), "DEVICE")
    assert cells(header) == ["DEVICE", "GROUP", "WAVE", "CLASS", "TRIGGER", "STATE", "VERSION"]
    wave = "wave 1 (100%)"
    assert sorted(map(cells, rows)) == [
        ["one", "Floor-1", wave, "needed", "held", "online", "3.1.0"],
        ["three", "Floor-1", wave, "offline", "unknown", "offline", "3.1.0"],
        ["two", "Floor-1", wave, "needed", "released", "unknown", "-"],
    ]


# How much of it


def test_a_run_that_goes_on_shows_no_devices():
    text = text_of(request(), kiosk(1), every_device=False)
    assert not [line for line in text if line.startswith("DEVICE ") or "kiosk-1" in line]


@pytest.mark.parametrize(("number", "more"), [(SHOWN, []), (SHOWN + 2, ["and 2 more devices."])])
def test_of_many_devices_the_first_are_shown(number, more):
    text = text_of(request(), *[kiosk(one) for one in range(1, number + 1)])
    assert len(table(text, "DEVICE")) == SHOWN + 1
    assert [line for line in text if line.startswith("and ")] == more


@pytest.mark.parametrize("every_device", [True, False])
def test_a_conflict_is_said_with_its_device_and_what_to_do(every_device):
    waiting = kiosk(1, name="lobby", updates=(model_update("by hand"),))
    (line,) = [one for one in text_of(request(), waiting, every_device=every_device) if one.startswith("CONFLICT")]
    assert line.startswith("CONFLICT foreign_pending: lobby. Another update is pending (by hand)")
    assert "connect_foreign_pending" in line


@pytest.mark.parametrize(("number", "more"), [(SHOWN, []), (SHOWN + 1, ["and 1 more conflicts."])])
def test_of_many_conflicts_the_first_are_shown(number, more):
    devices = [kiosk(one, online=False) for one in range(1, number + 1)]
    text = text_of(request(), *devices, every_device=False)
    assert sum(line.startswith("CONFLICT") for line in text) == SHOWN
    assert [line for line in text if line.startswith("and ")] == more
