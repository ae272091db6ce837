"""Where and how to connect: what the inventory says, completed from ~/.ssh/config as OpenSSH would."""

from __future__ import annotations

import getpass
import glob
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nginxgen.errors import InputError, Place, Unreachable
from nginxgen.fleet.ssh_library import paramiko

_USUAL_KEYS = ("id_ed25519", "id_ecdsa", "id_rsa")
_DEEP = 16  # levels of Include, as in OpenSSH


@dataclass(frozen=True, slots=True)
class Hop:
    """One SSH server to log in to."""

    address: str
    port: int
    user: str
    keys: tuple[Path, ...]  # to try, in this order, before the agent's
    only_these_keys: bool  # IdentitiesOnly: of the agent's keys no other than these
    known_hosts: tuple[Path, ...]
    jumps: tuple[str, ...]  # ProxyJump, nearest first; each "user@host:port"
    command: str | None  # ProxyCommand


class SshConfig:
    """~/.ssh/config, or nothing where there is none. Raises InputError where it can't be read."""

    def __init__(self, path: Path) -> None:
        self._home = path.parent
        try:
            lines = list(_lines(path, path.parent, "Host *", 0)) if path.is_file() else []
            self._config = paramiko.SSHConfig.from_text("\n".join(lines))
            words = [set(line.lower().replace("=", " ").split()) for line in lines]
            # who runs a command for each host should not wait for it twice
            self._tells_jumps = any("proxyjump" in one for one in words) and not any(
                {"match", "exec"} <= one for one in words
            )
        except (OSError, UnicodeDecodeError, paramiko.ConfigParseError) as error:
            raise InputError(f"cannot read the SSH config: {error}", place=Place(str(path))) from error

    @classmethod
    def of_user(cls) -> SshConfig:
        return cls(Path("~/.ssh/config").expanduser())

    def hop(
        self,
        name: str,
        address: str,
        *,
        port: int | None = None,
        user: str | None = None,
        identity: Path | None = None,
        known_hosts: Path | None = None,
    ) -> Hop:
        """What is given wins over the config. Raises Unreachable, for the host `name`, where the config is at fault."""
        found = self._lookup(name, address)
        try:
            config_port = int(found.get("port", 22))
        except ValueError:
            raise Unreachable(name, f"Port {found['port']!r} in ~/.ssh/config is not a number") from None
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

    def gate(self, name: str, address: str) -> str | None:
        """The first machine to log in to on the way there, "user@host:port"; None where that is the host itself.

        None as well where a `Match exec` would have to be run to know. Raises Unreachable, for the host `name`, where
        the config is at fault.
        """
        if not self._tells_jumps:
            return None
        near, seen = self.hop(name, address), {address}
        found = None
        while near.jumps and near.jumps[0] not in seen:
            seen.add(near.jumps[0])
            user, address, port = split_jump(name, near.jumps[0])
            near = self.hop(name, address, port=port, user=user)
            where = f"{near.user}@{near.address}:{near.port}"
            if where == found:  # `Host *` with a ProxyJump holds for the jump host too
                break
            found = where
        return found

    def _lookup(self, name: str, address: str) -> dict[str, Any]:
        try:
            return dict(self._config.lookup(address))
        except (paramiko.SSHException, ValueError, KeyError, OSError) as error:
            raise Unreachable(name, f"~/.ssh/config makes no sense for {address}: {error}") from error

    def _keys(self, found: dict[str, Any]) -> tuple[Path, ...]:
        named = [Path(key).expanduser() for key in found.get("identityfile", ())]
        return tuple(key for key in named or [self._home / name for name in _USUAL_KEYS] if key.is_file())

    def _known_hosts(self, found: dict[str, Any]) -> tuple[Path, ...]:
        named = str(found.get("userknownhostsfile", "")).split()
        files = [Path(name.strip('"')).expanduser() for name in named] or [self._home / "known_hosts"]
        return (*files, Path("/etc/ssh/ssh_known_hosts"))


_JUMP = re.compile(r"(?:(?P<user>[^@]+)@)?(?P<host>\[[^\]]+\]|[^:@\[\]]+)(?::(?P<port>\d+))?")
_COMMENT = re.compile(r"(^|\s)#.*")
_SETTING = re.compile(r"\s*(?P<key>\w+)(?:\s*=\s*|\s+)(?P<value>.+?)\s*")


def _lines(path: Path, home: Path, block: str, depth: int) -> Iterator[str]:
    """The lines of a config without comments, and with those that it includes in their place: paramiko reads neither.

    The block that an Include stands in goes on after it, whatever blocks the included file opens.
    """
    for raw in path.read_text().splitlines():
        line = raw if '"' in raw else _COMMENT.sub("", raw)
        found = _SETTING.fullmatch(line)
        key = found["key"].lower() if found else ""
        if found is None or key != "include":
            if key in {"host", "match"}:
                block = line
            yield line
            continue
        if depth == _DEEP:
            raise paramiko.ConfigParseError(f"Include goes deeper than {_DEEP} files in {path}")
        for pattern in found["value"].replace('"', "").split():
            for name in sorted(glob.glob(str(home / Path(pattern).expanduser()))):  # noqa: PTH207  (absolute patterns)
                yield from _lines(Path(name), home, block, depth + 1)
        yield block


def _jumps(text: str | None) -> tuple[str, ...]:
    return () if _unless_none(text) is None else tuple(part.strip() for part in str(text).split(","))


def _unless_none(text: str | None) -> str | None:
    return None if text is None or text.strip().lower() == "none" else text


def split_jump(name: str, text: str) -> tuple[str | None, str, int | None]:
    """`user@host:port` -> user, host, port. Raises Unreachable, for the host `name`."""
    found = _JUMP.fullmatch(text.removeprefix("ssh://"))
    if not found:
        raise Unreachable(name, f"ProxyJump {text!r} in ~/.ssh/config makes no sense", hint="user@host:port")
    return found["user"], found["host"].strip("[]"), int(found["port"]) if found["port"] else None
