# SPDX-License-Identifier: MIT
"""Steps for the kernel's own crates and for modules written to them, of a plan as Kbuild gives it."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from miniature import CLANG, arg_after, module, target, write

from scons_kmod.base.run_log import RunLog
from scons_kmod.c.helpers import TRACING_FLAGS
from scons_kmod.c.module_objects import c_objects
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.engine.digests import LINES, TOKENS
from scons_kmod.engine.step import Step
from scons_kmod.generators.steps import with_generated
from scons_kmod.kernel.cmd_file import SavedCommand
from scons_kmod.link.c_object import c_link_step
from scons_kmod.mainline import carried
from scons_kmod.mainline.crate_steps import mainline_crate_steps
from scons_kmod.mainline.mainline import Mainline
from scons_kmod.mainline.module_steps import mainline_local_crate_step, mainline_module_step
from scons_kmod.mainline.plan import CratePlan, Rule
from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.sections.c import CCode
from scons_kmod.manifest.sections.depends import Depends
from scons_kmod.manifest.sections.generate import Generator
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import crate_object, module_object
from scons_kmod.target.provider import Provider

FLAGS = ("--edition=2021", "-Zbinary_dep_depinfo=y", "-Wmissing_docs", "-Zfunction-sections=n", "-Cdebuginfo=2")
CFG = "@./include/generated/rustc_cfg"
RUST_HELPERS = """\
#include <linux/compiler.h>

#define __rust_helper

