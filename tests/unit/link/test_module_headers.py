# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import module, target

from scons_kmod.c.compiler import kernel_include_directories
from scons_kmod.c.helpers import (
    helper_steps,
    layout_step,
)
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Step
from scons_kmod.link.ko import module_common_steps
from scons_kmod.link.modpost import mod_c_step_precompiled
from scons_kmod.link.module_headers import module_headers_text_step, precompiled_headers_step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return module(tmp_path / "elsewhere")


def test_the_headers_of_generated_c_code_are_precompiled_before_it(
    build_target: BuildTarget, manifest: Manifest
) -> None:
    step = precompiled_headers_step(build_target)
    assert mod_c_step_precompiled(build_target, manifest).order_only == step.outputs
    ((header, text),) = step.written_files
    assert step.outputs[0] == header.with_name("module_headers.h.gch")
    assert text.startswith('#include "')
    assert "#include <linux/module.h>" in text
    assert "-include" not in step.commands[0].argv


def test_a_shifted_line_in_a_header_does_not_reach_the_modules(build_target: BuildTarget, manifest: Manifest) -> None:
    step = module_headers_text_step(build_target)
    assert {"-E", "-P", "-dD", "-D__LINE__=0"} <= set(step.commands[0].argv)
    assert step.outputs[0] in mod_c_step_precompiled(build_target, manifest).inputs
    assert mod_c_step_precompiled(build_target, manifest).depfiles == ()


def read_headers(build_target: BuildTarget) -> list[Step]:
    """All steps that read the kernel's headers."""
    return [
        *helper_steps(build_target)[:-1],
        layout_step(build_target),
        module_headers_text_step(build_target),
        precompiled_headers_step(build_target),
        *module_common_steps(build_target),
    ]


def test_headers_are_looked_for_where_the_kernels_c_code_looks(build_target: BuildTarget) -> None:
    directories = kernel_include_directories(build_target)
    tree = str(build_target.tree.path)
    assert directories[1].endswith("/arch/x86/include")
    assert directories == (tree, *include_directories(build_target.kbuild.cc, tree))
    assert all(Path(directory).is_absolute() for directory in directories)
    assert {step.include_directories for step in read_headers(build_target)} == {directories}


def test_lines_and_comments_in_headers_count_only_if_the_user_has_flags(build_target: BuildTarget) -> None:
    assert {(step.digest_kind, step.compare_raw) for step in read_headers(build_target)} == {(TOKENS, False)}
    with_flags = dataclasses.replace(build_target, kcflags=("-g",))
    assert {step.compare_raw for step in read_headers(with_flags)} == {True}


def test_precompiled_headers_are_not_kept_for_an_undone_edit(build_target: BuildTarget) -> None:
    assert [step.name for step in read_headers(build_target) if not step.restorable] == ["PCH", "PCH"]
