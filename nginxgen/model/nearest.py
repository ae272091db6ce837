"""The nearest known word, for hints."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 12  # known words in a hint, where none is near
_LONG = 80  # a longer word is nobody's slip of the pen, and comparing it is slow


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    folded = {candidate.casefold(): candidate for candidate in known}
    found = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6) if len(word) <= _LONG else []
    return folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint with the nearest known word, else with all of them; None where nothing is known."""
    words = list(known)
    found = nearest(word, words)
    if found is not None:
        return f'did you mean "{found}"?'
    if not words:
        return None
    more = f" and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    return f"known: {', '.join(words[:_SHOWN])}{more}"
