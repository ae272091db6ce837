"""A plan for a merge request: what changes in a table, the diffs folded away."""

from __future__ import annotations

import re

from nginxgen.model.plan import Plan
from nginxgen.plan.condense import sentences
from nginxgen.plan.document import checksum
from nginxgen.plan.text import Group, groups, headline, shown, tally
from nginxgen.plan.words import visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|#~])")


def plan_markdown(plan: Plan, *, full: bool = False) -> str:
    found = groups(plan.hosts)
    if not found:
        return f"### nginxgen plan\n\nNothing to do: {tally(plan.hosts).removeprefix('nothing to do, ')}.\n"
    rows = "".join(_row(group, full=full) for group in found)
    diffs = "".join(_folded(group, full=full) for group in found if group.first.diff)
    title = headline(plan).partition(": ")[2]
    return (
        f"### nginxgen plan\n\n{title[0].upper()}{title[1:]}. Checksum `{checksum(plan)}`\n\n"
        f"| hosts | releases | what changes |\n|---|---|---|\n{rows}{diffs}"
    )


def _row(group: Group, *, full: bool) -> str:
    words = [_plain(sentence) for sentence in (group.first.summary if full else sentences(group.first.summary))]
    words += [f"**needs `--force`**: {_plain(reason)}" for reason in group.first.unsafe]
    return f"| {_plain(group.names)} | {_plain(group.step)} | {'<br>'.join(words)} |\n"


def _folded(group: Group, *, full: bool) -> str:
    lines = [visible(line) for line in shown(group.first.diff, full=full)]
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    body = "\n".join(lines)
    title = _plain(group.names + (f": {group.remark}" if group.remark else ""))
    return f"\n<details><summary>diff: {title}</summary>\n\n{fence}diff\n{body}\n{fence}\n\n</details>\n"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is. An arrow is kept: it reads well and can't begin anything."""
    return _SPECIAL.sub(r"\\\1", visible(text)).replace("-\\>", "->")
