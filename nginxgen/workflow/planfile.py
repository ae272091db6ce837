"""Saved plans on disk."""

from __future__ import annotations

from pathlib import Path

from nginxgen.errors import InputError, Place
from nginxgen.files import write
from nginxgen.model.plan import Plan
from nginxgen.plan import document, saved


def save(plan: Plan, path: Path) -> None:
    """Only its owner may read it, as the config may hold secrets. Raises InputError."""
    write(path, document.dump(plan), what="the plan", mode=0o600, hint="give another file with -o FILE")


def read(path: Path) -> Plan:
    """Raises InputError, whatever is wrong with the file."""
    place = Place(str(path))
    try:
        if not path.is_file():
            what = "is not a file" if path.exists() else "does not exist"
            raise InputError(f"the plan {what}", place=place, hint="save one with nginxgen plan -o FILE")
        if path.stat().st_size > saved.MAX_BYTES:
            raise InputError(f"the plan is larger than {saved.MAX_BYTES >> 20} MiB", place=place)
        return saved.load(path.read_bytes().decode(), str(path))
    except OSError as error:
        raise InputError(f"cannot read the plan: {error.strerror}", place=place) from error
    except UnicodeDecodeError:
        raise InputError("the plan is not UTF-8 text", place=place) from None
