# SPDX-License-Identifier: MIT
"""The rustc steps of kernel/: what is compiled as the base, as a wrapper's crate and as a facade, and against what."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import module, target, write, write_wrappers

from scons_kmod.crates.facade import Facade, facade_of, facades_of_module
from scons_kmod.crates.module_crate import module_crate_step
from scons_kmod.crates.support_outputs import facade_rmeta, support_object, support_rmeta
from scons_kmod.crates.wrapper_steps import base_crate_step, facade_step, wrapper_crate_step
from scons_kmod.engine.step import Step
from scons_kmod.link.rust_object import bundled_object_step
from scons_kmod.manifest.sections.depends import Depends
from scons_kmod.manifest.sections.exports import Exports
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.named_wrappers import NamedInCode
from scons_kmod.wrappers.wrapper_crates import wrapper_crates

LIB = """
#![no_std]
#![feature(unsize)]
#[apart] #[cfg(CONFIG_TREE)] pub mod tree;
#[apart] pub mod list;
#[apart] mod raw;
#[apart] pub mod top;
#[apart] #[cfg(CONFIG_TREE)] pub use crate::tree::Tree;
"""
SOURCES = {
    "tree": "use crate::list;\n#[macro_export] macro_rules! tree_of {}",
    "list": "use crate::raw;\n#[macro_export] macro_rules! list_of {}",
    "raw": "#[macro_export] macro_rules! raw_of {}",
    "top": "use crate::tree;",
}


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    build_target = target(tmp_path)
    write_wrappers(build_target, LIB, **SOURCES)
    return build_target


def wrapper_step(build_target: BuildTarget, name: str) -> Step:
    return wrapper_crate_step(build_target, wrapper_crates(build_target).crates[name])


def facade(build_target: BuildTarget, *names: str) -> Facade:
    return facade_of(build_target, NamedInCode(frozenset(f"kernel_{name}" for name in names), frozenset()))


def args(step: Step, *starts: str) -> list[str]:
    (command,) = step.commands
    return [arg for arg in command.argv if arg.startswith(starts)]


def root(step: Step) -> list[str]:
    """The lines of the crate root that a step writes, which is what it compiles."""
    ((path, text),) = step.written_files
    assert step.commands[0].argv[-1] == str(path)
    return text.splitlines()


def externs(step: Step) -> set[str]:
    return {arg.split("=")[1] for arg in args(step, "--extern=")}


def test_the_base_is_kernel_without_the_marked_wrappers(build_target: BuildTarget) -> None:
    step = base_crate_step(build_target)
    assert step.commands[0].argv[-1] == str(build_target.sources / "kernel/lib.rs")
    assert "--cfg=kernel_base" in args(step, "--cfg")
    assert args(step, "--crate-name") == ["--crate-name=kernel_base"]
    assert step.written_files == ()
    assert externs(step) == {"core", "compiler_builtins", "alloc", "macros", "bindings"}
    wrappers = {support_rmeta(build_target, name) for name in wrapper_crates(build_target).crates}
    assert wrappers.isdisjoint(step.inputs)


def test_a_wrapper_is_compiled_against_the_base_and_what_it_needs(build_target: BuildTarget) -> None:
    step = wrapper_step(build_target, "kernel_tree")
    assert args(step, "--crate-name", "--cfg=kernel_base") == ["--crate-name=kernel_tree"]
    assert externs(step) == externs(base_crate_step(build_target)) | {"kernel_base", "kernel_list"}
    needed = {support_rmeta(build_target, name) for name in ("bindings", "kernel_base", "kernel_list")}
    assert needed <= {*step.inputs}
    assert build_target.sources / "kernel/tree.rs" in step.tracked
    assert build_target.sources / "kernel/lib.rs" not in step.tracked
    assert step.outputs == (support_rmeta(build_target, "kernel_tree"), support_object(build_target, "kernel_tree"))


def test_what_a_wrapper_needs_only_through_another_is_searched_and_read_and_not_named(
    build_target: BuildTarget,
) -> None:
    step = wrapper_step(build_target, "kernel_top")
    assert externs(step) & {*wrapper_crates(build_target).crates} == {"kernel_tree"}
    lowest = support_rmeta(build_target, "kernel_list")
    assert lowest in step.inputs
    assert f"-Ldependency={lowest.parent}" in args(step, "-Ldependency")


def test_another_wrapper_is_no_input(build_target: BuildTarget) -> None:
    step = wrapper_step(build_target, "kernel_list")
    others = {support_rmeta(build_target, name) for name in ("kernel_tree", "kernel_top")}
    assert others.isdisjoint(step.inputs)
    assert not [arg for arg in step.commands[0].argv if "kernel_tree" in arg or "kernel_top" in arg]


def test_the_crate_root_of_a_wrapper(build_target: BuildTarget) -> None:
    sources = build_target.sources / "kernel"
    lines = root(wrapper_step(build_target, "kernel_tree"))
    assert {"#![no_std]", "#![feature(unsize)]", "#[doc(hidden)] pub use kernel_base::*;"} <= {*lines}
    assert f'#[cfg(CONFIG_TREE)] #[path = "{sources}/tree.rs"] pub mod tree;' in lines
    # What `crate::list` and `list_of!` are in it. `raw` is private to the crate of `list`.
    assert {"pub use kernel_list::list;", "pub use kernel_list::list_of;", "pub use kernel_list::raw_of;"} <= {*lines}
    assert not [line for line in lines if "kernel_list::raw;" in line]
    above = root(wrapper_step(build_target, "kernel_top"))
    assert "#[cfg(CONFIG_TREE)] pub use kernel_tree::tree;" in above
    assert "#[cfg(CONFIG_TREE)] pub use kernel_tree::tree_of;" in above


def test_a_private_wrapper_is_private_in_its_crate(build_target: BuildTarget) -> None:
    sources = build_target.sources / "kernel"
    lines = root(wrapper_step(build_target, "kernel_list"))
    declared = [line for line in lines if line.startswith("#[path")]
    assert declared == [f'#[path = "{sources}/list.rs"] pub mod list;', f'#[path = "{sources}/raw.rs"] mod raw;']


def test_what_is_for_wrappers_alone_leads_no_further(build_target: BuildTarget) -> None:
    assert "#[allow(unused_imports)] use kernel_base::internal;" in root(wrapper_step(build_target, "kernel_list"))
    assert "mod internal {}" in root(facade_step(build_target, facade(build_target, "list")))


def test_the_crate_root_of_a_facade(build_target: BuildTarget) -> None:
    lines = root(facade_step(build_target, facade(build_target, "tree", "list")))
    assert [line for line in lines if line.startswith(("#[cfg", "pub use"))] == [
        "pub use kernel_base::*;",
        "pub use kernel_list::list;",
        "pub use kernel_list::list_of;",
        "pub use kernel_list::raw_of;",
        "#[cfg(CONFIG_TREE)] pub use kernel_tree::tree;",
        "#[cfg(CONFIG_TREE)] pub use kernel_tree::tree_of;",
        "#[cfg(CONFIG_TREE)] pub use crate::tree::Tree;",
    ]
    alone = root(facade_step(build_target, facade(build_target, "list")))
    assert not [line for line in alone if "tree" in line.lower()]


def test_a_facade_does_not_export_what_its_wrappers_need(build_target: BuildTarget) -> None:
    step = facade_step(build_target, facade(build_target, "top"))
    assert not [line for line in root(step) if "kernel_list" in line]
    needed = [support_rmeta(build_target, f"kernel_{name}") for name in ("base", "list", "tree", "top")]
    assert {*needed, support_rmeta(build_target, "bindings")} <= {*step.inputs}
    assert {f"-Ldependency={path.parent}" for path in needed} <= {*args(step, "-Ldependency")}


def test_two_facades_can_meet_in_one_program(build_target: BuildTarget) -> None:
    """Two crates of one name and one -Cmetadata can't meet in a program ("colliding StableCrateId")."""
    steps = [facade_step(build_target, facade(build_target, *names)) for names in ((), ("list",), ("list", "tree"))]
    assert [args(step, "-Cmetadata") for step in steps] == [
        ["-Cmetadata=base"],
        ["-Cmetadata=list"],
        ["-Cmetadata=list+tree"],
    ]
    assert [args(step, "--crate-name") for step in steps] == [["--crate-name=kernel"]] * 3
    assert [step.unit for step in steps] == ["kernel (base)", "kernel (list)", "kernel (list+tree)"]
    for parts in ([step.outputs for step in steps], [step.commands[0].cwd for step in steps]):
        assert len(set(parts)) == 3
    assert len({step.depfiles for step in steps}) == 3


