"""Where in a request a value is read: the variable of nginx, and the map that makes it where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from nginxgen.model.service import Source
from nginxgen.render import names
from nginxgen.render.maps import Map, Row
from nginxgen.render.quote import Regex, Var, pcre

ADDRESS = Var("remote_addr")


@dataclass(frozen=True, slots=True)
class Read:
    """The variable that holds a value of the request, and the maps that make it."""

    variable: Var
    maps: tuple[Map, ...] = ()


def source(kind: Source, name: str) -> Read:
    """Raises InputError."""
    match kind:
        case Source.HEADER:
            return Read(names.header(name))
        case Source.QUERY:
            return Read(names.query(name))
        case Source.ADDRESS:
            return Read(ADDRESS)
        case Source.COOKIE:
            return _cookie(name)
        case _:
            assert_never(kind)


def skipping(name: str) -> str:
    """The start of a pattern on the whole Cookie header, up to the value of the first cookie of this name.

    Skips the cookies before it atomically, so that a later one of the same name is never looked at: `$cookie_x` takes
    the first, too.
    """
    named = pcre(name)
    return f"^(?>(?:(?![ ]*{named}[ ]*=)[^;]*;)*)[ ]*{named}[ ]*=[ ]*"


def _cookie(name: str) -> Read:
    """A named capture: numbers would overwrite those of a location. PCRE takes names of 32 characters."""
    variable = names.cookie(name)
    if variable is not None:
        return Read(variable)
    result, found = names.variable("cookie", name), names.variable("found", name)
    pattern = Regex(f"{skipping(name)}(?<{found.name}>[^;]*)")
    return Read(result, (Map(Var("http_cookie"), result, "", (Row(pattern, found),)),))
