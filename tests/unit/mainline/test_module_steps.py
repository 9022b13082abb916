# SPDX-License-Identifier: MIT
"""The steps of modules that are written to the mainline API."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from mainline_kernel import argv, of_both, with_target
from miniature import arg_after, module

from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.generators.outputs import with_generated_sources
from scons_kmod.link.c_object import c_link_step
from scons_kmod.mainline import carried
from scons_kmod.mainline.mainline import Mainline
from scons_kmod.mainline.module_steps import mainline_local_crate_step, mainline_module_step
from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.depends import Depends
from scons_kmod.manifest.sections.generate import Generator
from scons_kmod.target.output_paths import crate_object, module_object


def test_a_module_is_compiled_with_kbuilds_own_args(rebuilt: Mainline, manifest: Manifest) -> None:
    step = mainline_module_step(rebuilt, manifest)
    args = argv(step)
    object_file = module_object(rebuilt.target, manifest)
    assert args[0] == "/opt/rust/bin/rustc"
    assert {"--crate-name=rust_echo", "--edition=2021"} <= set(args)
    assert arg_after(args, "--extern") == "kernel"
    assert arg_after(args, "-L") == f"{rebuilt.plan.objtree}/rust/"
    assert [arg for arg in args if arg.startswith("--emit")] == [f"--emit=obj={object_file},dep-info={object_file}.d"]
    assert [arg for arg in args if arg.endswith(".rs")] == [str(manifest.crate_root)]
    assert not {"--crate-name", "--out-dir", "./", "-Zbinary_dep_depinfo=y", "-Cdebuginfo=2", "-Zno-codegen"} & set(
        args
    )
    assert not [arg for arg in args if "kmod_rust_probe" in arg]
    assert step.commands[0].cwd == rebuilt.plan.objtree


def with_crates(manifest: Manifest, *needs: str) -> tuple[Manifest, CrateSpec]:
    """The module with a library, and a crate of its own that needs these."""
    path = manifest.directory / "own"
    own = CrateSpec("own", path / "lib.rs", path, edition="2018", cfg=("fast",), needs=needs, quiet=True)
    shared = CrateSpec("shared", Path("/shared/lib.rs"), Path("/shared"), library=Path("/shared"))
    depends = Depends(libraries=("shared",))
    return dataclasses.replace(manifest, crates=(shared, own), depends=depends, edition="2024"), own


def test_a_local_crate_is_compiled_with_kbuilds_own_args_for_a_module(rebuilt: Mainline, manifest: Manifest) -> None:
    whole, own = with_crates(manifest, "shared")
    step = mainline_local_crate_step(rebuilt, whole, own)
    args = argv(step)
    directory = rebuilt.target.build / "modules/rust-echo/crates/own"
    assert step.outputs == (directory / "libown.rmeta", directory / "own.o")
    assert [arg for arg in args if arg.startswith(("--edition", "--crate-name", "--cfg=", "-Cmetadata"))] == [
        *("--crate-name=own", "-Cmetadata=modules/rust-echo", "--cfg=fast", "--edition=2018")
    ]
    shared = rebuilt.target.build / "libraries/mainline/shared"
    assert f"--extern=shared={shared}/libshared.rmeta" in args
    assert shared / "libshared.rmeta" in step.inputs
    assert set(rebuilt.crate_files) <= set(step.inputs)
    assert {"--cap-lints=allow", f"--remap-path-prefix={own.directory}=modules/rust-echo/own"} <= set(args)
    assert arg_after(args, "--extern") == "kernel"
    # objtool looks at what is linked of it.
    assert len(step.commands) == 1


def test_a_module_of_several_crates_is_a_part(rebuilt: Mainline, manifest: Manifest) -> None:
    whole, _ = with_crates(manifest)
    step = mainline_module_step(rebuilt, whole)
    assert step.outputs == (crate_object(rebuilt.target, whole),)
    assert len(step.commands) == 1
    assert [arg for arg in argv(step) if arg.startswith(("--edition", "--extern="))][-1] == "--edition=2024"
    named = [arg.split("=")[1] for arg in argv(step) if arg.startswith("--extern=")]
    assert named == ["shared", "own"]
    linked = c_link_step(rebuilt.target, whole, *step.outputs, *linked_crate_objects(rebuilt.target, whole))
    assert [path.name for path in linked.inputs] == ["rust_echo.o", "shared.o", "own.o"]
    assert linked.outputs == (module_object(rebuilt.target, whole),)


def test_a_carried_module_is_linked_with_its_crates(carrying: Mainline, manifest: Manifest) -> None:
    whole, own = with_crates(manifest)
    assert "-Zfunction-sections=y" in argv(mainline_local_crate_step(carrying, whole, own))
    step = carried.carried_object_step(carrying, whole)
    assert [path.name for path in step.inputs[:3]] == ["rust_echo.o", "shared.o", "own.o"]


def test_a_module_anywhere_is_compiled_as_if_it_lay_in_modules(rebuilt: Mainline, tmp_path: Path) -> None:
    for path in ("one", "two"):
        (command, _) = mainline_module_step(rebuilt, module(tmp_path / path)).commands
        assert f"--remap-path-prefix={tmp_path / path}=modules/rust-echo" in command.argv
        assert dict(command.env) == {
            "RUSTC_BOOTSTRAP": "1",
            "OBJTREE": str(rebuilt.plan.objtree),
            "RUST_MODFILE": "modules/rust-echo",
            "LD_LIBRARY_PATH": "/opt/rust/lib",
        }


def test_a_module_knows_where_its_generated_sources_are(rebuilt: Mainline, manifest: Manifest) -> None:
    generator = Generator("table", manifest.directory / "make.py", ("table.rs",))
    with_generator = dataclasses.replace(manifest, generators=(generator,))
    plain = mainline_module_step(rebuilt, with_generator)
    step = with_generated_sources(rebuilt.target, with_generator, plain)
    directory = rebuilt.target.build / "modules" / manifest.name / "generated"
    assert ("GENERATED", str(directory)) in step.commands[0].env
    assert step.commands[1:] == plain.commands[1:], "objtool's"
    assert step.order_only == (directory / "table.rs",)


def test_a_module_depends_on_the_crates_it_reads(rebuilt: Mainline, manifest: Manifest) -> None:
    step = mainline_module_step(rebuilt, manifest)
    assert step.inputs == rebuilt.crate_files
    assert step.tracked == (manifest.crate_root, rebuilt.plan.objtree / "include/generated/rustc_cfg")
    assert step.depfiles == (Path(f"{step.outputs[0]}.d"),)
    assert set(step.tools) == {"rustc's digest", "gcc's digest"}


def checked(crates: Mainline, manifest: Manifest) -> tuple[Path, tuple[str, ...] | None]:
    """The object that a module's crate is compiled to, and objtool's args for it."""
    step = mainline_module_step(crates, manifest)
    runs = [command.argv for command in step.commands if command.label == "OBJTOOL"]
    assert len(runs) < 2
    return step.outputs[0], runs[0] if runs else None


def test_a_module_of_a_single_crate_is_checked_as_a_whole(rebuilt: Mainline, manifest: Manifest) -> None:
    object_file = module_object(rebuilt.target, manifest)
    objtool = rebuilt.target.kbuild.objtool
    assert checked(rebuilt, manifest) == (object_file, (*objtool, "--link", str(object_file)))


@pytest.mark.parametrize("change", [of_both, lambda manifest: manifest])
def test_a_crate_that_is_linked_with_more_is_checked_with_that(
    rebuilt: Mainline, carrying: Mainline, manifest: Manifest, change: Callable[[Manifest], Manifest]
) -> None:
    changed = change(manifest)
    crates = rebuilt if changed.c.sources else carrying
    assert checked(crates, changed) == (crate_object(crates.target, changed), None)


def test_a_kernel_that_checks_each_object_checks_a_crates(rebuilt: Mainline, manifest: Manifest) -> None:
    kbuild = dataclasses.replace(rebuilt.target.kbuild, objtool_each=True)
    crates = with_target(rebuilt, kbuild=kbuild)
    for changed, object_file in (
        (manifest, module_object(crates.target, manifest)),
        (of_both(manifest), crate_object(crates.target, manifest)),
    ):
        assert checked(crates, changed) == (object_file, (*kbuild.objtool, str(object_file)))


def test_a_kernel_without_objtool_runs_none(rebuilt: Mainline, manifest: Manifest) -> None:
    crates = with_target(rebuilt, kbuild=dataclasses.replace(rebuilt.target.kbuild, objtool=()))
    assert checked(crates, manifest) == (module_object(crates.target, manifest), None)


def test_a_module_that_brings_its_crates_has_sections_too(carrying: Mainline, manifest: Manifest) -> None:
    args = argv(mainline_module_step(carrying, manifest))
    assert "-Zfunction-sections=y" in args
    assert "-Zfunction-sections=n" not in args
