# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import target, write

from scons_kmod.crates.support import bindings_crate_step, library_crates_step, macros_crate_step
from scons_kmod.crates.support_outputs import macros_library
from scons_kmod.crates.wrapper_steps import base_crate_step
from scons_kmod.engine.digests import RUST
from scons_kmod.engine.step import Step
from scons_kmod.target.build_target import BuildTarget


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


def test_library_crates_are_compiled_in_their_order(build_target: BuildTarget) -> None:
    step = library_crates_step(build_target)
    names = [arg for command in step.commands for arg in command.argv if arg.startswith("--crate-name=")]
    assert names == ["--crate-name=core", "--crate-name=compiler_builtins", "--crate-name=alloc"]
    assert {"--extern=core=libcore.rmeta", "--extern=compiler_builtins=libcompiler_builtins.rmeta"} <= set(
        step.commands[2].argv
    )
    assert step.products[:2] == ("core.o", "libcore.rmeta")


def test_library_crates_know_nothing_of_the_checkout_or_the_cache(build_target: BuildTarget, tmp_path: Path) -> None:
    step = library_crates_step(build_target)
    assert not [arg for command in step.commands for arg in command.argv if str(tmp_path) in arg]
    assert [command.cwd for command in step.commands] == [Path()] * 3
    elsewhere = dataclasses.replace(build_target, cache=Path("/cache"), sources=Path("/sources"))
    assert library_crates_step(elsewhere).signature() == step.signature()


def test_a_stand_in_is_compiled_if_rustcs_sources_lack_a_crate(build_target: BuildTarget, tmp_path: Path) -> None:
    for root in ("core/src/lib.rs", "alloc/src/lib.rs"):
        write(tmp_path / "library" / root, "")
    without = dataclasses.replace(build_target.toolchain, library_sources=str(tmp_path / "library"))
    step = library_crates_step(dataclasses.replace(build_target, toolchain=without))
    stand_in = build_target.sources / "rust/compiler_builtins/lib.rs"
    assert [command.argv[-1] for command in step.commands] == [
        str(tmp_path / "library/core/src/lib.rs"),
        str(stand_in),
        str(tmp_path / "library/alloc/src/lib.rs"),
    ]
    assert stand_in.parent in step.source_dirs


def test_kernels_of_other_flags_have_other_library_crates(tmp_path: Path) -> None:
    signatures = {library_crates_step(target(tmp_path / version, version)).signature() for version in ("6.1", "6.12")}
    assert len(signatures) == 2


def test_the_users_flags_are_not_for_library_crates(build_target: BuildTarget) -> None:
    other = dataclasses.replace(build_target, krustflags=("-Copt-level=0",))
    assert library_crates_step(other).signature() == library_crates_step(build_target).signature()
    assert base_crate_step(other).signature() != base_crate_step(build_target).signature()


@pytest.mark.parametrize("make", [macros_crate_step, bindings_crate_step, base_crate_step])
def test_no_path_of_the_build_gets_into_metadata(
    build_target: BuildTarget, make: Callable[[BuildTarget], Step]
) -> None:
    (command,) = make(build_target).commands
    assert f"--remap-path-prefix={build_target.build}=build/{build_target.name}" in command.argv


def test_macros_are_not_compiled_with_the_users_flags(build_target: BuildTarget) -> None:
    assert (macros_crate_step(build_target).digest_kind, macros_crate_step(build_target).compare_raw) == (RUST, False)


def test_what_the_cache_has_is_not_kept_twice(build_target: BuildTarget) -> None:
    assert not library_crates_step(build_target).restorable
    assert base_crate_step(build_target).restorable


def test_the_bindings_crate_gets_the_path_of_the_bindings(build_target: BuildTarget) -> None:
    step = bindings_crate_step(build_target)
    part = build_target.build / "bindings/parts/bindings.rs"
    assert ("RUST_BINDINGS_FILE", str(part)) in step.commands[0].env
    assert part in step.inputs


def test_macros_are_built_for_the_host(build_target: BuildTarget) -> None:
    step = macros_crate_step(build_target)
    assert not set(build_target.rust_flags) & set(step.commands[0].argv)
    assert "--crate-type=proc-macro" in step.commands[0].argv
    assert step.outputs == (macros_library(build_target),)
