# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps of a rollout against the emulator, where the order of calls and the moment of a fault decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.simulation.service import Crash, Line, Process, SharedJournal, World, Write

# isort: split

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.end import fates_at_the_end, to_hold
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.plan import make_plan
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.request import read_request
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._rollout.step import STEP_SPEC, carry_out
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._secrets import Hider
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.client import Client
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.waits import Waits
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import model_device, model_update, run_on

APP, OLD, NEW = "kiosk_ui", "3.1.0", "3.2.0"
OPTIONS = {
    "flow_id": "f-77aa-01bc",
    "project": "Kiosks",
    "all_devices": True,
    "app": {"name": APP, "version": NEW},
    "rollback_flow_id": "f-back",
    "wait_timeout": 300,
}
DEVICE = {"device_token": "t-1", "device_uuid": "d-0001"}


class Site(World):
    """Held devices of the emulator, and the steps of a run on them. It is its own evidence."""

    def __init__(self, devices: int = 2, **changes: Any) -> None:
        super().__init__(1, "%d")
        self.start(devices=devices, flow=["f-77aa-01bc", "f-back"], held_percent=100, update_seconds=30)
        self.pass_time(0)
        self.listen()
        self.journal = SharedJournal()
        self.records: list[tuple[str, dict[str, Any]]] = []
        tokens = [
            {"device_token": device["device_token"], "device_uuid": device["device_uuid"]}
            for device in self.emulator.devices()
        ]
        self.request = read_request({**OPTIONS, **changes}, tokens)
        self.state: dict[str, Any] | None = None

    def wrote(self, write: Write) -> None:
        pass

    def record(self, event: str, data: Any) -> None:
        self.records.append((event, dict(data)))

    def step(self, step: str, budget: int = 300, process: Process | None = None, **given: Any) -> dict[str, Any]:
        waits = Waits(budget, self.clock)
        line = Line(self, process or Process(number=1))
        client = Client(self.connection(budget, 0), line, self.journal, waits)
        params = {name: option.get("default") for name, option in STEP_SPEC.items()}
        params.update(user_token="", evidence_dir="/nowhere", step=step, state=self.state, **given)
        report = run_on(self.clock, carry_out(params, self.request, client, Hider(()), False, lambda *_given: self))
        self.state = report.result["state"]
        return report.result

    def rows(self, event: str) -> list[list[dict[str, Any]]]:
        return [data["rows"] for name, data in self.records if name == event]

    def held(self) -> list[bool]:
        return [device.held for device in self.truth().values()]


@pytest.fixture
def sites() -> Iterator[list[Site]]:
    made: list[Site] = []
    yield made
    for site in made:
        site.journal.close()


def test_a_release_is_recorded_when_it_cannot_be_read_whether_it_took_effect(sites: list[Site]) -> None:
    site = Site()
    sites.append(site)
    site.step("plan")
    site.emulator.add_fault("error_before", method="GET", times=None)
    site.step("wave", budget=0, wave="wave 1 (100%)")
    (rows,) = site.rows("released")
    assert [row["outcome"] for row in rows] == ["changed", "changed"]
    assert site.held() == [True, True]


def test_a_step_without_a_result_leaves_none_released_although_the_list_is_late(sites: list[Site]) -> None:
    site = Site()
    sites.append(site)
    site.emulator.set_switch(lag_seconds=60)
    site.step("plan")
    killed = Process(number=1, strike_writing=True, strike_at=2, strike_after=True)
    with pytest.raises(Crash):
        site.step("wave", wave="wave 1 (100%)", process=killed)
    assert False in site.held()
    result = site.step("end", lost=True)
    assert site.held() == [True, True]
    assert result["rollout"]["left_open"] == []


def test_a_lost_hold_is_not_confirmed_by_a_list_from_before_the_release(sites: list[Site]) -> None:
    site = Site(devices=1)
    sites.append(site)
    site.emulator.set_switch(lag_seconds=80)
    site.step("plan")
    site.emulator.add_fault("error_before", method="GET", times=1)  # whether the release took effect
    site.emulator.add_fault("html", path="/v1/set_update_trigger", after=1, times=None, processed=False)
    site.step("wave", budget=0, wave="wave 1 (100%)")
    result = site.step("end", budget=10)
    assert site.held() == [False]
    assert result["rollout"]["left_open"] == ["kiosk-0001"]


