"""Parsed directives as bytes, and back: JSON, since it is loaded anyway and can do nothing but be read."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from nginxgen.check.tree import Node

_FAST = 1  # a sixth of the size; more costs more than it saves


def pack(nodes: Sequence[Node]) -> bytes:
    """Without the name of the file, which is that of all."""
    return zlib.compress(json.dumps(_plain(nodes), separators=(",", ":")).encode(), _FAST)


def unpack(packed: bytes, file: str) -> tuple[Node, ...] | None:
    """The inverse of `pack`; None where these bytes are something else."""
    try:
        return _nodes(json.loads(zlib.decompress(packed)), file)
    except (zlib.error, ValueError, TypeError, RecursionError):
        return None


def _plain(nodes: Sequence[Node]) -> list[Any]:
    return [(node.name, node.args, node.line, None if node.block is None else _plain(node.block)) for node in nodes]


def _nodes(plain: list[Any], file: str) -> tuple[Node, ...]:
    return tuple(
        [
            Node(name, tuple(args), line, None if block is None else _nodes(block, file), file)
            for name, args, line, block in plain
        ]
    )
