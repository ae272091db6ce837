"""The rows of a host's answer, to samples. A row that makes no sense is an error, never a guess."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nginxgen.model.histogram import Histogram
from nginxgen.model.samples import Counts, Sample, Slice, Tally, add

CONTROL = "/control"  # behind the version of a row: of the clients that the canary is compared with
_COLUMNS = 21
_LARGEST = 10**15


@dataclass(frozen=True, slots=True)
class Row:
    """What one host counted, of one version on one route, in one slice of time."""

    start: int
    release: str
    service: str
    route: str
    version: str  # "-": it reached no version; "?": it reached an address of no version
    tally: Tally


class BadRow(ValueError):
    """A host said something else than rows."""


def parse(text: str, slice_seconds: int) -> Row:
    """Raises BadRow."""
    columns = text.split("\t")
    if len(columns) != _COLUMNS:
        raise BadRow(f"{len(columns)} columns in {text[:120]!r}")
    prefix, release, service, route, version, *numbers, buckets = columns
    try:
        counted = [_whole(number) for number in numbers]
        start = _whole(prefix) * slice_seconds
        times = _times(buckets, *counted[12:])
        counts = Counts(*counted[:12])
    except (ValueError, OverflowError) as fault:
        raise BadRow(f"{fault} in {text[:120]!r}") from None
    if times.count != counts.requests:
        raise BadRow(f"{times.count} times of {counts.requests} requests in {text[:120]!r}")
    return Row(start, release, service, route, version, Tally(counts, times))


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or int(text) > _LARGEST:
        raise ValueError(f"{text[:40]!r} is not a count")
    return int(text)


def _times(text: str, total_ms: int, low_ms: int, high_ms: int) -> Histogram:
    zeros, indexed = 0, []
    for pair in text.split(" "):
        index, _, count = pair.partition(":")
        if index == "z":
            zeros += _whole(count)
        elif len(index) <= _LONGEST_INDEX:
            indexed.append((_whole(index), _whole(count)))
        else:
            raise ValueError(f"{index[:40]!r} is not a bucket")
    return Histogram.of_counts(zeros, indexed, 1000 * total_ms, 1000 * low_ms, 1000 * high_ms)


_LONGEST_INDEX = 4  # digits: a bucket of 10,000 would hold times beyond any clock


def samples(rows: Iterable[Row], slice_seconds: int) -> Iterator[Sample]:
    """One a service, route and version; the releases that served it are added up."""
    known: dict[tuple[str, str, str], dict[int, list[Tally]]] = {}
    for row in rows:
        slices = known.setdefault((row.service, row.route, row.version), {})
        slices.setdefault(row.start, []).append(row.tally)
    for (service, route, version), slices in sorted(known.items()):
        told = tuple(Slice(start, slice_seconds, add(slices[start])) for start in sorted(slices))
        yield Sample(service, route, version, told)
