"""A parsed config: directives and blocks, as crossplane reads them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nginxgen.model.intent import ServiceIntent
from nginxgen.model.service import Service


@dataclass(frozen=True, slots=True)
class Node:
    """One directive. Arguments are without quotes; backslashes in them are as they stand in the file."""

    name: str
    args: tuple[str, ...]
    line: int  # in its file, from 1
    block: tuple[Node, ...] | None = None
    file: str = ""  # as findings name it


@dataclass(frozen=True, slots=True)
class Config:
    """The file of one service, parsed, with what it was made from."""

    service: Service
    intent: ServiceIntent
    file: str
    nodes: tuple[Node, ...]  # of the http level
    extra: tuple[Node, ...]  # the directives of server_extra, with their lines in the file

    @property
    def server(self) -> Node:
        """The server block. The shape was compared before, so there is one."""
        return next(node for node in self.nodes if node.name == "server" and node.block is not None)


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Every directive, outer before inner."""
    for node in nodes:
        yield node
        if node.block:
            yield from walk(node.block)


def named(nodes: Iterable[Node] | None, *names: str) -> Iterator[Node]:
    return (node for node in nodes or () if node.name in names)
