"""The files of one nginx: from its main file here, or from what `nginx -T` printed on another machine. Reads only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from posixpath import dirname, join, normpath

from nginxgen.check.lexer import statements
from nginxgen.errors import InputError, Place

_MARK = re.compile(r"^# configuration file (.+):\n", re.MULTILINE)
_MOST = 10_000  # files; a loop of includes ends here, and nginx itself gives up long before


@dataclass(frozen=True, slots=True)
class Files:
    """Texts by their names on the host. `main` is where nginx begins."""

    main: str
    texts: Mapping[str, str]
    read_by_nginx: bool = False  # `nginx -T` printed them, which it does of a sound config only

    def included(self, pattern: str) -> Iterator[str]:
        """The names that an `include` means, in nginx's order. A relative one begins beside the main file."""
        wanted = normpath(join(dirname(self.main), pattern))
        depth = wanted.count("/")
        plain = {name: normpath(name) for name in sorted(self.texts)}
        return (name for name, path in plain.items() if path.count("/") == depth and fnmatchcase(path, wanted))


def read(main: Path, text: str | None = None) -> Files:
    """`main` and what it includes; or `text`, where that is what `nginx -T` printed. Raises InputError."""
    try:
        said = main.read_text("utf-8", "replace") if text is None else text
        return _dumped(said) or _followed(main.absolute(), said)
    except OSError as error:
        raise InputError(f"cannot read: {error.strerror}", place=Place(str(error.filename or main))) from error


def _dumped(text: str) -> Files | None:
    """What stands before the first mark are nginx's own words."""
    _, *parts = _MARK.split(text)
    names = parts[::2]
    return Files(names[0], dict(zip(names, parts[1::2], strict=True)), read_by_nginx=True) if names else None


def _followed(main: Path, text: str) -> Files:
    texts = {str(main): text}
    waiting = [text]
    while waiting:
        for pattern in _includes(waiting.pop()):
            for path in sorted(_matching(main.parent, pattern)):
                if str(path) not in texts and path.is_file() and len(texts) < _MOST:
                    texts[str(path)] = path.read_text("utf-8", "replace")
                    waiting.append(texts[str(path)])
    return Files(str(main), texts)


def _includes(text: str) -> Iterator[str]:
    for statement in statements(text):
        if len(statement.words) == 2 and statement.words[0] == "include":  # noqa: PLR2004  (the word and its argument)
            yield statement.words[1].strip("\"'")


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    wanted = Path(normpath(join(folder, pattern)))
    return Path(wanted.anchor).glob(str(wanted.relative_to(wanted.anchor)))