#include "slab.c"
# include "spin-lock.c"
int between;
"""


def plain(*words: str, env: tuple[tuple[str, str], ...] = (), output: str = "") -> SavedCommand:
    return SavedCommand((words,), env, output)


def crate(source: Path, name: str, *needs: str, edit: str = "") -> Rule:
    """A crate that is in the kernel."""
    made = f"rust/{name}.o"
    emits = (f"--emit=dep-info=rust/.{name}.o.d", f"--emit=obj={made}", f"--emit=metadata=rust/lib{name}.rmeta")
    words = (*FLAGS, "--target=./scripts/target.json", CFG, *emits, "--crate-type", "rlib", "-L./rust")
    rustc = plain("rustc", *words, "--crate-name", name, f"{source}/rust/{name}.rs", env=(("OBJTREE", "/objects"),))
    objcopy = [plain("objcopy", edit, made)] if edit else []
    return Rule(made, needs, (rustc, *objcopy, plain("objtool", "--orc", made)))


def macros(source: Path) -> Rule:
    """The crate that runs in rustc."""
    made = "rust/libmacros.so"
    emits = ("--emit=dep-info=rust/.libmacros.so.d", f"--emit=link={made}", "--crate-type", "proc-macro", "-O")
    rustc = plain("rustc", *FLAGS, *emits, "--crate-name", "macros", CFG, f"{source}/rust/macros/lib.rs")
    return Rule(made, (), (rustc,))


def bindings(source: Path) -> Rule:
    made = "rust/bindings/bindings_generated.rs"
    clang = ("-Wp,-MMD,rust/bindings/.b.rs.d", "-nostdinc", f"-I{source}/include", "-I./include", "-DMODULE")
    bindgen = plain("bindgen", f"{source}/rust/bindings/helper.h", "--use-core", "-o", made, "--", *clang)
    return Rule(made, (), (bindgen, plain("sed", "-Ei", "s/a/b/", made)))


def text(source: Path) -> Rule:
    made = "rust/kernel/generated_arch_asm.rs"
    words = ("gcc-12", "-Wp,-MMD,rust/kernel/.asm.rs.d", f"-I{source}/include", "-E", f"{source}/rust/kernel/asm.rs.S")
    return Rule(made, (), (SavedCommand((words, ("sed", "1,/^Cut here$/d")), (), made),))


def mainline(directory: Path, provider: str = "rebuilt", *, target_file: bool = True) -> Mainline:
    made = dataclasses.replace(target(directory), provider=Provider(provider))
    source, objects = directory / "kernel-source", directory / "objects"
    everything = ("rust/kernel/generated_arch_asm.rs", "rust/bindings/bindings_generated.rs", "rust/core.o")
    rules = (
        text(source),
        bindings(source),
        macros(source),
        crate(source, "core", edit="--redefine-sym=__addsf3=__rust__addsf3"),
        crate(source, "kernel", *everything, "rust/libmacros.so"),
    )
    emits = ("--emit=dep-info=./.kmod_rust_probe.o.d", "--emit=obj=kmod_rust_probe.o", "kmod_rust_probe.rs")
    words = (
        *FLAGS,
        "--cfg",
        "MODULE",
        "--extern",
        "kernel",
        "-L",
        f"{objects}/rust/",
        "--crate-name",
        "kmod_rust_probe",
    )
    env = (("OBJTREE", str(objects)), ("RUST_MODFILE", "./kmod_rust_probe"))
    module_part = plain("rustc", *words, "--out-dir", "./", *emits, env=env)
    write(source / "rust/helpers/helpers.c", RUST_HELPERS)
    return Mainline(made, CratePlan(source, objects, rules if provider != "tree" else (), module_part, target_file))


@pytest.fixture
def rebuilt(tmp_path: Path) -> Mainline:
    return mainline(tmp_path)


@pytest.fixture
def carrying(tmp_path: Path) -> Mainline:
    return mainline(tmp_path, "carried")


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return dataclasses.replace(module(tmp_path / "elsewhere"), api="mainline")


def steps(known: Mainline) -> dict[str, Step]:
    return {step.unit: step for step in mainline_crate_steps(known)}


def argv(step: Step) -> tuple[str, ...]:
    """The first command of a step."""
    return step.commands[0].argv


def with_target(known: Mainline, **changes: object) -> Mainline:
    return dataclasses.replace(known, target=dataclasses.replace(known.target, **changes))


def names(paths: tuple[Path, ...], below: Path) -> list[str]:
    return [str(path.relative_to(below)) for path in paths]


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
def test_of_crates_that_the_kernel_has_only_the_metadata_is_made(rebuilt: Mainline, name: str) -> None:
    step = steps(rebuilt)[name]
    assert names(step.outputs, rebuilt.plan.objtree) == [f"rust/lib{name}.rmeta"]
    assert "-Zno-codegen" in argv(step)
    assert len(step.commands) == 1, "there is no object to edit or to check"


def test_of_crates_that_modules_bring_the_code_is_made_and_edited(carrying: Mainline) -> None:
    step = steps(carrying)["core"]
    assert names(step.outputs, carrying.plan.objtree) == ["rust/libcore.rmeta", "rust/core.o"]
    assert "-Zno-codegen" not in argv(step)
    _, edit = step.commands
    assert edit.argv == ("x86_64-linux-gnu-objcopy", "--redefine-sym=__addsf3=__rust__addsf3", "rust/core.o")
    assert edit.cwd == carrying.plan.objtree
    assert len(steps(carrying)["kernel"].commands) == 1, "objtool checks what is linked"


def test_what_a_module_does_not_reach_can_be_dropped(rebuilt: Mainline, carrying: Mainline) -> None:
    for known, sections in ((rebuilt, "n"), (carrying, "y")):
        given = [word for word in argv(steps(known)["kernel"]) if word.startswith("-Zfunction-sections")]
        assert given == [f"-Zfunction-sections={sections}"]


@pytest.mark.parametrize("name", ["kernel", "macros"])
def test_words_that_change_nothing_are_left_out(rebuilt: Mainline, name: str) -> None:
    words = argv(steps(rebuilt)[name])
    assert not {"-Zbinary_dep_depinfo=y", "-O"} & set(words)
    assert {"--edition=2021", "-Wmissing_docs", CFG} <= set(words)


def test_crates_that_the_kernel_has_export_what_they_do_in_it(rebuilt: Mainline, carrying: Mainline) -> None:
    # Which functions rustc takes for inline depends on debug information.
    for known, last in ((rebuilt, "2"), (carrying, "0")):
        given = [word for word in argv(steps(known)["kernel"]) if word.startswith("-Cdebuginfo")]
        assert given[-1] == f"-Cdebuginfo={last}"


def test_no_path_of_this_machine_gets_into_code_that_modules_bring(rebuilt: Mainline, carrying: Mainline) -> None:
    plan = carrying.plan
    remapped = {
        f"--remap-path-prefix={place}"
        for place in ("/opt/rust/library=library", f"{plan.srctree}/=", f"{plan.objtree}=")
    }
    assert remapped <= set(argv(steps(carrying)["kernel"]))
    assert not remapped & set(argv(steps(carrying)["macros"]))
    assert not remapped & set(argv(steps(rebuilt)["kernel"]))


def test_macros_are_made_whole_for_rustc_itself(rebuilt: Mainline) -> None:
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
    assert (plain.digest_kind, plain.compare_raw) == (LINES, False)


def test_bindings_are_made_by_the_targets_bindgen(rebuilt: Mainline) -> None:
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
    known = with_target(rebuilt, toolchain=dataclasses.replace(rebuilt.target.toolchain, cc=cc))
    step = steps(known)["generated_arch_asm.rs"]
    assert step.execute(RunLog(), "", False, print) == [str(known.plan.objtree / "a.h")]
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


def test_a_target_that_rustc_knows_is_not_written(tmp_path: Path) -> None:
    known = mainline(tmp_path, target_file=False)
    assert "target.json" not in steps(known)
    assert not [path for step in mainline_crate_steps(known) for path in step.inputs if path.name == "target.json"]


def test_rustc_reads_metadata_and_macros_for_a_module(rebuilt: Mainline, carrying: Mainline) -> None:
    for known in (rebuilt, carrying):
        assert set(names(known.crate_files, known.plan.objtree)) == {
            "rust/libmacros.so",
            "rust/libcore.rmeta",
            "rust/libkernel.rmeta",
        }
    assert rebuilt.crate_objects == ()
    assert names(carrying.crate_objects, carrying.plan.objtree) == ["rust/core.o", "rust/kernel.o"]


def test_of_a_tree_with_crates_those_that_are_there_are_read(tmp_path: Path) -> None:
    known = mainline(tmp_path, "tree")
    for name in ("rust/libkernel.rmeta", "rust/libmacros.so", "rust/kernel.o", "rust/lib.rs"):
        write(known.plan.objtree / name, "")
    assert names(known.crate_files, known.plan.objtree) == ["rust/libkernel.rmeta", "rust/libmacros.so"]
    write(known.plan.objtree / "scripts/target.json", "")
    assert "scripts/target.json" in names(known.crate_files, known.plan.objtree)
    assert (
        mainline_crate_steps(dataclasses.replace(known, plan=dataclasses.replace(known.plan, target_file=False))) == []
    )


def test_a_module_is_compiled_by_kbuilds_own_words(rebuilt: Mainline, manifest: Manifest) -> None:
    step = mainline_module_step(rebuilt, manifest)
    words = argv(step)
    made = module_object(rebuilt.target, manifest)
    assert words[0] == "/opt/rust/bin/rustc"
    assert {"--crate-name=rust_echo", "--edition=2021"} <= set(words)
    assert arg_after(words, "--extern") == "kernel"
    assert arg_after(words, "-L") == f"{rebuilt.plan.objtree}/rust/"
    assert [word for word in words if word.startswith("--emit")] == [f"--emit=obj={made},dep-info={made}.d"]
    assert [word for word in words if word.endswith(".rs")] == [str(manifest.crate_root)]
    assert not {"--crate-name", "--out-dir", "./", "-Zbinary_dep_depinfo=y", "-Cdebuginfo=2", "-Zno-codegen"} & set(
        words
    )
    assert not [word for word in words if "kmod_rust_probe" in word]
    assert step.commands[0].cwd == rebuilt.plan.objtree


def with_crates(manifest: Manifest, *needs: str) -> tuple[Manifest, CrateSpec]:
    """The module with a library, and a crate of its own that needs these."""
    place = manifest.directory / "own"
    own = CrateSpec("own", place / "lib.rs", place, edition="2018", cfg=("fast",), needs=needs, quiet=True)
    shared = CrateSpec("shared", Path("/shared/lib.rs"), Path("/shared"), library=Path("/shared"))
    depends = Depends(libraries=("shared",))
    return dataclasses.replace(manifest, crates=(shared, own), depends=depends, edition="2024"), own


def test_a_crate_is_compiled_by_kbuilds_own_words_for_a_module(rebuilt: Mainline, manifest: Manifest) -> None:
    whole, own = with_crates(manifest, "shared")
    step = mainline_local_crate_step(rebuilt, whole, own)
    words = argv(step)
    directory = rebuilt.target.build / "modules/rust-echo/crates/own"
    assert step.outputs == (directory / "libown.rmeta", directory / "own.o")
    assert [word for word in words if word.startswith(("--edition", "--crate-name", "--cfg=", "-Cmetadata"))] == [
        *("--crate-name=own", "-Cmetadata=modules/rust-echo", "--cfg=fast", "--edition=2018")
    ]
    shared = rebuilt.target.build / "libraries/mainline/shared"
    assert f"--extern=shared={shared}/libshared.rmeta" in words
    assert shared / "libshared.rmeta" in step.inputs
    assert set(rebuilt.crate_files) <= set(step.inputs)
    assert {"--cap-lints=allow", f"--remap-path-prefix={own.directory}=modules/rust-echo/own"} <= set(words)
    assert arg_after(words, "--extern") == "kernel"
    # objtool looks at what is linked of it.
    assert len(step.commands) == 1


def test_a_module_of_several_crates_is_a_part(rebuilt: Mainline, manifest: Manifest) -> None:
    whole, _ = with_crates(manifest)
    step = mainline_module_step(rebuilt, whole)
    assert step.outputs == (crate_object(rebuilt.target, whole),)
    assert len(step.commands) == 1
    assert [word for word in argv(step) if word.startswith(("--edition", "--extern="))][-1] == "--edition=2024"
    named = [word.split("=")[1] for word in argv(step) if word.startswith("--extern=")]
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
    for place in ("one", "two"):
        (command, _) = mainline_module_step(rebuilt, module(tmp_path / place)).commands
        assert f"--remap-path-prefix={tmp_path / place}=modules/rust-echo" in command.argv
        assert dict(command.env) == {
            "RUSTC_BOOTSTRAP": "1",
            "OBJTREE": str(rebuilt.plan.objtree),
            "RUST_MODFILE": "modules/rust-echo",
            "LD_LIBRARY_PATH": "/opt/rust/lib",
        }


def test_a_module_knows_where_its_generated_sources_are(rebuilt: Mainline, manifest: Manifest) -> None:
    generator = Generator("table", manifest.directory / "make.py", ("table.rs",))
    with_one = dataclasses.replace(manifest, generators=(generator,))
    plain = mainline_module_step(rebuilt, with_one)
    step = with_generated(rebuilt.target, with_one, plain)
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


def of_both(manifest: Manifest) -> Manifest:
    return dataclasses.replace(manifest, c=CCode((write(manifest.directory / "part.c", ""),)))


def checked(known: Mainline, manifest: Manifest) -> tuple[Path, tuple[str, ...] | None]:
    """The object that is made of a module's crate, and objtool's words for it."""
    step = mainline_module_step(known, manifest)
    runs = [command.argv for command in step.commands if command.label == "OBJTOOL"]
    assert len(runs) < 2
    return step.outputs[0], runs[0] if runs else None


def test_a_module_that_is_one_crate_is_checked_as_a_whole(rebuilt: Mainline, manifest: Manifest) -> None:
    made = module_object(rebuilt.target, manifest)
    objtool = rebuilt.target.kbuild.objtool
    assert checked(rebuilt, manifest) == (made, (*objtool, "--link", str(made)))


@pytest.mark.parametrize("change", [of_both, lambda manifest: manifest])
def test_a_crate_that_is_linked_with_more_is_checked_with_that(
    rebuilt: Mainline, carrying: Mainline, manifest: Manifest, change: Callable[[Manifest], Manifest]
) -> None:
    changed = change(manifest)
    known = rebuilt if changed.c.sources else carrying
    assert checked(known, changed) == (crate_object(known.target, changed), None)


def test_a_kernel_that_checks_each_object_checks_a_crates(rebuilt: Mainline, manifest: Manifest) -> None:
    kbuild = dataclasses.replace(rebuilt.target.kbuild, objtool_each=True)
    known = with_target(rebuilt, kbuild=kbuild)
    for one, made in (
        (manifest, module_object(known.target, manifest)),
        (of_both(manifest), crate_object(known.target, manifest)),
    ):
        assert checked(known, one) == (made, (*kbuild.objtool, str(made)))


def test_a_kernel_without_objtool_runs_none(rebuilt: Mainline, manifest: Manifest) -> None:
    known = with_target(rebuilt, kbuild=dataclasses.replace(rebuilt.target.kbuild, objtool=()))
    assert checked(known, manifest) == (module_object(known.target, manifest), None)


def test_a_module_that_brings_its_crates_has_sections_too(carrying: Mainline, manifest: Manifest) -> None:
    words = argv(mainline_module_step(carrying, manifest))
    assert "-Zfunction-sections=y" in words
    assert "-Zfunction-sections=n" not in words


def bundle(known: Mainline) -> BuildTarget:
    """The target, with two C files of this project's own for modules that bring their crates."""
    for name in ("printk", "vrealloc"):
        write(known.target.sources / f"rust/carried/{name}.c", "")
    return known.target


