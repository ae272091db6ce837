"""The person at the keyboard: who it is, whether somebody is there, and what they answer."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
import sys

from nginxgen.commands.output import say
from nginxgen.errors import InputError
from nginxgen.ports import Note

_LONGEST_WHY = 1000


def require_consent(verb: str, *, yes: bool) -> None:
    """Raises InputError where nobody is there to ask and --yes is not given: before any host is spoken to."""
    if not yes and not _present():
        raise InputError(f"{verb} asks before it changes hosts, and nobody is at the terminal", hint="add --yes")


def asked(question: str) -> bool:
    """The answer; an end of input is a no, and Ctrl-C is KeyboardInterrupt."""
    say(f"{question} [y/N] ")
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        say("\n")
    return answer.strip().lower() in {"y", "yes"}


def note(verb: str, why: str) -> Note:
    """What the journals of the hosts will say. Raises InputError for a reason that is too long."""
    if len(why) > _LONGEST_WHY:
        raise InputError(f"--why has {len(why)} characters, at most {_LONGEST_WHY} go into the journal")
    return Note(verb, who(), why, secrets.token_hex(6))


def who() -> str:
    """user@machine; behind sudo the one who called it."""
    try:
        user = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())  # a container may run as a user without a name
    return f"{user}@{socket.gethostname()}"


def _present() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
