# SPDX-License-Identifier: MIT
"""Links the objects of a module to one, for modules in C, and for modules with C written to the mainline API."""

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


def c_link_step(target: BuildTarget, manifest: Manifest, *rust: Path) -> Step:
    """Link the objects of a module to one: those in Rust, the module's own crate first, and then those in C.

    It is the link of scripts/Makefile.build, cmd_ld_multi_m.
    """
    object_file = module_object(target, manifest)
    compiled = c_objects(target, manifest)
    objects = (*rust, *compiled)
    check, files = c_and_rust_check(target, manifest, rust[0], compiled) if rust and compiled else ((), ())
    commands = [*check, Command((*target.kbuild.ld, "-o", str(object_file), *map(str, objects)), object_file.parent)]
    if target.kbuild.objtool and not target.kbuild.objtool_each:
        commands.append(objtool_command(target, object_file, "--link"))
    return Step(
        name="LD",
        unit=f"{manifest.name}.o",
        commands=tuple(commands),
        outputs=(object_file,),
        inputs=objects,
        tracked=process_files("link.c_and_rust") if files else (),
        written_files=files,
        tools=(target.toolchain.cc.digest,),
        hints=(DUPLICATE_SYMBOL_HINT,),
    )
