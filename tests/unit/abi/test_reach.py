# SPDX-License-Identifier: MIT
from __future__ import annotations

import dataclasses
from pathlib import Path

from miniature import module, target, write

from scons_kmod.abi.reach import abi_dir, reach_steps, unoptimized_kernel_steps
from scons_kmod.crates.local_outputs import linked_crate_objects
from scons_kmod.manifest.sections.bindings import Bindings


def test_all_crates_of_a_module_are_linked_also_its_local_bindings(tmp_path: Path) -> None:
    build_target = target(tmp_path)
    header = write(tmp_path / "m/own.h", "")
    manifest = dataclasses.replace(module(tmp_path / "m"), bindings=Bindings(own_headers=(header,)))
    *_, link = steps = reach_steps(build_target, manifest)
    (bindings,) = linked_crate_objects(build_target, manifest)
    assert abi_dir(build_target) / f"{manifest.name}-{bindings.stem}.o" in link.inputs
    outputs = {path for step in (*steps, *unoptimized_kernel_steps(build_target)) for path in step.outputs}
    assert {path for path in link.inputs if path.is_relative_to(abi_dir(build_target))} <= outputs
