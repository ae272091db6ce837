"""How host.sh gets to a host: it travels on stdin in front of the first word; nothing is installed, but by host-setup.

It is written in parts, in the folder `host`: joined in this order they are one script.

The command that is executed stays one short line, so that it fits any login shell and shows nothing in a process list.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import shlex
from functools import cache
from importlib.resources import files

from nginxgen import __version__
from nginxgen.model.host import Become, Host, Script, Transport

BLOCK = 4096  # dd reads whole blocks and not a byte more, which `head -c` does not promise everywhere


_PARTS = (
    "settings",
    "answers",
    "system",
    "nginx",
    "releases",
    "state",
    "lock",
    "stage",
    "test",
    "zones",
    "trial",
    "recover",
    "measure",
    "vitals",
    "config",
    "talk",
)


def source() -> str:
    """host.sh as one text, comments and all."""
    folder = files("nginxgen.fleet") / "host"
    tally = (folder / "tally.awk").read_text()  # has no single quote, which a test holds
    parts = ((folder / f"{part}.sh").read_text() for part in _PARTS)
    return "\n".join((next(parts), f"# shellcheck disable=SC2016,SC2034  # awk's own\ntally='{tally}'\n", *parts))


@cache
def _packed() -> bytes:
    bare = re.sub(r"^[ ]*(#.*)?\n", "", source(), flags=re.MULTILINE)  # comments need not travel
    return gzip.compress(bare.encode(), mtime=0)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % BLOCK)


def preamble() -> bytes:
    """What goes to stdin before the first word."""
    return padded(_packed())


def _bootstrap() -> str:
    blocks = len(preamble()) // BLOCK  # gzip ignores the zeros that fill the last one
    unpack = f"dd bs={BLOCK} count={blocks} iflag=fullblock 2>/dev/null | gzip -dc"
    return f'NGINXGEN_SCRIPT=$({unpack}) && eval "$NGINXGEN_SCRIPT"'


def argv(host: Host) -> list[str]:
    """The command of one session on `host`, as words."""
    inside = [installed_path(host)] if host.script is Script.INSTALLED else _sent(host)
    become = ["sudo", "-n", "--"] if host.become is Become.SUDO else []
    if host.transport is Transport.DOCKER:  # root is needed for the container engine, on this machine
        return [*become, host.container_cli, "exec", "-i", host.container or host.name, *inside]
    return [*become, *inside]


def command(host: Host) -> str:
    """The same as one line for a login shell."""
    return shlex.join(argv(host))


def _sent(host: Host) -> list[str]:
    return ["sh", "-c", _bootstrap(), "nginxgen", *_settings(host)]


def _settings(host: Host) -> list[str]:
    return [
        f"nginx={host.nginx.binary}",
        f"conf={host.nginx.conf}",
        f"include={host.nginx.include_dir}",
        f"state={host.state_dir}",
        f"run={host.run_dir}",
        f"log={host.log_dir}",
    ]


# ---- installed


def installed_path(host: Host) -> str:
    return f"/usr/local/lib/nginxgen/{host.name}"


def digest(host: Host) -> str:
    """Names the script of this version with the paths of this host; "" where the script is sent."""
    return _digest(host) if host.script is Script.INSTALLED else ""


def installed_text(host: Host) -> str:
    """The file that host-setup installs: host.sh with its settings, which nobody who runs it by sudo can change."""
    return _installed(host, f"installed={_digest(host)}")


def _digest(host: Host) -> str:
    return hashlib.sha256(_installed(host, "").encode()).hexdigest()[:16]


def _installed(host: Host, mark: str) -> str:
    return f"""#!/bin/sh
# nginxgen {__version__} on this host, which is "{host.name}" in its inventory. Written by `nginxgen host-setup`.
unset NGINXGEN_SCRIPT
set -- {shlex.join([*_settings(host), mark] if mark else _settings(host))} "$@"
{source()}"""
