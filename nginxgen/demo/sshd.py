"""A private sshd for one host of the lab: own port, own host key, one key that may log in, as the user who runs it."""

from __future__ import annotations

import getpass
import os
import pwd
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path

from nginxgen.demo import keys
from nginxgen.demo.layout import HostLayout, Layout
from nginxgen.demo.processes import MARKER, last_words, program, start, wait_for
from nginxgen.errors import Refused

_PRIVSEP = Path("/run/sshd")  # compiled in; root's sshd refuses to start without it, an empty directory


def user() -> str:
    """Who logs in: the user whose processes these are, whatever the environment says."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return getpass.getuser()


def write(layout: Layout, host: HostLayout, options: Mapping[str, str]) -> None:
    """Key, authorized_keys and sshd_config. `options` go first: sshd takes the first value it sees."""
    host.ssh_dir.mkdir(parents=True, exist_ok=True)
    _home(host).mkdir(exist_ok=True)
    keys.make(keys.host_key(host))
    (host.ssh_dir / "authorized_keys").write_text(keys.public(layout.identity) + "\n")
    (host.ssh_dir / "sshd_config").write_text(_config(host, options))


def run(host: HostLayout, *, tied: bool) -> subprocess.Popen[bytes]:
    """Start it, and return when it greets. Raises Refused with its own words."""
    if os.geteuid() == 0:
        _PRIVSEP.mkdir(mode=0o755, exist_ok=True)
    log = host.ssh_dir / "sshd.log"
    argv = [program("sshd"), "-D", "-f", str(host.ssh_dir / "sshd_config"), "-E", str(log)]
    process = start(argv, log, tied=tied, environ={"PATH": os.environ.get("PATH", os.defpath)})

    def greets() -> bool:
        if process.poll() is not None:
            raise Refused(f"{host.name}: sshd did not start", hint=last_words(log))
        return _banner(host).startswith(b"SSH-")

    wait_for(greets, f"{host.name}: sshd's greeting")
    return process


def _banner(host: HostLayout) -> bytes:
    try:
        with socket.create_connection((host.address, host.ssh_port), timeout=2) as client:
            return client.recv(64)
    except OSError:
        return b""


def _locked_for_sshd() -> bool:
    """Whether sshd without PAM would refuse us: root's password field begins with "!" (as on Ubuntu)."""
    try:
        lines = Path("/etc/shadow").read_text().splitlines()
    except OSError:  # a normal user can't read it, and neither can that user's sshd
        return False
    return any(line.startswith(f"{user()}:!") for line in lines)


def _home(host: HostLayout) -> Path:
    """A home of its own, so that a session never reads the ~/.bashrc of this machine's user."""
    return host.folder / "home"


def _config(host: HostLayout, options: Mapping[str, str]) -> str:
    # Of MaxStartups, unlike all others, sshd takes the last value.
    options = {"MaxStartups": "50:30:100", **options}
    first = "".join(f"{name} {value}\n" for name, value in options.items())
    return f"""{first}\
ListenAddress {host.address}:{host.ssh_port}
HostKey "{keys.host_key(host)}"
AuthorizedKeysFile "{host.ssh_dir}/authorized_keys"
PidFile none
AllowUsers {user()}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM {"yes" if _locked_for_sshd() else "no"}
StrictModes no
PermitUserEnvironment no
PermitUserRC no
PrintMotd no
X11Forwarding no
UseDNS no
LogLevel VERBOSE
Subsystem sftp internal-sftp
SetEnv "{MARKER}={host.folder}" "HOME={_home(host)}"
"""
