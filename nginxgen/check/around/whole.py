"""One tree of all files: every `include` replaced by what it brings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from nginxgen.check.around.files import Files
from nginxgen.check.syntax import Reader
from nginxgen.check.tree import Node
from nginxgen.errors import Finding, Place, Severity

_OURS = "/nginxgen/live/"
_WHICH = "give the main nginx.conf, or all that nginx -T printed"
_BROKEN = re.compile(r"^unexpected |file ends inside|too many before")  # the rest of the file is not read either
_PATTERN = re.compile(r"[*?\[]")
# A block as crossplane wants to see it around a file that is included in it.
_AROUND: Mapping[str, str] = {
    "location": "location /", "upstream": "upstream u", "map": "map $a $b", "geo": "geo $a", "if": "if ($a)",
    "split_clients": "split_clients $a $b", "limit_except": "limit_except GET", "match": "match m",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spot:
    """A directive, and the blocks that it stands in, outermost first."""

    node: Node
    around: tuple[Node, ...] = ()

    @property
    def is_ours(self) -> bool:
        return _OURS in self.node.file

    def within(self, *names: str) -> bool:
        return any(block.name in names for block in self.around)

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(block.name for block in self.around)


@dataclass(frozen=True, slots=True)
class Whole:
    """All directives, outer before inner."""

    spots: tuple[Spot, ...]

    def named(self, *names: str) -> Iterator[Spot]:
        """Those of the http part that are not ours."""
        return (
            spot for spot in self.spots if spot.node.name in names and not spot.is_ours and "stream" not in spot.path
        )


def whole(files: Files) -> tuple[Whole, tuple[Finding, ...]]:
    """With what could not be read (NG001), and so was not looked at.

    That is an error, but for a directive that crossplane does not know as it stands in a config that nginx has read.
    """
    with TemporaryDirectory(prefix="nginxgen-check-") as folder:
        follower = _Follower(files, Reader(Path(folder)), [])
        nodes = follower.file(files.main, (), ())
    if not follower.found and not any(node.name == "http" for node in nodes):
        follower.found.append(Finding("NG001", "there is no http block in it", Place(files.main), _WHICH))
    return Whole(tuple(_spots(nodes, ()))), tuple(follower.found)


def _spots(nodes: Sequence[Node], around: tuple[Node, ...]) -> Iterator[Spot]:
    for node in nodes:
        yield Spot(node, around)
        yield from _spots(node.block or (), (*around, node))


@dataclass(frozen=True, slots=True)
class _Follower:
    """What one pass over the files needs, and what it found wrong."""

    files: Files
    reader: Reader
    found: list[Finding]

    def file(self, name: str, around: tuple[str, ...], outer: tuple[str, ...]) -> tuple[Node, ...]:
        """`outer`: the files that include it, none of which is opened again."""
        words = tuple(_AROUND.get(block, block) for block in around)
        nodes, wrong = self.reader.parse(self.files.texts[name], name, words)
        self.found.extend(map(self.unread, wrong) if _OURS not in name else ())
        return tuple(self.resolved(nodes, around, (*outer, name)))

    def unread(self, one: Finding) -> Finding:
        if self.files.read_by_nginx and not _BROKEN.search(one.message):
            return replace(one, severity=Severity.WARNING, hint="nginx reads it; here it was not looked at")
        return replace(one, hint="what could not be read was not looked at; nginx -t says more")

    def resolved(self, nodes: Sequence[Node], around: tuple[str, ...], outer: tuple[str, ...]) -> Iterator[Node]:
        for node in nodes:
            if node.name == "include" and node.args:
                names = tuple(self.files.included(node.args[0]))
                if not names and not _PATTERN.search(node.args[0]) and _OURS not in node.file:
                    self.found.append(self.unread(_missing(node)))
                for name in names:
                    if name not in outer:
                        yield from self.file(name, around, outer)
            elif node.block is None:
                yield node
            else:
                yield replace(node, block=tuple(self.resolved(node.block, (*around, node.name), outer)))


def _missing(node: Node) -> Finding:
    return Finding("NG001", f"there is no file {node.args[0]} to include", Place(node.file, node.line))
