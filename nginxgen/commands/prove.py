"""prove"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nginxgen.commands.options import (
    inventory_option,
    json_option,
    load_inventory,
    request,
    templates_option,
    weight_options,
)
from nginxgen.commands.output import complain, emit, emit_json, table
from nginxgen.errors import Exit
from nginxgen.plan.words import counted

if TYPE_CHECKING:
    from nginxgen.workflow.prove import Proved


@click.command("prove")
@click.argument("only", nargs=-1, metavar="[SERVICE]...")
@inventory_option
@weight_options
@templates_option
@json_option
def command(
    *,
    only: tuple[str, ...],
    inventory: str | None,
    weight: str | None,
    services: tuple[str, ...],
    routes: tuple[str, ...],
    templates: Path | None,
    as_json: bool,
) -> None:
    """Try the config by requests, in a private nginx on this machine.

    Stubs stand in for the backends; no host is asked. Every rule, version, route, share and fallback is looked at, at
    the weight given or else at 0, 10 and 100 percent. Leaves with 2 where something is not as it should be.
    """
    from nginxgen.workflow import explain, prove

    asked = request(weight, services, routes)
    known = load_inventory(inventory)
    for name in only:
        explain.chosen(known.services, name)
    done = prove.prove_request(known.hosts(())[0], known.services, asked, templates, only)
    if as_json:
        emit_json(_document(done))
    else:
        emit(_text(done))
        complain(_summary(done))
    if not done.holds:
        click.get_current_context().exit(Exit.INPUT)


def _document(done: Proved) -> dict[str, Any]:
    return {
        "ok": done.holds,
        "nginx": done.nginx,
        "requests": done.requests,
        "claims": [{"setting": one.says, **proof.to_json()} for one in done.tables for proof in one.proofs],
    }


def _text(done: Proved) -> str:
    rows = [("setting", "service", "requests", "outcome", "claim")]
    for one in done.tables:
        for proof in one.proofs:
            rows.append((one.says, proof.service, str(proof.requests), str(proof.outcome), proof.says))
            rows += [("", "", "", "", f"  {line}") for line in proof.found]
    return table(rows)


def _summary(done: Proved) -> str:
    outcomes = [str(proof.outcome) for one in done.tables for proof in one.proofs]
    told = ", ".join(f"{outcomes.count(word)} {word}" for word in ("proved", "failed", "not tried") if word in outcomes)
    return f"{counted(len(outcomes), 'claim')}: {told}; {counted(done.requests, 'request')} to {done.nginx}"
