"""Hostile values that are accepted are served where they belong, all in one nginx."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote as percent

import hostile_services
import makers
import nginx_lab
import pytest
from hostile import HOSTILE

from nginxgen.check import check
from nginxgen.errors import InputError, Severity
from nginxgen.model.release import Release
from nginxgen.model.service import Override, PathMatch, Route, Service, Signal, Source
from nginxgen.render import render

_CHECKED_BY_NGINX = {"listen", "listen flag", "server", "fail_timeout", "regex", "server_extra"}
"""Fields whose values nginx itself may refuse, in a word of its own."""


def sound(service: Service, release: Release) -> bool:
    found = check([service], makers.host(), release, render)
    return all(finding.severity is not Severity.ERROR for finding in found)


def rendered(service: Service, folder: Path):
    try:
        return render([service], makers.intent([service], "0"), makers.host(bind="127.0.0.1", log_dir=str(folder)))
    except InputError:
        return None


SHORT = {
    "cookie word",
    "server name",
    "exact path",
    "user id",
    "network",
    "sticky cookie",
    "server",
}  # one of each kind


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(field, marks=() if field in SHORT else pytest.mark.full)
        for field in sorted(hostile_services.FIELDS.keys() - _CHECKED_BY_NGINX)
    ],
)
def test_nginx_takes_every_value_that_check_takes(tmp_path: Path, field: str) -> None:
    for name, value, service in hostile_services.cases():
        release = rendered(service, tmp_path) if name == field else None
        if release is not None and sound(service, release):
            for made in (release, release.emergency):
                nginx_lab.write(made.files, tmp_path)
                said = nginx_lab.complaint(tmp_path, nginx_lab._LOADER)
                assert not said, (value, said)


def sendable(value: str) -> bool:
    return value == value.strip() != "" and len(value.encode()) < 4_000


@pytest.mark.parametrize("cookie", ["gray_release", "gray-release"])
def test_hostile_words_are_words(tmp_path: Path, cookie: str) -> None:
    """Each word, sent as it is, brings the canary; with something behind it, it does not."""
    ports = nginx_lab.free_ports(3)
    words = []
    for word in filter(sendable, HOSTILE):
        one = makers.service(override=Override(makers.by_header(Signal(Source.HEADER, "X-G", (word,), ())).header))
        if rendered(one, tmp_path) is not None and word.encode().lower() not in {w.encode().lower() for w in words}:
            words.append(word)
    service = makers.service(
        listen=(str(ports[0]),),
        versions=tuple(makers.version(f"v{at}", f"127.0.0.1:{ports[at]}") for at in (1, 2)),
        override=Override(
            Signal(Source.HEADER, "X-G", tuple(words), ()), Signal(Source.COOKIE, cookie, tuple(words), ())
        ),
        server_extra="large_client_header_buffers 4 32k;",
    )
    nginx_lab.write(rendered(service, tmp_path).files, tmp_path)
    config = f"{nginx_lab.answering({ports[1]: 'v1', ports[2]: 'v2'})}\n{nginx_lab._LOADER}"
    assert len(words) > 60
    with nginx_lab.running(tmp_path, ports[0], config) as nginx:
        for word in words:
            sent = word.encode().decode("latin-1")
            assert nginx.get(headers={"X-G": sent}) == "v2", word
            assert nginx.get(headers={"X-G": f"{sent}!no"}) == "v1", word
            if ";" not in word:
                assert nginx.get(headers={"Cookie": f"{cookie}={sent}"}) == "v2", word
                assert nginx.get(headers={"Cookie": f"{cookie}={sent}!no"}) == "v1", word


def test_hostile_paths_are_paths(tmp_path: Path) -> None:
    """Each path, asked exactly, is its route's; a longer one is not."""
    ports = nginx_lab.free_ports(3)
    paths = []
    for value in HOSTILE:
        one = makers.service(routes=(Route("a", f"/p/{value}", PathMatch.EXACT), Route("default", "/")))
        release = rendered(one, tmp_path)
        if len(percent(value)) < 2_000 and release and not check([one], makers.host(), release, render):
            paths.append(f"/p/{value}")
    routes = tuple(Route(f"r{at}", path, PathMatch.EXACT) for at, path in enumerate(paths))
    service = makers.service(
        listen=(str(ports[0]),),
        versions=tuple(makers.version(f"v{at}", f"127.0.0.1:{ports[at]}") for at in (1, 2)),
        routes=(*routes, Route("default", "/")),
    )
    weights = {route.name: "100" for route in routes} | {"default": "0"}
    release = render([service], makers.intent([service], weights), makers.host(bind="127.0.0.1", log_dir=str(tmp_path)))
    nginx_lab.write(release.files, tmp_path)
    config = f"{nginx_lab.answering({ports[1]: 'v1', ports[2]: 'v2'})}\n{nginx_lab._LOADER}"
    assert len(paths) > 60
    with nginx_lab.running(tmp_path, ports[0], config) as nginx:
        for path in paths:
            assert nginx.get(percent(path)) == "v2", path
            assert nginx.get(percent(f"{path}0x0")) == "v1", path
