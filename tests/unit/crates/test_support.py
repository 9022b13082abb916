# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import module, target, write

from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.crates.support import bindings_crate_step, kernel_crate_step, library_crates_step, macros_crate_step
from scons_kmod.crates.support_outputs import library_stamp, macros_library, support_rmeta
from scons_kmod.engine.digests import LINES
from scons_kmod.engine.step import Step
from scons_kmod.target.build_target import BuildTarget

Make = Callable[[BuildTarget], Step]


@pytest.fixture
def made(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


def module_step(made: BuildTarget) -> Step:
    return module_crate_step(made, module(made.sources.parent / "elsewhere"))


def externs(step: Step) -> list[str]:
    return [word for word in step.commands[0].argv if word.startswith("--extern=")]


def test_library_crates_are_compiled_in_their_order(made: BuildTarget) -> None:
    step = library_crates_step(made)
    names = [word for command in step.commands for word in command.argv if word.startswith("--crate-name=")]
    assert names == ["--crate-name=core", "--crate-name=compiler_builtins", "--crate-name=alloc"]
    assert {"--extern=core=libcore.rmeta", "--extern=compiler_builtins=libcompiler_builtins.rmeta"} <= set(
        step.commands[2].argv
    )
    assert step.products[:2] == ("core.o", "libcore.rmeta")


def test_library_crates_know_nothing_of_the_checkout_or_the_cache(made: BuildTarget, tmp_path: Path) -> None:
    step = library_crates_step(made)
    assert not [word for command in step.commands for word in command.argv if str(tmp_path) in word]
    assert [command.cwd for command in step.commands] == [Path()] * 3
    elsewhere = dataclasses.replace(made, cache=Path("/cache"), sources=Path("/sources"))
    assert library_crates_step(elsewhere).signature() == step.signature()


def test_what_rustcs_sources_lack_is_taken_from_ours(made: BuildTarget, tmp_path: Path) -> None:
    for root in ("core/src/lib.rs", "alloc/src/lib.rs"):
        write(tmp_path / "library" / root, "")
    without = dataclasses.replace(made.toolchain, library_sources=str(tmp_path / "library"))
    step = library_crates_step(dataclasses.replace(made, toolchain=without))
    stand_in = made.sources / "rust/compiler_builtins/lib.rs"
    assert [command.argv[-1] for command in step.commands] == [
        str(tmp_path / "library/core/src/lib.rs"),
        str(stand_in),
        str(tmp_path / "library/alloc/src/lib.rs"),
    ]
    assert stand_in.parent in step.source_dirs


def test_kernels_of_other_flags_have_other_library_crates(tmp_path: Path) -> None:
    signatures = {library_crates_step(target(tmp_path / version, version)).signature() for version in ("6.1", "6.12")}
    assert len(signatures) == 2


def test_the_users_flags_are_not_for_library_crates(made: BuildTarget) -> None:
    other = dataclasses.replace(made, krustflags=("-Copt-level=0",))
    assert library_crates_step(other).signature() == library_crates_step(made).signature()
    assert kernel_crate_step(other).signature() != kernel_crate_step(made).signature()


KERNEL_CODE = pytest.mark.parametrize("make", [bindings_crate_step, kernel_crate_step, module_step])


@KERNEL_CODE
def test_kernel_code_has_the_kernels_flags_and_the_users(made: BuildTarget, make: Make) -> None:
    (command,) = make(made).commands
    assert set(made.rust_flags) <= set(command.argv)
    assert "-Cdebuginfo=1" in command.argv
    assert command.argv[0] == "/opt/rust/bin/rustc"
    assert {("RUSTC_BOOTSTRAP", "1"), ("LD_LIBRARY_PATH", "/opt/rust/lib")} <= set(command.env)


@KERNEL_CODE
def test_no_path_of_the_sources_gets_into_an_object(made: BuildTarget, make: Make) -> None:
    (command,) = make(made).commands
    root = command.argv[-1]
    assert root.endswith(".rs")
    # The last that fits counts.
    *_, remap = (word.split("=", 1)[1] for word in command.argv if word.startswith("--remap-path-prefix="))
    prefix, _, name = remap.rpartition("=")
    assert root.startswith(prefix)
    assert not (name + root.removeprefix(prefix)).startswith(str(made.sources.parent))


@pytest.mark.parametrize("make", [macros_crate_step, bindings_crate_step, kernel_crate_step])
def test_no_path_of_the_build_gets_into_metadata(made: BuildTarget, make: Make) -> None:
    (command,) = make(made).commands
    assert f"--remap-path-prefix={made.build}=build/{made.name}" in command.argv


@KERNEL_CODE
def test_each_has_a_working_directory_of_its_own(made: BuildTarget, make: Make) -> None:
    steps = [bindings_crate_step(made), kernel_crate_step(made), module_step(made)]
    assert len({step.commands[0].cwd for step in steps}) == 3
    assert make(made).commands[0].cwd.is_relative_to(made.build)


@KERNEL_CODE
def test_what_it_was_compiled_against_is_its_input(made: BuildTarget, make: Make) -> None:
    step = make(made)
    named = {Path(word.rpartition("=")[2]) for word in externs(step)}
    library = {support_rmeta(made, name) for name in ("core", "compiler_builtins", "alloc")}
    assert named - library <= set(step.inputs)
    assert library_stamp(made) in step.inputs
    assert step.tools == ("rustc's digest",)


@KERNEL_CODE
def test_a_depfile_says_what_it_read(made: BuildTarget, make: Make) -> None:
    step = make(made)
    (emit,) = (word for word in step.commands[0].argv if word.startswith("--emit="))
    assert f"dep-info={step.depfiles[0]}" in emit.split(",")
    assert all(str(path) in emit for path in step.outputs)


@KERNEL_CODE
def test_comments_in_its_sources_do_not_count_unless_the_user_has_flags(made: BuildTarget, make: Make) -> None:
    plain = dataclasses.replace(made, krustflags=())
    assert (make(plain).digest_kind, make(plain).compare_raw) == (LINES, False)
    assert make(made).compare_raw, "a flag may bring anything into the object"


def test_macros_are_not_compiled_with_the_users_flags(made: BuildTarget) -> None:
    assert (macros_crate_step(made).digest_kind, macros_crate_step(made).compare_raw) == (LINES, False)


def test_what_the_cache_has_is_not_kept_twice(made: BuildTarget) -> None:
    assert not library_crates_step(made).restorable
    assert kernel_crate_step(made).restorable


def test_the_bindings_crate_is_told_where_the_bindings_are(made: BuildTarget) -> None:
    step = bindings_crate_step(made)
    assert ("RUST_BINDINGS_FILE", str(made.build / "bindings/bindings_generated.rs")) in step.commands[0].env
    assert made.build / "bindings/bindings_generated.rs" in step.inputs


def test_macros_are_built_for_the_host(made: BuildTarget) -> None:
    step = macros_crate_step(made)
    assert not set(made.rust_flags) & set(step.commands[0].argv)
    assert "--crate-type=proc-macro" in step.commands[0].argv
    assert step.outputs == (macros_library(made),)


def test_a_module_is_of_its_time(made: BuildTarget) -> None:
    argv = module_step(made).commands[0].argv
    assert "--edition=2018" in argv
    assert "-Zcrate-attr=feature(used_with_arg)" in argv
    assert f"@{made.cfg_file}" in argv
    assert "--cfg=MODULE" in argv


def test_a_module_sees_the_kernel_crate_and_no_bindings(made: BuildTarget) -> None:
    names = [word.split("=")[1] for word in externs(module_step(made))]
    assert names == ["core", "compiler_builtins", "alloc", "kernel"]


def test_a_module_anywhere_is_compiled_as_if_it_lay_in_modules(made: BuildTarget, tmp_path: Path) -> None:
    steps = [module_crate_step(made, module(tmp_path / place)) for place in ("one", "two")]
    step = steps[0]
    assert step.outputs == (made.build / "modules/rust-echo/crate/rust_echo.o",)
    assert ("RUST_MODFILE", "modules/rust-echo") in step.commands[0].env
    assert "--crate-name=rust_echo" in step.commands[0].argv
    for place, step in zip(("one", "two"), steps, strict=True):
        assert f"--remap-path-prefix={tmp_path / place}=modules/rust-echo" in step.commands[0].argv
