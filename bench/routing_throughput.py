"""Requests a second by wrk, ours beside a proxy by hand: an indication only, as the machine has its part in it.

    python bench/routing_throughput.py [seconds a run]        (by default 5)

One worker of nginx, 32 connections, the forms in turn and twice, so that a machine that gets slower shows. Needs wrk.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from routing_cost import FORMS, backends, by_hand, generated

import nginx_lab  # isort: skip  (routing_cost puts it on the path)
from nginx_lab import ADDRESS  # isort: skip

_SHOWN = ("10 % by request", "10 % by client, cookie", "10 % by client, all four overrides, fallback")


def rate(folder: Path, port: int, http: str, seconds: int) -> float:
    with nginx_lab.running(folder, port, http, workers=1):
        done = subprocess.run(
            ["wrk", "-t1", "-c32", f"-d{seconds}s", "-H", "Host: s0.example.com",
             "-H", "Cookie: theme=dark; sid=a; uid=b", f"http://{ADDRESS}:{port}/a/b?c=d"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert "Non-2xx" not in done.stdout, done.stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def main(seconds: int) -> None:
    with TemporaryDirectory(prefix="ng-wrk-") as name:
        folder = Path(name)
        ports = nginx_lab.free_ports(3)
        with backends(folder / "backends", ports):
            for turn in (1, 2):
                base = rate(folder, ports[0], by_hand(ports, 1), seconds)
                print(f"turn {turn}, by hand: {base:,.0f} requests a second", flush=True)
                for form in _SHOWN:
                    ours = rate(folder, ports[0], generated(folder, ports, 1, FORMS[form]), seconds)
                    print(f"turn {turn}, {form}: {ours:,.0f}, {ours / base:.2f} x", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
