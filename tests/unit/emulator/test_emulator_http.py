# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulator on the network: the vendor's own snippets, faults as a client meets them, guards, and size."""

from __future__ import annotations

import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path

import pytest

requests = pytest.importorskip("requests")
pytest.importorskip("aiohttp")

from emulator.testing import Emulator, EmulatorError  # noqa: E402  after the check for what it needs
from emulator.web import is_loopback  # noqa: E402

DETAILS = "/v1/devices_details"


@pytest.fixture
def emulator(server):
    yield server
    server.clear_faults()
    server.set_switch(content_type="text/html", rate_limit=0)
    server.reset_stats()


def test_the_vendor_snippet_for_the_trigger(emulator):
    url = emulator.url
    token = emulator.devices()[0]["device_token"]
    response = requests.post(
        url + "/v1/set_update_trigger",
        json={"user_token": emulator.user_token, "device_token": token, "trigger_set": True},
    )
    assert response.status_code == 200
    assert response.json()["message"] == "Success"
    assert response.headers["Content-Type"].startswith("text/html")
    bad = requests.post(url + "/v1/set_update_trigger", json={"user_token": "x", "device_token": token})
    assert bad.status_code == 400
    assert bad.json()["error_message"] == "Invalid user_token"


def test_the_vendor_payload_for_a_deployment(emulator):
    device = emulator.devices(group="Floor-2")[0]
    payload = {
        "user_token": emulator.user_token,
        "flow_id": "f-77aa-01bc",
        "devices_filter": {
            "project": {"name": "Kiosks"},
            "groups": [{"name": "Floor-1"}, {"name": "Floor-2"}],
            "filters": [{"type": "specific_device", "operand": "is", "value": device["device_uuid"]}],
        },
        "metadata": {"comment": "night update", "app": {"name": "kiosk_ui", "version": "3.2.0"}},
    }
    assert requests.post(emulator.url + "/v1/deploy_update", json=payload).json() == {"message": "Success"}
    assert [update["comment"] for update in emulator.device(device["device_uuid"])["updates"]] == ["night update"]


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", None])
def test_a_body_on_get_and_delete_whatever_its_label(emulator, content_type):
    headers = {} if content_type is None else {"Content-Type": content_type}
    body = '{"user_token": "%s", "project_name": "Kiosks", "limit": 3}' % emulator.user_token
    response = requests.get(emulator.url + DETAILS, data=body, headers=headers)
    assert len(response.json()["message"]) == 3
    body = (
        '{"user_token": "%s", "tag_name": "canary", "device_filter": {"project": {"name": "Kiosks"},'
        ' "groups": [], "filters": [{"type": "tag", "operand": "is", "value": "nobody"}]}}' % emulator.user_token
    )
    assert requests.delete(emulator.url + "/v1/device_tags", data=body, headers=headers).status_code == 200


def test_parameters_in_the_query_are_not_read(emulator):
    assert requests.get(emulator.url + DETAILS, params={"user_token": emulator.user_token}).status_code == 400


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_object(emulator, data):
    response = requests.get(emulator.url + DETAILS, data=data)
    assert (response.status_code, list(response.json())) == (400, ["error_message"])


def test_the_label_can_be_json(emulator):
    emulator.set_switch(U24="application/json")
    response = requests.get(emulator.url + DETAILS, json={"user_token": emulator.user_token})
    assert response.headers["Content-Type"].startswith("application/json")


def page(emulator, timeout: float = 10):
    return requests.get(emulator.url + DETAILS, json={"user_token": emulator.user_token, "limit": 5}, timeout=timeout)


@pytest.mark.parametrize(
    ("kind", "error", "says"),
    [
        ("refuse", requests.ConnectionError, "reset by peer"),
        ("drop_before", requests.ConnectionError, "closed connection without response"),
        ("drop_after", requests.ConnectionError, "closed connection without response"),
        ("late", requests.ConnectionError, "closed connection without response"),
    ],
)
def test_broken_connections_as_a_client_meets_them(emulator, kind, error, says):
    emulator.add_fault(kind, path=DETAILS)
    with pytest.raises(error, match=says):
        page(emulator)
    assert page(emulator).status_code == 200


def test_a_truncated_reply_as_a_client_meets_it(emulator):
    emulator.add_fault("truncated", path=DETAILS)
    connection = HTTPConnection(emulator.url.removeprefix("http://"), timeout=10)
    connection.request("GET", DETAILS, body=json.dumps({"user_token": emulator.user_token}))
    response = connection.getresponse()
    assert response.status == 200
    with pytest.raises(IncompleteRead):  # requests notices with urllib3 2 only
        response.read()
    connection.close()
    assert page(emulator).status_code == 200


def test_bad_replies_as_a_client_meets_them(emulator):
    emulator.add_fault("error_before", status=502)
    emulator.add_fault("html")
    bad = page(emulator)
    assert (bad.status_code, bad.text[:6]) == (502, "<html>")
    html = page(emulator)
    assert html.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        html.json()


