"""crossplane as the tokenizer, and the judge of contexts and numbers of arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import crossplane

import nginxgen.check.directives  # noqa: F401  (puts crossplane's table right)
from nginxgen.check.tree import Node
from nginxgen.errors import Finding, Place

_PLACE = re.compile(r" in \S+:\d+$")
_ENDS_EARLY = "the file ends inside a directive or a string"


def parse(text: str, place: str, around: tuple[str, ...], folder: Path) -> tuple[tuple[Node, ...], tuple[Finding, ...]]:
    """The directives of a file that is included within the blocks `around`, and what is wrong with them (NG001).

    A block stands there with its arguments: "http", "map $a $b".
    `place` is the name for findings. crossplane reads files only, so the text goes through one in `folder`. Not
    strict: strict refuses the rows of every map; single: includes are the host's.
    """
    file = folder / "nginx.conf"
    opening = "".join(f"{block} {{ " for block in around)  # on the first line, so that lines keep their numbers
    file.write_text(f"{opening}{text}\n{'}' * len(around)}\n", "utf-8", newline="\n")
    payload = crossplane.parse(str(file), single=True, strict=False, combine=False, check_ctx=True, check_args=True)
    lines = text.count("\n") + 1
    found = [_finding(error, place, lines) for error in payload["errors"]]
    nodes = _nodes(payload["config"][0]["parsed"], place)
    for block in around:
        if not found and (len(nodes) != 1 or nodes[0].name != block.split()[0]):
            line = nodes[1].line if len(nodes) > 1 else lines
            found.append(_wrong("there is a } too many before this line", Place(place, min(line, lines))))
        nodes = nodes[0].block or () if nodes else ()
    return nodes, tuple(found)


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
