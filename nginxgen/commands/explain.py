"""explain"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from nginxgen.commands.options import host_option, inventory_option, json_option, load_inventory, verbose_option
from nginxgen.commands.output import emit, emit_json
from nginxgen.commands.progress import watching
from nginxgen.errors import InputError
from nginxgen.model.weight import Weight
from nginxgen.plan.words import listed, visible

if TYPE_CHECKING:
    from nginxgen.explain import Request
    from nginxgen.model.service import Service
    from nginxgen.workflow.explain import Explained


@dataclass(frozen=True, slots=True)
class Words:
    """The request, as the command line has it."""

    path: str
    method: str
    query: tuple[str, ...]
    headers: tuple[str, ...]
    cookies: tuple[str, ...]
    user: str | None
    address: str


@click.command("explain")
@click.argument("service", required=False)
@inventory_option
@host_option
@click.option("-s", "--service", "named", multiple=True, metavar="NAME", help="The same as SERVICE; one at a time.")
@click.option("-w", "--weight", metavar="PERCENT", help="As if this were the weight; no host is asked.")
@click.option("--path", default="/", metavar="PATH", show_default=True, help="As it is sent, %2e and ?query and all.")
@click.option("--method", default="GET", metavar="METHOD", show_default=True, help="The method of the request.")
@click.option("--query", multiple=True, metavar="NAME=VALUE", help="A query argument; repeatable.")
@click.option("--header", "headers", multiple=True, metavar="NAME: VALUE", help="A header; repeatable.")
@click.option("--cookie", "cookies", multiple=True, metavar="NAME=VALUE", help="A cookie; repeatable.")
@click.option("--user", metavar="ID", help="The id, put where the service reads its users, else where sticky reads.")
@click.option("--address", default="", metavar="IP", help="Whose connection it is.")
@json_option
@verbose_option
def command(
    *,
    service: str | None,
    named: tuple[str, ...],
    inventory: str | None,
    hosts: tuple[str, ...],
    weight: str | None,
    as_json: bool,
    verbose: bool,
    **words: object,
) -> None:
    """Say which version a request gets, and which rule decides.

    By the weights that the hosts serve now, or by --weight, with which no host is asked. The rules are those of the
    inventory. Regular expressions are read as Python reads them.
    """
    from nginxgen.workflow import explain

    asked_for = list(dict.fromkeys([*filter(None, [service]), *named]))
    if len(asked_for) > 1:  # each has routes and rules of its own
        raise InputError(f"one service at a time, not {listed(asked_for)}", hint="ask for each by itself")
    known = load_inventory(inventory)
    chosen = explain.chosen(known.services, asked_for[0] if asked_for else None)
    asked = _request(chosen, Words(**words))  # type: ignore[arg-type]  # click hands over exactly the options declared above
    if weight is not None:
        if hosts:
            raise InputError("--host does not go with --weight: no host is asked", hint="leave one out")
        found = explain.by_weight(chosen, Weight.parse(weight), asked)
    else:
        from nginxgen.workflow.scope import Scope

        with watching(verbose=verbose) as listener:
            found = explain.by_hosts(chosen, Scope(known.hosts(hosts), listener=listener), asked)
    if as_json:
        emit_json({"service": found.service, "basis": found.basis, **found.explanation.to_json()})
    else:
        emit(_text(found))


def _request(service: Service, words: Words) -> Request:
    """Raises InputError where HTTP does not have such a request."""
    from nginxgen.explain import Request
    from nginxgen.workflow.explain import as_user

    path, _, behind = words.path.partition("?")
    request = Request(
        method=words.method,
        path=path,
        query="&".join(filter(None, (behind, *words.query))),
        headers=tuple(_pair("--header", text, ":") for text in words.headers),
        cookies=tuple(_pair("--cookie", text, "=") for text in words.cookies),
        address=words.address,
    )
    return (request if words.user is None else as_user(service, request, words.user)).checked()


def _pair(option: str, text: str, sign: str) -> tuple[str, str]:
    name, found, value = text.partition(sign)
    if not found or not name:
        raise InputError(f"{option} {text!r} has no {sign!r}", hint=f"{option} 'NAME{sign}VALUE'")
    return name, value.lstrip(" ") if sign == ":" else value


def _text(found: Explained) -> str:
    told = found.explanation
    shares = ", ".join(f"{weight} % {version}" for version, weight in told.shares.items())
    answer = told.version or (f"{told.status}, from nginx itself" if told.status else shares)
    lines = [f"{found.service}: {answer} (decided by: {told.rule}; {found.basis})"]
    lines += [f"  {reason}" for reason in told.reasons]
    if told.upstream:
        lines.append(f"  upstream {told.upstream}")
    if told.bucket:
        lines.append(f"  bucket {told.bucket.percent:.4f} of 100, the hash {told.bucket.hash} of {told.bucket.key}")
    return "".join(f"{visible(line)}\n" for line in lines)
