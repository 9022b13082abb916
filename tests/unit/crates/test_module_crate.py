# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import module, target

from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.engine.step import Step
from scons_kmod.target.build_target import BuildTarget


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


def module_step(build_target: BuildTarget) -> Step:
    return module_crate_step(build_target, module(build_target.sources.parent / "elsewhere"))


def externs(step: Step) -> list[str]:
    return [arg for arg in step.commands[0].argv if arg.startswith("--extern=")]


def test_a_module_is_of_its_time(build_target: BuildTarget) -> None:
    argv = module_step(build_target).commands[0].argv
    assert "--edition=2018" in argv
    assert "-Zcrate-attr=feature(used_with_arg)" in argv
    assert f"@{build_target.cfg_file}" in argv
    assert "--cfg=MODULE" in argv


def test_a_module_sees_the_kernel_crate_and_no_bindings(build_target: BuildTarget) -> None:
    names = [arg.split("=")[1] for arg in externs(module_step(build_target))]
    assert names == ["kernel", "core", "compiler_builtins", "alloc"]


def test_a_module_anywhere_is_compiled_as_if_it_lay_in_modules(build_target: BuildTarget, tmp_path: Path) -> None:
    steps = [module_crate_step(build_target, module(tmp_path / name)) for name in ("a", "b")]
    step = steps[0]
    assert step.outputs == (build_target.build / "modules/rust-echo/crate/rust_echo.o",)
    assert ("RUST_MODFILE", "modules/rust-echo") in step.commands[0].env
    assert "--crate-name=rust_echo" in step.commands[0].argv
    for name, step in zip(("a", "b"), steps, strict=True):
        assert f"--remap-path-prefix={tmp_path / name}=modules/rust-echo" in step.commands[0].argv
