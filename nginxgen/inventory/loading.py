"""An inventory file to an Inventory: text, document, schema, rules, nouns; or all that is wrong with it at once."""

from __future__ import annotations

from pathlib import Path

from nginxgen.inventory import convert, figures
from nginxgen.inventory.compose import compose
from nginxgen.inventory.convert_rollout import with_rollouts
from nginxgen.inventory.document import Data, Map, entries
from nginxgen.inventory.findings import Findings, Rule
from nginxgen.inventory.inventory import Inventory
from nginxgen.inventory.machines import check_machines
from nginxgen.inventory.neighbours import check_neighbours
from nginxgen.inventory.rollouts import check_rollout
from nginxgen.inventory.rules import check_service
from nginxgen.inventory.schema.root import InventoryKeys
from nginxgen.inventory.source import plain, read
from nginxgen.inventory.validate import validate

_HINT = "an inventory has the keys fleet and services; nginxgen init writes one to start from"


def load(path: Path) -> Inventory:
    """Read the inventory at `path`. Raises InvalidInput with everything that is wrong, or InputError."""
    return parse(read(path), path)


def parse(text: str, path: Path) -> Inventory:
    """The inventory in `text`; `path` is for messages, and where its relative paths begin."""
    findings = Findings(str(path))
    document = compose(plain(text, path), findings)
    if not isinstance(document, Map):
        message = "the inventory is empty" if document is None else "the inventory is not a mapping"
        raise findings.stop(Rule.TYPE, 1, message, _HINT)
    keys = validate(InventoryKeys, document, findings)
    _check(document, findings)
    if keys is None or findings:
        raise findings.error()
    found = Inventory(
        path,
        convert.fleet(keys.fleet, path.parent),
        tuple(
            with_rollouts(convert.service(name, service, path.parent), service.rollout)
            for name, service in keys.services.items()
        ),
        tuple(figures.check(one, path.parent) for one in keys.preflight),
    )
    check_machines(found.fleet, document, findings)
    if findings:
        raise findings.error()
    return found


def _check(document: Map, findings: Findings) -> None:
    services: Data = document.get("services")
    for name, service, _ in entries(services):
        check_service(name, service, findings)
        check_rollout(name, service, findings)
    check_neighbours(services, findings)
