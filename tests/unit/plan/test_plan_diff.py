"""The diff is about nginx's text; our own bookkeeping is not for reading, unless somebody has edited it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import makers
from hypothesis import given
from hypothesis import strategies as st
from states import SHOP, edited, release

from nginxgen.model.intent import EMPTY
from nginxgen.model.release import File, Release
from nginxgen.plan.diff import diff, hand_edited

OLD = release(weight="0")
NEW = release(weight="10")


def test_nothing_to_show_between_a_release_and_itself() -> None:
    assert diff(OLD.id, OLD.files, OLD) == ""


def test_a_first_release_is_all_new() -> None:
    text = diff(None, (), NEW)
    assert text.startswith("--- /dev/null\n+++ releases/")
    assert all(line.startswith("+") for line in text.splitlines()[3:])


def test_an_edited_sentinel_is_shown_though_it_is_ours() -> None:
    files = edited(OLD, "sentinel", "# hello\n")
    assert hand_edited(files) == {"sentinel"}
    assert "-# hello\n" in diff(OLD.id, files, OLD)


def test_a_file_that_somebody_put_there_is_shown_as_gone() -> None:
    files = (*OLD.files, File("extra.conf", "server {}\n"))
    assert f"--- releases/{OLD.id}/extra.conf\n+++ /dev/null\n@@ -1 +0,0 @@\n-server {{}}\n" in diff(OLD.id, files, OLD)


def test_without_sums_nothing_can_be_said_of_edits() -> None:
    assert hand_edited([file for file in OLD.files if file.name != "SHA256SUMS"]) == frozenset()


def test_patch_makes_the_new_files_of_the_old_ones(tmp_path: Path) -> None:
    """The diff is the real thing: git can apply it."""
    two = release(SHOP, makers.service("blog"), weight="50")
    folder = tmp_path / "releases" / OLD.id
    folder.mkdir(parents=True)
    for file in OLD.files:
        (folder / file.name).write_text(file.text)
    same_names = diff(OLD.id, OLD.files, two).replace(two.id, OLD.id)
    subprocess.run(["git", "apply", "-p0", "-"], cwd=tmp_path, input=same_names, text=True, check=True)
    for name in ("shop.conf", "blog.conf"):
        assert (folder / name).read_text() == two.file(name).text


LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=8), max_size=8)


@given(LINES, LINES, st.booleans())
def test_every_line_that_differs_is_in_it(old: list[str], new: list[str], ended: bool) -> None:
    before, after = "\n".join(old) + ("\n" if ended else ""), "\n".join(new)
    text = diff("old", (File("a.conf", before),), Release("new", (File("a.conf", after),), EMPTY))
    lines = text.split("\n")
    assert (text == "") == (before == after)
    assert all(f"-{line}" in lines for line in old if line not in new)
    assert all(f"+{line}" in lines for line in new if line not in old)
