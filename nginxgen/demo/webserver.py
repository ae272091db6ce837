"""A private nginx for one host of the lab, its tree in Debian's shape: absolute includes, conf.d, sites-enabled."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from nginxgen.demo.layout import HostLayout
from nginxgen.demo.processes import alive, children, last_words, program, start, wait_for
from nginxgen.errors import Refused


def write(host: HostLayout) -> None:
    """The pristine tree; what is in it already is replaced, logs are kept."""
    shutil.rmtree(host.conf_dir, ignore_errors=True)
    for name in ("conf.d", "sites-enabled", "sites-available", "modules-enabled"):
        (host.conf_dir / name).mkdir(parents=True)
    for folder in (host.volatile, host.log_dir, host.folder / "var/tmp", host.folder / "usr/share/nginx"):
        folder.mkdir(parents=True, exist_ok=True)
    (host.conf_dir / "mime.types").write_text("types {\n    text/html html;\n    text/plain txt;\n}\n")
    (host.conf_dir / "sites-available/default").write_text(_site(host))
    (host.conf_dir / "sites-enabled/default").symlink_to(host.conf_dir / "sites-available/default")
    host.conf.write_text(_config(host))


def run(host: HostLayout, *, tied: bool) -> subprocess.Popen[bytes]:
    """Start the master in the foreground, and return when it has workers. Raises Refused with nginx's own words.

    -p, -e and -g stand on the command line as they do under systemd: who calls this nginx must repeat them.
    """
    host.volatile.mkdir(parents=True, exist_ok=True)
    log = host.log_dir / "error.log"
    argv = [program("nginx"), "-p", f"{host.folder}/usr/share/nginx/", "-c", str(host.conf), "-e", str(log)]
    process = start([*argv, "-g", "daemon off;"], host.log_dir / "start.log", tied=tied, environ={})

    def serves() -> bool:
        if process.poll() is not None:
            raise Refused(f"{host.name}: nginx did not start", hint=last_words(host.log_dir / "start.log", log))
        return master(host) == process.pid and len(workers(host)) > 0

    wait_for(serves, f"{host.name}: nginx's workers")
    return process


def master(host: HostLayout) -> int | None:
    """The pid of the running master, by its pid file."""
    try:
        pid = int(host.pid_file.read_text())
    except (OSError, ValueError):
        return None
    return pid if alive(pid) else None


def workers(host: HostLayout) -> tuple[int, ...]:
    """The pids of the workers that accept, without those that are shutting down."""
    pid = master(host)
    return () if pid is None else tuple(child for child in children(pid) if _title(child) == "nginx: worker process")


def _title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").rstrip("\0 ")
    except OSError:
        return ""


def user_directive() -> str:
    """Workers of a root's nginx run as nobody in particular; for a normal user nginx ignores `user` with a warning."""
    if os.geteuid() != 0:
        return ""
    for name in ("www-data", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return f"user {name} {grp.getgrgid(entry.pw_gid).gr_name};\n"
    return ""


def _site(host: HostLayout) -> str:
    return f"""server {{
    listen {host.address}:{host.site_port} default_server;
    server_name _;
    location / {{
        default_type text/plain;
        return 200 "the default site of {host.name}\\n";
    }}
}}
"""


def _config(host: HostLayout) -> str:
    temporary = "\n".join(
        f"    {kind}_temp_path {host.folder}/var/tmp/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""{user_directive()}\
worker_processes 2;
pid {host.pid_file};
error_log {host.log_dir}/error.log;
include {host.conf_dir}/modules-enabled/*.conf;

events {{
    worker_connections 768;
}}

http {{
    sendfile on;
    tcp_nopush on;
    types_hash_max_size 2048;
    include {host.conf_dir}/mime.types;
    default_type application/octet-stream;
{temporary}
    access_log {host.log_dir}/access.log;
    gzip on;

    include {host.conf_dir}/conf.d/*.conf;
    include {host.conf_dir}/sites-enabled/*;
}}
"""
