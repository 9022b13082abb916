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
from scons_kmod.install.atomic_install import NewFile, install_files, remove_files
from scons_kmod.install.record import InstallRecord

RECORD = "lib/modules/6.12/record.json"
KO = NewFile("lib/modules/6.12/updates/x.ko", b"a module", "x")
CONF = NewFile("etc/modprobe.d/x.conf", b"options x n=1\n", "x", shared=True)
OTHER = NewFile("lib/modules/6.12/updates/y.ko", b"another", "y")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def record(root: Path) -> InstallRecord:
    """The record as a later run reads it."""
    return InstallRecord(root, RECORD)


def install(root: Path, *files: NewFile) -> list[Path]:
    return install_files(record(root), files)


def remove(
    root: Path, *owners: str, is_needed: Callable[[str], bool] = lambda _: False
) -> tuple[list[Path], list[Path]]:
    return remove_files(record(root), set(owners), is_needed)


def all_paths(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


def test_files_are_installed_at_their_paths_and_can_be_read(root: Path) -> None:
    paths = install(root, KO, CONF)
    assert paths == [root / KO.path, root / CONF.path]
    assert [path.read_bytes() for path in paths] == [b"a module", b"options x n=1\n"]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o644}


def test_what_was_installed_can_be_removed_and_nothing_else(root: Path) -> None:
    theirs = write(root / "lib/modules/6.12/modules.dep", "theirs")
    install(root, KO, CONF, OTHER)
    assert record(root).owners() == {"x", "y"}
    removed, left = remove(root, "x", "y")
    assert (sorted(removed), left) == (sorted(root / file.path for file in (KO, CONF, OTHER)), [])
    assert [path for path in root.rglob("*") if path.is_file()] == [theirs]
    assert not (root / "etc").exists()


def test_an_empty_directory_of_somebody_else_stays(root: Path) -> None:
    (root / "etc/modprobe.d").mkdir(parents=True)
    install(root, KO, CONF)
    remove(root, "x")
    assert all_paths(root) == ["etc", "etc/modprobe.d"]


def test_directories_can_be_entered_whatever_the_umask_is(root: Path) -> None:
    root.mkdir()
    old = os.umask(0o077)
    try:
        install(root, KO, CONF)
    finally:
        os.umask(old)
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*") if path.is_dir()} == {0o755}


def test_a_missing_root_is_created(tmp_path: Path) -> None:
    deep = tmp_path / "some/where/root"
    install(deep, KO)
    remove(deep, "x")
    assert all_paths(deep) == []


def test_a_directory_in_the_way_is_named(root: Path) -> None:
    (root / KO.path).mkdir(parents=True)
    with pytest.raises(UserError, match=r"x\.ko: a directory has the path of a file to install\n    move it away"):
        install(root, CONF, KO)
    assert not (root / CONF.path).exists()


def test_only_the_files_of_the_named_owner_are_removed(root: Path) -> None:
    install(root, KO, CONF, OTHER)
    remove(root, "x")
    assert record(root).owners() == {"y"}
    assert (root / OTHER.path).exists()
    assert not (root / KO.path).exists()


def test_a_file_that_somebody_has_changed_is_left_and_named(root: Path) -> None:
    install(root, KO, CONF)
    (root / CONF.path).write_text("options x n=2\n")
    assert remove(root, "x") == ([root / KO.path], [root / CONF.path])
    assert (root / CONF.path).read_text() == "options x n=2\n"
    assert not (root / RECORD).exists(), "it is theirs now"


def test_a_file_that_is_needed_elsewhere_stays(root: Path) -> None:
    install(root, KO, CONF)
    assert remove(root, "x", is_needed=lambda path: path == CONF.path) == ([root / KO.path], [])
    assert (root / CONF.path).exists()


def test_an_owners_older_files_are_removed_when_it_has_new_ones(root: Path) -> None:
    install(root, KO, OTHER)
    compressed = NewFile(f"{KO.path}.xz", b"smaller", "x")
    install(root, compressed)
    assert not (root / KO.path).exists()
    assert (root / OTHER.path).exists()
    assert (root / compressed.path).read_bytes() == b"smaller"


def test_a_shared_file_of_somebody_else_is_not_replaced(root: Path) -> None:
    write(root / CONF.path, "theirs")
    with pytest.raises(
        UserError, match=r"x\.conf: scons did not write this file, or it has changed since\n    move it away"
    ):
        install(root, KO, CONF)
    assert not (root / KO.path).exists()
    assert (root / CONF.path).read_text() == "theirs"


def test_an_installed_file_is_replaced_unless_somebody_has_changed_it(root: Path) -> None:
    install(root, CONF)
    newer = NewFile(CONF.path, b"options x n=3\n", "x", shared=True)
    install(root, newer)
    assert (root / CONF.path).read_bytes() == newer.data
    (root / CONF.path).write_text("options x n=4\n")
    with pytest.raises(UserError):
        install(root, CONF)
    # The same text is no conflict, whoever wrote it.
    (root / CONF.path).write_bytes(CONF.data)
    install(root, CONF)


def test_if_a_file_cannot_be_written_nothing_is_installed(root: Path) -> None:
    write(root / "etc", "a file in the place of a directory")
    with pytest.raises(MachineError, match=r"name a directory that can be written: DESTDIR="):
        install(root, KO, CONF)
    assert all_paths(root) == ["etc"]


def test_a_full_disk_leaves_nothing(root: Path) -> None:
    big = NewFile(OTHER.path, bytes(100_000), "y")
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from scons_kmod.install.atomic_install import NewFile, install_files\n"
        "from scons_kmod.install.record import InstallRecord\n"
        "from scons_kmod.base.errors import MachineError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))\n"
        f"files = [NewFile({KO.path!r}, b'a module', 'x'), NewFile({big.path!r}, bytes(100_000), 'y')]\n"
        f"try: install_files(InstallRecord(Path({str(root)!r}), {RECORD!r}), files)\n"
        "except MachineError as error: print(error)\n"
    )
    home = str(Path(sys.modules["scons_kmod"].__path__[0]).parent)
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, check=True, capture_output=True, text=True, env={"PYTHONPATH": home})
    assert "File too large" in done.stdout
    assert all_paths(root) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_what_was_there_is_still_known_when_a_later_run_fails(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(root, KO)
    newer = NewFile(KO.path, b"a newer module", "x")
    monkeypatch.setattr(Path, "replace", failing(root / KO.path, OSError(28, "No space left on device")))
    with pytest.raises(MachineError, match="No space left on device"):
        install(root, newer)
    monkeypatch.undo()
    assert remove(root, "x") == ([root / KO.path], [])
    assert all_paths(root) == []


def failing(destination: Path, error: BaseException) -> Callable[[Path, Path], Path]:
    """Path.replace, except that it raises `error` for the file `destination`."""
    real = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if target == destination:
            raise error
        return real(path, target)

    return replace


def test_what_a_killed_run_has_not_replaced_can_be_removed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(root, KO)
    monkeypatch.setattr(Path, "replace", failing(root / KO.path, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        install(root, NewFile(KO.path, b"a newer module", "x"))
    monkeypatch.undo()
    assert remove(root, "x") == ([root / KO.path], [])


def test_a_damaged_record_is_named(root: Path) -> None:
    write(root / RECORD, '{"files": {"a": 1}}')
    with pytest.raises(UserError, match=r"record\.json: this record of installed files can't be read"):
        record(root)


def test_the_record_has_been_written_before_the_files_are_there(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "replace", failing(root / KO.path, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        install(root, KO)
    assert list(json.loads((root / RECORD).read_text())["files"]) == [KO.path]
