"""How the story is told: in colour at a terminal, as plain lines in a pipe. What commands print is shown as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Left alone, rich would end the process with exit code 1, which is a bug's; whoever called us knows better."""
        raise BrokenPipeError


class Voice:
    def __init__(self, out: TextIO) -> None:
        self._console = _Console(file=out, highlight=False, soft_wrap=True)

    def title(self, number: int, text: str) -> None:
        self._line(f"\n{number}. {text}", "bold")

    def say(self, text: str) -> None:
        self._line(f"   {text}")

    def command(self, line: str) -> None:
        self._line(f"   $ {line}", "cyan")

    def output(self, text: str) -> None:
        for line in text.rstrip().splitlines():
            self._line(f"   | {line}", "dim")

    def proved(self, claim: str) -> None:
        self._line(f"   ok: {claim}", "green")

    def times(self, rows: Sequence[tuple[str, float]]) -> None:
        """A column of seconds and what took them."""
        for name, seconds in rows:
            self._line(f"   {seconds:6.2f} s  {name}")

    def kept(self, inventory: Path, web: tuple[str, int]) -> None:
        """What can be done with a fleet that stays up."""
        self._line(
            "\nThe fleet stays up. In the checkout these work at once; elsewhere, tell where it is first:", "bold"
        )
        self.command(f"export NGINXGEN_INVENTORY={inventory}")
        self.command("nginxgen status")
        self.command("nginxgen apply --weight 30")
        self.command(f"curl -H 'Host: shop.example.com' http://{web[0]}:{web[1]}/")
        self.command("nginxgen demo --stop")

    def _line(self, text: str, style: str = "") -> None:
        # What a command printed may hold characters that this terminal's encoding does not have.
        encoding = self._console.encoding
        self._console.print(Text(text.encode(encoding, "backslashreplace").decode(encoding), style))
