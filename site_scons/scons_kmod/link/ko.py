# SPDX-License-Identifier: MIT
"""The last steps of a module: from its object to the .ko."""

from __future__ import annotations

import functools
from pathlib import Path

from scons_kmod.c.compiler import COLOR, naming, searched
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.step import Command, Step
from scons_kmod.link.modpost import mod_c_step, mod_c_step_with_headers, modpost_step, objtool_commands
from scons_kmod.link.module_headers import module_headers_text_step, precompiled_headers_step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import module_ko, module_object


def shared_link_steps(target: BuildTarget, *, many: bool) -> list[Step]:
    """What the last steps of all modules share. For `many` modules the headers of what modpost writes are read once."""
    return [
        *((module_headers_text_step(target), precompiled_headers_step(target)) if many else ()),
        *module_common_steps(target),
    ]


def module_common_steps(target: BuildTarget) -> list[Step]:
    """The object that the tree's Kbuild links into every module (6.12: scripts/module-common.c), if it has one."""
    return [
        Step(
            name="CC [M]",
            unit="module-common.o",
            commands=(module_common_command(target, str(made)), *objtool_commands(target, made)),
            outputs=(made,),
            depfiles=(Path(f"{made}.d"),),
            tools=(target.toolchain.cc.digest,),
            # There is no code in it, and so no line number.
            digest_kind=TOKENS,
            compare_raw=bool(target.kcflags),
            include_directories=searched(target),
        )
        for made in module_common_objects(target)
    ]


@functools.cache
def module_common_objects(target: BuildTarget) -> tuple[Path, ...]:
    """The objects, one or none, that are linked into every module."""
    return (target.build / "link/module-common.o",) if target.kbuild.common else ()


def ko_steps(target: BuildTarget, manifest: Manifest, *, many: bool) -> list[Step]:
    """Kbuild's last steps: modpost, its .mod.c, and the final link (scripts/Makefile.modpost, Makefile.modfinal)."""
    compiled = (mod_c_step if many else mod_c_step_with_headers)(target, manifest)
    return [modpost_step(target, manifest), compiled, final_link_step(target, manifest)]


def final_link_step(target: BuildTarget, manifest: Manifest) -> Step:
    """The link of a module's object, the one that says what it is, and what is common to all."""
    linked_object = module_object(target, manifest)
    objects = (linked_object, linked_object.with_suffix(".mod.o"), *module_common_objects(target))
    final = (*target.kbuild.ld_module, "-o", str(module_ko(target, manifest)), *map(str, objects))
    return Step(
        name="LD [M]",
        unit=f"{manifest.name}.ko",
        commands=(Command(final, target.tree.path),),
        outputs=(module_ko(target, manifest),),
        inputs=objects,
        tracked=tuple(module_linker_scripts(target)),
        tools=(target.toolchain.cc.digest,),
    )


def module_linker_scripts(target: BuildTarget) -> list[Path]:
    """The tree's own linker script for modules."""
    words = target.kbuild.ld_module
    return [target.tree.path / words[at + 1] for at, word in enumerate(words) if word == "-T"]


def module_common_command(target: BuildTarget, made: str) -> Command:
    """Compile the C file that the tree's Kbuild links into every module."""
    names = naming(".module_common.o", "module-common")
    source = str(target.kbuild.common)
    argv = (target.toolchain.cc.path, *target.kbuild.cc[1:], *names, f"-Wp,-MMD,{made}.d", "-c", "-o", made, source)
    return Command(argv, target.tree.path, color=COLOR)
