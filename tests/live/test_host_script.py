"""host.sh as a text: what every shell must understand, and what it may call."""

from __future__ import annotations

import re
import subprocess
import zlib
from pathlib import Path

import pytest
from host_driver import TOOLS

from nginxgen.fleet import script

DOCS = Path(__file__).parents[2] / "docs/host-protocol.md"


def test_shellcheck_has_nothing_to_say() -> None:
    done = subprocess.run(
        ["shellcheck", "-s", "sh", "-"], input=script.source(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("shell", [["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"]], ids=" ".join)
def test_every_shell_can_read_it_with_and_without_comments(shell: list[str]) -> None:
    sent = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(script.preamble()).decode()
    for text in (script.source(), sent):
        done = subprocess.run([*shell, "-n"], input=text, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_it_fits_into_the_variable_in_which_its_dead_man_gets_it() -> None:
    """Linux takes 128 KiB for one (MAX_ARG_STRLEN); an installed script has its comments."""
    assert len(f"NGINXGEN_SCRIPT={script.source()}".encode()) < (128 << 10) - 4096


def test_it_calls_the_tools_that_the_docs_name_and_no_others() -> None:
    known = {"flock", "setsid", "systemd-run", "awk", "nice", "getent"} | set(TOOLS)
    others = ("cut", "expr", "find", "xargs", "ps", "pgrep", "pidof", "tee", "touch", "mktemp", "perl", "curl")
    code = re.sub(r"#.*", "", script.source())
    assert [tool for tool in known if not re.search(rf"(?<![\w-]){tool}(?![\w-])", code)] == []
    assert [tool for tool in others if re.search(rf"(?:^|[|&;(]|\$\()\s*{tool}\s", code, re.MULTILINE)] == []
    named = re.search(r"It needs: ([^.]+)\.", DOCS.read_text().replace("\n", " "))
    assert named is not None
    assert set(re.findall(r"`([a-z0-9]+)`", named[1])) == set(TOOLS)


def test_functions_are_short_and_have_one_home() -> None:
    names = re.findall(r"^([a-z_]+)\(\) ", script.source(), re.MULTILINE)
    assert len(names) == len(set(names))
    for name, body in re.findall(r"^([a-z_]+)\(\) \{\n(.*?)^\}", script.source(), re.MULTILINE | re.DOTALL):
        assert body.count("\n") < 45, name
