"""Services and requests of all kinds, drawn by a seed: for what must agree with real nginx."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import TypeVar

import makers

from nginxgen.explain import Request
from nginxgen.explain.address import client
from nginxgen.model.intent import ServiceIntent
from nginxgen.model.service import (
    Anonymous,
    Fallback,
    Networks,
    Override,
    PathMatch,
    RealIp,
    Route,
    Service,
    Signal,
    Source,
    Sticky,
    Users,
)
from nginxgen.model.weight import Weight

T = TypeVar("T")

WEIGHTS = ("0", "0", "0.01", "1", "10", "33.33", "50", "50", "99.99", "100")
WORDS = ("true", "TRUE", "1", "0", "never", "Ünïted", "ünïted", "a b", "x=y", "$host", '"quoted"', "~t.*", "a,b", "é")
HEADER_NAMES = ("X-Gray-Release", "x-user", "X-Forwarded-For", "User-Agent")
COOKIE_NAMES = ("gray_release", "uid", "sid", "gray-release", "user.id", "A")
QUERY_NAMES = ("uid", "s", "Uid", "id_2")
NETWORKS = (
    "10.0.0.0/8",
    "10.8.0.0/16",
    "10.8.1.0/24",
    "10.8.1.7/32",
    "192.0.2.0/25",
    "fd00::/8",
    "fd00:1::/32",
    "::/0",
)
ADDRESSES = ("10.0.0.1", "10.8.0.1", "10.8.1.7", "192.0.2.200", "192.0.2.5", "fd00::1", "fd00:1::5", "2001:db8::1",
             "::ffff:10.8.1.7")  # fmt: skip
ROUTES = (
    Route("root", "/"), Route("api", "/api"), Route("api-gets", "/api", methods=("GET",)), Route("v", "/v1/"),
    Route("api-writes", "/api", methods=("POST", "PUT", "PATCH")), Route("one", "/api/one", PathMatch.EXACT),
    Route("json", r"\.json$", PathMatch.REGEX), Route("digits", r"^/v\d{1,2}/(?<name>[[:alpha:]]+)\z", PathMatch.REGEX),
    Route("heads", "/h", methods=("HEAD",)), Route("h-gets", "/h", methods=("GET",)), Route("space", "/a b"),
    Route("accent", "/é"), Route("exact-root", "/", PathMatch.EXACT), Route("not", r"^/(?!api).*x$", PathMatch.REGEX),
    Route("root-posts", "/", methods=("POST",)), Route("case", "/API"),
)  # fmt: skip
PIECES = ("api", "api/one", "API", "v1", "v12/abc", "v1/a1", "h", "a%20b", "%C3%A9", "x.json", "%2e%2e", "..",
          ".", "", "%2f", "a%2Fb", "%61pi", "one", "%25", "%3f", "x", ".json", "...", "..x", "+", "a;b", "%0a",
          "%7e")  # fmt: skip
_NO_ADDRESS = "255.255.255.255"  # INADDR_NONE
METHODS = ("GET", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "LOCK", "TRACE")


def service(rng: random.Random, at: int) -> tuple[Service, ServiceIntent]:
    routes = tuple(sorted(rng.sample(ROUTES, rng.randint(1, 8)), key=lambda _: rng.random()))
    fields = {
        "listen": (str(2000 + at),),
        "override": Override(
            _maybe(rng, lambda: _signal(rng, Source.HEADER)),
            _maybe(rng, lambda: _signal(rng, Source.COOKIE)),
            _maybe(rng, lambda: _users(rng)),
            _maybe(rng, lambda: _networks(rng)),
        ),
        "sticky": _maybe(rng, lambda: _sticky(rng), 0.6),
        "fallback": _maybe(rng, lambda: Fallback(("error", "http_500")), 0.3),
        "version_header": rng.random() < 0.3,
        "real_ip": _maybe(rng, lambda: RealIp(("127.0.0.0/8", "10.0.0.0/8", "fd00::/8"), rng.choice(
            ("X-Forwarded-For", "X-Real-IP", "X-Client")
        )), 0.25),
        "routes": routes,
    }  # fmt: skip
    made = makers.service(f"s{at}", **fields)
    weights = {route.name: Weight.parse(rng.choice(WEIGHTS)) for route in routes}
    return made, ServiceIntent("v1", "v2", at % 8 != 5, weights)


def request(rng: random.Random, asked: Service) -> Request:
    """`address` is that of the connection; the address that `real_ip` reads is in a header."""
    headers = [_header(rng, asked) for _ in range(rng.choice((0, 0, 1, 2, 3)))]
    cookies = [_cookies(rng, asked) for _ in range(rng.choice((0, 1, 1, 1, 2)))]
    lines = [*headers, *(("Cookie" if rng.random() < 0.8 else "cookie", line) for line in cookies)]
    rng.shuffle(lines)
    address = rng.choice(ADDRESSES)
    if asked.real_ip is not None:
        lines += [(asked.real_ip.header, _forwarded(rng)) for _ in range(rng.choice((1, 1, 2)))]
        address = "127.0.0.1"
    return Request(rng.choice(METHODS), _path(rng), _query(rng, asked), tuple(lines), (), address)


def unix_peer(sent: Request, asked: Service) -> Request:
    """The same for a client on a unix socket, which `real_ip` was told to trust."""
    return replace(sent, address="") if asked.real_ip is not None else sent


def as_known(sent: Request, asked: Service) -> Request:
    """What may be said of the client beforehand: where the header of `real_ip` can't be read, the socket stays."""
    unread = asked.real_ip is not None and client(sent, asked.real_ip) == ip_address(sent.address)
    return unix_peer(sent, asked) if unread else sent


