"""What a user's server_extra can do to the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nginxgen.check.directives import KNOWN
from nginxgen.check.tree import Config, Node, walk
from nginxgen.errors import Finding, Place, Severity
from nginxgen.model.host import Host
from nginxgen.model.nearest import nearest
from nginxgen.model.service import Source

_ONCE = frozenset(
    {"proxy_http_version", "root", "real_ip_header", "real_ip_recursive", "request_pool_size", "keepalive_min_timeout"}
)
_SSL_ONCE = re.compile(r"(?:proxy|grpc)_ssl_(?:server_)?name")
_CODE = re.compile(r".*_by_lua(?:_block|_file)?|js_\w+|perl(?:_\w+)?|load_module")
_HTTP_5XX = re.compile(r"http_5\d\d")
_CAPTURE = re.compile(r"\$[1-9]")


def unknown_directive(config: Config) -> Iterator[Finding]:
    """A misspelt directive passes crossplane and is fatal for the whole host."""
    for node in _outside_rows(config.extra):
        if node.name in KNOWN or _CODE.fullmatch(node.name):
            continue
        meant = nearest(node.name, KNOWN)
        yield Finding(
            "NG008",
            f'"{node.name[:60]}" is no directive of nginx\'s own modules',
            Place(config.file, node.line),
            hint=f'did you mean "{meant}"?' if meant else "it works only where the host's nginx has its module",
            severity=Severity.ERROR if meant else Severity.WARNING,
        )


def repeated(config: Config) -> Iterator[Finding]:
    """A directive that may stand once is fatal when it comes again; a header that is set twice is sent twice."""
    extra = set(config.extra)
    own = [node for node in config.server.block or () if node not in extra]
    taken = {_what(node): node for node in own if _what(node)}
    for node in config.extra:
        if (what := _what(node)) in taken:
            yield Finding(
                "NG009",
                f"{what} is already set, at line {taken[what].line}",
                Place(config.file, node.line),
                hint="take it out of server_extra; to change it, overlay the template with --templates",
            )


def foreign_code(config: Config) -> Iterator[Finding]:
    """Code in a config, and logs whose name comes from a request, are doors that review should see."""
    for node in walk(config.extra):
        if _CODE.fullmatch(node.name):
            yield _warn("NG012", f"{node.name} runs code in nginx", config, node)
        elif node.name == "access_log" and "$" in node.args[0]:
            yield _warn("NG012", "the name of this log comes from a variable", config, node)


def poisoning_retry(config: Config) -> Iterator[Finding]:
    """With 5xx in proxy_next_upstream one buggy URL, asked twice, takes every server out for ten seconds, unless
    their max_fails is 0.
    """
    servers = [server for version in config.service.versions for server in version.servers]
    if all(server.max_fails == 0 for server in servers):
        return
    for node in walk(config.extra):
        if node.name == "proxy_next_upstream" and any(map(_HTTP_5XX.fullmatch, node.args)):
            yield _warn("NG013", "answers of 5xx count as failures of a server here", config, node)


def silenced_metrics(configs: Sequence[Config], host: Host) -> Iterator[Finding]:
    """A server's own `access_log` replaces the metrics log: monitor and gates would see no request of the service."""
    for config in configs:
        logs = [node for node in config.extra if node.name == "access_log" and node.args]
        off = next((node for node in logs if node.args[0] == "off"), None)  # it ends the logs beside it, too
        kept = any(node.args[0].endswith("/nginxgen-metrics.log") for node in logs)
        if config.service.metrics.log and logs and (off or not kept):
            yield Finding(
                "NG030",
                "no request of this service gets into the metrics log",
                Place(config.file, (off or logs[0]).line),
                hint=f"{'instead' if off else 'beside it'}: access_log {host.log_dir}/nginxgen-metrics.log nginxgen "
                "buffer=64k flush=1s if=$nginxgen_log; or metrics: off",
                severity=Severity.WARNING,
            )


def captures(config: Config) -> Iterator[Finding]:
    """A regex in a map, which a cookie name with a sign needs, empties $1 to $9 of the location."""
    signed = [name for name in _cookies(config) if not name.replace("_", "").isalnum()]
    for node in walk(config.extra) if signed else ():
        if any(map(_CAPTURE.search, node.args)):
            yield _warn("NG014", f"$1 to $9 are empty once cookie {signed[0]} was looked at", config, node)


def _cookies(config: Config) -> Iterator[str]:
    """The cookies that decide."""
    override = config.service.override
    for rule in (override.cookie, override.users, config.service.sticky):
        if rule is not None and rule.source is Source.COOKIE:
            yield rule.name


def _outside_rows(nodes: tuple[Node, ...]) -> Iterator[Node]:
    """Directives, without the rows of `types` blocks, whose first words are values."""
    for node in nodes:
        yield node
        if node.block and node.name != "types":
            yield from _outside_rows(node.block)


def _what(node: Node) -> str:
    if node.name in _ONCE or _SSL_ONCE.fullmatch(node.name):
        return node.name
    if node.name in ("proxy_set_header", "grpc_set_header", "add_header") and node.args:
        return f"{node.name} {node.args[0].title()}"
    return ""


def _warn(rule: str, message: str, config: Config, node: Node) -> Finding:
    return Finding(rule, message, Place(config.file, node.line), severity=Severity.WARNING)
