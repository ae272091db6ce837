"""Our own keys: those in files, and those that an agent holds."""

from __future__ import annotations

import base64
import binascii
import contextlib
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

from nginxgen.errors import Unreachable
from nginxgen.fleet.ssh_config import Hop
from nginxgen.fleet.ssh_library import paramiko

_OPENSSH = "-----BEGIN OPENSSH PRIVATE KEY-----"
_MAGIC = b"openssh-key-v1\0"


class Encrypted(Exception):
    """A key file that wants a passphrase, while no agent has the key."""


class Keyring:
    """Loads each key file once. Safe for many threads."""

    def __init__(self) -> None:
        self._loaded: dict[Path, paramiko.PKey] = {}
        self._lock = threading.Lock()

    def load(self, name: str, file: Path) -> paramiko.PKey:
        """Raises Encrypted, or Unreachable (for the host `name`) where it is not a key."""
        with self._lock:
            if file not in self._loaded:
                self._loaded[file] = _load(name, file)
            return self._loaded[file]


@contextlib.contextmanager
def agent_keys() -> Iterator[tuple[paramiko.AgentKey, ...]]:
    """The keys of the agent, usable while the context lasts; none where there is no agent, or a broken one.

    An agent's connection is not safe for several threads: each login takes its own.
    """
    agent = None
    try:
        agent = paramiko.Agent()
        keys = agent.get_keys()
    except (paramiko.SSHException, OSError, EOFError, ValueError, struct.error):
        keys = ()
    try:
        yield keys
    finally:
        if agent is not None:
            agent.close()


def candidates(
    name: str, hop: Hop, ring: Keyring, held: tuple[paramiko.AgentKey, ...]
) -> Iterator[paramiko.PKey | Encrypted]:
    """The keys to try, in their order: those of the files, by the agent where it has them, then what else it has.

    A file that can't be used without its passphrase comes as Encrypted, so that it can be named if nothing else fits.
    """
    tried: set[bytes] = set()
    for file in hop.keys:
        public = public_blob(file)
        agents = [key for key in held if key.blob == public]
        if agents:
            tried.add(agents[0].blob)
            yield agents[0]
            continue
        try:
            yield ring.load(name, file)
        except Encrypted as encrypted:
            yield encrypted
    if not hop.only_these_keys:
        yield from (key for key in held if key.blob not in tried)


def public_blob(file: Path) -> bytes | None:
    """The public half of a key file, without its passphrase: from `<file>.pub`, or from the head of OpenSSH's form."""
    for path in (file, file.with_name(file.name + ".pub")):
        with contextlib.suppress(OSError, binascii.Error, ValueError, struct.error):
            text = path.read_text()
            if text.startswith(_OPENSSH):
                return _public_part(base64.b64decode("".join(text.split("-----")[2].split())))
            if not text.startswith("-----"):
                return base64.b64decode(text.split()[1], validate=True)
    return None


def _public_part(data: bytes) -> bytes:
    """PROTOCOL.key of OpenSSH: magic, cipher, kdf, kdf options, number of keys, public key."""
    if not data.startswith(_MAGIC):
        raise ValueError("not a key in OpenSSH's form")
    at = len(_MAGIC)
    for _ in range(3):
        at += 4 + struct.unpack_from(">I", data, at)[0]
    at += 4
    return data[at + 4 : at + 4 + struct.unpack_from(">I", data, at)[0]]


def _load(name: str, file: Path) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(file)
    except FileNotFoundError:
        hint = "set identity_file of this host in the inventory, or make the key: ssh-keygen"
        raise Unreachable(name, f"there is no key file {file}", hint=hint) from None
    except OSError as error:
        raise Unreachable(name, f"cannot read the key file {file}: {error.strerror}") from error
    except (TypeError, paramiko.PasswordRequiredException):  # the first is what `cryptography` says of a passphrase
        raise Encrypted(str(file)) from None
    except (ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType) as error:
        raise Unreachable(name, f"{file} is not a private key: {error}") from error
