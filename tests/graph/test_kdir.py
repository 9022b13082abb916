# SPDX-License-Identifier: MIT
"""A kernel tree named by KDIR=, and what edits of its headers lead to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import PROJECT, Checkout
from scons_kmod.cache import cache_directory
from scons_kmod.packages import fetch
from scons_kmod.run_log import RunLog
from scons_kmod.target import default_target, read_targets


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the default target's headers, which may be edited: ROOT/usr/src/linux-headers-RELEASE."""
    target = default_target(read_targets(PROJECT / "targets"))
    unpacked = fetch(target, cache_directory(), RunLog(target.name))
    root = tmp_path_factory.mktemp("tree")
    shutil.copytree(unpacked.root, root, symlinks=True, dirs_exist_ok=True)
    yield root / unpacked.kernel_tree.relative_to(unpacked.root)
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def kdir_checkout(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    made = Checkout(tmp_path_factory.mktemp("kdir-checkout"))
    made.scons(f"KDIR={tree}")
    return made


def headers(tree: Path) -> list[Path]:
    return [path for directory in tree.parent.iterdir() for path in (directory / "include").rglob("*.h")]


def test_the_build_has_a_folder_of_its_own(kdir_checkout: Checkout, tree: Path) -> None:
    assert kdir_checkout.target.name == "kdir-" + tree.name.removeprefix("linux-headers-")
    assert kdir_checkout.modules()


def test_touching_every_header_runs_nothing(kdir_checkout: Checkout, tree: Path) -> None:
    for path in headers(tree):
        os.utime(path)
    kdir_checkout.scons(f"KDIR={tree}")
    assert kdir_checkout.ran() == []


def test_a_comment_in_a_header_that_all_reach_rebuilds_no_module(kdir_checkout: Checkout, tree: Path) -> None:
    before = kdir_checkout.modules()
    (fs,) = [path for path in headers(tree) if path.match("include/linux/fs.h") and "uapi" not in path.parts]
    fs.write_text("/* A comment that moves every line. */\n" + fs.read_text())
    kdir_checkout.scons(f"KDIR={tree}")
    ran = {step for step, _ in kdir_checkout.ran()}
    assert "BINDGEN" in ran
    assert not {"RUSTC", "LD", "LD [M]", "MODPOST"} & ran
    assert kdir_checkout.modules() == before
    kdir_checkout.scons(f"KDIR={tree}")
    assert kdir_checkout.ran() == []
    # What a build from nothing gives.
    kdir_checkout.scons("-c", f"KDIR={tree}")
    kdir_checkout.scons(f"KDIR={tree}", "rust_minimal")
    assert kdir_checkout.modules()["rust_minimal.ko"] == before["rust_minimal.ko"]
