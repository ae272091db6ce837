"""What a config that people wrote does to ours, and to itself. Each rule's docstring says why it exists."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence

from nginxgen.check.around import hashes, passing, reading, serving
from nginxgen.check.around.files import Files
from nginxgen.check.around.whole import Whole, whole
from nginxgen.errors import Finding
from nginxgen.model.service import Service

Rule = Callable[[Whole, Sequence[Service]], Iterator[Finding]]

_RULES: Mapping[str, Rule] = {
    "NG031": serving.same_name,
    "NG032": serving.same_upstream,
    "NG033": serving.headers_that_stay_outside,
    "NG034": serving.no_end_of_old_workers,
    "NG035": reading.underscores,
    "NG036": reading.cut_variable,
    "NG037": reading.empty_key,
    "NG038": reading.everyone_is_a_proxy,
    "NG039": reading.numbered_captures,
    "NG040": reading.many_regexes,
    "NG041": passing.unknown_target,
    "NG042": passing.no_resolver,
    "NG043": passing.path_from_variable,
    "NG044": passing.in_an_if,
    "NG045": passing.no_zone,
    "NG046": passing.poisoning_retry,
    "NG047": passing.runs_twice,
    "NG048": passing.lost_headers,
    "NG049": passing.bypassed_access,
    "NG050": serving.two_defaults,
    "NG052": hashes.too_small_bucket,
    "NG053": reading.unfinished_split,
}

RULES: Mapping[str, str] = {
    rule: inspect.cleandoc(function.__doc__ or "").split("\n\n")[0] for rule, function in _RULES.items()
}
"""Why each rule exists, by id, in a sentence or two."""


def judge(files: Files, services: Sequence[Service] = ()) -> tuple[Finding, ...]:
    """By file and line. `services`: those that are, or will be, on this nginx. Nothing that may be secret is told."""
    tree, found = whole(files)
    judged = [finding for rule in _RULES.values() for finding in rule(tree, services)]
    return tuple(sorted(dict.fromkeys((*found, *judged)), key=_order))


def _order(finding: Finding) -> tuple[str, int, str]:
    place = finding.place
    return (place.file if place else "", (place.line or 0) if place else 0, finding.rule)
