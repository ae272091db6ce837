"""The hosts of a run, and the files by which every contestant finds them: inventory, ssh_config, known_hosts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from nginxgen import inventory, render
from nginxgen.demo import inventory_text, keys
from nginxgen.demo.lab import Lab
from nginxgen.demo.processes import program
from nginxgen.demo.sshd import user
from nginxgen.inventory import Inventory
from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.release import SENTINEL, Release
from nginxgen.model.weight import Weight

Endpoint = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Site:
    """One host, as a contestant needs it. The paths are the host's own."""

    name: str
    ssh: Endpoint
    web: Endpoint
    conf: str  # nginx.conf of the running master
    prefix: str
    error_log: str
    pid_file: str

    @property
    def conf_d(self) -> str:
        return f"{Path(self.conf).parent}/conf.d"


@dataclass(frozen=True, slots=True)
class Spec:
    """What a contestant is told. Plain data: it goes to another process as JSON."""

    service: str  # the contestant's own service; its server name is <service>.example.com
    folder: str  # the contestant's scratch directory; <folder>/conf/<host>.conf is what the host is to serve
    inventory: str
    ssh_config: str
    known_hosts: str
    identity: str
    user: str
    nginx: str
    sites: tuple[Site, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Spec:
        found = json.loads(text)
        sites = tuple(
            Site(**{**site, "ssh": tuple(site["ssh"]), "web": tuple(site["web"])}) for site in found.pop("sites")
        )
        return cls(sites=sites, **found)

    def config(self, site: Site) -> Path:
        return Path(self.folder) / "conf" / f"{site.name}.conf"

    def target(self, site: Site) -> str:
        """Where on the host that file belongs, for contestants that write it themselves."""
        return f"{site.conf_d}/{self.service}.conf"

    def test_command(self, site: Site) -> str:
        return f"{self.nginx} -t -q -c {site.conf} -p {site.prefix} -e {site.error_log}"


class Fleet:
    """A lab, seen directly or through other endpoints (a slow network)."""

    def __init__(self, lab: Lab, folder: Path, endpoints: Mapping[str, Endpoint] | None = None) -> None:
        self.lab = lab
        self.folder = folder
        self._endpoints = endpoints or {}
        folder.mkdir(parents=True)
        self.sites = tuple(self._sites())
        self._known_hosts = folder / "known_hosts"
        self._known_hosts.write_text("".join(self._known_host_lines()))
        self._ssh_config = folder / "ssh_config"
        self._ssh_config.write_text(self._ssh_config_text())

    def spec(self, name: str, service: str) -> Spec:
        """What a contestant of this name needs, with an inventory of this service."""
        folder = self.folder / name
        (folder / "conf").mkdir(parents=True, exist_ok=True)
        path = folder / "inventory.yml"
        path.write_text(self._inventory_text(inventory_text.shop(self.lab.layout, service)))
        return Spec(
            service=service,
            folder=str(folder),
            inventory=str(path),
            ssh_config=str(self._ssh_config),
            known_hosts=str(self._known_hosts),
            identity=str(self.lab.layout.identity),
            user=user(),
            nginx=program("nginx"),
            sites=self.sites,
        )

    def write_configs(self, spec: Spec, weight: Weight) -> None:
        """What the hosts are to serve, for contestants that only carry files: the same text that nginxgen renders."""
        known = inventory.load(Path(spec.inventory))
        intent = intent_of(known, weight)
        for host, site in zip(known.fleet.hosts, self.sites, strict=True):
            release = render.render(known.services, intent, host)
            spec.config(site).write_text(_on_its_own(release, spec.service))

    def _sites(self) -> Iterator[Site]:
        for host in self.lab.layout.host_layouts():
            yield Site(
                name=host.name,
                ssh=self._endpoints.get(host.name, (host.address, host.ssh_port)),
                web=(host.address, host.web_port),
                conf=str(host.conf),
                prefix=f"{host.folder}/usr/share/nginx/",
                error_log=f"{host.log_dir}/error.log",
                pid_file=str(host.pid_file),
            )

    def _known_host_lines(self) -> Iterator[str]:
        for host, site in zip(self.lab.layout.host_layouts(), self.sites, strict=True):
            yield f"[{site.ssh[0]}]:{site.ssh[1]} {keys.public(keys.host_key(host))}\n"

    def _ssh_config_text(self) -> str:
        hosts = "".join(f"Host {site.name}\n  HostName {site.ssh[0]}\n  Port {site.ssh[1]}\n" for site in self.sites)
        return f"""{hosts}Host *
  User {user()}
  IdentityFile {self.lab.layout.identity}
  IdentitiesOnly yes
  UserKnownHostsFile {self._known_hosts}
  StrictHostKeyChecking yes
  LogLevel ERROR
"""

    def _inventory_text(self, services: str) -> str:
        text = inventory_text.inventory_text(self.lab.layout, services)
        text = text.replace(str(self.lab.layout.known_hosts), str(self._known_hosts))
        for host, site in zip(self.lab.layout.host_layouts(), self.sites, strict=True):
            was = rf"(    {host.name}:\n      address: ){re.escape(host.address)}\n      port: {host.ssh_port}\n"
            text = re.sub(was, rf"\g<1>{site.ssh[0]}\n      port: {site.ssh[1]}\n", text)
        return text


def _on_its_own(release: Release, service: str) -> str:
    """A service's file together with the variables it uses, under names that nobody else on the host has."""
    text = release.file(SENTINEL).text + release.file(f"{service}.conf").text
    once_a_host = ("log_format ", "access_log ")  # a second one of this name is an error
    lines = (line for line in text.splitlines(keepends=True) if not line.startswith(once_a_host))
    return "".join(line for line in lines if "release.inc" not in line).replace("$nginxgen_", f"${service}_own_")


def intent_of(known: Inventory, weight: Weight) -> Intent:
    """Every canary on, every route at this weight."""
    return Intent(
        {
            service.name: ServiceIntent(
                service.stable, service.canary, True, {route.name: weight for route in service.routes}
            )
            for service in known.services
        }
    )


@contextmanager
def fleet(hosts: int) -> Iterator[Fleet]:
    """A lab of that many hosts, gone at the end."""
    # every host has its own loopback address, but one sshd may still see all connections of a contestant at once
    with Lab.start(hosts=hosts, sshd_options={"MaxStartups": "200:30:400"}) as lab:
        for host in lab.hosts:  # the services of all contestants need more variables than nginx expects, and it says so
            (host.conf_dir / "conf.d/00-bench.conf").write_text("variables_hash_max_size 4096;\n")
        yield Fleet(lab, lab.root / "bench")


def only(spec: Spec, sites: Sequence[Site]) -> Spec:
    return replace(spec, sites=tuple(sites))
