"""What a step of the story may do: type a command, send requests, and claim only what it has checked."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nginxgen.demo import shell, traffic
from nginxgen.demo.lab import Lab
from nginxgen.demo.voice import Voice
from nginxgen.errors import Exit, NginxgenError


class Disproved(NginxgenError):
    """Something that the demo says of nginxgen is not so: a bug, in nginxgen or in the demo."""

    exit = Exit.BUG


@dataclass(frozen=True, slots=True)
class Fleet:
    """What the hosts have, as `status` tells it."""

    live: tuple[str, ...]  # the release that each host would boot
    running: tuple[str, ...]  # and the one it runs
    weights: frozenset[float]  # of the shop, over all hosts


@dataclass(slots=True)
class Stage:
    """The fleet, its inventory, and what was found so far."""

    lab: Lab
    inventory: Path
    voice: Voice
    proved: list[str] = field(default_factory=list)
    commands: list[tuple[str, float]] = field(default_factory=list)  # as shown, and their seconds

    def run(self, *words: str, exits: tuple[int, ...] = (0,), inventory: Path | None = None) -> None:
        """Show a command and what it prints. Raises Disproved when it ends otherwise than it should."""
        path = inventory or self.inventory
        shown = [*words] if inventory is None else ["-i", str(path), *words]
        line = shlex.join(["nginxgen", *shown])
        self.voice.command(line)
        done = shell.nginxgen(path, *words, together=True)
        self.commands.append((line, done.seconds))
        self.voice.output(done.stdout)
        if done.exit not in exits:
            raise Disproved(f"{line}: exit code {done.exit}, not {' or '.join(str(int(code)) for code in exits)}")
        self.voice.say(f"(exit code {done.exit}, {done.seconds:.2f} s)")

    def ask(self, *words: str) -> Mapping[str, Any]:
        """The JSON of a command, unseen. Raises Disproved when there is none."""
        done = shell.nginxgen(self.inventory, *words, "--json")
        try:
            return done.json()
        except ValueError:
            raise Disproved(f"{done.line} --json printed no JSON", hint=done.stderr.strip() or None) from None

    def claim(self, sentence: str, *, holds: bool, found: object) -> None:
        """Say it if it holds. Raises Disproved with what was found instead."""
        if not holds:
            raise Disproved(f"this should be so, and is not: {sentence}", hint=f"found: {found}")
        self.proved.append(sentence)
        self.voice.proved(sentence)

    def count(self, requests: int, **cookies: str) -> Counter[str]:
        """Requests spread evenly over all hosts, by the version that answered; failures by their reason."""
        request = traffic.Request("shop.example.com", cookies=cookies)
        return traffic.count([host.web for host in self.lab.hosts], request, requests)

    def workers(self) -> tuple[tuple[int, ...], ...]:
        return tuple(host.workers() for host in self.lab.hosts)

    def fleet(self) -> Fleet:
        """What every host says it has, through `nginxgen status`."""
        hosts = self.ask("status")["hosts"]
        weights = {weight for host in hosts for weight in host["services"].get("shop", {}).get("weights", {}).values()}
        return Fleet(
            tuple(host["live"] for host in hosts), tuple(host["running"] for host in hosts), frozenset(weights)
        )
