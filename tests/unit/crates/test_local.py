# SPDX-License-Identifier: MIT
"""The crates of a module: which are compiled for the kernel, which for the host, and with which args."""

from __future__ import annotations

import dataclasses
import re
from functools import partial
from pathlib import Path

import pytest
from miniature import module, target, write

from scons_kmod.abi.reach import reach_steps
from scons_kmod.bindings.rust_sources import naming_sources
from scons_kmod.crates.dependencies import crates_named_by_module, host_crates, linked_crates
from scons_kmod.crates.local import local_crate_step, local_crate_steps
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.crates.proc_macros import host_crate_step
from scons_kmod.crates.rustc_command import NO_STD_HINT
from scons_kmod.engine.digests import RUST
from scons_kmod.engine.step import Step
from scons_kmod.link.rust_object import DUPLICATE_SYMBOL_HINT, bundled_object_step
from scons_kmod.manifest.crate import CrateSpec, sort_crates
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.depends import Depends
from scons_kmod.target.build_target import BuildTarget


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


def having(directory: Path, *crates: CrateSpec, uses: tuple[str, ...] | None = None) -> Manifest:
    """A module with these crates, of which the libraries are declared."""
    depends = Depends(libraries=tuple(crate.name for crate in crates if crate.library))
    whole = tuple(sort_crates(crates))
    return dataclasses.replace(module(directory / "elsewhere"), crates=whole, uses=uses, depends=depends)


def spec(directory: Path, name: str, *needs: str, **more: object) -> CrateSpec:
    crate_dir = directory / "elsewhere" / name
    return CrateSpec(name, write(crate_dir / "lib.rs", ""), crate_dir, needs=needs, **more)


def steps(build_target: BuildTarget, manifest: Manifest) -> dict[str, Step]:
    found = local_crate_steps(build_target, manifest, partial(local_crate_step, build_target))
    return {step.unit: step for step in found}


def args(step: Step, *starts: str) -> list[str]:
    """The args of a step's command that begin so."""
    return [arg for arg in step.commands[0].argv if arg.startswith(starts)]


def test_crates_are_compiled_for_the_kernel_and_proc_macros_for_the_host(tmp_path: Path) -> None:
    manifest = having(tmp_path, spec(tmp_path, "a"), spec(tmp_path, "m", proc_macro=True))
    assert [crate.name for crate in linked_crates(manifest)] == ["a"]
    assert [crate.name for crate in host_crates(manifest)] == ["m"]
    assert crates_named_by_module(manifest) == ["a", "m"]


def test_a_crate_that_only_proc_macros_need_is_compiled_for_the_host(tmp_path: Path) -> None:
    crates = (
        *(spec(tmp_path, "m", "quote", "other", proc_macro=True), spec(tmp_path, "quote", "idents")),
        *(spec(tmp_path, "idents"), spec(tmp_path, "other", "deep", proc_macro=True), spec(tmp_path, "deep")),
        spec(tmp_path, "a"),
    )
    manifest = having(tmp_path, *crates)
    assert [crate.name for crate in linked_crates(manifest)] == ["a"]
    assert {crate.name for crate in host_crates(manifest)} == {"m", "quote", "idents", "other", "deep"}
    assert crates_named_by_module(manifest) == ["m", "a"]


def test_a_crate_that_both_need_is_compiled_for_both(build_target: BuildTarget, tmp_path: Path) -> None:
    crates = (
        spec(tmp_path, "m", "both", proc_macro=True),
        spec(tmp_path, "both"),
        spec(tmp_path, "a", "both", "m"),
    )
    manifest = having(tmp_path, *crates)
    assert crates_named_by_module(manifest) == ["both", "m", "a"]
    found = steps(build_target, manifest)
    # Each comes after what it needs.
    assert list(found) == ["rust-echo/libboth.rlib", "rust-echo/both.o", "rust-echo/libm.so", "rust-echo/a.o"]
    directory = build_target.build / "modules/rust-echo/crates"
    assert args(found["rust-echo/a.o"], "--extern=both", "--extern=m=") == [
        f"--extern=both={directory}/both/libboth.rmeta",
        f"--extern=m={directory}/m/host/libm.so",
    ]
    assert args(found["rust-echo/libm.so"], "--extern=both") == [f"--extern=both={directory}/both/host/libboth.rlib"]


