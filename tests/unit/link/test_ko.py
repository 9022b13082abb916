# SPDX-License-Identifier: MIT
from __future__ import annotations

from pathlib import Path

import pytest
from miniature import module, target

from scons_kmod.engine.digests import TOKENS
from scons_kmod.link.ko import final_link_step, ko_steps, module_common_steps, shared_link_steps
from scons_kmod.link.modpost import mod_c_step_precompiled
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko, module_object


@pytest.fixture
def build_target(tmp_path: Path) -> BuildTarget:
    return target(tmp_path)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return module(tmp_path / "elsewhere")


@pytest.mark.parametrize("version", ["6.1", "6.12"])
def test_the_last_link_is_the_trees_own(tmp_path: Path, version: str) -> None:
    build_target, manifest = target(tmp_path, version), module(tmp_path / "elsewhere")
    step = final_link_step(build_target, manifest)
    final = step.commands[-1].argv
    stem = module_object(build_target, manifest).with_suffix("")
    common = [str(build_target.build / "link/module-common.o")] if version == "6.12" else []
    assert final == (
        *build_target.kbuild.ld_module,
        *("-o", str(module_ko(build_target, manifest)), f"{stem}.o", f"{stem}.mod.o", *common),
    )
    assert build_target.tree.path / "arch/x86/module.lds" in step.tracked
    assert step.outputs == (build_target.build / "modules/rust-echo/rust-echo.ko",)
    assert len(module_common_steps(build_target)) == (0 if version == "6.1" else 1)


def test_for_a_few_modules_no_headers_are_precompiled(build_target: BuildTarget, manifest: Manifest) -> None:
    assert shared_link_steps(build_target, many=False) == module_common_steps(build_target)
    step = ko_steps(build_target, manifest, many=False)[1]
    assert step.outputs == mod_c_step_precompiled(build_target, manifest).outputs
    assert step.order_only == ()
    # A comment in a header is no reason to compile it again.
    assert (step.digest_kind, len(step.depfiles)) == (TOKENS, 1)
    assert f"-Wp,-MD,{step.depfiles[0]}" in step.commands[0].argv
