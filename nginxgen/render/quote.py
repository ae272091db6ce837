r"""The only way a value gets into a config: as `Quoted` text that nginx reads back as exactly that value.

nginx's lexer (ngx_conf_file.c): `"` and `'` are the same; inside a token only backslash before `"`, `'`, `\\`, `t`, `r`
and `n` is decoded; a bare token ends at space, `;` and `{`; a token holds at most 4,095 bytes. `$` has no escape.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nginxgen.errors import InputError

_PLAIN = re.compile(r"[A-Za-z0-9_./:*+,=@%-]+")  # means itself without quotes, which is nicer to read
_PLAIN_JOINED = re.compile(r"[A-Za-z0-9_./:*+,=@%$-]+")
_NAME_GOES_ON = re.compile(r"[A-Za-z0-9_{]")
_VARIABLE = re.compile(r"[a-z0-9_]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # lone surrogates can't be written as UTF-8
_TOKEN_BYTES = 4_095  # quotes and escapes included; nginx's buffer has 4,096
_HASH_KEY_BYTES = 46  # what fits in a map's default bucket of 64: 64 - 2 pointers, less a length of 2 bytes
_COMMENT = 400  # characters; nginx reads a comment into the same buffer
_MAP_WORDS = frozenset({"default", "hostnames", "volatile", "include"})
_PCRE_SPECIAL = re.compile(r"([^A-Za-z0-9_\x80-\U0010ffff])")


class Quoted(str):
    """Text that is safe to put into a config as it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Var:
    """A variable of nginx, without its dollar."""

    name: str


@dataclass(frozen=True, slots=True)
class Regex:
    """A map key that is a PCRE, compared without case."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Joined:
    """Text and variables one behind the other, where nginx expands variables; a `$` in the text means a dollar."""

    parts: tuple[str | Var, ...]


def argument(value: str | Var | Joined) -> Quoted:
    """One argument of a directive. A `$` in a string stays what nginx makes of it there; see `literal`."""
    if isinstance(value, Var):
        return variable(value)
    if isinstance(value, Joined):
        return _joined(value)
    return Quoted(value) if len(value) < _TOKEN_BYTES and _PLAIN.fullmatch(value) else _in_quotes(value)


def literal(value: str) -> Quoted:
    """One argument where nginx expands variables, with every `$` meaning a dollar."""
    return Quoted(argument(value).replace("$", "${nginxgen_dollar}"))


def variable(value: Var) -> Quoted:
    if not _VARIABLE.fullmatch(value.name):
        raise InputError(f"{value.name!r} cannot be the name of a variable in nginx")
    return Quoted(f"${value.name}")


def map_key(key: str | Regex) -> Quoted:
    """The left side of a row in a `map`: the string itself, whatever words or signs `map` reserves."""
    if isinstance(key, Regex):
        return _in_quotes(f"~*{key.pattern}")
    if len(key.encode("utf-8", "replace")) > _HASH_KEY_BYTES:
        return _in_quotes(f"~*^{pcre(key)}$")  # the bucket size is the host's to set, and a regex needs none
    return argument(f"\\{key}" if key[:1] in ("~", "\\") or key in _MAP_WORDS else key)


def comment(value: str) -> Quoted:
    """Text in a comment, cut where nginx would refuse the line. A newline would end the comment: it is refused."""
    _refuse_control(value)
    return Quoted(value if len(value) <= _COMMENT else f"{value[:_COMMENT]}...")


def block(value: str, indent: int) -> Quoted:
    """Raw configuration of the user, moved to the right; left where it is when a string may span lines."""
    lines = value.replace("\r\n", "\n").strip("\n").split("\n")
    for line in lines:
        _refuse_control(line.replace("\t", ""))
    if any(line.count('"') % 2 or line.count("'") % 2 for line in lines):
        return Quoted("\n".join(lines))
    return Quoted("\n".join(" " * indent + line if line.strip() else "" for line in lines))


def pcre(value: str) -> str:
    """A pattern that matches exactly this text."""
    return _PCRE_SPECIAL.sub(r"\\\1", value)


def _joined(value: Joined) -> Quoted:
    """`shop:v2:$cookie_id`; with braces, and so in quotes, where text would go on as the variable's name."""
    shown = ""
    for part in reversed(value.parts):
        if isinstance(part, Var):
            name = variable(part)
            shown = (f"${{{name[1:]}}}" if _NAME_GOES_ON.match(shown) else name) + shown
        else:
            shown = part.replace("$", "${nginxgen_dollar}") + shown
    return Quoted(shown) if len(shown) < _TOKEN_BYTES and _PLAIN_JOINED.fullmatch(shown) else _in_quotes(shown)


def _in_quotes(value: str) -> Quoted:
    _refuse_control(value)
    quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if len(quoted.encode()) > _TOKEN_BYTES:
        raise InputError(f"{value[:40]!r}... is longer than the {_TOKEN_BYTES} bytes that nginx takes as one argument")
    return Quoted(quoted)


def _refuse_control(value: str) -> None:
    if found := _CONTROL.search(value):
        start = max(0, found.start() - 20)
        raise InputError(
            f"the control character {found[0]!r} in {value[start : found.end() + 20]!r} cannot stand in a config"
        )
