"""Several sources to one measurement, for the judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nginxgen.metrics.port import Reading
from nginxgen.model.samples import Measured, Tally


def combine(
    samples: Reading, others: Iterable[Reading] = (), *, baselines: Mapping[str, Tally] | None = None,
    weight: float | None = None,
) -> Measured:  # fmt: skip
    """`samples`: of the source that counts requests; of the `others` only their numbers are taken."""
    numbers = dict(samples.numbers)
    for reading in others:
        numbers |= reading.numbers
    return Measured(samples.canary, samples.stable, baselines or {}, numbers, weight, samples.error, samples.control)