def test_a_manifest_may_say_which_crates_the_module_uses(tmp_path: Path) -> None:
    crates = (spec(tmp_path, "m", "both", proc_macro=True), spec(tmp_path, "both"), spec(tmp_path, "unused"))
    manifest = having(tmp_path, *crates, uses=("both",))
    assert crates_named_by_module(manifest) == ["both"]
    assert [crate.name for crate in linked_crates(manifest)] == ["both"]
    assert host_crates(manifest) == []


def test_a_library_that_another_library_needs_is_linked_and_not_named(tmp_path: Path) -> None:
    lower = spec(tmp_path, "lower", library=tmp_path)
    upper = spec(tmp_path, "upper", "lower", library=tmp_path)
    manifest = having(tmp_path, lower, upper)
    manifest = dataclasses.replace(manifest, depends=Depends(libraries=("upper",)))
    assert crates_named_by_module(manifest) == ["upper"]
    assert [crate.name for crate in linked_crates(manifest)] == ["lower", "upper"]


def test_the_step_of_a_local_crate(build_target: BuildTarget, tmp_path: Path) -> None:
    crate = spec(
        tmp_path, "a", cfg=('feature="big"', "fast"), env=(("NAME", "a b"),), edition="2018", where="module.toml:3"
    )
    step = local_crate_step(build_target, having(tmp_path, crate), crate)
    directory = build_target.build / "modules/rust-echo/crates/a"
    assert step.outputs == (directory / "liba.rmeta", directory / "a.o")
    assert args(step, "--emit") == [
        f"--emit=metadata={directory}/liba.rmeta,obj={directory}/a.o,dep-info={directory}/a.d"
    ]
    assert args(step, "--edition", "--crate-type") == ["--edition=2018", "--crate-type=rlib"]
    assert args(step, "--cfg") == ["--cfg=MODULE", '--cfg=feature="big"', "--cfg=fast"]
    assert [arg.split("=")[1] for arg in args(step, "--extern")] == ["kernel", "core", "compiler_builtins", "alloc"]
    assert f"@{build_target.cfg_file}" in step.commands[0].argv
    assert ("NAME", "a b") in step.commands[0].env
    assert set(build_target.rust_flags) <= set(step.commands[0].argv)
    assert (step.digest_kind, step.tracked) == (RUST, (crate.root, build_target.cfg_file))
    assert not args(step, "--cap-lints")


def test_warnings_of_somebody_elses_crate_are_not_shown(build_target: BuildTarget, tmp_path: Path) -> None:
    crate = spec(tmp_path, "a", quiet=True)
    assert args(local_crate_step(build_target, having(tmp_path, crate), crate), "--cap-lints") == ["--cap-lints=allow"]


def test_crates_of_the_same_name_in_two_modules_have_different_symbols(
    build_target: BuildTarget, tmp_path: Path
) -> None:
    crate = spec(tmp_path, "a")
    first_module = having(tmp_path, crate)
    second_module = dataclasses.replace(first_module, name="other")
    metadata = [
        args(local_crate_step(build_target, manifest, crate), "-Cmetadata")
        for manifest in (first_module, second_module)
    ]
    assert metadata == [["-Cmetadata=modules/rust-echo"], ["-Cmetadata=modules/other"]]


