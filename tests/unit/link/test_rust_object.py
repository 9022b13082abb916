# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import arg_after, module, target

from scons_kmod.c.compiler import args_without_includes, included_files, kernel_include_directories
from scons_kmod.c.helpers import (
    TRACING_FLAGS,
    helper_steps,
    helpers_archive,
    helpers_header,
    helpers_header_step,
    layout_step,
)
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Step
from scons_kmod.engine.views import SYMBOLS, View
from scons_kmod.kernel.kbuild import without_options
from scons_kmod.link.ko import final_link_step, ko_steps, module_common_steps, shared_link_steps
from scons_kmod.link.modpost import mod_c_step_precompiled, modpost_step
from scons_kmod.link.module_headers import module_headers, module_headers_text_step, precompiled_headers_step
from scons_kmod.link.rust_object import bundled_object_step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko, module_object


@pytest.fixture
def made(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return module(tmp_path / "elsewhere")


def test_each_file_of_helpers_is_an_object_of_the_archive(made: BuildTarget) -> None:
    _, *compiled, archive = helper_steps(made)
    assert [step.unit for step in compiled] == ["rust/helpers/slab.o", "rust/helpers/uaccess.o"]
    assert archive.outputs == (helpers_archive(made),)
    assert archive.inputs == tuple(step.outputs[0] for step in compiled)
    assert archive.commands[0].argv[:2] == ("x86_64-linux-gnu-ar", "rcsD"), "D: no time stamps"


def test_the_archiver_is_that_of_the_trees_linker(tmp_path: Path) -> None:
    assert helper_steps(target(tmp_path, "6.1"))[-1].commands[0].argv[0] == "ar"


def test_helpers_are_compiled_as_the_kernel_but_not_traced(made: BuildTarget) -> None:
    (command,) = helper_steps(made)[1].commands
    assert command.cwd == made.tree.path
    assert set(args_without_includes(made.kbuild.cc[1:])) - set(TRACING_FLAGS) <= set(command.argv)
    assert not set(TRACING_FLAGS) & set(command.argv)


def test_no_path_of_the_checkout_gets_into_a_c_object(made: BuildTarget) -> None:
    for step in (*helper_steps(made)[:-1], layout_step(made)):
        assert f"-fmacro-prefix-map={made.sources}/=" in step.commands[0].argv


def test_the_layout_check_follows_the_bindings(made: BuildTarget) -> None:
    assert layout_step(made).inputs == (made.build / "bindings/bindings_layout.h",)


def test_the_module_is_linked_from_what_it_reaches(made: BuildTarget, manifest: Manifest) -> None:
    step = bundled_object_step(made, manifest)
    reached, rust, whole, linked, objtool = step.commands
    assert "--gc-sections" in reached.argv
    assert reached.argv[-6:] == tuple(
        str(made.build / name)
        for name in (
            "modules/rust-echo/crate/rust_echo.o",
            "crates/kernel/kernel.o",
            "crates/bindings/bindings.o",
            "crates/library/core.o",
            "crates/library/compiler_builtins.o",
            "crates/library/alloc.o",
        )
    )
    assert (arg_after(reached.argv, "-o"), rust.argv[-1]) == ("reached.o", "reached.o")
    joined = str(module_object(made, manifest).with_name("whole.o"))
    assert whole.argv[-3:] == (joined, "rust.o", str(helpers_archive(made)))
    assert linked.argv[-2:] == (str(module_object(made, manifest)), joined)
    assert objtool.argv == (*made.kbuild.objtool, "--link", str(module_object(made, manifest)))
    assert objtool.cwd == made.tree.path
    assert objtool.env == (("SRCARCH", "x86"),)


def test_a_kernel_without_objtool_runs_none(made: BuildTarget, manifest: Manifest) -> None:
    without = dataclasses.replace(made, kbuild=dataclasses.replace(made.kbuild, objtool=()))
    assert [command.argv[0] for command in bundled_object_step(without, manifest).commands] == [
        "x86_64-linux-gnu-ld"
    ] * 4


def test_modpost_gets_one_module_and_the_kernels_symbols(made: BuildTarget, manifest: Manifest) -> None:
    step = modpost_step(made, manifest)
    linked = module_object(made, manifest)
    directory = linked.parent
    own = directory / "0.symvers"
    assert step.commands[0].argv == (
        *without_options(made.kbuild.modpost, {"-i"}),
        *("-i", str(own), "-o", str(directory / "Module.symvers"), "-T", str(directory / "modules.order")),
    )
    assert dict(step.written_files)[directory / "modules.order"] == f"{module_object(made, manifest)}\n"
    assert step.views == (View(SYMBOLS, (made.tree.symvers,), linked, (own,)),)


def test_symbols_of_other_modules_are_handed_to_modpost(made: BuildTarget, manifest: Manifest) -> None:
    extra = Path("/other/Module.symvers")
    step = modpost_step(dataclasses.replace(made, extra_symbols=(extra,)), manifest)
    argv = step.commands[0].argv
    (view,) = step.views
    assert view.paths == (made.tree.symvers, extra)
    assert [argv[argv.index(str(extract)) - 1] for extract in view.extracts] == ["-i", "-i"]


@pytest.mark.parametrize("version", ["6.1", "6.12"])
def test_the_last_link_is_the_trees_own(tmp_path: Path, version: str) -> None:
    made, manifest = target(tmp_path, version), module(tmp_path / "elsewhere")
    step = final_link_step(made, manifest)
    final = step.commands[-1].argv
    stem = module_object(made, manifest).with_suffix("")
    common = [str(made.build / "link/module-common.o")] if version == "6.12" else []
    assert final == (
        *made.kbuild.ld_module,
        *("-o", str(module_ko(made, manifest)), f"{stem}.o", f"{stem}.mod.o", *common),
    )
    assert made.tree.path / "arch/x86/module.lds" in step.tracked
    assert step.outputs == (made.build / "modules/rust-echo/rust-echo.ko",)
    assert len(module_common_steps(made)) == (0 if version == "6.1" else 1)


def test_generated_c_code_knows_its_module(made: BuildTarget, manifest: Manifest) -> None:
    step = mod_c_step_precompiled(made, manifest)
    ((names, text),) = step.written_files
    assert text == (
        '#define KBUILD_BASENAME "rust_echo.mod"\n'
        '#define KBUILD_MODNAME "rust_echo"\n'
        "#define __KBUILD_MODNAME kmod_rust_echo\n"
    )
    argv = step.commands[0].argv
    assert argv[1:5] == ("-include", str(module_headers(made)), "-include", str(names))
    assert argv[-1].endswith("/rust-echo.mod.c")


def test_the_headers_of_generated_c_code_are_precompiled_before_it(made: BuildTarget, manifest: Manifest) -> None:
    step = precompiled_headers_step(made)
    assert mod_c_step_precompiled(made, manifest).order_only == step.outputs
    ((header, text),) = step.written_files
    assert step.outputs == (header.with_name("module_headers.h.gch"),)
    assert text.startswith('#include "')
    assert "#include <linux/module.h>" in text
    assert "-include" not in step.commands[0].argv


def test_c_code_of_ours_has_no_line_numbers(made: BuildTarget) -> None:
    no_lines = made.sources / "rust/helpers/no_lines.h"
    assert layout_step(made).commands[0].argv[1:3] == ("-include", str(no_lines))
    ((headers, text),) = helpers_header_step(made).written_files
    assert text.startswith(f'#include "{no_lines}"\n')
    for step in helper_steps(made)[1:-1]:
        assert step.digest_kind == TOKENS
        assert step.commands[0].argv[1:3] == ("-include", str(headers))


def test_for_a_few_modules_no_headers_are_precompiled(made: BuildTarget, manifest: Manifest) -> None:
    assert shared_link_steps(made, many=False) == module_common_steps(made)
    step = ko_steps(made, manifest, many=False)[1]
    assert step.outputs == mod_c_step_precompiled(made, manifest).outputs
    assert step.order_only == ()
    # A comment in a header is no reason to compile it again.
    assert (step.digest_kind, len(step.depfiles)) == (TOKENS, 1)
    assert f"-Wp,-MMD,{step.depfiles[0]}" in step.commands[0].argv


def test_helpers_depend_on_the_headers_that_are_precompiled_for_them(made: BuildTarget) -> None:
    precompiled, *compiled, _ = helper_steps(made)
    assert precompiled.outputs == (helpers_header(made).with_name("headers.h.gch"),)
    for step in compiled:
        assert step.order_only == precompiled.outputs
        assert set(precompiled.depfiles) < set(step.depfiles)


def test_a_shifted_line_in_a_header_does_not_reach_the_modules(made: BuildTarget, manifest: Manifest) -> None:
    step = module_headers_text_step(made)
    assert {"-E", "-P", "-dD", "-D__LINE__=0"} <= set(step.commands[0].argv)
    assert step.outputs[0] in mod_c_step_precompiled(made, manifest).inputs
    assert mod_c_step_precompiled(made, manifest).depfiles == ()


def read_headers(made: BuildTarget) -> list[Step]:
    """All steps that read the kernel's headers."""
    return [
        *helper_steps(made)[:-1],
        layout_step(made),
        module_headers_text_step(made),
        precompiled_headers_step(made),
        *module_common_steps(made),
    ]


def test_headers_are_looked_for_where_the_kernels_c_code_looks(made: BuildTarget) -> None:
    directories = kernel_include_directories(made)
    assert directories[0].endswith("/arch/x86/include")
    assert directories == include_directories(made.kbuild.cc, str(made.tree.path))
    assert all(Path(directory).is_absolute() for directory in directories)
    assert {step.include_directories for step in read_headers(made)} == {directories}
    assert {step.source_directory for step in helper_steps(made)[1:-1]} == {str(made.sources / "rust/helpers")}


def test_lines_and_comments_in_headers_count_only_if_the_user_has_flags(made: BuildTarget) -> None:
    assert {(step.digest_kind, step.compare_raw) for step in read_headers(made)} == {(TOKENS, False)}
    with_flags = dataclasses.replace(made, kcflags=("-g",))
    assert {step.compare_raw for step in read_headers(with_flags)} == {True}


def test_precompiled_headers_are_not_kept_for_an_undone_edit(made: BuildTarget) -> None:
    assert [step.name for step in read_headers(made) if not step.restorable] == ["PCH", "PCH"]


def test_generated_c_code_may_not_name_macros_that_precompiled_headers_lack(
    made: BuildTarget, manifest: Manifest
) -> None:
    flags = [step.commands[0].argv for step in (precompiled_headers_step(made), mod_c_step_precompiled(made, manifest))]
    defined = [[word for word in argv if word.startswith("-D")] for argv in flags]
    assert defined[0] == defined[1]


def test_flags_that_include_a_file() -> None:
    words = ("-nostdinc", "-include", "a.h", "-Wall", "-include", "b.h")
    assert args_without_includes(words) == ("-nostdinc", "-Wall")
    assert included_files(words) == ("a.h", "b.h")
