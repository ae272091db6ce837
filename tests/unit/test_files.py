"""A file for a user is whole or as it was, and what stands in the way is said."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from nginxgen.errors import InputError
from nginxgen.files import refuse_unwritable, write


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_like_any_other_and_a_rewritten_one_keeps_its_permissions(tmp_path: Path) -> None:
    path, plain = tmp_path / "a.html", tmp_path / "plain"
    plain.write_text("x")
    write(path, "é")
    assert path.read_bytes() == "é".encode()
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    write(path, "two")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("two", 0o640)
    write(path, "three", mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == ["a.html", "plain"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_disk_that_is_full_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "a.html"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="cannot write the report: No space left on device") as refused:
        write(path, "new", what="the report", hint="elsewhere")
    assert (str(refused.value.place), refused.value.hint) == (str(path), "elsewhere")
    assert (path.read_text(), names(tmp_path)) == ("old", ["a.html"])


def test_what_is_no_regular_file_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """As `-o /dev/stdout`; and root's `-o /dev/null` must not make a file of it."""
    pipe, read = tmp_path / "pipe", list[bytes]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    refuse_unwritable(pipe)
    write(pipe, "text")
    reader.join(10)
    assert (read, pipe.is_fifo()) == ([b"text"], True)


@pytest.mark.parametrize(
    ("path", "why"),
    [("gone/a", "there is no such folder"), ("folder", "it is a folder"), ("file/a", "there is no such folder")],
)
def test_what_can_not_be_written_is_refused_beforehand_and_then(tmp_path: Path, path: str, why: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=why):
        refuse_unwritable(tmp_path / path)
    with pytest.raises(InputError, match="cannot write: "):
        write(tmp_path / path, "")
    assert names(tmp_path) == ["file", "folder"]


def test_missing_folders_are_made_where_that_is_asked(tmp_path: Path) -> None:
    write(tmp_path / "a/b/c", "", folders=True)
    assert (tmp_path / "a/b/c").read_text() == ""


def test_half_a_character_from_a_host_is_shown_and_the_rest_is_kept(tmp_path: Path) -> None:
    write(tmp_path / "a", "x\udc80y")
    assert (tmp_path / "a").read_text() == "x\\udc80y"
