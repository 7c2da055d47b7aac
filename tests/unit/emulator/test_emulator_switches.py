# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each open question of the API notes, section 6, in every answer the emulator can give."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.switches import Switches
from emulator.testing import EmulatorError

DETAILS = "/v1/devices_details"
TRIGGER = "/v1/set_update_trigger"


@pytest.fixture
def uuid(emulator):
    return emulator.devices()[0]["device_uuid"]


def statuses(emulator, uuid: str) -> list[str]:
    return [update["update_status"] for update in emulator.device(uuid)["updates"]]


def comments(emulator, uuid: str) -> list[str]:
    return [update["comment"] for update in emulator.device(uuid)["updates"]]


def shown(emulator, uuid: str) -> dict:
    token = emulator.device(uuid)["device_token"]
    return emulator.call("GET", DETAILS, device_token=token)[1]["message"][0]


def test_u4_a_deployment_skips_held_devices(emulator, uuid, deploy):
    emulator.configure(uuid, held=True)
    emulator.set_switch(held_devices="skipped")
    assert deploy(emulator)[0] == 200
    assert statuses(emulator, uuid) == []
    assert emulator.deployments()[0]["targets"] == 7


def test_u5_a_hold_aborts_what_runs_at_the_next_beat(emulator, uuid, deploy):
    emulator.set_switch(U5="aborts")
    deploy(emulator, uuid)
    emulator.advance(25)
    emulator.configure(uuid, held=True)
    assert statuses(emulator, uuid) == ["in_progress"]
    emulator.advance(25)
    assert statuses(emulator, uuid) == ["aborted"]
    assert emulator.device(uuid)["apps"] == [{"app_name": "kiosk_ui", "version": "3.1.0"}]


@pytest.mark.parametrize("status", [400, 401, 403])
def test_u9_a_bad_token(emulator, status):
    emulator.set_switch(bad_token=status)
    assert emulator.call("GET", DETAILS, user_token="x")[0] == status
    assert emulator.call("GET", DETAILS, device_token="x")[0] == status


def test_u14_an_empty_target(emulator, deploy):
    assert deploy(emulator, "d-0000-0000") == (200, {"message": "Success"})
    emulator.set_switch(empty_target="400")
    assert deploy(emulator, "d-0000-0000")[0] == 400
    assert len(emulator.deployments()) == 1


def test_u15_the_same_flow_twice(emulator, uuid, deploy):
    deploy(emulator, uuid)
    deploy(emulator, uuid)
    assert statuses(emulator, uuid) == ["pending", "pending"]
    emulator.set_switch(same_flow="ignored")
    deploy(emulator, uuid)
    assert statuses(emulator, uuid) == ["pending", "pending"]


def test_u16_the_newest_first(emulator, uuid, deploy):
    emulator.set_switch(update_order="newest_first")
    for mark in "abc":
        deploy(emulator, uuid, metadata={"comment": mark})
    emulator.advance(25)
    assert statuses(emulator, uuid) == ["pending", "pending", "in_progress"]


def test_u17_pending_updates_expire(emulator, uuid, deploy):
    emulator.configure(uuid, online=False)
    emulator.set_switch(pending_expires=3600)
    deploy(emulator, uuid)
    emulator.advance(3599)
    assert statuses(emulator, uuid) == ["pending"]
    emulator.advance(1)
    assert statuses(emulator, uuid) == ["aborted"]
    emulator.configure(uuid, online=True)
    deploy(emulator, uuid)
    emulator.advance(100)
    assert statuses(emulator, uuid) == ["aborted", "success"]


def test_u18_is_not_with_a_version(emulator, uuid, deploy):
    emulator.configure(uuid, apps={})
    other = {"type": "app", "operand": "is_not", "value": "kiosk_ui", "app_version": "3.2.0"}
    deploy(emulator, path="/v2/deploy_update", filters=[other])
    emulator.set_switch(app_is_not="installed")
    deploy(emulator, path="/v2/deploy_update", filters=[other])
    assert [item["targets"] for item in emulator.deployments()] == [8, 7]


