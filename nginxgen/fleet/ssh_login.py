"""One login: key exchange, the host's key checked, then ours."""

from __future__ import annotations

import time
from typing import Any

from nginxgen.errors import Unreachable
from nginxgen.fleet import ssh_cert, ssh_known
from nginxgen.fleet.ssh_config import Hop
from nginxgen.fleet.ssh_keys import Encrypted, Keyring, agent_keys, candidates
from nginxgen.fleet.ssh_library import paramiko
from nginxgen.fleet.ssh_transport import EagerTransport

PATIENCE = 15.0  # seconds for TCP, the key exchange and the login, each


class TurnedAway(Exception):
    """sshd closed the connection before it said who it is: too many at once."""


def log_in(name: str, hop: Hop, sock: Any, ring: Keyring) -> EagerTransport:
    """A transport that may open channels. `name` is the host that this is for. Raises Unreachable or TurnedAway."""
    try:
        transport = EagerTransport(sock)
    except (paramiko.SSHException, OSError) as error:
        sock.close()
        raise TurnedAway(words(error)) from error
    try:
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = PATIENCE
        _exchange_keys(name, hop, transport)
        _authenticate(name, hop, transport, ring)
    except BaseException:
        transport.close()
        raise
    return transport


def _exchange_keys(name: str, hop: Hop, transport: paramiko.Transport) -> None:
    """Up to knowing that the host is who it should be."""
    try:
        known = ssh_known.known(hop.known_hosts, hop.address, hop.port)
    except OSError as error:
        raise Unreachable(name, f"cannot read the known hosts in {error.filename}: {error.strerror}") from error
    _prefer([key.kind for key in known.trusted], transport, certificates=bool(known.authorities))
    begun = time.monotonic()
    try:
        transport.start_client(timeout=PATIENCE)
        server = transport.get_remote_server_key()
    except (EOFError, ConnectionError) as error:
        raise TurnedAway(words(error)) from error
    except Exception as error:
        raise _not_greeted(name, hop, error, silent=time.monotonic() - begun >= PATIENCE) from error
    certificate = None if server.public_blob is None else bytes(server.public_blob.key_blob)
    _check(name, hop, ssh_known.Key(server.get_name(), server.asbytes()), known, certificate)


def _prefer(kinds: list[str], transport: paramiko.Transport, *, certificates: bool) -> None:
    """A server has keys of several kinds, and shows the one that we ask for first: ask for one that we know."""
    options = transport.get_security_options()
    usual = list(options.key_types)
    wanted = [kind for known in kinds for kind in (known, *_RSA.get(known, ())) if kind in usual]
    signed = ssh_cert.KINDS if certificates else ()
    options.key_types = list(dict.fromkeys([*signed, *wanted, *usual]))


_RSA = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}  # one kind of key, three ways to sign with it


def _check(name: str, hop: Hop, key: ssh_known.Key, known: ssh_known.Known, certificate: bytes | None) -> None:
    """Raises Unreachable unless this very key is trusted, or signed by an authority. There is no way around it."""
    where = f"{hop.address}:{hop.port}"
    files = ", ".join(str(file) for file in hop.known_hosts if file.is_file()) or str(hop.known_hosts[0])
    if key in known.revoked:
        raise Unreachable(name, f"the host key of {where} is revoked in {files}", hint="somebody may be in between")
    if key in known.trusted:
        return
    if certificate is not None:
        authorities = [one for one in known.authorities if one not in known.revoked]
        fault = ssh_cert.fault(certificate, hop.address, authorities, time.time())
        if fault is None:
            return
        raise Unreachable(
            name,
            f"the host key of {where} is not known, and {fault}",
            hint=f"somebody may be in between; the authorities are the @cert-authority lines in {files}",
        )
    if known.trusted:
        expected = ", ".join(one.fingerprint for one in known.trusted)
        raise Unreachable(
            name,
            f"the host key of {where} is not the known one: got {key.fingerprint}, expected {expected}",
            hint=f"somebody may be in between; if the host was set up anew, replace its line in {files}",
        )
    raise Unreachable(
        name,
        f"the host key of {where} is not known (looked in {files}): {key.kind} {key.fingerprint}",
        hint=f"check it, then: ssh-keyscan -p {hop.port} {hop.address} >> {hop.known_hosts[0]}",
    )


def _authenticate(name: str, hop: Hop, transport: paramiko.Transport, ring: Keyring) -> None:
    encrypted: list[str] = []
    refused = "no key to offer"
    with agent_keys() as held:
        for key in candidates(name, hop, ring, held):
            if isinstance(key, Encrypted):
                encrypted.append(str(key))
                continue
            try:
                if not (more := transport.auth_publickey(hop.user, key)):
                    return
                refused = f"after the key it wants {' or '.join(more)}, which nginxgen does not do"
            except Exception as error:  # noqa: BLE001  (as above)
                refused = words(error)
                if not transport.is_active():  # it counts attempts, and that was one too many
                    break
    raise _denied(name, hop, refused, encrypted)


def _denied(name: str, hop: Hop, refused: str, encrypted: list[str]) -> Unreachable:
    if encrypted:
        files = ", ".join(encrypted)
        return Unreachable(name, f"the key {files} is encrypted", hint=f"add it to ssh-agent: ssh-add {encrypted[0]}")
    tried = ", ".join(map(str, hop.keys)) or "no key file"
    agent = "" if hop.only_these_keys else " and the agent"
    return Unreachable(
        name,
        f"{hop.user}@{hop.address}:{hop.port} does not let us in: {refused}",
        hint=f"keys tried: {tried}{agent}; does {hop.user} allow them there?",
    )


def _not_greeted(name: str, hop: Hop, error: Exception, *, silent: bool) -> Exception:
    said = words(error)
    if silent:
        return Unreachable(
            name,
            f"{hop.address}:{hop.port} takes the connection, and then says nothing within {PATIENCE:.0f} s",
            hint="is that sshd, and is the machine overloaded?",
        )
    if "banner" in said:
        return TurnedAway(said)
    hint = f"see what it says to: ssh -v -p {hop.port} {hop.user}@{hop.address}"
    return Unreachable(name, f"cannot log in to {hop.user}@{hop.address}:{hop.port}: {said}", hint=hint)


def words(error: BaseException) -> str:
    """What an exception says; some say nothing."""
    if isinstance(error, EOFError) and not str(error):
        return "it closed the connection"
    return str(error).strip().rstrip(".") or type(error).__name__
