"""The inventory file as text: what can't be an inventory is refused before YAML sees it."""

from __future__ import annotations

from pathlib import Path

from nginxgen.errors import InputError, Place
from nginxgen.inventory.findings import Findings, Rule
from nginxgen.inventory.limits import MOST_BYTES
from nginxgen.inventory.words.unseen import first_unseen


def read(path: Path) -> str:
    """The text of the file. Raises InputError where it can't be read, InvalidInput where it isn't text."""
    return _decode(path, _content(path))


def plain(text: str, path: Path) -> str:
    """The text with newlines only. Raises InvalidInput where characters stand in it that a reader can't see."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    unseen = first_unseen(text)
    if unseen:
        line = text.count("\n", 0, unseen[0]) + 1
        message = f"a control character ({unseen[1]}) stands in the file"
        raise Findings(str(path)).stop(Rule.FILE, line, message, "remove it: an inventory is plain UTF-8 text")
    return text


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        hint = "give the path with -i, or write one with nginxgen init"
        raise InputError("there is no such inventory file", place=Place(str(path)), hint=hint) from None
    except IsADirectoryError:
        hint = "give the path of the file with -i"
        raise InputError("the inventory is a directory", place=Place(str(path)), hint=hint) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"the inventory can't be read: {why}", place=Place(str(path))) from None
    if len(content) > MOST_BYTES:
        message = f"the inventory is larger than {MOST_BYTES // 1024 // 1024} MiB"
        raise InputError(message, place=Place(str(path)), hint="is this the right file?")
    return content


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = "the inventory isn't UTF-8 text"
        raise Findings(str(path)).stop(Rule.FILE, line, message, "save it as UTF-8") from None
