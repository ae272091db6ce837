"""What a user gets who installs the wheel: all of it works, far from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from nginxgen import __version__

PROJECT = Path(__file__).parents[2]
INVENTORY = """\
fleet: {hosts: {edge-1: {address: 10.0.0.1}}}
services:
  shop:
    listen: [80]
    server_names: [shop.example.com]
    versions:
      v1: {servers: ["10.0.1.10:5000"]}
    stable: v1
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


def done(argv: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload]  # any option of run
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], cwd=PROJECT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def nginxgen(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """`nginxgen(*words)` runs the console script of a new environment, in an empty folder.

    The environment has nothing but the wheel. Its dependencies are those that these tests run with, by PYTHONPATH:
    there they are found, and the checkout is not, which an editable install names in a .pth file.
    """
    folder = tmp_path_factory.mktemp("installed")
    done([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")])
    python = str(folder / "venv/bin/python")
    done([sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", "--no-index", str(wheel)])
    libraries = sysconfig.get_path("purelib")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "NGINXGEN"))}
    environ |= {"PYTHONPATH": libraries, "PYTHONNOUSERSITE": "1"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return done([str(folder / "venv/bin/nginxgen"), *words], cwd=folder, env=environ)

    where = done([python, "-c", "import nginxgen; print(nginxgen.__file__)"], cwd=folder, env=environ).stdout
    assert Path(where).is_relative_to(folder), "this would test the checkout"
    return run


def test_it_has_what_it_needs_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"nginxgen"}
    there = {Path(name).suffix for name in names if name.startswith("nginxgen/")}
    assert {".py", ".sh", ".j2", ".typed"} <= there
    assert not any("test" in Path(name).parts for name in names)


def test_version(nginxgen: Run) -> None:
    assert nginxgen("--version").stdout == f"nginxgen {__version__}\n"


def test_init_check_and_render(nginxgen: Run, tmp_path: Path) -> None:
    path = tmp_path / "fleet.yml"
    nginxgen("init", "-o", str(tmp_path / "new.yml"))
    nginxgen("-i", str(tmp_path / "new.yml"), "check")
    path.write_text(INVENTORY)
    assert "server_name shop.example.com;" in nginxgen("-i", str(path), "render").stdout.replace('"', "")


@pytest.mark.full  # the same as from the checkout, which test_demo shows
def test_the_demo(nginxgen: Run) -> None:
    told = json.loads(nginxgen("demo", "--json").stdout)
    assert told["proved"]
