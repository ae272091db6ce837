"""host-setup, with a second user, a real sudo and a real sshd: what the key of nginxgen may, and what a thief may."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cli_tools import Cli
from fleet_tools import wipe
from narrow_host import NarrowHost, narrow_host

from nginxgen.demo import processes
from nginxgen.demo.lab import Lab
from nginxgen.errors import HostRefused
from nginxgen.fleet import script
from nginxgen.fleet.sessions import Sessions
from nginxgen.model.host import Host, Script


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.start(hosts=1) as found:
        yield found


@pytest.fixture(scope="module")
def narrow(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NarrowHost]:
    """Installed by the command line, as an operator does it."""
    if os.geteuid() != 0:
        pytest.fail("a second user, sudo and sshd for both need root: run these tests as root", pytrace=False)
    with narrow_host(lab, tmp_path_factory.mktemp("narrow")) as found:
        cli = Cli(inventory(lab, found, tmp_path_factory.mktemp("inventory"), installed=False))
        done = cli("host-setup", "--apply", "--login", "admin", "--login-key", str(found.admin_key))
        assert "its key runs nginxgen's script, and nothing else" in done.stdout
        assert "next: set script: installed in the inventory, for edge-1" in done.stderr
        yield found


def inventory(lab: Lab, narrow: NarrowHost, folder: Path, *, installed: bool = True) -> Path:
    text = lab.inventory_text().replace(str(lab.layout.identity), str(narrow.key))
    text = text.replace(
        f"port: {lab.hosts[0].ssh_port}", f"port: {narrow.host.port}\n      user: deploy\n      become: sudo"
    )
    text = text.replace(str(lab.layout.known_hosts), str(narrow.host.known_hosts))
    path = folder / "fleet.yml"
    path.write_text(text.replace("  hosts:\n", "    script: installed\n  hosts:\n") if installed else text)
    return path


@pytest.fixture
def host(narrow: NarrowHost) -> Host:
    return replace(narrow.host, script=Script.INSTALLED)


def test_a_whole_life_through_the_narrow_form(lab: Lab, narrow: NarrowHost, tmp_path: Path) -> None:
    wipe(lab.hosts)
    cli = Cli(inventory(lab, narrow, tmp_path))
    cli("apply", "--yes", "--weight", "0")
    assert cli.json("apply", "--yes", "--weight", "10")["outcome"] == "applied"
    assert cli.json("emergency")["outcome"] == "applied"
    found = cli.json("status")
    assert (found["consistent"], found["hosts"][0]["drift"]) == (True, [])
    assert len(cli.json("history")["changes"]) == 3


def test_what_is_installed_belongs_to_root_and_is_small(narrow: NarrowHost, host: Host) -> None:
    path = narrow.seen(script.installed_path(host))
    assert (path.stat().st_uid, path.stat().st_mode & 0o7777) == (0, 0o755)
    assert path.read_text() == script.installed_text(host)
    sudoers = narrow.seen("/etc/sudoers.d/nginxgen-edge-1")
    assert sudoers.stat().st_mode & 0o7777 == 0o440
    assert sudoers.read_text() == f'deploy ALL=(root) NOPASSWD: {script.installed_path(host)} ""\n'
    keys = narrow.seen("/home/deploy/.ssh/authorized_keys").read_text().splitlines()
    assert [line.split(",")[0] for line in keys] == ["restrict"]
    assert narrow.seen("/etc/logrotate.d/nginxgen-edge-1").exists()


HELLO = b'{"step":"hello"'


@pytest.mark.parametrize(
    "words",
    [
        "", "id", "sh -c id", "sudo -n id", "/usr/local/lib/nginxgen/edge-1 nginx=/tmp/mine", "id; id", "$(id)",
        "scp -t /tmp", "nginxgen\nid",
    ],
)  # fmt: skip
@pytest.mark.parametrize("flags", [(), ("-A", "-X"), ("-o", "SetEnv=NGINXGEN_SCRIPT=id BASH_ENV=/tmp/x")], ids=" ".join)
def test_a_stolen_key_gets_nothing_but_the_script(narrow: NarrowHost, words: str, flags: tuple[str, ...]) -> None:
    """It says "id" on stdin as well, which is no word of ours."""
    done = narrow.ssh(*flags, narrow.login, *filter(None, [words]))
    assert b"uid=" not in done.stdout + done.stderr
    assert done.stdout.startswith(HELLO), done
    assert b"no such word: id" in done.stdout


def test_a_stolen_key_gets_no_terminal(narrow: NarrowHost) -> None:
    done = narrow.ssh("-t", "-t", narrow.login)
    assert (done.stdout, b"PTY allocation request failed" in done.stderr) == (b"", True)


@pytest.mark.parametrize("program", ["scp", "sftp"])
def test_a_stolen_key_copies_no_files(narrow: NarrowHost, program: str, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    words = [str(tmp_path / "mine"), f"{narrow.login}:/tmp/nginxgen-stolen"] if program == "scp" else [narrow.login]
    assert narrow.ssh(*words, program=program).returncode != 0
    assert not narrow.seen("/tmp/nginxgen-stolen").exists()
    back = narrow.ssh(f"{narrow.login}:/etc/passwd", str(tmp_path / "theirs"), program="scp")
    assert back.returncode != 0
    assert not (tmp_path / "theirs").exists()


def test_a_stolen_key_forwards_nothing(narrow: NarrowHost, lab: Lab) -> None:
    """Neither a port there, nor a socket, nor a port here, nor an agent; -W says what sshd says."""
    web = lab.hosts[0].layout
    for there in (f"{web.address}:{web.site_port}", "127.0.0.1:22"):
        done = narrow.ssh("-W", there, narrow.login)
        assert (done.returncode, done.stdout) == (255, b"")
        assert b"administratively prohibited" in done.stderr
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    remote = narrow.ssh("-o", "ExitOnForwardFailure=yes", "-R", f"127.0.0.1:{port}:127.0.0.1:1", narrow.login)
    assert b"remote port forwarding failed" in remote.stderr
    assert HELLO not in remote.stdout


@pytest.mark.full
def test_with_smoke_the_key_reaches_the_doors_of_the_services_and_nothing_else(
    lab: Lab, narrow: NarrowHost, tmp_path: Path
) -> None:
    path = inventory(lab, narrow, tmp_path)
    path.write_text(path.read_text().rstrip() + "\n    smoke: [{path: /}]\n")
    cli, admin = Cli(path), ("--apply", "--login", "admin", "--login-key", str(narrow.admin_key))
    assert "--smoke lets the key reach nginx" in cli("host-setup").stderr
    cli("host-setup", "--smoke", *admin)
    try:
        wipe(lab.hosts)
        assert cli.json("apply", "--yes")["outcome"] == "applied"  # its smoke request went through
        web = lab.hosts[0].layout
        for there in (f"{web.address}:{web.site_port}", "127.0.0.1:22"):
            assert b"administratively prohibited" in narrow.ssh("-W", there, narrow.login).stderr
        remote = narrow.ssh("-o", "ExitOnForwardFailure=yes", "-R", "127.0.0.1:22398:127.0.0.1:1", narrow.login)
        assert b"remote port forwarding failed" in remote.stderr
        assert b"uid=" not in narrow.ssh(narrow.login, "id").stdout
    finally:
        cli("host-setup", *admin)


def test_the_user_of_the_key_cannot_make_the_script_do_more(narrow: NarrowHost, host: Host) -> None:
    """Somebody who is deploy by another way than this key."""
    path = script.installed_path(host)
    argv = [*narrow.mounts.prefix, "setpriv", "--reuid", "deploy", "--regid", "deploy", "--init-groups"]

    def as_deploy(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*argv, *words], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    assert HELLO.decode() in as_deploy("sudo", "-n", path).stdout
    for words in (["sudo", "-n", path, "nginx=/tmp/mine"], ["sudo", "-n", "id"], ["sudo", "-n", "sh", path]):
        done = as_deploy(*words)
        assert "a password is required" in done.stderr
        assert done.stdout == ""
    assert "uid=" not in as_deploy("sudo", "-n", "NGINXGEN_SCRIPT=id", path).stdout
    assert as_deploy("sh", "-c", f"echo >>{path}").returncode != 0


def observe(host: Host) -> None:
    with Sessions.open([host]) as sessions:
        sessions.observe()
        for error in sessions.failed.values():
            raise error


def test_another_version_or_other_paths_are_refused_before_a_word_is_said(narrow: NarrowHost, host: Host) -> None:
    observe(host)
    with pytest.raises(HostRefused, match=r"the installed script is another \([0-9a-f]{16}\)") as refused:
        observe(replace(host, log_dir="/var/log/elsewhere"))
    assert refused.value.code == "other-script"
    assert (
        refused.value.hint
        == "after an upgrade, or with other paths, install it anew: nginxgen host-setup --host edge-1 --apply"
    )


def test_a_script_that_is_sent_is_refused_with_the_word_for_the_inventory(narrow: NarrowHost) -> None:
    with pytest.raises(HostRefused, match="our key runs an installed script there") as refused:
        observe(narrow.host)
    assert refused.value.hint == "set script: installed for this host"


def test_a_host_where_nothing_is_installed_says_so(narrow: NarrowHost, host: Host) -> None:
    admin = replace(host, user="admin", identity_file=narrow.admin_key, name="edge-9")
    with pytest.raises(HostRefused, match="the installed script does not start") as refused:
        observe(admin)
    assert refused.value.hint == "nginxgen host-setup --host edge-9 --apply"


def test_again_changes_nothing_and_other_keys_stay(lab: Lab, narrow: NarrowHost, tmp_path: Path) -> None:
    keys = narrow.seen("/home/deploy/.ssh/authorized_keys")
    narrow.run("echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB somebody' >>/home/deploy/.ssh/authorized_keys")
    before = keys.read_text()
    cli = Cli(inventory(lab, narrow, tmp_path))
    found = cli.json("host-setup", "--apply", "--login", "admin", "--login-key", str(narrow.admin_key))
    assert {step.split()[0] for step in found["hosts"][0]["steps"]} == {"unchanged"}
    assert keys.read_text() == before
    assert keys.stat().st_uid != 0


def test_the_narrow_key_cannot_install(lab: Lab, narrow: NarrowHost, tmp_path: Path) -> None:
    cli = Cli(inventory(lab, narrow, tmp_path))
    done = cli("host-setup", "--apply", code=4)
    assert "this key runs nginxgen's script there, and no other" in done.stderr
    assert "--login" in done.stderr


@pytest.mark.full
def test_a_key_that_still_gets_a_shell_by_another_line_is_found(lab: Lab, narrow: NarrowHost, tmp_path: Path) -> None:
    """sshd takes the first line with the key, wherever it stands: here the installer writes to a file nobody reads."""
    admin = replace(narrow.host, user="admin", identity_file=narrow.admin_key)
    path = inventory(lab, narrow, tmp_path)
    path.write_text(
        path.read_text().replace("user: deploy", "user: admin").replace(str(narrow.key), str(admin.identity_file))
    )
    done = Cli(path)("host-setup", "--apply", "--authorized-keys", "/home/admin/.ssh/elsewhere", code=6)
    assert "it still runs any command" in done.stderr
    assert "AuthorizedKeysFile" in done.stderr
    Cli(inventory(lab, narrow, tmp_path))(
        "host-setup", "--apply", "--login", "admin", "--login-key", str(narrow.admin_key)
    )


def test_what_is_printed_is_what_is_installed(lab: Lab, narrow: NarrowHost, tmp_path: Path) -> None:
    cli = Cli(inventory(lab, narrow, tmp_path))
    found = cli.json("host-setup")["hosts"][0]
    assert narrow.seen("/etc/sudoers.d/nginxgen-edge-1").read_text() == f"{found['sudoers']}\n"
    assert found["authorized_keys"] in narrow.seen("/home/deploy/.ssh/authorized_keys").read_text()
    assert narrow.seen("/etc/logrotate.d/nginxgen-edge-1").read_text() == found["logrotate"]
    text = cli("host-setup").stdout
    for part in (found["script"], found["sudoers"], found["authorized_keys"]):
        assert part in text
    cli("host-setup", "-o", str(tmp_path / "scripts"))
    checked = subprocess.run(
        ["shellcheck", "-e", "SC2086,SC2046,SC2010", tmp_path / "scripts/edge-1.sh"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_logrotates_last_step_makes_this_nginx_open_its_logs_anew(lab: Lab, narrow: NarrowHost, host: Host) -> None:
    log = lab.hosts[0].layout.log_dir / "error.log"
    log.rename(log.with_name("error.log.1"))
    snippet = narrow.seen("/etc/logrotate.d/nginxgen-edge-1").read_text()
    assert f"{script.installed_path(host)} role=reopen\n" in snippet
    narrow.run(f"{script.installed_path(host)} role=reopen")
    processes.wait_for(log.exists, "nginx opens its log")
