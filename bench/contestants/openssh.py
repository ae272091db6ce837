"""OpenSSH as people script it: scp and ssh, one host after the other, sixteen at a time, or over warm masters."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

from bench.contestants.base import Command, Failed
from bench.contestants.floor import script
from bench.fleet import Site, Spec


class _Script(Command):
    """A shell script a host, and one of sh or xargs that runs them all."""

    at_once = 1

    def prepare(self) -> None:
        for site in self.spec.sites:
            self._path(site).write_text(self._host_script(site))

    def argv(self, weight: str | None) -> Sequence[str]:  # noqa: ARG002  (the files say what to serve)
        names = " ".join(shlex.quote(str(self._path(site))) for site in self.spec.sites)
        return ["sh", "-c", f"printf '%s\\n' {names} | xargs -P{self.at_once} -n1 sh -e"]

    def _host_script(self, site: Site) -> str:
        ssh = f"-F {self.spec.ssh_config}"
        local, target = self.spec.config(site), self.spec.target(site)
        reload = f"{self.spec.test_command(site)} && kill -HUP $(cat {site.pid_file})"
        return f"scp -q {ssh} {local} {site.name}:{target}\nssh {ssh} {site.name} {shlex.quote(reload)}\n"

    def _path(self, site: Site) -> Path:
        return Path(self.spec.folder) / f"{site.name}.sh"


class Sequential(_Script):
    name = "scp + ssh, one by one"


class Parallel(_Script):
    name = "xargs -P16 scp + ssh"
    at_once = 16


class Multiplexed(_Script):
    """The masters are up before the clock starts: what is measured is the best that OpenSSH can do."""

    name = "OpenSSH, warm masters"
    at_once = 16

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._up: list[Site] = []

    def prepare(self) -> None:
        super().prepare()
        for site in self.spec.sites:
            argv = ["ssh", *self._options(site), "-fNM", site.name]
            done = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            if done.returncode != 0:
                raise Failed(f"{self.name}: no master for {site.name}")
            self._up.append(site)

    def close(self) -> None:
        for site in self._up:
            subprocess.run(["ssh", *self._options(site), "-q", "-O", "exit", site.name], check=False)

    def _options(self, site: Site) -> list[str]:
        return ["-F", self.spec.ssh_config, "-S", f"{self.spec.folder}/{site.name}.mux"]

    def _host_script(self, site: Site) -> str:
        ssh = shlex.join(["ssh", *self._options(site), site.name, script(self.spec, site)])
        return f"{ssh} <{self.spec.config(site)}\n"
