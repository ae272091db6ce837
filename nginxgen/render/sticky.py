"""The share of clients that stay on one version: the key, the clients without one, and a split for each weight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nginxgen.errors import InputError
from nginxgen.model.draw import control_of, salt
from nginxgen.model.service import Anonymous, Source, Sticky
from nginxgen.model.weight import FULL, ZERO, Weight
from nginxgen.render import names
from nginxgen.render.maps import Map, Row, Split
from nginxgen.render.quote import Joined, Var
from nginxgen.render.rules import CANARY, CONTROL, STABLE
from nginxgen.render.sources import ADDRESS, source

# The `root` of each server with a split, where no file ever is, is its salt: so every canary version draws other
# clients, one version always the same, and the splits themselves are shared by all services. A `set` would do the same
# at the cost of a script in each request.
SALT = Var("document_root")
_YEAR = 31_536_000  # seconds: a client keeps its version longer than any rollout takes


@dataclass(frozen=True, slots=True)
class Issue:
    """A cookie of our own for a client that has none: `Set-Cookie: $result`, empty where nothing is to be set."""

    result: Var


@dataclass(frozen=True, slots=True)
class Draw:
    """What decides by weight, by client."""

    key: tuple[Map, ...] = ()
    splits: tuple[Split, ...] = ()
    by_weight: Mapping[Weight, Var] = field(default_factory=dict)  # "stable", "canary" or "control"
    issue: Issue | None = None
    salt: str = ""


def draw(service: str, canary: str, sticky: Sticky, weights: Iterable[Weight]) -> Draw:
    """One split a distinct weight, all with one salt and one key. 0 and 100 % need none. Raises InputError.

    A client without a key is the last to be drawn (model.draw), and so on stable.
    """
    split = sorted({weight for weight in weights if ZERO < weight < FULL})
    if not split:
        return Draw()
    read = source(sticky.source, sticky.name)
    if sticky.source is Source.ADDRESS or sticky.anonymous is Anonymous.STABLE:
        key, key_maps, issue = read.variable, read.maps, None
    else:
        instead = ADDRESS if sticky.anonymous is Anonymous.ADDRESS else Var("request_id")
        key = names.variable("key", read.variable, instead)
        issue = _issue(sticky) if sticky.anonymous is Anonymous.ISSUE else None
        key_maps = (*read.maps, Map(read.variable, key, read.variable, (Row("", instead),)))
        key_maps += () if issue is None else (_cookie(sticky, read.variable, issue),)
    parts = {weight: _parts(weight, control=sticky.control) for weight in split}
    drawn = {weight: names.variable("draw", key, *parts[weight]) for weight in split}
    return Draw(
        key=key_maps,
        splits=tuple(Split(Joined((SALT, key)), drawn[weight], parts[weight]) for weight in split),
        salt=salt(service, canary),
        by_weight=drawn,
        issue=issue,
    )


def _parts(weight: Weight, *, control: bool) -> tuple[tuple[str, str], ...]:
    """The canary first, its control group last (model.draw), and what is between them on stable."""
    beside = control_of(weight) if control else ZERO
    between = Weight(FULL.hundredths - 1 - weight.hundredths - beside.hundredths) if beside > ZERO else ZERO
    parts = (weight, CANARY), (between, STABLE), (beside, CONTROL)
    return tuple((str(share), name) for share, name in parts if share > ZERO)


def _issue(sticky: Sticky) -> Issue:
    if sticky.source is not Source.COOKIE:
        raise InputError("sticky: anonymous: issue needs a cookie", hint="only a cookie can be issued")
    return Issue(names.variable("issue", sticky.name))


def _cookie(sticky: Sticky, known: Var, issue: Issue) -> Map:
    """The id is that of the request, and so the key of the same request."""
    kept = f"; Path=/; Max-Age={_YEAR}; HttpOnly; SameSite=Lax"
    value = Joined((f"{sticky.name}=", Var("request_id"), kept, Var("nginxgen_secure")))
    return Map(known, issue.result, "", (Row("", value),))
