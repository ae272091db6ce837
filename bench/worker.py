"""One contestant in a process of its own, warm: words on stdin, a JSON line on stdout for each.

    python -m bench.worker CLASS <spec.json

First line of stdin: the spec. Then `change WEIGHT`, `revert`, `usage`; end of input ends it.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any, Protocol

from bench.fleet import Spec


class InProcess(Protocol):
    def change(self, weight: str, /) -> None: ...

    def revert(self) -> None: ...


def make(kind: str, spec: Spec) -> InProcess:
    if kind == "nginxgen":
        from bench.contestants.library import Library  # noqa: PLC0415  (a contestant's imports are its own)

        return Library(spec)
    if kind == "safe":
        from bench.contestants.safe import Safe  # noqa: PLC0415  (as above)

        return Safe(spec)
    from bench.contestants.floor import Floor, Local  # noqa: PLC0415  (as above)

    return Floor(spec) if kind == "floor" else Local(spec)


def main() -> None:
    contestant = make(sys.argv[1], Spec.from_json(sys.stdin.readline()))
    print(json.dumps({}), flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(contestant, line.split())), flush=True)


def _answer(contestant: InProcess, words: list[str]) -> dict[str, Any]:
    started = time.monotonic()
    try:
        match words:
            case ["change", weight]:
                contestant.change(weight)
            case ["revert"]:
                contestant.revert()
            case ["usage"]:
                return {"cpu": _cpu(resource.RUSAGE_SELF) + _cpu(resource.RUSAGE_CHILDREN)}
    except Exception as error:  # noqa: BLE001  (said to the parent, which stops the run)
        return {"error": f"{type(error).__name__}: {error}"}
    return {"seconds": time.monotonic() - started, "phases": getattr(contestant, "seconds", {})}


def _cpu(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
