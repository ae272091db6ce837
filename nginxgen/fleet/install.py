"""host-setup on a host: run the installer there, then see that the key leads to the script, and to nothing else."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace

from nginxgen.errors import HostRefused, InputError, NeedsHuman, NginxgenError
from nginxgen.fleet.connect import Connections
from nginxgen.fleet.pipe import Pipe, PipeEnded
from nginxgen.fleet.session import HELLO
from nginxgen.fleet.setup import SAYS, Kit
from nginxgen.model.host import Become, Host, Script, Transport
from nginxgen.model.state import HostState

_PATIENCE = 60.0  # seconds for the installer
_MOST = 1 << 20  # bytes that it may print


@dataclass(frozen=True, slots=True)
class Installed:
    """What the installer said it did, and what the script says of the host."""

    steps: tuple[str, ...]  # "installed /usr/local/lib/nginxgen/edge-1", "unchanged ..."
    state: HostState


def install(kit: Kit, login: Host) -> Installed:
    """`login`: the host with the user and the key that may become root. Raises what a session raises, or NeedsHuman."""
    connections = Connections()
    try:
        steps = _run_installer(kit, login, connections)
        return Installed(steps, _read_back(kit, connections))
    finally:
        connections.close()


def login_user(host: Host) -> str:
    """Who logs in: from the inventory, or by ssh_config. Raises InputError where no key leads to this host."""
    if host.transport is not Transport.SSH:
        hint = "for others the script is sent with each session, by who may run it anyway"
        raise InputError(f"{host.name}: host-setup is for hosts that are reached by SSH", hint=hint)
    from nginxgen.fleet.ssh_config import SshConfig  # noqa: PLC0415  (paramiko: only where it is needed)

    return SshConfig.of_user().hop(host.name, host.address, port=host.port, user=host.user).user


def _run_installer(kit: Kit, login: Host, connections: Connections) -> tuple[str, ...]:
    argv = ["sudo", "-n", "--", "sh", "-s"] if login.become is Become.SUDO else ["sh", "-s"]
    pipe = connections.run(login, argv)
    try:
        pipe.send(kit.installer().encode())
        said = _until_end(pipe)
    except PipeEnded as ended:
        raise HostRefused(login.name, "not-set-up", f"the installer did not run: {ended.why}") from ended
    finally:
        pipe.close(1)
    if HELLO.decode() in said:
        hint = "log in with another key, of somebody who may become root: --login USER --login-key FILE"
        raise HostRefused(login.name, "not-set-up", "this key runs nginxgen's script there, and no other", hint=hint)
    steps = tuple(line.removeprefix(SAYS) for line in said.splitlines() if line.startswith(SAYS))
    if steps[-1:] != ("done",):
        last = next(iter(steps[-1:]), None) or (pipe.complaint() or said).strip()[-400:] or "it said nothing"
        hint = "it needs root: log in as root or with sudo, see --login and --login-key"
        raise HostRefused(login.name, "not-set-up", f"the installer did not get to its end: {last}", hint=hint)
    return steps[:-1]


def _until_end(pipe: Pipe) -> str:
    said, deadline = b"", time.monotonic() + _PATIENCE
    ends = (f"{SAYS}done\n".encode(), f"{SAYS}failed".encode(), HELLO)
    while len(said) < _MOST and not any(end in said for end in ends):
        try:
            said += pipe.receive(deadline)
        except PipeEnded as ended:
            if not said:
                raise PipeEnded(pipe.complaint() or ended.why) from ended
            break
    return said.decode(errors="replace")


def _read_back(kit: Kit, connections: Connections) -> HostState:
    try:
        _must_not_run(kit.host, connections)
        session = connections.connect(replace(kit.host, script=Script.INSTALLED))
        try:
            return session.observe()
        finally:
            session.close()
    except NginxgenError as error:
        reason = str(getattr(error, "reason", error.message))
        said = f"everything is installed, but the key of the inventory does not lead to it: {reason}"
        raise NeedsHuman(said, hint=error.hint, host=kit.host.name) from error


def _must_not_run(host: Host, connections: Connections) -> None:
    """Another command than ours. Raises HostRefused where it runs."""
    pipe = connections.run(host, ["echo", "nginxgen", "was", "here"])
    try:
        heard = b""
        with contextlib.suppress(PipeEnded):
            while b"\n" not in heard and len(heard) < _MOST:
                heard += pipe.receive(time.monotonic() + _PATIENCE)
    finally:
        pipe.close(1)
    if b"nginxgen was here" in heard:
        hint = "does sshd read another authorized_keys? see --authorized-keys, and AuthorizedKeysFile in its config"
        raise HostRefused(host.name, "open-key", "it still runs any command", hint=hint)
