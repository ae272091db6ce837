"""render: the files of every host, offline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nginxgen.errors import InputError, Place
from nginxgen.model.host import Host
from nginxgen.model.release import MANIFEST, Release
from nginxgen.model.service import Service
from nginxgen.plan.intent import Request, resolve
from nginxgen.workflow.releases import sound


def render(
    hosts: Sequence[Host], services: Sequence[Service], request: Request, templates: Path | None
) -> Mapping[str, Release]:
    """Each host's release by the host's name, as a first apply would bring it. Raises InvalidInput."""
    return sound(hosts, services, resolve(services, {}, request), templates)


def write(releases: Mapping[str, Release], folder: Path) -> tuple[Path, ...]:
    """A folder a host below `folder`, as it would be on the host. What an earlier render left there goes.

    Raises InputError where a folder holds something that no render wrote.
    """
    try:
        return tuple(path for host, release in releases.items() for path in _write_host(release, folder / host))
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", place=Place(str(error.filename or folder))) from error


def _write_host(release: Release, folder: Path) -> tuple[Path, ...]:
    folder.mkdir(parents=True, exist_ok=True)
    there = list(folder.iterdir())
    if there and not (folder / MANIFEST).is_file():
        hint = "name a folder that is empty, or one that an earlier render wrote"
        raise InputError("this folder holds something else", place=Place(str(folder)), hint=hint)
    for stale in there:
        stale.unlink()
    for file in release.files:
        (folder / file.name).write_text(file.text, encoding="utf-8")
    return tuple(folder / file.name for file in release.files)
