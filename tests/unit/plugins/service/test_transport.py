# Copyright: (c) 2026, EdgeOps
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The transport: whether a request was sent at all, what of the reply arrived, and the one bound on all of it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import ipaddress
import json
import os
import socket
import ssl
import threading
import time

import pytest
from requests import exceptions as rx

from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._errors import FateUnknown, Misconfigured, NotSent
from ansible_collections.edgeops.jfrog_connect.plugins.module_utils._service.http import (
    Call,
    HttpSettings,
    HttpTransport,
    _body,
)
from ansible_collections.edgeops.jfrog_connect.tests.unit.support.harness import DETAILS, SMALLEST, USER, token

READ = Call("GET", DETAILS, {"user_token": USER, "limit": 50})
CREATE = Call("POST", "/v1/deploy_update", {"user_token": USER}, writes=True, repeatable=False)
ELSEWHERE = "http://connect.example"
LONG = 60.0  # seconds: a time-out that no test waits for


@pytest.fixture(autouse=True)
def _no_proxy_from_outside(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        for variable in (name, name.upper()):
            monkeypatch.delenv(variable, raising=False)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(variable, raising=False)


def settings(port=9, **changes):
    known = {"timeout": LONG, "validate_certs": True, "ca_path": None, "concurrency": 2}
    return HttpSettings(**{"api_url": "http://127.0.0.1:%d" % port, **known, **changes})


def exchange(call, port=9, **changes):
    transport = HttpTransport(settings(port, **changes))
    try:
        return asyncio.run(transport.exchange(call))
    finally:
        transport.close()


# A socket at the other end


@contextlib.contextmanager
def peer(serve):
    """Hands each connection to C(serve), in threads; the sockets are closed at the end."""
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.ExitStack() as stack:

        def accept():
            with contextlib.suppress(OSError):
                while True:
                    connection = stack.enter_context(server.accept()[0])
                    threading.Thread(target=one, args=(connection,), daemon=True).start()

        def one(connection):
            with contextlib.suppress(OSError), connection:
                serve(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


def read_request(connection):
    """The head as text, and the decoded body."""
    request = b""
    while b"\r\n\r\n" not in request:
        more = connection.recv(65536)
        if not more:
            raise OSError("hung up")
        request += more
    head, _empty, body = request.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.splitlines()[1:])
    while len(body) < int(fields.get(b"content-length", 0)):
        body += connection.recv(65536)
    return head.decode("ascii"), json.loads(body) if body else None


def answering(answer, heard=None):
    """One answer to one request; empty means to hang up without one."""

    def serve(connection):
        request = read_request(connection)
        if heard is not None:
            heard.append(request)
        connection.sendall(answer)

    return serve


OK = b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\nRetry-After: 7\r\n\r\n{"message": []}'


def test_a_read_carries_its_parameters_and_tokens_in_a_json_body_and_nowhere_else():
    heard = []
    with peer(answering(OK.replace(b"Retry", b"Date: today\r\nRetry"), heard)) as port:
        reply = exchange(READ, port)
    assert (reply.status, reply.text, reply.retry_after, reply.date) == (200, '{"message": []}', "7", "today")
    ((head, body),) = heard
    assert head.startswith("GET /v1/devices_details HTTP/1.1")
    assert body == {"user_token": USER, "limit": 50}
    assert "SECRET" not in head
    assert "edgeops.jfrog_connect/" in head


def test_a_proxy_that_hangs_up_after_the_request_leaves_the_fate_unknown(monkeypatch):
    heard = []
    with peer(answering(b"", heard)) as port:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:%d" % port)
        with pytest.raises(FateUnknown):
            exchange(CREATE, api_url=ELSEWHERE)
    assert heard[0][0].startswith("POST http://connect.example/")


def test_plain_http_to_this_machine_does_not_leave_it_through_a_proxy(monkeypatch):
    heard = []
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with peer(answering(OK, heard)) as port:
        assert exchange(READ, port).status == 200
    assert heard[0][0].startswith("GET /v1/devices_details ")


@pytest.mark.parametrize("location", ["http://127.0.0.1:9/elsewhere", "http://[::1", "\xff\xfe", "\xc3"])
def test_a_redirect_is_neither_followed_nor_read(location):
    answer = b"HTTP/1.1 307 Moved\r\nLocation: " + location.encode("latin-1") + b"\r\nContent-Length: 0\r\n\r\n"
    with peer(answering(answer)) as port:
        assert exchange(CREATE, port).status == 307


@pytest.mark.parametrize("length", ["500", "9" * 5000, "-1", "1.5", "many"])
def test_a_status_survives_a_body_that_breaks_off_and_a_length_that_is_none(length):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: " + length.encode() + b'\r\n\r\n{"mess'
    with peer(answering(answer)) as port:
        reply = exchange(CREATE, port)
    assert reply.status == 200
    assert reply.text in (None, '{"mess')


STRANGE = {
    "closed": b"",
    "no HTTP": b"SSH-2.0-OpenSSH\r\n",
    "status of letters": b"HTTP/1.1 abc\r\n\r\n",
    "endless line": b"HTTP/1.1 200 " + b"x" * 70_000 + b"\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    "cut status": b"HTTP/1.",
}


@pytest.mark.parametrize("answer", STRANGE.values(), ids=STRANGE)
def test_no_reply_at_all_leaves_the_fate_unknown_and_quotes_nothing(answer):
    heard = []
    with peer(answering(answer, heard)) as port, pytest.raises(FateUnknown) as failure:
        exchange(CREATE, port)
    assert heard
    assert failure.value.__cause__ is None
    assert "POST /v1/deploy_update was sent" in failure.value.msg
    assert "SECRET" not in str(failure.value)
    assert "SSH" not in str(failure.value)


def test_a_port_where_no_service_listens_was_not_sent_to_and_is_named():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotSent, match=r"no connection to 127\.0\.0\.1:%d \(refused\)" % port):
        exchange(CREATE, port)


