"""What was asked for and nginx can do only in part: said once, before it surprises somebody."""

from __future__ import annotations

from collections.abc import Iterator

from nginxgen.check.tree import Config, Node, named
from nginxgen.errors import Finding, Place, Severity
from nginxgen.model.weight import FULL, ZERO

_STICKY = "with `sticky` the version is known before a server is"


def weighted(config: Config) -> Iterator[Finding]:
    """Without `sticky` nginx picks version and server in one step, and only then is the version known: what depends on
    it holds for the whole split, or not at all.
    """
    service = config.service
    split = next((node for node in named(config.nodes, "upstream") if node.args[0].endswith(".split")), None)
    if split is None:
        return
    if service.fallback is not None:
        message = f"the timeout of fallback, {service.fallback.timeout}, holds for requests to stable too"
        yield _note("NG026", message, config, split, f"{_STICKY}, and stable keeps its own")
    if service.mirror:
        yield _note("NG026", "requests of a route that is split are not mirrored", config, split, _STICKY)
    if service.version_header:
        yield _note(
            "NG026", "the backends are not told X-Gray-Version where the weight decides", config, split, _STICKY
        )


def unknown_addresses(config: Config) -> Iterator[Finding]:
    """`$upstream_addr` tells who answered; of a server that is written by name only the host knows the address."""
    service, intent = config.service, config.intent
    if not service.version_header or intent.canary is None or not intent.canary_on:
        return
    versions = [service.version(name) for name in (intent.stable, intent.canary)]
    by_name = [one.name for one in versions if not all(server.is_literal for server in one.servers)]
    unsure = service.fallback is not None or any(ZERO < weight < FULL for weight in intent.weights.values())
    if len(by_name) > 1 and unsure and (service.fallback or not service.sticky):
        message = "clients are not always told X-Gray-Version: both versions have servers that are written by name"
        yield _note("NG027", message, config, config.server, "write the servers of one version as addresses")


def own_backups(config: Config) -> Iterator[Finding]:
    """An upstream has one rank of backups, and with `fallback` stable has it."""
    service, intent = config.service, config.intent
    if service.fallback is None or intent.canary is None or not intent.canary_on:
        return
    if any(server.backup for server in service.version(intent.canary).servers):
        message = f"with fallback the backup servers of {intent.canary} take no requests: stable is its backup"
        yield _note("NG028", message, config, config.server, None)


def runs_twice(config: Config) -> Iterator[Finding]:
    """A POST that is sent again may be carried out twice."""
    if config.service.fallback is not None and config.service.fallback.retry_unsafe:
        message = "retry_unsafe: POST, PATCH and LOCK may run twice"
        yield _note(
            "NG029", message, config, config.server, "only where the backends recognise a request that comes again"
        )


def _note(rule: str, message: str, config: Config, node: Node, hint: str | None) -> Finding:
    where = Place(config.file, node.line)
    return Finding(rule, f"service {config.service.name}: {message}", where, hint, Severity.NOTE)