def test_a_library_is_compiled_once_for_all_modules_with_the_same_api(
    build_target: BuildTarget, tmp_path: Path
) -> None:
    crate = spec(tmp_path, "a", library=tmp_path)
    first_module = having(tmp_path, crate)
    first = local_crate_step(build_target, first_module, crate)
    assert local_crate_step(build_target, dataclasses.replace(first_module, name="other"), crate) == first
    assert first.outputs[1] == build_target.build / "libraries/2021/a/a.o"
    assert linked_crate_objects(build_target, dataclasses.replace(first_module, api="mainline")) == [
        build_target.build / "libraries/mainline/a/a.o"
    ]


def test_no_path_of_the_machine_gets_into_an_object(build_target: BuildTarget, tmp_path: Path) -> None:
    own, shared = spec(tmp_path, "a"), spec(tmp_path, "b", library=tmp_path)
    manifest = having(tmp_path, own, shared)
    found = {
        crate.name: args(local_crate_step(build_target, manifest, crate), "--remap-path-prefix")[-1]
        for crate in (own, shared)
    }
    assert found == {
        "a": f"--remap-path-prefix={own.directory}=modules/rust-echo/a",
        "b": f"--remap-path-prefix={shared.directory}=libraries/b",
    }


def test_a_proc_macro_is_built_with_the_compilers_own_library(build_target: BuildTarget, tmp_path: Path) -> None:
    crate = spec(tmp_path, "m", proc_macro=True, cfg=("fast",))
    step = host_crate_step(build_target, having(tmp_path, crate), crate)
    assert args(step, "--crate-type", "--extern", "--cfg") == [
        "--crate-type=proc-macro",
        "--extern=proc_macro",
        "--cfg=fast",
    ]
    assert not set(build_target.rust_flags) & set(step.commands[0].argv)
    assert not set(build_target.krustflags) & set(step.commands[0].argv)
    assert step.outputs == (build_target.build / "modules/rust-echo/crates/m/host/libm.so",)


def test_a_crate_that_a_proc_macro_needs_is_a_library_for_the_host(build_target: BuildTarget, tmp_path: Path) -> None:
    crate = spec(tmp_path, "quote")
    manifest = having(tmp_path, crate, spec(tmp_path, "m", "quote", proc_macro=True))
    step = host_crate_step(build_target, manifest, crate)
    assert args(step, "--crate-type", "--extern") == ["--crate-type=rlib"]
    assert step.outputs == (build_target.build / "modules/rust-echo/crates/quote/host/libquote.rlib",)


def test_the_crates_that_a_crate_uses_are_its_inputs(build_target: BuildTarget, tmp_path: Path) -> None:
    crates = (
        *(spec(tmp_path, "upper", "lower", "m"), spec(tmp_path, "lower", "lowest"), spec(tmp_path, "lowest")),
        *(spec(tmp_path, "m", "helper", proc_macro=True), spec(tmp_path, "helper")),
    )
    manifest = having(tmp_path, *crates)
    upper = local_crate_step(build_target, manifest, crates[0])
    directory = build_target.build / "modules/rust-echo/crates"
    own = {path.relative_to(directory) for path in upper.inputs if path.is_relative_to(directory)}
    # Of a proc macro nobody needs more than itself.
    assert own == {Path("lower/liblower.rmeta"), Path("lowest/liblowest.rmeta"), Path("m/host/libm.so")}
    assert {f"-Ldependency={directory / path.parent}" for path in own} <= set(upper.commands[0].argv)
    assert [arg.split("=")[1] for arg in args(upper, "--extern")][:3] == ["kernel", "lower", "m"]
    host = host_crate_step(build_target, manifest, crates[3])
    assert host.inputs == (directory / "helper/host/libhelper.rlib",)
    assert build_target.build / "crates/kernel/base-bindings+modules/libkernel.rmeta" in upper.inputs


