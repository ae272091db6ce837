"""Rules that neither crossplane nor `nginx -t` holds. Each is one function; its docstring says why it exists."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence

from nginxgen.check.rules import extra, locations, names, partial, references
from nginxgen.check.tree import Config
from nginxgen.errors import Finding
from nginxgen.model.host import Host

Rule = Callable[[Sequence[Config], Host], Iterator[Finding]]
OneRule = Callable[[Config], Iterator[Finding]]


def _each(rule: OneRule) -> Rule:
    """A rule that looks at one service at a time."""

    def over_all(configs: Sequence[Config], host: Host) -> Iterator[Finding]:  # noqa: ARG001  (the form of a Rule)
        for config in configs:
            yield from rule(config)

    over_all.__doc__ = rule.__doc__
    return over_all


_RULES: Mapping[str, Rule] = {
    "NG004": _each(references.dangling),
    "NG005": names.same_server,
    "NG006": _each(references.shared_server),
    "NG007": _each(names.same_location),
    "NG008": _each(extra.unknown_directive),
    "NG009": _each(extra.repeated),
    "NG010": names.no_certificate,
    "NG011": _each(names.long_server_name),
    "NG012": _each(extra.foreign_code),
    "NG013": _each(extra.poisoning_retry),
    "NG014": _each(extra.captures),
    "NG015": names.two_defaults,
    "NG016": _each(names.uncovered_path),
    "NG017": _each(names.unreachable_path),
    "NG018": _each(locations.too_few_tries),
    "NG019": _each(locations.bypassed_access),
    "NG021": _each(locations.idle_body_limit),
    "NG022": _each(locations.uri_behind_variable),
    "NG023": _each(locations.lost_headers),
    "NG024": _each(locations.conditional_pass),
    "NG026": _each(partial.weighted),
    "NG027": _each(partial.unknown_addresses),
    "NG028": _each(partial.own_backups),
    "NG029": _each(partial.runs_twice),
    "NG030": extra.silenced_metrics,
    "NG051": _each(names.long_key),
}

RULES: Mapping[str, str] = {
    "NG001": "nginx could not read this: a brace, a semicolon, a context or a number of arguments is wrong.",
    "NG002": "The structure is not that of the service: a value has ended a directive or opened a block.",
    "NG003": "server_extra must stay within the server block.",
    **{rule: inspect.cleandoc(function.__doc__ or "").split("\n\n")[0] for rule, function in _RULES.items()},
    "NG020": "The local nginx -t refuses the config, or warns.",
    "NG025": "The host's nginx is too old for what a service needs.",
}
"""Why each rule exists, by id, in a sentence or two."""


def judge(configs: Sequence[Config], host: Host) -> list[Finding]:
    """What all rules find, by file and line."""
    found = [finding for rule in _RULES.values() for finding in rule(configs, host)]
    return sorted(found, key=_order)


def _order(finding: Finding) -> tuple[str, int, str]:
    place = finding.place
    return (place.file if place else "", (place.line or 0) if place else 0, finding.rule)
