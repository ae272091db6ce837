"""revert: every host back to the release that was live before, or to one that is named. Nothing is rendered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from nginxgen.errors import InputError, Refused
from nginxgen.model.intent import Intent
from nginxgen.model.plan import Action, Change, HostPlan
from nginxgen.model.release import MANIFEST, File
from nginxgen.model.state import HostState
from nginxgen.plan import revert as returning
from nginxgen.ports import Note
from nginxgen.workflow.carry import Applied, carried_out
from nginxgen.workflow.scope import Scope, Work

Confirm = Callable[[tuple[HostPlan, ...]], bool]
_JOURNAL = 1000  # entries a host is asked for, to find the change that brought a release


def revert(scope: Scope, to: str | None, note: Note, confirm: Confirm, *, force: bool = False) -> Applied:
    """Raises Refused where a host has nothing to go back to, or the hosts would not end up with one intent."""
    with scope.work() as work:
        states = work.observe()
        returns = returning.previous(states) if to is None else _named(work, states, to)
        hosts = returning.revert(states, returns, force=force)
        changes = tuple(Change(host.host, host.expected, host.release) for host in hosts if _moves(host))
        if changes and not confirm(hosts):
            raise Refused("not confirmed: nothing was changed")
        return Applied(hosts, carried_out(work, hosts, changes, note, one_wave=True))


def _moves(host: HostPlan) -> bool:
    return host.action is not Action.NONE


def _named(work: Work, states: Mapping[str, HostState], to: str) -> tuple[returning.Return, ...]:
    journals = work.sessions.journal(_JOURNAL)
    work.all_or_refuse()
    wanted = returning.find(to, states, journals)
    files = work.sessions.read(wanted)
    work.all_or_refuse()
    return tuple(returning.Return(host, release, _intent(files[host])) for host, release in wanted.items())


def _intent(files: tuple[File, ...]) -> Intent | None:
    try:
        manifest = next(file.text for file in files if file.name == MANIFEST)
        return Intent.from_json(json.loads(manifest)["services"])
    except (StopIteration, ValueError, KeyError, TypeError, AttributeError, RecursionError, InputError):
        return None
