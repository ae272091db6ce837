"""A plan for people, as plain text. Hosts with the same change stand together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nginxgen.model.plan import Action, HostPlan, Plan
from nginxgen.plan.condense import condensed, sentences
from nginxgen.plan.document import checksum, short
from nginxgen.plan.words import counted, listed, visible

_LISTEN = re.compile(r"^([+\- ]\s*listen )(\[[^\]]*\]|[^\s;:]+)(?=:)", re.MULTILINE)
DIFF_LINES = 400  # shown of one diff, after what is alike in it is shown once


@dataclass(frozen=True, slots=True)
class Group:
    """Hosts whose change is the same, but for the names of their releases and the addresses that they listen on.

    The first one stands for all.
    """

    hosts: tuple[HostPlan, ...]

    @property
    def first(self) -> HostPlan:
        return self.hosts[0]

    @property
    def names(self) -> str:
        return ", ".join(host.host for host in self.hosts)

    @property
    def step(self) -> str:
        """`a1b2c3d4e5f6 -> 0123456789ab`, where all the hosts take the same one; else only the kind of the step."""
        steps = {(host.expected.live, host.release) for host in self.hosts}
        if len(steps) > 1:
            return "each to its own release"
        old, new = next(iter(steps))
        return f"{new} again" if old == new else f"{old or 'nothing'} -> {new}"

    @property
    def remark(self) -> str:
        """What the first host's diff does not say of the others; empty where nothing differs."""
        if len({_nameless(host) for host in self.hosts}) == 1:
            return ""
        return f"as on {self.first.host}; the others differ in the address that they listen on"


def groups(hosts: Sequence[HostPlan]) -> tuple[Group, ...]:
    """The hosts that change, in order; equal ones together."""
    found: dict[tuple[object, ...], list[HostPlan]] = {}
    for host in hosts:
        if host.action is not Action.NONE:
            found.setdefault((host.action, host.summary, host.unsafe, _alike(host)), []).append(host)
    return tuple(Group(tuple(members)) for members in found.values())


def plan_text(plan: Plan, *, diffs: bool = True, full: bool = False) -> str:
    """`full`: every sentence and every line, however many."""
    return f"{headline(plan)}\n{hosts_text(plan.hosts, diffs=diffs, full=full)}"


def headline(plan: Plan) -> str:
    return f"plan {short(checksum(plan))}: {tally(plan.hosts)}"


def tally(hosts: Sequence[HostPlan]) -> str:
    changing = sum(host.action is not Action.NONE for host in hosts)
    if not changing:
        return f"nothing to do, {counted(len(hosts), 'host')} up to date"
    same = len(hosts) - changing
    return f"{counted(changing, 'host')} to change" + (f", {same} up to date" if same else "")


def hosts_text(hosts: Sequence[HostPlan], *, diffs: bool = True, full: bool = False) -> str:
    """Every host in its group: what changes in words, then the diff."""
    parts = [_group_text(group, diffs=diffs, full=full) for group in groups(hosts)]
    same = [host.host for host in hosts if host.action is Action.NONE]
    if same and parts:
        parts.append(f"\n{listed(same)}: up to date\n")
    return "".join(parts)


def _group_text(group: Group, *, diffs: bool, full: bool) -> str:
    first = group.first
    lines = ["", f"{group.names}  ({group.step})"]
    lines += [f"  {sentence}" for sentence in (first.summary if full else sentences(first.summary))]
    lines += [f"  needs --force: {reason}" for reason in first.unsafe]
    if diffs and first.diff:
        remark = [f"  {group.remark}"] if group.remark else []
        lines += ["", *remark, *(f"    {line}" for line in shown(first.diff, full=full))]
    return "".join(f"{visible(line)}\n" for line in lines)


def shown(diff: str, *, full: bool = False) -> list[str]:
    """The lines of a diff; of a long one what is alike once, and cut where that does not do, with a word about it."""
    lines = diff.removesuffix("\n").split("\n")
    if full or len(lines) <= DIFF_LINES:
        return lines
    lines = condensed(lines) or lines
    if len(lines) <= DIFF_LINES:
        return lines
    return [*lines[:DIFF_LINES], f"... {len(lines) - DIFF_LINES} more lines; plan --full-diff or --json has them all"]


def _alike(host: HostPlan) -> str:
    """Further without the addresses of listen, which is all that `bind` of a host changes."""
    return _LISTEN.sub(r"\1*", _nameless(host))


def _nameless(host: HostPlan) -> str:
    """The diff without the names of the releases, which may differ where nothing else does."""
    names: Iterable[str] = filter(None, (host.expected.live, host.release))
    text = host.diff
    for name in names:
        text = text.replace(name, "*")
    return text
