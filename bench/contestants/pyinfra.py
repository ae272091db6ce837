"""pyinfra: files.put, nginx -t and reload, as its manual writes them. All hosts at once is its default."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bench.contestants.base import Command
from bench.fleet import Spec

_DEPLOY = """\
from pyinfra import host
from pyinfra.operations import files, server

changed = files.put(name="config", src=f"conf/{host.name}.conf", dest=host.data.target)
server.shell(name="test", commands=[host.data.test])
server.shell(name="reload", commands=[f"kill -HUP $(cat {host.data.pid_file})"], _if=changed.did_change)
"""


class Pyinfra(Command):
    name = "pyinfra"

    def __init__(self, spec: Spec, tool: Path) -> None:
        super().__init__(spec)
        self._tool = tool

    def prepare(self) -> None:
        folder = Path(self.spec.folder)
        (folder / "deploy.py").write_text(_DEPLOY)
        hosts = [
            (
                site.name,
                {
                    "ssh_hostname": site.ssh[0],
                    "ssh_port": site.ssh[1],
                    "ssh_user": self.spec.user,
                    "ssh_key": self.spec.identity,
                    "ssh_known_hosts_file": self.spec.known_hosts,
                    "ssh_config_file": "/dev/null",
                    "target": self.spec.target(site),
                    "test": self.spec.test_command(site),
                    "pid_file": site.pid_file,
                },
            )
            for site in self.spec.sites
        ]
        text = "import json\nhosts = [(name, data) for name, data in json.loads('''" + json.dumps(hosts) + "''')]\n"
        (folder / "inventory.py").write_text(text)

    def argv(self, weight: str | None) -> Sequence[str]:  # noqa: ARG002  (the files say what to serve)
        return [str(self._tool), "-y", "inventory.py", "deploy.py"]