def test_the_modules_own_crate_names_its_crates(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = having(tmp_path, spec(tmp_path, "a", "b"), spec(tmp_path, "b"), spec(tmp_path, "m", proc_macro=True))
    manifest = dataclasses.replace(manifest, edition="2021", cfg=("fast",), env=(("NAME", "x"),))
    step = module_crate_step(build_target, manifest)
    assert [arg.split("=")[1] for arg in args(step, "--extern")][:4] == ["kernel", "b", "a", "m"]
    assert args(step, "--edition") == ["--edition=2021"]
    assert "--cfg=fast" in step.commands[0].argv
    assert ("NAME", "x") in step.commands[0].env
    directory = build_target.build / "modules/rust-echo/crates"
    assert {directory / "a/liba.rmeta", directory / "b/libb.rmeta", directory / "m/host/libm.so"} <= set(step.inputs)


def test_the_crates_are_linked_into_the_module(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = having(tmp_path, spec(tmp_path, "a"), spec(tmp_path, "m", proc_macro=True))
    step = bundled_object_step(build_target, manifest)
    (own,) = linked_crate_objects(build_target, manifest)
    reached = next(command.argv for command in step.commands if "--gc-sections" in command.argv)
    at = reached.index(str(own))
    assert reached[at - 1].endswith("crate/rust_echo.o")
    assert own in step.inputs
    assert not [path for path in step.inputs if path.suffix == ".so"]


def test_the_local_crates_of_a_module_are_compiled_for_abi_diff_too(build_target: BuildTarget, tmp_path: Path) -> None:
    manifest = having(tmp_path, spec(tmp_path, "a", "m"), spec(tmp_path, "m", proc_macro=True))
    found = reach_steps(build_target, manifest)
    macro, crate, own, again, link = found
    assert [step.unit for step in (macro, crate)] == ["rust-echo/libm.so", "rust-echo/a.o"]
    assert again.outputs == (build_target.build / "abi/rust-echo-a.o",)
    assert "-Copt-level=0" in again.commands[0].argv
    assert link.inputs[:2] == (*own.outputs, *again.outputs)


def test_names_in_libraries_are_looked_for_in_the_headers(build_target: BuildTarget, tmp_path: Path) -> None:
    inside = spec(tmp_path, "a")
    outside = CrateSpec("b", write(tmp_path / "far/lib.rs", ""), tmp_path / "far", library=tmp_path / "far")
    sources = naming_sources(build_target, [having(tmp_path, inside, outside)] * 2).all_files()
    assert sources.count(outside.root) == 1
    assert sources.count(inside.root) == 1


# What rustc 1.85 and 1.97 and ld 2.40 print.
@pytest.mark.parametrize(
    "printed",
    [
        "error[E0463]: can't find crate for `std`\n  |\n  = note: the `x86_64-unknown-none` target may not support",
        "error[E0433]: cannot find module or crate `std` in this scope\n"
        "2 | use std::vec::Vec;\n  |     ^^^ use of unresolved module or unlinked crate `std`\n",
        "error[E0433]: failed to resolve: use of undeclared crate or module `std`\n",
    ],
)
def test_the_hint_for_a_crate_that_needs_std(printed: str) -> None:
    pattern, fix = NO_STD_HINT
    assert re.search(pattern, printed)
    assert "#![no_std]" in fix
    assert "default-features = false" in fix


@pytest.mark.parametrize(
    "printed",
    [
        "/usr/bin/ld: /b/crates/two/two.o: in function `two::f':\n"
        "two.7f97-cgu.0:(.text+0x10): multiple definition of `dup'; "
        "/a dir/crates/one/one.o:one.8afb-cgu.0:(.text+0x10): first defined here\n",
        "ld: two.o:two.7f97-cgu.0:(.bss.dup+0x0): multiple definition of `dup'; one.o:one.c:(.bss+0x0): first defined",
    ],
)
def test_the_hint_for_a_symbol_that_two_crates_define_names_both(printed: str) -> None:
    pattern, fix = DUPLICATE_SYMBOL_HINT
    match = re.search(pattern, printed)
    assert match
    assert match.expand(fix).startswith("two and one both define dup: ")
