# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import target

from scons_kmod.c.compiler import args_without_includes
from scons_kmod.c.helpers import (
    TRACING_FLAGS,
    helper_steps,
    helpers_archive,
    helpers_header,
    helpers_header_step,
    layout_step,
)
from scons_kmod.engine.digests import TOKENS
from scons_kmod.target.build_target import BuildTarget


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


def test_each_file_of_helpers_is_an_object_of_the_archive(build_target: BuildTarget) -> None:
    _, *compiled, archive = helper_steps(build_target)
    assert [step.unit for step in compiled] == ["rust/helpers/slab.o", "rust/helpers/uaccess.o"]
    assert archive.outputs == (helpers_archive(build_target),)
    assert archive.inputs == tuple(step.outputs[0] for step in compiled)
    assert archive.commands[0].argv[:2] == ("x86_64-linux-gnu-ar", "rcsD"), "D: no time stamps"


def test_the_archiver_is_that_of_the_trees_linker(tmp_path: Path) -> None:
    assert helper_steps(target(tmp_path, "6.1"))[-1].commands[0].argv[0] == "ar"


def test_helpers_are_compiled_as_the_kernel_but_not_traced(build_target: BuildTarget) -> None:
    (command,) = helper_steps(build_target)[1].commands
    assert command.cwd == build_target.tree.path
    assert set(args_without_includes(build_target.kbuild.cc[1:])) - set(TRACING_FLAGS) <= set(command.argv)
    assert not set(TRACING_FLAGS) & set(command.argv)


def test_no_path_of_the_checkout_gets_into_a_c_object(build_target: BuildTarget) -> None:
    for step in (*helper_steps(build_target)[:-1], layout_step(build_target)):
        assert f"-fmacro-prefix-map={build_target.sources}/=" in step.commands[0].argv


def test_the_layout_check_follows_the_bindings(build_target: BuildTarget) -> None:
    assert layout_step(build_target).inputs == (build_target.build / "bindings/bindings_layout.h",)


def test_c_code_of_the_project_has_no_line_numbers(build_target: BuildTarget) -> None:
    no_lines = build_target.sources / "rust/helpers/no_lines.h"
    assert layout_step(build_target).commands[0].argv[1:3] == ("-include", str(no_lines))
    ((headers, text),) = helpers_header_step(build_target).written_files
    assert text.startswith(f'#include "{no_lines}"\n')
    for step in helper_steps(build_target)[1:-1]:
        assert step.digest_kind == TOKENS
        assert step.commands[0].argv[1:3] == ("-include", str(headers))


def test_helpers_depend_on_the_headers_that_are_precompiled_for_them(build_target: BuildTarget) -> None:
    precompiled, *compiled, _ = helper_steps(build_target)
    assert precompiled.outputs[0] == helpers_header(build_target).with_name("headers.h.gch")
    for step in compiled:
        assert step.order_only == precompiled.outputs
        assert set(precompiled.depfiles) < set(step.depfiles)
