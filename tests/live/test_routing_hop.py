"""What a hop must leave alone, and the ways to a backend: TLS, gRPC, sockets, WebSocket, keepalive, bodies, mirror."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import makers
import nginx_lab
import pytest
from faulty import Backend, Fault
from nginx_lab import ADDRESS
from routing_lab import Ask, Lab

from nginxgen.model.service import (
    Anonymous,
    Fallback,
    Override,
    Protocol,
    RealIp,
    Route,
    Server,
    Service,
    Source,
    Sticky,
    Version,
)

_HEADER = Override(makers.HEADER)
_TO_CANARY = (("X-Gray-Release", "true"),)
_FALLBACK = Fallback(("error", "timeout", "http_503"), "1s")


@contextmanager
def over(folder: Path, service: Service, lab: Lab, weight: str = "0", fault: Fault = Fault.NONE) -> Iterator[list]:
    """nginx before two counting backends."""
    backends = [Backend("v1", lab.v1), Backend("v2", lab.v2, fault)]
    with ExitStack() as stack:
        for one in backends:
            stack.enter_context(one.running())
        stack.enter_context(lab.serving([service], makers.intent([service], weight), backends=""))
        yield backends


def certificate(folder: Path) -> str:
    """The directives that name a fresh certificate for shop.example.com."""
    key, chain = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=shop.example.com", "-addext", "subjectAltName=DNS:shop.example.com",
         "-keyout", str(key), "-out", str(chain)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return f"ssl_certificate {chain}; ssl_certificate_key {key};"


def named_backends(lab: Lab, listen: str, directives: str = "", told: str = "$http_host") -> str:
    return "\n".join(
        f"server {{ listen {ADDRESS}:{port} {listen}; {directives} add_header X-Backend {name} always;"
        f' add_header X-Told "{told}" always; location / {{ return 200 "{name}"; }} }}'
        for port, name in ((lab.v1, "v1"), (lab.v2, "v2"))
    )


def test_https_backends_are_asked_with_the_name_of_the_service(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    trust = f"proxy_ssl_verify on; proxy_ssl_trusted_certificate {tmp_path}/cert.pem;"
    service = lab.service("shop", protocol=Protocol.HTTPS, override=_HEADER, server_extra=trust, fallback=_FALLBACK)
    backends = named_backends(lab, "ssl", certificate(tmp_path), "$ssl_server_name")
    with lab.serving([service], makers.intent([service], "0"), backends=backends):
        for headers, version in (((), "v1"), (_TO_CANARY, "v2")):
            answer = lab.ask("shop", Ask(headers=headers))
            assert (answer.status, answer.version) == (200, version)
            assert answer.headers["X-Told"] == "shop.example.com"


@pytest.mark.parametrize("protocol", [Protocol.GRPC, Protocol.GRPCS])
@pytest.mark.parametrize("fallback", [None, _FALLBACK], ids=["plain", "fallback"])
def test_grpc_backends(tmp_path: Path, protocol: Protocol, fallback: Fallback | None) -> None:
    lab = Lab.at(tmp_path)
    service = lab.service("shop", protocol=protocol, override=_HEADER, fallback=fallback, version_header=True)
    tls = protocol is Protocol.GRPCS
    backends = named_backends(lab, f"http2{' ssl' * tls}", certificate(tmp_path) if tls else "", "$server_protocol")
    with lab.serving([service], makers.intent([service], "0"), backends=backends):
        for headers, version in (((), "v1"), (_TO_CANARY, "v2")):
            answer = lab.ask("shop", Ask("/pkg.Service/Call", "POST", (*headers, ("TE", "trailers")), body=b"x"))
            assert (answer.status, answer.version, answer.headers["X-Told"]) == (200, version, "HTTP/2.0")
            assert answer.headers["X-Gray-Version"] == version


_CALLER = """
    log_format calls '$status $upstream_http_x_backend $upstream_trailer_grpc_status $upstream_trailer_grpc_message';
    server {{
        listen {address}:{port};
        access_log {folder}/calls.log calls;
        grpc_set_header Host shop.example.com;
        grpc_set_header TE trailers;
        location / {{ grpc_pass grpc://{address}:{to}; }}
    }}
"""
_TRAILERS = (
    "add_header Content-Type application/grpc; add_trailer grpc-status 0 always; add_trailer grpc-message {name};"
)


@pytest.mark.parametrize("protocol", [Protocol.GRPC, Protocol.GRPCS])
def test_a_grpc_call_is_http2_from_the_caller_to_the_backend_with_its_trailers(
    tmp_path: Path, protocol: Protocol
) -> None:
    """Another nginx server is the caller: it speaks HTTP/2 to ours and logs the trailers that come back."""
    lab, [caller] = Lab.at(tmp_path), nginx_lab.free_ports(1)
    service = lab.service(
        "shop", listen=(f"{lab.port} http2",), protocol=protocol, override=_HEADER, fallback=_FALLBACK
    )
    listen = f"http2{' ssl' * (protocol is Protocol.GRPCS)}"
    stubs = named_backends(lab, listen, certificate(tmp_path) + _TRAILERS.format(name="$server_port"))
    asking = _CALLER.format(address=ADDRESS, port=caller, folder=tmp_path, to=lab.port)

    def call(headers: Sequence[tuple[str, str]]) -> str:
        connection = http.client.HTTPConnection(ADDRESS, caller, timeout=15)
        connection.request("POST", "/pkg.Service/Call", b"x", dict(headers))
        connection.getresponse().read()
        log, before = tmp_path / "calls.log", len(seen)
        nginx_lab.until(lambda: len(log.read_text().splitlines()) > before, "the caller has logged nothing")
        connection.close()  # not before: trailers come after the body, and nobody would wait for them
        seen.append(log.read_text().splitlines()[-1])
        return seen[-1]

    seen: list[str] = []
    with lab.serving([service], makers.intent([service], "0"), backends=asking + stubs):
        assert call(()) == f"200 v1 0 {lab.v1}"
        assert call(_TO_CANARY) == f"200 v2 0 {lab.v2}"
    alone = asking + stubs[: stubs.index("\n")]
    with lab.serving([service], makers.intent([service], "100"), backends=alone):
        assert call(()) == call(_TO_CANARY) == f"200 v1 0 {lab.v1}"  # the canary is gone


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """nginx's workers are nobody's, and pytest's folders are for its user only."""
    with TemporaryDirectory(prefix="ng-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_unix_sockets_as_backends(open_folder: Path) -> None:
    lab = Lab.at(open_folder)
    versions = tuple(makers.version(name, f"unix:{open_folder}/{name}.sock") for name in ("v1", "v2"))
    backends = "\n".join(
        f'server {{ listen unix:{open_folder}/{name}.sock; add_header X-Backend {name}; return 200 "{name}"; }}'
        for name in ("v1", "v2")
    )
    service = lab.service("shop", versions=versions, version_header=True)
    with lab.serving([service], makers.intent([service], "50"), backends=backends):
        for _ in range(20):
            answer = lab.ask("shop", Ask())
            assert answer.headers["X-Gray-Version"] == answer.version
            assert answer.version


def test_a_tls_listener_tells_its_scheme_and_issues_a_secure_cookie(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    service = lab.service(
        "shop",
        listen=(f"{lab.port} ssl",),
        server_extra=certificate(tmp_path),
        sticky=Sticky(Source.COOKIE, "gid", Anonymous.ISSUE),
    )
    context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    with over(tmp_path, service, lab, "50") as backends:
        raw = socket.create_connection((ADDRESS, lab.port), 15)
        with context.wrap_socket(raw, server_hostname="shop.example.com") as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: shop.example.com\r\nConnection: close\r\n\r\n")
            got = b"".join(iter(lambda: tls.recv(65_536), b""))
    assert b"; SameSite=Lax; Secure\r\n" in got
    assert b"X-Forwarded-Proto: https\r\n" in (backends[0].seen + backends[1].seen)[0]


def test_a_websocket_is_passed_on_in_both_directions(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    service = lab.service("shop", fallback=_FALLBACK, override=_HEADER)
    with socket.create_server((ADDRESS, lab.v2)) as backend, over_socket(lab, service):
        client = socket.create_connection((ADDRESS, lab.port), 15)
        client.sendall(
            b"GET /chat HTTP/1.1\r\nHost: shop.example.com\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
            b"X-Gray-Release: true\r\n\r\n"
        )
        server, _ = backend.accept()
        server.settimeout(15)
        asked = server.recv(65_536)
        assert b"Upgrade: websocket\r\n" in asked
        assert b"Connection: upgrade\r\n" in asked
        server.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nhello")
        assert received(client, b"hello").startswith(b"HTTP/1.1 101 ")
        client.sendall(b"ping")
        assert received(server, b"ping") == b"ping"
        client.close()
        server.close()


@contextmanager
def over_socket(lab: Lab, service: Service) -> Iterator[None]:
    with lab.serving([service], makers.intent([service], "0"), backends=""):
        yield


def received(connection: socket.socket, end: bytes) -> bytes:
    got = b""
    while not got.endswith(end):
        more = connection.recv(65_536)
        assert more, got
        got += more
    return got


def test_connections_to_the_backends_are_kept(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    connections = (
        f"server {{ listen {ADDRESS}:{lab.v1}; listen {ADDRESS}:{lab.v2}; add_header X-Backend $connection;"
        " return 200; }"
    )
    service = lab.service("shop", fallback=_FALLBACK)
    with lab.serving([service], makers.intent([service], "50"), backends=connections, workers=1):
        used = {lab.ask("shop", Ask()).version for _ in range(60)}
    assert len(used) <= 2


def test_a_large_body_arrives_whole(open_folder: Path) -> None:
    lab = Lab.at(open_folder)
    service = lab.service("shop", fallback=_FALLBACK, server_extra="client_max_body_size 64m;")
    body = os.urandom(20_000_000)
    with over(open_folder, service, lab, "100") as backends:
        assert lab.ask("shop", Ask(method="POST", body=body)).version == "v2"
        got = backends[1].seen[0].partition(b"\r\n\r\n")[2]
    assert hashlib.sha256(got).digest() == hashlib.sha256(body).digest()


def test_an_answer_streams_while_it_is_made(tmp_path: Path) -> None:
    """The first part is with the client before the backend has written the second, where the backend asks for it."""
    lab = Lab.at(tmp_path)
    service = lab.service("shop", fallback=_FALLBACK)
    with socket.create_server((ADDRESS, lab.v1)) as backend, over_socket(lab, service):
        connection = http.client.HTTPConnection(ADDRESS, lab.port, timeout=15)
        connection.request("GET", "/events", headers={"Host": "shop.example.com"})
        server, _ = backend.accept()
        server.recv(65_536)
        server.sendall(b"HTTP/1.1 200 OK\r\nX-Accel-Buffering: no\r\nContent-Length: 10\r\n\r\nfirst")
        response = connection.getresponse()
        assert response.read(5) == b"first"
        server.sendall(b"later")
        assert response.read(5) == b"later"
        server.close()
        connection.close()


def test_the_backend_learns_who_asked(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    service = lab.service("shop", real_ip=RealIp(("127.0.0.1/32",)), version_header=True)
    with over(tmp_path, service, lab) as backends:
        headers = (("X-Forwarded-For", "192.0.2.7"), ("X-Real-IP", "6.6.6.6"), ("X-Gray-Version", "v2"))
        answer = lab.ask("shop", Ask("/a%20b//c?x=%41", headers=headers))
        seen = backends[0].seen[0].split(b"\r\n")
    assert seen[0] == b"GET /a%20b//c?x=%41 HTTP/1.1"
    assert b"Host: shop.example.com" in seen
    assert b"X-Real-IP: 192.0.2.7" in seen
    assert b"X-Forwarded-For: 192.0.2.7, 192.0.2.7" in seen
    assert b"X-Forwarded-Proto: http" in seen
    assert b"X-Gray-Version: v1" in seen
    assert not any(b"X-Gray-Version: v2" in one for one in seen)
    assert answer.headers["X-Gray-Version"] == "v1"


@pytest.mark.parametrize("weight", ["0", "50", "100"])
@pytest.mark.parametrize("sticky", [None, Sticky(Source.HEADER, "X-S", Anonymous.ADDRESS)], ids=["request", "client"])
def test_the_client_learns_which_version_answered(tmp_path: Path, weight: str, sticky: Sticky | None) -> None:
    lab = Lab.at(tmp_path)
    service = lab.service("shop", version_header=True, sticky=sticky, override=_HEADER)
    with over(tmp_path, service, lab, weight):
        for at in range(20):
            headers = (("X-S", f"s{at}"), *(_TO_CANARY if at % 3 == 0 else ()))
            answer = lab.ask("shop", Ask(headers=headers))
            assert answer.headers["X-Gray-Version"] == answer.version


def test_a_server_written_by_name_is_told_by_not_being_the_others(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    versions = (makers.version("v1", f"{ADDRESS}:{lab.v1}"), Version("v2", (Server(f"localhost:{lab.v2}"),)))
    service = lab.service("shop", version_header=True, versions=versions)
    with over(tmp_path, service, lab, "50"):
        for _ in range(20):
            answer = lab.ask("shop", Ask())
            assert answer.headers["X-Gray-Version"] == answer.version


def test_a_safe_request_that_went_to_stable_is_mirrored_and_no_other(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    service = lab.service("shop", mirror=True, override=_HEADER, version_header=True, fallback=_FALLBACK)
    with over(tmp_path, service, lab) as backends:
        for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"):
            body = b"x" if method in ("POST", "PUT", "PATCH") else None
            answer = lab.ask("shop", Ask(f"/{method}?a=%20b", method, body=body))
            assert (answer.status, answer.version, answer.headers["X-Gray-Version"]) == (200, "v1", "v1")
        assert lab.ask("shop", Ask(headers=_TO_CANARY)).version == "v2"
        nginx_lab.until(lambda: backends[1].ran.total() >= 4, "the copies did not arrive")
        assert backends[0].ran == dict.fromkeys(("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"), 1)
        assert backends[1].ran == {"GET": 2, "HEAD": 1, "OPTIONS": 1}
        copy = next(one for one in backends[1].seen if b"/GET?a=%20b" in one)
        assert b"X-Gray-Version: v2\r\n" in copy
        assert b"Host: shop.example.com\r\n" in copy


@pytest.mark.parametrize("fault", [Fault.REFUSES, Fault.E500, Fault.HANGS])
def test_a_mirror_that_fails_harms_nobody(tmp_path: Path, fault: Fault) -> None:
    lab = Lab.at(tmp_path)
    service = lab.service("shop", mirror=True, fallback=_FALLBACK, version_header=True)
    with over(tmp_path, service, lab, fault=fault) as backends:
        for _ in range(10):
            answer = lab.ask("shop", Ask())
            assert (answer.status, answer.headers["X-Gray-Version"]) == (200, "v1")
        assert backends[0].ran["GET"] == 10  # none of the copies fell back to stable


def test_with_the_canary_off_nothing_is_mirrored(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    service = lab.service("shop", mirror=True)
    twin = lab.release([service], makers.intent([service], "0")).emergency
    assert "mirror" not in twin.file("shop.conf").text


def test_routes_and_access_rules_hold_before_the_dispatch(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    routes = (Route("reads", "/api", methods=("GET",)), Route("default"))
    service = lab.service("shop", override=_HEADER, fallback=_FALLBACK, routes=routes, server_extra="deny 127.0.0.5;")
    with over(tmp_path, service, lab, "50"):
        for path in ("/", "/api"):
            assert lab.ask("shop", Ask(path, source="127.0.0.5")).status == 403
            assert lab.ask("shop", Ask(path, headers=_TO_CANARY)).version == "v2"
        assert lab.ask("shop", Ask("/.nginxgen/mirror")).status == 200  # a path like another


def test_a_backup_of_a_version_takes_over(tmp_path: Path) -> None:
    lab = Lab.at(tmp_path)
    service = lab.service("shop")
    stable = Version(
        "v1", (Server(f"{ADDRESS}:{nginx_lab.free_ports(1)[0]}"), Server(f"{ADDRESS}:{lab.v1}", backup=True))
    )
    service = replace(service, versions=(stable, service.versions[1]))
    with over(tmp_path, service, lab):
        assert lab.ask("shop", Ask(method="POST", body=b"x")).version == "v1"
