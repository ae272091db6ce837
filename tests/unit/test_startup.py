"""Start-up stays small: the help and the version need none of the libraries that the verbs need."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from nginxgen import __version__
from nginxgen.cli import VERBS, verbs

HEAVY = {"paramiko", "crossplane", "jinja2", "pydantic", "yaml", "rich", "cryptography", "msgspec", "apprise"}
HEAVY |= {"prometheus_client"}
PROBE = """
import contextlib, io, json, sys
from nginxgen.cli import run
with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
    code = run(sys.argv[1:])
print(json.dumps({"code": code, "out": out.getvalue(), "modules": sorted({name.split(".")[0] for name in sys.modules}),
                  "own": sorted(name for name in sys.modules if name.startswith("nginxgen."))}))
"""


def probe(*arguments: str) -> dict:
    done = subprocess.run([sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["aply"], *([verb, "--help"] for verb in VERBS)], ids=" ".join
)
def test_help_imports_no_library_of_the_verbs(arguments: list[str]) -> None:
    seen = probe(*arguments)
    assert HEAVY & set(seen["modules"]) == set()


def test_help_of_the_whole_imports_no_verb() -> None:
    seen = probe("--help")
    assert [name for name in seen["own"] if name.removeprefix("nginxgen.commands.") in VERBS] == []
    assert all(f"  {verb} " in seen["out"] for verb in VERBS)
    assert seen["code"] == 0


def test_version() -> None:
    assert probe("--version")["out"] == f"nginxgen {__version__}\n"


@pytest.mark.parametrize(("verb", "words"), VERBS.items())
def test_the_one_line_help_is_the_verbs_own(verb: str, words: str) -> None:
    command = verbs.get_command(None, verb)  # type: ignore[arg-type]  # the group does not look at the context
    assert command is not None
    assert command.name == verb
    assert (command.help or "").partition("\n")[0] == words


def test_the_module_runs_as_the_script_does() -> None:
    done = subprocess.run([sys.executable, "-m", "nginxgen", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"nginxgen {__version__}\n"
