"""A service taken off its host, to be tried in a private place: sockets instead of ports, none of the host's files."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path

from nginxgen.check.lexer import End, statements

NOBODY = 65534  # what root tries a config as, since a config names files that nginx creates
# What only the host has: files of its own, and zones, logs and caches that its nginx.conf declares.
_OF_THE_HOST = re.compile(
    r"access_log|error_log|include|js_\w+|limit_req|limit_conn|proxy_cache|auth_basic_user_file|\w*ssl_dhparam"
    r"|\w*ssl_(?:\w+_)?certificate(?:_key|_cache)?|\w*ssl_crl|\w*ssl_password_file|ssl_stapling_file"
    r"|ssl_session_ticket_key|ssl_session_cache"
)


def socket(listen: str, folder: Path) -> Path:
    """One unix socket an address, so that what meets on the host meets here."""
    address = listen.split(maxsplit=1)[0]
    return folder / re.sub(r"[^A-Za-z0-9]", "_", address)[:40]


def listening(listen: str, folder: Path, kept_flags: Collection[str]) -> str:
    """A `listen` on its private socket, with those of its flags that mean something there."""
    flags = (flag for flag in listen.split()[1:] if flag in kept_flags)
    return " ".join((f"unix:{socket(listen, folder)}", *flags))


def blanked(text: str) -> str:
    """Raw config without the directives that only the host can judge; every line stays where it was.

    A remark keeps an `include` in mind, which changes how a service is rendered.
    """
    parts: list[str] = []
    done = 0
    for found in statements(text):
        if found.end is End.DIRECTIVE and _OF_THE_HOST.fullmatch(found.words[0]):
            parts += (text[done : found.start], re.sub(r"[^\n]", " ", text[found.start : found.stop]))
            done = found.stop
    remark = "\n# include" if "include" in text else ""
    return "".join((*parts, text[done:], remark))


def hand_over(folder: Path) -> int | None:
    """Give a folder to the user as whom nginx shall run; None where that is the user who runs us."""
    if os.geteuid() != 0:
        return None
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    return NOBODY
