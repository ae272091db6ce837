"""One host of the lab, as a test handles it: stop this, start that, cut the power."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from nginxgen.demo import processes, sshd, webserver
from nginxgen.demo.layout import HostLayout, Layout


class LabHost:
    """sshd and nginx of one host. Every method returns when what it says is a fact."""

    def __init__(self, layout: HostLayout, *, tied: bool) -> None:
        self.layout = layout
        self._tied = tied
        self._sshd: subprocess.Popen[bytes] | None = None
        self._nginx: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        return self.layout.name

    @property
    def address(self) -> str:
        return self.layout.address

    @property
    def ssh_port(self) -> int:
        return self.layout.ssh_port

    @property
    def web(self) -> tuple[str, int]:
        """Where the services of nginxgen answer."""
        return self.layout.address, self.layout.web_port

    @property
    def site(self) -> tuple[str, int]:
        """Where the host's own default site answers, which nginxgen must never disturb."""
        return self.layout.address, self.layout.site_port

    @property
    def conf_dir(self) -> Path:
        return self.layout.conf_dir

    @property
    def master(self) -> int | None:
        return webserver.master(self.layout)

    def workers(self) -> tuple[int, ...]:
        return webserver.workers(self.layout)

    def sessions(self) -> set[int]:
        """The processes of SSH sessions, and all that they left running: whatever is neither nginx nor the listener."""
        listener = self._sshd.pid if self._sshd is not None else 0
        return {pid for pid in processes.belonging(self.layout.folder) if pid != listener and not self._is_nginx(pid)}

    def write(self, lab: Layout, sshd_options: Mapping[str, str]) -> None:
        """All its files, before anything is started."""
        sshd.write(lab, self.layout, sshd_options)
        webserver.write(self.layout)

    def start_sshd(self) -> None:
        if self._sshd is None or self._sshd.poll() is not None:
            self._sshd = sshd.run(self.layout, tied=self._tied)

    def stop_sshd(self) -> None:
        """End the listener and every session, and what runs in them."""
        listener = {self._sshd.pid} if self._sshd is not None else set()
        processes.end(listener | self.sessions())
        self._reap()

    def start_nginx(self) -> None:
        if self.master is None:
            self._nginx = webserver.run(self.layout, tied=self._tied)

    def stop_nginx(self) -> None:
        pid = self.master
        if pid is not None:
            processes.end([pid])
        self._reap()

    def reload(self) -> None:
        """Send HUP; what comes of it is for the caller to find out."""
        pid = self.master
        if pid is not None:
            os.kill(pid, signal.SIGHUP)

    def kill(self) -> None:
        """Cut the power: every process of the host ends at once, in the middle of whatever it does."""
        processes.kill_all(self.layout.folder)
        self._reap()

    def boot(self) -> None:
        """What a boot does: an empty /run, then nginx with what is on disk, then sshd."""
        shutil.rmtree(self.layout.volatile, ignore_errors=True)
        self.start_nginx()
        self.start_sshd()

    def reboot(self) -> None:
        self.kill()
        self.boot()

    def reset(self) -> None:
        """As it was in the beginning: nothing of nginxgen on it, pristine nginx.conf, all running, new workers."""
        self.stop_nginx()
        listener = self._sshd.pid if self._sshd is not None and self._sshd.poll() is None else 0
        processes.kill_all(self.layout.folder, spare={listener})
        for folder in (self.layout.state_dir, self.layout.volatile, self.layout.log_dir):
            shutil.rmtree(folder, ignore_errors=True)
        webserver.write(self.layout)
        self.start_nginx()
        self.start_sshd()

    def _is_nginx(self, pid: int) -> bool:
        own = self.master
        return own is not None and (pid == own or pid in processes.children(own))

    def _reap(self) -> None:
        for process in (self._sshd, self._nginx):
            if process is not None:
                process.poll()
