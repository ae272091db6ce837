"""Start-up stays small: the help and the version need none of the libraries that the verbs need."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nginxgen
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


def test_the_version_needs_click_and_next_to_nothing_of_ours() -> None:
    needed = {"cli", "commands", "commands.boundary", "commands.where"}
    assert {name.removeprefix("nginxgen.") for name in probe("--version")["own"]} == needed


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_starting_costs_little_more_than_importing_click(argument: str) -> None:
    """The least of several runs in turn, in CPU time: what else the machine does is not counted."""
    click, ours = [], []
    for _ in range(9):
        click.append(cpu_seconds("import click"))
        ours.append(cpu_seconds("import sys; from nginxgen.__main__ import main; main()", argument))
    assert min(ours) <= 1.5 * min(click)


def cpu_seconds(program: str, *arguments: str) -> float:
    command = [sys.executable, "-c", program, *arguments]
    child = os.posix_spawn(
        command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    )
    _, status, usage = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return usage.ru_utime + usage.ru_stime


INVENTORY = """\
fleet:
  defaults: {transport: TRANSPORT, state_dir: HERE, run_dir: HERE, log_dir: HERE}
  hosts: {edge-1: {address: 127.0.0.1, port: 1}}
services:
  shop: {listen: [80], server_names: [a.example], versions: {v1: {servers: ["10.0.0.1:1"]}}, stable: v1}
"""
# What a verb loads when it runs, beside what reads an inventory.
NEEDS = {"revert": set(), "emergency": set(), "status": set(), "history": set(), "plan": {"jinja2", "crossplane"}}


@pytest.mark.parametrize("transport", ["ssh", "local"])
@pytest.mark.parametrize(("verb", "libraries"), NEEDS.items())
def test_a_verb_loads_only_what_it_uses(verb: str, libraries: set[str], transport: str, tmp_path: Path) -> None:
    """The host is none, which these verbs know only after they have loaded what they need."""
    (tmp_path / "i.yml").write_text(INVENTORY.replace("TRANSPORT", transport).replace("HERE", str(tmp_path)))
    yes = ["--yes"] if verb == "revert" else []
    seen = probe("-i", str(tmp_path / "i.yml"), verb, *yes)
    assert seen["code"] != 2, seen
    inventory = {"pydantic", "yaml"}
    connection = {"paramiko", "cryptography"} if transport == "ssh" else set()
    assert HEAVY & set(seen["modules"]) == inventory | connection | libraries
    assert {"distributed", "dask", "multiprocessing", "invoke"} & set(seen["modules"]) == set()


def test_every_dataclass_has_a_docstring() -> None:
    """Where there is none, `dataclasses` works one out from the signature, which doubles what the class costs."""
    without = [
        f"{path}:{node.lineno} {node.name}"
        for path in Path(nginxgen.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
        if any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
        if not ast.get_docstring(node)
    ]
    assert without == []


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
