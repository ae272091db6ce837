"""`nginx -t` on this machine: the config with its listens, logs and files moved to a private place. An effect."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from nginxgen.check.judge import Render
from nginxgen.check.private import blanked, hand_over, listening
from nginxgen.errors import Finding, InputError, Place, Severity
from nginxgen.model.host import Host
from nginxgen.model.intent import Intent
from nginxgen.model.release import Release
from nginxgen.model.service import Server, Service, Version

_NGINX = re.compile(r"^.*?\[(emerg|alert|crit|error|warn)\] (?:\d+#\d+: )?(.*?)(?: in (\S+?):(\d+))?$", re.MULTILINE)
_LIVE = "nginxgen/live"
_SECONDS = 60.0
_KEPT_FLAGS = frozenset({"default_server", "http2", "proxy_protocol"})
_MAY_BE_ELSEWHERE = re.compile(r'^unknown (?:"|directive|log format)|^host not found')
_TUNING = re.compile(r"could not build optimal|conflicting server name")  # the host's own; NG005 says it better
_CONF = """\
daemon off;
pid nginx.pid;
events {{ }}
http {{
    client_body_temp_path temp; proxy_temp_path temp; fastcgi_temp_path temp; uwsgi_temp_path temp; scgi_temp_path temp;
    access_log off;
    server_names_hash_bucket_size 512;
    server_names_hash_max_size 65536;
    map_hash_bucket_size 8192;
    map_hash_max_size 65536;
    variables_hash_max_size 8192;
    variables_hash_bucket_size 128;
    include {live}/sentinel;
    include {live}/*.conf;
}}
"""


def find_nginx(search: str | None = None) -> str | None:
    """The path of a local nginx; `search` is a PATH, by default the user's, and where Debian keeps it."""
    return shutil.which("nginx", path=f"{search or os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def nginx_test(
    services: Sequence[Service], intent: Intent, host: Host, render: Render, binary: str
) -> tuple[Finding, ...]:
    """What a local `nginx -t` says (NG020), with the files and lines of the release as it would be deployed.

    The config is rendered once more with unix sockets to listen on and addresses for the names of backends; lines of
    server_extra that need files of the host are left blank. As root it runs as nobody, since a config names files that
    nginx creates. Raises InputError when nginx can't be run.
    """
    with TemporaryDirectory(prefix="ng-") as name:
        folder = Path(name)
        private = [_private(service, folder) for service in services]
        release = render(private, intent, replace(host, log_dir=name, bind=None))
        _write(release, folder)
        return tuple(_findings(_run(binary, folder, hand_over(folder)), folder))


def _private(service: Service, folder: Path) -> Service:
    return replace(
        service,
        listen=tuple(listening(listen, folder, _KEPT_FLAGS) for listen in service.listen),
        versions=tuple(_version(version) for version in service.versions),
        server_extra=blanked(service.server_extra),
    )


def _version(version: Version) -> Version:
    return replace(version, servers=tuple(map(_server, version.servers, range(len(version.servers)))))


def _server(server: Server, at: int) -> Server:
    """An address of its own, without asking DNS: names that this machine can't resolve may be known to the host."""
    return replace(server, address=f"127.0.{at // 250}.{at % 250}:9", resolve=False)


def _write(release: Release, folder: Path) -> None:
    live = folder / _LIVE
    live.mkdir(parents=True)
    (folder / "nginx.conf").write_text(_CONF.format(live=_LIVE), "utf-8")
    for file in release.files:
        (live / file.name).write_text(file.text, "utf-8", newline="\n")


def _run(binary: str, folder: Path, user: int | None) -> str:
    command = [binary, "-t", "-q", "-e", "stderr", "-p", f"{folder}/", "-c", f"{folder}/nginx.conf"]
    try:
        done = subprocess.run(
            command, capture_output=True, timeout=_SECONDS, check=False, user=user, group=user,
            extra_groups=None if user is None else [], text=True, errors="replace",
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"the local nginx cannot be asked: {error}", place=Place(binary)) from error
    return done.stderr if done.returncode == 0 or done.stderr else f"nginx: [emerg] exit status {done.returncode}"


def _findings(output: str, folder: Path) -> Iterator[Finding]:
    prefix = f"{folder}/{_LIVE}/"
    for level, message, file, line in _NGINX.findall(output):
        if _TUNING.match(message):
            continue
        place = Place(file.removeprefix(prefix), int(line)) if file else None
        mild = level == "warn" or _MAY_BE_ELSEWHERE.match(message)
        yield Finding(
            "NG020",
            f"nginx: {message.replace(prefix, '')}",
            place,
            hint="the host's nginx will judge it" if mild and level != "warn" else None,
            severity=Severity.WARNING if mild else Severity.ERROR,
        )
