"""What the README promises of the demo and of the first ten minutes."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from markdown_page import ROOT, blocks

from nginxgen import inventory
from nginxgen.cli import run
from nginxgen.demo import story

PAGE = ROOT / "README.md"
DEMO = next(block.text for block in blocks(PAGE) if block.note == "demo")
FIRST_MINUTES = next(block.text for block in blocks(PAGE, "sh") if "nginxgen init" in block.text)


def test_the_steps_and_claims_that_are_shown_are_those_of_the_demo() -> None:
    titles = {f"{number}. {step.title}" for number, step in enumerate(story.STEPS, 1)}
    shown = re.findall(r"^\d+\. .*$", DEMO, flags=re.MULTILINE)
    assert shown
    assert set(shown) <= titles
    told = inspect.getsource(story)
    for claim in re.findall(r"^ +ok: (.*)$", DEMO, flags=re.MULTILINE):
        assert f'"{claim}"' in told
    for line in re.findall(r"^ +\$ nginxgen (.*)$", DEMO, flags=re.MULTILINE):
        assert ", ".join(f'"{word}"' for word in line.split()) in told


def test_init_writes_the_file_that_is_named_and_it_is_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NGINXGEN_INVENTORY", raising=False)
    assert run(["init"]) == 0
    written = capsys.readouterr().out.strip()
    assert f"writes {written}" in FIRST_MINUTES
    assert f"$EDITOR {written}" in FIRST_MINUTES
    assert run(["check"]) == 0
    (service,) = inventory.load(Path(written)).services
    assert service.override.cookie is not None
    assert f"curl -b {service.override.cookie.name}=always " in FIRST_MINUTES
