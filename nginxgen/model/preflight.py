"""What is looked at before a rollout: how bad it is where it fails, and commands of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    CRITICAL = "critical"
    ADVISORY = "advisory"


@dataclass(frozen=True, slots=True)
class OwnCheck:
    """A program of the user's: exit status 0 says that it is well."""

    name: str
    argv: tuple[str, ...]
    level: Level = Level.CRITICAL  # where it is not well, or does not end
    timeout: float = 30.0  # seconds
