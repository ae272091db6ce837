"""Rollouts on a real fleet: clients that keep asking, a canary that can be made to fail, and time that runs faster."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from cli_tools import Cli

from nginxgen.demo import backends, traffic
from nginxgen.demo.lab import Lab
from nginxgen.demo.layout import BackendLayout

_CONFIG = backends._config


@contextmanager
def clients(lab: Lab, *requests: traffic.Request) -> Iterator[None]:
    """These requests again and again, through every host, until the block ends."""
    over = threading.Event()
    targets = [host.web for host in lab.hosts]
    round_ = requests * max(1, 60 // len(requests))

    def ask() -> None:
        while not over.wait(0.02):
            traffic.send_each(targets, round_, concurrency=2)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def answering(lab: Lab, version: str, line: str) -> Iterator[None]:
    """Within the block the servers of a version answer with this line of nginx: `return 500;`."""

    def bad(backend: BackendLayout) -> str:
        return _CONFIG(backend).replace("return 200", f"{line}\n return 200")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backends, "_config", bad)
        _restart(lab, version)
    try:
        yield
    finally:
        _restart(lab, version)


def _restart(lab: Lab, version: str) -> None:
    for backend in lab.pool(version):
        backend.stop()
        backend.start()


def standing(cli: Cli, *words: str) -> Mapping[str, Any]:
    """The first rollout, as status has it."""
    found: Mapping[str, Any] = cli.json("rollout", "status", *words)["rollouts"][0]
    return found
