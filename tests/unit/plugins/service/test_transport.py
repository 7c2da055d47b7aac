# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transport: whether a request was sent at all, and what of the reply arrived."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time

import pytest
import requests
from requests import exceptions as rx
from urllib3 import exceptions as ux

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import FateUnknown, Misconfigured, NotSent
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import (
    Call,
    HttpSettings,
    HttpTransport,
    _body,
    fate_of,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import DETAILS, SMALLEST, USER, token

READ = Call("GET", DETAILS, {"user_token": USER, "limit": 50})
CREATE = Call("POST", "/v1/deploy_update", {"user_token": USER}, writes=True, repeatable=False)


def settings(port=9, **changes):
    known = {"timeout": 5.0, "validate_certs": True, "ca_path": None, "concurrency": 2}
    return HttpSettings(**{"api_url": "http://127.0.0.1:%d" % port, **known, **changes})


def wrapped(reason):
    return ux.MaxRetryError(None, "/secret?path", reason)


FATES = [
    (rx.ConnectTimeout(wrapped(ux.ConnectTimeoutError(None, "x"))), NotSent),
    (rx.ConnectionError(wrapped(ux.NewConnectionError(None, "refused"))), NotSent),
    (rx.ConnectionError(wrapped(ux.NameResolutionError("h", None, OSError("x")))), NotSent),
    (rx.ProxyError(wrapped(ux.ProxyError("x", ux.NewConnectionError(None, "refused")))), NotSent),
    (rx.SSLError("certificate verify failed [SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), Misconfigured),
    (rx.ReadTimeout(), FateUnknown),
    (rx.ConnectionError(ux.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))), FateUnknown),
    (rx.ConnectionError(wrapped(ux.ReadTimeoutError(None, None, "x"))), FateUnknown),
    (rx.ConnectionError(), FateUnknown),
    (rx.SSLError("EOF occurred in violation of protocol"), FateUnknown),
    (rx.ChunkedEncodingError(), FateUnknown),
    (rx.RequestException("anything"), FateUnknown),
]


@pytest.mark.parametrize(("error", "fate"), FATES, ids=lambda one: type(one).__name__)
def test_only_what_certainly_never_arrived_counts_as_not_sent(error, fate):
    decided = fate_of(error, CREATE, 30)
    assert decided.__class__ is fate
    assert "SECRET" not in str(decided)
    assert "secret" not in str(decided)


def test_a_connection_that_broke_behind_a_proxy_may_have_carried_the_request():
    error = rx.ProxyError(wrapped(ux.ProxyError("Cannot connect to proxy.", ConnectionResetError(104, "reset"))))
    assert isinstance(fate_of(error, CREATE, 30), FateUnknown)


@pytest.mark.parametrize("error", [rx.InvalidURL("x"), rx.InvalidProxyURL("x"), rx.MissingSchema("x")])
def test_an_address_that_cannot_be_used_was_certainly_not_sent_to(error):
    assert isinstance(fate_of(error, CREATE, 30), NotSent)


@pytest.mark.parametrize("name", SMALLEST)
def test_a_ca_path_that_is_not_there_is_refused_by_name(bare_module, name, tmp_path):
    params = {**SMALLEST[name], "user_token": USER, "api_url": "https://127.0.0.1:9", "retry_budget": 0}
    result = bare_module(name, **params, ca_path=str(tmp_path / "gone.pem"))
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    assert "ca_path" in result["msg"]


def test_a_host_name_that_cannot_be_one_is_no_crash(bare_module):
    params = {**SMALLEST["connect_device_info"], "user_token": USER, "retry_budget": 0}
    assert bare_module("connect_device_info", **params, api_url="https://connect..example")["failed"]


# Bodies


class Chunks:
    """As much of a requests.Response as _body looks at."""

    def __init__(self, *chunks, headers=None, breaks=None):
        self.chunks, self.headers, self.breaks = chunks, headers or {}, breaks

    def iter_content(self, _size):
        yield from self.chunks
        if self.breaks:
            raise self.breaks


LATER = 1e12


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Chunks(b'{"message"', b": 1}"), '{"message": 1}'),
        (Chunks(), ""),
        (Chunks(b"ab", headers={"Content-Length": "2"}), "ab"),
        (Chunks(b"ab", headers={"Content-Length": "3"}), None),
        (Chunks(b"abcdef", headers={"Content-Length": "3", "Content-Encoding": "gzip"}), "abcdef"),
        (Chunks(b"ab", headers={"Content-Length": "3", "Content-Encoding": "gzip"}), "ab"),
        (Chunks(b"ab", breaks=rx.ChunkedEncodingError()), None),
        (Chunks(b"ab", breaks=rx.ConnectionError()), None),
        (Chunks(*[b"x" * 2**20] * 33), None),
        (Chunks("\u00e9".encode("latin-1")), "\ufffd"),
    ],
)
def test_a_body_is_whole_or_nothing(response, expected):
    assert _body(response, LATER) == expected


