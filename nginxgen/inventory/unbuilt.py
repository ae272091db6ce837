"""What the schema knows and nginxgen can't do yet: refused by name, never ignored.

To build one: render it, and take its row out of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nginxgen.inventory.document import Data, List, Map, dotted
from nginxgen.inventory.findings import Findings, Rule


def _given(value: Data) -> bool:
    return value is not None


@dataclass(frozen=True, slots=True)
class Unbuilt:
    """A key that the design has and this version does not."""

    path: str  # keys joined by dots; * is any key or item
    asked: Callable[[Data], bool] = _given


UNBUILT = (Unbuilt("services.*.rollout"),)


def refuse_unbuilt(data: Data, findings: Findings) -> None:
    for row in UNBUILT:
        keys = row.path.split(".")
        for value, line, path in _matching(data, keys, 1, ()):
            if row.asked(value):
                message = f"{dotted(path)} is not built yet in this version"
                findings.add(Rule.NOT_BUILT, line, message, "leave it out, or wait for a version that has it")


def _matching(
    data: Data, keys: Sequence[str], line: int, path: tuple[str | int, ...]
) -> Iterator[tuple[Data, int, tuple[str | int, ...]]]:
    if not keys:
        yield data, line, path
        return
    key, *rest = keys
    if isinstance(data, Map):
        for name in data if key == "*" else (key,):
            if name in data:
                yield from _matching(data[name], rest, data.lines[name], (*path, name))
    elif isinstance(data, List) and key == "*":
        for index, item in enumerate(data):
            yield from _matching(item, rest, data.lines[index], (*path, index))
