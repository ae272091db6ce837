"""From hostile YAML to nginx: an inventory is refused with its place, or becomes a config that nginx takes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import nginx_lab
from hostile import inventories

from nginxgen.check import check, nginx_test
from nginxgen.errors import Finding, InputError, Severity
from nginxgen.inventory import Inventory, parse
from nginxgen.model.intent import Intent, ServiceIntent
from nginxgen.model.weight import Weight
from nginxgen.render import render

_JUDGED_BY_NGINX = ("regex-", "server_extra-")  # a regex, or raw nginx, may be well-formed and still make no sense


def findings(inventory: Inventory) -> tuple[list[Finding], list[Finding]]:
    """The errors of our own check, and those of nginx."""
    services, host = inventory.services, inventory.fleet.hosts[0]
    intent = Intent(
        {
            one.name: ServiceIntent(one.stable, one.canary, one.canary is not None, {"default": Weight(1_000)})
            for one in services
        }
    )
    own = check(services, host, render(services, intent, host), render)
    nginx = nginx_test(services, intent, host, render, nginx_lab.binary())
    return [[one for one in found if one.severity is Severity.ERROR] for found in (own, nginx)]


def verdict(label: str, text: str, path: Path) -> str:
    """ "refused", "too long", "judged" or "sound"; fails where an inventory got further than it may."""
    try:
        inventory = parse(text, path)
    except InputError as error:
        refused = error.findings()
        assert all(finding.message and finding.place for finding in refused), (label, refused)
        return "refused"
    try:
        own, nginx = findings(inventory)
    except InputError as error:
        # By its escapes, which the inventory does not count.
        assert "longer than" in error.message, label  # noqa: PT017  (most do not raise)
        return "too long"
    assert not {finding.rule for finding in own} & {"NG001", "NG002"} or label.startswith("server_extra-"), (label, own)
    assert own or not nginx or label.startswith(_JUDGED_BY_NGINX), (label, nginx)
    return "judged" if own or nginx else "sound"


def test_every_hostile_inventory_is_refused_with_its_place_or_makes_a_config_that_nginx_takes(tmp_path: Path) -> None:
    seen = Counter(verdict(label, text, tmp_path / "inventory.yml") for label, text in inventories())
    assert seen["refused"] > 500
    assert seen["sound"] > 150