def test_a_body_that_drips_past_the_time_out_is_given_up():
    assert _body(Chunks(b"a", b"b"), time.monotonic() - 1) is None


# A socket at the other end


@contextlib.contextmanager
def peer(answer):
    """Accepts one connection, reads one request and hands it to C(answer), which returns bytes or None to hang up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard = []

        def serve():
            connection, _address = server.accept()
            with connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    request += connection.recv(65536)
                head, _empty, body = request.partition(b"\r\n\r\n")
                length = int(dict(line.lower().split(b": ", 1) for line in head.splitlines()[1:])[b"content-length"])
                while len(body) < length:
                    body += connection.recv(65536)
                heard.append((head.decode("ascii"), json.loads(body)))
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join(5)


def exchange(call, port, **changes):
    transport = HttpTransport(settings(port, **changes))
    try:
        return asyncio.run(transport.exchange(call))
    finally:
        transport.close()


OK = b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\nRetry-After: 7\r\n\r\n{"message": []}'


def test_a_read_carries_its_parameters_and_tokens_in_a_json_body_and_nowhere_else(monkeypatch):
    monkeypatch.setenv("http_proxy", "")
    with peer(OK) as (port, heard):
        reply = exchange(READ, port)
    assert (reply.status, reply.text, reply.retry_after) == (200, '{"message": []}', "7")
    ((head, body),) = heard
    assert head.startswith("GET /v1/devices_details HTTP/1.1")
    assert body == {"user_token": USER, "limit": 50}
    assert "SECRET" not in head
    assert "edgeops.jfrog_connect/" in head


def test_a_proxy_that_hangs_up_after_the_request_leaves_the_fate_unknown(monkeypatch):
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with peer(b"") as (port, heard):
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:%d" % port)
        with pytest.raises(FateUnknown):
            exchange(CREATE, port, api_url="http://connect.example")
    assert heard


def test_plain_http_to_this_machine_does_not_leave_it_through_a_proxy(monkeypatch):
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with peer(OK) as (port, heard):
        assert exchange(READ, port).status == 200
    assert heard[0][0].startswith("GET /v1/devices_details ")


def test_a_redirect_is_not_followed(monkeypatch):
    monkeypatch.setenv("http_proxy", "")
    answer = b"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:9/elsewhere\r\nContent-Length: 0\r\n\r\n"
    with peer(answer) as (port, _heard):
        assert exchange(CREATE, port).status == 307


def test_a_status_survives_a_body_that_breaks_off(monkeypatch):
    monkeypatch.setenv("http_proxy", "")
    with peer(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"mess') as (port, _heard):
        reply = exchange(CREATE, port)
    assert (reply.status, reply.text) == (200, None)


def test_a_connection_that_is_closed_without_a_reply_leaves_the_fate_unknown(monkeypatch):
    monkeypatch.setenv("http_proxy", "")
    with peer(b"") as (port, heard), pytest.raises(FateUnknown) as failure:
        exchange(CREATE, port)
    assert heard
    assert failure.value.__cause__ is None
    assert "SECRET" not in str(failure.value)


def test_a_port_where_nobody_listens_was_not_sent_to(monkeypatch):
    monkeypatch.setenv("http_proxy", "")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotSent):
        exchange(CREATE, port)


def test_the_session_takes_no_credentials_from_the_user_s_files_and_keeps_no_cookies(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hush\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "")
    with_cookie = OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: login=hush; Path=/\r\n\r\n")
    with peer(with_cookie) as (port, heard):
        transport = HttpTransport(settings(port))
        asyncio.run(transport.exchange(Call("GET", DETAILS, {"device_token": token(1)})))
        assert list(transport._session.cookies) == []
        transport.close()
    assert "authorization" not in heard[0][0].lower()


def test_certificates_are_verified_unless_switched_off(monkeypatch, tmp_path):
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)
    for changes, expected in [
        ({}, True),
        ({"validate_certs": False}, False),
        ({"ca_path": str(tmp_path)}, str(tmp_path)),
        ({"ca_path": str(tmp_path), "validate_certs": False}, False),
    ]:
        transport = HttpTransport(settings(**changes))
        assert transport._session.verify == expected
        assert isinstance(transport._session, requests.Session)
        transport.close()


@pytest.mark.parametrize(("repeatable", "code"), [(True, "tls_error"), (False, "outcome_unknown")])
def test_a_stream_that_breaks_like_a_port_without_tls_proves_nothing_for_a_create(repeatable, code):
    call = Call("POST", "/v1/deploy_update", {}, writes=True, repeatable=repeatable)
    assert fate_of(rx.SSLError("[SSL: WRONG_VERSION_NUMBER] wrong version number"), call, 30).code == code
