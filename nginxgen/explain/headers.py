"""Headers, cookies and query arguments as nginx's variables have them. Bytes, since nginx compares and hashes bytes."""

from __future__ import annotations

import re

from nginxgen.explain.dialect import Dialect
from nginxgen.explain.request import Request

# Any other name is dropped on arrival (ignore_invalid_headers, underscores_in_headers: their defaults).
_KEPT = re.compile(rb"[A-Za-z0-9-]+")
_PLAIN_COOKIE = re.compile(r"[A-Za-z0-9_]+", re.ASCII)
_ALWAYS_JOINED = {b"cookie": b"; ", b"x-forwarded-for": b", "}


def to_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def header_lines(request: Request, name: str) -> tuple[bytes, ...]:
    """The values of every header of this name, in their order."""
    wanted = to_bytes(name).lower()
    lines = ((to_bytes(key), to_bytes(value)) for key, value in request.lines)
    return tuple(value.strip(b" ") for key, value in lines if key.lower() == wanted and _KEPT.fullmatch(key))


def header(request: Request, name: str, dialect: Dialect) -> bytes:
    """`$http_NAME`; empty where there is none."""
    values = header_lines(request, name)
    between = _ALWAYS_JOINED.get(to_bytes(name).lower(), b", " if dialect.joins_headers else None)
    if not values:
        return b""
    return values[0] if between is None else between.join(values)


def query(args: bytes, name: str) -> bytes:
    """`$arg_NAME` (ngx_http_arg): the first that has a value, as it stands, whatever the case of its name."""
    wanted = to_bytes(name).lower()
    pairs = (part.partition(b"=") for part in args.split(b"&"))
    return next((value for key, sign, value in pairs if sign and key.lower() == wanted), b"")


def cookie(request: Request, name: str, dialect: Dialect) -> bytes:
    """The value of a cookie, as the config that we render reads it; empty where there is none."""
    if not _PLAIN_COOKIE.fullmatch(name):
        return _cookie_by_pattern(header(request, "Cookie", dialect), name)
    found = (_cookie_in(line, to_bytes(name).lower(), dialect) for line in header_lines(request, "Cookie"))
    return next((value for value in found if value is not None), b"")


def _cookie_in(line: bytes, name: bytes, dialect: Dialect) -> bytes | None:
    """`$cookie_NAME` in one header (ngx_http_parse_multi_header_lines), which also looks behind a comma.

    `a; a=1` has no `a`: the sign behind a name without a value is skipped over, and the next cookie with it.
    """
    at = 0
    while at < len(line):
        if line[at : at + len(name)].lower() == name:
            at = _past(line, at + len(name))
            if line[at : at + 1] == b"=":
                return line[_past(line, at + 1) :].partition(b";")[0]
            at += 1
        at = _behind_next(line, at, b";," if dialect.splits_at_commas else b";")
    return None


def _past(line: bytes, at: int) -> int:
    """Behind spaces."""
    while line[at : at + 1] == b" ":
        at += 1
    return at


def _behind_next(line: bytes, at: int, signs: bytes) -> int:
    """Where the next cookie begins."""
    while at < len(line) and line[at] not in signs:
        at += 1
    return _past(line, at + 1)


def _cookie_by_pattern(line: bytes, name: str) -> bytes:
    """The first of this name in the whole header, for a name that no variable of nginx can have."""
    wanted = to_bytes(name).lower()
    for part in line.split(b";"):
        key, sign, value = part.partition(b"=")
        if sign and key.strip(b" ").lower() == wanted:
            return value.lstrip(b" ")
    return b""
