"""known_hosts is read as OpenSSH reads it: `ssh-keygen -F` says what that is."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nginxgen.demo import keys
from nginxgen.fleet import ssh_known
from nginxgen.fleet.ssh_keys import public_blob
from nginxgen.fleet.ssh_library import paramiko


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("keys")
    for number in range(3):
        keys.make(folder / f"key{number}")
    return [keys.public(folder / f"key{number}") for number in range(3)]


FILES = {
    "plain": "web {0}\n",
    "several names": "other,web,10.0.0.5 {0}\n",
    "port": "[web]:2222 {0}\nweb {1}\n",
    "two keys": "web {0}\nweb {1}\n",
    "wildcards": "w?b,*.example.com {0}\n",
    "negated": "*,!web {0}\n*.example.com {1}\n",
    "comments and rubbish": "# web {0}\n\nweb\nweb ssh-ed25519\nweb ssh-ed25519 !!!\n  web {1} a comment\n",
    "case": "WEB {0}\n",
    "authority": "@cert-authority web {0}\nweb {1}\n",
    "brackets": "[web {0}\nw[e]b {1}\n",
}


def openssh_finds(file: Path, name: str) -> list[tuple[str, bytes]]:
    found = subprocess.run(["ssh-keygen", "-F", name, "-f", file], capture_output=True, text=True, check=False)
    lines = [line.split() for line in found.stdout.splitlines() if not line.startswith(("#", "@"))]
    return [(line[1], base64.b64decode(line[2])) for line in lines if "!" not in line[2]]


@pytest.mark.parametrize("hashed", [False, True])
@pytest.mark.parametrize("text", FILES)
@pytest.mark.parametrize("host", ["web:22", "web:2222", "a.example.com:22", "Web:22"])
def test_what_openssh_would_find(tmp_path: Path, blobs: list[str], text: str, host: str, hashed: bool) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(FILES[text].format(*blobs))
    if hashed:
        subprocess.run(["ssh-keygen", "-H", "-f", file], capture_output=True, check=False)
    address, _, port = host.partition(":")
    name = address.lower() if port == "22" else f"[{address}]:{port}"
    found = ssh_known.known([file], address, int(port)).trusted
    assert [(key.kind, key.blob) for key in found] == openssh_finds(file, name)


def test_revoked_keys_are_told_apart(tmp_path: Path, blobs: list[str]) -> None:
    file = tmp_path / "known_hosts"
    file.write_text(f"web {blobs[0]}\n@revoked * {blobs[1]}\n")
    known = ssh_known.known([file], "web", 22)
    assert [len(known.trusted), len(known.revoked)] == [1, 1]
    assert known.trusted != known.revoked


def test_a_fingerprint_is_the_one_that_people_compare(tmp_path: Path) -> None:
    keys.make(tmp_path / "key")
    said = subprocess.run(
        ["ssh-keygen", "-l", "-f", tmp_path / "key"], capture_output=True, text=True, check=True
    ).stdout
    kind, blob = keys.public(tmp_path / "key").split()
    assert ssh_known.Key(kind, base64.b64decode(blob)).fingerprint == said.split()[1]


@given(st.binary(max_size=300), st.text(max_size=40))
def test_a_file_may_hold_anything(tmp_path_factory: pytest.TempPathFactory, content: bytes, address: str) -> None:
    file = tmp_path_factory.mktemp("any") / "known_hosts"
    file.write_bytes(content)
    assert ssh_known.known([file, file.with_name("none")], address, 22).trusted == ()


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
@pytest.mark.parametrize("form", ["OpenSSH", "PEM"])
@pytest.mark.parametrize("phrase", ["", "sesame"])
@pytest.mark.parametrize("beside", [True, False])
def test_the_public_half_is_known_without_the_passphrase(
    tmp_path: Path, kind: str, form: str, phrase: str, beside: bool
) -> None:
    file = tmp_path / "key"
    bits = ["-b", "2048"] if kind == "rsa" else []
    old = ["-m", "PEM"] if form == "PEM" else []
    subprocess.run(["ssh-keygen", "-q", "-t", kind, *bits, *old, "-N", phrase, "-f", file], check=True)
    expected = base64.b64decode(keys.public(file).split()[1])
    if not beside:
        file.with_name("key.pub").unlink()
    told = beside or form == "OpenSSH" or kind == "ed25519"  # an ed25519 key has only the one form
    assert public_blob(file) == (expected if told else None)
    assert public_blob(tmp_path / "none") is None
    if not phrase:
        assert paramiko.PKey.from_path(file).asbytes() == expected
