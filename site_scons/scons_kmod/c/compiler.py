# SPDX-License-Identifier: MIT
"""What all runs of the kernel's own C compiler have in common: its headers, names, precompiled headers, objtool."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.kbuild import without_options
from scons_kmod.target.build_target import BuildTarget

CC_COLOR = "-fdiagnostics-color=always"


@functools.cache
def kernel_include_directories(target: BuildTarget) -> tuple[str, ...]:
    """Where the kernel's C code looks for headers."""
    return include_directories(target.kbuild.cc, str(target.tree.path))


@functools.cache
def included_files(words: tuple[str, ...]) -> tuple[str, ...]:
    """The files that a compiler's flags include (``-include FILE``)."""
    return tuple(after for word, after in itertools.pairwise(words) if word == "-include")


@functools.cache
def args_without_includes(words: tuple[str, ...]) -> tuple[str, ...]:
    """A compiler's flags without ``-include FILE``."""
    return tuple(without_options(words, {"-include"}))


def include_lines(names: Iterable[str]) -> str:
    """The text of a header that includes others."""
    return "".join(f'#include "{name}"\n' for name in names)


def precompile_step(
    target: BuildTarget, header: Path, flags: tuple[str, ...], text: str, unit: str, kind: str = TOKENS
) -> Step:
    """Write a header and precompile it, for compilations with the same flags. `kind` is as in `Step`."""
    made = header.with_name(f"{header.name}.gch")
    argv = (target.toolchain.cc.path, *flags, f"-Wp,-MMD,{made}.d", "-x", "c-header", "-o", str(made), str(header))
    return Step(
        name="PCH",
        unit=unit,
        commands=(Command(argv, target.tree.path, color=CC_COLOR),),
        outputs=(made,),
        depfiles=(Path(f"{made}.d"),),
        written_files=((header, text),),
        tools=(target.toolchain.cc.digest,),
        digest_kind=kind,
        compare_raw=bool(target.kcflags),
        include_directories=kernel_include_directories(target),
        restorable=False,
    )


def name_defines(module: str, base: str) -> tuple[str, ...]:
    """The macros by which C code knows its module and its file (scripts/Makefile.lib, modname_flags, name-fix)."""
    return (basename_define(base), f'-DKBUILD_MODNAME="{module}"', f"-D__KBUILD_MODNAME=kmod_{module}")


def basename_define(base: str) -> str:
    """The macro by which C code knows its file."""
    return f'-DKBUILD_BASENAME="{base.replace("-", "_")}"'


def name_macros(module: str, base: str) -> str:
    """As `naming`, for a header: precompiled headers can't be used with macros that they were not made with."""
    return define_lines(name_defines(module, base))


def define_lines(words: Iterable[str]) -> str:
    """The text of a header that defines what flags define (``-DNAME=VALUE``)."""
    macros = (word.removeprefix("-D").partition("=") for word in words)
    return "".join(f"#define {name} {value}\n" for name, _, value in macros)


def objtool_command(target: BuildTarget, made: Path, *options: str) -> Command:
    """Let objtool check and rewrite an object in place."""
    # objtool reads the architecture from what Kbuild exports (tools/objtool/arch/x86/decode.c, 6.12).
    env = (("SRCARCH", target.tree.arch),)
    return Command((*target.kbuild.objtool, *options, str(made)), target.tree.path, env, label="OBJTOOL")
