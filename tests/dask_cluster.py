"""A Dask cluster of two worker processes, in a process of its own: `with running() as cluster`.

Run as a program it is that process: it says its address, then "two" for each line it reads as soon as two workers are
there (one that dies is started anew), and ends at the end of its input.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE = 60  # seconds


class Cluster:
    """`scheduler`: its address."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.scheduler = self._hear()
        assert self.scheduler.startswith("tcp://")

    def whole(self) -> str:
        """The address, once two workers are there."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        assert self._hear() == "two"
        return self.scheduler

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def running(folders: list[str]) -> Iterator[Cluster]:
    """`folders`: from where its workers may import, beside what is installed."""
    command = [sys.executable, __file__, *folders]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield Cluster(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(_PATIENCE)


def main(folders: list[str]) -> None:
    sys.path[:0] = folders
    from distributed import LocalCluster  # noqa: PLC0415  (who only talks to this process does not need it)

    with LocalCluster(n_workers=2, processes=True, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)  # noqa: T201  (that is its protocol)
        for _ in sys.stdin:
            deadline = time.monotonic() + _PATIENCE
            while len(cluster.scheduler.workers) != 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            print("two" if len(cluster.scheduler.workers) == 2 else "fewer", flush=True)  # noqa: T201  (as above)


if __name__ == "__main__":
    main([str(Path(__file__).parent), *sys.argv[1:]])
