"""What a request costs in nginx: user-space instructions, ours beside a hand-written minimal proxy.

    python bench/routing_cost.py [services ...] [words of a form]        (by default 1 and 3000, all forms)

callgrind counts the instructions of one nginx process over 50 and over 550 requests; the difference by 500 is the cost
of one request, without start-up. Then both again with a log, beside a proxy by hand with the same features
(`routing_peers.py`). The figures repeat to a few instructions on any machine with the same nginx and libc.
Needs nginx and valgrind. Backends are another nginx, which is not counted.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import makers
import nginx_lab
import routing_peers
from nginx_lab import ADDRESS

from nginxgen.model.intent import Intent
from nginxgen.model.service import Anonymous, Fallback, Networks, Override, Service, Source, Sticky, Users
from nginxgen.render import render

_FEW, _MANY = 50, 550
_FALLBACK = Fallback(("error", "timeout", "http_500", "http_502", "http_503", "http_504"))
_SID = Sticky(Source.COOKIE, "sid")
_COOKIE = Override(cookie=makers.COOKIE)
_FULL = Override(
    makers.HEADER, makers.COOKIE, Users(Source.COOKIE, "uid", tuple(f"u{n}" for n in range(1_000))),
    Networks(("10.8.0.0/16",), ()),
)  # fmt: skip
FORMS = {
    "one version (no canary)": {"canary": None},
    "10 % by request": {},
    "10 % by client": {"sticky": _SID},
    "10 % by request, cookie": {"override": _COOKIE},
    "10 % by client, cookie": {"override": _COOKIE, "sticky": _SID},
    "10 % by request, cookie and header": {"override": makers.BOTH},
    "10 % by client, all four overrides, fallback": {"override": _FULL, "sticky": _SID, "fallback": _FALLBACK},
    "the same, and X-Gray-Version, anonymous: issue": {
        "override": _FULL, "sticky": Sticky(Source.COOKIE, "sid", Anonymous.ISSUE), "fallback": _FALLBACK,
        "version_header": True,
    },
}  # fmt: skip
_MAIN = """\
daemon off; master_process off; pid nginx.pid; error_log error.log error;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
    keepalive_requests 100000;
    server_names_hash_max_size 16384; server_names_hash_bucket_size 128;
    variables_hash_max_size 16384; variables_hash_bucket_size 128; map_hash_max_size 8192; map_hash_bucket_size 128;
    {http}
}}
"""
_BY_HAND = """\
upstream b{at} {{ zone b{at} 64k; server {address}:{v1}; keepalive 64; }}
server {{
    listen {address}:{port}; server_name s{at}.example.com;
    location / {{
        {headers}
        proxy_pass http://b{at};
    }}
}}
"""


def by_hand(ports: Sequence[int], services: int) -> str:
    upgrade = f"access_log off; {routing_peers.UPGRADE}\n"
    told = {"address": ADDRESS, "port": ports[0], "v1": ports[1], "headers": routing_peers.HEADERS}
    return upgrade + "".join(_BY_HAND.format(at=at, **told) for at in range(services))


def service(name: str, ports: Sequence[int], fields: dict[str, object]) -> Service:
    versions = (makers.version("v1", f"{ADDRESS}:{ports[1]}"), makers.version("v2", f"{ADDRESS}:{ports[2]}"))
    made: Service = makers.service(name, **{"listen": (str(ports[0]),), "versions": versions, **fields})
    return made


def generated(folder: Path, ports: Sequence[int], services: int, fields: dict[str, object]) -> str:
    made = [service(f"s{at}", ports, fields) for at in range(services)]
    intent = Intent({one.name: makers.service_intent(one, "10") for one in made})
    nginx_lab.write(render(made, intent, makers.host(bind=ADDRESS, log_dir=str(folder))).files, folder)
    return nginx_lab._LOADER  # noqa: SLF001  (the tests' own)


@contextmanager
def backends(folder: Path, ports: Sequence[int]) -> Iterator[None]:
    folder.mkdir()
    config = f"keepalive_timeout 600s; {nginx_lab.answering({ports[1]: 'v1', ports[2]: 'v2'})}"
    with nginx_lab.running(folder, ports[1], config, workers=1):
        yield


def instructions(folder: Path, port: int, requests: int, host: str, cookies: bool) -> int:
    """Of one nginx that is started, asked, and told to quit."""
    out = folder / "callgrind"
    command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", nginx_lab.binary(),
               "-p", f"{folder}/", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        ask(port, 10, host, cookies)  # waits for nginx to start, which takes minutes where every instruction is counted
        subprocess.run(["callgrind_control", "-i", "on", str(process.pid)], check=True, stdout=subprocess.DEVNULL)
        ask(port, requests, host, cookies)
    finally:
        process.send_signal(15)
        _, said = process.communicate(timeout=600)
    found = re.search(r"Collected : (\d+)", said)
    assert found, said
    return int(found[1])


def ask(port: int, number: int, host: str, cookies: bool) -> None:
    """One request after the other on one connection, each a user of its own."""
    end = time.monotonic() + 900
    while True:
        try:
            connection = socket.create_connection((ADDRESS, port), 60)
            break
        except OSError:
            assert time.monotonic() < end, "nginx did not start"
            time.sleep(0.2)
    with connection:
        for at in range(number):
            cookie = f"Cookie: theme=dark; sid=session-{at}; uid=nobody-{at}\r\n" if cookies else ""
            connection.sendall(f"GET /a/b?c=d HTTP/1.1\r\nHost: {host}\r\n{cookie}User-Agent: bench\r\n\r\n".encode())
            got = b""
            while not got.endswith((b"\r\n\r\nv1", b"\r\n\r\nv2")):
                more = connection.recv(65_536)
                assert more, got
                got += more


def cost(folder: Path, port: int, http: str, services: int, cookies: bool) -> float:
    (folder / "nginx.conf").write_text(_MAIN.format(http=http))
    host = f"s{services // 2}.example.com"
    few, many = (instructions(folder, port, number, host, cookies) for number in (_FEW, _MANY))
    return (many - few) / (_MANY - _FEW)


def main(numbers: Sequence[int], only: str = "") -> None:
    for services in numbers:
        for cookies in (False, True):
            with TemporaryDirectory(prefix="ng-cost-") as name:
                compare(Path(name), services, cookies, only)


def compare(folder: Path, services: int, cookies: bool, only: str) -> None:
    """Without an access log beside the bare proxy, and each with its own beside a peer with the same features."""
    ports = nginx_lab.free_ports(3)
    sent = f"{services} services, {'three cookies' if cookies else 'no cookie'}"
    with backends(folder / "backends", ports):
        base = cost(folder, ports[0], by_hand(ports, services), services, cookies)
        print(f"{sent}, by hand: {base:,.0f} instructions a request", flush=True)
        for form, fields in FORMS.items():
            if only not in form:
                continue
            config = generated(folder, ports, services, fields)
            ours = cost(folder, ports[0], f"access_log off; {config}", services, cookies)
            print(f"{sent}, {form}: {ours:,.0f}, {ours / base:.3f} x", flush=True)
            if services == 1:  # by hand nobody writes 3,000 of these
                logged = cost(folder, ports[0], config, 1, cookies)
                same = cost(folder, ports[0], routing_peers.peer(service("s0", ports, fields), ports), 1, cookies)
                beside = f"by hand {same:,.0f} ({same / base:.3f} x the bare one)"
                print(f"  with a log {logged:,.0f}, {beside}: {logged / same:.3f} x", flush=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    main(
        [int(word) for word in words if word.isdigit()] or [1, 3_000],
        " ".join(word for word in words if not word.isdigit()),
    )
