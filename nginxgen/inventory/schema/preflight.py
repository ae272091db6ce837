"""`preflight:` commands of the user's own on the checklist before a rollout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from nginxgen.inventory.findings import quoted
from nginxgen.inventory.schema.base import Keys, at_most
from nginxgen.inventory.schema.metrics import Patience
from nginxgen.inventory.words import names
from nginxgen.inventory.words.bad import BadValue
from nginxgen.model.preflight import Level

_MOST_WORDS = 100  # of a command
_MOST_CHECKS = 100


class CheckKeys(Keys):
    name: Annotated[str, AfterValidator(names.check)] = Field(description="what it is called in the table")
    command: Annotated[tuple[str, ...], at_most(_MOST_WORDS)] = Field(
        min_length=1, description="a program and its arguments, run where nginxgen runs: [./check-quota, shop]"
    )
    severity: Level = Field(default=Level.CRITICAL, description="critical or advisory; critical")
    timeout: Patience = Field(default="30s", description="how long it may take; 30s")


def _distinct(checks: Sequence[CheckKeys]) -> Sequence[CheckKeys]:
    seen = set[str]()
    for index, one in enumerate(checks):
        if one.name in seen:
            message = f"the name {quoted(one.name)} stands twice"
            raise BadValue(message, "each once", {index: message})
        seen.add(one.name)
    return checks


Checks = Annotated[tuple[CheckKeys, ...], at_most(_MOST_CHECKS), AfterValidator(_distinct)]
