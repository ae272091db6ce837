"""Names in the config. An upstream begins with its service, so that services never meet; nginx's limits are kept."""

from __future__ import annotations

import re
from hashlib import sha256

from nginxgen.errors import InputError
from nginxgen.render.quote import Var

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_ADDRESS = re.compile(r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?|unix:/[^\s;{}\"'$\\]+", re.ASCII)
_LOG_DIR = re.compile(r"/[^\x00-\x1f\x7f$]*")
_SERVER_NAME = re.compile(r"(?:\*\.)?[\w-]+(?:\.[\w-]+)*(?:\.\*)?\.?|_", re.ASCII)
_QUERY = re.compile(r"[A-Za-z0-9_]{1,64}")
_METHOD = re.compile(r"[A-Z][A-Z_-]{0,30}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,256}")
_COOKIE = re.compile(r"[A-Za-z0-9_]+")
_COOKIE_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")  # RFC 6265, 4.1.1: a token
_SOCKET_BYTES = 107  # sun_path of sockaddr_un, less its final NUL
_PATH_BYTES = 255  # nginx keeps the length of a location in one byte, and a longer one breaks its neighbours


def safe(name: str, what: str) -> str:
    """The name of a service or a route, which also names files, upstreams and variables. Raises InputError.

    Lower case, because nginx compares the names of upstreams and variables without case.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"{what} {name[:80]!r}: only a-z, 0-9, - and _ can stand in a name, and 63 of them")
    return name


def address(text: str) -> str:
    """host:port, [IPv6]:port or unix:/path. Raises InputError."""
    if not _ADDRESS.fullmatch(text):
        raise InputError(f"server {text[:80]!r} is not an address", hint="host:port, [IPv6]:port or unix:/path")
    if text.startswith("unix:") and len(text.encode()) > len("unix:") + _SOCKET_BYTES:
        raise InputError(f"the socket {text[:80]!r}... has a path of more than {_SOCKET_BYTES} bytes")
    return text


def log_dir(path: str) -> str:
    """An absolute path without `$`: a log whose name has a variable is not held open. Raises InputError."""
    if not _LOG_DIR.fullmatch(path):
        raise InputError(f"log_dir {path[:80]!r} must be an absolute path without $")
    return path


def server_name(name: str) -> str:
    """Neither a regex (`~...`) nor `$hostname`: only a name, or one with a wildcard. Raises InputError."""
    if not _SERVER_NAME.fullmatch(name):
        raise InputError(f"server name {name[:80]!r}: only a host name, *.name, name.* or _ can stand here")
    return name


def path(text: str) -> str:
    """The path of a prefix or exact location. Raises InputError."""
    if not text.startswith("/"):
        raise InputError(f"the path {text[:80]!r} must begin with /")
    if len(text.encode("utf-8", "replace")) > _PATH_BYTES:
        raise InputError(f"the path {text[:80]!r}... is longer than the {_PATH_BYTES} bytes that nginx can tell apart")
    return text


def upstream(service: str, *parts: str) -> str:
    return ".".join((service, *parts))


def variable(kind: str, *content: object) -> Var:
    """A variable named by what makes it, so that services with the same rules share it.

    nginx clears 16 bytes a variable at the start of every request: with one for each of 3,000 services that would cost
    more than the rest of the request. To declare a variable again with the same content changes nothing.
    """
    return Var(f"ng_{kind}_{sha256(repr(content).encode()).hexdigest()[:12]}")


def header(name: str) -> Var:
    """Nginx drops request headers with `_` in their name by default, so they are refused. Raises InputError."""
    if not _HEADER.fullmatch(name):
        raise InputError(f"header {name[:80]!r}: only letters, digits and - can stand in a header's name")
    return Var("http_" + name.lower().replace("-", "_"))


def cookie(name: str) -> Var | None:
    """None where nginx has no variable for it: `$cookie_a-b` would silently mean `$cookie_a`. Raises InputError."""
    if not _COOKIE_TOKEN.fullmatch(name):
        raise InputError(f"cookie {name[:80]!r} is not a name that a cookie can have")
    return Var(f"cookie_{name.lower()}") if _COOKIE.fullmatch(name) else None


def query(name: str) -> Var:
    """Nginx takes the first argument of this name, without regard to case, as it stands. Raises InputError."""
    if not _QUERY.fullmatch(name):
        raise InputError(f"query argument {name[:80]!r}: only letters, digits and _ can stand in its name")
    return Var(f"arg_{name.lower()}")


def method(name: str) -> str:
    """A method of a request; nginx takes no small letters. Raises InputError."""
    if not _METHOD.fullmatch(name):
        raise InputError(f"method {name[:80]!r}: only A-Z, - and _ can stand in a method")
    return name
