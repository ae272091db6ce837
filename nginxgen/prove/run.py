"""prove: every claim put to a private nginx by requests, and the table of what came of it. An effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from nginxgen.check import Render
from nginxgen.model.host import Host
from nginxgen.model.intent import Intent
from nginxgen.model.service import Service
from nginxgen.prove.backend import backends
from nginxgen.prove.calls import calls, refused_calls
from nginxgen.prove.claim import Claim, Proof
from nginxgen.prove.doors import copies, doors, untried
from nginxgen.prove.faults import faults, refusals
from nginxgen.prove.judge import judge
from nginxgen.prove.moved import Moved, calling, moved, refusing
from nginxgen.prove.overrides import after_emergency, overrides
from nginxgen.prove.roads import Case, base_of
from nginxgen.prove.session import Session
from nginxgen.prove.traffic import hop, issued, routes, servers, shares
from nginxgen.prove.webserver import LOG_LINE, arrived, serving

Claims = Callable[[Case], Iterable[Claim]]
Move = Callable[[Moved, Path], Moved]


@dataclass(frozen=True, slots=True)
class Setting:
    """What is rendered, and with what."""

    services: tuple[Service, ...]
    intent: Intent
    host: Host
    render: Render
    binary: str


def prove(setting: Setting) -> tuple[Proof, ...]:
    """Every claim about these services, as this intent has them: as asked, with the canary gone, after `emergency`.

    Raises Refused where the private nginx does not start or does not answer, InputError where it can't be run.
    """
    found = [*_stage(setting, as_asked)]
    if any(service.fallback is not None for service in setting.services):
        found += _stage(setting, refusals, refusing)
    found += _stage(setting, calls, _calling)
    found += _stage(setting, refused_calls, _calling_nobody)
    if any(one.canary is not None and one.canary_on for one in setting.intent.services.values()):
        on = frozenset(
            name for name, one in setting.intent.services.items() if one.canary is not None and one.canary_on
        )
        calm = replace(setting, intent=setting.intent.without_canary())
        found += _stage(calm, lambda case: after_emergency(case) if case.service.name in on else ())
    return tuple(found)


def as_asked(case: Case) -> Iterator[Claim]:
    base = base_of(case)
    yield from routes(case)
    if base is not None and case.intent.canary is not None and case.intent.canary_on:
        yield from overrides(case, base)
    for claims in (shares, issued, servers, hop, doors, copies, faults, untried):
        yield from claims(case)


def _stay(found: Moved, folder: Path) -> Moved:
    del folder
    return found


def _calling(found: Moved, folder: Path) -> Moved:
    del folder
    return calling(found)


def _calling_nobody(found: Moved, folder: Path) -> Moved:
    return calling(refusing(found, folder))


def _stage(setting: Setting, claims: Claims, move: Move = _stay) -> Sequence[Proof]:
    """One start of nginx."""
    cases = [Case(service, setting.intent.services[service.name]) for service in setting.services]
    wanted = [claim for case in cases for claim in claims(case)]
    if not wanted:
        return ()
    with TemporaryDirectory(prefix="ng-") as name:
        folder = Path(name)
        there = moved(setting.services, folder, LOG_LINE.format(folder=folder))
        there = tuple(move(one, folder) for one in there)
        services = [one.service for one in there]
        release = setting.render(services, setting.intent, replace(setting.host, log_dir=name, bind=None))
        stubs = [stub for one in there for stub in one.stubs]
        with backends(folder), serving(release, stubs, folder, setting.binary):
            seen = Session(folder, setting.services).put(wanted)
        got = arrived(folder)
        seen = [tuple(replace(one, asked=got.get(str(one.number), ())) for one in answers) for answers in seen]
    return [judge(claim, answers) for claim, answers in zip(wanted, seen, strict=True)]
