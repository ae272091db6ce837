"""What must hold inside `rollout:` beyond the type of each value; read from the document, as the other rules are."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice

from nginxgen.errors import InputError
from nginxgen.inventory.document import Data, Map, entries, items, mapping, text
from nginxgen.inventory.findings import Findings, Rule, quoted
from nginxgen.inventory.gate_words import GateWords, gate, numbers_of
from nginxgen.inventory.limits import MOST_ROUTES
from nginxgen.inventory.presets import Preset
from nginxgen.inventory.words.bad import BadValue
from nginxgen.inventory.words.values import percent, span
from nginxgen.model.nearest import did_you_mean
from nginxgen.model.rollout import WATCHES
from nginxgen.model.weight import ZERO


@dataclass(frozen=True, slots=True)
class _Part:
    """One rollout of the service: the whole, or a group."""

    path: str
    line: int
    data: Map
    above: Map  # where it finds what it leaves out

    def given(self, key: str) -> Data:
        return self.data[key] if key in self.data else self.above.get(key)

    @property
    def steps(self) -> Iterator[tuple[Data, int]]:
        yield from items(self.data if "steps" in self.data else self.above, "steps")


def check_rollout(name: str, service: Data, findings: Findings) -> None:
    whole = service.get("rollout") if isinstance(service, Map) else None
    if not isinstance(whole, Map) or not isinstance(service, Map):
        return
    path = f"services.{name}.rollout"
    numbers = numbers_of(service)
    groups = mapping(whole, "groups")
    parts = [_Part(path, service.lines["rollout"], whole, whole)] if not groups else []
    parts += [
        _Part(f"{path}.groups.{group}", line, data, whole)
        for group, data, line in entries(groups)
        if isinstance(data, Map)
    ]
    _gates(path, whole, numbers, findings)
    for part in parts:
        if part.data is not whole:
            _gates(part.path, part.data, numbers, findings)
        _steps(part, preset=text(whole, "preset") in set(Preset), findings=findings)
    _groups(path, groups, service, findings)


def _gates(path: str, data: Map, numbers: Collection[str], findings: Findings) -> None:
    """Every gate can be read."""
    for index, (step, _) in enumerate(items(data, "steps")):
        _read(f"{path}.steps[{index}].gates", mapping(step, "gates"), numbers, findings, trigger=False)
    _read(f"{path}.rollback", mapping(data, "rollback"), numbers, findings, trigger=True)


def _read(path: str, gates: Map, numbers: Collection[str], findings: Findings, *, trigger: bool) -> None:
    for metric, data, line in entries(gates):
        try:
            gate(metric, GateWords.of(data), numbers, trigger=trigger)
        except InputError as error:
            findings.add(Rule.VALUE, line, f"{path}: {error.message}", error.hint)


def _steps(part: _Part, *, preset: bool, findings: Findings) -> None:
    """There are steps, they grow, each has something to be judged by, and names a way to look that there is."""
    steps = list(part.steps)
    if not steps and not preset:
        message = f"{part.path} has no steps"
        findings.add(Rule.MISSING, part.line, message, "write steps, or choose cautious, standard or blue-green")
    rollback = part.given("rollback") or preset
    watches = {*WATCHES, *mapping(part.data, "watch"), *mapping(part.above, "watch")}
    weight = ZERO
    for index, (step, line) in enumerate(steps):
        here = f"{part.path}.steps[{index}]"
        if not rollback and not mapping(step, "gates"):
            hint = 'like gates: {error_rate: "< 1%"}, or rollback: {error_rate: "> 10%"} for all steps'
            findings.add(Rule.MISSING, line, f"{here} has no gates: nothing would be judged", hint)
        watch = text(step, "watch")
        if watch is not None and watch not in watches:
            findings.add(
                Rule.DANGLING, line, f"{here}.watch: there is no {quoted(watch)}", did_you_mean(watch, watches)
            )
        try:
            found = percent(text(step, "weight") or "")
            if found < weight:
                message = f"{here}: the weight falls from {weight} to {found}"
                findings.add(Rule.CONFLICT, line, message, "steps grow; an abort goes back to 0")
            weight = found
        except BadValue:
            pass  # the schema has told it
        _bakes(here, step, line, findings)


def _bakes(here: str, step: Data, line: int, findings: Findings) -> None:
    try:
        bake, most = span(text(step, "bake") or ""), span(text(step, "max_bake") or "")
    except BadValue:
        return  # one is left out, or the schema has told it
    if most < bake:
        findings.add(Rule.CONFLICT, line, f"{here}: max_bake is shorter than bake", "it is how long bake may become")


def _groups(path: str, groups: Map, service: Map, findings: Findings) -> None:
    """Groups have routes that there are, no route twice, and come after groups that come before."""
    routes = {text(route, "name") for route, _ in islice(items(service, "routes"), MOST_ROUTES)} or {"default"}
    known = [route for route in routes if route is not None]
    taken: dict[str, str] = {}
    for group, data, line in entries(groups):
        here = f"{path}.groups.{group}"
        named = [(route, at) for route, at in items(data, "routes") if isinstance(route, str)] or [(group, line)]
        for route, at in named:
            if route not in known:
                hint = (
                    did_you_mean(route, known)
                    if isinstance(data, Map) and "routes" in data
                    else "routes: [...] says which ones it has"
                )
                findings.add(Rule.DANGLING, at, f"{here}: there is no route {quoted(route)}", hint)
            elif route in taken:
                findings.add(Rule.DUPLICATE, at, f"{here}: the route {quoted(route)} is in {taken[route]} as well")
            taken.setdefault(route, group)
        _after(here, group, data, groups, findings)


def _after(here: str, group: str, data: Data, groups: Map, findings: Findings) -> None:
    after = text(data, "after")
    if after is None or not isinstance(data, Map):
        return
    line = data.lines["after"]
    if after not in groups:
        findings.add(
            Rule.DANGLING, line, f"{here}.after: there is no group {quoted(after)}", did_you_mean(after, groups)
        )
        return
    seen = {group}
    before: str | None = after
    while before is not None and before not in seen:
        seen.add(before)
        before = text(groups.get(before), "after")
    if before == group:
        findings.add(Rule.CONFLICT, line, f"{here}.after: {quoted(after)} waits for {quoted(group)} itself")
