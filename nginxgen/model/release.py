"""A release: the rendered config of one host, named by its content."""

from __future__ import annotations

from dataclasses import dataclass

from nginxgen.model.intent import Intent

MANIFEST = "manifest.json"
SENTINEL = "sentinel"  # included by its full name, so that a dangling link fails `nginx -t`
SUMS = "SHA256SUMS"  # in the form of sha256sum -c, over every other file


@dataclass(frozen=True, slots=True)
class File:
    """One file of a release."""

    name: str  # a plain file name: a release has no folders
    text: str


@dataclass(frozen=True, slots=True)
class Release:
    """The config of one host, named by its content."""

    id: str  # first 12 hex digits of the sha256 of the content
    files: tuple[File, ...]  # sorted by name, manifest, sentinel and sums included
    intent: Intent
    emergency: Release | None = None  # the same with every canary off; None where that is this release

    def file(self, name: str) -> File:
        return next(file for file in self.files if file.name == name)
