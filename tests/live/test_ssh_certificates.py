"""Host certificates, made by ssh-keygen and shown by a real sshd: @cert-authority in known_hosts."""

from __future__ import annotations

import base64
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fleet_tools import host_of

from nginxgen.demo import keys
from nginxgen.demo.lab import Lab
from nginxgen.demo.layout import Layout
from nginxgen.errors import Unreachable
from nginxgen.fleet import ssh_cert, ssh_known
from nginxgen.fleet.connect import Connections
from nginxgen.model.host import Host, Transport


@dataclass(frozen=True)
class Signed:
    """A host whose sshd shows the certificate in `certificate`, read anew for each connection."""

    host: Host
    layout: Layout
    folder: Path

    def sign(self, authority: str, *flags: str, kind: tuple[str, ...] = ("-h",)) -> None:
        """A certificate for the host's key by this authority, which is made where it is not there yet."""
        key = self.folder / authority
        if not key.exists():
            algorithm = ["-t", "rsa", "-b", "2048"] if authority == "rsa" else ["-t", "ed25519"]
            subprocess.run(["ssh-keygen", "-q", *algorithm, "-N", "", "-f", key], check=True)
        public = self.folder / "host.pub"
        subprocess.run(["ssh-keygen", "-q", "-s", key, "-I", "edge-1", *kind, *flags, public], check=True)

    def known(self, *lines: str) -> Host:
        """The host, when these lines are what is known."""
        path = self.folder / f"known-{abs(hash(lines))}"
        path.write_text("".join(f"{line}\n" for line in lines))
        return replace(self.host, known_hosts=path)

    def authority(self, name: str, hosts: str = "*") -> str:
        return f"@cert-authority {hosts} {keys.public(self.folder / name)}"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signed]:
    folder = tmp_path_factory.mktemp("certificates")
    keys.make(folder / "host")
    (folder / "ca").unlink(missing_ok=True)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "ca"], check=True)
    subprocess.run(["ssh-keygen", "-q", "-s", folder / "ca", "-I", "edge-1", "-h", folder / "host.pub"], check=True)
    options = {"HostKey": str(folder / "host"), "HostCertificate": str(folder / "host-cert.pub")}
    with Lab.start(hosts=1, pools={"v1": 1}, sshd_options=options) as lab:
        host = host_of(lab.hosts[0].layout, Transport.SSH, lab=lab)
        yield Signed(host, lab.layout, folder)


def enters(host: Host) -> bool:
    connections = Connections()
    session = connections.connect(host)
    try:
        return session.observe().master is not None
    finally:
        session.close()
        connections.close()


def refused(host: Host) -> str:
    with pytest.raises(Unreachable) as error:
        enters(host)
    assert error.value.hint
    return error.value.message


@pytest.mark.parametrize("authority", ["ca", "rsa"])
def test_a_host_with_a_certificate_needs_no_line_of_its_own(signed: Signed, authority: str) -> None:
    signed.sign(authority, "-n", f"{signed.host.address},edge-1.example.com")
    assert enters(signed.known(signed.authority(authority)))
    assert enters(signed.known(signed.authority(authority, f"[127.77.*]:{signed.host.port}")))
    signed.sign(authority)  # for every host
    assert enters(signed.known(signed.authority(authority)))
    signed.sign(authority, "-n", "127.77.*")
    assert enters(signed.known(signed.authority(authority)))


def test_a_certificate_for_another_name_is_refused(signed: Signed) -> None:
    signed.sign("ca", "-n", "edge-2.example.com")
    assert "its certificate is for edge-2.example.com" in refused(signed.known(signed.authority("ca")))


@pytest.mark.parametrize("validity", ["20200101:20200201", "20990101:20991231"])
def test_a_certificate_that_is_not_valid_now_is_refused(signed: Signed, validity: str) -> None:
    signed.sign("ca", "-V", validity)
    assert "is not valid now" in refused(signed.known(signed.authority("ca")))


def test_a_certificate_of_another_authority_is_refused(signed: Signed) -> None:
    signed.sign("stranger")
    assert "which is no authority for it" in refused(signed.known(signed.authority("ca")))


def certificate(signed: Signed) -> bytes:
    return base64.b64decode((signed.folder / "host-cert.pub").read_text().split()[1])


def test_a_certificate_of_a_user_and_one_that_was_changed_are_refused(signed: Signed) -> None:
    """sshd itself would load neither: here the judge is shown them all the same."""
    now = time.time() + 5
    path = signed.known(signed.authority("ca")).known_hosts
    assert path is not None
    authorities = ssh_known.known([path], "root", 22).authorities
    signed.sign("ca", "-n", "root", kind=())
    assert ssh_cert.fault(certificate(signed), "root", authorities, now) == "its certificate is that of a user"
    signed.sign("ca")
    good = certificate(signed)
    assert ssh_cert.fault(good, "root", authorities, now) is None
    for at in range(len(good)):
        bad = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        assert ssh_cert.fault(bad, "root", authorities, now), at
        assert ssh_cert.fault(good[:at], "root", authorities, now), at


def test_a_revoked_authority_and_a_revoked_key_are_refused(signed: Signed) -> None:
    signed.sign("ca")
    ca, own = keys.public(signed.folder / "ca"), keys.public(signed.folder / "host")
    assert "which is no authority" in refused(signed.known(signed.authority("ca"), f"@revoked * {ca}"))
    assert "is revoked" in refused(signed.known(signed.authority("ca"), f"@revoked * {own}"))


def test_without_an_authority_the_key_itself_is_asked_for(signed: Signed) -> None:
    signed.sign("ca")
    name = f"[{signed.host.address}]:{signed.host.port}"
    assert enters(signed.known(f"{name} {keys.public(signed.folder / 'host')}"))
    assert "is not known" in refused(signed.known("# nobody"))
