"""The help of every verb and the pages name the same verbs and options."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner
from markdown_page import ROOT, code, table

from nginxgen.cli import VERBS, verbs
from nginxgen.errors import Exit

OPERATIONS = ROOT / "docs/operations.md"
README = ROOT / "README.md"


def documented() -> dict[str, list[str]]:
    rows = [row for row in table(OPERATIONS, "verb") if row[0].startswith("`")]
    return {code(row[0])[0]: code(row[1]) for row in rows}


def help_of(*words: str) -> str:
    done = CliRunner().invoke(verbs, [*words, "--help"])
    assert done.exit_code == 0
    return done.output


def options_of(verb: str) -> set[str]:
    command = verbs.get_command(click.Context(verbs), verb)
    assert command is not None
    return {word for parameter in command.params if isinstance(parameter, click.Option) for word in parameter.opts}


def test_every_verb_is_in_the_runbook_and_in_the_readme() -> None:
    assert list(documented()) == list(VERBS)
    named = [name for row in table(README, "verb") for name in code(row[0])]
    assert named == list(VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_the_options_of_a_verb_are_those_that_are_documented(verb: str) -> None:
    assert sorted(documented()[verb]) == sorted(options_of(verb))


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_says_what_each_option_is_for(verb: str) -> None:
    text = help_of(verb)
    assert VERBS[verb] in text
    for option in documented()[verb]:
        assert re.search(rf"(^|[ ,]){re.escape(option)}\b", text, flags=re.MULTILINE), option
    command = verbs.get_command(click.Context(verbs), verb)
    assert command is not None
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{verb} {parameter.opts}"
            assert parameter.help.endswith("."), f"{verb} {parameter.opts}"


def test_the_help_of_the_whole_names_every_verb_and_every_exit_code() -> None:
    text = help_of()
    for verb, words in VERBS.items():
        assert re.search(rf"^  {verb} +{re.escape(words)}$", text, flags=re.MULTILINE)
    told = set(map(int, re.findall(r"\b\d+\b", text.partition("Exit codes:")[2])))
    assert told == set(map(int, Exit))


@pytest.mark.parametrize("verb", VERBS)
def test_no_mark_of_the_formatter_is_left_in_a_help(verb: str) -> None:
    assert "\\b" not in help_of(verb)
