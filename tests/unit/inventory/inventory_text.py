"""Small inventories for tests, and what the loader says of them."""

from __future__ import annotations

from pathlib import Path

from nginxgen import inventory
from nginxgen.errors import Finding, InvalidInput
from nginxgen.inventory import Inventory

PATH = Path("shop.yml")

GOOD = """\
fleet:
  hosts:
    edge-1: {address: 10.0.0.5}
services:
  shop:
    listen: [80]
    server_names: [shop.example.com]
    versions:
      v1: {servers: ["10.0.1.10:5000"]}
      v2: {servers: ["10.0.1.11:5000"]}
    stable: v1
    canary: v2
    override: {cookie: gray, header: X-Gray}
    routes:
      - {name: reads, path: /reads}
      - {name: default, path: /}
"""


def good(*changes: tuple[str, str]) -> str:
    """The good inventory with some of its text replaced; each must be there."""
    text = GOOD
    for old, new in changes:
        assert old in text, f"{old!r} is not in the inventory"
        text = text.replace(old, new)
    return text


def service(extra: str) -> str:
    """The good inventory with more keys on its service."""
    return GOOD + "".join(f"    {line}\n" for line in extra.splitlines())


def loaded(text: str) -> Inventory:
    return inventory.parse(text, PATH)


def found(text: str) -> tuple[Finding, ...]:
    """What is wrong with it; nothing where it loads."""
    try:
        loaded(text)
    except InvalidInput as error:
        return tuple(error.findings())
    return ()
