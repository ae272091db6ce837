"""Backends that name their version: header `X-Backend: v1`, body `v1 GET /path`. One nginx process each, no master."""

from __future__ import annotations

import subprocess

from nginxgen.demo.layout import BackendLayout
from nginxgen.demo.processes import end, last_words, program, start, wait_for
from nginxgen.demo.webserver import user_directive
from nginxgen.errors import Refused


class Backend:
    """One backend server, which a test may stop and start."""

    def __init__(self, layout: BackendLayout, *, tied: bool) -> None:
        self.layout = layout
        self._tied = tied
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def version(self) -> str:
        return self.layout.version

    @property
    def address(self) -> str:
        return str(self.layout)

    def start(self) -> None:
        """Start it unless it runs, and return when it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        folder = self.layout.folder
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        conf = folder / "nginx.conf"
        conf.write_text(_config(self.layout))
        log = folder / "error.log"
        argv = [program("nginx"), "-p", str(folder), "-c", str(conf), "-e", str(log), "-g", "daemon off;"]
        process = self._process = start(argv, folder / "start.log", tied=self._tied, environ={})
        pid_file = folder / "nginx.pid"

        def serves() -> bool:
            if process.poll() is not None:
                raise Refused(f"backend {self.address} did not start", hint=last_words(folder / "start.log", log))
            # nginx writes its pid after it listens.
            return pid_file.exists() and pid_file.read_text().strip() == str(process.pid)

        wait_for(serves, f"backend {self.address}")

    def stop(self) -> None:
        """From now on connections to it are refused."""
        if self._process is not None:
            end([self._process.pid])
            self._process.wait()
            self._process = None


def _config(backend: BackendLayout) -> str:
    temporary = "\n".join(
        f"    {kind}_temp_path {backend.folder}/tmp/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""{user_directive()}\
master_process off;
pid {backend.folder}/nginx.pid;
error_log {backend.folder}/error.log;

events {{
    worker_connections 1024;
}}

http {{
    access_log off;
    default_type text/plain;
    keepalive_requests 1000000;
    keepalive_timeout 300;
{temporary}
    server {{
        listen {backend.address}:{backend.port} backlog=1024;
        add_header X-Backend {backend.version} always;
        location / {{
            return 200 "{backend.version} $request_method $request_uri\\n";
        }}
    }}
}}
"""
