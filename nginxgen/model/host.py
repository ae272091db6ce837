"""The hosts: where they are, how to reach them, and where their nginx keeps things."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from nginxgen.model.build import Build


class Transport(StrEnum):
    SSH = "ssh"
    LOCAL = "local"
    DOCKER = "docker"


class Become(StrEnum):
    NONE = "none"
    SUDO = "sudo"


class Script(StrEnum):
    """Where host.sh comes from."""

    SENT = "sent"  # with each session
    INSTALLED = "installed"  # by host-setup: nothing else can be run there with our key


@dataclass(frozen=True, slots=True)
class Nginx:
    """One nginx on a host, by the paths that its running master uses."""

    binary: str
    conf: str  # the main file
    include_dir: str  # beside conf; its *.conf are included in http {}
    build: Build | None = None  # what the host says of the binary; None: it was not asked

    @property
    def conf_dir(self) -> str:
        return str(PurePosixPath(self.conf).parent)


@dataclass(frozen=True, slots=True)
class Host:
    """A machine with nginx: where it is, how to get in, and where its nginx keeps things."""

    name: str
    address: str
    port: int | None  # None: ssh_config decides, else 22
    user: str | None  # None: ssh_config decides, else the user who runs nginxgen
    transport: Transport
    become: Become
    identity_file: Path | None
    known_hosts: Path | None
    bind: str | None  # a bare port in a service's listen becomes bind:port here
    wave: int
    nginx: Nginx
    state_dir: str
    run_dir: str
    log_dir: str
    script: Script = Script.SENT
    container: str | None = None  # with transport docker: its name or id
    container_cli: str = "docker"  # on this machine; any that knows `exec -i`


@dataclass(frozen=True, slots=True)
class Fleet:
    """All hosts of an inventory."""

    hosts: tuple[Host, ...]  # in the order of the inventory
