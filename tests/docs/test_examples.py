"""What the pages show can be typed: the inventories load, the commands exist with these options, the shell is shell."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from markdown_page import PAGES, ROOT, Block, Command, blocks, commands, text_of

from nginxgen import inventory
from nginxgen.cli import verbs
from nginxgen.errors import Exit
from nginxgen.model.state import Drift

INVENTORIES = [ROOT / "inventory/demo.yml", *sorted((ROOT / "inventory/examples").glob("*.yml"))]
YAML = [block for page in PAGES for block in blocks(page, "yaml", "yml") if block.note != "gates"]
SHELL = [block for page in PAGES for block in blocks(page, "sh")]
COMMANDS = [command for page in PAGES for command in commands(page)]


@pytest.mark.parametrize("path", INVENTORIES, ids=lambda path: path.name)
def test_every_inventory_of_the_checkout_loads(path: Path) -> None:
    assert inventory.load(path).services


@pytest.mark.parametrize("block", YAML, ids=lambda block: block.place)
def test_every_inventory_in_a_page_loads(block: Block, tmp_path: Path) -> None:
    """A whole one; parts of one are in docs/inventory.md, which has a test of its own."""
    data: dict[str, Any] = yaml.safe_load(block.text)
    whole = {"fleet", "services"} <= data.keys()
    part = bool({"fleet", "services", "preflight"} & data.keys()) and block.page.name == "inventory.md"
    other = (
        not {"fleet", "services", "preflight"} & data.keys() and "nginxgen" in block.text
    )  # a pipeline: its commands are checked
    assert whole or part or other
    if whole:
        assert inventory.parse(block.text, tmp_path / "fleet.yml").services


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.place)
def test_every_command_has_a_verb_and_options_that_exist(command: Command) -> None:
    understood(command.words)


def understood(words: list[str]) -> None:
    """Parse as click would, without looking whether files exist. Raises click.UsageError."""
    top = click.Context(verbs, info_name="nginxgen")
    _, rest, _ = verbs.make_parser(top).parse_args(list(words))
    if not rest:
        return
    name, verb, arguments = verbs.resolve_command(top, rest)
    assert verb is not None
    context = click.Context(verb, info_name=name, parent=top)
    if isinstance(verb, click.Group):
        name, verb, arguments = verb.resolve_command(context, arguments)
        assert verb is not None
        context = click.Context(verb, info_name=name, parent=context)
    given, left, _ = verb.make_parser(context).parse_args(arguments)
    assert left == []
    for parameter in verb.get_params(context):
        value = given.get(parameter.name or "")
        if isinstance(parameter, click.Option) and not isinstance(parameter.type, click.Path) and value is not None:
            parameter.type_cast_value(context, value)


@pytest.mark.parametrize("words", [["aply"], ["apply", "--wait", "10"], ["plan", "--format", "html"]])
def test_a_command_that_does_not_exist_would_be_found(words: list[str]) -> None:
    with pytest.raises(click.UsageError):
        understood(words)


def test_there_are_commands_to_look_at() -> None:
    assert len(COMMANDS) > 60


@pytest.mark.parametrize("block", SHELL, ids=lambda block: block.place)
def test_every_shell_block_is_shell(block: Block) -> None:
    done = subprocess.run(["sh", "-n"], input=block.text, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def anchors(page: Path) -> set[str]:
    """The headings as a forge names them."""
    headings = re.findall(r"^#+ (.*)$", text_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_kind_of_drift_and_every_exit_code_is_in_the_runbook() -> None:
    text = text_of(ROOT / "docs/operations.md")
    drifts = re.findall(r"^\| `([a-z-]+)` \| ", text.partition("## Drift")[2].partition("\n## ")[0], flags=re.MULTILINE)
    assert drifts == [str(drift) for drift in Drift]
    codes = re.findall(r"^\| (\d+) \| ", text, flags=re.MULTILINE)
    assert [int(code) for code in codes] == [int(code) for code in Exit]


def test_every_part_of_the_package_has_its_floor_in_the_architecture() -> None:
    text = text_of(ROOT / "docs/architecture.md")
    package = ROOT / "nginxgen"
    parts = [f"{path.name}/" for path in package.iterdir() if path.is_dir() and list(path.glob("*.py"))]
    parts += [path.name for path in package.glob("*.py") if not path.name.startswith("__")]
    assert [part for part in parts if f"`{part}`" not in text] == []
