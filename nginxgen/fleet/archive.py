"""Releases as tar.gz, the form in which they travel."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from nginxgen.model.release import SUMS, File, Release

_LARGEST = 64 << 20  # bytes of one release, unpacked


def pack(releases: Iterable[Release], there: Mapping[str, Collection[str]] = MappingProxyType({})) -> bytes:
    """`<id>/<file>` members, the same bytes for the same releases.

    `there`: which files of a release, by its id, need not travel. The sums always do: they say what must be there.
    """
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for release in releases:
            for file in release.files:
                if file.name != SUMS and file.name in there.get(release.id, ()):
                    continue
                content = file.text.encode()
                member = tarfile.TarInfo(f"{release.id}/{file.name}")
                member.size, member.mode = len(content), 0o644
                archive.addfile(member, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), compresslevel=6, mtime=0)


def unpack(packed: bytes) -> tuple[File, ...]:
    """The files of one release, sorted by name.

    A host may send anything: raises ValueError, zlib.error, EOFError, OSError or tarfile.TarError, and what else the
    standard library raises on nonsense.
    """
    with tarfile.open(fileobj=io.BytesIO(_unzip(packed)), mode="r:") as archive:
        found = [_file(archive, member) for member in archive if member.isfile()]
    return tuple(sorted(found, key=lambda file: file.name))


def _unzip(packed: bytes) -> bytes:
    """Never more than a release may hold: an archive of a few bytes can claim any size."""
    stream = zlib.decompressobj(wbits=31)
    plain = stream.decompress(packed, _LARGEST)
    if not stream.eof:
        raise ValueError(f"a release that is cut off, or of more than {_LARGEST} bytes")
    return plain


def _file(archive: tarfile.TarFile, member: tarfile.TarInfo) -> File:
    content = archive.extractfile(member)
    if content is None:
        raise ValueError(f"{member.name} has no content")
    return File(member.name.removeprefix("./"), content.read().decode(errors="replace"))
