"""host-setup: the narrow form of each host, to look at, to take along, or installed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nginxgen.errors import InputError, NginxgenError, Place
from nginxgen.fleet import install
from nginxgen.fleet.install import Installed
from nginxgen.fleet.setup import Kit, public_key
from nginxgen.model.host import Become, Host, Script
from nginxgen.model.service import Service
from nginxgen.smoke.door import door


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line says."""

    key: Path | None = None  # the public key that is to be narrow; None: that of the host's identity_file
    keys_file: str | None = None  # on the host
    smoke: bool = False  # let the key reach the doors of services with smoke requests
    login: str | None = None  # who may become root there, for installing
    login_key: Path | None = None


def kits(hosts: Sequence[Host], services: Sequence[Service], wish: Wish) -> tuple[Kit, ...]:
    """Raises InputError where a host can't have one."""
    return tuple(
        Kit(
            host=host,
            user=install.login_user(host),
            key=_key(host, wish.key),
            keys_file=wish.keys_file,
            doors=doors(host, services) if wish.smoke else (),
        )
        for host in hosts
    )


def doors(host: Host, services: Sequence[Service]) -> tuple[str, ...]:
    """Where smoke requests knock on this host: "127.0.0.1:80"."""
    found = (door(service, host) for service in services if service.smoke)
    return tuple(dict.fromkeys(f"{_bracketed(one.address)}:{one.port}" for one in found if one is not None))


def apply(kit: Kit, wish: Wish) -> Installed | NginxgenError:
    """Install it on its host, and read it back."""
    login = replace(kit.host, script=Script.SENT)
    if wish.login is not None:
        login = replace(login, user=wish.login, become=Become.NONE if wish.login == "root" else Become.SUDO)
    if wish.login_key is not None:
        login = replace(login, identity_file=wish.login_key)
    try:
        return install.install(kit, login)
    except NginxgenError as error:
        return error


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _key(host: Host, given: Path | None) -> str:
    path = given or (None if host.identity_file is None else Path(f"{host.identity_file}.pub"))
    if path is None:
        raise InputError(f"{host.name}: which key is nginxgen's?", hint="name its public half with --key FILE")
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text"
        hint = "name the public half of nginxgen's key with --key FILE; ssh-keygen -y prints it"
        raise InputError(
            f"{host.name}: cannot read the public key: {said}", place=Place(str(path)), hint=hint
        ) from error
    return public_key(text, str(path))
