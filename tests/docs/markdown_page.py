"""The project's Markdown, as far as the tests read it: blocks of code with the comment before them, and tables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))

_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>\w*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!-- (?P<words>[^>]*) -->\n\s*$")
_INLINE = re.compile(r"`(nginxgen [^`]+)`")
_ENDS = frozenset({"|", ";", "&&", "||", ">", ">>", "2>", "#", "<"})


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    page: Path
    line: int  # of the fence
    language: str
    text: str
    note: str  # the HTML comment on the line before, without its marks

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True)
class Command:
    """`nginxgen ...` as a page shows it."""

    place: str
    line: str

    @property
    def words(self) -> list[str]:
        """The arguments, as a shell would hand them over."""
        lexer = shlex.shlex(self.line, posix=True, punctuation_chars="|;&<>")
        lexer.whitespace_split = True
        found: list[str] = []
        for word in list(lexer)[1:]:
            if word in _ENDS:
                break
            found.append(word)
        return found


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, *languages: str) -> Iterator[Block]:
    text = text_of(page)
    for found in _FENCE.finditer(text):
        if not languages or found["language"] in languages:
            comment = _COMMENT.search(text[: found.start()])
            note = comment["words"] if comment else ""
            yield Block(page, _line(text, found.start()), found["language"], found["text"], note)


def commands(page: Path) -> Iterator[Command]:
    """In blocks of any language and in running text; a block's continued lines are joined."""
    for block in blocks(page):
        lines = block.text.replace("\\\n", " ").splitlines()
        for line in lines:
            bare = line.strip().removeprefix("- ").removeprefix("$ ")
            if bare.startswith("nginxgen ") and not bare.endswith(":"):
                yield Command(f"{block.place} ({bare})", bare)
    prose = _FENCE.sub("", text_of(page))
    for found in _INLINE.finditer(prose):
        words = " ".join(found[1].split())
        yield Command(f"{page.relative_to(ROOT)} ({words})", words)


def tables(text: str) -> Iterator[list[list[str]]]:
    """Each table as rows of cells, the head first, the rule below it left out."""
    rows: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif rows:
            yield [rows[0], *rows[2:]]
            rows = []


def table(page: Path, head: str) -> list[list[str]]:
    """The rows of the only table of the page whose first column is called so."""
    found = [rows[1:] for rows in tables(text_of(page)) if rows[0][0] == head]
    assert len(found) == 1, f"{page.name} has {len(found)} tables with the head {head!r}"
    return found[0]


def code(cell: str) -> list[str]:
    """What stands between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
