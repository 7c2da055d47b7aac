# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""connect_deploy in waves: one mark for all of them, one call where a filter names the wave, one per device else."""

from __future__ import annotations

import pytest

from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import (
    DEPLOY,
    DETAILS,
    deploy_request,
    filter_option,
    only,
    page,
    wire_device,
    wire_update,
)

NAME = "connect_deploy"
OPTIONS = {"flow_id": "f-1", "project": "Kiosks", "all_devices": True}
MARK = deploy_request(groups=[], all_devices=True).mark
CANARY = {"type": "tag", "value": "canary"}


def device(number, status=None, **changes):
    return wire_device(number, updates=[wire_update(MARK, status, number)] if status else [], **changes)


def test_all_waves_have_the_mark_of_the_whole():
    waves = [None, {"groups": ["Floor-1"]}, {"filters": [filter_option("tag", "canary")]}, {"device_uuids": ["d-1"]}]
    requests = [
        deploy_request(
            groups=[],
            all_devices=True,
            wave=wave and {"groups": None, "filters": None, "device_uuids": None, **wave},
        )
        for wave in waves
    ]
    assert {request.mark for request in requests} == {MARK}


@pytest.mark.parametrize(
    ("wave", "matching", "sent"),
    [
        ({"filters": [CANARY]}, {"tags": ["canary"]}, ([], [{**CANARY, "operand": "is"}])),
        ({"groups": ["Floor-2"]}, {"group": "Floor-2"}, ([{"name": "Floor-2"}], [])),
    ],
    ids=["tag", "group"],
)
def test_a_wave_by_tag_or_group_is_one_call_also_when_others_have_it(wire, drive, wave, matching, sent):
    devices = [device(1, **matching), device(2, **matching), device(3, "success")]
    shown = devices if "filters" in wave else devices[:2]  # a group is read by itself
    after = [device(1, "pending", **matching), device(2, "pending", **matching), *shown[2:]]
    wire.expect("GET", DETAILS, {"project_name": "Kiosks"}, reply=page(shown))
    groups, filters = sent
    wire.expect(
        "POST",
        DEPLOY,
        {"devices_filter": {"project": {"name": "Kiosks"}, "groups": groups, "filters": filters}},
    )
    wire.expect("GET", DETAILS, {"project_name": "Kiosks"}, reply=page(after))
    result = drive(NAME, **OPTIONS, wave=wave)
    assert not result["failed"]
    assert [row["device_uuid"] for row in result["devices"]] == ["d-0001", "d-0002"]
    assert result["deployment"]["calls"] == 1


def test_a_wave_by_state_is_sent_one_by_one_when_others_have_it(wire, drive):
    """A device that has it may come online, and so match, between the look and the call."""
    wave = {"filters": [{"type": "update_status", "operand": "is_not", "value": "success"}]}
    wire.expect("GET", DETAILS, reply=page([device(1), device(3, "success")]))
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0001")})
    wire.expect("GET", DETAILS, reply=page([device(1, "pending"), device(3, "success")]))
    assert not drive(NAME, **OPTIONS, wave=wave)["failed"]


def test_listed_devices_get_it_and_no_other(wire, drive):
    fleet = [device(number) for number in (1, 2, 3)]
    wire.expect("GET", DETAILS, reply=page(fleet))
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0001")})
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0003")})
    wire.expect("GET", DETAILS, reply=page([device(1, "pending"), device(2), device(3, "pending")]))
    result = drive(NAME, **OPTIONS, wave={"device_uuids": ["d-0003", "d-0001", "d-9999"]})
    assert [row["device_uuid"] for row in result["devices"]] == ["d-0001", "d-0003"]
    assert result["deployment"]["calls"] == 2
    assert any("d-9999" in warning for warning in result.warnings)


def test_a_device_of_two_waves_gets_it_once(wire, drive):
    wire.expect("GET", DETAILS, reply=page([device(1, "success"), device(2)]))
    wire.expect("POST", DEPLOY, {"devices_filter": only("d-0002")})
    wire.expect("GET", DETAILS, reply=page([device(1, "success"), device(2, "pending")]))
    result = drive(NAME, **OPTIONS, wave={"device_uuids": ["d-0001", "d-0002"]})
    assert [row["plan"] for row in result["devices"]] == ["done", "needed"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"wave": {}}, ["wave selects nothing", "device_uuids"]),
        ({"wave": {"device_uuids": []}}, ["wave.device_uuids"]),
        ({"wave": {"device_uuids": [" "]}}, ["wave.device_uuids"]),
        ({"wave": {"groups": ["Roof"]}, "groups": ["Floor-1"], "all_devices": False}, ["wave.groups", "'Roof'"]),
        ({"wave": {"filters": [{"type": "tag", "value": ""}]}}, ["wave.filters[0].value"]),
        ({"wave": {"filters": [{**CANARY, "type": "app", "app_version": "1"}]}}, ["wave.filters[0].app_version"]),
        ({"wave": {"device_uuids": ["d-1"]}, "resend": "all"}, ["resend: all", "wave.device_uuids"]),
        (
            {
                "all_devices": False,
                "filters": [{"type": "specific_device", "value": "d-1"}],
                "wave": {"filters": [{"type": "specific_device", "value": "d-2"}]},
            },
            ["wave.filters", "two specific_device"],
        ),
    ],
)
def test_a_wave_that_makes_no_sense_is_refused(drive, options, words):
    result = drive(NAME, **{**OPTIONS, **options})
    assert result["code"] == "invalid_option"
    assert all(word in result["msg"] for word in words), result["msg"]
