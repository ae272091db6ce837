"""check: everything that can be said without a host."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from nginxgen import check as judging
from nginxgen.check import around as others
from nginxgen.errors import Finding, Place, Severity
from nginxgen.model.host import Host
from nginxgen.model.intent import Intent
from nginxgen.model.progress import Phase
from nginxgen.model.release import Release
from nginxgen.model.service import Service
from nginxgen.model.weight import FULL, ZERO, Weight
from nginxgen.plan.intent import Request, resolve
from nginxgen.render import render
from nginxgen.workflow.releases import findings, rendered
from nginxgen.workflow.scope import Scope

# A split has a form of its own at 0, between, and at 100.
_FORMS = (ZERO, Weight(1_000), FULL)


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check` found, and who looked."""

    findings: tuple[Finding, ...]
    nginx: str | None  # the local nginx that tested the config as well; None: there is none
    read: tuple[str, ...] = ()  # the hosts whose own config was read

    @property
    def sound(self) -> bool:
        return all(finding.severity is not Severity.ERROR for finding in self.findings)


def check(hosts: Sequence[Host], services: Sequence[Service], request: Request, templates: Path | None) -> Checked:
    """The findings at the weight asked for; without one, at weights that bring out every form of the config.

    A local nginx is asked where our own rules found no error. Raises InputError.
    """
    nginx = judging.find_nginx()
    found: dict[Finding, None] = {}
    releases: Mapping[str, Release] = {}
    for intent in intents(services, request):
        releases = rendered(hosts, services, intent, templates, releases)
        own = findings(hosts, services, releases, templates)
        found |= dict.fromkeys(own)
        if nginx is not None and all(finding.severity is not Severity.ERROR for finding in own):
            again = partial(render, templates=templates)
            found |= dict.fromkeys(judging.nginx_test(services, intent, hosts[0], again, nginx))
    return Checked(tuple(found), nginx)


def around(tree: Path, text: str | None, services: Sequence[Service]) -> tuple[Finding, ...]:
    """What stands around our config: the main file of an nginx here, or the `text` that `nginx -T` printed elsewhere.

    Reads only. Raises InputError where there is nothing to read.
    """
    files = others.read(tree, text)
    here = str(tree.absolute()) == files.main
    return (*others.judge(files, services), *(others.second_opinion(files.main) if here else ()))


def live(scope: Scope, services: Sequence[Service]) -> tuple[Finding, ...]:
    """What stands around our config on the hosts, read there. Hosts with the same config are judged once.

    Changes nothing. Raises SeveralRefused with every host that could not be read: none is passed over in silence.
    """
    with scope.work() as work:
        work.all_or_refuse()
        texts = work.sessions.set_aside(work.sessions.each(Phase.OBSERVE, work.names, lambda one: one.config()))
        work.all_or_refuse()
    alike: dict[str, list[str]] = {}
    for name in scope.names:
        alike.setdefault(texts[name], []).append(name)
    return tuple(finding for text, names in alike.items() for finding in _on(names, text, services))


def _on(hosts: Sequence[str], text: str, services: Sequence[Service]) -> Iterator[Finding]:
    """By host and file: "edge-1 and 2 more:/etc/nginx/nginx.conf"."""
    more = f" and {len(hosts) - 1} more" if len(hosts) > 1 else ""
    for finding in others.judge(others.read(Path("nginx -T"), text), services):
        place = finding.place
        where = Place(hosts[0] + more) if place is None else Place(f"{hosts[0]}{more}:{place.file}", place.line)
        yield replace(finding, place=where)


def intents(services: Sequence[Service], request: Request) -> Iterator[Intent]:
    canary = any(service.canary is not None for service in services)
    weights = _FORMS if canary and request.weight is None else (request.weight,)
    for weight in weights:
        yield resolve(services, {}, Request(weight, request.services, request.routes))
