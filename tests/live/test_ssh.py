"""SSH as it is met in the world: keys, agents, jump hosts, banners, and everything that can be wrong with them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fleet_tools import NOTE, empty, host_of, release, tree, which, wipe
from lab_tools import MakeLab, bare, config_of, logins

from nginxgen.demo import keys, processes
from nginxgen.demo.host import LabHost
from nginxgen.demo.lab import Lab
from nginxgen.demo.sshd import user
from nginxgen.errors import Exit, HostLost, HostRefused, NginxgenError, Unreachable
from nginxgen.fleet import ssh_login
from nginxgen.fleet.connect import Connections
from nginxgen.fleet.doubt import Patience
from nginxgen.fleet.sessions import Sessions
from nginxgen.fleet.transaction import carry_out
from nginxgen.model.host import Become, Host, Transport
from nginxgen.model.outcome import HostOutcome
from nginxgen.model.plan import Change, Expected
from nginxgen.model.state import HostState


@pytest.fixture(scope="module")
def three() -> Iterator[Lab]:
    """edge-1 is the host, edge-2 and edge-3 are jump hosts."""
    with Lab.start(hosts=3, pools={"v1": 1}) as lab:
        yield lab


@pytest.fixture
def host(three: Lab) -> Host:
    wipe(three.hosts[:1])
    return host_of(three.hosts[0].layout, Transport.SSH, lab=three)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of our own: ~/.ssh is empty, and no agent runs."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir(mode=0o700)
    return tmp_path / ".ssh"


@pytest.fixture
def agent(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A real ssh-agent, with no keys yet."""
    path = home / "agent"
    process = subprocess.Popen(["ssh-agent", "-D", "-a", str(path)], stdout=subprocess.DEVNULL)
    processes.wait_for(path.exists, "the agent's socket")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
    yield
    process.terminate()
    process.wait()


def look(host: Host) -> HostState:
    connections = Connections()
    session = connections.connect(host)
    try:
        return session.observe()
    finally:
        session.close()
        connections.close()


def refusal(host: Host) -> Unreachable:
    with pytest.raises(Unreachable) as refused:
        look(host)
    assert refused.value.exit is Exit.REFUSED
    assert refused.value.host == host.name
    assert len(refused.value.findings()) == 1
    assert refused.value.hint
    return refused.value


def encrypted_key(path: Path, lab: Lab) -> Path:
    """The key of the lab, under a passphrase."""
    shutil.copy(lab.layout.identity, path)
    path.chmod(0o600)
    subprocess.run(
        ["ssh-keygen", "-q", "-p", "-P", "", "-N", "sesame", "-f", str(path)], check=True, stdout=subprocess.DEVNULL
    )
    return path


def add_to_agent(key: Path, tmp_path: Path) -> None:
    """ssh-add asks for the passphrase by a program, where there is no terminal."""
    ask = tmp_path / "ask"
    ask.write_text("#!/bin/sh\necho sesame\n")
    ask.chmod(0o700)
    environ = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
    subprocess.run(["ssh-add", "-q", str(key)], check=True, env=environ, stdin=subprocess.DEVNULL, capture_output=True)


# ---- host keys


def test_a_host_key_that_is_not_known_is_refused_with_the_way_to_add_it(host: Host, tmp_path: Path) -> None:
    error = refusal(replace(host, known_hosts=tmp_path / "none"))
    assert "is not known" in error.message
    assert "SHA256:" in error.message
    assert f"ssh-keyscan -p {host.port} {host.address} >> {tmp_path}/none" in str(error.hint)


def test_a_host_key_that_has_changed_is_refused(host: Host, three: Lab, tmp_path: Path) -> None:
    other = tmp_path / "known_hosts"
    lines = three.layout.known_hosts.read_text().splitlines()
    other.write_text(f"{lines[0].split()[0]} {' '.join(lines[1].split()[1:])}\n")
    error = refusal(replace(host, known_hosts=other))
    assert "is not the known one" in error.message
    assert "somebody may be in between" in str(error.hint)
    assert str(other) in str(error.hint)


