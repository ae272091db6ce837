"""Which host keys are trusted: files in the form of OpenSSH's known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_DEFAULT_PORT = 22
_FIELDS = 3  # names, type, key


@dataclass(frozen=True, slots=True)
class Key:
    """The public key of a host. `blob` is what goes over the wire."""

    kind: str  # "ssh-ed25519"
    blob: bytes

    @property
    def fingerprint(self) -> str:
        """As ssh-keygen -l shows it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Known:
    """What the files say of one host."""

    trusted: tuple[Key, ...]
    revoked: tuple[Key, ...]
    authorities: tuple[Key, ...] = ()  # whose certificates are trusted


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a known_hosts file."""

    names: str
    key: Key
    marker: str  # "", "@revoked" or "@cert-authority"

    def is_of(self, name: str) -> bool:
        if self.names.startswith("|"):
            return _is_hash_of(self.names, name)
        patterns = self.names.lower().split(",")
        wanted = any(matches(pattern, name) for pattern in patterns if not pattern.startswith("!"))
        return wanted and not any(matches(pattern[1:], name) for pattern in patterns if pattern.startswith("!"))


def known(files: Iterable[Path], address: str, port: int) -> Known:
    """Every key of this host in the files that exist, in their order. Raises OSError for one that can't be read."""
    name = address.lower() if port == _DEFAULT_PORT else f"[{address.lower()}]:{port}"
    lines = [line for file in files if file.is_file() for line in _read(file) if line.is_of(name)]
    trusted, revoked, authorities = (
        tuple(line.key for line in lines if line.marker == marker) for marker in ("", "@revoked", "@cert-authority")
    )
    return Known(trusted, revoked, authorities)


@cache
def _read(file: Path) -> tuple[_Line, ...]:
    """Once for all hosts: a fleet's file is long, and read by each of its connections."""
    lines = (_parse(line) for line in file.read_text(errors="replace").splitlines())
    return tuple(line for line in lines if line is not None)


def _parse(line: str) -> _Line | None:
    """None for what is no key of a host or an authority: comments, and lines that make no sense."""
    fields = line.split()
    marker = fields.pop(0) if fields and fields[0].startswith("@") else ""
    if len(fields) < _FIELDS or fields[0].startswith("#") or marker not in {"", "@revoked", "@cert-authority"}:
        return None
    try:
        blob = base64.b64decode(fields[2], validate=True)
    except ValueError:  # binascii.Error is one; text that is not ASCII another
        return None
    return _Line(fields[0], Key(fields[1], blob), marker)


def matches(pattern: str, name: str) -> bool:
    """`*` and `?` as in ssh_config(5), PATTERNS."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), name) is not None


def _is_hash_of(hashed: str, name: str) -> bool:
    """`|1|salt|hash`: HMAC-SHA1 of the name, so that the file does not tell where its owner goes."""
    try:
        _, version, salt, digest = hashed.split("|")
        expected = hmac.new(base64.b64decode(salt), name.encode(), hashlib.sha1).digest()
        return version == "1" and hmac.compare_digest(expected, base64.b64decode(digest))
    except ValueError:
        return False
