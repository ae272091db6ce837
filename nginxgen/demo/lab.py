"""The lab: N hosts and their backends, up within a second and gone without a trace."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from nginxgen.demo import inventory_text, keys, processes
from nginxgen.demo.backends import Backend
from nginxgen.demo.host import LabHost
from nginxgen.demo.layout import Layout, reserve
from nginxgen.errors import Refused


class Lab:
    """Use as a context manager, or call `stop`. Not safe for use from several threads at once."""

    def __init__(self, layout: Layout, *, tied: bool = True, guard: socket.socket | None = None) -> None:
        self.layout = layout
        self.root = layout.root
        self.hosts = tuple(LabHost(host, tied=tied) for host in layout.host_layouts())
        self.backends = tuple(Backend(backend, tied=tied) for backend in layout.backend_layouts())
        self._guard = guard

    @classmethod
    def start(
        cls,
        root: Path | None = None,
        hosts: int = 3,
        pools: Mapping[str, int] | None = None,
        sshd_options: Mapping[str, str] | None = None,
    ) -> Self:
        """A lab on a loopback net of its own, below `root` (new or empty; by default a temporary directory).

        `pools`: how many servers each version has. `sshd_options`: lines of sshd_config, "MaxStartups": "2:100:4".
        """
        root = Path(tempfile.mkdtemp(prefix="nginxgen-lab-")) if root is None else root
        net, guard = reserve()
        lab = cls(Layout(root.resolve(), net, hosts, dict(pools or {"v1": 1, "v2": 1})), guard=guard)
        lab.up(sshd_options or {})
        return lab

    def up(self, sshd_options: Mapping[str, str]) -> None:
        """Write every file and start every process; where one fails, everything is taken back. Raises Refused."""
        if self.root.exists() and any(self.root.iterdir()):
            raise Refused(f"{self.root} is not empty", hint="`stop` removes it: give the lab a directory of its own")
        try:
            self.layout.require_free()
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o711)  # workers of root's nginx run as www-data and must reach their temporary files
            self.layout.key_dir.mkdir(mode=0o700, exist_ok=True)
            keys.make(self.layout.identity)
            for host in self.hosts:
                host.write(self.layout, sshd_options)
            keys.write_known_hosts(self.layout)
            for backend in self.backends:
                backend.start()
            for host in self.hosts:
                host.start_nginx()
                host.start_sshd()
        except BaseException:
            self.stop()
            raise

    def host(self, name: str) -> LabHost:
        return next(host for host in self.hosts if host.name == name)

    def pool(self, version: str) -> tuple[Backend, ...]:
        return tuple(backend for backend in self.backends if backend.version == version)

    def inventory_text(self, services: str | None = None) -> str:
        """An inventory of this fleet. `services` is YAML of what stands below `services:`; see inventory_text."""
        return inventory_text.inventory_text(self.layout, services)

    def write_inventory(self, path: Path, services: str | None = None) -> Path:
        path.write_text(self.inventory_text(services))
        return path

    def reset(self) -> None:
        """Every host and backend as in the beginning, for the next test."""
        for backend in self.backends:
            backend.start()
        for host in self.hosts:
            host.reset()

    def stop(self) -> None:
        """End every process and remove the directory."""
        processes.end(processes.belonging(self.root))
        for backend in self.backends:
            backend.stop()
        for host in self.hosts:
            host.kill()
        shutil.rmtree(self.root, ignore_errors=True)
        if self._guard is not None:
            self._guard.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
