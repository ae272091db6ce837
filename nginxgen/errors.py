"""The errors a user can meet, each with its exit code; anything else that escapes is a bug in nginxgen.

Exit codes: 0 done, 1 bug, 2 input, 3 there are changes, 4 refused, 5 undone, 6 needs a human, 7 aborted by gates,
130 interrupted. Every class below says in its docstring when it is the right one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Exit(IntEnum):
    DONE = 0
    BUG = 1
    INPUT = 2
    CHANGES = 3
    REFUSED = 4
    UNDONE = 5
    NEEDS_HUMAN = 6
    ABORTED = 7
    INTERRUPTED = 130


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file that the user wrote or can read. `line` counts from 1; None means the whole file."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with an input: what, where, and what to do about it."""

    rule: str  # short, stable id: "inventory/unknown-key", "NG012", ...
    message: str
    place: Place | None = None
    hint: str | None = None
    severity: Severity = Severity.ERROR


class NginxgenError(Exception):
    """An expected failure: one clear message, where it is, and a hint. Never raised as such."""

    exit: Exit = Exit.BUG

    def __init__(self, message: str, *, place: Place | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """An error is told where it is read, which may be another process than where it arose."""
        return _again, (type(self), self.args, self.__dict__)

    def findings(self) -> Sequence[Finding]:
        """What to show, one entry a message."""
        return (Finding(type(self).__name__, self.message, self.place, self.hint),)


def _again(kind: type[NginxgenError], args: tuple[object, ...], members: dict[str, object]) -> NginxgenError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(members)
    return error


class InputError(NginxgenError):
    """The command line, a plan file or another input is wrong. Nothing was touched."""

    exit = Exit.INPUT


class InvalidInput(InputError):
    """An input with several faults, all shown at once: an inventory, or a config that `check` refuses."""

    def __init__(self, found: Sequence[Finding]) -> None:
        super().__init__(found[0].message if found else "invalid input")
        self._found = tuple(found)

    def findings(self) -> Sequence[Finding]:
        return self._found


class Refused(NginxgenError):
    """It was not done because it was not safe or not possible, and no host was changed."""

    exit = Exit.REFUSED


class HostRefused(Refused):
    """One host says no before anything was changed on it. `host` is its name, `code` a short stable word."""

    def __init__(self, host: str, code: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{host}: {message}", hint=hint)
        self.host = host
        self.code = code
        self.reason = message


class Unreachable(HostRefused):
    """The host can't be reached, or doesn't let us in, or isn't who it should be."""

    def __init__(self, host: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(host, "unreachable", message, hint=hint)


class SeveralRefused(Refused):
    """Several hosts, or several services, each with its own reason not to go on; all are shown at once."""

    def __init__(self, causes: Sequence[NginxgenError]) -> None:
        super().__init__("; ".join(cause.message for cause in causes))
        self.causes = tuple(causes)

    def findings(self) -> Sequence[Finding]:
        return tuple(finding for cause in self.causes for finding in cause.findings())


class HostFailed(NginxgenError):
    """A step failed on a host after it was touched; the host has brought its old release back and proved it."""

    exit = Exit.UNDONE

    def __init__(self, host: str, code: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{host}: {message}", hint=hint)
        self.host = host
        self.code = code
        self.reason = message


class HostLost(NginxgenError):
    """The connection ended, or the host stopped answering, while it was at work: what it serves is not known."""

    exit = Exit.NEEDS_HUMAN

    def __init__(self, host: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{host}: {message}", hint=hint)
        self.host = host
        self.reason = message


class Unwell(NginxgenError):
    """What was asked or measured is not as it must be: a smoke request failed, a gate does not hold."""

    exit = Exit.UNDONE


class Undone(NginxgenError):
    """A fleet change failed and every touched host is back on its old release."""

    exit = Exit.UNDONE


class Aborted(NginxgenError):
    """A rollout was aborted by its gates; stable serves."""

    exit = Exit.ABORTED


class NeedsHuman(NginxgenError):
    """A host could be neither finished nor undone; it is named, with what to do."""

    exit = Exit.NEEDS_HUMAN

    def __init__(self, message: str, *, hint: str | None = None, host: str | None = None) -> None:
        super().__init__(message if host is None else f"{host}: {message}", hint=hint)
        self.host = host
        self.reason = message


class Changes(NginxgenError):
    """`--exit-code` was given and there are changes, or drift. Not a failure: exit code 3 and no message."""

    exit = Exit.CHANGES