def test_a_revoked_host_key_is_refused(host: Host, three: Lab, tmp_path: Path) -> None:
    both = tmp_path / "known_hosts"
    line = three.layout.known_hosts.read_text().splitlines()[0]
    both.write_text(f"{line}\n@revoked {line}\n")
    assert "is revoked" in refusal(replace(host, known_hosts=both)).message


def test_a_host_key_may_be_hashed_or_one_of_several(host: Host, three: Lab, tmp_path: Path) -> None:
    several = tmp_path / "known_hosts"
    lines = three.layout.known_hosts.read_text().splitlines()
    stale = f"{lines[0].split()[0]} {' '.join(lines[2].split()[1:])}"
    several.write_text(f"{stale}\n{lines[0]}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(several)], check=True, capture_output=True)
    assert "127." not in several.read_text()
    assert look(replace(host, known_hosts=several)).master


def test_the_kind_of_host_key_that_we_know_is_asked_for(make_lab: MakeLab, tmp_path: Path) -> None:
    rsa = tmp_path / "host_rsa"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", str(rsa)], check=True)
    lab = make_lab(hosts=1, pools={"v1": 1}, sshd_options={"HostKey": str(rsa)})
    host = host_of(lab.hosts[0].layout, Transport.SSH, lab=lab)
    only_rsa = tmp_path / "known_hosts"
    only_rsa.write_text(f"[{host.address}]:{host.port} {keys.public(rsa)}\n")
    assert look(replace(host, known_hosts=only_rsa)).master
    assert look(host).master  # and by its other key


# ---- our keys


def test_a_key_that_the_host_does_not_know_is_refused(host: Host, tmp_path: Path) -> None:
    keys.make(tmp_path / "stranger")
    error = refusal(replace(host, identity_file=tmp_path / "stranger"))
    assert f"{user()}@{host.address}:{host.port} does not let us in" in error.message
    assert f"keys tried: {tmp_path}/stranger" in str(error.hint)


def test_a_key_file_that_is_not_there(host: Host, tmp_path: Path) -> None:
    assert f"no key file {tmp_path}/none" in refusal(replace(host, identity_file=tmp_path / "none")).message


def test_a_key_file_that_is_no_key(host: Host, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("-----BEGIN GARBAGE-----\n")
    with pytest.raises(Unreachable, match="is not a private key"):
        look(replace(host, identity_file=tmp_path / "key"))


@pytest.mark.usefixtures("home")
def test_an_encrypted_key_wants_an_agent(host: Host, three: Lab, tmp_path: Path) -> None:
    key = encrypted_key(tmp_path / "secret", three)
    error = refusal(replace(host, identity_file=key))
    assert f"the key {key} is encrypted" in error.message
    assert error.hint == f"add it to ssh-agent: ssh-add {key}"


@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize("public", [True, False])
def test_an_encrypted_key_that_the_agent_has(host: Host, three: Lab, tmp_path: Path, public: bool) -> None:
    key = encrypted_key(tmp_path / "secret", three)
    if public:
        key.with_name("secret.pub").write_text(keys.public(three.layout.identity))
    add_to_agent(key, tmp_path)
    assert look(replace(host, identity_file=key)).master


@pytest.mark.usefixtures("agent")
def test_without_a_key_file_the_agents_keys_are_tried(host: Host, three: Lab, tmp_path: Path) -> None:
    for number in range(3):
        keys.make(tmp_path / f"other-{number}")
        add_to_agent(tmp_path / f"other-{number}", tmp_path)
    add_to_agent(three.layout.identity, tmp_path)
    assert look(replace(host, identity_file=None)).master


@pytest.mark.usefixtures("agent")
def test_a_key_file_that_is_named_is_the_only_key_that_is_offered(host: Host, three: Lab, tmp_path: Path) -> None:
    add_to_agent(three.layout.identity, tmp_path)
    keys.make(tmp_path / "stranger")
    assert "does not let us in" in refusal(replace(host, identity_file=tmp_path / "stranger")).message


def test_a_server_that_takes_no_keys_at_all(make_lab: MakeLab) -> None:
    lab = make_lab(hosts=1, pools={"v1": 1}, sshd_options={"PubkeyAuthentication": "no"})
    assert "does not let us in" in refusal(host_of(lab.hosts[0].layout, Transport.SSH, lab=lab)).message


# ---- ~/.ssh/config and jump hosts


def test_everything_may_stand_in_the_users_ssh_config(host: Host, three: Lab, home: Path) -> None:
    (home / "config").write_text("Include more/*\nHost *\n    User nobody-at-all\n")
    (home / "more").mkdir()
    (home / "more/edge").write_text(config_of(host, "edge", three))
    assert look(bare(host, "edge")).master


def test_what_the_inventory_says_wins_over_the_ssh_config(host: Host, three: Lab, home: Path) -> None:
    (home / "config").write_text(f"Host {host.address}\n    Port 1\n    User nobody-at-all\n    IdentityFile /none\n")
    assert look(host).master


def test_through_a_jump_host(host: Host, three: Lab, home: Path) -> None:
    jump = host_of(three.hosts[1].layout, lab=three)
    (home / "config").write_text(
        config_of(host, "edge", three, "ProxyJump bastion") + config_of(jump, "bastion", three)
    )
    before = logins(three.hosts[1]), logins(three.hosts[0])
    assert look(bare(host, "edge")).master
    assert (logins(three.hosts[1]), logins(three.hosts[0])) == (before[0] + 1, before[1] + 1)


def test_through_a_chain_of_two_jump_hosts(host: Host, three: Lab, home: Path) -> None:
    first, second = (host_of(lab_host.layout, lab=three) for lab_host in three.hosts[1:])
    (home / "config").write_text(
        config_of(host, "edge", three, "ProxyJump first,second")
        + config_of(first, "first", three)
        + config_of(second, "second", three)
    )
    before = [logins(one) for one in three.hosts]
    assert look(bare(host, "edge")).master
    assert [logins(one) for one in three.hosts] == [number + 1 for number in before]


def test_hosts_behind_a_jump_host_share_one_login_to_it(host: Host, three: Lab, home: Path) -> None:
    jump = host_of(three.hosts[1].layout, lab=three)
    hosts = [replace(bare(host, f"edge-{number}"), name=f"edge-{number}") for number in range(8)]
    (home / "config").write_text(
        config_of(host, "edge-*", three, "ProxyJump bastion") + config_of(jump, "bastion", three)
    )
    before = logins(three.hosts[1])
    with Sessions.open(hosts) as sessions:
        assert len(sessions.observe()) == 8, sessions.failed
    assert logins(three.hosts[1]) == before + 1


def test_a_jump_host_that_is_its_own_jump_host(host: Host, three: Lab, home: Path) -> None:
    """`Host *` with a ProxyJump is common, and holds for the jump host too."""
    jump = host_of(three.hosts[1].layout, lab=three)
    (home / "config").write_text(
        config_of(host, "edge", three) + config_of(jump, "bastion", three) + "Host *\n    ProxyJump bastion\n"
    )
    assert look(bare(host, "edge")).master


def test_a_jump_host_is_checked_as_every_host_is(host: Host, three: Lab, home: Path) -> None:
    jump = host_of(three.hosts[1].layout, lab=three)
    config = config_of(jump, "bastion", three).replace(str(three.layout.known_hosts), "/none")
    (home / "config").write_text(config_of(host, "edge", three, "ProxyJump bastion") + config)
    error = refusal(bare(host, "edge"))
    assert error.message.startswith(
        f"{host.name}: the jump host: the host key of {jump.address}:{jump.port} is not known"
    )


def test_a_jump_host_that_does_not_forward(host: Host, three: Lab, home: Path, make_lab: MakeLab) -> None:
    lab = make_lab(hosts=1, pools={"v1": 1}, sshd_options={"AllowTcpForwarding": "no"})
    jump = host_of(lab.hosts[0].layout, lab=lab)
    (home / "config").write_text(config_of(host, "edge", three, "ProxyJump bastion") + config_of(jump, "bastion", lab))
    assert f"the jump host cannot reach {host.address}:{host.port}" in refusal(bare(host, "edge")).message


def test_a_proxy_command(host: Host, three: Lab, home: Path) -> None:
    command = f"ProxyCommand ssh -F none -i {three.layout.identity} -o UserKnownHostsFile={three.layout.known_hosts}"
    jump = three.hosts[1]
    (home / "config").write_text(
        config_of(host, "edge", three, f"{command} -W %h:%p -p {jump.ssh_port} {user()}@{jump.address}")
    )
    assert look(bare(host, "edge")).master


# ---- what sshd and login shells do


def test_one_session_a_connection_is_enough(make_lab: MakeLab) -> None:
    lab = make_lab(hosts=1, pools={"v1": 1}, sshd_options={"MaxSessions": "1"})
    assert look(host_of(lab.hosts[0].layout, Transport.SSH, lab=lab)).master


def test_an_sshd_that_turns_bursts_away_is_asked_again(make_lab: MakeLab) -> None:
    lab = make_lab(hosts=1, pools={"v1": 1}, sshd_options={"MaxStartups": "1:100:2"})
    one = host_of(lab.hosts[0].layout, Transport.SSH, lab=lab)
    with Sessions.open([replace(one, name=f"edge-{number}") for number in range(8)]) as sessions:
        assert len(sessions.observe()) == 8, sessions.failed
    assert "drop connection" in (lab.hosts[0].layout.ssh_dir / "sshd.log").read_text()


def test_a_banner_and_a_talkative_shell(make_lab: MakeLab, tmp_path: Path) -> None:
    (tmp_path / "banner").write_text("Authorised use only!\n" * 20)
    lab = make_lab(hosts=1, pools={"v1": 1}, sshd_options={"Banner": str(tmp_path / "banner")})
    home = lab.hosts[0].layout.folder / "home"
    (home / ".bashrc").write_text(
        'echo "Welcome!"; echo "{\\"step\\":\\"what\\"}"; printf "no end of line "; echo oops >&2\n'
    )
    host = host_of(lab.hosts[0].layout, Transport.SSH, lab=lab)
    assert look(host).master


def test_a_shell_that_never_stops_talking(make_lab: MakeLab) -> None:
    lab = make_lab(hosts=1, pools={"v1": 1})
    (lab.hosts[0].layout.folder / "home/.bashrc").write_text("yes\n")
    error = refusal(host_of(lab.hosts[0].layout, Transport.SSH, lab=lab))
    assert "it talks, but not our protocol" in error.message


@pytest.mark.parametrize("command", ["/bin/false", "echo this account is for backups only", "exec sleep 0 </dev/null"])
def test_an_account_with_a_forced_command(make_lab: MakeLab, command: str) -> None:
    lab = make_lab(hosts=1, pools={"v1": 1}, sshd_options={"ForceCommand": command})
    error = refusal(host_of(lab.hosts[0].layout, Transport.SSH, lab=lab))
    assert "host.sh does not start" in error.message
    assert "forced command" in str(error.hint)


# ---- sudo


@pytest.fixture
def powerless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The machine's own sudo, asked by a user that may nothing: its PATH is put before the real one's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    wrapper = folder / "sudo"
    real = processes.program("sudo")
    wrapper.write_text(f'#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups -- {real} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return str(folder)


@pytest.mark.parametrize("transport", list(Transport))
def test_a_user_who_may_not_sudo(three: Lab, host: Host, powerless: str, transport: Transport) -> None:
    rc = three.hosts[0].layout.folder / "home/.bashrc"
    rc.write_text(f"PATH={powerless}:$PATH\n")
    try:
        with pytest.raises(HostRefused, match="no sudo right: sudo: a password is required") as refused:
            look(replace(host, become=Become.SUDO, transport=transport))
    finally:
        rc.unlink()
    assert refused.value.code == "no-sudo"
    assert refused.value.exit is Exit.REFUSED
    assert "without a password" in str(refused.value.hint)


@pytest.mark.parametrize("transport", [Transport.SSH, Transport.LOCAL])
def test_a_user_who_may_sudo(host: Host, transport: Transport) -> None:
    assert look(replace(host, become=Become.SUDO, transport=transport)).master


# ---- the network


def test_a_port_where_nobody_listens(host: Host) -> None:
    error = refusal(replace(host, port=1))
    assert f"cannot connect to {host.address}:1: Connection refused" in error.message


@pytest.mark.parametrize("name", ["no-such-host.invalid", "a" * 70, "..", "ü" * 70])
def test_a_name_that_does_not_resolve(host: Host, name: str) -> None:
    assert "does not resolve" in refusal(replace(host, address=name)).message


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\0" * 1000, b"SSH-1.5-old\r\n"])
def test_a_listener_that_is_no_sshd(host: Host, says: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh_login, "PATIENCE", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    peer, _ = listener.accept()
                except OSError:
                    return
                held.append(peer)
                peer.sendall(says)

        held: list[socket.socket] = []
        threading.Thread(target=serve, daemon=True).start()
        port = listener.getsockname()[1]
        error = refusal(replace(host, address="127.0.0.1", port=port))
        listener.shutdown(socket.SHUT_RDWR)
    for peer in held:
        peer.close()
    assert f"127.0.0.1:{port}" in error.message


def session_of(host: LabHost) -> set[int]:
    """sshd's processes for the sessions with this host: what is cut when a connection is."""
    return {pid for pid in host.sessions() if title(pid).startswith("sshd:")}


def title(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:  # it has ended
        return ""


def test_a_connection_that_is_cut_in_mid_trial_ends_on_the_old_release(three: Lab, host: Host) -> None:
    one, two = release(host, "one"), release(host, "two")
    target = three.hosts[0]
    assert apply(host, None, "one") is HostOutcome.APPLIED
    connections = Connections()
    session = connections.connect(host)
    session.begin(NOTE)
    session.stage(two, empty(host))
    session.trial(two.id, Expected(one.id, one.id))
    processes.wait_for(lambda: which(target) == "two", "two is on trial")
    disk_on_trial = tree(target.conf_dir)
    processes.kill(session_of(target))
    with pytest.raises(HostLost, match="connection was lost") as lost:
        session.commit()
    assert lost.value.exit is Exit.NEEDS_HUMAN
    processes.wait_for(lambda: look(host).running == one.id, "the host has undone it")
    processes.wait_for(lambda: all(which(target) == "one" for _ in range(5)), "one is served")
    state = look(host)
    assert (state.live, state.running, state.drift) == (one.id, one.id, ())
    assert tree(target.conf_dir) != disk_on_trial  # what was staged is gone
    assert apply(host, one.id, "two") is HostOutcome.APPLIED
    session.close()
    connections.close()


def apply(host: Host, before: str | None, label: str, cut: LabHost | None = None) -> HostOutcome:
    to = release(host, label)

    def health(_session: object, _host: Host) -> None:
        if cut is not None:
            processes.kill(session_of(cut))

    with Sessions.open([host]) as sessions:
        change = Change(host.name, Expected(before, before), to.id, to)
        outcome = carry_out(
            sessions, [change], {host.name: empty(host)}, NOTE, health=health, patience=Patience(10, 0.1)
        )
    return outcome.hosts[0].outcome


def test_the_transaction_finds_a_host_again_whose_connection_was_cut(three: Lab, host: Host) -> None:
    assert apply(host, None, "one") is HostOutcome.APPLIED
    assert apply(host, release(host, "one").id, "two", cut=three.hosts[0]) is HostOutcome.REVERTED
    assert look(host).running == release(host, "one").id


def test_nothing_of_a_failed_login_stays_behind(host: Host, three: Lab, tmp_path: Path) -> None:
    keys.make(tmp_path / "stranger")
    before = tree(three.hosts[0].layout.folder / "etc/nginx"), len(threading.enumerate())
    for bad in (replace(host, identity_file=tmp_path / "stranger"), replace(host, known_hosts=tmp_path / "none")):
        with pytest.raises(NginxgenError):
            look(bad)
    assert tree(three.hosts[0].layout.folder / "etc/nginx") == before[0]
    assert not three.hosts[0].layout.state_dir.exists()
    processes.wait_for(lambda: len(threading.enumerate()) <= before[1], "the end of paramiko's threads")
