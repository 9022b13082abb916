# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest

from scons_kmod.base.errors import UserError
from scons_kmod.vm.initramfs import GuestFile
from scons_kmod.vm.packed_tests import ModuleTest, guest_files, guest_plan


def test_the_plan_has_a_line_for_each_test_with_its_limit_and_its_files_in_load_order() -> None:
    tests = [ModuleTest("a", (Path("/x/dep.ko"), Path("/y/a.ko"))), ModuleTest("b", (Path("/b.ko"),), seconds=5)]
    assert guest_plan(tests) == "a 60 /modules/dep.ko /modules/a.ko\nb 5 /modules/b.ko\n"


def test_the_guest_gets_modules_scripts_and_extra_files(tmp_path: Path) -> None:
    extra = {"/bin/helper": GuestFile(b"#!/bin/sh\n", 0o755)}
    test = ModuleTest("a", (tmp_path / "dep.ko", tmp_path / "a.ko"), tmp_path / "test.sh", extra)
    files = guest_files([test])
    assert files["/modules/dep.ko"] == GuestFile(tmp_path / "dep.ko")
    assert files["/modules/a.ko"] == GuestFile(tmp_path / "a.ko")
    assert files["/tests/a.sh"] == GuestFile(tmp_path / "test.sh")
    assert files["/bin/helper"].mode == 0o755


def test_tests_may_share_a_dependency_but_not_a_path(tmp_path: Path) -> None:
    dependency = tmp_path / "dep.ko"
    first = ModuleTest("a", (dependency, tmp_path / "a.ko"))
    assert "/modules/dep.ko" in guest_files([first, ModuleTest("b", (dependency, tmp_path / "b.ko"))])
    other_dependency = ModuleTest("b", (tmp_path / "other/dep.ko", tmp_path / "b.ko"))
    with pytest.raises(UserError, match=r"two files would have the path /modules/dep\.ko in the guest"):
        guest_files([first, other_dependency])
