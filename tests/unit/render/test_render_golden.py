"""What an operator reads on a host, file by file, for a real case."""

from __future__ import annotations

import golden_case


def test_the_golden_files_are_what_is_rendered() -> None:
    """After a change that is meant: `python tests/golden_case.py`, and read the difference."""
    found = {path: path.read_text("utf-8") for path in golden_case.FOLDER.rglob("*") if path.is_file()}
    assert found == golden_case.expected()


def test_at_0_and_100_percent_no_upstream_mixes_the_versions() -> None:
    for stage in ("0", "100"):
        text = (golden_case.FOLDER / stage / "brand-diagnosis.conf").read_text("utf-8")
        assert "split" not in text


def test_the_backends_learn_who_asked_for_what() -> None:
    text = (golden_case.FOLDER / "10" / "brand-diagnosis.conf").read_text("utf-8")
    for header in ("Host $host", "X-Real-IP $remote_addr", "X-Forwarded-For $proxy_add_x_forwarded_for"):
        assert f"proxy_set_header {header};" in text
