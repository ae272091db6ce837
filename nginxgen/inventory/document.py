"""A YAML document as plain data that remembers its lines.

Every scalar stays the text that was written: `on`, `yes`, `1.10` and `2222` are text until a type of the schema says
otherwise. Only `~`, `null` and an empty value are None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from nginxgen.inventory.findings import short

Data: TypeAlias = "Map | List | str | None"
Path = Sequence[str | int]
_LONGEST_STEP = 63  # the longest name


class Map(dict[str, Data]):
    """A mapping; `lines` has the line of each key, `line` its own."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def put(self, key: str, value: Data, line: int) -> None:
        self[key] = value
        self.lines[key] = line


class List(list[Data]):
    """A sequence; `lines` has the line of each item, `line` its own."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []

    def put(self, value: Data, line: int) -> None:
        self.append(value)
        self.lines.append(line)


def find(root: Data, path: Path) -> tuple[Data, int]:
    """What stands at `path`, and its line. Where the path leaves the data, the last thing on it."""
    here = root
    line = root.line if isinstance(root, Map | List) else 1
    for step in path:
        match here, step:
            case Map(), str() if step in here:
                line = here.lines[step]
                here = here[step]
            case List(), int() if step < len(here):
                line = here.lines[step]
                here = here[step]
            case _:
                break
    return here, line


def dotted(path: Path) -> str:
    """As messages name a place: services.shop.listen[0]."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{short(step, _LONGEST_STEP)}" for step in path)
    return "".join(steps).lstrip(".")


# The rules below the schema read data that may be wrong in any way: what isn't of the asked kind counts as empty.


def mapping(data: Data, key: str) -> Map:
    """The mapping under `key`."""
    value = data.get(key) if isinstance(data, Map) else None
    return value if isinstance(value, Map) else Map(0)


def entries(data: Data) -> Iterator[tuple[str, Data, int]]:
    """Key, value and line of each entry of a mapping."""
    if isinstance(data, Map):
        for key, value in data.items():
            yield key, value, data.lines[key]


def items(data: Data, key: str) -> Iterator[tuple[Data, int]]:
    """Value and line of each item of the list under `key`."""
    value = data.get(key) if isinstance(data, Map) else None
    if isinstance(value, List):
        yield from zip(value, value.lines, strict=True)


def text(data: Data, key: str) -> str | None:
    """The text under `key`."""
    value = data.get(key) if isinstance(data, Map) else None
    return value if isinstance(value, str) else None
