# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from miniature import module, target

from scons_kmod.engine.views import SYMBOLS, View
from scons_kmod.kernel.kbuild import without_options
from scons_kmod.link.modpost import mod_c_step_precompiled, modpost_step
from scons_kmod.link.module_headers import module_headers, precompiled_headers_step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_object


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return module(tmp_path / "elsewhere")


def test_modpost_gets_the_module_and_the_kernels_symbols(build_target: BuildTarget, manifest: Manifest) -> None:
    step = modpost_step(build_target, manifest)
    linked = module_object(build_target, manifest)
    directory = linked.parent
    own = directory / "0.symvers"
    assert step.commands[0].argv == (
        *without_options(build_target.kbuild.modpost, {"-i"}),
        *("-i", str(own), "-o", str(directory / "Module.symvers"), "-T", str(directory / "modules.order")),
    )
    assert dict(step.written_files)[directory / "modules.order"] == f"{module_object(build_target, manifest)}\n"
    assert step.views == (View(SYMBOLS, (build_target.tree.symvers,), (linked,), (own,)),)


def test_symbols_of_other_modules_are_handed_to_modpost(build_target: BuildTarget, manifest: Manifest) -> None:
    extra = Path("/other/Module.symvers")
    step = modpost_step(dataclasses.replace(build_target, extra_symbols=(extra,)), manifest)
    argv = step.commands[0].argv
    (view,) = step.views
    assert view.paths == (build_target.tree.symvers, extra)
    assert [argv[argv.index(str(extract)) - 1] for extract in view.extracts] == ["-i", "-i"]


def test_generated_c_code_knows_its_module(build_target: BuildTarget, manifest: Manifest) -> None:
    step = mod_c_step_precompiled(build_target, manifest)
    ((names, text),) = step.written_files
    assert text == (
        '#define KBUILD_BASENAME "rust_echo.mod"\n'
        '#define KBUILD_MODNAME "rust_echo"\n'
        "#define __KBUILD_MODNAME kmod_rust_echo\n"
    )
    argv = step.commands[0].argv
    assert argv[1:5] == ("-include", str(module_headers(build_target)), "-include", str(names))
    assert argv[-1].endswith("/rust-echo.mod.c")


def test_generated_c_code_may_not_name_macros_that_precompiled_headers_lack(
    build_target: BuildTarget, manifest: Manifest
) -> None:
    flags = [
        step.commands[0].argv
        for step in (precompiled_headers_step(build_target), mod_c_step_precompiled(build_target, manifest))
    ]
    defined = [[arg for arg in argv if arg.startswith("-D")] for argv in flags]
    assert defined[0] == defined[1]
