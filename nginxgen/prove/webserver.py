"""A private nginx in a folder of its own, with stubs for backends. An effect; nothing is left behind."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nginxgen.check.private import hand_over
from nginxgen.errors import InputError, Place, Refused
from nginxgen.model.release import Release
from nginxgen.prove.certificate import CHAIN, KEY, write_certificate
from nginxgen.prove.moved import Stub

ADDRESS_HEADER = "X-Nginxgen-Address"  # says the client's address, since a unix socket has none
FAULT_HEADER = "X-Nginxgen-Fault"
NUMBER_HEADER = "X-Nginxgen-Number"
LOG_LINE = "access_log {folder}/proof.log nginxgen_proof;"
ECHO, HANG = "echo", "hang"  # sockets that are not nginx's
_DEADLINE = 10.0  # seconds
_CODES = (403, 404, 429, 500, 502, 503, 504)
_CONF = """\
daemon off;
worker_processes 2;
pid nginx.pid;
error_log error.log notice;
events {{ worker_connections 1024; }}
http {{
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
    access_log off;
    keepalive_requests 1000000;
    map_hash_bucket_size 8192;
    variables_hash_max_size 8192;
    variables_hash_bucket_size 128;
    server_names_hash_bucket_size 512;
    server_names_hash_max_size 65536;
    set_real_ip_from unix:;
    real_ip_header {address};
    log_format nginxgen_stub '$http_x_nginxgen_number\\t$nginxgen_stub';
    map "" $nginxgen_stub {{ default ""; }}
    log_format nginxgen_proof '$http_x_nginxgen_number\\t$proxy_host\\t$upstream_addr';
    include nginxgen/live/sentinel;
    include nginxgen/live/*.conf;
{stubs}
}}
"""
_STUB = """\
    server {{
        listen unix:{socket}{http2}{tls};
        set $nginxgen_stub "{name}";
        access_log {folder}/stubs.log nginxgen_stub;
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
        add_header X-Nginxgen-Stub "{name}" always;
        add_header X-Nginxgen-Scheme $http_x_forwarded_proto always;
        add_header X-Nginxgen-Sni $ssl_server_name always;
        add_header X-Nginxgen-Told $http_x_gray_version always;
        error_page 418 = @{echo};
        error_page 419 = @{hang};
        location @{echo} {{ proxy_pass http://unix:{folder}/{echo}; }}
        location @{hang} {{ proxy_pass http://unix:{folder}/{hang}; }}
        location / {{
            if ($http_upgrade = websocket) {{ return 418; }}
{faults}
            return 200 "{name}\\n";
        }}
    }}
"""


@contextmanager
def serving(release: Release, stubs: Iterable[Stub], folder: Path, binary: str) -> Iterator[None]:
    """Nginx over a release, ready. Raises Refused where it does not start, with its own words."""
    _write(release, stubs, folder)
    user = hand_over(folder)
    command = [binary, "-p", f"{folder}/", "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"]
    with (folder / "start.log").open("wb") as out:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, user=user, group=user,
                extra_groups=None if user is None else [],
            )  # fmt: skip
        except OSError as error:
            raise InputError(f"the local nginx cannot be started: {error}", place=Place(binary)) from error
    try:
        _wait(process, folder)
        yield
    finally:
        process.terminate()
        try:
            process.wait(_DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def logged(folder: Path, number: int) -> dict[str, tuple[str, str]]:
    """Pool and tried addresses by request, as soon as `number` of them are written: nginx logs after it has answered.

    Raises Refused where they do not come.
    """
    log, deadline = folder / "proof.log", time.monotonic() + _DEADLINE
    while True:
        lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
        if len(lines) >= number:
            return {name: (pool, tried) for name, pool, tried in (line.split("\t") for line in lines)}
        if time.monotonic() > deadline:
            raise Refused(f"the private nginx logged {len(lines)} of {number} requests")
        time.sleep(0.002)


def arrived(folder: Path) -> dict[str, tuple[str, ...]]:
    """The stubs that got a request, by its number. Complete once nginx has ended: a stub answers before it logs."""
    log = folder / "stubs.log"
    found: dict[str, tuple[str, ...]] = {}
    for line in log.read_text("utf-8", "replace").splitlines() if log.exists() else ():
        number, _, stub = line.partition("\t")
        found[number] = (*found.get(number, ()), stub)
    return found


def _write(release: Release, stubs: Iterable[Stub], folder: Path) -> None:
    live = folder / "nginxgen" / "live"
    live.mkdir(parents=True)
    write_certificate(folder)
    for file in release.files:
        (live / file.name).write_text(file.text, "utf-8", newline="\n")
    text = "".join(_stub(stub, folder) for stub in stubs)
    (folder / "nginx.conf").write_text(_CONF.format(address=ADDRESS_HEADER, stubs=text), "utf-8")


def _stub(stub: Stub, folder: Path) -> str:
    codes = {str(code): code for code in _CODES} | {"close": 444, HANG: 419}  # 444: nginx hangs up without an answer
    faults = [
        f'            if ($http_x_nginxgen_fault = "{word}") {{ return {code}; }}' for word, code in codes.items()
    ]
    return _STUB.format(
        socket=stub.socket,
        http2=" http2" if stub.http2 else "",
        tls=f" ssl; ssl_certificate {folder}/{CHAIN}; ssl_certificate_key {folder}/{KEY}" if stub.tls else "",
        name=f"{stub.version} {stub.server}",
        folder=folder,
        echo=ECHO,
        hang=HANG,
        faults="\n".join(faults) if stub.obeys else "",
    )


def _wait(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Nginx writes its pid after it listens."""
    deadline = time.monotonic() + _DEADLINE
    pid = folder / "nginx.pid"
    while not (pid.exists() and pid.read_text().strip() == str(process.pid)):
        if process.poll() is not None or time.monotonic() > deadline:
            said = "".join((folder / name).read_text(errors="replace") for name in ("start.log", "error.log")
                           if (folder / name).exists())  # fmt: skip
            last = [line for line in said.splitlines() if "[emerg]" in line] or ["it said nothing"]
            raise Refused(f"the private nginx did not start: {last[-1]}", hint="nginxgen check says where")
        time.sleep(0.002)
