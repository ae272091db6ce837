"""What the weight says of a request that no override decides: always stable, always canary, by client, or by draw."""

from __future__ import annotations

from dataclasses import dataclass

from nginxgen.explain import headers
from nginxgen.explain.address import text
from nginxgen.explain.explanation import Bucket
from nginxgen.explain.overrides import Read, shown
from nginxgen.model.draw import control_range, murmur2, salt
from nginxgen.model.service import Anonymous, Service, Source, Sticky
from nginxgen.model.weight import FULL, ZERO, Weight


@dataclass(frozen=True, slots=True)
class Share:
    """`canary` is None where it can't be told: a matter of the weight."""

    canary: bool | None
    why: str
    bucket: Bucket | None = None
    by_request: bool = False  # the weighted upstream draws each request
    control: bool = False  # stable, as one of those who are measured beside the canary


def share(service: Service, canary: str, weight: Weight, read: Read) -> Share:
    """0 and 100 % ask nobody who they are."""
    if weight == ZERO:
        return Share(False, "weight 0")
    if weight == FULL:
        return Share(True, "weight 100")
    if service.sticky is None:
        return Share(None, f"weight {weight}: nginx draws each request", by_request=True)
    return _by_client(service.name, canary, service.sticky, weight, read)


def _by_client(service: str, canary: str, sticky: Sticky, weight: Weight, read: Read) -> Share:
    key, told = _key(sticky, read)
    if isinstance(key, Share):
        return key
    if not key:
        return Share(None, f"weight {weight}: {told}")
    salted = salt(service, canary).encode("utf-8", "replace") + key
    bucket = Bucket(salted.decode("utf-8", "backslashreplace"), murmur2(salted), weight)
    begin, end = control_range(weight) if sticky.control else (0, 0)
    control = begin <= bucket.hash < end
    side = "below" if bucket.is_canary else "not below"
    why = f"weight {weight}: {told} falls at {bucket.percent:.4f}, {side} {weight}"
    return Share(bucket.is_canary, f"{why}, in the control group" if control else why, bucket, control=control)


def _key(sticky: Sticky, read: Read) -> tuple[bytes | Share, str]:
    """What is hashed, and its story; empty where it can't be told here."""
    value = read.value(sticky.source, sticky.name)
    says = "the client's address" if sticky.source is Source.ADDRESS else f"{sticky.source} {sticky.name}"
    if value:
        return value, f"{says} {shown(value)}"
    if sticky.source is Source.ADDRESS:
        return b"", f"{says} is not given"
    match sticky.anonymous:
        case Anonymous.STABLE:
            return Share(False, f"{says} is absent, and anonymous clients stay"), ""
        case Anonymous.ISSUE:
            return b"", f"{says} is absent: the client gets a new one, and falls by it"
        case Anonymous.ADDRESS if read.address is None:
            return b"", f"{says} is absent, and the client's address is not given"
        case Anonymous.ADDRESS:
            return headers.to_bytes(text(read.address)), f"{says} is absent: the client's address {read.address}"
