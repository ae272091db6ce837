"""A host with users, sudo and sshd of its own, in a mount namespace: host-setup changes no file of this machine."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from broken_hosts import Mounts
from fleet_tools import host_of

from nginxgen.demo import keys, processes
from nginxgen.demo.lab import Lab
from nginxgen.model.host import Become, Host, Transport

_PRIVATE = """
mount --make-rprivate /
for folder in /etc /usr/local/lib /home; do
    mount -t tmpfs none /mnt
    cp -a "$folder/." /mnt 2>/dev/null || :
    mount --move /mnt "$folder"
done
mkdir -p /etc/sudoers.d /etc/logrotate.d
rm -f /etc/logrotate.d/*
printf 'root ALL=(ALL:ALL) ALL\\n@includedir /etc/sudoers.d\\n' >/etc/sudoers
useradd -m -s /bin/bash deploy
usermod -p '*' deploy
useradd -m -s /bin/bash admin
usermod -p '*' admin
echo 'admin ALL=(root) NOPASSWD: ALL' >/etc/sudoers.d/admin
"""


@dataclass(frozen=True)
class NarrowHost:
    """`host` is what the inventory says of it: user deploy, with a key of its own. `admin` may sudo everything."""

    mounts: Mounts
    host: Host
    key: Path
    admin_key: Path

    def run(self, script: str) -> None:
        self.mounts.run(script)

    def seen(self, path: str) -> Path:
        return self.mounts.seen(Path(path))

    def ssh(self, *words: str, program: str = "ssh", key: Path | None = None) -> subprocess.CompletedProcess[bytes]:
        """OpenSSH's client with the key of deploy, and what a thief might say."""
        options = {
            "IdentityFile": key or self.key, "IdentitiesOnly": "yes", "IdentityAgent": "none",
            "UserKnownHostsFile": self.host.known_hosts, "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes", "BatchMode": "yes", "ConnectTimeout": "10", "Port": self.host.port,
        }  # fmt: skip
        flags = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return subprocess.run(
            [program, "-F", "none", *flags, *words], capture_output=True, timeout=30, check=False, input=b"id\nexit\n"
        )

    @property
    def login(self) -> str:
        return f"deploy@{self.host.address}"


@contextmanager
def narrow_host(lab: Lab, folder: Path) -> Iterator[NarrowHost]:
    """The first host of the lab, through another sshd, which has its own /etc, /home and /usr/local/lib."""
    target = lab.hosts[0]
    mounts = Mounts(target)
    sshd = None
    try:
        mounts.run(_PRIVATE)
        for name in ("deploy", "admin", "host"):
            keys.make(folder / name)
        for name in ("deploy", "admin"):
            public = f"{keys.public(folder / name)} {name}@laptop"
            mounts.run(
                f"mkdir -m 700 /home/{name}/.ssh; echo '{public}' >/home/{name}/.ssh/authorized_keys;"
                f"chmod 600 /home/{name}/.ssh/authorized_keys; chown -R {name}: /home/{name}/.ssh"
            )
        host = replace(
            host_of(target.layout, Transport.SSH, lab=lab),
            port=22399,
            user="deploy",
            become=Become.SUDO,
            identity_file=folder / "deploy",
            known_hosts=folder / "known_hosts",
        )
        (folder / "known_hosts").write_text(f"[{host.address}]:{host.port} {keys.public(folder / 'host')}\n")
        config = folder / "sshd_config"
        config.write_text(
            f"ListenAddress {host.address}:{host.port}\nHostKey {folder}/host\nPidFile none\nUsePAM no\n"
            "Subsystem sftp internal-sftp\nAllowAgentForwarding yes\nX11Forwarding yes\nLogLevel VERBOSE\n"
        )
        argv = [*mounts.prefix, processes.program("sshd"), "-D", "-f", str(config), "-E", str(folder / "sshd.log")]
        sshd = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found = NarrowHost(mounts, host, folder / "deploy", folder / "admin")
        processes.wait_for(lambda: found.ssh(found.login, "true").returncode == 0, "a login as deploy")
        yield found
    finally:
        if sshd is not None:
            sshd.terminate()
            sshd.wait()
        mounts.end()
