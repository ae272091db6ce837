"""The share of the canary, exact to a hundredth of a percent, which is what nginx can split by."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nginxgen.errors import InputError

_FORM = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?", re.ASCII)
_HINT = "a percentage from 0 to 100 with up to two decimals, like 10 or 0.25"


@dataclass(frozen=True, slots=True, order=True)
class Weight:
    """Hundredths of a percent, 0 to 10000."""

    hundredths: int

    def __post_init__(self) -> None:
        if not 0 <= self.hundredths <= 10_000:  # noqa: PLR2004  (100.00 %)
            raise InputError(f"weight {self.hundredths / 100:g} is out of range", hint=_HINT)

    @classmethod
    def parse(cls, text: str) -> Weight:
        """`"10"`, `"0.5"`, `"33.33"`, with an optional `%`. Raises InputError."""
        found = _FORM.fullmatch(text.strip().removesuffix("%").rstrip())
        if not found:
            raise InputError(f"{text!r} is not a weight", hint=_HINT)
        whole, decimals = found.groups()
        return cls(int(whole) * 100 + int((decimals or "0").ljust(2, "0")))

    @property
    def percent(self) -> int | float:
        """As a number for JSON: 10, 0.25."""
        return self.hundredths // 100 if self.hundredths % 100 == 0 else self.hundredths / 100

    def __str__(self) -> str:
        return f"{self.percent}"


ZERO = Weight(0)
FULL = Weight(10_000)
