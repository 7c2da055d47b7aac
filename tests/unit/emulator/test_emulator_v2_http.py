# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""API v2 on the network: whole exchanges as bytes on the wire, and what a client library makes of them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

requests = pytest.importorskip("requests")
pytest.importorskip("aiohttp")

FLOW = "f-77aa-01bc"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def emulator(server):
    before = server._control("GET", "switches", {}, None)["switches"]
    yield server
    server.clear_faults()
    server.set_switch(**before)
    server.configure([device["device_uuid"] for device in server.devices(held=True)], held=False)
    server.reset_stats()


def exchange(emulator, method: str, path: str, body: Any = None, *headers: str) -> tuple[str, dict[str, str], bytes]:
    """One request, written and read byte by byte: status line, headers, body."""
    host, _colon, port = emulator.url.removeprefix("http://").partition(":")
    payload = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} /api/v2/{path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(payload)}"]
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + payload)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _blank, content = received.partition(b"\r\n\r\n")
    status, *fields = head.decode().split("\r\n")
    return status, dict(field.split(": ", 1) for field in fields), content


def bearer(emulator) -> str:
    return f"Authorization: Bearer {emulator.access_token}"


def test_a_hold_on_the_wire(emulator, uuid):
    path = f"kiosks/devices/{uuid}"
    status, headers, content = exchange(emulator, "PATCH", path, {"update_trigger": True}, bearer(emulator))
    assert (status, headers["Content-Type"]) == ("HTTP/1.1 200 OK", "application/json; charset=utf-8")
    assert json.loads(content) == {"device_uuid": uuid, "update_trigger": True}
    assert emulator.device(uuid)["held"] is True
    status, _headers, content = exchange(emulator, "GET", path, None, bearer(emulator))
    shown = json.loads(content)
    assert (status, shown["device_uuid"], shown["update_trigger"]) == ("HTTP/1.1 200 OK", uuid, True)


def test_a_deployment_on_the_wire(emulator, uuid):
    one = {"type": "specific_device", "operand": "is", "value": uuid}
    sent = {
        "device_filter": {"groups": [], "filters": [one]},
        "deployment_configuration": {
            "flow_uuid": FLOW,
            "comment": "on the wire",
            "app": {"name": "kiosk_ui", "version": "3.2.0"},
            "parameters_mapping": {"ui_tag": "3.2.0"},
        },
    }
    status, headers, content = exchange(emulator, "POST", "kiosks/deployments", sent, bearer(emulator))
    assert (status, headers["Content-Type"]) == ("HTTP/1.1 201 Created", "application/json; charset=utf-8")
    name = json.loads(content)["deployment_uuid"]
    assert content == json.dumps({"deployment_uuid": name}).encode()
    status, _headers, content = exchange(emulator, "POST", f"kiosks/deployments/{name}/abort", None, bearer(emulator))
    assert (status, content) == ("HTTP/1.1 200 OK", b"{}")
    _status, _headers, content = exchange(emulator, "GET", f"kiosks/deployments/{name}", None, bearer(emulator))
    assert json.loads(content)["devices"] == [{"device_uuid": uuid, "device_name": "kiosk-0001", "status": "aborted"}]


def test_an_empty_201_on_the_wire(emulator):
    emulator.set_switch(deploy_reply="empty")
    sent = {"device_filter": {"groups": [], "filters": []}, "deployment_configuration": {"flow_uuid": FLOW}}
    status, headers, content = exchange(emulator, "POST", "kiosks/deployments", sent, bearer(emulator))
    assert (status, headers["Content-Length"], content) == ("HTTP/1.1 201 Created", "0", b"")


