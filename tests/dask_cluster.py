"""A Dask cluster of two worker processes, in a process of its own: `with running() as cluster`; or one part of one.

Run as a program it is that process: it says its address, then "two" for each line it reads as soon as two workers are
there (one that dies is started anew), and ends at the end of its input. Parts do the same, and read nothing.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

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
        assert (said := self._hear()) == "two", said
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


@contextmanager
def part(*words: str) -> Iterator[str]:
    """A process of a cluster, "scheduler" or "worker", the latter with its scheduler's address; gives its address.

    With "no" at the end nginxgen cannot be imported there.
    """
    command = [sys.executable, __file__, "part", *words]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(_PATIENCE)


async def _be(kind: str, words: list[str]) -> None:
    from distributed import Scheduler, Worker  # noqa: PLC0415  (as above)

    if words[-1:] == ["no"]:
        cast(dict[str, object], sys.modules)["nginxgen"] = None  # how Python spells "not installed"
        words = words[:-1]
    this = Scheduler(host="127.0.0.1", port=0, dashboard=False) if kind == "scheduler" else Worker(*words, nthreads=1)
    async with this:
        print(this.address, flush=True)  # noqa: T201  (that is its protocol)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main(folders: list[str]) -> None:
    sys.path[:0] = folders
    import dask  # noqa: PLC0415  (who only talks to this process does not need it)
    from distributed import LocalCluster  # noqa: PLC0415  (as above)

    # a worker that was killed and takes longer than 15 s to come back, on a busy machine, is given up for good
    dask.config.set({"distributed.deploy.lost-worker-timeout": f"{_PATIENCE} s"})
    with LocalCluster(n_workers=2, processes=True, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)  # noqa: T201  (that is its protocol)
        for _ in sys.stdin:
            deadline = time.monotonic() + _PATIENCE
            while len(cluster.scheduler.workers) != 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            print("two" if len(cluster.scheduler.workers) == 2 else "fewer", flush=True)  # noqa: T201  (as above)


if __name__ == "__main__" and sys.argv[1:2] == ["part"]:
    asyncio.run(_be(sys.argv[2], sys.argv[3:]))
elif __name__ == "__main__":
    main([str(Path(__file__).parent), *sys.argv[1:]])
