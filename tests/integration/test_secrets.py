# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No token is in anything that Ansible prints or records, however talkative, whether a task succeeds or fails.

Tokens go in by variables, environment and module defaults, as the documentation recommends. A token that is typed on
the command line of ansible is shown by ansible-core 2.19 and later when the task fails: no module can prevent that.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from base64 import b64encode
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from urllib.parse import quote

import pytest

WRONG_USER, WRONG_DEVICE = "u-WRONG/11+22=33 44", "t-WRONG/55+66=77 88"
DEPLOY = "/v1/deploy_update"


class _Server(ThreadingHTTPServer):
    """Answers every call with what C(answer) makes of the body, and counts the calls."""

    daemon_threads = True

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.calls = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that does not trust the certificate

    def stop(self):
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def _answer(self):
        self.server.calls += 1
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, body = self.server.answer(asked)
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = _answer

    def log_message(self, *_arguments):
        pass


def _parrot(asked):
    tokens = [value for name, value in asked.items() if name.endswith("_token")]
    said = [spell(token) for token in tokens for spell in (str, _quoted, _base64)]
    return 400, {"error_message": "refused: " + " ".join(said)}


def _quoted(token):
    return quote(token, safe="")


def _base64(token):
    return b64encode(token.encode()).decode()


@pytest.fixture(scope="module")
def parrot():
    """A service that repeats the tokens of a call in its refusal."""
    server = _Server(_parrot)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that nobody has signed, with its key, in one file."""
    x509 = pytest.importorskip("cryptography.x509")  # ansible-core needs it too
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(timezone.utc)
    address = ip_address("127.0.0.1")
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture(scope="module")
def tls(certificate):
    server = _Server(lambda _asked: (200, {"more": False, "message": []}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    yield server
    server.stop()


@pytest.fixture
def nobody():
    """The address of a port on which nothing listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}"


def _url(server, scheme="http"):
    return f"{scheme}://127.0.0.1:{server.server_port}"


