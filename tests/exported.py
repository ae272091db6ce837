"""What the tests of exports share: plans, and which metrics an expression asks for."""

from __future__ import annotations

import re
from dataclasses import replace

from nginxgen.model.metric_names import ALL
from nginxgen.model.rollout import WATCHES, Hooks, RolloutPlan, Step, Watch
from nginxgen.model.weight import Weight

KNOWN = {one.name: set(one.labels) for one in ALL}
OFTEN = Watch("often", 10.0, 7.0, 10.0)


def plans(service: str = "shop", *groups: str, hooks: Hooks | None = None) -> tuple[RolloutPlan, ...]:
    """One step is looked at every 7 s, another every 60 s."""
    steps = (Step(Weight(1000), 600.0, watch=OFTEN), Step(Weight(10000), 600.0, watch=WATCHES["standard"]))
    made = RolloutPlan(service, "", ("default",), steps, hooks=hooks or Hooks())
    return tuple(replace(made, group=group) for group in groups or ("",))


def unknown(expression: str) -> list[str]:
    """Metrics and labels that nobody serves. An expression that asks for nothing is one, too."""
    asked = re.findall(r"\b(nginxgen_\w+)\{([^}]*)\}", expression)
    labels = [(name, label) for name, words in asked for label in re.findall(r"(\w+)=~?\"", words)]
    wrong = [f"{name} {label}" for name, label in labels if label not in KNOWN.get(name, ())]
    bare = [name for name in re.findall(r"nginxgen_\w+", expression) if name not in {one for one, _ in asked}]
    return [*wrong, *bare, *([] if "nginxgen_" in expression else [expression])]
