# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any order of deployments, holds, disconnections and looks keeps the promises of device life."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from emulator.testing import InProcess

FINAL = {"success", "failed", "aborted"}
NEXT = {
    "pending": {"pending", "in_progress", *FINAL},
    "in_progress": {"in_progress", *FINAL},
    **{status: {status} for status in FINAL},
}
NUMBERS = st.integers(0, 2)


class Life(RuleBasedStateMachine):
    """Drives one emulator that is looked at all the time, and a twin that is looked at only at the end."""

    def __init__(self) -> None:
        super().__init__()
        options: dict[str, Any] = {
            "devices": 3,
            "groups": 1,
            "rate_limit": 0,
            "fail_percent": 40,
            "update_spread": 1,
            "heartbeat": 10,
            "update_seconds": 15,
        }
        self.watched, self.twin = InProcess(**options), InProcess(**options)
        self.uuids = [device["device_uuid"] for device in self.watched.devices()]
        self.known: dict[int, str] = {}
        self.mark = 0

    def both(self, name: str, *args: Any, **kwargs: Any) -> None:
        for emulator in (self.watched, self.twin):
            getattr(emulator, name)(*args, **kwargs)

    @rule(number=NUMBERS)
    def deploy(self, number: int) -> None:
        self.mark += 1
        target = {"type": "specific_device", "operand": "is", "value": self.uuids[number]}
        self.both(
            "call",
            "POST",
            "/v1/deploy_update",
            flow_id="f-77aa-01bc",
            devices_filter={"project": {"name": "Kiosks"}, "groups": [], "filters": [target]},
            metadata={"comment": str(self.mark), "app": {"name": "kiosk_ui", "version": str(self.mark)}},
        )

    @rule(number=NUMBERS, held=st.booleans())
    def hold(self, number: int, held: bool) -> None:
        self.both("configure", self.uuids[number], held=held)

    @rule(number=NUMBERS, online=st.booleans())
    def connect(self, number: int, online: bool) -> None:
        self.both("configure", self.uuids[number], online=online)

    @rule(seconds=st.floats(0, 60))
    def wait(self, seconds: float) -> None:
        before = {device["device_uuid"]: device for device in self.watched.devices()}
        self.both("advance", seconds)
        for device in self.watched.devices():
            old = before[device["device_uuid"]]
            started = [item for item in device["updates"] if item["started"] is not None]
            if old["held"] or not old["online"]:
                assert len(started) == len([item for item in old["updates"] if item["started"] is not None])
            if not old["online"]:
                assert device == old

    @invariant()
    def nothing_goes_back_and_nothing_overlaps(self) -> None:
        for device in self.watched.devices():
            running = [item for item in device["updates"] if item["update_status"] == "in_progress"]
            assert len(running) <= 1
            ended = 0.0
            for item in device["updates"]:
                status = item["update_status"]
                assert status in NEXT[self.known.get(item["update_id"], "pending")]
                self.known[item["update_id"]] = status
                if item["started"] is not None:
                    assert item["started"] > item["created"]
                    assert item["started"] >= ended
                    ended = item["finished"] or float("inf")
            done = [item["update_version"] for item in device["updates"] if item["update_status"] == "success"]
            assert device["apps"][0]["version"] == (done[-1] if done else "3.1.0")

    def teardown(self) -> None:
        assert self.watched.devices() == self.twin.devices()


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
