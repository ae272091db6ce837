"""The scripts behind the Makefile."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SCRIPTS = [*sorted((PROJECT / "scripts").glob("*.sh")), PROJECT / ".ci/run"]


def packages(*programs: str, path: str) -> subprocess.CompletedProcess[str]:
    argv = ["/bin/sh", str(PROJECT / "scripts/system-packages.sh"), *programs]
    return subprocess.run(argv, capture_output=True, text=True, check=False, env={"PATH": path}, timeout=60)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    done = subprocess.run(["shellcheck", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_is_there_is_not_installed() -> None:
    done = packages("sh", "ls", path=os.defpath)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_apt_the_packages_are_named(tmp_path: Path) -> None:
    """Nothing is on this PATH, so nothing can be installed."""
    (tmp_path / "ls").symlink_to(shutil.which("ls") or "ls")
    done = packages("ls", "no-such-program", path=str(tmp_path))
    assert done.returncode == 4
    assert "no apt-get" in done.stderr
    assert "no-such-program" in done.stderr
    assert " ls" not in done.stderr


def test_an_old_python_is_refused_with_a_hint(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.6.9" && exit\nexit 1\n')
    old.chmod(0o755)
    argv = ["/bin/sh", str(PROJECT / "scripts/python-venv.sh"), str(old), str(tmp_path / "venv")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "needs Python 3.11 or later" in done.stderr
    assert "hint: make PYTHON=" in done.stderr
    assert not (tmp_path / "venv").exists()
