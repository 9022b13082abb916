# SPDX-License-Identifier: MIT
from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import write

from scons_kmod.base.errors import MachineError, UserError
from scons_kmod.install.placed_files import NewFile, PlacedFiles

RECORD = "lib/modules/6.12/record.json"
KO = NewFile("lib/modules/6.12/updates/x.ko", b"a module", "x")
CONF = NewFile("etc/modprobe.d/x.conf", b"options x n=1\n", "x", shared=True)
OTHER = NewFile("lib/modules/6.12/updates/y.ko", b"another", "y")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def placed(root: Path) -> PlacedFiles:
    """As a later run has it."""
    return PlacedFiles(root, RECORD)


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def nothing(_: str) -> bool:
    return False


def test_files_lie_where_they_should_and_can_be_read(root: Path) -> None:
    made = placed(root).put([KO, CONF])
    assert made == [root / KO.path, root / CONF.path]
    assert [path.read_bytes() for path in made] == [b"a module", b"options x n=1\n"]
    assert {path.stat().st_mode & 0o777 for path in made} == {0o644}


def test_what_was_put_there_can_be_removed_and_nothing_else(root: Path) -> None:
    theirs = write(root / "lib/modules/6.12/modules.dep", "theirs")
    placed(root).put([KO, CONF, OTHER])
    assert placed(root).owners() == {"x", "y"}
    removed, left = placed(root).remove({"x", "y"}, nothing)
    assert (sorted(removed), left) == (sorted(root / file.path for file in (KO, CONF, OTHER)), [])
    assert [path for path in root.rglob("*") if path.is_file()] == [theirs]
    assert not (root / "etc").exists()


def test_directories_of_others_stay_though_they_are_empty(root: Path) -> None:
    (root / "etc/modprobe.d").mkdir(parents=True)
    placed(root).put([KO, CONF])
    placed(root).remove({"x"}, nothing)
    assert everything(root) == ["etc", "etc/modprobe.d"]


def test_directories_can_be_entered_whatever_the_umask_is(root: Path) -> None:
    root.mkdir()
    old = os.umask(0o077)
    try:
        placed(root).put([KO, CONF])
    finally:
        os.umask(old)
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*") if path.is_dir()} == {0o755}


def test_a_root_that_is_not_there_is_made(tmp_path: Path) -> None:
    deep = tmp_path / "some/where/root"
    placed(deep).put([KO])
    placed(deep).remove({"x"}, nothing)
    assert everything(deep) == []


def test_a_directory_in_the_way_is_told(root: Path) -> None:
    (root / KO.path).mkdir(parents=True)
    with pytest.raises(UserError, match=r"x\.ko: a directory is in the place of a file\n    move it away"):
        placed(root).put([CONF, KO])
    assert not (root / CONF.path).exists()


def test_the_files_of_one_owner_alone(root: Path) -> None:
    placed(root).put([KO, CONF, OTHER])
    placed(root).remove({"x"}, nothing)
    assert placed(root).owners() == {"y"}
    assert (root / OTHER.path).exists()
    assert not (root / KO.path).exists()


def test_what_somebody_has_changed_is_left_and_said(root: Path) -> None:
    placed(root).put([KO, CONF])
    (root / CONF.path).write_text("options x n=2\n")
    assert placed(root).remove({"x"}, nothing) == ([root / KO.path], [root / CONF.path])
    assert (root / CONF.path).read_text() == "options x n=2\n"
    assert not (root / RECORD).exists(), "it is theirs now"


def test_what_is_needed_elsewhere_stays(root: Path) -> None:
    placed(root).put([KO, CONF])
    assert placed(root).remove({"x"}, lambda path: path == CONF.path) == ([root / KO.path], [])
    assert (root / CONF.path).exists()


def test_an_owners_older_files_go_when_it_has_others(root: Path) -> None:
    placed(root).put([KO, OTHER])
    compressed = NewFile(f"{KO.path}.xz", b"smaller", "x")
    placed(root).put([compressed])
    assert not (root / KO.path).exists()
    assert (root / OTHER.path).exists()
    assert (root / compressed.path).read_bytes() == b"smaller"


def test_a_file_of_somebody_else_is_not_replaced_where_others_write(root: Path) -> None:
    write(root / CONF.path, "theirs")
    with pytest.raises(UserError, match=r"x\.conf: it is there, and not as we wrote it\n    move it away"):
        placed(root).put([KO, CONF])
    assert not (root / KO.path).exists()
    assert (root / CONF.path).read_text() == "theirs"


def test_our_own_is_replaced_unless_it_was_changed(root: Path) -> None:
    placed(root).put([CONF])
    newer = NewFile(CONF.path, b"options x n=3\n", "x", shared=True)
    placed(root).put([newer])
    assert (root / CONF.path).read_bytes() == newer.data
    (root / CONF.path).write_text("options x n=4\n")
    with pytest.raises(UserError):
        placed(root).put([CONF])
    # The same text is no conflict, whoever wrote it.
    (root / CONF.path).write_bytes(CONF.data)
    placed(root).put([CONF])


def test_one_file_that_cannot_be_written_keeps_all_from_being_there(root: Path) -> None:
    write(root / "etc", "a file in the place of a directory")
    with pytest.raises(MachineError, match=r"name a directory that can be written: DESTDIR="):
        placed(root).put([KO, CONF])
    assert everything(root) == ["etc"]


def test_a_full_disk_leaves_nothing(root: Path) -> None:
    big = NewFile(OTHER.path, bytes(100_000), "y")
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from scons_kmod.install.placed_files import NewFile, PlacedFiles\n"
        "from scons_kmod.base.errors import MachineError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))\n"
        f"files = [NewFile({KO.path!r}, b'a module', 'x'), NewFile({big.path!r}, bytes(100_000), 'y')]\n"
        f"try: PlacedFiles(Path({str(root)!r}), {RECORD!r}).put(files)\n"
        "except MachineError as error: print(error)\n"
    )
    home = str(Path(sys.modules["scons_kmod"].__path__[0]).parent)
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, env={"PYTHONPATH": home})
    assert "File too large" in done.stdout
    assert everything(root) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_what_was_there_is_still_known_when_a_later_run_fails(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    placed(root).put([KO])
    newer = NewFile(KO.path, b"a newer module", "x")
    monkeypatch.setattr(Path, "replace", failing(root / KO.path, OSError(28, "No space left on device")))
    with pytest.raises(MachineError, match="No space left on device"):
        placed(root).put([newer])
    monkeypatch.undo()
    assert placed(root).remove({"x"}, nothing) == ([root / KO.path], [])
    assert everything(root) == []


def failing(place: Path, error: BaseException) -> Callable[[Path, Path], Path]:
    """As Path.replace, but one file can't be put into its place."""
    real = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if target == place:
            raise error
        return real(path, target)

    return replace


def test_what_a_killed_run_has_not_replaced_can_be_removed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    placed(root).put([KO])
    monkeypatch.setattr(Path, "replace", failing(root / KO.path, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        placed(root).put([NewFile(KO.path, b"a newer module", "x")])
    monkeypatch.undo()
    assert placed(root).remove({"x"}, nothing) == ([root / KO.path], [])


def test_a_damaged_record_is_told(root: Path) -> None:
    write(root / RECORD, '{"files": {"a": 1}}')
    with pytest.raises(UserError, match=r"record\.json: this record of installed files can't be read"):
        placed(root)


def test_the_record_has_been_written_before_the_files_are_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "replace", failing(root / KO.path, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        placed(root).put([KO])
    assert list(json.loads((root / RECORD).read_text())["files"]) == [KO.path]
