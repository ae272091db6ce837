"""A plan as JSON: what `plan --json` prints, what `plan -o` saves, and the checksum that stands for both.

The document is {"kind", "format", "tool", "changed", "checksum", "hosts": [...], "releases": {id: {file: text}}}; what
is printed leaves `releases` out. The checksum is the sha256 of the canonical JSON (sorted keys, no spaces) of the
document without its checksum, and with the sha256 of its SHA256SUMS in the place of each release's files.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from nginxgen import __version__
from nginxgen.model.plan import HostPlan, Plan
from nginxgen.model.release import SUMS, Release

KIND = "nginxgen plan"
FORMAT = 1
_SHORT = 12  # digits of a checksum that people compare


def dump(plan: Plan) -> str:
    """The saved form; one line a key, so that it can be looked at."""
    texts = {release.id: {file.name: file.text for file in release.files} for release in _with_twins(plan)}
    return json.dumps({**summary(plan), "releases": texts}, indent=1) + "\n"


def summary(plan: Plan) -> dict[str, Any]:
    """The printed form."""
    head = _head(plan)
    sums = {release.id: _sha256(release.file(SUMS).text) for release in _with_twins(plan)}
    return {**head, "checksum": _canonical({**head, "releases": sums})}


def checksum(plan: Plan) -> str:
    """64 hex digits."""
    return str(summary(plan)["checksum"])


def short(digits: str) -> str:
    """A checksum as people compare it."""
    return digits[:_SHORT]


def digest(document: Mapping[str, Any]) -> str:
    """The checksum of a document that was read, whatever it holds."""
    bare = {key: value for key, value in document.items() if key != "checksum"}
    releases = bare.get("releases")
    if isinstance(releases, dict):
        bare["releases"] = {name: _stands_for(files) for name, files in releases.items()}
    return _canonical(bare)


def _stands_for(files: Any) -> Any:
    """The sha256 of the sums; what has none is no release, and is hashed as it is."""
    sums = files.get(SUMS) if isinstance(files, dict) else None
    return _sha256(sums) if isinstance(sums, str) else files


def _sha256(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _canonical(document: Mapping[str, Any]) -> str:
    return _sha256(json.dumps(document, sort_keys=True, separators=(",", ":")))


def _head(plan: Plan) -> dict[str, Any]:
    return {
        "kind": KIND,
        "format": FORMAT,
        "tool": __version__,
        "changed": plan.changed,
        "hosts": [host_row(host) for host in plan.hosts],
    }


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


def _with_twins(plan: Plan) -> Iterator[Release]:
    """Each release once, the twins after all others."""
    yield from plan.releases.values()
    twins = {release.emergency.id: release.emergency for release in plan.releases.values() if release.emergency}
    yield from (twin for name, twin in twins.items() if name not in plan.releases)
