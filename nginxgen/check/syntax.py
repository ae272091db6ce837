"""crossplane as the tokenizer, and the judge of contexts and numbers of arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import crossplane
from crossplane import analyzer

import nginxgen.check.directives  # noqa: F401  (puts crossplane's table right)
from nginxgen import __version__
from nginxgen.check.packing import pack, unpack
from nginxgen.check.shelf import Shelf
from nginxgen.check.tree import Node
from nginxgen.errors import Finding, Place

_PLACE = re.compile(r" in \S+:\d+$")
_ENDS_EARLY = "the file ends inside a directive or a string"


@dataclass(frozen=True, slots=True)
class Reader:
    """crossplane, which reads files only: a text goes through one in `folder`. What it said of a sound text is kept."""

    folder: Path
    shelf: Shelf | None = None

    def parse(self, text: str, place: str, around: tuple[str, ...]) -> tuple[tuple[Node, ...], tuple[Finding, ...]]:
        """The directives of a file that is included within the blocks `around`, and what is wrong with them (NG001).

        A block stands there with its arguments: "http", "map $a $b". `place` is the name for findings.
        """
        opening = "".join(f"{block} {{ " for block in around)  # on the first line, so that lines keep their numbers
        content = f"{opening}{text}\n{'}' * len(around)}\n".encode()
        lines = text.count("\n") + 1
        if self.shelf is None:
            return self._asked(content, place, around, lines)
        key = sha256(_reader() + f"{place!r} {around!r}\n".encode() + content).digest()
        kept = self.shelf.get(key)
        known = None if kept is None else unpack(kept, place)
        if known is not None:
            return known, ()
        nodes, found = self._asked(content, place, around, lines)
        if not found:
            self.shelf.put(key, pack(nodes))
        return nodes, found

    def _asked(
        self, content: bytes, place: str, around: tuple[str, ...], lines: int
    ) -> tuple[tuple[Node, ...], tuple[Finding, ...]]:
        """Not strict: strict refuses the rows of every map; single: includes are the host's."""
        file = str(self.folder / "nginx.conf")
        Path(file).write_bytes(content)
        try:
            payload = crossplane.parse(file, single=True, strict=False, combine=False, check_ctx=True, check_args=True)
            nodes = _nodes(payload["config"][0]["parsed"], place)
        except RecursionError:
            return (), (_wrong("blocks are nested too deeply in each other to be read", Place(place, 1)),)
        found = [_finding(error, place, lines) for error in payload["errors"]]
        for block in around:
            if not found and (len(nodes) != 1 or nodes[0].name != block.split()[0]):
                line = nodes[1].line if len(nodes) > 1 else lines
                found.append(_wrong("there is a } too many before this line", Place(place, min(line, lines))))
            nodes = nodes[0].block or () if nodes else ()
        return nodes, tuple(found)


@cache
def _reader() -> bytes:
    """Who reads: with another crossplane, table of directives or nginxgen nothing that is kept counts."""
    table = sorted(analyzer.DIRECTIVES.items())
    return sha256(f"{crossplane.__version__} {__version__} {table}".encode()).digest()


def _finding(error: Mapping[str, Any], place: str, lines: int) -> Finding:
    message = _PLACE.sub("", error["error"] or _ENDS_EARLY)
    return _wrong(message, Place(place, min(error["line"] or lines, lines)))


def _wrong(message: str, place: Place) -> Finding:
    return Finding("NG001", message, place)


def _nodes(parsed: Iterable[Mapping[str, Any]], file: str) -> tuple[Node, ...]:
    return tuple(
        Node(
            entry["directive"],
            tuple(entry["args"]),
            entry["line"],
            _nodes(entry["block"], file) if "block" in entry else None,
            file,
        )
        for entry in parsed
    )
