"""What of server_extra can't be had in a private place, and so is taken out of it and told. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nginxgen.check.lexer import End, Statement, statements

_ACCESS = re.compile(r"allow|deny|satisfy|auth_\w+")  # a stranger's requests would prove nothing else any more
_OF_THE_HOST = re.compile(r"include|js_\w+|limit_req|limit_conn|proxy_cache")  # check.private's `blanked` takes these
_SHUT = frozenset({"401", "403", "444"})
# Of certificates that are not here. nginx refuses to verify without them.
_VERIFIED = re.compile(r"\w*ssl_verify\w*|ssl_ocsp\w*|ssl_stapling\w*")


def left_out(text: str) -> tuple[str, ...]:
    """The directives that are not in the private place and change who is served, as they stand there, shortened."""
    return tuple(dict.fromkeys(" ".join(one.words)[:60] for one in statements(text) if _is_left_out(one)))


def without(text: str) -> str:
    """The same text with these blank; every line stays where it was."""
    parts: list[str] = []
    done = 0
    for one in _found(text):
        parts += (text[done : one.start], re.sub(r"[^\n]", " ", text[one.start : one.stop]))
        done = one.stop
    return "".join((*parts, text[done:]))


def _found(text: str) -> Iterator[Statement]:
    return (one for one in statements(text) if one.end is End.DIRECTIVE and _goes(one.words))


def _is_left_out(one: Statement) -> bool:
    return one.end is End.DIRECTIVE and (_goes(one.words) or bool(_OF_THE_HOST.fullmatch(one.words[0])))


def _goes(words: tuple[str, ...]) -> bool:
    shuts = words[0] == "return" and words[1:2] != () and words[1] in _SHUT
    return shuts or bool(_ACCESS.fullmatch(words[0]) or _VERIFIED.fullmatch(words[0]))
