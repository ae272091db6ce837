"""Host certificates: a key that an authority of known_hosts (@cert-authority) has signed for this host.

As OpenSSH judges them (PROTOCOL.certkeys, and sshkey_cert_check_host): a host certificate, signed by that authority,
valid now, for this name or for all, and without options that we do not know.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization.ssh import (
    SSHCertificate,
    SSHCertificateType,
    load_ssh_public_identity,
)

from nginxgen.fleet.ssh_known import Key, matches

_VERSION = "-cert-v01@openssh.com"
# What a server may show: the kinds of its certificates, by the way it signs.
KINDS = (
    *(f"ssh-ed25519{_VERSION}", f"ecdsa-sha2-nistp256{_VERSION}", f"ecdsa-sha2-nistp384{_VERSION}"),
    *(f"ecdsa-sha2-nistp521{_VERSION}", f"rsa-sha2-512{_VERSION}", f"rsa-sha2-256{_VERSION}"),
)


def fault(blob: bytes, address: str, authorities: Iterable[Key], now: float) -> str | None:
    """Why this certificate does not vouch for the host; None where it does. `now` in seconds since the epoch."""
    try:
        certificate = _read(blob)
        certificate.verify_cert_signature()
        signer = _blob_of(certificate)
    except (ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        return f"its certificate makes no sense: {str(error) or 'it is not signed by who it says'}"
    if all(key.blob != signer.blob for key in authorities):
        return f"its certificate is signed by {signer.fingerprint}, which is no authority for it"
    return _unfit(certificate, address, now)


def _unfit(certificate: SSHCertificate, address: str, now: float) -> str | None:
    """What a certificate that an authority has signed lacks."""
    if certificate.type is not SSHCertificateType.HOST:
        return "its certificate is that of a user"
    if not certificate.valid_after <= now < certificate.valid_before:
        return "its certificate is not valid now"
    if certificate.critical_options:
        return "its certificate has options that nginxgen does not know"
    names = [name.decode(errors="replace").lower() for name in certificate.valid_principals]
    if names and not any(matches(name, address.lower()) for name in names):
        return f"its certificate is for {', '.join(names)}"
    return None


def _read(blob: bytes) -> SSHCertificate:
    kind = _kind(blob)
    found = load_ssh_public_identity(f"{kind} {base64.b64encode(blob).decode()}".encode())
    if not isinstance(found, SSHCertificate):
        raise ValueError("it is a bare key")  # noqa: TRY004  (one error for one fault)
    return found


def _kind(blob: bytes) -> str:
    """The first string of a key as it goes over the wire (RFC 4251 section 5)."""
    kind = blob[4 : 4 + int.from_bytes(blob[:4], "big")].decode("ascii", "replace")
    if not re.fullmatch(r"[a-z0-9@.-]{1,64}", kind):
        raise ValueError("it names no kind of key")
    return kind


def _blob_of(certificate: SSHCertificate) -> Key:
    key = certificate.signature_key()
    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    kind, encoded = line.split()[:2]
    return Key(kind, base64.b64decode(encoded))