def test_a_name_that_is_not_known_is_named(monkeypatch):
    def unknown(*_args, **_more):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NotSent, match=r"connect\.example \(the name is not known\)"):
        exchange(CREATE, api_url="https://connect.example")


def test_a_proxy_that_is_not_there_is_named_without_its_password(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://me:SECRET@127.0.0.1:9")
    with pytest.raises(NotSent, match=r"connect\.example through the proxy 127\.0\.0\.1:9 \(refused\)") as failure:
        exchange(CREATE, api_url="https://connect.example")
    assert "SECRET" not in failure.value.msg


@pytest.mark.parametrize("proxy", ["ftp://proxy:1", "http://", "http://:80:80", "http://[::1"])
def test_a_proxy_that_is_no_address_was_certainly_not_sent_to(monkeypatch, proxy):
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(NotSent):
        exchange(CREATE, api_url="https://connect.example")


PROXIES = {
    "refuses to pass it on": (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "the proxy refused the connection"),
    "wants to know who asks": (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "asks for a login (407)"),
    "hangs up": (b"", "no connection to connect.example through the proxy"),
    "speaks no HTTP": (b"SSH-2.0\r\n", "no connection to connect.example through the proxy"),
    "opens no TLS": (b"HTTP/1.1 200 OK\r\n\r\nhello there, this is plain text", "connect.example through the proxy"),
}


@pytest.mark.parametrize(("answer", "said"), PROXIES.values(), ids=PROXIES)
def test_a_proxy_that_refuses_was_not_passed(monkeypatch, answer, said):
    heard, asked = [], []
    call = Call("POST", "/v1/deploy_update", {}, writes=True, repeatable=False, before_send=lambda: asked.append(1))
    with peer(answering(answer, heard)) as port:
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:%d" % port)
        with pytest.raises(NotSent) as failure:
            exchange(call, api_url="https://connect.example")
    assert heard[0][0].startswith("CONNECT connect.example:443")
    assert said in failure.value.msg
    assert not asked


@pytest.mark.parametrize("name", SMALLEST)
def test_a_ca_path_that_is_not_there_is_refused_by_name(bare_module, name, tmp_path):
    params = {**SMALLEST[name], "user_token": USER, "api_url": "https://127.0.0.1:9", "retry_budget": 0}
    result = bare_module(name, **params, ca_path=str(tmp_path / "gone.pem"))
    assert (result["failed"], result["code"]) == (True, "invalid_option")
    assert "ca_path" in result["msg"]


def test_a_host_name_that_cannot_be_one_is_no_crash(bare_module):
    params = {**SMALLEST["connect_device_info"], "user_token": USER, "retry_budget": 0}
    assert bare_module("connect_device_info", **params, api_url="https://connect..example")["failed"]


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    names = [x509.DNSName("connect.example"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*plain) + made.public_bytes(serialization.Encoding.PEM))
    return str(path)


def over_tls(certificate, serve):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def secured(connection):
        with context.wrap_socket(connection, server_side=True) as wrapped:
            serve(wrapped)

    return secured


def as_proxy(serve, opening=lambda: None):
    """Answers CONNECT after C(opening), and then is the service itself."""

    def proxy(connection):
        read_request(connection)
        opening()
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        serve(connection)

    return proxy


def test_a_request_goes_over_tls_and_through_a_proxy(monkeypatch, certificate):
    heard = []
    serve = over_tls(certificate, answering(OK, heard))
    with peer(serve) as port:
        assert exchange(READ, api_url="https://127.0.0.1:%d" % port, ca_path=certificate).status == 200
    with peer(as_proxy(serve)) as port:
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:%d" % port)
        assert exchange(READ, api_url="https://connect.example", ca_path=certificate).status == 200
    assert len(heard) == 2


def test_a_broken_reply_over_tls_leaves_the_fate_unknown_and_a_wrong_certificate_does_not(certificate):
    with peer(over_tls(certificate, answering(b""))) as port:
        url = "https://127.0.0.1:%d" % port
        with pytest.raises(FateUnknown):
            exchange(CREATE, api_url=url, ca_path=certificate)
        with pytest.raises(Misconfigured, match="ca_path") as failure:
            exchange(CREATE, api_url=url)
    assert failure.value.code == "tls_error"


def test_a_port_without_tls_was_not_sent_to_also_by_a_create():
    def plain(connection):
        connection.recv(1)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with peer(plain) as port, pytest.raises(Misconfigured, match="does not speak TLS") as failure:
        exchange(CREATE, api_url="https://127.0.0.1:%d" % port)
    assert failure.value.code == "tls_error"


@pytest.mark.parametrize(
    "content", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
@pytest.mark.parametrize("way", ["ca_path", "REQUESTS_CA_BUNDLE"])
def test_a_ca_file_without_a_certificate_is_said_as_that(monkeypatch, tmp_path, certificate, content, way):
    file = tmp_path / "ca.pem"
    file.write_text(content)
    if way == "ca_path":
        more = {"ca_path": str(file)}
    else:
        more = {}
        monkeypatch.setenv(way, str(file))
    with peer(over_tls(certificate, answering(OK))) as port, pytest.raises(Misconfigured, match=way) as failure:
        exchange(CREATE, api_url="https://127.0.0.1:%d" % port, **more)
    assert (failure.value.code, "certificate" in failure.value.msg) == ("tls_error", True)


def test_a_ca_bundle_that_went_away_is_said_as_that(monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    with pytest.raises(Misconfigured, match="REQUESTS_CA_BUNDLE"):
        exchange(CREATE, api_url="https://127.0.0.1:9")


def test_certificates_are_verified_unless_switched_off(tmp_path):
    for changes, expected in [
        ({}, True),
        ({"validate_certs": False}, False),
        ({"ca_path": str(tmp_path)}, str(tmp_path)),
        ({"ca_path": str(tmp_path), "validate_certs": False}, False),
    ]:
        transport = HttpTransport(settings(**changes))
        assert transport._verify == expected
        transport.close()


# What is asked right before the first byte


class Late(Exception):
    pass


def late():
    raise Late


@pytest.mark.parametrize("hook_raises", [late, [].pop, lambda: os.stat("/nowhere/at/all")])
def test_what_before_send_raises_keeps_the_request_back(hook_raises):
    heard = []
    call = Call("POST", "/v1/deploy_update", {}, writes=True, repeatable=False, before_send=hook_raises)
    with peer(answering(OK, heard)) as port, pytest.raises((Late, IndexError, FileNotFoundError)):
        exchange(call, port)
    assert not heard


def test_before_send_is_called_once_for_each_request_also_on_a_connection_that_is_used_again():
    heard, asked = [], []

    def serve(connection):
        while True:
            heard.append(read_request(connection))
            connection.sendall(OK)

    async def two(transport):
        for _each in range(2):
            await transport.exchange(Call("GET", DETAILS, {"x": "y" * 100_000}, before_send=lambda: asked.append(1)))

    with peer(serve) as port:
        transport = HttpTransport(settings(port))
        asyncio.run(two(transport))
        transport.close()
    assert (len(heard), len(asked)) == (2, 2)


def test_before_send_waits_for_a_proxy_that_is_slow_to_open_the_way(monkeypatch, certificate):
    """As not_after: it is compared when the request departs, not when the connection is begun."""
    heard, order = [], []

    def opening():
        order.append("CONNECT")
        time.sleep(0.1)
        order.append("opened")

    def asked():
        order.append("asked")
        raise Late

    call = Call("POST", "/v1/deploy_update", {}, writes=True, repeatable=False, before_send=asked)
    with peer(as_proxy(over_tls(certificate, answering(OK, heard)), opening)) as port:
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:%d" % port)
        with pytest.raises(Late):
            exchange(call, api_url="https://connect.example", ca_path=certificate)
    assert order == ["CONNECT", "opened", "asked"]
    assert not heard


# One bound on all of it


def drip(connection, data, every=0.02):
    """For as long as the other side listens."""
    while True:
        for at in range(len(data)):
            connection.sendall(data[at : at + 1])
            time.sleep(every)


DRIPS = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "a header": (b"HTTP/1.1 200 OK\r\nA: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body with length": (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
    "body without length": (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
    "chunk header": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "nothing": (b"", b""),
}


@pytest.mark.parametrize(("head", "then"), DRIPS.values(), ids=DRIPS)
@pytest.mark.parametrize("tls", [False, True])
def test_a_reply_that_trickles_is_given_up_when_the_time_is_over(monkeypatch, certificate, head, then, tls):
    begun, ended = threading.Event(), threading.Event()

    def serve(connection):
        try:
            read_request(connection)
            connection.sendall(head)
            begun.set()
            drip(connection, then) if then else connection.recv(1)
        finally:
            ended.set()

    async def time_is_over(_outcome, timeout):
        """As asyncio.wait, but the time is over soon after the reply has begun, on however slow a machine."""
        assert timeout == LONG
        while not begun.is_set():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)

    monkeypatch.setattr(asyncio, "wait", time_is_over)
    with peer(over_tls(certificate, serve) if tls else serve) as port:
        url = "%s://127.0.0.1:%d" % ("https" if tls else "http", port)
        with pytest.raises(FateUnknown, match="no whole reply came within 60 s"):
            exchange(CREATE, api_url=url, ca_path=certificate)
        assert ended.wait(LONG)  # the connection was cut, and its thread with it


@pytest.mark.parametrize("serve", [lambda connection: drip(connection, b"H"), lambda connection: connection.recv(1)])
@pytest.mark.parametrize("scheme", ["https", "proxy"])
def test_a_connection_that_does_not_come_about_in_time_was_never_sent(monkeypatch, serve, scheme):
    def hanging(connection):
        if scheme == "proxy":
            read_request(connection)
            connection.sendall(b"HTTP/1.1 200 ")
        serve(connection)

    with peer(hanging) as port:
        url = "https://127.0.0.1:%d" % port
        if scheme == "proxy":
            monkeypatch.setenv("https_proxy", url.replace("https", "http"))
            url = "https://connect.example"
        with pytest.raises(NotSent):
            exchange(CREATE, api_url=url, timeout=0.5)


def test_a_resolver_that_hangs_holds_up_neither_other_calls_nor_the_end(monkeypatch):
    real, stuck = socket.getaddrinfo, threading.Event()

    def resolve(host, *args, **more):
        if host == "connect.example":
            stuck.wait(LONG)
        return real(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    asked = []
    call = Call("GET", DETAILS, {}, before_send=lambda: asked.append(1))
    with pytest.raises(NotSent, match=r"connect\.example:9 \(none within 0\.3 s\)"):
        exchange(call, api_url="http://connect.example:9", timeout=0.3)
    stuck.set()
    assert not asked


def test_one_slow_reply_does_not_hold_up_the_others():
    slow = threading.Event()

    def serve(connection):
        while True:
            _head, body = read_request(connection)
            if body["who"] == "slow":
                slow.wait(LONG)
            connection.sendall(OK)

    async def both(transport):
        first = asyncio.create_task(transport.exchange(Call("GET", DETAILS, {"who": "slow"})))
        replies = [await transport.exchange(Call("GET", DETAILS, {"who": "quick"})) for _each in range(20)]
        slow.set()
        return [await first, *replies]

    with peer(serve) as port:
        transport = HttpTransport(settings(port))
        assert [one.status for one in asyncio.run(both(transport))] == [200] * 21
        transport.close()


def test_a_call_that_is_cancelled_hangs_up():
    heard = []

    async def leave(transport):
        task = asyncio.create_task(transport.exchange(READ))
        while not heard:
            await asyncio.sleep(0.01)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    def serve(connection):
        heard.append(read_request(connection))
        heard.append(connection.recv(1))  # empty: it was hung up

    with peer(serve) as port:
        transport = HttpTransport(settings(port))
        asyncio.run(leave(transport))
        while len(heard) < 2:
            time.sleep(0.01)
        transport.close()
    assert heard[1] == b""


def test_nothing_departs_after_the_end_of_the_task(monkeypatch):
    """A thread that comes back from the resolver when its task has ended finds that it may not send."""
    heard, stuck, back = [], threading.Event(), threading.Event()

    def resolve(*args, **more):
        stuck.wait(LONG)
        back.set()
        return found

    async def begin(transport):
        task = asyncio.create_task(transport.exchange(READ))
        await asyncio.sleep(0)
        task.cancel()

    with peer(answering(OK, heard)) as port:
        found = socket.getaddrinfo("127.0.0.1", port, type=socket.SOCK_STREAM)
        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        transport = HttpTransport(settings(port))
        asyncio.run(begin(transport))
        transport.close()
        threads = [one for one in threading.enumerate() if one.name == "connect"]
        stuck.set()
        for thread in threads:
            thread.join(LONG)
    assert back.is_set()
    assert not heard


def test_no_credentials_are_taken_from_the_user_s_files_and_no_cookies_are_kept(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hush\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    heard = []
    with_cookie = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\nSet-Cookie: login=hush; Path=/\r\n\r\n")
    with peer(answering(with_cookie, heard)) as port:
        transport = HttpTransport(settings(port))
        for _time in range(2):
            asyncio.run(transport.exchange(Call("GET", DETAILS, {"device_token": token(1)})))
        transport.close()
    assert [word in head.lower() for head, _body in heard for word in ("authorization", "cookie")] == [False] * 4


# Bodies


class Chunks:
    """As much of a requests.Response as _body looks at."""

    def __init__(self, *chunks, headers=None, breaks=None):
        self.chunks, self.headers, self.breaks = chunks, headers or {}, breaks

    def iter_content(self, _size):
        yield from self.chunks
        if self.breaks:
            raise self.breaks


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (Chunks(b'{"message"', b": 1}"), '{"message": 1}'),
        (Chunks(), ""),
        (Chunks(b"ab", headers={"Content-Length": "2"}), "ab"),
        (Chunks(b"ab", headers={"Content-Length": "3"}), None),
        (Chunks(b"ab", headers={"Content-Length": "9" * 5000}), None),
        (Chunks(b"abcdef", headers={"Content-Length": "3", "Content-Encoding": "gzip"}), "abcdef"),
        (Chunks(b"ab", headers={"Content-Length": "3", "Content-Encoding": "gzip"}), "ab"),
        (Chunks(b"ab", breaks=rx.ChunkedEncodingError()), None),
        (Chunks(b"ab", breaks=rx.ConnectionError()), None),
        (Chunks(b"ab", breaks=ValueError("of a decoder")), None),
        (Chunks(*[b"x" * 2**20] * 33), None),
        (Chunks("\u00e9".encode("latin-1")), "\ufffd"),
    ],
)
def test_a_body_is_whole_or_nothing(response, expected):
    assert _body(response) == expected
