# SPDX-License-Identifier: MIT
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from scons_kmod.base.errors import MachineError, UserError
from scons_kmod.base.run_log import RunLog
from scons_kmod.vm.initramfs import GuestFile, base_files, write_initramfs


def listing(archive: Path) -> list[str]:
    """A line for each entry of an archive: permissions, owner, group, path."""
    argv = ["cpio", "--extract", "--list", "--verbose", "--numeric-uid-gid", "--quiet", "--file", str(archive)]
    lines = subprocess.run(argv, stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    return [" ".join([columns[0], columns[2], columns[3], columns[-1]]) for columns in map(str.split, lines)]


def test_the_archive_holds_the_files_and_their_directories_owned_by_root(tmp_path: Path) -> None:
    module = tmp_path / "a.ko"
    module.write_bytes(b"module")
    module.chmod(0o600)
    files = {"/modules/deep/a.ko": GuestFile(module), "/init": GuestFile(b"#!/bin/sh\n", 0o755)}
    write_initramfs(tmp_path / "x.cpio", files, RunLog(), "x")
    assert listing(tmp_path / "x.cpio") == [
        "-rwxr-xr-x 0 0 init",
        "drwxr-xr-x 0 0 modules",
        "drwxr-xr-x 0 0 modules/deep",
        "-rw-r--r-- 0 0 modules/deep/a.ko",
    ]
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["cpio", "-id", "--quiet", "--file", str(tmp_path / "x.cpio")], cwd=out, check=True)
    assert (out / "modules/deep/a.ko").read_bytes() == b"module"


def test_equal_files_give_equal_archives_in_the_format_the_kernel_knows(tmp_path: Path) -> None:
    log = RunLog()
    files = {"/b": GuestFile(b"2"), "/a": GuestFile(b"1")}
    write_initramfs(tmp_path / "first:1.cpio", files, log, "x")
    write_initramfs(tmp_path / "second.cpio", dict(reversed(files.items())), log, "x")
    data = (tmp_path / "first:1.cpio").read_bytes()
    assert data == (tmp_path / "second.cpio").read_bytes()
    assert data.startswith(b"070701")
    assert [entry.step for entry in log.entries] == ["CPIO", "CPIO"]


def test_every_guest_has_a_static_busybox_an_init_and_the_default_test() -> None:
    files = base_files()
    assert sorted(files) == ["/bin/busybox", "/init", "/tests/load.sh"]
    assert files["/init"].mode == files["/bin/busybox"].mode == 0o755


@pytest.mark.parametrize("path", ["relative", "/up/../../etc/passwd", "/"])
def test_a_path_that_is_not_plain_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UserError, match="is not an absolute path of a file in the guest"):
        write_initramfs(tmp_path / "x.cpio", {path: GuestFile(b"")}, RunLog(), "x")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.ko"
    with pytest.raises(UserError) as caught:
        write_initramfs(tmp_path / "x.cpio", {"/x": GuestFile(missing)}, RunLog(), "x")
    assert str(caught.value) == f"{missing}: can't be read: No such file or directory"


def test_a_missing_tool_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError) as caught:
        base_files()
    assert caught.value.fix == "apt-get install busybox-static"
    with pytest.raises(MachineError) as caught:
        write_initramfs(tmp_path / "x.cpio", {}, RunLog(), "x")
    assert caught.value.fix == "apt-get install cpio"


def test_a_busybox_that_needs_libraries_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Any dynamically linked program will do.
    (tmp_path / "busybox").symlink_to(Path("/bin/sh").resolve())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MachineError, match="this busybox is linked dynamically"):
        base_files()
