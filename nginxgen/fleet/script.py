"""How host.sh gets to a host: nothing is installed, the script travels on stdin in front of the first word.

It is written in parts, in the folder `host`: joined in this order they are one script.

The command that is executed stays one short line, so that it fits any login shell and shows nothing in a process list.
"""

from __future__ import annotations

import gzip
import re
import shlex
from functools import cache
from importlib.resources import files

from nginxgen.model.host import Become, Host

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
    "trial",
    "recover",
    "measure",
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
    size = len(_packed())
    blocks = len(preamble()) // BLOCK
    return (
        f"NGINXGEN_SCRIPT=$(dd bs={BLOCK} count={blocks} iflag=fullblock 2>/dev/null | head -c {size} | gzip -dc)"
        ' && eval "$NGINXGEN_SCRIPT"'
    )


def argv(host: Host) -> list[str]:
    """The command of one session on `host`, as words."""
    become = ["sudo", "-n", "--"] if host.become is Become.SUDO else []
    settings = [
        f"nginx={host.nginx.binary}",
        f"conf={host.nginx.conf}",
        f"include={host.nginx.include_dir}",
        f"state={host.state_dir}",
        f"run={host.run_dir}",
        f"log={host.log_dir}",
    ]
    return [*become, "sh", "-c", _bootstrap(), "nginxgen", *settings]


def command(host: Host) -> str:
    """The same as one line for a login shell."""
    return shlex.join(argv(host))
