"""What is answered at each path."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib import resources

from nginxgen.live import figures
from nginxgen.live.board import Board
from nginxgen.model.codec import to_json

_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response to GET; HEAD leaves the body out."""

    status: HTTPStatus
    kind: str  # the Content-Type
    body: bytes


def answer(path: str, board: Board) -> Answer:
    seen = board.seen
    match path:
        case "/":
            return Answer(HTTPStatus.OK, "text/html; charset=utf-8", page().encode())
        case "/metrics":
            return Answer(HTTPStatus.OK, figures.CONTENT_TYPE, figures.text(seen.rollouts))
        case "/health":
            health = board.health()
            return _json(health, HTTPStatus.OK if health.ok else HTTPStatus.SERVICE_UNAVAILABLE)
        case "/alerts":
            told = [
                {"service": one.record.service, "group": one.group, "alerts": to_json(one.record.alerts)}
                for one in seen.rollouts
            ]
            return _json({"rollouts": told})
        case "/record.json":
            health = board.health()
            return _json({"health": health, "rollouts": [one.record for one in seen.rollouts]})
    return Answer(HTTPStatus.NOT_FOUND, _TEXT, b"not here: /, /metrics, /health, /alerts, /record.json\n")


def elsewhere() -> Answer:
    """To a request by a name that is not of this machine alone."""
    why = b"only localhost and addresses are answered here; for a name: --listen ADDR:PORT with one of the network\n"
    return Answer(HTTPStatus.MISDIRECTED_REQUEST, _TEXT, why)


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Answer:
    return Answer(status, _JSON, json.dumps(to_json(value)).encode() + b"\n")


@cache
def page() -> str:
    return resources.files(__package__).joinpath("page.html").read_text("utf-8")


@cache
def policy() -> str:
    """The page's own script and style by their hashes, requests to where it came from, and nothing else."""
    return (
        f"default-src 'none'; script-src {_hash('script')}; style-src {_hash('style')}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hash(element: str) -> str:
    """https://www.w3.org/TR/CSP3/#match-element-to-source-list: over the text between the tags, as it stands."""
    found = re.findall(rf"<{element}>(.*?)</{element}>", page(), re.DOTALL)
    return " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in found)
