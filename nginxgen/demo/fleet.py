"""The fleets of `nginxgen demo`: a private one that ends with the story, or one that stays up at a known place."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from nginxgen.demo import processes
from nginxgen.demo.lab import Lab
from nginxgen.demo.layout import Layout
from nginxgen.errors import Refused

ROOT = Path("/tmp/nginxgen-demo")  # absolute, and the same for every checkout: inventory/demo.yml names it


def kept_layout() -> Layout:
    """What inventory/demo.yml describes. (Debian gives 127.0.1.1 to the machine's own name: it answers everywhere.)"""
    return Layout(ROOT, "127.0.1")


@contextmanager
def fleet(*, keep: bool) -> Iterator[Lab]:
    """A fleet for one story. It ends with the block, unless it is to be kept and the block ended well."""
    with _signals_as_interrupt():
        lab = _start_kept() if keep else Lab.start()
        kept = False
        try:
            yield lab
            kept = keep
        finally:
            if not kept:
                with _deaf():
                    lab.stop()


def stop_kept() -> bool:
    """End a kept fleet and remove its directory; False when there is none. Raises Refused for another user's."""
    if not ROOT.exists():
        return False
    _require_ours()
    with _deaf():
        processes.end(processes.belonging(ROOT))
        processes.kill_all(ROOT)
        shutil.rmtree(ROOT, ignore_errors=True)
    return True


def _start_kept() -> Lab:
    if ROOT.exists():
        _require_ours()
        if processes.belonging(ROOT):
            raise Refused(f"a demo fleet is up already, in {ROOT}", hint="end it with: nginxgen demo --stop")
        shutil.rmtree(ROOT)  # what a killed demo left
    with suppress(FileExistsError):
        ROOT.mkdir(mode=0o711)
    _require_ours()
    lab = Lab(kept_layout(), tied=False)
    lab.up({})
    return lab


def _require_ours() -> None:
    """/tmp is everybody's: a directory or link that somebody else put there is not followed."""
    if ROOT.is_symlink() or not ROOT.is_dir() or ROOT.stat().st_uid != os.geteuid():
        raise Refused(f"{ROOT} is not a directory of yours", hint="another user's demo? end it as that user")


@contextmanager
def _signals_as_interrupt() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind the stack as Ctrl-C does, so that the fleet ends with us."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _deaf() -> Iterator[None]:
    """An impatient second Ctrl-C does not leave half a fleet behind: this takes well under a second."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
