# SPDX-License-Identifier: MIT
"""A module of C sources: compiled and linked by the commands that Kbuild has for one of one file or of several."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.build_target import BuildTarget
from scons_kmod.cc import COLOR, naming, objtool_command, searched
from scons_kmod.crates import module_dir
from scons_kmod.digests import LINES
from scons_kmod.link import module_object
from scons_kmod.manifest import Manifest
from scons_kmod.step import Command, Step


def c_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """Each of the module's C sources to an object (scripts/Makefile.build, rule_cc_o_c), and those to one."""
    compiled = c_object_steps(target, manifest)
    return compiled if is_single(manifest) else [*compiled, c_link_step(target, manifest)]


def c_object_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """Each of the module's C sources to an object."""
    return [c_object_step(target, manifest, source) for source in manifest.c.sources]


def is_single(manifest: Manifest) -> bool:
    """Whether the module's one object is that of its one source (``obj-m := NAME.o`` without ``NAME-y``)."""
    return manifest.root is None and [source.stem for source in manifest.c.sources] == [manifest.name]


def c_object(target: BuildTarget, manifest: Manifest, source: Path) -> Path:
    """The object of one of the module's C sources."""
    if is_single(manifest):
        return module_object(target, manifest)
    return module_dir(target, manifest) / "c" / source.relative_to(manifest.directory).with_suffix(".o")


def c_object_step(target: BuildTarget, manifest: Manifest, source: Path) -> Step:
    """One C source to an object, with objtool's check if this kernel's Kbuild runs it on each, or if it is the only."""
    made = c_object(target, manifest, source)
    depfile = Path(f"{made}.d")
    # What a message and __FILE__ say of a source does not depend on where the module lies.
    prefix = f"-fmacro-prefix-map={manifest.directory}/=modules/{manifest.name}/"
    argv = (
        *(target.toolchain.cc.path, *target.kbuild.cc[1:], *naming(manifest.crate, source.stem), prefix),
        *(f"-Wp,-MMD,{depfile}", "-c", "-o", str(made), str(source)),
    )
    commands = [Command(argv, target.tree.path, color=COLOR)]
    if target.kbuild.objtool and target.kbuild.objtool_each:
        commands.append(objtool_command(target, made))
    elif target.kbuild.objtool and is_single(manifest):
        commands.append(objtool_command(target, made, "--link"))
    return Step(
        name="CC [M]",
        unit=f"{manifest.name}/{made.name}",
        commands=tuple(commands),
        outputs=(made,),
        tracked=(source,),
        depfiles=(depfile,),
        tools=(target.toolchain.cc.digest,),
        kind=LINES,
        exact=bool(target.kcflags),
        searched=searched(target),
        beside=str(source.parent),
    )


def c_link_step(target: BuildTarget, manifest: Manifest, *first: Path) -> Step:
    """The module's objects, after these, as one (scripts/Makefile.build, cmd_ld_multi_m)."""
    made = module_object(target, manifest)
    objects = (*first, *(c_object(target, manifest, source) for source in manifest.c.sources))
    commands = [Command((*target.kbuild.ld, "-o", str(made), *map(str, objects)), made.parent)]
    if target.kbuild.objtool and not target.kbuild.objtool_each:
        commands.append(objtool_command(target, made, "--link"))
    return Step(
        name="LD",
        unit=f"{manifest.name}.o",
        commands=tuple(commands),
        outputs=(made,),
        inputs=objects,
        tools=(target.toolchain.cc.digest,),
    )
