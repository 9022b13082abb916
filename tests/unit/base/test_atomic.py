# SPDX-License-Identifier: MIT
from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scons_kmod.base.atomic import locked, write_bytes, write_text

LOCKER = "import sys, pathlib, scons_kmod.base.atomic as a\nwith a.locked(pathlib.Path(sys.argv[1])): print('got it')"


def test_the_directory_is_created_and_the_mode_set(tmp_path: Path) -> None:
    path = tmp_path / "a/b/tool"
    write_text(path, "ü\n", mode=0o755)
    assert path.read_bytes() == b"\xc3\xbc\n"
    assert path.stat().st_mode & 0o777 == 0o755


def test_a_reader_of_the_old_file_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_bytes(path, b"old")
    with path.open("rb") as reader:
        write_bytes(path, b"new and longer")
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new and longer"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_bytes(path, b"old")
    with pytest.raises(TypeError):
        write_bytes(path, "no bytes")
    assert path.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_new_file_that_fails_its_check_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_text(path, "old")

    def check(new: Path) -> None:
        assert (path.read_text(), new.read_text()) == ("old", "new")
        raise ValueError("no good")

    with pytest.raises(ValueError, match="no good"):
        write_text(path, "new", check=check)
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_file_cannot_replace_a_directory(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_bytes(tmp_path / "x", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_lock_keeps_other_processes_out_until_it_is_freed(tmp_path: Path) -> None:
    path = tmp_path / "made/lock"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with locked(path):
        other = subprocess.Popen((sys.executable, "-c", LOCKER, path), env=environment, stdout=subprocess.PIPE)
        time.sleep(0.2)
        assert other.poll() is None
    assert other.communicate(timeout=10)[0] == b"got it\n"
