"""Paths: of files on a host, of requests, and of files beside the inventory."""

from __future__ import annotations

import re
import warnings

from nginxgen.inventory.findings import quoted
from nginxgen.inventory.words.bad import BadValue

_LONGEST = 1_000  # bytes
# What would end a word of nginx or of the shell, or be more than one file.
_NOT_IN_FILE = re.compile(r"""[ ;{}"'$\\`*?\[\]#|&<>()!]""")
_FILE = "an absolute path without spaces, quotes, wildcards and any of ; { } $ ` \\ # | & < > ( ) !"
_NOT_IN_REQUEST = re.compile(r"""[ ;{}"'$\\`]""")


def _fits(text: str) -> bool:
    return text.isprintable() and len(text.encode()) <= _LONGEST


def absolute_path(text: str) -> str:
    """A file or folder on a host, POSIX, in its shortest form."""
    if not text.startswith("/") or _NOT_IN_FILE.search(text) or not _fits(text):
        raise BadValue(f"{quoted(text)} is not a path that can be used here", _FILE)
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise BadValue(f"{quoted(text)} is not a path that can be used here", "a path below /, without ..")
    return "/" + "/".join(parts)


def relative_folder(text: str) -> str:
    """A folder beside nginx's main file."""
    if text.startswith("/"):
        hint = "a folder beside the main file, like conf.d: leave the front of the path out"
        raise BadValue(f"{quoted(text)} is absolute", hint)
    return absolute_path(f"/{text}")[1:]


def local_path(text: str) -> str:
    """A file on this machine; `~` and relative paths are resolved by who knows the inventory's folder."""
    if not text or not _fits(text):
        raise BadValue(f"{quoted(text)} is not a path", "the path of a file, relative to the inventory file")
    return text


def request_path(text: str) -> str:
    """The path of a request as nginx matches it: decoded, without the query, with single slashes."""
    hint = "starts with /, without spaces, quotes and any of ; { } $ ` \\"
    if "?" in text or "#" in text:
        hint = "nginx matches the path only: leave out what begins with ? or #"
    elif "%" in text:
        hint = "nginx matches the decoded path: write the characters themselves"
    elif "//" in text or "/./" in f"{text}/" or "/../" in f"{text}/":
        hint = "nginx matches the path with //, /./ and /../ resolved: write it so"
    elif text.startswith("/") and not _NOT_IN_REQUEST.search(text) and _fits(text):
        return text
    raise BadValue(f"{quoted(text)} is not a path", hint)


def request_target(text: str) -> str:
    """What a health request asks for: a path, and a query where there is one."""
    if not text.startswith("/") or not text.isascii() or _NOT_IN_REQUEST.search(text) or not _fits(text):
        hint = "starts with /, ASCII (percent-encode the rest), without spaces, quotes and any of ; { } $ ` \\"
        raise BadValue(f"{quoted(text)} is not a path to ask for", hint)
    return text


def regex(text: str) -> str:
    """A regular expression for nginx's location. Python's dialect is near enough to find the slips."""
    hint = "a regular expression for the path, like ^/api/v[0-9]+/"
    if "(?<" in text.replace("(?<=", "").replace("(?<!", "") or "(?P<" in text or "(?'" in text:
        raise BadValue(f"{quoted(text)} has a named group, which would set a variable of nginx", "write (?:...)")
    if not text or not _fits(text):
        raise BadValue(f"{quoted(text)} is not a regular expression", hint)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadValue(f"{quoted(text)} is not a regular expression: {error}", hint) from None
    return text