@pytest.mark.parametrize(
    ("method", "path", "header", "status"),
    [
        ("GET", "kiosks/devices", "X-Nothing: 1", "HTTP/1.1 401 Unauthorized"),
        ("GET", "nowhere/devices", "", "HTTP/1.1 404 Not Found"),
        ("GET", "kiosks/devices/d-0000-0000", "", "HTTP/1.1 404 Not Found"),
        ("GET", "kiosks/devices?limit=0", "", "HTTP/1.1 400 Bad Request"),
        ("DELETE", "kiosks/devices", "", "HTTP/1.1 405 Method Not Allowed"),
    ],
)
def test_refusals_on_the_wire(emulator, method, path, header, status):
    answer, headers, content = exchange(emulator, method, path, None, header or bearer(emulator))
    assert (answer, headers["Content-Type"]) == (status, "application/json; charset=utf-8")
    assert list(json.loads(content)) == ["message"]
    assert headers.get("Allow") == ("GET" if method == "DELETE" else None)


def test_a_403_on_the_wire(emulator, uuid):
    reader = emulator.add_access_token(permissions=["read"])
    header = f"authorization: bearer {reader}"
    status, _headers, content = exchange(emulator, "PATCH", f"kiosks/devices/{uuid}", {"update_trigger": True}, header)
    assert (status, list(json.loads(content))) == ("HTTP/1.1 403 Forbidden", ["message"])
    assert emulator.device(uuid)["held"] is False


def test_a_429_on_the_wire(emulator):
    emulator.set_switch(v2_limit=1)
    token = emulator.add_access_token()
    answers = [
        exchange(emulator, "GET", "kiosks/devices", None, f"Authorization: Bearer {token}") for _call in range(2)
    ]
    assert [answer[0] for answer in answers] == ["HTTP/1.1 200 OK", "HTTP/1.1 429 Too Many Requests"]
    assert 1 <= int(answers[1][1]["Retry-After"]) <= 60


def test_a_client_reads_all_pages(emulator):
    group = emulator.devices()[0]["group"]
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {emulator.access_token}"
    query: dict[str, Any] = {"group_name": group, "tags": ["canary", "no such tag"], "limit": 1, "enrich_info": "true"}
    found: list[dict[str, Any]] = []
    while True:
        body = session.get(f"{emulator.url}/api/v2/kiosks/devices", params=query).json()
        found += body["devices"]
        if body["after"] is None:
            break
        query["after"] = body["after"]
    assert [device["device_name"] for device in found] == [
        device["device_name"] for device in emulator.devices(group=group, tags=["canary"])
    ]
    assert len(found) == 2
    assert all(device["tags"] == {"names": ["canary"]} for device in found)


def test_faults_as_a_client_meets_them(emulator):
    def read() -> requests.Response:
        headers = {"Authorization": f"Bearer {emulator.access_token}"}
        return requests.get(f"{emulator.url}/api/v2/kiosks/devices", headers=headers, timeout=10)

    emulator.add_fault("drop_after", path="/api/v2/kiosks/devices")
    with pytest.raises(requests.ConnectionError, match="closed connection without response"):
        read()
    emulator.add_fault("html", path="/api/v2/*")
    page = read()
    assert (page.status_code, page.headers["Content-Type"], page.text[:6]) == (200, "text/html", "<html>")
    emulator.add_fault("429", path="/api/v2/*", retry_after=3)
    refused = read()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3")
    assert refused.headers["Content-Type"].startswith("application/json")
    emulator.add_fault("truncated", path="/api/v2/*")
    _status, headers, content = exchange(emulator, "GET", "kiosks/devices", None, bearer(emulator))
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert 0 < len(content) < int(headers["Content-Length"])


def test_the_fixture_says_what_a_client_needs(emulator):
    known = emulator.info()
    assert emulator.access_token.startswith("a-EMULATOR-")
    assert emulator.project_keys == {"Kiosks": "kiosks"}
    assert (known["access_token"], known["project_keys"]) == (emulator.access_token, emulator.project_keys)


def test_the_greeting_says_what_a_client_needs():
    options = ["--port", "0", "--project", "My kiosks=1", "--project", "Robots=1", "--access-token", "a-mine"]
    command = [sys.executable, "-m", "emulator", *options, "--watch-stdin"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _line in range(2)]
        process.stdin.close()
        assert process.wait(20) == 0
    assert "user_token u-EMULATOR-" in lines[0]
    assert lines[1] == "emulator: API v2: access_token a-mine, project keys my-kiosks, robots\n"
