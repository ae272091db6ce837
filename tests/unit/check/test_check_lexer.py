"""Where raw text leaves its block, as nginx's own lexer sees it."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import nginx_lab
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from nginxgen.check.lexer import escape

STAYS = (
    "",
    "# only a comment }",
    "a b;",
    'a "b;}" c;',
    "a 'it' b;",
    'a "\\"}" ;',
    "a {b; c {d;}}",
    "a ${b};",
    "a ${b;",
    "a x#y;",
    "a b\\;c;",
    "location ~ ^/x$ { }",
    "if ($a = b) { c; }",
    'if ($a = "b") { c; }',
)
LEAVES = (
    "}",
    "a; }",
    "a { b; } }",
    "a",
    "a {",
    "a { b }",
    ";",
    "{",
    'a "b',
    "a 'b;",
    'a "b"c;',
    "a b\\",
    'a;"',
)


@pytest.mark.parametrize("text", STAYS)
def test_whole_directives_stay(text: str) -> None:
    assert escape(text) is None


@pytest.mark.parametrize("text", LEAVES)
def test_what_does_not_end_in_its_block_leaves_it(text: str) -> None:
    assert escape(text) is not None


pieces = st.sampled_from(
    ["set $x a;", "set $x ", "if ($host) {", "location /x {", "}", '"', "'", "\\", "$", "{", ";", "#", "\n", " ", "a"]
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.lists(pieces, max_size=10).map("".join))
def test_what_stays_ends_where_its_block_ends_for_nginx_too(text: str) -> None:
    """A directive of http right behind the block is read as one, unless nginx stops at a word of the text before."""
    assume(escape(text) is None)
    with TemporaryDirectory() as folder:
        said = nginx_lab.complaint(Path(folder), f"server {{ {text}\n }} no_such_thing;")
    assert "[emerg]" in said
    assert not re.search('unexpected|too long|"server" directive has no', said), said
