# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import module, target

from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.crates.support import bindings_crate_step
from scons_kmod.crates.support_outputs import library_stamp, support_rmeta
from scons_kmod.crates.wrapper_steps import base_crate_step
from scons_kmod.engine.digests import RUST
from scons_kmod.engine.step import Step
from scons_kmod.target.build_target import BuildTarget

Make = Callable[[BuildTarget], Step]


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


def module_step(build_target: BuildTarget) -> Step:
    return module_crate_step(build_target, module(build_target.sources.parent / "elsewhere"))


KERNEL_CODE = pytest.mark.parametrize("make", [bindings_crate_step, base_crate_step, module_step])


@KERNEL_CODE
def test_kernel_code_has_the_kernels_flags_and_the_users(build_target: BuildTarget, make: Make) -> None:
    (command,) = make(build_target).commands
    assert set(build_target.rust_flags) <= set(command.argv)
    assert "-Cdebuginfo=1" in command.argv
    assert command.argv[0] == "/opt/rust/bin/rustc"
    assert {("RUSTC_BOOTSTRAP", "1"), ("LD_LIBRARY_PATH", "/opt/rust/lib")} <= set(command.env)


@KERNEL_CODE
def test_no_path_of_the_sources_gets_into_an_object(build_target: BuildTarget, make: Make) -> None:
    (command,) = make(build_target).commands
    root = command.argv[-1]
    assert root.endswith(".rs")
    # The last that fits counts.
    *_, remap = (arg.split("=", 1)[1] for arg in command.argv if arg.startswith("--remap-path-prefix="))
    prefix, _, name = remap.rpartition("=")
    assert root.startswith(prefix)
    assert not (name + root.removeprefix(prefix)).startswith(str(build_target.sources.parent))


@KERNEL_CODE
def test_each_has_a_working_directory_of_its_own(build_target: BuildTarget, make: Make) -> None:
    steps = [bindings_crate_step(build_target), base_crate_step(build_target), module_step(build_target)]
    assert len({step.commands[0].cwd for step in steps}) == 3
    assert make(build_target).commands[0].cwd.is_relative_to(build_target.build)


@KERNEL_CODE
def test_what_it_was_compiled_against_is_its_input(build_target: BuildTarget, make: Make) -> None:
    step = make(build_target)
    named = {Path(arg.rpartition("=")[2]) for arg in step.commands[0].argv if arg.startswith("--extern=")}
    library = {support_rmeta(build_target, name) for name in ("core", "compiler_builtins", "alloc")}
    assert named - library <= set(step.inputs)
    assert library_stamp(build_target) in step.inputs
    assert step.tools == ("rustc's digest",)


@KERNEL_CODE
def test_a_depfile_says_what_it_read(build_target: BuildTarget, make: Make) -> None:
    step = make(build_target)
    (emit,) = (arg for arg in step.commands[0].argv if arg.startswith("--emit="))
    assert f"dep-info={step.depfiles[0]}" in emit.split(",")
    assert all(str(path) in emit for path in step.outputs)


@KERNEL_CODE
def test_comments_in_its_sources_do_not_count_unless_the_user_has_flags(build_target: BuildTarget, make: Make) -> None:
    plain = dataclasses.replace(build_target, krustflags=())
    assert (make(plain).digest_kind, make(plain).compare_raw) == (RUST, False)
    assert make(build_target).compare_raw, "a flag may bring anything into the object"
