"""Characters that a reader of the file doesn't see, or that make text look other than it is."""

from __future__ import annotations

import re

# Control characters but tab and newline, line breaks that only YAML counts, marks that turn the direction of text,
# and what is no character at all.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


def first_unseen(text: str) -> tuple[int, str] | None:
    """Where the first one stands, and its name: 4, "U+0000"."""
    found = _UNSEEN.search(text)
    return (found.start(), f"U+{ord(found.group()):04X}") if found else None
