"""The files of one host's release, its id, and its emergency twin."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

from nginxgen.errors import InputError
from nginxgen.model.host import Host
from nginxgen.model.intent import EMPTY, Intent, ServiceIntent
from nginxgen.model.release import MANIFEST, SENTINEL, SUMS, File, Release
from nginxgen.model.service import Service
from nginxgen.model.weight import ZERO
from nginxgen.render import names
from nginxgen.render.engine import fill
from nginxgen.render.logged import VERSIONS, versions
from nginxgen.render.service import view

RELEASE_INC = "release.inc"
_PLACEHOLDER = "@release@"  # stands for the id where the id is worked out: it can't contain itself


def render(
    services: Sequence[Service],
    intent: Intent,
    host: Host,
    templates: Path | None = None,
    like: Release | None = None,
) -> Release:
    """The release of `host`, with its emergency twin where a canary is on.

    `intent` must name every service; what it says of others is left out. `templates` is a folder whose files are used
    in place of the packaged ones. `like` was rendered from the same but for the intent: files of a service whose intent
    it shares are taken from it, which changes nothing but the time. Raises InputError.
    """
    services = sorted(services, key=lambda service: service.name)
    _refuse_twice((service.name for service in services), "service")
    settled = Intent({service.name: _settle(service, intent) for service in services})
    before = tuple(_made(one) for one in (like, like and like.emergency) if one is not None)
    texts = _texts(services, settled, host, templates, before)
    if not any(_canary_is_on(service) for service in settled.services.values()):
        return _release(texts | _versions(services, settled), settled, host, templates, None)
    calm = settled.without_canary()
    changed = [service for service in services if _canary_is_on(settled.services[service.name])]
    names_changed = {service.name for service in changed}
    same = {file: text for file, text in texts.items() if file.split(".", 1)[0] not in names_changed}
    calmed = same | _texts(changed, calm, host, templates, before) | _versions(services, calm)
    twin = _release(calmed, calm, host, templates, None)
    return _release(texts | _versions(services, settled), settled, host, templates, twin)


def empty(host: Host, templates: Path | None = None) -> Release:
    """The release with no service, from which a first apply starts."""
    return render((), EMPTY, host, templates)


def _canary_is_on(intent: ServiceIntent) -> bool:
    return intent.canary is not None and intent.canary_on


def _settle(service: Service, intent: Intent) -> ServiceIntent:
    """The intent of one service in its normal form: a weight for every route that there is, and for no other."""
    asked = intent.services.get(service.name)
    if asked is None:
        raise InputError(f"nothing was asked for service {service.name}")
    routes = [route.name for route in service.routes]
    _refuse_twice(routes, f"service {service.name}: route")
    weights = {name: asked.weights.get(name, ZERO) for name in sorted(routes)} if asked.canary else {}
    return ServiceIntent(asked.stable, asked.canary, asked.canary_on, weights)


@dataclass(frozen=True, slots=True)
class _Made:
    """What a release has of each service."""

    intent: Intent
    texts: Mapping[str, Mapping[str, str]]  # by the name of the service, then of the file

    def of(self, service: str, asked: ServiceIntent) -> Mapping[str, str] | None:
        return self.texts.get(service) if self.intent.services.get(service) == asked else None


def _made(release: Release) -> _Made:
    texts: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for file in release.files:
        if file.name.endswith((".conf", ".map")):
            texts[file.name.split(".", 1)[0]][file.name] = file.text
    return _Made(release.intent, texts)


def _texts(
    services: Iterable[Service], intent: Intent, host: Host, templates: Path | None, before: Sequence[_Made]
) -> dict[str, str]:
    """By file name, a file a service and one a long map."""
    found: dict[str, str] = {}
    for service in services:
        asked = intent.services[service.name]
        made = next(filter(None, (one.of(service.name, asked) for one in before)), None)
        found |= made or _of_service(service, asked, host, templates)
    return found


def _of_service(service: Service, asked: ServiceIntent, host: Host, templates: Path | None) -> dict[str, str]:
    try:
        shown = view(service, asked, host)
        found = {f"{service.name}.conf": fill("service.conf.j2", {"service": shown}, templates)}
        rows = (made for made in shown.maps if made.file is not None)
        return found | {str(made.file): fill("rows.map.j2", {"rows": made.rows}, templates) for made in rows}
    except InputError as error:
        if error.place:
            raise  # the template is at fault, whatever the service
        raise InputError(f"service {service.name[:80]}: {error.message}", hint=error.hint) from error


def _versions(services: Sequence[Service], intent: Intent) -> dict[str, str]:
    """For the metrics log, where a service has it."""
    told = versions(services, intent)
    return {} if told is None else {VERSIONS: told}


def _refuse_twice(found: Iterable[str], what: str) -> None:
    twice = [name for name, times in Counter(found).items() if times > 1]
    if twice:
        raise InputError(f"{what} {twice[0]!r} comes twice", hint="names that differ only in - and _ are the same here")


def _release(
    texts: Mapping[str, str], intent: Intent, host: Host, templates: Path | None, twin: Release | None
) -> Release:
    manifest = {
        "format": 1,
        "services": intent.to_json(),
        "emergency": None if twin is None else twin.id,
        "log_dir": names.log_dir(host.log_dir),
    }
    plain = {**texts, MANIFEST: json.dumps(manifest, separators=(",", ":")) + "\n"}
    marks = partial(_marks, intent=intent, host=host, templates=templates, logs=VERSIONS in texts)
    name = _digest({**plain, **marks(_PLACEHOLDER)})
    files = sorted({**plain, **marks(name)}.items())
    sums = "".join(f"{sha256(text.encode()).hexdigest()}  {file}\n" for file, text in files)
    return Release(name, tuple(File(*file) for file in sorted([*files, (SUMS, sums)])), intent, twin)


def _marks(release: str, intent: Intent, host: Host, templates: Path | None, *, logs: bool) -> dict[str, str]:
    """The two files that carry the id: the sentinel for people, `nginx -t` and the metrics log, and the log that the
    master holds open.
    """
    values = {"release": release, "log_dir": names.log_dir(host.log_dir), "metrics": logs}
    marks = {SENTINEL: fill("sentinel.j2", values, templates)}
    if intent.services:
        marks[RELEASE_INC] = fill("release.inc.j2", values, templates)
    return marks


def _digest(files: Mapping[str, str]) -> str:
    total = sha256()
    for name, text in sorted(files.items()):
        total.update(f"{name}\0{text}\0".encode())
    return total.hexdigest()[:12]
