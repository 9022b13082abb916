# SPDX-License-Identifier: MIT
"""A kernel tree named by KDIR=, and what edits of its headers lead to."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout import Checkout


@pytest.fixture(scope="module")
def tree(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the target's headers that may be edited; the original lies at ROOT/usr/src/linux-headers-RELEASE."""
    kept = json.loads((checkout.target / "config/kbuild.json").read_text())
    original = Path(kept["key"][0])
    root = tmp_path_factory.mktemp("tree")
    shutil.copytree(original.parents[2], root, symlinks=True, dirs_exist_ok=True)
    yield root / original.relative_to(original.parents[2])
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def kdir_checkout(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    made = Checkout(tmp_path_factory.mktemp("kdir-checkout"))
    made.scons(f"KDIR={tree}")
    return made


def headers(tree: Path) -> list[Path]:
    return [path for directory in tree.parent.iterdir() for path in (directory / "include").rglob("*.h")]


def test_the_modules_are_those_of_the_target(checkout: Checkout, kdir_checkout: Checkout, tree: Path) -> None:
    assert kdir_checkout.target.name == "kdir-" + tree.name.removeprefix("linux-headers-")
    checkout.scons()
    assert kdir_checkout.modules() == checkout.modules()


def test_touching_every_header_runs_nothing(kdir_checkout: Checkout, tree: Path) -> None:
    for path in headers(tree):
        os.utime(path)
    kdir_checkout.scons(f"KDIR={tree}")
    assert kdir_checkout.ran() == []


def test_a_comment_in_a_header_that_all_reach_rebuilds_no_module(
    kdir_checkout: Checkout, other_checkout: Checkout, tree: Path
) -> None:
    before = kdir_checkout.modules()
    (fs,) = [path for path in headers(tree) if path.match("include/linux/fs.h") and "uapi" not in path.parts]
    fs.write_text("/* A comment that moves every line. */\n" + fs.read_text())
    kdir_checkout.scons(f"KDIR={tree}")
    ran = {step for step, _ in kdir_checkout.ran()}
    assert "BINDGEN" in ran
    assert not {"RUSTC", "LD", "LD [M]", "MODPOST"} & ran
    other_checkout.scons(f"KDIR={tree}")
    assert kdir_checkout.modules() == before == other_checkout.modules()
    kdir_checkout.scons(f"KDIR={tree}")
    assert kdir_checkout.ran() == []
