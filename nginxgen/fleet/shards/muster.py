"""A Dask cluster before it is given anything: does it answer, and has each of its processes what we would send it?

A worker without nginxgen does not refuse an actor of ours, it dies of it (distributed 2026.8 closes one that cannot
unpickle what the scheduler sends). So each is asked first, by a function of the standard library.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from pkgutil import resolve_name
from typing import Any
from urllib.parse import urlsplit

from nginxgen import __version__
from nginxgen.errors import InputError, Refused
from nginxgen.fleet.crew import Crew

_VERSION = "nginxgen:__version__"
_LOGGERS = ("distributed", *(f"distributed.{name}" for name in ("client", "core", "comm", "batched")))


def client_of(scheduler: str, patience: float) -> Any:
    """A client of it. Raises InputError where Dask is not installed, Refused where it does not answer."""
    try:
        import distributed  # noqa: PLC0415  (an extra: where it is missing, this is said in words)
    except ImportError:
        raise InputError("--scheduler needs Dask", hint="pip install 'nginxgen[dask]'") from None
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what it logs we say ourselves, by host
    try:
        _knock(scheduler, patience)
        asyncio.run(asyncio.wait_for(_is_scheduler(distributed, scheduler), patience))
        return distributed.Client(scheduler, timeout=patience, set_as_default=False, name="nginxgen")
    except (OSError, ValueError, TypeError) as error:
        said = said_by(error) if str(error) else f"no scheduler answers within {patience:.0f} s"
        raise Refused(
            f"cannot reach the Dask scheduler {scheduler}: {said}",
            hint="is it up? Without --scheduler this machine connects by itself",
        ) from error


def able(client: Any, scheduler: str, patience: float) -> tuple[str, ...]:
    """The addresses of its workers. Raises Refused where there is none, or where one has no nginxgen, or another."""
    by_name = {f"the Dask scheduler {scheduler}": partial(client.run_on_scheduler, resolve_name, _VERSION)}
    _muster(by_name, patience)  # it unpickles what its workers are to do
    asks = {f"the Dask worker {address}": partial(_version_at, client, address) for address in client.nthreads()}
    workers = sorted(name.rpartition(" ")[2] for name in _muster(asks, patience))
    if not workers:
        raise Refused(f"the Dask scheduler {scheduler} has no workers", hint=f"dask worker {scheduler}")
    return tuple(workers)


def _version_at(client: Any, address: str) -> object:
    return client.run(resolve_name, _VERSION, workers=[address])[address]


def _muster(asks: Mapping[str, Callable[[], object]], patience: float) -> list[str]:
    """Ask all at once; who answered as it should. One that has just gone is no fault. Raises Refused for any other."""
    crew = Crew(max(1, len(asks)))
    told = {name: crew.submit(ask) for name, ask in asks.items()}
    over = time.monotonic() + patience
    try:
        return [name for name, version in told.items() if _serves(name, version, over - time.monotonic())]
    except TimeoutError as error:
        slow = next(name for name, version in told.items() if not version.done())
        hint = "is it overloaded, or stopped? Without --scheduler this machine connects by itself"
        raise Refused(f"{slow} does not answer within {patience:.0f} s", hint=hint) from error
    finally:
        crew.dismiss()


def _serves(name: str, version: Future[object], patience: float) -> bool:
    hint = f"pip install 'nginxgen[dask]=={__version__}' there, and start it again"
    try:
        there = version.result(max(0.0, patience))
    except (ImportError, AttributeError) as error:
        raise Refused(f"{name} has no nginxgen: {said_by(error)}", hint=hint) from error
    except TimeoutError:
        raise
    except OSError:
        return False
    if there != __version__:
        raise Refused(f"{name}: nginxgen {there} is installed there, and {__version__} here", hint=hint)
    return True


def _knock(scheduler: str, patience: float) -> None:
    """Whether anybody listens: Dask tries an address that refuses connections until its patience ends."""
    where = urlsplit(scheduler if "://" in scheduler else f"tcp://{scheduler}")
    if where.hostname and where.port:
        socket.create_connection((where.hostname, where.port), patience).close()


async def _is_scheduler(distributed: Any, scheduler: str) -> None:
    """A Client that fails to start may wait for ever, for who speaks HTTP say, and keep this process from ending."""
    how = distributed.Security().get_connection_args("client")
    async with distributed.rpc(scheduler, connection_args=how) as who:
        kind = (await who.identity())["type"]
    if kind != "Scheduler":
        raise ValueError(f"that is a {kind.lower()} of Dask")


def said_by(error: BaseException) -> str:
    """In one line."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said.split()) or type(error).__name__