def test_no_token_at_vvvv(
    start_emulator, ansible_playbook, task, deployment, parrot, tls, certificate, nobody, assert_no_token
):
    fleet = start_emulator(devices=40)
    devices = fleet.devices()
    uuid = [device["device_uuid"] for device in devices]
    # Each fault has a device of its own, so that one play meets all of them.
    faults = {
        "refused": ("refuse", {"method": "POST"}),
        "no reply": ("drop_after", {"method": "POST"}),
        "5xx": ("error_after", {"method": "POST"}),
        "truncated": ("truncated", {"method": "GET"}),
        "html": ("html", {"method": "GET"}),
        "429": ("429", {}),
    }
    tasks = [task("success", "connect_update_trigger", trigger_set=True, device_token="{{ tokens[39] }}", verify=True)]
    for at, (name, (kind, where)) in enumerate(faults.items()):
        fleet.add_fault(kind, device_uuid=uuid[at], times=None, **where)
        options = {"trigger_set": True, "device_token": "{{ tokens[%d] }}" % at, "retry_budget": 1}
        tasks.append(task(name, "connect_update_trigger", **options))
    for at in range(20, 30):
        fleet.add_fault("429", device_uuid=uuid[at], times=None)
    fleet.add_fault("drop_before", path=DEPLOY, device_uuid=uuid[30])
    fleet.add_fault("error_after", path=DEPLOY, device_uuid=uuid[31])
    many = [{"device_token": "{{ tokens[%d] }}" % at, "name": "kiosk %d" % at} for at in range(20, 30)]
    one = {"trigger_set": True, "device_token": "{{ tokens[0] }}", "retry_budget": 1}
    wrong = {
        "trigger_set": True,
        "devices": [{"device_token": "{{ tokens[39] }}"}, {"device_token": "{{ wrong_device }}"}],
    }

    def only(at):
        return [{"type": "specific_device", "value": uuid[at]}]

    tasks += [
        task("429 for all", "connect_update_trigger", trigger_set=True, devices=many, retry_budget=1),
        task("wrong account", "connect_update_trigger", **{**one, "user_token": "{{ wrong_user }}"}),
        task("wrong account to read", "connect_device_info", project="Kiosks", user_token="{{ wrong_user }}"),
        task("wrong device", "connect_update_trigger", **wrong),
        task("wrong device to read", "connect_device_info", device_token="{{ wrong_device }}"),
        task("unknown project", "connect_device_info", project="Nowhere"),
        task("echo", "connect_update_trigger", **{**one, "api_url": _url(parrot)}),
        task("echo to a list", "connect_update_trigger", **{**wrong, "api_url": _url(parrot)}),
        task("unreachable", "connect_update_trigger", **{**one, "api_url": nobody}),
        task("tls", "connect_update_trigger", **{**one, "api_url": _url(tls, "https")}),
        task("deploy", "connect_deploy", **deployment(filters=only(32))),
        task("deploy, no reply", "connect_deploy", **deployment(filters=only(30), retry_budget=1)),
        task("deploy, 5xx", "connect_deploy", **deployment(filters=only(31), retry_budget=1)),
        task("deploy, refused", "connect_deploy", **{**deployment(filters=only(33)), "flow_id": "f-unknown"}),
        task("info", "connect_device_info", project="Kiosks"),
    ]
    for one_task in tasks:
        one_task["ignore_errors"] = True
    run = ansible_playbook(
        tasks,
        "-vvvv",
        "--diff",
        emulator=fleet,
        tokens=[device["device_token"] for device in devices],
        wrong_user=WRONG_USER,
        wrong_device=WRONG_DEVICE,
    ).succeeded()
    assert_no_token(run, [fleet.user_token, WRONG_USER, WRONG_DEVICE])
    assert_no_token(run, [device["device_token"] for device in devices])

    # Each of them ended as it was meant to: what did not happen proves nothing.
    codes = {record["task"]: record["result"].get("code") for record in run.records}
    assert codes == {
        "success": None,
        "refused": "outcome_unknown",
        "no reply": "outcome_unknown",
        "5xx": "outcome_unknown",
        "truncated": None,  # the state could not be read: written all the same
        "html": None,
        "429": "rate_limited",
        "429 for all": "rate_limited",
        "wrong account": "unauthorized",
        "wrong account to read": "unauthorized",
        "wrong device": "device_not_found",
        "wrong device to read": "device_not_found",
        "unknown project": "request_rejected",
        "echo": "unauthorized",
        "echo to a list": "unauthorized",
        "unreachable": "unreachable",
        "tls": "tls_error",
        "deploy": None,
        "deploy, no reply": "outcome_unknown",
        "deploy, 5xx": None,  # found again on the device
        "deploy, refused": "request_rejected",
        "info": None,
    }
    assert "***" in run["echo"]["msg"]
    assert run["truncated"]["warnings"]
    assert tls.calls == 0


def test_certificates(tls, certificate, ansible_playbook, task):
    options = {"api_url": _url(tls, "https"), "user_token": WRONG_USER, "project": "Kiosks"}
    tasks = [
        {**task("unknown", "connect_device_info", **options), "ignore_errors": True},
        task("trusted", "connect_device_info", **options, ca_path=str(certificate)),
        task("careless", "connect_device_info", **options, validate_certs=False),
    ]
    tls.calls = 0
    run = ansible_playbook(tasks).succeeded()
    assert run["unknown"]["code"] == "tls_error"
    assert "ca_path" in run["unknown"]["msg"]
    assert run["unknown"].get("http_status") is None
    assert run["trusted"]["summary"]["total"] == run["careless"]["summary"]["total"] == 0
    assert tls.calls == 2


@pytest.mark.smoke
def test_no_token_from_the_environment(start_emulator, ansible_adhoc, assert_no_token):
    fleet = start_emulator(devices=4)
    tokens = [device["device_token"] for device in fleet.devices()]
    env = {"CONNECT_API_URL": fleet.url, "CONNECT_USER_TOKEN": fleet.user_token}
    good = ansible_adhoc("connect_device_info", "project=Kiosks", "-vvvv", env=env).succeeded()
    bad = ansible_adhoc("connect_device_info", "project=Nowhere", "-vvvv", env=env).failed()
    wrong = ansible_adhoc("connect_device_info", "", "-vvvv", env={**env, "CONNECT_USER_TOKEN": WRONG_USER}).failed()
    for run in (good, bad, wrong):
        assert_no_token(run, [fleet.user_token, WRONG_USER, *tokens])
    assert wrong.result["code"] == "unauthorized"
