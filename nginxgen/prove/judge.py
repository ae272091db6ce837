"""From what was seen to a line of the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from nginxgen.prove.claim import Ask, Claim, Expected, Outcome, Proof
from nginxgen.prove.session import Seen, version_of

_SHOWN = 3  # of what went wrong; the rest is counted


def judge(claim: Claim, seen: Sequence[Seen]) -> Proof:
    """A claim that asks nothing proves nothing."""
    if claim.left_out is not None or not seen:
        why = claim.left_out or "no request can carry it"
        return Proof(claim.service, claim.says, 0, Outcome.NOT_TRIED, (why,))
    wrong = [*_each(claim.asks, seen), *_share(claim, seen), *_everyone(claim, seen)]
    more = (f"and {len(wrong) - _SHOWN} more",) if len(wrong) > _SHOWN else ()
    outcome = Outcome.FAILED if wrong else Outcome.PROVED
    requests = len(seen) + sum(one.again is not None for one in seen)
    return Proof(claim.service, claim.says, requests, outcome, (*wrong[:_SHOWN], *more))


def _each(asks: Sequence[Ask], seen: Sequence[Seen]) -> Iterator[str]:
    for ask, one in zip(asks, seen, strict=True):
        told = [*_differences(ask.expected, one), *_further(ask, one)]
        if told:
            yield f"{_request(ask)}: {', '.join(told)}"


def _differences(expected: Expected, seen: Seen) -> Iterator[str]:
    pairs = [
        ("status", seen.answer.status, expected.status),
        ("version", seen.version or "none", expected.version),
        ("pool", seen.pool, expected.pool),
        ("tries", seen.tries, expected.tries),
        ("copies", _copies(seen), expected.copied),
        ("the backend is told", seen.answer.headers.get("x-nginxgen-told", ""), expected.told),
    ]
    pairs += [(name, seen.answer.headers.get(name, ""), value) for name, value in expected.headers.items()]
    for what, got, wanted in pairs:
        if wanted is not None and got != wanted:
            yield f"{what} {got}, not {wanted}"


def _copies(seen: Seen) -> tuple[str, ...]:
    return tuple(sorted({one.rpartition(" ")[0] for one in seen.asked} - {seen.version}))


def _further(ask: Ask, seen: Seen) -> Iterator[str]:
    if not seen.echoed:
        yield "nothing is echoed"
    if seen.again is None:
        return
    if "set-cookie" not in seen.answer.headers:
        yield "no cookie is set"
    if version_of(seen.again) != seen.version:
        yield f"with its cookie {ask.sets} it gets {version_of(seen.again)}, and {seen.version} before"
    if "set-cookie" in seen.again.headers:
        yield "a second cookie is set"


def _share(claim: Claim, seen: Sequence[Seen]) -> Iterator[str]:
    if claim.share is None:
        return
    counted = Counter(one.version for one in seen)[claim.share.version]
    if abs(counted - claim.share.number) > claim.share.slack:
        yield f"{counted} of {len(seen)} got {claim.share.version}, not {claim.share.number:g}"


def _everyone(claim: Claim, seen: Sequence[Seen]) -> Iterator[str]:
    missing = sorted(set(claim.everyone) - {one.stub for one in seen})
    if missing:
        yield f"never asked: {', '.join(missing)}"


def _request(ask: Ask) -> str:
    request = ask.request
    lines = "".join(f" {name}: {value};" for name, value in request.lines)
    fault = f" ({ask.fault})" if ask.fault else ""
    return f"{request.method} {request.target}{lines} from {request.address}{fault}"
