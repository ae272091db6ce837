"""What somebody who knows nginx would write by hand for each form of routing: the same features, and as little else.

One map a rule, one after the other, and `proxy_pass http://$pool`, which is the cheapest way to choose where a host has
few upstreams (nginx searches all of them at each request: with 3,000 services nobody would write this). Clients without
a sticky cookie are kept out of the split, the canary falls back to stable for 5xx, timeouts and refusals, and the line
of the log names the rule that decided, as ours does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nginx_lab import ADDRESS

from nginxgen.model.service import Anonymous, Service

_WORDS = (("true", "canary"), ("always", "canary"), ("1", "canary"), ("false", "stable"), ("never", "stable"),
          ("0", "stable"))  # fmt: skip
HEADERS = """\
proxy_http_version 1.1;
proxy_set_header Connection $connection_upgrade;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Host $host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
"""
UPGRADE = "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }"


@dataclass(frozen=True, slots=True)
class Rule:
    """One map by hand: what is looked at, and the rows."""

    name: str
    source: str
    rows: tuple[tuple[str, str], ...]


def peer(service: Service, ports: Sequence[int]) -> str:
    """The http block of one service by hand, with the features of `service`, split at 10 %."""
    rules = tuple(_rules(service))
    return "\n".join((UPGRADE, *_upstreams(service, ports), *_split(service), *_chain(service, rules),
                      *_log(rules), *_told(service, ports), *_server(service, ports, rules)))  # fmt: skip


def _upstreams(service: Service, ports: Sequence[int]) -> Iterator[str]:
    stable, canary = (f"server {ADDRESS}:{port}" for port in ports[1:])
    behind = f"{stable} backup;" if service.fallback else ""
    yield f"upstream stable {{ zone stable 64k; {stable}; keepalive 64; }}"
    if service.canary:
        yield f"upstream canary {{ zone canary 64k; {canary}; {behind} keepalive 64; }}"
    if service.canary and not service.sticky:
        yield f"upstream split {{ zone split 64k; {stable} weight=9; {canary}; keepalive 64; }}"


def _split(service: Service) -> Iterator[str]:
    """The variable $weighted: where the weight alone sends a request."""
    if service.sticky is None:
        return
    issue = service.sticky.anonymous is Anonymous.ISSUE
    if issue:
        yield "map $cookie_sid $client { default $cookie_sid; '' $request_id; }"
        yield "map $https $secure { default ''; on '; Secure'; }"
        kept = "Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"
        yield f"map $cookie_sid $issued {{ default ''; '' 'sid=$request_id; {kept}$secure'; }}"
    drawn, key = ("weighted", "$client") if issue else ("drawn", "$cookie_sid")
    yield f"split_clients 'shop:v2:{key}' ${drawn} {{ 10% canary; * stable; }}"
    if not issue:
        yield "map $cookie_sid $weighted { default $drawn; '' stable; }"


def _rules(service: Service) -> Iterator[Rule]:
    override = service.override
    if override.header:
        yield Rule("header", "http_x_gray_release", _WORDS)
    if override.cookie:
        yield Rule("cookie", "cookie_gray_release", _WORDS)
    if override.users:
        yield Rule("users", "cookie_uid", tuple((user, "canary") for user in override.users.canary))
    if override.networks:
        yield Rule("networks", "network", (("canary", "canary"), ("stable", "stable")))


def _chain(service: Service, rules: Sequence[Rule]) -> Iterator[str]:
    """The variable $pool."""
    if service.override.networks:
        yield f"geo $network {{ default ''; {' '.join(f'{one} canary;' for one in service.override.networks.canary)} }}"
    end = "split" if service.sticky is None else "$weighted"
    results = ["pool", *(f"after_{rule.name}" for rule in rules[:-1])]
    following = [*(f"${result}" for result in results[1:]), end]
    for rule, result, otherwise in zip(rules, results, following, strict=False):
        yield _map(rule, result, otherwise, rule.rows)


def _log(rules: Sequence[Rule]) -> Iterator[str]:
    """The variable $rule, in the log only."""
    results = ["rule", *(f"rule_after_{rule.name}" for rule in rules[:-1])]
    following = [*(f"${result}" for result in results[1:]), "weight"]
    for rule, result, otherwise in zip(rules, results, following, strict=False):
        yield _map(rule, result, otherwise, tuple((word, rule.name) for word, _ in rule.rows))
    decided = "$rule" if rules else "weight"
    line = "$msec|shop|default|$decided|$version|$status|$upstream_addr|$upstream_status|$request_time"
    line = line.replace("$decided", decided).replace("$version", "$asked" if rules else "-")
    yield f"log_format by_hand escape=none '{line}\\t$bytes_sent\\t$upstream_response_time;';"
    yield "access_log by_hand.log by_hand buffer=64k flush=1s;"
    if rules:
        yield "map $pool $asked { default -; stable v1; canary v2; }"


def _map(rule: Rule, result: str, otherwise: str, rows: Sequence[tuple[str, str]]) -> str:
    inside = " ".join(f"{word} {value};" for word, value in rows)
    return f"map ${rule.source} ${result} {{ default {otherwise}; {inside} }}"


def _told(service: Service, ports: Sequence[int]) -> Iterator[str]:
    """The variable $served: the version that answered, after a fallback, too."""
    if service.version_header:
        yield f"map $upstream_addr $served {{ default ''; ~:{ports[1]}$ v1; ~:{ports[2]}$ v2; }}"


def _server(service: Service, ports: Sequence[int], rules: Sequence[Rule]) -> Iterator[str]:
    yield f"server {{ listen {ADDRESS}:{ports[0]}; server_name s0.example.com; location / {{ {HEADERS}"
    if service.fallback:
        yield f"proxy_next_upstream {' '.join(service.fallback.on)}; proxy_connect_timeout 3s; proxy_read_timeout 3s;"
        yield "proxy_next_upstream_tries 2; proxy_next_upstream_timeout 9s;"
    if service.version_header:
        yield "proxy_set_header X-Gray-Version $asked; proxy_hide_header X-Gray-Version;"
        yield "add_header X-Gray-Version $served always; add_header Set-Cookie $issued always;"
    weighted = "stable" if service.canary is None else "split" if service.sticky is None else "$weighted"
    yield f"proxy_pass http://{'$pool' if rules else weighted}; }} }}"
