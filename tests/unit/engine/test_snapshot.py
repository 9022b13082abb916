# SPDX-License-Identifier: MIT
"""Snapshots of files and directories, each compared in a later run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from scons_kmod.engine.digests import Digests
from scons_kmod.engine.snapshot import MOST_FILES, Snapshot, is_unchanged, take_snapshot, tree_snapshot


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory with files and directories that are older than the tick of the clock."""
    for name in ("tree/a", "tree/deep/b"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("text")
    (tmp_path / "tree/empty").mkdir()
    time.sleep(0.03)
    return tmp_path / "tree"


def snapshot(tree: Path) -> Snapshot | None:
    return tree_snapshot(tree, Digests(), tree / "build")


def keep_size_and_time(path: Path) -> None:
    before = path.stat()
    path.write_text("TEXT")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "an edit": lambda tree: (tree / "deep/b").write_text("other"),
    "an edit that keeps size and time": lambda tree: keep_size_and_time(tree / "a"),
    "a new file": lambda tree: (tree / "empty/new").write_text(""),
    "a new directory": lambda tree: (tree / "deep/new").mkdir(),
    "a removed file": lambda tree: (tree / "a").unlink(),
    "a removed directory": lambda tree: (tree / "empty").rmdir(),
    "a renamed file": lambda tree: (tree / "a").rename(tree / "c"),
    "a file that takes the place of another": lambda tree: (tree / "deep/b").replace(tree / "a"),
    "a file that takes the place of a directory": lambda tree: ((tree / "empty").rmdir(), (tree / "empty").touch()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_below_a_directory_is_noticed(tree: Path, change: str) -> None:
    taken = snapshot(tree)
    assert taken
    assert is_unchanged(taken, Digests())
    CHANGES[change](tree)
    assert not is_unchanged(taken, Digests())


def test_a_file_that_was_missing_is_noticed(tree: Path) -> None:
    taken = take_snapshot([str(tree / "absent")], Digests())
    assert taken == {str(tree / "absent"): None}
    (tree / "absent").touch()
    assert not is_unchanged(taken, Digests())


def test_what_has_just_changed_may_change_again_with_the_same_times(tree: Path) -> None:
    (tree / "a").write_text("new")
    assert snapshot(tree) is None
    assert take_snapshot([str(tree / "a")], Digests()) is None
    assert take_snapshot([str(tree / "deep/b")], Digests()) is not None


def test_what_changes_while_the_run_looks_is_not_taken_as_found_out(tree: Path) -> None:
    digests = Digests()
    (tree / "deep/b").write_text("new")
    time.sleep(0.03)
    assert tree_snapshot(tree, digests, tree / "build") is None


def test_a_run_may_have_begun_before_its_first_look(tree: Path) -> None:
    paths = [str(tree / "a")]
    assert take_snapshot(paths, Digests(started=(tree / "a").stat().st_ctime_ns)) is None
    assert take_snapshot(paths, Digests()) is not None


def test_a_file_that_was_replaced_after_the_first_look_differs_later(tree: Path) -> None:
    digests = Digests()
    digests.stat(str(tree / "a"))
    (tree / "a").write_text("new")
    taken = take_snapshot([str(tree / "a")], digests)
    assert taken is None or not is_unchanged(taken, Digests())


@pytest.mark.parametrize("link", ["../outside", "a", "deep", "absent"])
def test_links_lead_elsewhere(tree: Path, link: str) -> None:
    (tree.parent / "outside").mkdir()
    (tree / "deep/link").symlink_to(link)
    time.sleep(0.03)
    assert snapshot(tree) is None


def test_a_tree_with_the_build_directory_in_it_has_no_snapshot(tree: Path) -> None:
    (tree / "build").mkdir()
    time.sleep(0.03)
    assert snapshot(tree) is None


def test_a_large_tree_has_no_snapshot(tree: Path) -> None:
    for number in range(MOST_FILES):
        (tree / f"empty/{number}").touch()
    time.sleep(0.03)
    assert snapshot(tree) is None


def test_a_directory_that_is_missing_has_no_snapshot(tree: Path) -> None:
    assert snapshot(tree / "absent") is None
