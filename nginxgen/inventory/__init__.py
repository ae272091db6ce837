"""The inventory: which hosts there are, and which services they serve. YAML and pydantic live here and nowhere else."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from nginxgen.inventory.choice import find
from nginxgen.inventory.inventory import Inventory

__all__ = ["Inventory", "find", "json_schema", "load", "parse", "promoted", "template_text", "text_of"]


def load(path: Path) -> Inventory:
    """Read the inventory at `path`. Raises InvalidInput with everything that is wrong, or InputError."""
    from nginxgen.inventory.loading import load as load_now  # noqa: PLC0415  (yaml and pydantic only when a file is read)

    return load_now(path)


def parse(text: str, path: Path) -> Inventory:
    """The inventory in `text`; `path` is for messages, and where its relative paths begin. Raises InvalidInput."""
    from nginxgen.inventory.loading import parse as parse_now  # noqa: PLC0415  (see load)

    return parse_now(text, path)


def text_of(path: Path) -> str:
    """The text of the file at `path`, as it is. Raises InputError."""
    from nginxgen.inventory.source import read  # noqa: PLC0415  (see load)

    return read(path)


def promoted(text: str, path: Path, service: str, canary: str) -> str:
    """`text` with the canary as stable, every other byte as it was. Raises InputError where it can't be told how."""
    from nginxgen.inventory.promotion import promoted as promoted_now  # noqa: PLC0415  (see load)

    return promoted_now(text, path, service, canary)


def json_schema() -> dict[str, Any]:
    """The JSON schema of the file, for editors that complete and check YAML."""
    from nginxgen.inventory.schema.root import InventoryKeys  # noqa: PLC0415  (see load)

    return InventoryKeys.model_json_schema(by_alias=True, mode="validation")


@cache
def template_text() -> str:
    """A commented inventory to start from, for one host and one service; it loads as it is."""
    return resources.files(__package__).joinpath("starter.yml").read_text(encoding="utf-8")