def test_u19_unknown_names(emulator, deploy):
    tag = {"type": "tag", "operand": "is", "value": "unheard of"}
    app = {"type": "app", "operand": "is", "value": "unheard_of"}
    place = {"project_name": "Kiosks", "group_name": "Floor-9"}

    def answers() -> list[int]:
        return [
            deploy(emulator, flow_id="f-0000-0000")[0],
            deploy(emulator, groups=[{"name": "Floor-9"}])[0],
            deploy(emulator, filters=[app])[0],
            deploy(emulator, filters=[tag])[0],
            emulator.call("GET", DETAILS, **place)[0],
        ]

    assert answers() == [400, 400, 400, 200, 400]
    emulator.set_switch(unknown_flow="accepted", unknown_group="empty", unknown_app="accepted", unknown_tag="rejected")
    assert answers() == [200, 200, 200, 400, 200]
    assert emulator.call("GET", DETAILS, **place)[1] == {"more": False, "message": []}
    assert [item["targets"] for item in emulator.deployments()] == [0, 8, 0, 0]


@pytest.mark.parametrize(
    ("value", "status", "held"), [("rejected", 400, False), (True, 200, True), ("false", 200, False)]
)
def test_u20_no_trigger_value(emulator, uuid, value, status, held):
    emulator.set_switch(trigger_missing=value)
    assert emulator.call("POST", TRIGGER, device_token=emulator.device(uuid)["device_token"])[0] == status
    assert emulator.device(uuid)["held"] is held


def test_u21_order_and_length_of_the_updates_shown(emulator, uuid, deploy):
    for number in range(60):
        deploy(emulator, uuid, metadata={"comment": str(number)})
    assert [item["comment"] for item in shown(emulator, uuid)["updates"]] == [str(number) for number in range(10, 60)]
    emulator.set_switch(updates_order="newest_first", updates_cap=3)
    assert [item["comment"] for item in shown(emulator, uuid)["updates"]] == ["59", "58", "57"]
    assert len(comments(emulator, uuid)) == 60


def test_u22_several_devices(emulator, deploy):
    first, second, third = (device["device_uuid"] for device in emulator.devices()[:3])
    more = {"type": "specific_device", "operand": "is", "value": second}
    tagged = {"type": "tag", "operand": "is", "value": "canary"}
    emulator.set_switch(several_devices="or")
    deploy(emulator, first, filters=[more])
    assert [len(statuses(emulator, uuid)) for uuid in (first, second, third)] == [1, 1, 0]
    deploy(emulator, first, filters=[more, tagged])
    assert [len(statuses(emulator, uuid)) for uuid in (first, second, third)] == [2, 1, 0]


def test_u23_the_zone_of_timestamps(emulator, uuid):
    before = shown(emulator, uuid)["last_keepalive"]
    emulator.set_switch(timestamp_offset=-90)
    assert (before[:15], shown(emulator, uuid)["last_keepalive"][:15]) == ("2026-01-04 23:5", "2026-01-04 22:2")


@pytest.mark.parametrize(
    ("value", "status", "held"), [("rejected", 400, False), ("ignored", 200, False), ("accepted", 200, True)]
)
def test_an_agent_that_is_too_new_for_v1(emulator, uuid, value, status, held):
    emulator.configure(uuid, agent_version="7.1")
    emulator.set_switch(agent7_trigger=value)
    token = emulator.device(uuid)["device_token"]
    assert emulator.call("POST", TRIGGER, device_token=token, trigger_set=True)[0] == status
    assert emulator.device(uuid)["held"] is held


def test_a_switch_changes_the_future_only(emulator, uuid, deploy):
    deploy(emulator, uuid, metadata={"comment": "a"})
    deploy(emulator, uuid, metadata={"comment": "b"})
    emulator.advance(25)
    emulator.set_switch(update_order="newest_first")
    assert statuses(emulator, uuid) == ["in_progress", "pending"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"unheard_of": 1},
        {"held_devices": "maybe"},
        {"bad_token": 404},
        {"updates_cap": 0},
        {"updates_cap": 1.5},
        {"rate_limit": -1},
        {"lag_seconds": "nan"},
        {"lag_seconds": "inf"},
        {"U19": "rejected"},
        {"U6": "3"},
    ],
)
def test_a_wrong_switch_is_refused_and_changes_nothing(emulator, wrong):
    with pytest.raises(EmulatorError):
        emulator.set_switch(same_flow="ignored", **wrong)
    assert emulator.exchange.service.switches == Switches(rate_limit=0)


def test_the_guide_lists_every_switch_and_value():
    guide = Path(__file__).resolve().parents[3].joinpath("docs", "emulator.md").read_text(encoding="utf-8")
    for name, default in Switches().as_dict().items():
        (row,) = [line for line in guide.splitlines() if line.startswith(f"| `{name}` |")]
        assert f"**`{default:g}`**" in row if isinstance(default, float) else f"**`{default}`**" in row