def _maybe(rng: random.Random, make: Callable[[], T], chance: float = 0.55) -> T | None:
    return make() if rng.random() < chance else None


def _halves(rng: random.Random, words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words for either side; those that differ only in ASCII case stay on one."""
    sides: dict[bytes, bool] = {}
    found: tuple[list[str], list[str]] = ([], [])
    for word in words:
        found[sides.setdefault(word.encode().lower(), rng.random() < 0.5)].append(word)
    return tuple(found[0]), tuple(found[1])


def _signal(rng: random.Random, source: Source) -> Signal:
    names = HEADER_NAMES[:1] if source is Source.HEADER else COOKIE_NAMES
    canary, stable = _halves(rng, rng.sample(WORDS, rng.randint(2, 8)))
    return Signal(source, rng.choice(names), canary, stable)


def _source(rng: random.Random) -> tuple[Source, str]:
    source = rng.choice((Source.COOKIE, Source.COOKIE, Source.HEADER, Source.QUERY))
    names = {Source.COOKIE: COOKIE_NAMES, Source.HEADER: HEADER_NAMES, Source.QUERY: QUERY_NAMES}[source]
    return source, rng.choice(names)


def _users(rng: random.Random) -> Users:
    more = [f"u{number}" for number in range(rng.choice((0, 40)))]
    return Users(*_source(rng), *_halves(rng, [*rng.sample(WORDS, 4), *more, "u" * 60]))


def _networks(rng: random.Random) -> Networks:
    return Networks(*_halves(rng, rng.sample(NETWORKS, rng.randint(1, 5))))


def _sticky(rng: random.Random) -> Sticky:
    if rng.random() < 0.2:
        return Sticky(Source.ADDRESS, control=rng.random() < 0.5)
    source, name = _source(rng)
    kinds = (Anonymous.STABLE, Anonymous.ADDRESS, *([Anonymous.ISSUE] if source is Source.COOKIE else []))
    return Sticky(source, name, rng.choice(kinds), control=rng.random() < 0.5)


def _value(rng: random.Random) -> str:
    plain = (*WORDS, "u7", "U7", "u" * 60, "", " ", "true ", "truee", "tru", f"k{rng.randint(0, 10_000)}")
    return rng.choice(plain)


def _names(asked: Service, source: Source) -> list[str]:
    read = (asked.override.header, asked.override.cookie, asked.override.users, asked.sticky)
    return [rule.name for rule in read if rule is not None and rule.source is source]


def _cased(rng: random.Random, name: str) -> str:
    return rng.choice((name, name, name, name.upper(), name.swapcase()))


def _header(rng: random.Random, asked: Service) -> tuple[str, str]:
    name = _cased(rng, rng.choice(_names(asked, Source.HEADER) or HEADER_NAMES))
    name = name.replace("-", "_") if rng.random() < 0.1 else name
    return name, rng.choice(("", "", " ")) + _value(rng)


def _cookies(rng: random.Random, asked: Service) -> str:
    known = [*_names(asked, Source.COOKIE), *COOKIE_NAMES]
    parts = []
    for _ in range(rng.randint(1, 4)):
        name = _cased(rng, rng.choice(known[: max(2, len(known) - 3)]))
        name = rng.choice((name, name, name, name, f"x{name}", f"{name}x", f" {name}", f"{name} "))
        parts.append(rng.choice((f"{name}={_value(rng)}",) * 5 + (name, f"{name}= {_value(rng)}", f"={name}", "")))
    return rng.choice(("; ", "; ", "; ", ";", ",", " ; ", ", ")).join(parts)


def _query(rng: random.Random, asked: Service) -> str:
    known = [*_names(asked, Source.QUERY), *QUERY_NAMES]
    parts = []
    for _ in range(rng.choice((0, 1, 2, 3))):
        name = _cased(rng, rng.choice(known))
        value = _value(rng).replace(" ", rng.choice(("+", "%20")))
        parts.append(rng.choice((f"{name}={value}",) * 4 + (name, f"x{name}={value}", f"{name}x={value}", "")))
    return rng.choice(("&", "&", "&", ";")).join(parts) + rng.choice(("", "", "", "#x&uid=true", "?s=1"))


def _path(rng: random.Random) -> str:
    if rng.random() < 0.2:
        return rng.choice(
            ("/", "/api", "/api/one", "/h", "/v12/abc", "/x.json", "/v1", "/%zz", "/%00", "/%", "/x#/api")
        )
    return "/" + "/".join(rng.choice(PIECES) for _ in range(rng.randint(1, 4)))


def _forwarded(rng: random.Random) -> str:
    """Ends in an address: what a unix socket has is none that the model knows."""
    one = (*ADDRESSES, "10.0.0.1:80", "[fd00::1]:443", "127.0.0.1", "nonsense", "", "unknown", "300.1.1.1", _NO_ADDRESS)
    return rng.choice((", ", ",", " ")).join(
        [*(rng.choice(one) for _ in range(rng.randint(0, 3))), rng.choice(ADDRESSES)]
    )
