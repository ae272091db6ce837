"""`fleet:` the hosts, and what holds for all of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from nginxgen.inventory.schema.base import AbsolutePath, HostName, Keys, LocalPath, Port, RelativeFolder, number
from nginxgen.inventory.words import names, network
from nginxgen.inventory.words.values import whole
from nginxgen.model.host import Become, Script, Transport


class NginxKeys(Keys):
    binary: AbsolutePath | None = Field(default=None, description="the nginx that runs on the host; /usr/sbin/nginx")
    conf: AbsolutePath | None = Field(
        default=None, description="the main file of the running nginx; /etc/nginx/nginx.conf"
    )
    include_dir: RelativeFolder | None = Field(
        default=None, description="a folder beside conf whose *.conf are included in http {}; conf.d"
    )


class DefaultKeys(Keys):
    """What may stand under defaults and on a host."""

    user: Annotated[str, AfterValidator(names.user)] | None = Field(
        default=None, description="who logs in; else ssh_config"
    )
    become: Become | None = Field(default=None, description="how to become root: none or sudo; none")
    transport: Transport | None = Field(
        default=None, description="ssh, local for this machine without SSH, or docker for a container on it; ssh"
    )
    script: Script | None = Field(default=None, description="sent with each session, or installed by host-setup; sent")
    container_cli: Annotated[str, AfterValidator(names.program)] | None = Field(
        default=None, description="with transport docker: docker, podman, nerdctl or a path; docker"
    )
    port: Port | None = Field(default=None, description="of sshd; else ssh_config, else 22")
    identity_file: LocalPath | None = Field(default=None, description="a private key; else agent and ssh_config")
    known_hosts: LocalPath | None = Field(default=None, description="the file of host keys; ~/.ssh/known_hosts")
    nginx: NginxKeys | None = Field(default=None, description="where nginx keeps things: binary, conf, include_dir")
    state_dir: AbsolutePath | None = Field(default=None, description="journal and transactions; /var/lib/nginxgen")
    run_dir: AbsolutePath | None = Field(default=None, description="the lock; /run/nginxgen")
    log_dir: AbsolutePath | None = Field(default=None, description="logs; /var/log/nginx")
    wave: Annotated[int, number(whole(1, 1_000))] | None = Field(
        default=None, description="hosts of wave 1 are changed first, all others wave by wave; 1"
    )


class HostKeys(DefaultKeys):
    address: Annotated[str, AfterValidator(network.host_address)] | None = Field(
        default=None, description="an IP address, a name or a Host of ssh_config; the host's name"
    )
    container: Annotated[str, AfterValidator(names.container)] | None = Field(
        default=None, description="with transport docker: the name or id of the container; the host's name"
    )
    bind: Annotated[str, AfterValidator(network.bind)] | None = Field(
        default=None, description="an IP address: a bare port in a service's listen becomes bind:port here"
    )


def _nothing_is_empty(value: Any) -> Any:
    return {} if value is None else value


class FleetKeys(Keys):
    defaults: DefaultKeys | None = Field(default=None, description="what holds for every host that says nothing else")
    hosts: dict[HostName, Annotated[HostKeys, BeforeValidator(_nothing_is_empty)]] = Field(
        min_length=1, description="the hosts by name"
    )
