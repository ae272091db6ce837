"""The events of YAML's parser, and its errors in words."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from nginxgen.inventory.findings import Findings, Rule

# libyaml's parser where PyYAML was built with it: ten times faster.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def events(text: str, findings: Findings) -> Iterator[yaml.Event]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        message = " ".join(part for part in (error.context, error.problem) if part)
        line = _line(error, text)
        raise findings.stop(Rule.SYNTAX, line, f"this isn't YAML: {message}", _syntax_hint(message)) from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: \U escapes beyond Unicode
        message = str(error).split("\n", 1)[0]
        raise findings.stop(Rule.SYNTAX, 1, f"this isn't YAML: {message}") from None


def _line(error: yaml.MarkedYAMLError, text: str) -> int:
    """At the end of a file the parser's mark stands behind the last line."""
    last = text.rstrip("\n").count("\n") + 1
    for mark in (error.problem_mark, error.context_mark):
        if mark is not None:
            return min(int(mark.line) + 1, last)
    return 1


def _syntax_hint(message: str) -> str | None:
    if "tab" in message or "cannot start any token" in message:
        return "indent with spaces, and quote values that start with @, `, % or a tab"
    if "mapping values are not allowed" in message or "expected <block end>" in message:
        return "look at the indentation here and in the line above; quote values that contain ': '"
    if "undefined alias" in message or "alias" in message:
        return "quote values that start with *"
    return None