def test_a_slow_reply_comes_late_and_others_do_not_wait(emulator):
    emulator.add_fault("slow", seconds=1.5)
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(page, emulator)
        while emulator.stats()["max_in_flight"] < 1:
            time.sleep(0.01)
        assert page(emulator).status_code == 200
        assert not slow.done()
        assert slow.result().status_code == 200
    assert emulator.stats()["max_in_flight"] == 2
    emulator.add_fault("slow", seconds=2)
    with pytest.raises(requests.ReadTimeout):
        page(emulator, timeout=0.1)


def test_a_refusal_by_the_limit(emulator):
    emulator.set_switch(rate_limit=3)
    body = {"user_token": emulator.user_token, "device_token": emulator.devices()[-1]["device_token"]}
    replies = [requests.get(emulator.url + DETAILS, json=body) for _call in range(4)]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    assert replies[3].json() == {}
    assert "Retry-After" not in replies[3].headers


def test_the_contract_of_the_fixture(emulator):
    uuid = emulator.devices(project="Kiosks", group="Floor-1", tags=["canary"])[0]["device_uuid"]
    emulator.configure([uuid], held=True, update_seconds=1.5)
    assert emulator.device(uuid)["held"] is True
    assert [device["device_uuid"] for device in emulator.devices(held=True, group="Floor-1")] == [uuid]
    assert emulator.devices(project="Nowhere") == []
    with pytest.raises(EmulatorError, match="d-0000-0000"):
        emulator.device("d-0000-0000")
    page(emulator)
    assert set(emulator.stats()) == {
        *("calls", "reads", "writes", "write_attempts", "writes_by_path", "max_device_calls_per_minute"),
        *("calls_per_device", "duplicates", "rate_limited", "banned", "max_in_flight"),
    }
    assert set(emulator.log()[0]) == {"seq", "at", "method", "path", "device_uuid", "status", "fault", "body"}


def test_the_control_token():
    with Emulator.start(devices=2, control_token="s3cret") as emulator:
        assert len(emulator.devices()) == 2
        assert requests.get(emulator.url + "/_control/info").status_code == 403
        wrong = requests.get(emulator.url + "/_control/info", headers={"X-Control-Token": "x"})
        assert wrong.status_code == 403
        assert emulator.user_token not in wrong.text


def test_only_this_machine_is_this_machine():
    local = ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1", "localhost"]
    remote = ["0.0.0.0", "::", "192.0.2.7", "::ffff:192.0.2.7", "example.org", ""]  # noqa: S104  not bound, judged
    assert [is_loopback(host) for host in local + remote] == [True] * 5 + [False] * 6


def test_the_control_api_answers_this_machine_only():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.1", 9))  # sends nothing; tells the address that others would see
            address = probe.getsockname()[0]
        except OSError:
            pytest.skip("this machine has no address but loopback")
    if is_loopback(address):
        pytest.skip("this machine has no address but loopback")
    with Emulator.start(devices=2, host="0.0.0.0") as emulator:  # noqa: S104  that is the point
        outside = emulator.url.replace("127.0.0.1", address)
        assert requests.get(outside + DETAILS, json={"user_token": emulator.user_token}).status_code == 200
        refused = requests.get(outside + "/_control/info")
        assert (refused.status_code, emulator.user_token in refused.text) == (403, False)
        assert requests.get(emulator.url + "/_control/info").status_code == 200


def test_control_calls_that_are_wrong(emulator):
    base = emulator.url + "/_control/"
    assert requests.get(base + "nothing").status_code == 404
    assert requests.post(base + "advance", data="{").status_code == 400
    assert requests.post(base + "advance", json={"seconds": -1}).status_code == 400
    assert requests.post(base + "faults", json={"self": 1}).status_code == 400
    assert requests.get(base + "devices", params={"colour": "red"}).status_code == 400


def test_a_failed_start_is_told():
    with pytest.raises(EmulatorError, match="--devices"):
        Emulator.start(devices="many")


def test_a_hundred_thousand_devices():
    seconds = []
    for devices in (1000, 100_000):
        with Emulator.start(devices=devices) as emulator:
            about = Path("/proc", str(emulator.pid))
            if not about.exists():
                pytest.skip("no /proc here")
            assert int((about / "status").read_text().partition("VmRSS:")[2].split()[0]) < 400 * 1024
            before = processor_seconds(about)
            body = {"user_token": emulator.user_token, "limit": 50}
            session = requests.Session()
            for _page in range(200):
                answer = session.get(emulator.url + DETAILS, json=body).json()
                assert len(answer["message"]) == 50
                body["offset"] = (answer["message"][-1]["device_id"] + devices // 200) % (devices - 100)
            seconds.append(processor_seconds(about) - before)
    small, large = seconds
    assert large < 10 * small, "a page costs more in a larger fleet"


def processor_seconds(process: Path) -> float:
    ticks = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
