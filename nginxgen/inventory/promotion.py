"""The canary of a service becomes its stable, in the text of the file: every other byte stays as its author wrote it.

PyYAML's nodes know where they begin and end. The result is read again, and what it says is compared with what it
should say: a text in which the places cannot be told (an alias in the place of a value) is refused, not guessed at.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import yaml

from nginxgen.errors import InputError, InvalidInput, Place
from nginxgen.inventory.loading import parse
from nginxgen.inventory.source import plain

_HINT = "write `stable:` by hand, and take `canary:` out"


def promoted(text: str, path: Path, service: str, canary: str) -> str:
    """The text with `canary` as the stable of `service` and without its canary. Unchanged where that is so already."""
    before = parse(text, path)
    now = before.service(service)
    if now.stable == canary and now.canary is None:
        return text
    if now.canary != canary:
        message = f"the canary of {service} is {now.canary} in the inventory, not {canary}"
        raise InputError(message, place=Place(str(path)))
    found = _edited(plain(text, path), service, path)
    wanted = tuple(replace(one, stable=canary, canary=None) if one.name == service else one for one in before.services)
    try:
        same = parse(found, path)
    except InvalidInput as error:
        raise _unclear(path) from error
    if replace(same, services=()) != replace(before, services=()) or same.services != wanted:
        raise _unclear(path)
    return _as_before(found, text)


def _as_before(new: str, old: str) -> str:
    """With the ends of lines, and the mark at the beginning, that its author's editor writes."""
    ends = new.replace("\n", "\r\n") if "\r\n" in old else new
    return f"\ufeff{ends}" if old.startswith("\ufeff") else ends


def _edited(text: str, service: str, path: Path) -> str:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    root = yaml.compose(text, Loader=loader)
    keys = _entries(_value(_value(root, "services", path), service, path), path)
    stable, canary = keys["stable"], keys["canary"]
    edits = sorted([_replaced(text, stable[1], canary[1]), _removed(text, *canary)], reverse=True)
    for begin, end, new in edits:
        text = text[:begin] + new + text[end:]
    return text


def _replaced(text: str, old: yaml.Node, new: yaml.Node) -> tuple[int, int, str]:
    """As the canary's name is written, quotes included."""
    return old.start_mark.index, old.end_mark.index, text[new.start_mark.index : new.end_mark.index]


def _removed(text: str, key: yaml.Node, value: yaml.Node) -> tuple[int, int, str]:
    """The entry: its whole lines where it stands alone on them, with the comment behind it; else it and its comma."""
    begin, end = key.start_mark.index, value.end_mark.index
    line = text.rfind("\n", 0, begin) + 1
    rest = text.find("\n", end)
    rest = len(text) if rest < 0 else rest
    behind = text[end:rest].strip()
    if not text[line:begin].strip() and (not behind or behind.startswith("#")):
        return line, min(rest + 1, len(text)), ""
    after = end + len(text[end:]) - len(text[end:].lstrip())
    if text[after : after + 1] == ",":
        after += 1
        return begin, after + len(text[after:]) - len(text[after:].lstrip(" ")), ""
    before = len(text[:begin].rstrip())
    return (before - 1, end, "") if text[before - 1 : before] == "," else (begin, end, "")


def _entries(node: yaml.Node, path: Path) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise _unclear(path)
    found: dict[str, tuple[yaml.Node, yaml.Node]] = {
        str(key.value): (key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)
    }
    if not {"stable", "canary"} <= set(found):
        raise _unclear(path)
    return found


def _value(node: yaml.Node | None, name: str, path: Path) -> yaml.Node:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == name and isinstance(value, yaml.Node):
                return value
    raise _unclear(path)


def _unclear(path: Path) -> InputError:
    return InputError("the inventory can't be edited: its YAML is too clever", place=Place(str(path)), hint=_HINT)
