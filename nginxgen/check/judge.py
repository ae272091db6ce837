"""Everything that can be said of a release without a host."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from nginxgen.check.benign import benign, harmless
from nginxgen.check.lexer import End, escape, line_of
from nginxgen.check.rules import judge
from nginxgen.check.shape import compare
from nginxgen.check.shelf import Shelf
from nginxgen.check.syntax import Reader
from nginxgen.check.tree import Config, Node
from nginxgen.errors import Finding, Place
from nginxgen.model.host import Host
from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.release import SENTINEL, Release
from nginxgen.model.service import Service

Render = Callable[[Sequence[Service], Intent, Host], Release]
"""How the release was made: `render.render`, with the templates it was given."""

_AROUND: Mapping[str, tuple[str, ...]] = {SENTINEL: ("http",), "release.inc": ("http", "server")}
_CONF = ".conf"
_ROWS = ".map"  # a file with the rows of a map


def check(
    services: Sequence[Service], host: Host, release: Release, render: Render, folder: Path | None = None
) -> tuple[Finding, ...]:
    """What is wrong with a release and its emergency twin, files in order, lines in order.

    Places name files of the release. First each file on its own (syntax, structure), then, if that is sound, the rules
    over all of them. `render` is used again on harmless services, to learn what structure is right. `folder` is where
    crossplane's reading of sound files is kept for the next time; it changes how long this takes, and nothing else.
    """
    with TemporaryDirectory(prefix="nginxgen-check-") as private, Shelf(folder) if folder else nullcontext() as shelf:
        means = _Means(host, render, Reader(Path(private), shelf), {one.name: harmless(one) for one in services})
        found, configs = _release(services, release, means)
        twin = release.emergency
        if twin is not None and not found:
            calm, live = _by_service(twin), _by_service(release)
            changed = [service for service in services if calm.get(service.name) != live.get(service.name)]
            found, _ = _release(changed, twin, means)
    return tuple(found or judge(configs, host))


@dataclass(frozen=True, slots=True)
class _Means:
    """What judging a release and its twin takes."""

    host: Host
    render: Render
    reader: Reader
    forms: Mapping[str, Service]  # by the name of a service: it, harmless


_Texts = Mapping[str, str]  # the files of one service, by what follows its name: ".conf", and those of rows


def _by_service(release: Release) -> dict[str, _Texts]:
    """By the service's name, in which there is no dot. Made once: thousands of services have thousands of files."""
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for file in release.files:
        name, dot, end = file.name.partition(".")
        found[name][dot + end] = file.text
    return dict(found)


def _release(services: Sequence[Service], release: Release, means: _Means) -> tuple[list[Finding], list[Config]]:
    reader = means.reader
    found = [finding for file, around in _AROUND.items() for finding in _common(release, file, around, reader)]
    shapes = _shapes(services, release.intent, means)
    texts = _by_service(release)
    configs: list[Config] = []
    for service in services:
        mine, shape = texts[service.name], shapes[service.name]
        found += _row_files(service.name, mine, shape.rows, reader)
        result = _config(service, release.intent.services[service.name], mine[_CONF], shape.server, reader)
        if isinstance(result, Config):
            configs.append(result)
        else:
            found += result
    return found, configs


def _common(release: Release, name: str, around: tuple[str, ...], reader: Reader) -> Iterator[Finding]:
    for file in release.files:
        if file.name == name:
            _, found = reader.parse(file.text, name, around)
            yield from found


@dataclass(frozen=True, slots=True)
class _Shape:
    """What the files of a service must look like."""

    server: tuple[Node, ...]  # its .conf
    rows: Mapping[str, tuple[Node, ...]]  # its files of rows, by what follows the service's name


def _shapes(services: Sequence[Service], intent: Intent, means: _Means) -> dict[str, _Shape]:
    """By service name."""
    stand_ins = benign(services, means.forms, intent)
    release = means.render(stand_ins.services, stand_ins.intent, means.host)
    texts = _by_service(release)
    kinds = {one.name: _shape(one.name, texts[one.name], means.reader) for one in stand_ins.services}
    return {name: kinds[kind] for name, kind in stand_ins.stands_for.items()}


def _shape(name: str, texts: _Texts, reader: Reader) -> _Shape:
    server, _ = reader.parse(texts[_CONF], name, ("http",))
    rows = {end: _parse_rows(text, name, reader)[0] for end, text in texts.items() if end.endswith(_ROWS)}
    return _Shape(server, rows)


def _parse_rows(text: str, file: str, reader: Reader) -> tuple[tuple[Node, ...], tuple[Finding, ...]]:
    """The rows in a map, as one node."""
    nodes, found = reader.parse(text, file, ("http", "map $a $b"))
    return (Node("map", (), 1, nodes),), found


def _row_files(name: str, texts: _Texts, shapes: Mapping[str, tuple[Node, ...]], reader: Reader) -> Iterator[Finding]:
    for end, text in texts.items():
        if not end.endswith(_ROWS):
            continue
        file = f"{name}{end}"
        nodes, wrong = _parse_rows(text, file, reader)
        yield from wrong or compare(shapes.get(end, ()), nodes, file)


def _config(
    service: Service, asked: ServiceIntent, text: str, expected: tuple[Node, ...], reader: Reader
) -> Config | list[Finding]:
    """The parsed file of a service, or why it can't be used."""
    file = f"{service.name}.conf"
    if left := list(_leaves(service, text, file)):
        return left
    nodes, wrong = reader.parse(text, file, ("http",))
    if wrong:
        return list(wrong)
    extra: tuple[Node, ...] = ()
    if service.server_extra.strip():
        extra, _ = reader.parse(service.server_extra, file, ("http", "server"))
    if differs := list(compare(_with_extra(expected, extra), nodes, file)):
        return differs
    return Config(service, asked, file, nodes, _tail(nodes, len(extra)))


def _leaves(service: Service, text: str, file: str) -> Iterator[Finding]:
    """NG003."""
    left = escape(service.server_extra)
    if left is None:
        return
    messages = {End.CLOSE: "closes a block that it did not open", End.BROKEN: left.message}
    message = messages.get(left.end, "does not close a block that it opens")
    yield Finding(
        "NG003",
        f"server_extra of service {service.name}: {message}",
        Place(file, _first_line(text, service.server_extra) + line_of(service.server_extra, left) - 1),
        hint="server_extra must be whole directives of a server block",
    )


def _first_line(text: str, extra: str) -> int:
    """The line of the file on which server_extra begins, wherever the template has it; negative leading lines count."""
    lines = [line.strip() for line in text.split("\n")]
    wanted = [line.strip() for line in extra.strip("\n").split("\n")]
    leading = len(extra) - len(extra.lstrip("\n"))
    starts = (at for at in range(len(lines)) if lines[at : at + len(wanted)] == wanted)
    return next(starts, 0) + 1 - leading


def _with_extra(expected: tuple[Node, ...], extra: tuple[Node, ...]) -> tuple[Node, ...]:
    return tuple(
        Node(node.name, node.args, node.line, (*(node.block or ()), *extra)) if node.name == "server" else node
        for node in expected
    )


def _tail(nodes: tuple[Node, ...], number: int) -> tuple[Node, ...]:
    server = next(node for node in nodes if node.name == "server")
    return (server.block or ())[-number:] if number else ()
