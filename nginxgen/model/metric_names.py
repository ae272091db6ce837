"""The metrics of a rollout, by name: `rollout run --listen` serves them, dashboards and alert rules ask for them.

All are gauges, and none is there without a number: no latency without a request, no share without a weight. What is
seen of a version is seen since the step began, so that a new step starts from nothing; it can shrink while a host is
away, which a counter must not. https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from nginxgen.model.reading import GateReading

ROLLOUT = ("service", "group")  # group "": all routes of the service
_VERSION = (*ROLLOUT, "version", "role")  # role: a Role; version: its name in the inventory
_GATE = (*ROLLOUT, "metric", "gate")  # gate: gate_label()


class Role(StrEnum):
    CANARY = "canary"
    STABLE = "stable"


@dataclass(frozen=True, slots=True)
class Series:
    """A metric: its name with its unit, its labels, and a line for people."""

    name: str
    labels: tuple[str, ...]
    help: str


PHASE = Series("nginxgen_rollout_phase", (*ROLLOUT, "phase"), "1 for how the rollout stands, 0 for the others.")
STEP = Series("nginxgen_rollout_step", ROLLOUT, "The step that is served, from 1; 0 before the first.")
STEPS = Series("nginxgen_rollout_steps", ROLLOUT, "How many steps the plan has.")
STEP_STARTED = Series("nginxgen_rollout_step_started_timestamp_seconds", ROLLOUT, "Since when the step is served.")
STEP_BAKE = Series("nginxgen_rollout_step_bake_seconds", ROLLOUT, "How long the step is served at least.")
WEIGHT = Series("nginxgen_rollout_weight_percent", ROLLOUT, "The share that was asked for the canary.")
SHARE = Series("nginxgen_rollout_share_percent", ROLLOUT, "The share that the canary got of what the weight decided.")
LOOKED_AT = Series("nginxgen_rollout_looked_at_timestamp_seconds", ROLLOUT, "When the fleet was last looked at.")
HOSTS = Series("nginxgen_rollout_hosts", ROLLOUT, "How many hosts answered at the last look.")
UNREAD = Series("nginxgen_rollout_unread", ROLLOUT, "What could not be read at the last look: hosts that are away.")

REQUESTS = Series("nginxgen_requests", _VERSION, "Requests since the step began.")
ERRORS = Series("nginxgen_error_ratio", _VERSION, "Requests that this version failed, 0 to 1.")
SERVER_ERRORS = Series("nginxgen_server_error_ratio", _VERSION, "Requests whose client saw a 5xx, 0 to 1.")
TIMEOUTS = Series("nginxgen_timeout_ratio", _VERSION, "Requests that this version let time out, 0 to 1.")
FALLBACKS = Series("nginxgen_fallback_ratio", _VERSION, "Requests that another version had to answer, 0 to 1.")
LATENCY = Series("nginxgen_latency_seconds", (*_VERSION, "percentile"), "Request time: p50, p95, p99, max.")
LATENCY_MEAN = Series("nginxgen_latency_mean_seconds", _VERSION, "Mean of the request time.")

GATE_STATE = Series("nginxgen_gate_state", (*_GATE, "state"), "1 for what the gate says, 0 for the others.")
GATE_VALUE = Series("nginxgen_gate_value", _GATE, "What the gate sees of the canary, in seconds or 0 to 1.")
GATE_LIMIT = Series("nginxgen_gate_limit", _GATE, "Where the gate ends.")
GATE_ATTENTION = Series("nginxgen_gate_attention", _GATE, "1 where the gate's attention level is passed for certain.")

ALL = (
    *(PHASE, STEP, STEPS, STEP_STARTED, STEP_BAKE, WEIGHT, SHARE, LOOKED_AT, HOSTS, UNREAD),
    *(REQUESTS, ERRORS, SERVER_ERRORS, TIMEOUTS, FALLBACKS, LATENCY, LATENCY_MEAN),
    *(GATE_STATE, GATE_VALUE, GATE_LIMIT, GATE_ATTENTION),
)

# The values of `phase` are those of record.Ending, of `state` those of verdict.Outcome.
PERCENTILES = ("p50", "p95", "p99", "max")  # "quantile" is for summaries


def gate_label(gate: GateReading) -> str:
    """`p95 < 3s`: a step and the rollback triggers may ask for one metric twice. Where even this is twice, keep one."""
    return f"{gate.metric} {gate.asked}"
