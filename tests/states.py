"""What hosts say of themselves, for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import makers

from nginxgen.model.intent import Intent
from nginxgen.model.plan import Change, Expected
from nginxgen.model.release import File, Release
from nginxgen.model.state import HostState
from nginxgen.render import render

SHOP = makers.service("shop", override=makers.BOTH)
NOWHERE = HostState(None, None, None, None)


def release(*services: Any, weight: Any = "10", on: bool = True, bind: str | None = None) -> Release:
    services = services or (SHOP,)
    return render(services, makers.intent(services, weight, on), makers.host(bind=bind))


def serving(one: Release, **fields: Any) -> HostState:
    """The state of a host on which this release was applied."""
    twin = one.emergency.id if one.emergency else None
    kept = tuple(filter(None, (one.id, twin)))
    given: dict[str, Any] = {"intent": one.intent, "emergency": twin, "releases": kept}
    return HostState(**({"live": one.id, "running": one.id, "previous": None} | given | fields))


def given(intent: Intent | None) -> HostState:
    """A host on which this intent is live, whatever the release."""
    return HostState("aaaaaaaaaaaa", "aaaaaaaaaaaa", None, intent)


def edited(one: Release, name: str, text: str) -> tuple[File, ...]:
    """The release's files after somebody has edited one of them on the host."""
    return tuple(replace(file, text=text) if file.name == name else file for file in one.files)


def change(host: str, state: HostState, one: Release) -> Change:
    return Change(host, Expected(state.live, state.running), one.id, one)
