"""Units for systemd: a timer, and the service that looks once at the rollouts of a service.

https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nginxgen.model.host import Host, Transport
from nginxgen.model.rollout import RolloutPlan
from nginxgen.model.sources import Sources

_LONGEST = 900  # seconds that one look may take, with an apply to many hosts in it
_SAFE = ("-", "_", ".", "/", ":", ",", "+", "@", "=")


@dataclass(frozen=True, slots=True)
class Unit:
    """One file of systemd."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who looks, and how: absolute paths, as a unit needs them."""

    program: str  # nginxgen itself
    inventory: str
    user: str  # whose keys and ~/.ssh/config are used


def units(plans: Sequence[RolloutPlan], caller: Caller, here: str) -> tuple[Unit, Unit]:
    """For the plans of one service. `here`: what of this machine a look has to reach, see `reaches`; "" for nothing."""
    service = plans[0].service
    name = f"nginxgen-rollout-{service}"
    return Unit(f"{name}.service", _service(service, caller, here)), Unit(f"{name}.timer", _timer(service, plans))


def reaches(plans: Sequence[RolloutPlan], sources: Sources, hosts: Sequence[Host]) -> str:
    """What runs on this machine as part of a look, and would fail behind walls: a few words, "" for nothing."""
    found = []
    if any(host.transport is not Transport.SSH for host in hosts):
        found.append("hosts that are this machine")
    if any(hook for plan in plans for hook in (plan.hooks.before, plan.hooks.after_step, plan.hooks.on_abort)):
        found.append("hooks")
    if sources.commands:
        found.append("commands for figures")
    return ", ".join(found)


def unseen(caller: Caller) -> tuple[str, ...]:
    """The files that the unit needs and, by PrivateTmp, does not see."""
    return tuple(path for path in (caller.program, caller.inventory) if path.startswith(("/tmp/", "/var/tmp/")))  # noqa: S108  (only compared with)


def _service(service: str, caller: Caller, here: str) -> str:
    words = (caller.program, "rollout", "tick", "-i", caller.inventory, "--service", service)
    lines = (
        "[Unit]",
        f"Description=Look once at the rollouts of {service}",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        f"User={caller.user}",
        f"ExecStart={' '.join(map(quoted, words))}",
        "# A look that hangs makes room for the next one; what it had begun, hosts finish or undo by themselves.",
        f"TimeoutStartSec={_LONGEST}",
        "KillSignal=SIGINT",
        *_walls(here),
    )
    return "\n".join(lines) + "\n"


def _walls(here: str) -> Iterator[str]:
    """What a look over SSH can do without."""
    if here:
        yield f"# Without ProtectSystem and the like, because this machine itself is at work in a look: {here}."
        yield "PrivateTmp=yes"
        return
    yield "# It speaks with hosts over SSH, reads keys and the inventory, and writes nothing here."
    yield from (f"{key}=yes" for key in _CLOSED)
    yield "ProtectSystem=strict"
    yield "ProtectHome=read-only"
    yield "ProtectProc=invisible"
    yield "CapabilityBoundingSet="
    yield "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX"
    yield "SystemCallArchitectures=native"
    yield "SystemCallFilter=@system-service"
    yield "SystemCallErrorNumber=EPERM"
    yield "UMask=0077"


_CLOSED = (
    "NoNewPrivileges",
    "PrivateTmp",
    "PrivateDevices",
    "ProtectClock",
    "ProtectControlGroups",
    "ProtectHostname",
    "ProtectKernelLogs",
    "ProtectKernelModules",
    "ProtectKernelTunables",
    "RestrictNamespaces",
    "RestrictRealtime",
    "RestrictSUIDSGID",
    "LockPersonality",
)


def _timer(service: str, plans: Sequence[RolloutPlan]) -> str:
    """As often as the closest watch of the plans asks; a look that is under way is not begun again by systemd."""
    every = max(1, round(min(step.watch.every for plan in plans for step in plan.steps)))
    lines = (
        "[Unit]",
        f"Description=Look at the rollouts of {service} every {every} s",
        "",
        "[Timer]",
        "OnActiveSec=1s",
        f"OnUnitActiveSec={every}s",
        "AccuracySec=1s",
        "",
        "[Install]",
        "WantedBy=timers.target",
    )
    return "\n".join(lines) + "\n"


def quoted(word: str) -> str:
    """A word of ExecStart, where % and $ stand for other things: systemd.service(5), "COMMAND LINES"."""
    escaped = word.replace("%", "%%").replace("$", "$$")
    if word and all(letter.isalnum() or letter in _SAFE for letter in word):
        return escaped
    return '"' + escaped.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
