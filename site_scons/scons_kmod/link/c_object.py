# SPDX-License-Identifier: MIT
"""The link of a module's C objects to one, where the module is C, or Rust to the mainline API with C."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.base.library_process import process_files
from scons_kmod.c.compiler import objtool_command
from scons_kmod.c.module_objects import c_objects
from scons_kmod.engine.step import Command, Step
from scons_kmod.link.rust_object import DUPLICATE_SYMBOL_HINT, c_and_rust_check
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_object


def c_link_step(target: BuildTarget, manifest: Manifest, *first: Path) -> Step:
    """The module's objects, after these, as one (scripts/Makefile.build, cmd_ld_multi_m)."""
    made = module_object(target, manifest)
    compiled = c_objects(target, manifest)
    objects = (*first, *compiled)
    check, files = c_and_rust_check(target, manifest, first[0], compiled) if first and compiled else ((), ())
    commands = [*check, Command((*target.kbuild.ld, "-o", str(made), *map(str, objects)), made.parent)]
    if target.kbuild.objtool and not target.kbuild.objtool_each:
        commands.append(objtool_command(target, made, "--link"))
    return Step(
        name="LD",
        unit=f"{manifest.name}.o",
        commands=tuple(commands),
        outputs=(made,),
        inputs=objects,
        tracked=process_files("link.c_and_rust") if files else (),
        written_files=files,
        tools=(target.toolchain.cc.digest,),
        hints=(DUPLICATE_SYMBOL_HINT,),
    )
