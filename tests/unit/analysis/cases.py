"""What the laws of judging are tried on."""

from __future__ import annotations

from hypothesis import strategies as st

from nginxgen.gates.grammar import gate, levels, trigger
from nginxgen.model.gates import Gate
from nginxgen.model.histogram import Bucket, Histogram
from nginxgen.model.samples import Counts, Measured, Number, Sample, Slice, Tally

NUMBERS = ("queue_depth", "consistency")

GATES: tuple[Gate, ...] = (
    gate("requests", ">= 100"),
    gate("error_rate", "< 1%"),
    gate("error_rate", "<= stable"),
    gate("error_rate", "<= stable + 50%"),
    gate("error_rate", "<= stable + 0.5pp"),
    gate("error_rate", "<= baseline(monday) + 20%"),
    gate("success_rate", ">= 99%"),
    gate("success_rate", ">= stable - 0.5pp"),
    gate("success_rate", ">= stable"),
    gate("timeout_rate", "< 0.5%"),
    gate("fallback_rate", "<= 0%"),
    gate("availability", "> 99.9%"),
    gate("mean", "<= stable + 20%"),
    gate("p50", "< 100ms"),
    gate("p95", "<= stable + 50%"),
    gate("p99", "<= baseline(monday) + 20%"),
    gate("min", "< 1s"),
    gate("max", "< 10s"),
    gate("share", "± 10%"),
    gate("queue_depth", "< 100", NUMBERS),
    gate("consistency", "ok", NUMBERS),
    trigger("p95", "> 10s"),
    trigger("success_rate", "< 90%"),
    levels("p95", attention="> stable + 20%", rollback="> stable + 50%", severity="P1", min_requests=200),
    levels("error_rate", attention="> 1%"),
    levels("share", attention="± 5%", rollback="± 20%"),
    levels("queue_depth", NUMBERS, attention="> 10", rollback="> 100"),
)

gates = st.sampled_from(GATES)
small = st.integers(0, 40)
counts_any = st.one_of(small, st.integers(0, 2_000_000))


@st.composite
def counts(draw: st.DrawFn) -> Counts:
    """Counts that can be: no part is larger than the whole."""
    requests = draw(counts_any)
    part = st.integers(0, requests)
    return Counts(
        requests=requests, server_errors=draw(part), errors=draw(part), timeouts=draw(part), fallbacks=draw(part),
        closed=draw(part), weighted=draw(part),
    )  # fmt: skip


times = st.one_of(
    st.lists(st.floats(0, 1e4), max_size=30).map(Histogram.of),
    st.lists(st.tuples(st.integers(-50, 900), st.integers(1, 10**6)), max_size=8).map(
        lambda rows: Histogram.of_counts(3, dict(rows).items(), 10**6, 0, 10**9)
    ),
    st.lists(  # Prometheus: edges of its own, the last one infinite
        st.tuples(st.sampled_from([(0.0, 0.1), (0.1, 0.25), (0.25, 1.0), (1.0, float("inf"))]), st.integers(1, 500)),
        max_size=4,
    ).map(lambda rows: Histogram(tuple(sorted(Bucket(*edge, count) for edge, count in dict(rows).items())), 10**6)),
)
tallies = st.builds(Tally, counts(), times)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    width = draw(st.sampled_from([1, 10, 100]))
    starts = draw(st.lists(st.integers(0, 50), unique=True, max_size=5).map(sorted))
    slices = tuple(Slice(start * width, width, draw(tallies)) for start in starts)
    return Sample("shop", draw(st.sampled_from(["*", "reads"])), draw(st.sampled_from(["v1", "v2"])), slices)


numbers = st.builds(
    Number,
    st.one_of(st.none(), st.floats()),
    st.one_of(st.none(), st.booleans()),
    st.one_of(st.none(), st.just("it did not answer")),
)
measured = st.builds(
    Measured,
    st.one_of(st.none(), samples()),
    st.one_of(st.none(), samples()),
    st.one_of(st.just({}), tallies.map(lambda tally: {"monday": tally})),
    st.dictionaries(st.sampled_from(NUMBERS), numbers),
    st.one_of(st.none(), st.floats(0, 1)),
    st.one_of(st.none(), st.just("edge-2 can't be reached")),
)
