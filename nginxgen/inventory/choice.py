"""Which inventory: the option, the environment, or the only one in ./inventory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nginxgen.errors import InputError, Place

VARIABLE = "NGINXGEN_INVENTORY"
FOLDER = "inventory"


def find(option: str | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """The path of the inventory. It need not exist when it was named; raises InputError where none can be chosen."""
    named = option if option is not None else environ.get(VARIABLE) or None
    if named is not None:
        if not named:
            raise InputError("-i has no path", hint="give the path of the inventory file")
        return _home(Path(named))
    return _only_one(cwd)


def _home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:  # ~nobody-of-this-name: a file may be called so
        return path


def _only_one(cwd: Path) -> Path:
    try:
        found = sorted(path for path in (cwd / FOLDER).glob("*.yml") if not path.is_dir())
    except OSError:
        found = []
    if len(found) == 1:
        return Path(FOLDER) / found[0].name if cwd == Path.cwd() else found[0]
    if found:
        names = ", ".join(f"{FOLDER}/{path.name}" for path in found)
        hint = f"choose one with -i or {VARIABLE}: {names}"
        raise InputError(f"there are {len(found)} inventories", place=Place(FOLDER), hint=hint)
    hint = f"give its path with -i or {VARIABLE}, or write one with nginxgen init"
    raise InputError(f"there is no inventory: no *.yml in ./{FOLDER}", hint=hint)
