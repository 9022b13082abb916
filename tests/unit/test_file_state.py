# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from scons_kmod.file_state import FileSet, clock_ns, digest_of, has_changed, read_state


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "x"
    made.write_text("content")
    return made


def test_an_untouched_file_is_not_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = FileSet.take([path])
    monkeypatch.setattr("scons_kmod.file_state.digest_of", lambda _: pytest.fail("it was read"))
    assert files.changed() == []


def test_a_touch_is_no_change(path: Path) -> None:
    files = FileSet.take([path])
    os.utime(path, (1, 1))
    assert files.changed() == []


def test_a_copy_with_the_same_content_is_no_change(path: Path) -> None:
    files = FileSet.take([path])
    other = path.with_name("y")
    other.write_text("content")
    other.replace(path)
    assert files.changed() == []


def test_an_edit_that_keeps_size_and_time_is_a_change(path: Path) -> None:
    files = FileSet.take([path])
    before = path.stat()
    time.sleep(0.01)
    path.write_text("CONTENT")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert files.changed() == [str(path)]


def test_a_file_that_vanishes_or_appears_is_a_change(path: Path, tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    files = FileSet.take([path, absent])
    assert files.changed() == []
    path.unlink()
    absent.write_text("")
    assert sorted(files.changed()) == sorted([str(path), str(absent)])


def test_a_directory_is_as_good_as_no_file(tmp_path: Path) -> None:
    assert read_state(tmp_path) is None
    assert not has_changed(tmp_path / "absent", None)


def test_a_file_that_changed_while_a_step_ran_never_counts_as_unchanged(path: Path) -> None:
    started = clock_ns()
    path.write_text("edited meanwhile")
    files = FileSet.take([path], before_ns=started)
    assert files.states[str(path)].digest == ""
    assert files.changed() == [str(path)]


def test_a_file_from_before_the_step_is_known(path: Path) -> None:
    later = path.stat().st_ctime_ns + 1_000_000_000
    assert FileSet.take([path], before_ns=later).changed() == []


def test_a_saved_set_is_read_back(path: Path, tmp_path: Path) -> None:
    files = FileSet.take([path, tmp_path / "absent"])
    files.save(tmp_path / "deep/record")
    loaded = FileSet.load(tmp_path / "deep/record")
    assert loaded is not None
    assert loaded.states == files.states


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 1}', '{"x": [1, 2]}', "\x00\xff"])
def test_a_damaged_record_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "record").write_text(text, encoding="latin-1")
    assert FileSet.load(tmp_path / "record") is None


def test_the_digest_depends_on_content_not_on_names(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "one").write_text("1")
        (tmp_path / folder / "two").write_text("2")
    sets = [FileSet.take((tmp_path / folder).iterdir()) for folder in ("a", "b")]
    assert sets[0].digest() == sets[1].digest()
    (tmp_path / "b/two").write_text("3")
    assert FileSet.take((tmp_path / "b").iterdir()).digest() != sets[0].digest()


def test_the_digest_is_sha256(path: Path) -> None:
    assert digest_of(path) == "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
