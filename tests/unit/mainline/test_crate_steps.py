# SPDX-License-Identifier: MIT
"""The steps of the kernel's own crates, of a plan as Kbuild gives it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from mainline_kernel import CFG, argv, mainline, names, with_target
from miniature import CLANG, write

from scons_kmod.base.library_process import process_files
from scons_kmod.base.run_log import RunLog
from scons_kmod.engine.digests import RUST, TOKENS
from scons_kmod.engine.step import Step
from scons_kmod.mainline.crate_steps import mainline_crate_steps
from scons_kmod.mainline.mainline import Mainline


def steps(crates: Mainline) -> dict[str, Step]:
    return {step.unit: step for step in mainline_crate_steps(crates)}


def test_every_rule_is_a_step_in_the_plans_order(rebuilt: Mainline) -> None:
    assert [(step.name, step.unit) for step in mainline_crate_steps(rebuilt)] == [
        ("RUSTC", "generate_rust_target"),
        ("TARGET", "target.json"),
        ("CPP", "generated_arch_asm.rs"),
        ("BINDGEN", "bindings_generated"),
        ("RUSTC", "macros"),
        ("RUSTC", "core"),
        ("RUSTC", "kernel"),
    ]


@pytest.mark.parametrize("name", ["core", "kernel"])
def test_crates_that_the_kernel_has_are_compiled_to_metadata_only(rebuilt: Mainline, name: str) -> None:
    step = steps(rebuilt)[name]
    assert names(step.outputs, rebuilt.plan.objtree) == [f"rust/lib{name}.rmeta"]
    assert "-Zno-codegen" in argv(step)
    assert len(step.commands) == 1, "there is no object to edit or to check"


def test_carried_crates_are_compiled_to_objects_and_edited(carrying: Mainline) -> None:
    step = steps(carrying)["core"]
    assert names(step.outputs, carrying.plan.objtree) == ["rust/libcore.rmeta", "rust/core.o"]
    assert "-Zno-codegen" not in argv(step)
    _, edit = step.commands
    assert edit.argv == ("x86_64-linux-gnu-objcopy", "--redefine-sym=__addsf3=__rust__addsf3", "rust/core.o")
    assert edit.cwd == carrying.plan.objtree
    assert len(steps(carrying)["kernel"].commands) == 1, "objtool checks what is linked"


def test_what_a_module_does_not_reach_can_be_dropped(rebuilt: Mainline, carrying: Mainline) -> None:
    for crates, sections in ((rebuilt, "n"), (carrying, "y")):
        given = [arg for arg in argv(steps(crates)["kernel"]) if arg.startswith("-Zfunction-sections")]
        assert given == [f"-Zfunction-sections={sections}"]


@pytest.mark.parametrize("name", ["kernel", "macros"])
def test_args_that_change_no_output_are_dropped(rebuilt: Mainline, name: str) -> None:
    args = argv(steps(rebuilt)[name])
    assert not {"-Zbinary_dep_depinfo=y", "-O"} & set(args)
    assert {"--edition=2021", "-Wmissing_docs", CFG} <= set(args)


def test_crates_that_the_kernel_has_export_what_they_do_in_it(rebuilt: Mainline, carrying: Mainline) -> None:
    # Which functions rustc takes for inline depends on debug information.
    for crates, last in ((rebuilt, "2"), (carrying, "0")):
        given = [arg for arg in argv(steps(crates)["kernel"]) if arg.startswith("-Cdebuginfo")]
        assert given[-1] == f"-Cdebuginfo={last}"


def test_no_path_of_this_machine_gets_into_code_that_modules_bring(rebuilt: Mainline, carrying: Mainline) -> None:
    plan = carrying.plan
    remapped = {
        f"--remap-path-prefix={path}" for path in ("/opt/rust/library=library", f"{plan.srctree}/=", f"{plan.objtree}=")
    }
    assert remapped <= set(argv(steps(carrying)["kernel"]))
    assert not remapped & set(argv(steps(carrying)["macros"]))
    assert not remapped & set(argv(steps(rebuilt)["kernel"]))
    bindings = f"--remap-path-prefix={rebuilt.plan.objtree}/="
    assert bindings in argv(steps(rebuilt)["kernel"]), "rustc reads the bindings by their full path"
    assert bindings not in argv(steps(rebuilt)["macros"])


def test_other_checkouts_import_the_outputs_of_the_crates(rebuilt: Mainline) -> None:
    assert all(step.shared for step in mainline_crate_steps(rebuilt))


def test_macros_are_compiled_to_a_library_for_rustc(rebuilt: Mainline) -> None:
    step = steps(rebuilt)["macros"]
    assert names(step.outputs, rebuilt.plan.objtree) == ["rust/libmacros.so"]
    assert "-Zno-codegen" not in argv(step)
    assert step.inputs == ()


def test_a_crate_is_compiled_by_the_targets_rustc_in_the_object_tree(rebuilt: Mainline) -> None:
    (command,) = steps(rebuilt)["kernel"].commands
    assert command.argv[0] == "/opt/rust/bin/rustc"
    assert command.cwd == rebuilt.plan.objtree
    assert {("OBJTREE", "/objects"), ("RUSTC_BOOTSTRAP", "1"), ("LD_LIBRARY_PATH", "/opt/rust/lib")} <= set(command.env)


def test_a_crate_depends_on_all_that_it_was_compiled_against(rebuilt: Mainline) -> None:
    step = steps(rebuilt)["kernel"]
    assert set(names(step.inputs, rebuilt.plan.objtree)) == {
        "scripts/target.json",
        "rust/kernel/generated_arch_asm.rs",
        "rust/bindings/bindings_generated.rs",
        "rust/libcore.rmeta",
        "rust/libmacros.so",
    }
    assert step.tracked == (
        rebuilt.plan.srctree / "rust/kernel.rs",
        rebuilt.plan.objtree / "include/generated/rustc_cfg",
    )
    assert names(step.depfiles, rebuilt.plan.objtree) == ["rust/.kernel.o.d"]
    assert step.tools == ("rustc's digest",)


def test_lines_in_the_kernels_sources_count_and_comments_only_if_the_user_has_flags(rebuilt: Mainline) -> None:
    assert steps(rebuilt)["kernel"].compare_raw
    plain = steps(with_target(rebuilt, krustflags=()))["kernel"]
    assert (plain.digest_kind, plain.compare_raw) == (RUST, False)


def test_bindings_are_written_by_the_targets_bindgen(rebuilt: Mainline) -> None:
    step = steps(rebuilt)["bindings_generated"]
    bindgen, edit = step.commands
    assert bindgen.argv[:4] == (
        *("/usr/bin/bindgen", f"{rebuilt.plan.srctree}/rust/bindings/helper.h"),
        *("--no-rustfmt-bindings", "--use-core"),
    )
    assert dict(bindgen.env) == {"LIBCLANG_PATH": CLANG}
    assert edit.argv == ("sed", "-Ei", "s/a/b/", "rust/bindings/bindings_generated.rs")
    assert {command.cwd for command in step.commands} == {rebuilt.plan.objtree}
    assert names(step.depfiles, rebuilt.plan.objtree) == ["rust/bindings/.b.rs.d"]


def test_modules_add_headers_to_those_of_the_bindings(rebuilt: Mainline) -> None:
    step = steps(dataclasses.replace(rebuilt, headers=("linux/leds.h", "linux/zorro.h")))["bindings_generated"]
    ((path, text),) = step.written_files
    assert argv(step)[1] == str(path) == f"{rebuilt.plan.objtree}/rust/bindings/kmod_bindings_helper.h"
    own = f'#include "{rebuilt.plan.srctree}/rust/bindings/helper.h"'
    assert text.splitlines() == [own, "#include <linux/leds.h>", "#include <linux/zorro.h>"]


@pytest.mark.parametrize("unit", ["bindings_generated", "generated_arch_asm.rs"])
def test_headers_are_compared_by_what_they_say(rebuilt: Mainline, unit: str) -> None:
    step = steps(rebuilt)[unit]
    assert (step.digest_kind, step.compare_raw) == (TOKENS, False)
    assert step.include_directories[0] == f"{rebuilt.plan.srctree}/include"
    assert all(Path(directory).is_absolute() for directory in step.include_directories)
    assert steps(with_target(rebuilt, kcflags=("-g",)))[unit].compare_raw


def test_text_is_written_by_the_preprocessor_and_what_reads_it(rebuilt: Mainline, tmp_path: Path) -> None:
    said = "printf 'before\\nCut here\\nasm\\n'; echo x.o: a.h >rust/kernel/.asm.rs.d"
    cc = dataclasses.replace(
        rebuilt.target.toolchain.cc, path=str(write(tmp_path / "cc", f"#!/bin/sh\n{said}\n", 0o755))
    )
    crates = with_target(rebuilt, toolchain=dataclasses.replace(rebuilt.target.toolchain, cc=cc))
    step = steps(crates)["generated_arch_asm.rs"]
    read = step.execute(RunLog(), "", False, print)
    assert set(read) == {*map(str, step.tracked), str(crates.plan.objtree / "a.h")}
    assert [path.read_text() for path in step.outputs] == ["asm\n"]
    assert step.tools == (cc.digest,)


def test_the_target_of_rustc_is_written_by_the_kernels_own_program(rebuilt: Mainline) -> None:
    overridden = dataclasses.replace(rebuilt, plan=dataclasses.replace(rebuilt.plan, overrides=(("CONFIG_RUST", "y"),)))
    compiled, written = mainline_crate_steps(overridden)[:2]
    assert compiled.tracked == (rebuilt.plan.srctree / "scripts/generate_rust_target.rs",)
    assert argv(compiled)[-1] == str(compiled.tracked[0])
    assert written.inputs == compiled.outputs
    (config, symbols), (_, request) = written.written_files
    assert symbols.startswith("CONFIG_CC_VERSION_TEXT=")
    assert symbols.endswith("\nCONFIG_RUST=y\n")
    assert json.loads(request) == {
        "programs": [[str(compiled.outputs[0])]],
        "input": str(config),
        "output": str(written.outputs[0]),
    }


@pytest.mark.parametrize("unit", ["target.json", "generated_arch_asm.rs"])
def test_steps_that_run_programs_in_a_row_depend_on_what_runs_them(rebuilt: Mainline, unit: str) -> None:
    assert set(process_files("base.pipeline")) <= set(steps(rebuilt)[unit].tracked)


def test_a_target_that_rustc_knows_is_not_written(tmp_path: Path) -> None:
    crates = mainline(tmp_path, target_file=False)
    assert "target.json" not in steps(crates)
    assert not [path for step in mainline_crate_steps(crates) for path in step.inputs if path.name == "target.json"]


def test_rustc_reads_metadata_and_macros_for_a_module(rebuilt: Mainline, carrying: Mainline) -> None:
    for crates in (rebuilt, carrying):
        assert set(names(crates.crate_files, crates.plan.objtree)) == {
            "rust/libmacros.so",
            "rust/libcore.rmeta",
            "rust/libkernel.rmeta",
            "scripts/target.json",
        }
    assert rebuilt.crate_objects == ()
    assert names(carrying.crate_objects, carrying.plan.objtree) == ["rust/core.o", "rust/kernel.o"]


def test_the_crates_of_a_tree_with_crates_are_read_from_it(tmp_path: Path) -> None:
    crates = mainline(tmp_path, "tree")
    for name in ("rust/libkernel.rmeta", "rust/libmacros.so", "rust/kernel.o", "rust/lib.rs"):
        write(crates.plan.objtree / name, "")
    assert names(crates.crate_files, crates.plan.objtree) == ["rust/libkernel.rmeta", "rust/libmacros.so"]
    write(crates.plan.objtree / "scripts/target.json", "")
    assert "scripts/target.json" in names(crates.crate_files, crates.plan.objtree)
    assert (
        mainline_crate_steps(dataclasses.replace(crates, plan=dataclasses.replace(crates.plan, target_file=False)))
        == []
    )
