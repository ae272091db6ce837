"""The same traffic twice: our metrics log, and the JSON lines that people write instead."""

from __future__ import annotations

import random
from pathlib import Path

RELEASE = "0123456789ab"
VERSIONS = {"v1": ["10.0.1.10:5000", "10.0.1.12:5000"], "v2": ["10.0.1.11:5000"]}
SECONDS = 3600
_BATCH = 100_000


def make(lines: int, ours: Path, as_json: Path) -> None:
    """One hour: 10 % to the canary, 1 % errors, 1 % of the canary's requests saved by stable."""
    rng = random.Random(1)
    with ours.open("w") as log, as_json.open("w") as other:
        for begin in range(0, lines, _BATCH):
            both = [_line(rng, 1_700_000_000 + SECONDS * at / lines) for at in range(begin, min(begin + _BATCH, lines))]
            log.write("".join(one for one, _ in both))
            other.write("".join(one for _, one in both))


def versions(path: Path) -> None:
    rows = [(address, version) for version, addresses in VERSIONS.items() for address in addresses]
    path.parent.mkdir()
    path.write_text("".join(f"shop\t{address}\t{version}\n" for address, version in rows))


def _line(rng: random.Random, at: float) -> tuple[str, str]:
    version = "v2" if rng.random() < 0.1 else "v1"
    route = "reads" if rng.random() < 0.7 else "writes"
    address, status, seconds = rng.choice(VERSIONS[version]), 200, round(rng.lognormvariate(-2.5, 0.6), 3)
    statuses, times = "200", f"{seconds:.3f}"
    drawn = rng.random()
    if drawn < 0.01:
        status, statuses = 500, "500"
    elif drawn < 0.03:
        status, statuses = 404, "404"
    elif version == "v2" and drawn < 0.04:
        address, statuses, times = f"{address}, 10.0.1.10:5000", "502, 200", f"0.001, {times}"
    size = rng.randrange(200, 20_000)
    ours = f"{at:.3f} {RELEASE}|shop|{route}|weight|-|{status}|{address}|{statuses}|{seconds:.3f}\t{size}\t{times};\n"
    as_json = (
        f'{{"time":{at:.3f},"release":"{RELEASE}","service":"shop","route":"{route}","rule":"weight",'
        f'"version":"{version}","status":{status},"request_time":{seconds:.3f},"upstream_addr":"{address}",'
        f'"upstream_status":"{statuses}","upstream_response_time":"{times}","bytes":{size}}}\n'
    )
    return ours, as_json
