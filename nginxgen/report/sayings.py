"""Sentences that nginxgen itself wrote down, in another language.

They are made at the time of the look and kept as they are, in English, with their numbers; their forms are few and
fixed. What has none of these forms is somebody's own words, or an older nginxgen's, and stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Saying:
    """A form of sentence, and the same in another language with the groups of the pattern as its fields.

    The groups `metric`, `seen`, `other`, `ending` and `why` are translated in their turn, all others are left alone.
    """

    pattern: re.Pattern[str]
    form: str


@dataclass(frozen=True, slots=True)
class Sayings:
    """All that one language knows to say."""

    sentences: Sequence[Saying]
    seen: Sequence[Saying]  # a number with its interval
    endings: Sequence[Saying]

    def said(self, text: str, metrics: Mapping[str, str]) -> str:
        """`metrics`: the names of metrics in this language."""
        whole = self._one(self.sentences, text, metrics)
        if whole is not None:
            return whole
        parts = text.split("; ")  # a verdict: the gates that decided
        told = [self._one(self.sentences, part, metrics) for part in parts]
        return "; ".join(part if new is None else new for part, new in zip(parts, told, strict=True))

    def _one(self, sayings: Sequence[Saying], text: str, metrics: Mapping[str, str]) -> str | None:
        for saying in sayings:
            found = saying.pattern.fullmatch(text)
            if found is not None:
                groups = {name: self._part(name, part or "", metrics) for name, part in found.groupdict().items()}
                return saying.form.format(**groups)
        return None

    def _part(self, name: str, part: str, metrics: Mapping[str, str]) -> str:
        match name:
            case "metric":
                return metrics.get(part, part)
            case "seen" | "other":
                return self._one(self.seen, part, metrics) or part
            case "ending":
                return self._one(self.endings, part, metrics) or part
            case "why":
                return self.said(part, metrics)
        return part
