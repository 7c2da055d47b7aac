# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan as a page and as a table: a row for each device, with what keeps it from being updated and from when."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import ConnectError
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.sheet import sheet
from ansible_collections.edgeops.jfrog_connect.plugins.plugin_utils._report import write_plan
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


def rows_of(asked, *devices, now=NIGHT, **more):
    return {row["device"]: row for row in sheet(asked, plan_of(asked, *devices, **more), now)}


def test_a_device_whose_window_is_open_can_be_updated_now():
    row = rows_of(request(windows=[WINDOW]), kiosk(1))["kiosk-1"]
    assert (row["update"], row["why_not_now"]) == ("yes", "")
    assert row["from"][:16] <= row["closes"][:16]
    assert row["opens"]
    assert row["zone"] == "UTC"


def test_a_closed_window_says_from_when_and_why_not_now():
    day = later(hours=10)
    row = rows_of(request(windows=[WINDOW]), kiosk(1), now=day)["kiosk-1"]
    assert row["update"] == "yes"
    assert row["why_not_now"].startswith("Closed: ")
    assert row["from"] == row["opens"] > day.isoformat()[:10]
    assert row["closes"] > row["opens"]


def test_each_device_is_asked_about_in_its_own_zone():
    asked = request(windows=[DEVICE_WINDOW])
    asked = replace(asked, zones={uuid(1): "Europe/Paris", uuid(2): "America/New_York"})
    rows = rows_of(asked, kiosk(1), kiosk(2))
    assert [rows["kiosk-%d" % number]["zone"] for number in (1, 2)] == ["Europe/Paris", "America/New_York"]
    assert sorted(bool(row["why_not_now"]) for row in rows.values()) == [False, True]
    assert len({row["from"] for row in rows.values()}) == 2


@pytest.mark.parametrize(
    ("device", "said"),
    [
        (kiosk(1, apps={APP: NEW}), "It already has the wanted version."),
        (kiosk(1, online=False), "It is offline (connect_offline: hold)."),
        (kiosk(1, "success"), "An earlier run updated it."),
        (kiosk(1, "failed"), "Its update failed in an earlier run."),
    ],
)
def test_a_device_that_is_not_updated_says_why_and_has_no_time(device, said):
    row = rows_of(request(windows=[WINDOW]), device)["kiosk-1"]
    assert (row["update"], row["why_not_now"], row["from"]) == ("no", said, "")


def test_without_windows_every_device_can_be_updated_now():
    row = rows_of(request(), kiosk(1))["kiosk-1"]
    assert (row["opens"], row["closes"], row["zone"], row["why_not_now"]) == ("", "", "", "")
    assert row["from"]


def files(folder, *devices, **options):
    asked = request(**options)
    plan = plan_of(asked, *devices)
    return write_plan(folder / "new" / "plan-1", plan.as_result(), sheet(asked, plan, NIGHT), ["Open until four."])


def test_names_of_devices_are_neither_markup_nor_formulas(tmp_path):
    devices = [
        replace(kiosk(1), name="<b>=1"),
        replace(kiosk(2), name="=cmd|'/c calc'!A0"),
        replace(kiosk(3), name="@x"),
    ]
    paths = files(tmp_path, *devices)
    page = (tmp_path / "new" / "plan-1.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;=1" in page
    assert "<b>=1" not in page
    assert "Open until four." in page
    with open(paths["csv"], encoding="utf-8", newline="") as file:
        shown = {row["device"] for row in csv.DictReader(file)}
    assert shown == {"<b>=1", "'=cmd|'/c calc'!A0", "'@x"}
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_a_refused_plan_says_why_on_its_page(tmp_path):
    paths = files(tmp_path, kiosk(1, online=False), offline="fail")
    with open(paths["html"], encoding="utf-8") as file:
        page = file.read()
    assert "Why it is refused" in page
    assert "connect_offline: fail" in page


def test_a_folder_that_cannot_be_written_is_an_error_of_its_own(tmp_path):
    (tmp_path / "new").write_text("")
    with pytest.raises(ConnectError, match="evidence"):
        files(tmp_path, kiosk(1))
