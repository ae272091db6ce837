"""Why a change was made, for the journals, where the person who made it did not say."""

from __future__ import annotations

from collections.abc import Sequence

from nginxgen.model.plan import Action, HostPlan
from nginxgen.plan.summary import FIRST_TIME, NO_WORDS

LONGEST = 200  # characters: a line of `history`
_ASIDE = (FIRST_TIME, NO_WORDS)  # said only where there is nothing else to say


def why(hosts: Sequence[HostPlan]) -> str:
    """What changes, in the plan's own words: `shop/default: weight 0 -> 10; shop: canary v2 is new`."""
    told = dict.fromkeys(sentence for host in hosts if host.action is not Action.NONE for sentence in host.summary)
    text = "; ".join([sentence for sentence in told if sentence not in _ASIDE] or told)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
