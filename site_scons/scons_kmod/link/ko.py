# SPDX-License-Identifier: MIT
"""The last steps of a module, from its object to the .ko, and the steps that all modules share for them."""

from __future__ import annotations

import functools
import itertools
from pathlib import Path

from scons_kmod.c.compiler import CC_COLOR, kernel_include_directories, name_defines
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.step import Command, Step
from scons_kmod.link.modpost import mod_c_step, mod_c_step_precompiled, modpost_step, objtool_commands
from scons_kmod.link.module_headers import module_headers_text_step, precompiled_headers_step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko, module_object


def shared_link_steps(target: BuildTarget, *, many: bool) -> list[Step]:
    """The steps that all modules' last steps depend on. If `many`, the headers of .mod.c are read once for all."""
    return [
        *((module_headers_text_step(target), precompiled_headers_step(target)) if many else ()),
        *module_common_steps(target),
    ]


def module_common_steps(target: BuildTarget) -> list[Step]:
    """Compile the C file that Kbuild links into every module (6.12: scripts/module-common.c), if the kernel has one."""
    return [
        Step(
            name="CC [M]",
            unit="module-common.o",
            commands=(module_common_command(target, object_file), *objtool_commands(target, object_file)),
            outputs=(object_file,),
            depfiles=(Path(f"{object_file}.d"),),
            tools=(target.toolchain.cc.digest,),
            # It contains no code, and so no line number.
            digest_kind=TOKENS,
            compare_raw=bool(target.kcflags),
            include_directories=kernel_include_directories(target),
        )
        for object_file in module_common_objects(target)
    ]


@functools.cache
def module_common_objects(target: BuildTarget) -> tuple[Path, ...]:
    """The object that Kbuild links into every module, if the kernel has one."""
    return (target.build / "link/module-common.o",) if target.kbuild.common else ()


def ko_steps(target: BuildTarget, manifest: Manifest, *, many: bool) -> list[Step]:
    """A module's last steps, as Kbuild has them: modpost, its .mod.c, the final link.

    They are those of scripts/Makefile.modpost and scripts/Makefile.modfinal. `many` is as for `shared_link_steps`.
    """
    compile_step = (mod_c_step_precompiled if many else mod_c_step)(target, manifest)
    return [modpost_step(target, manifest), compile_step, final_link_step(target, manifest)]


def final_link_step(target: BuildTarget, manifest: Manifest) -> Step:
    """Link the .ko: a module's object, its .mod.o, and the object that is common to all modules."""
    object_file = module_object(target, manifest)
    objects = (object_file, object_file.with_suffix(".mod.o"), *module_common_objects(target))
    argv = (*target.kbuild.ld_module, "-o", str(module_ko(target, manifest)), *map(str, objects))
    return Step(
        name="LD [M]",
        unit=f"{manifest.name}.ko",
        commands=(Command(argv, target.tree.path),),
        outputs=(module_ko(target, manifest),),
        inputs=objects,
        tracked=tuple(module_linker_scripts(target)),
        tools=(target.toolchain.cc.digest,),
    )


def module_linker_scripts(target: BuildTarget) -> list[Path]:
    """The kernel tree's linker scripts for modules."""
    args = target.kbuild.ld_module
    return [target.tree.path / path for option, path in itertools.pairwise(args) if option == "-T"]


def module_common_command(target: BuildTarget, object_file: Path) -> Command:
    """The command that compiles the C file that Kbuild links into every module."""
    names = name_defines(".module_common.o", "module-common")
    output_args = (f"-Wp,-MMD,{object_file}.d", "-c", "-o", str(object_file), str(target.kbuild.common))
    argv = (target.toolchain.cc.path, *target.kbuild.cc[1:], *names, *output_args)
    return Command(argv, target.tree.path, color=CC_COLOR)
