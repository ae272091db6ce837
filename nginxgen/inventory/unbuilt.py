"""What the schema knows and nginxgen can't do yet: refused by name, never ignored.

To build one: render it, and take its row out of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nginxgen.inventory.document import Data, List, Map, dotted
from nginxgen.inventory.findings import Findings, Rule

_FALSE = frozenset({"false", "no", "off", "0", "f", "n"})


def _given(value: Data) -> bool:
    return value is not None


def _on(value: Data) -> bool:
    return isinstance(value, str) and value.lower() not in _FALSE


def _some(value: Data) -> bool:
    return isinstance(value, List) and len(value) > 0


def _unix(value: Data) -> bool:
    return isinstance(value, str) and value.startswith("unix:")


def _later(value: Data) -> bool:
    return isinstance(value, str) and value != "1"


@dataclass(frozen=True, slots=True)
class Unbuilt:
    path: str  # keys joined by dots; * is any key or item
    asked: Callable[[Data], bool] = _given
    what: str = ""  # where the key alone doesn't say it


UNBUILT = (
    Unbuilt("services.*.sticky"),
    Unbuilt("services.*.fallback"),
    Unbuilt("services.*.override.users"),
    Unbuilt("services.*.override.networks"),
    Unbuilt("services.*.headers.X-Gray-Version", _on),
    Unbuilt("services.*.mirror", _on),
    Unbuilt("services.*.real_ip"),
    Unbuilt("services.*.protocol", lambda value: value in ("https", "grpc", "grpcs"), "another protocol than http"),
    Unbuilt("services.*.routes.*.methods", _some),
    Unbuilt("services.*.smoke", _some),
    Unbuilt("services.*.rollout"),
    Unbuilt("services.*.versions.*.servers.*", _unix, "a unix socket as backend"),
    Unbuilt("services.*.versions.*.servers.*.address", _unix, "a unix socket as backend"),
    Unbuilt("services.*.versions.*.servers.*.backup", _on),
    Unbuilt("services.*.versions.*.servers.*.resolve", _on),
    Unbuilt("fleet.defaults.wave", _later, "another wave than 1"),
    Unbuilt("fleet.hosts.*.wave", _later, "another wave than 1"),
)


def refuse_unbuilt(data: Data, findings: Findings) -> None:
    for row in UNBUILT:
        keys = row.path.split(".")
        for value, line, path in _matching(data, keys, 1, ()):
            if row.asked(value):
                what = f"{dotted(path)}: {row.what}" if row.what else dotted(path)
                message = f"{what} is not built yet in this version"
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
