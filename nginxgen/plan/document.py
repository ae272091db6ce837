"""A plan as JSON: what `plan --json` prints, what `plan -o` saves, and the way back with nothing taken on trust.

The document is {"kind", "format", "tool", "changed", "checksum", "hosts": [...], "releases": {id: {file: text}}}; what
is printed leaves `releases` out. The checksum is the sha256 of the canonical JSON (sorted keys, no spaces) of the
saved document without its checksum.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from nginxgen import __version__
from nginxgen.model.plan import HostPlan, Plan
from nginxgen.model.release import Release

KIND = "nginxgen plan"
FORMAT = 1
_SHORT = 12  # digits of a checksum that people compare


def dump(plan: Plan) -> str:
    """The saved form; one line a key, so that it can be looked at."""
    return json.dumps(document(plan), indent=1) + "\n"


def summary(plan: Plan) -> dict[str, Any]:
    """The printed form: the same without the text of the releases."""
    return {key: value for key, value in document(plan).items() if key != "releases"}


def document(plan: Plan) -> dict[str, Any]:
    body = {
        "kind": KIND,
        "format": FORMAT,
        "tool": __version__,
        "changed": plan.changed,
        "hosts": [host_row(host) for host in plan.hosts],
        "releases": {release.id: _files(release) for release in _with_twins(plan.releases)},
    }
    return {**body, "checksum": digest(body)}


def checksum(plan: Plan) -> str:
    """The whole checksum, 64 hex digits."""
    return str(document(plan)["checksum"])


def short(digits: str) -> str:
    """A checksum as people compare it."""
    return digits[:_SHORT]


def digest(body: Mapping[str, Any]) -> str:
    """Of a document, whether or not its checksum is in it."""
    bare = {key: value for key, value in body.items() if key != "checksum"}
    canonical = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(canonical.encode()).hexdigest()


def host_row(host: HostPlan) -> dict[str, Any]:
    return {
        "name": host.host,
        "action": str(host.action),
        "expected": host.expected.live,
        "expected_running": host.expected.running,
        "release": host.release,
        "summary": list(host.summary),
        "unsafe": list(host.unsafe),
        "diff": host.diff,
    }


def _with_twins(releases: Mapping[str, Release]) -> list[Release]:
    twins = [release.emergency for release in releases.values() if release.emergency is not None]
    return [*releases.values(), *(twin for twin in twins if twin.id not in releases)]


def _files(release: Release) -> dict[str, str]:
    return {file.name: file.text for file in release.files}
