"""Names: of services, versions, routes and hosts, of cookies, headers and query arguments."""

from __future__ import annotations

import re
from collections.abc import Callable

from nginxgen.inventory.findings import quoted
from nginxgen.inventory.words.bad import BadValue


def _named(what: str, form: str, expected: str) -> Callable[[str], str]:
    pattern = re.compile(form)

    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise BadValue(f"{quoted(text)} can't be the name of {what}", expected)
        return text

    return check


# They become names of nginx's variables, upstreams and files: no dots, and nothing that differs in case only.
_PLAIN = r"[a-z0-9][a-z0-9_-]{0,62}"
_PLAIN_WORDS = "lower-case letters, digits, - and _, starting with a letter or digit, at most 63"
service = _named("a service", _PLAIN, _PLAIN_WORDS)
route = _named("a route", _PLAIN, _PLAIN_WORDS)
version = _named(
    "a version",
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
    "letters, digits, '.', - and _, starting with a letter or digit, at most 63",
)
host = _named(
    "a host",
    r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
    "letters, digits, '.', - and _, starting with a letter or digit, at most 63",
)
check = _named(
    "a check",
    r"[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,61}[A-Za-z0-9])?",
    "letters, digits, blanks, '.', - and _, at most 63",
)
container = _named(
    "a container",
    r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}",
    "letters, digits, _, '.' and -, starting with a letter or digit, at most 128",
)
program = _named(
    "a program",
    r"(/[A-Za-z0-9_.+-]+)+|[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}",
    "a name like podman, or an absolute path without spaces",
)
cookie = _named("a cookie", r"[A-Za-z0-9_.-]{1,64}", "letters, digits, _, - and '.', at most 64")
# nginx drops headers with _ by default, and reads no others by variable.
header = _named("a header", r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", "letters, digits and -, at most 64, like X-Gray-Release")
query = _named("a query argument", r"[A-Za-z0-9_]{1,64}", "letters, digits and _, at most 64")
user = _named(
    "a user to log in as",
    r"[A-Za-z0-9_][A-Za-z0-9_.@+\\-]{0,63}\$?",
    "letters, digits, and any of _ . @ + \\ - inside, at most 64",
)
