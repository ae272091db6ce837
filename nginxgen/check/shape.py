"""Nothing broke out: a config has the same tree as the one made from the same service with every string harmless."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from nginxgen.check.tree import Node
from nginxgen.errors import Finding, Place

_ROWS = frozenset({"map", "geo", "split_clients", "types"})  # in these blocks the first word is a value
_ROW_WORDS = frozenset({"default", "hostnames", "volatile", "include", "delete", "proxy", "proxy_recursive", "ranges"})
_HINT = "a value has changed the structure of the config; it is not deployed. This is a bug: please report it"


def compare(expected: Sequence[Node], actual: Sequence[Node], file: str) -> Iterator[Finding]:
    """NG002 for the first difference in structure; values may differ, names and numbers of arguments may not."""
    difference = next(_differences(expected, actual, rows=False), None)
    if difference:
        line, message = difference
        yield Finding("NG002", message, Place(file, line), hint=_HINT)


def _differences(expected: Sequence[Node], actual: Sequence[Node], *, rows: bool) -> Iterator[tuple[int | None, str]]:
    last: int | None = None
    for wanted, found in zip_longest(expected, actual):
        if found is None:
            yield last, f'"{wanted.name}" is missing behind this line'
        elif wanted is None:
            yield found.line, f'"{found.name[:40]}" should not be here'
        elif not _alike(wanted, found, rows=rows):
            yield found.line, f"expected {_form(wanted)}, found {_form(found)}"
        elif wanted.block is not None and found.block is not None:
            yield from _differences(wanted.block, found.block, rows=wanted.name in _ROWS and not rows)
        last = found.line if found else last


def _alike(wanted: Node, found: Node, *, rows: bool) -> bool:
    same_form = len(wanted.args) == len(found.args) and (wanted.block is None) == (found.block is None)
    if rows and not {wanted.name, found.name} & _ROW_WORDS:
        return same_form
    return same_form and wanted.name == found.name


def _form(node: Node) -> str:
    block = " and a block" if node.block is not None else ""
    return f'"{node.name[:40]}" with {len(node.args)} argument{"" if len(node.args) == 1 else "s"}{block}'
