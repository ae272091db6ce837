"""What must hold between the values of an inventory, beyond the type of each.

The rules read the document, not the models, so that a slip in one place doesn't hide those elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from nginxgen.inventory.document import Data, Map, entries, items, mapping, text
from nginxgen.inventory.findings import Findings, Rule, quoted
from nginxgen.inventory.limits import MOST_ROUTES, MOST_SERVERS
from nginxgen.inventory.words import network
from nginxgen.inventory.words.bad import BadValue
from nginxgen.model.nearest import did_you_mean


def check_service(name: str, service: Data, findings: Findings) -> None:
    """The rules inside one service."""
    versions_exist(name, service, findings)
    servers_once(name, service, findings)
    routes_once(name, service, findings)
    words_once(name, service, findings)
    probe_has_a_way(name, service, findings)


def versions_exist(name: str, service: Data, findings: Findings) -> None:
    """That stable and canary name a version, and not the same one."""
    known = mapping(service, "versions")
    for key in ("stable", "canary"):
        version = text(service, key)
        if version is not None and isinstance(service, Map) and version not in known:
            message = f"services.{name}.{key}: {quoted(version)} is not one of its versions"
            findings.add(Rule.DANGLING, service.lines[key], message, did_you_mean(version, known))
    stable = text(service, "stable")
    if stable is not None and stable == text(service, "canary") and isinstance(service, Map):
        message = f"services.{name}.canary: stable is the same version {quoted(stable)}"
        findings.add(Rule.CONFLICT, service.lines["canary"], message, "leave canary out while there is none")


def servers_once(name: str, service: Data, findings: Findings) -> None:
    """No address twice in a version, or in stable and canary: who answered is told by the address."""
    split = {text(service, "stable"), text(service, "canary")}
    split_seen: dict[str, int] = {}
    for version, data, _ in entries(mapping(service, "versions")):
        seen = split_seen if version in split else {}
        regular = 0
        last = 0
        for address, line, backup in _servers(data):
            regular += not backup
            last = line
            if address in seen:
                message = f"services.{name}.versions.{version}: the server {quoted(address)} stands twice"
                hint = f"it is in line {seen[address]} already; give one of them more weight instead"
                findings.add(Rule.DUPLICATE, line, message, hint)
            seen.setdefault(address, line)
        if last and not regular:
            message = f"services.{name}.versions.{version}: every server is a backup"
            findings.add(Rule.CONFLICT, last, message, "at least one server without backup")


def _servers(version: Data) -> Iterator[tuple[str, int, bool]]:
    """Address as nginx compares it, line, and whether it is a backup."""
    for server, line in islice(items(version, "servers"), MOST_SERVERS):
        address = server if isinstance(server, str) else text(server, "address")
        if address is not None:
            backup = (text(server, "backup") or "").lower() in ("true", "yes", "on", "1")
            try:
                yield network.server_address(address), line, backup
            except BadValue:
                continue  # the schema has told it


def routes_once(name: str, service: Data, findings: Findings) -> None:
    """Route names differ, as variables of nginx too, and no two routes take the same requests."""
    names: dict[str, int] = {}
    taken: dict[tuple[str, str], list[tuple[frozenset[str], int]]] = {}
    for route, line in islice(items(service, "routes"), MOST_ROUTES):
        variable = (text(route, "name") or "").replace("-", "_")
        if variable and variable in names:
            message = f"services.{name}.routes: the name {quoted(text(route, 'name') or '')} stands twice"
            findings.add(Rule.DUPLICATE, line, message, f"like the one in line {names[variable]}; - and _ count as one")
        names.setdefault(variable, line)
        methods = frozenset(method for method, _ in items(route, "methods") if isinstance(method, str))
        others = taken.setdefault((text(route, "match") or "prefix", text(route, "path") or "/"), [])
        for other, other_line in others:
            if methods & other or methods == other:
                message = f"services.{name}.routes: two of them take the same requests"
                hint = f"the other is in line {other_line}; give them other paths or methods"
                findings.add(Rule.DUPLICATE, line, message, hint)
                break
        others.append((methods, line))


def probe_has_a_way(name: str, service: Data, findings: Findings) -> None:
    """That nginxgen's own requests can choose a version."""
    metrics = mapping(service, "metrics")
    ways = mapping(service, "override")
    if text(metrics, "source") == "probe" and not {"header", "cookie", "users"} & set(ways):
        line = metrics.lines["source"] if isinstance(metrics, Map) else 1
        message = f"services.{name}.metrics.source: probe needs an override that chooses a version"
        findings.add(Rule.CONFLICT, line, message, "override: {header: X-Gray-Release}, or a cookie, or users")


def words_once(name: str, service: Data, findings: Findings) -> None:
    """A value chooses one version: nginx compares without case and refuses a second one."""
    override = mapping(service, "override")
    for rule in ("header", "cookie", "users", "networks"):
        seen: dict[bytes, int] = {}
        for side in ("canary", "stable"):
            for value, line in items(mapping(override, rule), side):
                if not isinstance(value, str):
                    continue
                word = value.encode("utf-8", "replace").lower()  # ASCII only, as nginx does
                if word in seen:
                    message = f"services.{name}.override.{rule}: {quoted(value)} stands twice"
                    hint = f"the first is in line {seen[word]}; upper and lower case count as one"
                    findings.add(Rule.DUPLICATE, line, message, hint)
                seen.setdefault(word, line)
