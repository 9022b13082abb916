# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import programs, write

from scons_kmod.base.run_log import RunLog
from scons_kmod.install.initramfs_refresh import refresh_initramfs

RELEASE = "6.12-amd64"
LISTING = "usr/lib/modules/6.12/updates/my-disk.ko.xz\nusr/lib/modules/6.12/kernel/ext4.ko"


def run(boot: Path, *names: str) -> tuple[bool, str]:
    """Whether the image was rebuilt, and the arguments of the program that did it."""
    said = boot / "said"
    rebuilt = refresh_initramfs(RELEASE, names, RunLog(), boot)
    return rebuilt, said.read_text() if said.exists() else ""


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scons_kmod.base.programs.SYSTEM_DIRECTORIES", "")


@pytest.fixture
def debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    scripts = {"lsinitramfs": f"echo '{LISTING}'", "update__initramfs": f'echo "$@" > {tmp_path}/said'}
    programs(monkeypatch, tmp_path / "bin", **scripts)
    write(tmp_path / f"initrd.img-{RELEASE}", "")
    return tmp_path


def test_an_image_with_the_module_is_rebuilt(debian: Path) -> None:
    assert run(debian, "other", "my-disk") == (True, f"-u -k {RELEASE}\n")


def test_an_image_without_it_is_left_alone(debian: Path) -> None:
    assert run(debian, "disk", "ext") == (False, "")
    assert run(debian) == (False, "")


def test_a_kernel_without_an_image_has_none_to_rebuild(debian: Path) -> None:
    (debian / f"initrd.img-{RELEASE}").unlink()
    assert run(debian, "my-disk") == (False, "")


def test_dracut_is_known_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs(monkeypatch, tmp_path / "bin", lsinitrd=f"echo '{LISTING}'", dracut=f'echo "$@" > {tmp_path}/said')
    write(tmp_path / f"initramfs-{RELEASE}.img", "")
    assert run(tmp_path, "ext4") == (True, f"--force --kver {RELEASE}\n")
