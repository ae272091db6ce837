"""Who decides, as a table: a config, a request, the version that must answer, and why.

Each config is a service of one nginx, so that the whole table takes one start. `W` is the weight of a config.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from buckets import in_canary, keys
from routing_lab import Ask

from nginxgen.model.draw import salt
from nginxgen.model.service import (
    Anonymous,
    Networks,
    Override,
    PathMatch,
    RealIp,
    Route,
    Signal,
    Source,
    Sticky,
    Users,
)

_H = Signal(Source.HEADER, "X-Gray-Release")
_C = Signal(Source.COOKIE, "gray_release")
_U = Users(Source.COOKIE, "user_id", ("alice", "Bob"), ("carol",))
_N = Networks(("127.0.0.2/32", "127.8.0.0/16"), ("127.0.0.3/32", "127.8.1.0/24"))
_ALL = Override(_H, _C, _U, _N)
_BEHIND = RealIp(("127.0.0.1/32", "127.0.0.9/32"))
_API = (
    Route("reads", "/api", methods=("GET",)),
    Route("writes", "/api", methods=("POST", "PUT", "DELETE")),
    Route("rest", "/rest"),
    Route("posts", "/rest", methods=("POST",)),
    Route("exact", "/api/one", PathMatch.EXACT),
    Route("files", r"\.json$", PathMatch.REGEX),
    Route("heads", "/heads", methods=("HEAD",)),
    Route("gets", "/heads", methods=("GET",)),
    Route("default", "/"),
)


@dataclass(frozen=True)
class Config:
    weight: str | Mapping[str, str] = "0"
    on: bool = True
    fields: Mapping[str, Any] = field(default_factory=dict)


def _config(weight: str | Mapping[str, str] = "0", on: bool = True, **fields: Any) -> Config:
    return Config(weight, on, fields)


_BY_SID = Sticky(Source.COOKIE, "sid")
_IN, _OUT = keys(salt("half", "v2"), 5_000, True)[0], keys(salt("half", "v2"), 5_000, False)[0]
CONFIGS: Mapping[str, Config] = {
    "zero": _config("0", override=_ALL),
    "full": _config("100", override=_ALL),
    "off": _config("100", on=False, override=_ALL, sticky=_BY_SID),
    "words": _config("0", override=Override(Signal(Source.HEADER, "X-G", ("blue",), ("green",)))),
    "one-sided": _config("100", override=Override(cookie=Signal(Source.COOKIE, "beta", ("yes",), ()))),
    "signs": _config("0", override=Override(None, Signal(Source.COOKIE, "gray-release.x"), None, None)),
    "by-header": _config("0", override=Override(users=Users(Source.HEADER, "X-User", ("7",), ()))),
    "by-query": _config("0", override=Override(users=Users(Source.QUERY, "uid", ("7", "a b"), ()))),
    "by-signs": _config("0", override=Override(users=Users(Source.COOKIE, "user-id", ("7", "x=y"), ("8",)))),
    "many": _config("0", override=Override(users=Users(Source.COOKIE, "u", tuple(f"u{n}" for n in range(5_000)), ()))),
    "behind": _config("0", real_ip=_BEHIND, override=Override(networks=Networks(("10.8.0.0/16", "fd00::/8"), ()))),
    "half": _config("50", sticky=_BY_SID, override=_ALL),
    "half-signs": _config("50", sticky=Sticky(Source.COOKIE, "s-id")),
    "half-header": _config("50", sticky=Sticky(Source.HEADER, "X-Session")),
    "half-query": _config("50", sticky=Sticky(Source.QUERY, "s")),
    "half-address": _config("50", sticky=Sticky(Source.ADDRESS)),
    "half-or-address": _config("50", sticky=Sticky(Source.COOKIE, "sid", Anonymous.ADDRESS)),
    "full-sticky": _config("100", sticky=_BY_SID),
    "hair": _config("0.01", sticky=_BY_SID),
    "nearly": _config("99.99", sticky=_BY_SID),
    "methods": _config(
        {"reads": "100", "writes": "0", "rest": "100", "posts": "0", "exact": "100", "files": "100", "heads": "100"},
        routes=_API,
    ),
    "methods-over": _config({"reads": "0", "writes": "100", "default": "0"}, routes=_API[:2], override=_ALL),
}


def _h(value: str) -> Ask:
    return Ask(headers=(("X-Gray-Release", value),))


def _key(service: str, hundredths: int, inside: bool) -> str:
    return keys(salt(service, "v2"), hundredths, inside)[0]


_ADDRESSES = [f"127.0.0.{n}" for n in range(1, 100)]


def _address(service: str, inside: bool) -> str:
    return next(one for one in _ADDRESSES if in_canary(salt(service, "v2"), one, 5_000) is inside)


CASES: tuple[tuple[str, Ask, str, str], ...] = (
    # config, request, version, why
    ("zero", Ask(), "v1", "weight 0"),
    ("full", Ask(), "v2", "weight 100"),
    ("off", Ask(), "v1", "the canary is off"),
    ("off", _h("true"), "v1", "off beats the header"),
    ("off", Ask(cookie="gray_release=true"), "v1", "off beats the cookie"),
    ("off", Ask(cookie="user_id=alice"), "v1", "off beats users"),
    ("off", Ask(source="127.0.0.2"), "v1", "off beats networks"),
    ("zero", _h("true"), "v2", "header"),
    ("zero", _h("ALWAYS"), "v2", "words compare without case"),
    ("zero", Ask(headers=(("x-gray-release", "1"),)), "v2", "names of headers too"),
    ("full", _h("never"), "v1", "stable is as strong as canary"),
    ("full", _h("0"), "v1", "0 is stable"),
    ("zero", _h("maybe"), "v1", "no word: the weight"),
    ("zero", _h(""), "v1", "an empty header is no word"),
    ("zero", _h("true "), "v2", "HTTP drops the space around a value"),
    ("zero", _h("true, false"), "v1", "a list is no word"),
    ("zero", Ask(headers=(("X_Gray_Release", "true"),)), "v1", "nginx drops headers with _"),
    ("zero", Ask(headers=(("X-Gray-Release", "true"),), cookie="gray_release=false"), "v2", "header before cookie"),
    ("full", Ask(headers=(("X-Gray-Release", "never"),), cookie="gray_release=true"), "v1", "header before cookie"),
    ("zero", Ask(headers=(("X-Gray-Release", "?"),), cookie="gray_release=true"), "v2", "no opinion: the cookie"),
    ("zero", Ask(cookie="gray_release=true"), "v2", "cookie"),
    ("zero", Ask(cookie="a=b; gray_release=true; c=d"), "v2", "among others"),
    ("zero", Ask(cookie="GRAY_RELEASE=true"), "v2", "nginx ignores the case of its name"),
    ("zero", Ask(cookie='gray_release="true"'), "v1", "quotes are part of the value"),
    ("zero", Ask(cookie="gray_release=true; gray_release=false"), "v2", "the first of a name"),
    ("full", Ask(cookie="gray_release=false; gray_release=true"), "v1", "the first of a name"),
    ("zero", Ask(cookie="gray_release=x; gray_release=true"), "v1", "the first, though it is no word"),
    ("zero", Ask(cookie="xgray_release=true"), "v1", "another name"),
    ("zero", Ask(cookie="gray_release=%74rue"), "v1", "values are not decoded"),
    ("zero", Ask(headers=(("Cookie", "gray_release=true"), ("Cookie", "gray_release=0"))), "v2", "the first header"),
    ("zero", Ask(cookie="user_id=alice"), "v2", "users"),
    ("zero", Ask(cookie="user_id=BOB"), "v2", "ids compare without case"),
    ("full", Ask(cookie="user_id=carol"), "v1", "a user kept on stable"),
    ("zero", Ask(cookie="user_id=alice; gray_release=false"), "v1", "cookie before users"),
    ("full", Ask(cookie="user_id=carol", headers=(("X-Gray-Release", "1"),)), "v2", "header before users"),
    ("zero", Ask(cookie="user_id=alicex"), "v1", "an id is the whole value"),
    ("zero", Ask(source="127.0.0.2"), "v2", "networks"),
    ("full", Ask(source="127.0.0.3"), "v1", "a network kept on stable"),
    ("zero", Ask(source="127.8.2.1"), "v2", "a network of many"),
    ("full", Ask(source="127.8.1.9"), "v1", "the narrower network counts"),
    ("zero", Ask(source="127.0.0.3", cookie="user_id=alice"), "v2", "users before networks"),
    ("full", Ask(source="127.0.0.2", cookie="gray_release=0"), "v1", "cookie before networks"),
    ("words", Ask(headers=(("X-G", "blue"),)), "v2", "words of one's own"),
    ("words", Ask(headers=(("X-G", "true"),)), "v1", "which replace the default ones"),
    ("one-sided", Ask(cookie="beta=no"), "v2", "no word for stable: the weight"),
    ("signs", Ask(cookie="gray-release.x=true"), "v2", "a name that nginx has no variable for"),
    ("signs", Ask(cookie="gray=true"), "v1", "and not the variable it would mean"),
    ("signs", Ask(cookie="gray-releasexx=true"), "v1", "the dot is a dot"),
    ("signs", Ask(cookie="a=1; Gray-Release.X=TRUE ;b=2"), "v1", "a space behind a value is part of it"),
    ("signs", Ask(cookie="gray-release.x=no; gray-release.x=true"), "v1", "the first of a name"),
    ("by-header", Ask(headers=(("X-User", "7"),)), "v2", "users by header"),
    ("by-header", Ask(headers=(("X-User", "77"),)), "v1", "another id"),
    ("by-query", Ask("/?uid=7"), "v2", "users by query"),
    ("by-query", Ask("/?a=1&UID=7&uid=8"), "v2", "the first, its name without case"),
    ("by-query", Ask("/?uid=8&uid=7"), "v1", "the first"),
    ("by-query", Ask("/?uid=%37"), "v1", "not decoded"),
    ("by-query", Ask("/?xuid=7"), "v1", "another name"),
    ("by-signs", Ask(cookie="a=b; user-id=7"), "v2", "users by a cookie with a sign in its name"),
    ("by-signs", Ask(cookie="user-id=x=y"), "v2", "a value with ="),
    ("by-signs", Ask(cookie="user=7"), "v1", "another cookie"),
    ("many", Ask(cookie="u=u4999"), "v2", "the last of thousands"),
    ("many", Ask(cookie="u=u5000"), "v1", "none of thousands"),
    ("behind", Ask(headers=(("X-Forwarded-For", "10.8.3.4"),)), "v2", "the client behind a proxy"),
    ("behind", Ask(headers=(("X-Forwarded-For", "fd12::1"),)), "v2", "and by IPv6"),
    ("behind", Ask(headers=(("X-Forwarded-For", "192.0.2.1"),)), "v1", "another client"),
    ("behind", Ask(headers=(("X-Forwarded-For", "10.8.3.4, 127.0.0.9"),)), "v2", "behind two proxies"),
    ("behind", Ask(headers=(("X-Forwarded-For", "10.8.3.4, 192.0.2.1"),)), "v1", "only the last address is believed"),
    ("behind", Ask(headers=(("X-Forwarded-For", "10.8.3.4"),), source="127.0.0.2"), "v1", "from no proxy of ours"),
    ("half", Ask(cookie=f"sid={_IN}"), "v2", "a client of the canary's bucket"),
    ("half", Ask(cookie=f"sid={_OUT}"), "v1", "a client of the other bucket"),
    ("half", Ask(cookie=f"a=1; sid={_IN}; sid={_OUT}"), "v2", "the first of a name"),
    ("half", Ask(), "v1", "anonymous: stable"),
    ("half", Ask(cookie="sid="), "v1", "an empty key is anonymous"),
    ("half", Ask(cookie=f"sid={_IN}", headers=(("X-Gray-Release", "0"),)), "v1", "header beats stickiness"),
    ("half", Ask(cookie=f"sid={_OUT}; gray_release=1"), "v2", "cookie beats stickiness"),
    ("half", Ask(cookie=f"sid={_OUT}; user_id=alice"), "v2", "users beat stickiness"),
    ("half", Ask(cookie=f"sid={_IN}", source="127.0.0.3"), "v1", "networks beat stickiness"),
    ("half-signs", Ask(cookie=f"a=1; s-id={_key('half-signs', 5_000, True)}"), "v2", "a key by a cookie with a sign"),
    ("half-signs", Ask(cookie=f"s-id={_key('half-signs', 5_000, False)}"), "v1", "a key by a cookie with a sign"),
    ("half-signs", Ask(cookie="s=1"), "v1", "anonymous"),
    ("half-header", Ask(headers=(("X-Session", _key("half-header", 5_000, True)),)), "v2", "a key by header"),
    ("half-header", Ask(headers=(("X-Session", _key("half-header", 5_000, False)),)), "v1", "a key by header"),
    ("half-query", Ask(f"/?s={_key('half-query', 5_000, True)}"), "v2", "a key by query"),
    ("half-query", Ask(f"/?s={_key('half-query', 5_000, False)}"), "v1", "a key by query"),
    ("half-address", Ask(source=_address("half-address", True)), "v2", "a key by address"),
    ("half-address", Ask(source=_address("half-address", False)), "v1", "a key by address"),
    ("half-or-address", Ask(source=_address("half-or-address", True)), "v2", "anonymous: address"),
    ("half-or-address", Ask(source=_address("half-or-address", False)), "v1", "anonymous: address"),
    (
        "half-or-address",
        Ask(source=_address("half-or-address", True), cookie=f"sid={_key('half-or-address', 5_000, False)}"),
        "v1",
        "a key beats the address",
    ),
    ("full-sticky", Ask(), "v2", "weight 100 is everybody, anonymous clients too"),
    ("hair", Ask(cookie=f"sid={_key('hair', 1, True)}"), "v2", "0.01 %"),
    ("hair", Ask(cookie="sid=k0"), "v1", "0.01 %"),
    ("nearly", Ask(cookie=f"sid={_key('nearly', 9_999, False)}"), "v1", "99.99 %"),
    ("nearly", Ask(cookie="sid=k0"), "v2", "99.99 %"),
    ("methods", Ask("/api/x"), "v2", "reads"),
    ("methods", Ask("/api", "HEAD"), "v2", "HEAD goes with GET"),
    ("methods", Ask("/api", "POST", body=b""), "v1", "writes"),
    ("methods", Ask("/api", "PATCH", body=b""), "v1", "a method that no route of the path lists: stable"),
    ("methods", Ask("/rest", "GET"), "v2", "the route without methods takes the rest"),
    ("methods", Ask("/rest", "DELETE"), "v2", "the route without methods takes the rest"),
    ("methods", Ask("/rest", "POST", body=b""), "v1", "a listed method"),
    ("methods", Ask("/api/one", "POST", body=b""), "v2", "an exact path beats a prefix"),
    ("methods", Ask("/api/a.json", "POST", body=b""), "v2", "a regex beats a prefix"),
    ("methods", Ask("/heads", "HEAD"), "v2", "HEAD on its own"),
    ("methods", Ask("/heads", "GET"), "v1", "GET without HEAD"),
    ("methods", Ask("/x/%2e%2e/api"), "v2", "the path as nginx normalises it"),
    ("methods", Ask("//api"), "v2", "the path as nginx normalises it"),
    ("methods-over", Ask("/api", "GET"), "v1", "reads"),
    ("methods-over", Ask("/api", "POST", body=b""), "v2", "writes"),
    ("methods-over", Ask("/api", "GET", (("X-Gray-Release", "1"),)), "v2", "the header beats both weights"),
    ("methods-over", Ask("/api", "POST", (("X-Gray-Release", "0"),), body=b""), "v1", "the header beats both weights"),
    ("methods-over", Ask("/api", "PATCH", (("X-Gray-Release", "1"),), body=b""), "v2", "an unlisted method, too"),
)
