"""Rollouts for people who do not want to think about them, as they would have written them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Preset(StrEnum):
    CAUTIOUS = "cautious"
    STANDARD = "standard"
    BLUE_GREEN = "blue-green"


@dataclass(frozen=True, slots=True)
class PresetStep:
    """Weight in percent and bake as written."""

    weight: str
    bake: str
    watch: str = "standard"
    approval: bool = False


# Against stable now, not against a number that somebody would have to know.
GATES = {"error_rate": "<= stable + 0.5pp", "p95": "<= stable + 20%"}
ROLLBACK = {"error_rate": "> 10%", "availability": "< 99%"}
STEPS = {
    Preset.CAUTIOUS: (
        PresetStep("1", "24h", approval=True),
        PresetStep("5", "24h"),
        PresetStep("10", "24h"),
        PresetStep("25", "24h"),
        PresetStep("50", "24h", "enhanced"),
        PresetStep("100", "24h", "critical", approval=True),
    ),
    Preset.STANDARD: (
        PresetStep("1", "1h"),
        PresetStep("10", "1h"),
        PresetStep("25", "1h"),
        PresetStep("50", "1h", "enhanced"),
        PresetStep("100", "1h", "critical"),
    ),
    Preset.BLUE_GREEN: (PresetStep("100", "30m", "critical"),),
}