def test_a_facade_is_metadata_alone(build_target: BuildTarget) -> None:
    step = facade_step(build_target, facade(build_target, "tree"))
    (rmeta,) = step.outputs
    assert args(step, "--emit") == [f"--emit=metadata={rmeta},dep-info={rmeta.parent}/kernel.d"]


def test_no_path_of_the_machine_gets_into_metadata(build_target: BuildTarget) -> None:
    steps = [wrapper_step(build_target, "kernel_tree"), facade_step(build_target, facade(build_target, "tree"))]
    for step in steps:
        remaps = args(step, "--remap-path-prefix")
        assert f"--remap-path-prefix={build_target.build}=build/{build_target.name}" in remaps
        # Panic messages have `kernel/tree.rs`, as if kernel/ were one crate.
        assert remaps[-1] == f"--remap-path-prefix={build_target.sources}="


def test_a_module_is_compiled_against_its_facade_and_linked_with_its_wrappers(
    build_target: BuildTarget, tmp_path: Path
) -> None:
    manifest = module(tmp_path / "m")
    write(tmp_path / "m/rust_echo.rs", "use kernel::tree;")
    step = module_crate_step(build_target, manifest)
    own = facade(build_target, "tree")
    assert f"--extern=kernel={facade_rmeta(build_target, own)}" in args(step, "--extern")
    read = {facade_rmeta(build_target, own), *(support_rmeta(build_target, c.name) for c in own.linked)}
    assert read | {support_rmeta(build_target, "kernel_base")} <= {*step.inputs}
    assert {f"-Ldependency={support_rmeta(build_target, c.name).parent}" for c in own.linked} <= {*args(step, "-L")}
    assert support_rmeta(build_target, "kernel_top") not in step.inputs
    link = bundled_object_step(build_target, manifest).commands[0].argv
    objects = [arg.rpartition("/")[2] for arg in link if arg.endswith(".o") and "/crates/" in arg]
    assert objects[:4] == ["kernel_tree.o", "kernel_list.o", "kernel_base.o", "bindings.o"]


def test_facades_that_meet_are_both_found(build_target: BuildTarget, tmp_path: Path) -> None:
    ring = dataclasses.replace(module(tmp_path / "ring", "ring"), exports=Exports(crate=True))
    write(tmp_path / "ring/ring.rs", "use kernel::list;")
    user = dataclasses.replace(module(tmp_path / "user"), needs=(ring,), depends=Depends(("ring",)))
    write(tmp_path / "user/rust_echo.rs", "use kernel::top;")
    step = module_crate_step(build_target, user)
    own, other = (facade_rmeta(build_target, found) for found in facades_of_module(build_target, user))
    assert args(step, "--extern=kernel=") == [f"--extern=kernel={own}"]
    assert f"-Ldependency={other.parent}" in args(step, "-Ldependency")
    assert {own, other} <= {*step.inputs}