def test_a_rollback_waits_until_its_release_shows_so_that_none_lands_after_the_hold(sites: list[Site]) -> None:
    site = Site(devices=1)
    sites.append(site)
    site.emulator.configure([device["device_uuid"] for device in site.emulator.devices()], fail=True)
    site.step("plan")
    site.emulator.add_fault("late", path="/v1/set_update_trigger", after=2, seconds=60)  # release, hold, this release
    site.step("wave", budget=0, wave="wave 1 (100%)")
    site.pass_time(120)
    assert site.held() == [True]
    assert "rollback_started" in dict(site.records)


@pytest.mark.parametrize("after", ["hold", "release", "restore"])
@pytest.mark.parametrize("held", [True, False])
def test_what_was_rolled_back_is_held_however_devices_are_to_be_left(sites: list[Site], after: str, held: bool) -> None:
    site = Site(after=after)
    sites.append(site)
    uuids = [device["device_uuid"] for device in site.emulator.devices()]
    site.emulator.configure(uuids, held=held)
    site.emulator.configure(uuids[:1], fail=True)
    site.step("plan")
    site.step("wave", wave="wave 1 (100%)")
    assert "rollback_started" in dict(site.records)
    assert site.held() == [True, True]
    assert site.step("end")["rollout"]["left_open"] == []
    assert site.held() == [True, True]


# The first has failed and is held after the wave, unless it is to be as it was found. Then both are released.
@pytest.mark.parametrize(("after", "writes"), [("release", 3), ("restore", 2)])
def test_a_hold_that_failed_after_a_rollback_is_made_up_for_at_the_end(
    sites: list[Site], after: str, writes: int
) -> None:
    site = Site(after=after)
    sites.append(site)
    uuids = [device["device_uuid"] for device in site.emulator.devices()]
    site.emulator.configure(uuids, held=False)
    site.emulator.configure(uuids[:1], fail=True)
    site.step("plan")
    site.emulator.add_fault("error_before", path="/v1/set_update_trigger", after=writes, times=2)
    site.step("wave", budget=0, wave="wave 1 (100%)")
    assert False in site.held()
    assert site.step("end")["rollout"]["left_open"] == []
    assert site.held() == [True, True]


# How a later run finds what a run left behind that was killed while it rolled back.


@pytest.mark.parametrize(
    ("after", "update", "rollback", "kept_back"),
    [
        ("hold", "failed", "in_progress", True),
        ("hold", "success", "success", True),
        ("release", "success", "pending", True),
        ("restore", "success", "in_progress", True),
        ("restore", "failed", "success", True),
        ("release", "success", "success", True),
        ("restore", "success", None, False),
        ("release", "success", None, False),
    ],
)
def test_what_a_killed_rollback_left_released_is_held(
    after: str, update: str, rollback: str | None, kept_back: bool
) -> None:
    request = read_request({**OPTIONS, "after": after}, [DEVICE])
    mark = request.deployment.mark
    assert request.rollback is not None
    updates = [model_update(mark, update)]
    if rollback is not None:
        updates.append(model_update(request.rollback.marked_comment, rollback))
    device = model_device(1, held=False, updates=tuple(updates))
    plan = make_plan(request, [device], ["d-0001"])
    assert plan.leftovers == (("d-0001",) if kept_back else ())
    fates = fates_at_the_end(request, plan, {}, [device])
    assert to_hold(request, plan, fates) == (["d-0001"] if kept_back else [])


def test_what_another_sent_after_the_rollback_is_left_alone() -> None:
    request = read_request(OPTIONS, [DEVICE])
    assert request.rollback is not None
    updates = (model_update(request.rollback.marked_comment, "success"), model_update("by hand", "pending"))
    assert make_plan(request, [model_device(1, held=False, updates=updates)], ["d-0001"]).leftovers == ()


@pytest.mark.parametrize(
    ("filters", "exact", "deployments"),
    [
        (None, True, 1),
        ([{"type": "app", "operand": "is", "value": APP}], True, 1),
        ([{"type": "device_state", "operand": "is", "value": "online"}], False, 3),
    ],
)
def test_devices_that_may_come_online_meanwhile_are_not_reached_by_the_filter_of_a_wave(
    filters: Any, exact: bool, deployments: int
) -> None:
    request = read_request({**OPTIONS, "all_devices": not filters, "filters": filters}, [DEVICE])
    devices = [model_device(number, online=True, held=True, apps={APP: OLD}) for number in (1, 2, 3)]
    plan = make_plan(request, devices, [device.uuid for device in devices])
    assert plan.waves[0].exact is exact
    assert plan.api_calls["deployments"] == deployments
