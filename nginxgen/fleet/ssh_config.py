"""Where and how to connect: what the inventory says, completed from ~/.ssh/config as OpenSSH would."""

from __future__ import annotations

import getpass
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko

from nginxgen.errors import InputError, Place, Unreachable

_USUAL_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")


@dataclass(frozen=True, slots=True)
class Hop:
    """One SSH server to log in to."""

    address: str
    port: int
    user: str
    keys: tuple[Path, ...]  # to try, in this order, after the agent's
    only_these_keys: bool  # IdentitiesOnly: leave the agent alone
    known_hosts: tuple[Path, ...]
    jumps: tuple[str, ...]  # ProxyJump, nearest first; each "user@host:port"
    command: str | None  # ProxyCommand


class SshConfig:
    """~/.ssh/config, or nothing where there is none."""

    def __init__(self, path: Path) -> None:
        self._home = path.parent
        try:
            self._config = paramiko.SSHConfig.from_path(str(path)) if path.is_file() else paramiko.SSHConfig()
        except (OSError, UnicodeDecodeError, paramiko.ConfigParseError) as error:
            raise InputError(f"cannot read the SSH config: {error}", place=Place(str(path))) from error

    @classmethod
    def of_user(cls) -> SshConfig:
        return cls(Path("~/.ssh/config").expanduser())

    def hop(
        self,
        address: str,
        *,
        port: int | None = None,
        user: str | None = None,
        identity: Path | None = None,
        known_hosts: Path | None = None,
    ) -> Hop:
        """What is given wins over the config. Raises Unreachable for a setting that makes no sense."""
        found: dict[str, Any] = dict(self._config.lookup(address))
        try:
            config_port = int(found.get("port", 22))
        except ValueError:
            raise Unreachable(address, f"Port {found['port']!r} in ~/.ssh/config is not a number") from None
        return Hop(
            address=found.get("hostname", address),
            port=port or config_port,
            user=user or found.get("user") or getpass.getuser(),
            keys=(identity,) if identity else self._keys(found),
            only_these_keys=identity is not None or str(found.get("identitiesonly", "no")).lower() == "yes",
            known_hosts=(known_hosts,) if known_hosts else self._known_hosts(found),
            jumps=_jumps(found.get("proxyjump")),
            command=_unless_none(found.get("proxycommand")),
        )

    def _keys(self, found: dict[str, Any]) -> tuple[Path, ...]:
        named = [Path(key).expanduser() for key in found.get("identityfile", ())]
        return tuple(key for key in named or [self._home / name for name in _USUAL_KEYS] if key.is_file())

    def _known_hosts(self, found: dict[str, Any]) -> tuple[Path, ...]:
        named = str(found.get("userknownhostsfile", "")).split()
        files = [Path(name).expanduser() for name in named] or [self._home / "known_hosts"]
        return (*files, Path("/etc/ssh/ssh_known_hosts"))


_JUMP = re.compile(r"(?:(?P<user>[^@]+)@)?(?P<host>\[[^\]]+\]|[^:\[\]]+)(?::(?P<port>\d+))?")


def _jumps(text: str | None) -> tuple[str, ...]:
    return () if _unless_none(text) is None else tuple(part.strip() for part in str(text).split(","))


def _unless_none(text: str | None) -> str | None:
    return None if text is None or text.strip().lower() == "none" else text


def split_jump(text: str) -> tuple[str | None, str, int | None]:
    """`user@host:port` -> user, host, port. Raises Unreachable."""
    found = _JUMP.fullmatch(text.removeprefix("ssh://"))
    if not found:
        raise Unreachable(text, "this ProxyJump in ~/.ssh/config makes no sense", hint="user@host:port")
    return found["user"], found["host"].strip("[]"), int(found["port"]) if found["port"] else None
