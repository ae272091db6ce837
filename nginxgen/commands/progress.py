"""What a person sees while hosts are at work: a live line a host at a terminal, a line a step in a pipe with -v."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from nginxgen.commands.output import complain
from nginxgen.model.progress import Event, Mark

if TYPE_CHECKING:
    from rich.live import Live

_LINES = 16  # hosts shown at once; more would scroll


class Watch(Protocol):
    def __call__(self, event: Event) -> None:
        """As a model.progress.Listener; called from any thread."""

    def pause(self) -> None:
        """Clear the screen for a question. The next event brings the lines back."""


class Silent:
    def __call__(self, event: Event) -> None: ...

    def pause(self) -> None: ...


class Lines:
    """A line for each step that ended."""

    def __call__(self, event: Event) -> None:
        if event.mark is not Mark.STARTED:
            tail = f": {event.message}" if event.message else ""
            complain(f"{event.host}  {event.phase} {event.mark}{tail}")

    def pause(self) -> None: ...


class LiveLines:
    """A line a host that changes in place and is gone at the end: what stays is the result."""

    def __init__(self) -> None:
        self._last: dict[str, Event] = {}
        self._live: Live | None = None
        self._busy = threading.Lock()

    def __call__(self, event: Event) -> None:
        with self._busy:
            self._last[event.host] = event
            if self._live is None:
                self._live = self._begin()
            self._live.update(self._text())

    def pause(self) -> None:
        with self._busy:
            if self._live is not None:
                self._live.stop()
                self._live = None

    def _begin(self) -> Live:
        from rich.console import Console
        from rich.live import Live

        live = Live(console=Console(stderr=True, highlight=False, markup=False), transient=True, refresh_per_second=10)
        live.start()
        return live

    def _text(self) -> str:
        at_work = [event for event in self._last.values() if event.mark is not Mark.DONE] or list(self._last.values())
        width = max(len(event.host) for event in at_work)
        lines = [f"{event.host.ljust(width)}  {event.phase} {_word(event)}" for event in at_work[:_LINES]]
        if len(at_work) > _LINES:
            lines.append(f"... and {len(at_work) - _LINES} more hosts")
        return "\n".join(lines)


def _word(event: Event) -> str:
    return "..." if event.mark is Mark.STARTED else str(event.mark)


@contextmanager
def watching(*, verbose: bool) -> Iterator[Watch]:
    """The watch that fits where stderr goes."""
    watch: Watch = Silent()
    if verbose:
        watch = Lines()
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        watch = LiveLines()
    try:
        yield watch
    finally:
        watch.pause()
