"""YAML text to a document, in one pass over the parser's events.

No recursion and no objects: a deep, an endless or a self-containing document ends in a finding. An alias shares its
data, and what it would be when written out counts for the limit, so that a small file can't become a large one.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from nginxgen.inventory.document import Data, List, Map
from nginxgen.inventory.events import events
from nginxgen.inventory.findings import Findings, Rule, quoted
from nginxgen.inventory.limits import DEEPEST, MOST_KEYS, MOST_NODES, MOST_RAW_TEXT, MOST_TEXT

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_MERGE = "<<"


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an anchor stands for, and how much of it there is."""

    data: Data
    nodes: int


@dataclass(slots=True)
class _Frame:
    """A collection that is being read."""

    data: Map | List
    line: int  # of the entry that holds it
    anchor: str | None
    nodes_before: int
    key: str | None = None  # of the value that comes next
    key_line: int = 0
    awaits_value: bool = False
    merged: list[tuple[Data, int]] | None = None  # values of `<<` with their lines


def compose(text: str, findings: Findings) -> Data:
    """The document in `text`. Adds to `findings`; raises InvalidInput where reading can't go on."""
    composer = _Composer(findings)
    for event in events(text, findings):
        composer.take(event)
    return composer.root


class _Composer:
    def __init__(self, findings: Findings) -> None:
        self.root: Data = None
        self._findings = findings
        self._stack: list[_Frame] = []
        self._anchors: dict[str, _Anchored] = {}
        self._nodes = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        line = event.start_mark.line + 1 if event.start_mark else 1
        match event:
            case yaml.ScalarEvent():
                self._count(1, line)
                self._scalar(event, line)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._count(1, line)
                self._open(event, line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.AliasEvent():
                self._alias(event.anchor or "", line)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    message = "a second YAML document begins here"
                    raise self._findings.stop(Rule.SYNTAX, line, message, "an inventory is one document: remove '---'")
            case _:
                pass

    def _count(self, nodes: int, line: int) -> None:
        self._nodes += nodes
        if self._nodes > MOST_NODES:
            message = f"the inventory has more than {MOST_NODES:,} values, aliases written out"
            raise self._findings.stop(Rule.LIMIT, line, message, "is this an inventory? look for aliases of aliases")

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        self._refuse_tag(event.tag, line)
        plain = event.style is None or event.style == ""
        value = None if plain and event.value in _NULL else event.value
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(value, 1)
        limit = MOST_RAW_TEXT if "\n" in event.value else MOST_TEXT
        if len(event.value) > limit // 4 and len(event.value.encode()) > limit:
            message = f"a value of {len(event.value.encode()):,} bytes is too long"
            self._findings.add(Rule.LIMIT, line, message, f"at most {limit:,} bytes")
            value = event.value[:20]  # goes on as something short, so that the rest is checked too
        self._put(value, line, raw=event.value if plain else None)

    def _refuse_tag(self, tag: str | None, line: int) -> None:
        if tag is not None:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            message = f"YAML tags are not taken: {quoted(shown)}"
            self._findings.add(
                Rule.TAG, line, message, "write the value without the tag; quote text that starts with !"
            )

    def _open(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent, line: int) -> None:
        self._refuse_tag(event.tag, line)
        if len(self._stack) >= DEEPEST:
            message = f"nested more than {DEEPEST} deep"
            raise self._findings.stop(Rule.LIMIT, line, message, "look for a bracket that isn't closed")
        data: Map | List = Map(line) if isinstance(event, yaml.MappingStartEvent) else List(line)
        self._stack.append(_Frame(data, line, event.anchor, self._nodes - 1))

    def _close(self) -> None:
        frame = self._stack.pop()
        for value, line in frame.merged or ():
            self._merge(frame, value, line)
        if frame.anchor:
            # Known only from here on: an alias inside its own anchor is an unknown one, and nothing contains itself.
            self._anchors[frame.anchor] = _Anchored(frame.data, self._nodes - frame.nodes_before)
        self._put(frame.data, frame.line)

    def _alias(self, anchor: str, line: int) -> None:
        known = self._anchors.get(anchor)
        if known is None:
            message = f"the alias *{anchor} has no anchor &{anchor} before it"
            self._findings.add(Rule.SYNTAX, line, message, "quote the value if it should start with *")
            self._put(None, line)
            return
        self._count(known.nodes, line)
        self._put(known.data, line)

    def _put(self, value: Data, line: int, raw: str | None = None) -> None:
        """Place a finished value in the collection it belongs to. `raw` is the text of a plain scalar."""
        if not self._stack:
            self.root = value
            return
        frame = self._stack[-1]
        if isinstance(frame.data, List):
            frame.data.put(value, line)
        elif not frame.awaits_value:
            self._key(frame, value if value is not None else raw, line)
        else:
            frame.awaits_value = False
            self._entry(frame, value)

    def _key(self, frame: _Frame, key: Data, line: int) -> None:
        frame.awaits_value = True
        frame.key, frame.key_line = None, line
        if not isinstance(key, str) or not key:
            self._findings.add(Rule.TYPE, line, "a key must be text", "quote keys that start with [, {, *, & or !")
            return
        frame.key = key

    def _entry(self, frame: _Frame, value: Data) -> None:
        key, line = frame.key, frame.key_line
        if key is None or not isinstance(frame.data, Map):
            return
        if key == _MERGE:
            frame.merged = [*(frame.merged or ()), (value, line)]
        elif len(frame.data) >= MOST_KEYS:
            message = f"a mapping has more than {MOST_KEYS:,} keys"
            raise self._findings.stop(Rule.LIMIT, line, message, "is this an inventory?")
        elif key in frame.data:
            message = f"the key {quoted(key)} stands twice"
            self._findings.add(Rule.DUPLICATE, line, message, f"the first is in line {frame.data.lines[key]}")
        else:
            frame.data.put(key, value, line)

    def _merge(self, frame: _Frame, value: Data, line: int) -> None:
        """The keys of `value`, a mapping or a list of them, where they are not there already."""
        for source in value if isinstance(value, List) else (value,):
            if not isinstance(source, Map) or not isinstance(frame.data, Map):
                self._findings.add(Rule.TYPE, line, "<< takes a mapping or a list of mappings")
                return
            for key, item in source.items():
                if key not in frame.data:
                    frame.data.put(key, item, source.lines[key])