def test_each_of_the_kernels_helpers_is_an_object_of_the_archive(carrying: Mainline) -> None:
    bundle(carrying)
    *compiled, archive = carried.carried_helper_steps(carrying)
    made = ("rust/helpers/slab.o", "rust/helpers/spin-lock.o", "rust/carried/printk.o", "rust/carried/vrealloc.o")
    assert names(tuple(step.outputs[0] for step in compiled), carrying.plan.objtree) == list(made)
    assert archive.inputs == tuple(step.outputs[0] for step in compiled)
    assert archive.outputs == (carried.carried_archive(carrying),)
    assert argv(archive)[:2] == ("x86_64-linux-gnu-ar", "rcsD"), "D: no time stamps"


def test_a_helper_has_all_that_stands_beside_it(carrying: Mainline) -> None:
    slab, lock = carried.carried_helper_steps(carrying)[:2]
    ((unit, text),) = slab.written_files
    assert text == '#include <linux/compiler.h>\n\n#define __rust_helper\n\n#include "slab.c"\nint between;\n'
    assert argv(slab)[-1] == str(unit)
    assert '"slab.c"' not in lock.written_files[0][1]
    helpers = carrying.plan.srctree / "rust/helpers"
    assert f"-I{helpers}" in argv(slab)
    assert slab.tracked == (helpers / "helpers.c",)


