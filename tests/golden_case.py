"""The real case that the project began with, as services. `python tests/golden_case.py` writes the golden files anew.

Look at the difference before you commit it: these files are what operators read on their hosts.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import makers

from nginxgen.model.release import Release
from nginxgen.model.service import Override
from nginxgen.render import render

STAGES = ("0", "1", "10", "50", "100")
FOLDER = Path(__file__).parent / "golden" / "brand-diagnosis"
SERVICE = makers.service(
    "brand-diagnosis",
    versions=(makers.version("old", "10.0.1.10:5000"), makers.version("new", "10.0.1.11:5000")),
    stable="old",
    canary="new",
    override=Override(cookie=makers.COOKIE),
)


def release(weight: str) -> Release:
    return render([SERVICE], makers.intent([SERVICE], weight), makers.host())


def expected() -> dict[Path, str]:
    """Every golden file, emergency twin included."""
    stages = {stage: release(stage) for stage in STAGES}
    twin = stages["10"].emergency
    assert twin is not None
    return {
        FOLDER / folder / file.name: file.text
        for folder, made in {**stages, "10-emergency": twin}.items()
        for file in made.files
    }


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    for path, text in expected().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
