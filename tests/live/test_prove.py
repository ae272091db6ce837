"""prove: on a sound config every claim holds; on a config that is wrong in one place, the claim about it does not."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import makers
import pytest

from nginxgen.check import find_nginx
from nginxgen.errors import Refused
from nginxgen.model.host import Host
from nginxgen.model.intent import Intent
from nginxgen.model.release import File, Release
from nginxgen.model.service import (
    Anonymous,
    Fallback,
    Networks,
    Override,
    PathMatch,
    Protocol,
    RealIp,
    Route,
    Server,
    Service,
    Signal,
    Source,
    Sticky,
    Users,
    Version,
)
from nginxgen.prove import Outcome, Proof, Setting, prove
from nginxgen.render import render

FULL = makers.service(
    "shop",
    listen=("443 ssl http2 default_server", "80"),
    versions=(makers.version("v1", "10.0.0.1:1", "10.0.0.2:1"), makers.version("v2", "10.0.0.3:1", "b.example.com:80")),
    override=Override(
        makers.HEADER,
        Signal(Source.COOKIE, "gray-release"),
        Users(Source.QUERY, "uid", tuple(f"u{number}" for number in range(300)), ("x", "y")),
        Networks(("10.8.0.0/16", "fd00::/8"), ("10.8.1.0/24",)),
    ),
    sticky=Sticky(Source.COOKIE, "sid", Anonymous.ISSUE),
    fallback=Fallback(("error", "timeout", "http_503")),
    version_header=True,
    real_ip=RealIp(("10.0.0.0/30",)),
    routes=(
        Route("reads", "/api", methods=("GET",)), Route("writes", "/api", methods=("POST",)),
        Route("numbers", r"^/v\d+/(?<name>[a-z]+)\.json$", PathMatch.REGEX), Route("one", "/one", PathMatch.EXACT),
        Route("default", "/"),
    ),
    server_extra="ssl_certificate /etc/ssl/none.pem;\nclient_max_body_size 1m;",
)  # fmt: skip
PLAIN = makers.service(
    "plain",
    server_names=("*.plain.example.com",),
    versions=(makers.version("v1", "10.0.0.1:1", "10.0.0.2:1"), Version("v2", (Server("10.0.0.3:1", weight=2),))),
    fallback=Fallback(("error", "http_500")),
    override=makers.by_header(makers.HEADER),
)
DOORS = makers.service(
    "doors",
    listen=("443 ssl", "[::]:443 ssl"),
    versions=(makers.version("v1", "10.0.0.1:443"), makers.version("v2", "10.0.0.2:443")),
    sticky=Sticky(Source.COOKIE, "sid"),
    override=makers.by_header(makers.HEADER),
    fallback=Fallback(("error", "timeout", "http_500")),
    protocol=Protocol.HTTPS,
    mirror=True,
    server_extra="ssl_certificate /etc/none.pem;\nallow 10.0.0.0/8;\ndeny all;\nssl_verify_client on;\n"
    "if ($request_uri ~ secret) { return 403; }",
)
ONE_STAYS = {"reads": "100", "writes": "100", "numbers": "100", "one": "0", "default": "100"}
Render = Callable[[Sequence[Service], Intent, Host], Release]


def proofs(
    service: Service, weight: str | Mapping[str, str] = "10", using: Render = render, on: bool = True
) -> tuple[Proof, ...]:
    binary = find_nginx()
    assert binary, "these tests need nginx: apt-get install nginx"
    return prove(Setting((service,), makers.intent([service], weight, on), makers.host(), using, binary))


def failed(found: Sequence[Proof]) -> list[str]:
    return [f"{proof.says}: {proof.found}" for proof in found if proof.outcome is Outcome.FAILED]


@pytest.mark.parametrize("weight", ["0", "10", "100"])
@pytest.mark.parametrize("service", [FULL, PLAIN], ids=["full", "plain"])
def test_every_claim_about_what_we_render_holds(service: Service, weight: str) -> None:
    found = proofs(service, weight)
    assert failed(found) == []
    assert [proof.says for proof in found if proof.outcome is Outcome.NOT_TRIED] == ["listen: http2"] * (
        service is FULL
    )
    assert all(proof.requests for proof in found if proof.outcome is not Outcome.NOT_TRIED)


@pytest.mark.parametrize("weight", ["0", "50", "100"])
def test_tls_on_both_sides_and_copies_are_tried_and_access_rules_are_told(weight: str) -> None:
    found = proofs(DOORS, weight)
    assert failed(found) == []
    said = {proof.says: proof.outcome for proof in found}
    for part in ("over TLS", "asked by https", "mirror: a copy of a GET reaches v2", "no copy of a POST"):
        assert any(part in says and outcome is Outcome.PROVED for says, outcome in said.items()), part
    untried = [says for says, outcome in said.items() if outcome is Outcome.NOT_TRIED]
    assert untried == ["server_extra: allow 10.0.0.0/8; deny all; ssl_verify_client on; return 403"]


@pytest.mark.parametrize("protocol", [Protocol.GRPC, Protocol.GRPCS])
def test_grpc_is_called_over_http2_and_what_is_not_is_said(protocol: Protocol) -> None:
    service = replace(PLAIN, protocol=protocol, override=makers.BOTH, fallback=Fallback(("error", "timeout")))
    found = proofs(service, "0")
    assert failed(found) == []
    calls = [proof.says for proof in found if "HTTP/2" in proof.says and proof.outcome is Outcome.PROVED]
    assert calls == [
        f"{protocol}: a call reaches v1 over HTTP/2",
        f"{protocol}: a call reaches v2 over HTTP/2",
        f"{protocol}: the canary is gone: a call is served by stable over HTTP/2",
    ]
    assert [proof.says for proof in found if proof.outcome is Outcome.NOT_TRIED] == [
        f"{protocol}: routes, rules and shares"
    ]


def test_what_is_claimed_of_a_service_that_uses_everything() -> None:
    says = "\n".join(proof.says for proof in proofs(FULL))
    for part in (
        "X-Gray-Release = true", "gray-release = false", "150 of 300 ids", "networks 10.8.0.0/16", "beats users",
        "10 % to v2", "gets it and stays", "takes its turn", "WebSocket", "X-Gray-Version", "hangs", "closes",
        "answers 503", "is gone", "POST is not sent twice", "after emergency", "any other value",
    ):  # fmt: skip
        assert part in says, part


def test_with_the_canary_off_only_stable_is_claimed() -> None:
    found = proofs(FULL, "50", on=False)
    assert failed(found) == []
    assert not any("v2" in proof.says for proof in found)


def changed(old: str, new: str) -> Render:
    """Our own rendering, with one thing wrong."""

    def wrong(services: Sequence[Service], intent: Intent, host: Host) -> Release:
        release = render(services, intent, host)
        files = tuple(File(file.name, file.text.replace(old, new)) for file in release.files)
        assert files != release.files or not intent_is_on(intent), f"{old!r} is not rendered"
        return replace(release, files=files)

    return wrong


def intent_is_on(intent: Intent) -> bool:
    return any(service.canary_on for service in intent.services.values())


WRONG = [
    (FULL, "10", "always canary", "always stable", "header X-Gray-Release = true"),
    (FULL, "10", "never stable", "never canary", "header X-Gray-Release = false"),
    (FULL, "10", "u42 canary", "u42 stable", "users by query"),
    (FULL, "10", "10.8.1.0/24 stable", "10.8.1.0/24 canary", "networks 10.8.1.0/24"),
    (FULL, "10", "10% canary", "12% canary", "each client by its hash"),
    (FULL, "10", "shop:v2:", "shop:v3:", "each client by its hash"),
    (FULL, "10", "proxy_read_timeout 300ms", "proxy_read_timeout 2s", "the canary hangs"),
    (FULL, "10", " http_503", "", "the canary answers 503: GET"),
    (FULL, "10", "http_503;", "http_503 non_idempotent;", "POST is not sent twice"),
    (FULL, "10", "proxy_set_header Upgrade", "proxy_set_header X-Upgrade", "a WebSocket passes"),
    (FULL, "10", "proxy_set_header X-Gray-Version", "proxy_set_header X-Other", "X-Gray-Version is told"),
    (FULL, "10", "add_header Set-Cookie", "add_header X-Cookie", "gets it and stays"),
    (FULL, ONE_STAYS, "location = /one", "location = /two", "exact /one"),
    (DOORS, "10", "mirror /.nginxgen/mirror;", "", "a copy of a GET"),
    (DOORS, "10", "default none;", "default copy;", "no copy of a POST"),
    (DOORS, "10", "X-Forwarded-Proto $scheme", "X-Forwarded-Proto http", "over TLS"),
    (DOORS, "10", "proxy_ssl_name $host", "proxy_ssl_name other.example.com", "by https"),
    (PLAIN, "10", "weight=2", "weight=3", "exact"),
    (PLAIN, "10", "http_500", "http_502", "no GET of /"),
    (PLAIN, "0", "proxy_next_upstream error", "proxy_next_upstream timeout", "the canary is gone"),
]  # fmt: skip
SHORT = {"header X-Gray-Release = true", "the canary answers 503: GET", "POST is not sent twice", "exact /one", "exact"}


@pytest.mark.parametrize(
    ("service", "weight", "old", "new", "claim"),
    [pytest.param(*row, marks=() if row[4] in SHORT else pytest.mark.full) for row in WRONG],
)
def test_what_is_wrong_is_found(service: Service, weight: str, old: str, new: str, claim: str) -> None:
    told = failed(proofs(service, weight, changed(old, new)))
    assert any(claim in one for one in told), told


def test_after_an_emergency_that_changes_nothing_is_found() -> None:
    def stubborn(services: Sequence[Service], intent: Intent, host: Host) -> Release:
        return render(services, makers.intent(services, "100"), host)

    assert any("after emergency" in one for one in failed(proofs(PLAIN, "100", stubborn)))


def test_a_config_that_nginx_refuses_is_told_in_its_words() -> None:
    with pytest.raises(Refused, match="unknown directive"):
        proofs(PLAIN, "10", changed("keepalive 64;", "keepalife 64;"))


def test_nothing_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Path(tempfile.mkdtemp(prefix="own-"))
    own.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    children = _children()
    proofs(PLAIN, "10")
    with pytest.raises(Refused):
        proofs(PLAIN, "10", changed("keepalive 64;", "keepalife 64;"))
    assert list(own.iterdir()) == []
    own.rmdir()
    assert _children() == children


def _children() -> set[str]:
    found: set[str] = set()
    for path in Path("/proc/self/task").glob("*/children"):
        found |= set(path.read_text().split())
    return found
