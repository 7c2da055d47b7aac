# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Access tokens of API v2 (API notes 1, U8): where they are read, what they may do, where, and until when."""

from __future__ import annotations

import pytest

from emulator.testing import EmulatorError, InProcess

LIST = "/api/v2/kiosks/devices"


@pytest.fixture
def emulator(make):
    return make(project={"Kiosks": 4, "Robots": 2})


def status(emulator, authorization: str | None, path: str = LIST, body: object = None) -> int:
    reply = emulator.request("GET", path, body, authorization).reply
    if reply.status != 200:
        assert list(reply.body) == ["message"]
    return reply.status


def allowed(emulator, token: str, project: str = "kiosks", device: str | None = None) -> dict[str, int]:
    """The status of each kind of call."""
    uuid = device or emulator.devices(project="Kiosks")[0]["device_uuid"]
    target = {"groups": [], "filters": [{"type": "tag", "operand": "is", "value": "unheard of"}]}
    sent = {"device_filter": target, "deployment_configuration": {"flow_uuid": "f-77aa-01bc"}}
    calls = {
        "list": ("GET", f"{project}/devices", None),
        "flows": ("GET", f"{project}/update-flows", None),
        "deployments": ("GET", f"{project}/deployments", None),
        "get": ("GET", f"{project}/devices/{uuid}", None),
        "patch": ("PATCH", f"{project}/devices/{uuid}", {"update_trigger": True}),
        "put": ("PUT", f"{project}/devices/{uuid}", {"update_trigger": True}),
        "deploy": ("POST", f"{project}/deployments", sent),
        "abort": ("POST", f"{project}/deployments/dp-0000-0000/abort", None),
    }
    return {name: emulator.call_v2(method, path, body, token=token)[0] for name, (method, path, body) in calls.items()}


READS = {"list": 200, "flows": 200, "deployments": 200, "get": 200}
WRITES = {"patch": 200, "put": 200, "deploy": 201, "abort": 404}


def refused(calls: dict[str, int], *names: str) -> dict[str, int]:
    return {name: 403 if not names or name in names else value for name, value in calls.items()}


def test_the_header_and_nothing_else_is_read(emulator):
    token = emulator.access_token
    assert status(emulator, f"Bearer {token}") == 200
    assert status(emulator, f"bearer  {token}") == 200
    for wrong in (None, "", token, f"Basic {token}", f"Token {token}", "Bearer", "Bearer ", f"Bearer {token}x"):
        assert status(emulator, wrong) == 401
    assert status(emulator, None, LIST, {"access_token": token, "user_token": token}) == 401
    assert status(emulator, None, f"{LIST}?access_token={token}") == 401
    assert status(emulator, "Bearer \udce4") == 401


def test_tokens_of_one_generation_are_not_tokens_of_the_other(emulator):
    assert status(emulator, f"Bearer {emulator.user_token}") == 401
    device_token = emulator.devices()[0]["device_token"]
    assert status(emulator, f"Bearer {device_token}") == 401
    answer = emulator.call("GET", "/v1/devices_details", user_token=emulator.access_token)
    assert answer == (400, {"error_message": "Invalid user_token"})
    reply = emulator.request("GET", "/v1/devices_details", {}, f"Bearer {emulator.access_token}").reply
    assert reply.status == 400


def test_the_first_token_comes_from_the_seed_or_is_given():
    assert InProcess(devices=1).access_token == InProcess(devices=2).access_token
    assert InProcess(devices=1, seed=2).access_token != InProcess(devices=1).access_token
    assert InProcess(devices=1).access_token.startswith("a-EMULATOR-")
    chosen = InProcess(access_token="a-mine")
    assert (chosen.access_token, chosen.call_v2("GET", "kiosks/devices")[0]) == ("a-mine", 200)
    assert chosen.add_access_token() == InProcess(devices=1, access_token="a-other").add_access_token()


def test_permissions(emulator):
    def calls(*permissions: str) -> dict[str, int]:
        return allowed(emulator, emulator.add_access_token(permissions=list(permissions)))

    assert allowed(emulator, emulator.access_token) == {**READS, **WRITES}
    assert calls("read", "modify_devices", "deploy_updates") == {**READS, **WRITES}
    assert calls("read") == {**READS, **refused(WRITES)}
    assert calls("read", "modify_devices") == {**READS, **refused(WRITES, "deploy", "abort")}
    assert calls("read", "deploy_updates") == {**READS, **refused(WRITES, "patch", "put")}
    assert calls() == {**refused(READS), **refused(WRITES)}


def test_a_call_that_is_not_permitted_does_nothing_and_names_the_permission(emulator):
    uuid = emulator.devices()[0]["device_uuid"]
    reader = emulator.add_access_token(permissions=["read"])
    status, body = emulator.call_v2("PATCH", f"kiosks/devices/{uuid}", {"update_trigger": True}, token=reader)
    assert (status, "modify_devices" in body["message"]) == (403, True)
    assert emulator.devices(held=True) == []


def test_a_token_for_one_project(emulator):
    token = emulator.add_access_token(project="Kiosks")
    assert allowed(emulator, token) == {**READS, **WRITES}
    robot = emulator.devices(project="Robots")[0]["device_uuid"]
    assert set(allowed(emulator, token, "robots", robot).values()) == {403}
    assert emulator.call_v2("GET", "nowhere/devices", token=token)[0] == 404


def test_a_token_for_one_device(emulator):
    mine, other = (device["device_uuid"] for device in emulator.devices(project="Kiosks")[:2])
    token = emulator.add_access_token(device_uuid=mine)
    single = {"get": 200, "patch": 200, "put": 200}
    assert allowed(emulator, token, device=mine) == {**refused(READS), **refused(WRITES), **single}
    assert set(allowed(emulator, token, device=other).values()) == {403}


def test_a_token_expires_in_emulated_time(emulator):
    token = emulator.add_access_token(expires_in=3600)
    emulator.advance(3599)
    assert emulator.call_v2("GET", "kiosks/devices", token=token)[0] == 200
    emulator.advance(1)
    assert emulator.call_v2("GET", "kiosks/devices", token=token)[0] == 401
    assert emulator.call_v2("GET", "kiosks/devices")[0] == 200


def test_a_missing_token_is_told_before_an_unknown_project(emulator):
    assert status(emulator, None, "/api/v2/nowhere/devices") == 401
    assert status(emulator, f"Bearer {emulator.access_token}", "/api/v2/nowhere/devices") == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"colour": "red"},
        {"user": 5},
        {"permissions": "read"},
        {"permissions": ["write"]},
        {"permissions": [["read"]]},
        {"project": "Nowhere"},
        {"device_uuid": "d-0000-0000"},
        {"expires_in": "soon"},
        {"expires_in": True},
        {"token": "chosen"},
    ],
)
def test_a_token_that_cannot_be_is_refused(emulator, wrong):
    with pytest.raises(EmulatorError, match="access token"):
        emulator.add_access_token(**wrong)
    assert len(emulator.access_tokens()) == 1


def test_the_control_api_lists_the_tokens(emulator):
    made = emulator.add_access_token(user="ops", project="Robots", permissions=["read"], expires_in=60)
    assert emulator.access_tokens() == [
        {
            "name": "token-1",
            "token": emulator.access_token,
            "user": "owner",
            "permissions": ["read", "modify_devices", "deploy_updates"],
            "project": None,
            "device_uuid": None,
            "expires": None,
        },
        {
            "name": "token-2",
            "token": made,
            "user": "ops",
            "permissions": ["read"],
            "project": "Robots",
            "device_uuid": None,
            "expires": 60,
        },
    ]
