"""Long plans, short enough to read: what changes in the same way is shown once, and the others are named.

Two files change in the same way where the same words change. A line that takes the place of another counts by the
words in which they differ; the rest of it (an address, say) is not what changes. Lines that only come or only go count
whole, but for the addresses of servers. The name of the service, and names that are made from content, never count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from nginxgen.plan.words import counted, listed

SENTENCES = 20  # of one host; where there are more, equal ones are put together
_MADE = re.compile(r"\bng_([a-z]+)_[0-9a-f]{12}\b")
_SERVER = re.compile(r"^([+-]\s*server )\S+(?=[ ;])")


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file of a unified diff."""

    name: str
    lines: tuple[str, ...]  # its two lines of heading too


Words = tuple[object, ...]  # of a file: equal where it changes in the same way


def condensed(lines: Sequence[str]) -> list[str]:
    """A diff with one file of each way to change, and a line that names the others."""
    found: dict[Words, list[FileDiff]] = {}
    for file in files(lines):
        found.setdefault(_way(file), []).append(file)
    return [line for same in found.values() for line in (*same[0].lines, *_others(same[1:]))]


def sentences(summary: Sequence[str]) -> tuple[str, ...]:
    """`a/default, b/default and c/default: weight 0 -> 10` for three, where there are many."""
    if len(summary) <= SENTENCES:
        return tuple(summary)
    found: dict[str, list[str]] = {}
    for sentence in summary:
        who, colon, what = sentence.partition(": ")
        found.setdefault(what if colon else sentence, []).append(who if colon else "")
    return tuple(f"{listed(who)}: {what}" if any(who) else what for what, who in found.items())


def files(lines: Sequence[str]) -> Iterator[FileDiff]:
    """The files of a diff. One begins with two lines of heading and the place of its first change."""
    starts = [at for at in range(len(lines)) if _begins(lines, at)]
    for start, end in pairwise([*starts, len(lines)]):
        old, new = lines[start][4:], lines[start + 1][4:]
        yield FileDiff((old if new == "/dev/null" else new).rpartition("/")[2], tuple(lines[start:end]))


def _begins(lines: Sequence[str], at: int) -> bool:
    signs = zip(("--- ", "+++ ", "@@ "), lines[at : at + 3], strict=False)
    return at + 2 < len(lines) and all(line.startswith(sign) for sign, line in signs)


def _others(same: Sequence[FileDiff]) -> Iterator[str]:
    if same:
        what = "changes" if len(same) == 1 else "change"
        names = listed([file.name for file in same])
        yield f"... {counted(len(same), 'more file')} {what} in the same way: {names}; plan --full-diff shows all"


def _way(file: FileDiff) -> Words:
    own = re.compile(rf"(?<![\w.-]){re.escape(file.name.partition('.')[0])}(?=[.|])")  # in upstreams and log lines
    ends = tuple(line == f"{line[:4]}/dev/null" for line in file.lines[:2])
    lines = (_MADE.sub(r"ng_\1", own.sub("*", line)) for line in file.lines[2:])
    return (ends, *(_run(tuple(run)) for changed, run in groupby(lines, key=_is_change) if changed))


def _is_change(line: str) -> bool:
    return line.startswith(("+", "-"))


def _run(run: Sequence[str]) -> Words:
    """Of lines that changed one below the other."""
    gone = [line[1:].split() for line in run if line.startswith("-")]
    came = [line[1:].split() for line in run if line.startswith("+")]
    if len(gone) != len(came):
        return tuple(_SERVER.sub(r"\1*", line) for line in run)
    return tuple(word for old, new in zip(gone, came, strict=True) for word in _pair(old, new))


def _pair(old: Sequence[str], new: Sequence[str]) -> Iterator[object]:
    """The words in which two lines differ, each with its place."""
    if len(old) != len(new):
        yield tuple(old), tuple(new)
        return
    both = enumerate(zip(old, new, strict=True))
    yield tuple((at, before, after) for at, (before, after) in both if before != after)
