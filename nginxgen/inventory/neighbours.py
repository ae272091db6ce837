"""What must hold between services, which share the host's nginx."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from nginxgen.inventory.document import Data, entries, items
from nginxgen.inventory.findings import Findings, Rule, quoted
from nginxgen.inventory.limits import MOST_LISTENS, MOST_SERVER_NAMES
from nginxgen.inventory.words import listen, network
from nginxgen.inventory.words.bad import BadValue
from nginxgen.inventory.words.listen import Listen


def check_neighbours(services: Data, findings: Findings) -> None:
    """The rules between services."""
    names_differ(services, findings)
    requests_have_one_service(services, findings)
    sockets_are_set_up_once(services, findings)


def names_differ(services: Data, findings: Findings) -> None:
    """Names of nginx's variables have no dash."""
    seen: dict[str, tuple[str, int]] = {}
    for name, _, line in entries(services):
        variable = name.replace("-", "_")
        if variable in seen:
            other, other_line = seen[variable]
            message = f"services.{name}: has the same name for nginx as {quoted(other)}"
            findings.add(Rule.DUPLICATE, line, message, f"- and _ count as one; the other is in line {other_line}")
        seen.setdefault(variable, (name, line))


def requests_have_one_service(services: Data, findings: Findings) -> None:
    """The same listen and server name on two services: nginx would warn, and serve the first only."""
    seen: dict[tuple[str, str], tuple[str, int]] = {}
    for name, service, _ in entries(services):
        sockets = [socket for socket, _ in _listens(service)]
        for server_name, line in _server_names(service):
            for socket in sockets:
                other, other_line = seen.setdefault((socket.key, server_name), (name, line))
                if (other, other_line) != (name, line):
                    message = (
                        f"services.{name}: {quoted(server_name)} on {socket.address} is also that of services.{other}"
                    )
                    findings.add(Rule.DUPLICATE, line, message, f"see line {other_line}; each name on one service")
                    break


def sockets_are_set_up_once(services: Data, findings: Findings) -> None:
    """One listen for an address in a service, and its options in one service: nginx refuses a second time."""
    options: dict[tuple[str, str], int] = {}
    for name, service, _ in entries(services):
        seen: dict[str, int] = {}
        for socket, line in _listens(service):
            if socket.key in seen:
                message = f"services.{name}.listen: {socket.address} stands twice"
                findings.add(Rule.DUPLICATE, line, message, f"the first is in line {seen[socket.key]}")
            seen.setdefault(socket.key, line)
            for option in socket.once:
                first = options.setdefault((socket.key, option), line)
                if first != line:
                    message = f"services.{name}.listen: {option} of {socket.address} is given twice"
                    hint = f"nginx takes it once for an address; it is in line {first}"
                    findings.add(Rule.CONFLICT, line, message, hint)


def _listens(service: Data) -> Iterator[tuple[Listen, int]]:
    for value, line in islice(items(service, "listen"), MOST_LISTENS):
        try:
            if isinstance(value, str):
                yield listen.parse(value), line
        except BadValue:
            continue  # the schema has told it


def _server_names(service: Data) -> Iterator[tuple[str, int]]:
    for value, line in islice(items(service, "server_names"), MOST_SERVER_NAMES):
        try:
            if isinstance(value, str):
                yield network.server_name(value), line
        except BadValue:
            continue  # the schema has told it
