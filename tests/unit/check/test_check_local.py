"""The local nginx -t: its words, at the lines of the release that would be deployed."""

from __future__ import annotations

from pathlib import Path

import makers
import nginx_lab
import pytest

from nginxgen.check import find_nginx, nginx_test
from nginxgen.errors import Finding, InputError, Severity
from nginxgen.model.service import PathMatch, Route, Service
from nginxgen.render import render


def said(*services: Service, binary: str | None = None) -> tuple[Finding, ...]:
    return nginx_test(services, makers.intent(services), makers.host(), render, binary or nginx_lab.binary())


def test_a_sound_release_passes_whatever_only_its_host_has(tmp_path: Path) -> None:
    text = f"""
        ssl_certificate /etc/ssl/none.pem; ssl_certificate_key /etc/ssl/none.key;
        access_log {tmp_path}/made-by-a-test.log; include snippets/none.conf;
        location = /ping {{ limit_req zone=of_the_host; return 200 "ok"; }}
    """
    service = makers.service(
        listen=("80 default_server", "443 ssl http2", "[::]:80 ipv6only=on"),
        versions=(makers.version("v1", "backend.of-the-host.invalid:80"), makers.version("v2", "10.0.1.11:5000")),
        override=makers.BOTH,
        server_extra=text,
    )
    assert said(service, makers.service("b")) == ()
    assert not list(tmp_path.iterdir())


CASES = {
    "an unknown directive": (
        makers.service(server_extra="gzip on;\nproxy_red_timeout 5s;"), "proxy_red_timeout", Severity.WARNING,
    ),
    "a wrong value": (
        makers.service(server_extra="ssl_certificate x;\nproxy_read_timeout soon;"), "soon", Severity.ERROR,
    ),
    "a wrong regex": (makers.service(routes=(Route("a", "^/(", PathMatch.REGEX),)), "^/(", Severity.ERROR),
}  # fmt: skip


@pytest.mark.parametrize(("service", "line", "severity"), CASES.values(), ids=CASES)
def test_a_finding_points_at_the_line_of_the_release(service: Service, line: str, severity: Severity) -> None:
    [found] = said(service)
    text = render([service], makers.intent([service]), makers.host()).file("shop.conf").text.splitlines()
    assert (found.rule, found.severity, found.place.file) == ("NG020", severity, "shop.conf")
    assert line in text[found.place.line - 1]
    assert "/tmp" not in found.message


def test_a_variable_that_the_host_may_have_is_only_a_warning() -> None:
    [found] = said(makers.service(server_extra="return 200 $of_the_host;"))
    assert (found.severity, found.place) == (Severity.WARNING, None)


def test_an_nginx_that_cannot_run_is_an_error_with_its_name() -> None:
    with pytest.raises(InputError, match="/nowhere/nginx"):
        said(makers.service(), binary="/nowhere/nginx")


def test_nginx_is_found_where_debian_keeps_it() -> None:
    assert find_nginx("/nowhere") == "/usr/sbin/nginx"
