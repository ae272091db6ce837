"""~/.ssh/config is read as OpenSSH reads it: `ssh -G` says what that is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nginxgen.errors import InputError, Unreachable
from nginxgen.fleet.ssh_config import Hop, SshConfig, split_jump


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name in ("id_a", "id_b", "id with space"):
        (tmp_path / name).touch()
    return tmp_path


def configured(home: Path, text: str) -> SshConfig:
    (home / "config").write_text(text.replace("HERE", str(home)))
    return SshConfig(home / "config")


def openssh(home: Path, address: str) -> dict[str, list[str]]:
    done = subprocess.run(["ssh", "-G", "-F", home / "config", address], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = {}
    for key, _, value in (line.partition(" ") for line in done.stdout.splitlines()):
        found.setdefault(key, []).append(value)
    return found


CONFIGS = {
    "names": "Host web-*\n  HostName %h.example.com\n  User deploy\n  Port 2222\n",
    "first wins": "Host a\n  Port 1\nHost *\n  Port 2\n  User common\n",
    "before any Host": "User first\nHost web-1\n  User second\n  IdentityFile HERE/id_a\n",
    "equals and case": "host=web-1\n  hOsTnAmE = 10.0.0.9\n\tPORT=99\n",
    "negated": "Host * !web-1\n  User others\nHost web-1\n  User mine\n",
    "two keys": "Host web-1\n  IdentityFile HERE/id_b\n  IdentityFile HERE/id_a\n  IdentitiesOnly yes\n",
    "known hosts": "Host web-1\n  UserKnownHostsFile HERE/one HERE/two\n",
    "jump": "Host web-1\n  ProxyJump ops@gate:2200,inner\n",
    "no jump": "Host web-1\n  ProxyJump none\nHost *\n  ProxyJump gate\n",
    "comments": "# Host *\n\n   # Port 7\nHost web-1 # and a\n  Port 5\n",
    "match": "Match host web-* user nobody\n  Port 4\nMatch host web-*\n  Port 5\n",
    "match exec": 'Match host web-* exec "test %h = web-1"\n  Port 5\nMatch exec "exit 3"\n  Port 6\n',
    "include": "Include HERE/more-*\nHost *\n  Port 7\n",
    "include in a block": "Host other\n  Include HERE/more-a\nHost web-1\n  Port 8\n",
    "include, and on": "Host web-1\n  Include HERE/more-b\n  Port 9\n",
}


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("address", ["web-1", "a", "10.0.0.5"])
def test_what_openssh_would_do(home: Path, name: str, address: str) -> None:
    (home / "more-a").write_text("Port 3\n")
    (home / "more-b").write_text("User included\nHost nowhere\n  Port 4\n")
    hop = configured(home, CONFIGS[name]).hop("host", address)
    expected = openssh(home, address)
    assert hop.address == expected["hostname"][0]
    assert [str(hop.port)] == expected["port"]
    assert [hop.user] == expected["user"]
    assert [",".join(hop.jumps)] == expected.get("proxyjump", [""])
    named = [key for key in expected["identityfile"] if key.startswith(str(home))]
    assert [str(key) for key in hop.keys] == named
    assert hop.only_these_keys == (expected["identitiesonly"] == ["yes"])
    if name == "known hosts" and address == "web-1":
        assert [str(file) for file in hop.known_hosts[:2]] == expected["userknownhostsfile"][0].split()


def test_the_inventory_wins(home: Path) -> None:
    config = configured(
        home, "Host *\n  Port 1\n  User a\n  IdentityFile HERE/id_a\n  UserKnownHostsFile HERE/x\n  HostName b\n"
    )
    mine = config.hop("host", "web", port=2, user="c", identity=home / "key", known_hosts=home / "known")
    assert mine == Hop("b", 2, "c", (home / "key",), True, (home / "known",), (), None)


def test_without_a_config_the_usual_places_are_looked_at(home: Path) -> None:
    (home / "id_ed25519").touch()
    hop = SshConfig(home / "config").hop("host", "web", user="me")
    assert (hop.address, hop.port, hop.keys) == ("web", 22, (home / "id_ed25519",))
    assert hop.known_hosts == (home / "known_hosts", Path("/etc/ssh/ssh_known_hosts"))


def test_a_config_that_is_no_text_is_an_input_error(home: Path) -> None:
    (home / "config").write_bytes(b"Host \xff\xfe\n")
    with pytest.raises(InputError, match="cannot read the SSH config"):
        SshConfig(home / "config")


@pytest.mark.parametrize("text", ["Host\n", "Host *\n  Port many\n", "Include HERE/config\n"])
def test_a_config_that_makes_no_sense_names_what(home: Path, text: str) -> None:
    with pytest.raises((InputError, Unreachable), match=r"SSH config|~/.ssh/config|Include"):
        configured(home, text).hop("host", "web")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("gate", (None, "gate", None)),
        ("ops@gate:2200", ("ops", "gate", 2200)),
        ("[2001:db8::1]:22", (None, "2001:db8::1", 22)),
        ("ssh://ops@gate:7", ("ops", "gate", 7)),
    ],
)
def test_jumps(text: str, parts: tuple[str | None, str, int | None]) -> None:
    assert split_jump("host", text) == parts


GATES = {
    "Host gate\n  Port 2200\n": None,
    "Host web-*\n  ProxyJump ops@gate:2200,inner\n": "ops@gate:2200",
    "Host web-*\n  ProxyJump inner\nHost inner\n  ProxyJump ops@gate\n": "ops@gate:22",
    "Host web-*\n  ProxyJump=ops@gate\nHost gate\n  HostName 10.0.0.1\n  Port 5\n": "ops@10.0.0.1:5",
    "Host *\n  User ops\n  ProxyJump gate\n": "ops@gate:22",
    "Host web-*\n  ProxyJump a\nHost a\n  ProxyJump b\nHost b\n  User u\n  ProxyJump a\n": "u@b:22",
    'Host web-*\n  ProxyJump ops@gate\nMatch exec "true"\n  Port 7\n': None,
    "Host other\n  ProxyJump ops@gate\n": None,
}


@pytest.mark.parametrize("text", GATES)
def test_the_machine_to_log_in_to_first(home: Path, text: str) -> None:
    assert configured(home, text).gate("host", "web-1") == GATES[text]


@pytest.mark.parametrize("text", ["", "a:b:c", "gate:", "ops@"])
def test_jumps_that_make_no_sense(text: str) -> None:
    with pytest.raises(Unreachable, match="makes no sense"):
        split_jump("host", text)
