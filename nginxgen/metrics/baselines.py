"""Baselines as files beside the inventory, `baselines/NAME/SERVICE.json`: reviewed and shared with it, as it is.

A host would forget them with its disk, and a laptop with its owner; the inventory is needed anyway.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from nginxgen.errors import InputError, Place
from nginxgen.files import write
from nginxgen.model.baseline import Baseline
from nginxgen.model.codec import from_json, to_json

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LARGEST = 16 << 20  # bytes


def folder_of(inventory: Path) -> Path:
    return inventory.parent / "baselines"


def checked(name: str) -> str:
    """Raises InputError for what can't be the name of a baseline."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{name[:80]!r} can't be the name of a baseline", hint="a-z, 0-9, '.', '_' and '-'")
    return name


def save(folder: Path, name: str, baseline: Baseline) -> Path:
    """Raises InputError where it can't be written."""
    path = folder / checked(name) / f"{baseline.service}.json"
    write(path, json.dumps(to_json(baseline), indent=1) + "\n", what="the baseline", folders=True)
    return path


def load(folder: Path, name: str, service: str) -> Baseline:
    """Raises InputError where there is none, or it is not one."""
    path = folder / checked(name) / f"{service}.json"
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"the baseline {name} of {service} is too large to be one", place=Place(str(path)))
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        hint = f"nginxgen monitor 600 --save {name}"
        raise InputError(f"there is no baseline {name} of {service}", place=Place(str(path)), hint=hint) from None
    except (OSError, ValueError) as error:
        raise InputError(f"the baseline {name} can't be read: {error}", place=Place(str(path))) from error
    baseline = from_json(Baseline, data, f"the baseline {name}")
    if baseline.format != 1:
        raise InputError(f"the baseline {name} was written by a newer nginxgen", place=Place(str(path)))
    return baseline
