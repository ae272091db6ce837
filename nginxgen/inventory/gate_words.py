"""A gate as an inventory has it, to the gate that is judged."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from nginxgen.errors import InputError
from nginxgen.gates import grammar
from nginxgen.inventory.document import Data, mapping, text
from nginxgen.model.gates import Gate, Severity


@dataclass(frozen=True, slots=True)
class GateWords:
    """The long form; the short form has `holds` alone."""

    holds: str | None = None
    attention: str | None = None
    rollback: str | None = None
    severity: str | None = None
    min_requests: int | None = None

    @classmethod
    def of(cls, data: Data) -> GateWords:
        """From the document, which may be wrong in any way that the schema has told."""
        if not isinstance(data, dict):
            return cls(holds=data if isinstance(data, str) else None)
        number = text(data, "min_requests") or ""
        return cls(
            text(data, "holds"),
            text(data, "attention"),
            text(data, "rollback"),
            None,  # the schema knows its words
            int(number) if number.isdecimal() and len(number) < 10 else None,  # noqa: PLR2004  (more is no number)
        )


def gate(metric: str, words: GateWords, numbers: Collection[str], *, trigger: bool) -> Gate:
    """`trigger`: the short form says when it rolls back, not what must hold. Raises InputError."""
    if words.holds is None:
        return grammar.levels(
            metric,
            numbers,
            attention=words.attention,
            rollback=words.rollback,
            severity=words.severity,
            min_requests=words.min_requests,
        )
    if words.attention is not None or words.rollback is not None:
        raise InputError(f"{metric}: holds stands for both levels", hint="write holds, or attention and rollback")
    read = grammar.trigger if trigger else grammar.gate
    found = read(metric, words.holds, numbers)
    severity = found.severity if words.severity is None else Severity(words.severity)
    return replace(found, severity=severity, min_requests=words.min_requests)


def numbers_of(service: Data) -> frozenset[str]:
    """The names of the service's own queries and commands."""
    return frozenset(mapping(mapping(service, "metrics"), "numbers"))
