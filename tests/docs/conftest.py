"""A private fleet for the commands that the pages show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from nginxgen.demo.lab import Lab
from nginxgen.errors import Refused


@pytest.fixture(scope="session")
def _fleet() -> Iterator[Lab]:
    with ExitStack() as stack:
        try:
            lab = stack.enter_context(Lab.start(hosts=3))
        except Refused as refused:
            pytest.fail(f"the pages need a private fleet: {refused.message}; {refused.hint}", pytrace=False)
        yield lab


@pytest.fixture
def lab(_fleet: Lab) -> Lab:
    """Three hosts, as new, and a backend of each of two versions."""
    _fleet.reset()
    return _fleet