def test_this_projects_own_c_files_are_compiled_where_they_are(carrying: Mainline) -> None:
    made = bundle(carrying)
    step = carried.carried_helper_steps(carrying)[2]
    assert argv(step)[-1] == str(made.sources / "rust/carried/printk.c")
    assert step.tracked == (made.sources / "rust/carried/printk.c",)
    assert step.written_files == ()


def test_helpers_are_compiled_as_the_kernel_but_not_traced(carrying: Mainline) -> None:
    made = bundle(carrying)
    for step in carried.carried_helper_steps(carrying)[:-1]:
        (command,) = step.commands
        assert set(made.kbuild.cc[1:]) - set(TRACING_FLAGS) <= set(command.argv)
        assert not set(TRACING_FLAGS) & set(command.argv)
        assert command.cwd == made.tree.path
        assert f"-Wp,-MMD,{step.depfiles[0]}" in command.argv


def test_a_module_is_linked_from_what_it_reaches_of_the_crates(carrying: Mainline, manifest: Manifest) -> None:
    step = carried.carried_object_step(carrying, manifest)
    made, archive = module_object(carrying.target, manifest), carried.carried_archive(carrying)
    reached, rust, renamed, whole, _, objtool = step.commands
    crates = (crate_object(carrying.target, manifest), *carrying.crate_objects)
    assert "--gc-sections" in reached.argv
    assert reached.argv[-3:] == tuple(map(str, crates))
    roots = [word for before, word in itertools.pairwise(reached.argv) if before == "-u"]
    assert roots == ["init_module", "cleanup_module", "rust_fmt_argument"]
    assert arg_after(reached.argv, "-T") == str(carrying.target.sources / "rust/carried/module.lds")
    assert renamed.argv == ("x86_64-linux-gnu-objcopy", "--redefine-sym=_printk=kmod_rust_printk", "rust.o")
    assert rust.argv[-1] == "reached.o"
    assert whole.argv[-2:] == ("rust.o", str(archive))
    assert objtool.argv == (*carrying.target.kbuild.objtool, "--link", str(made))
    assert step.inputs == (*crates, archive)
    assert step.outputs[0] == made


def test_c_is_linked_after_what_is_left_of_the_crates_that_a_module_brings(
    carrying: Mainline, manifest: Manifest
) -> None:
    both = of_both(manifest)
    objects = c_objects(carrying.target, both)
    step = carried.carried_object_step(carrying, both, objects)
    check, reached, _, _, whole, *_ = (command.argv for command in step.commands)
    archive, roots = carried.carried_archive(carrying), step.outputs[0].with_name("roots.lds")
    assert check[-1].endswith("/mixed.json")
    assert reached[-1] == str(roots), "what C calls is kept"
    assert whole[-3:] == ("rust.o", *map(str, objects), str(archive)), "C may need of the kernel's helpers"
    assert set(objects) <= set(step.inputs)
    plain = carried.carried_object_step(carrying, manifest)
    assert [len(one.commands) for one in (step, plain)] == [7, 6]
