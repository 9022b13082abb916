# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import arg_after, module, target

from scons_kmod.c.helpers import (
    helpers_archive,
)
from scons_kmod.engine.views import MEMBERS, View
from scons_kmod.link.rust_object import bundled_object_step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_object


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return module(tmp_path / "elsewhere")


def test_the_module_is_linked_from_what_it_reaches(build_target: BuildTarget, manifest: Manifest) -> None:
    step = bundled_object_step(build_target, manifest)
    reached, rust, whole, linked, objtool = step.commands
    assert "--gc-sections" in reached.argv
    assert reached.argv[-6:] == tuple(
        str(build_target.build / name)
        for name in (
            "modules/rust-echo/crate/rust_echo.o",
            "crates/kernel_base/kernel_base.o",
            "crates/bindings/bindings.o",
            "crates/library/core.o",
            "crates/library/compiler_builtins.o",
            "crates/library/alloc.o",
        )
    )
    assert (arg_after(reached.argv, "-o"), rust.argv[-1]) == ("reached.o", "reached.o")
    joined = str(module_object(build_target, manifest).with_name("whole.o"))
    assert whole.argv[-3:] == (joined, "rust.o", str(helpers_archive(build_target)))
    assert linked.argv[-2:] == (str(module_object(build_target, manifest)), joined)
    assert objtool.argv == (*build_target.kbuild.objtool, "--link", str(module_object(build_target, manifest)))
    assert objtool.cwd == build_target.tree.path
    assert objtool.env == (("SRCARCH", "x86"),)


def test_of_the_helpers_only_what_may_be_linked_counts(build_target: BuildTarget, manifest: Manifest) -> None:
    archive, linked = helpers_archive(build_target), module_object(build_target, manifest)
    c = (build_target.build / "one.o", build_target.build / "two.o")
    step = bundled_object_step(build_target, manifest, c)
    assert step.views == (View(MEMBERS, (archive,), (linked.with_name("rust.o"), *c)),)
    assert archive in step.order_only
    assert archive not in step.inputs


def test_a_kernel_without_objtool_runs_none(build_target: BuildTarget, manifest: Manifest) -> None:
    without = dataclasses.replace(build_target, kbuild=dataclasses.replace(build_target.kbuild, objtool=()))
    assert [command.argv[0] for command in bundled_object_step(without, manifest).commands] == [
        "x86_64-linux-gnu-ld"
    ] * 4
