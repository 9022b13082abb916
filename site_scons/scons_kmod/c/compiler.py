# SPDX-License-Identifier: MIT
"""What all runs of the kernel's C compiler share: include directories, macros with names, precompiling, objtool."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.engine.digests import COLUMNS, LINES, TOKENS
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Command, Step
from scons_kmod.kernel.kbuild import without_options
from scons_kmod.target.build_target import BuildTarget

CC_COLOR = "-fdiagnostics-color=always"


@functools.cache
def kernel_include_directories(target: BuildTarget) -> tuple[str, ...]:
    """The directories in which the kernel's C code looks for headers."""
    tree = str(target.tree.path)
    # In the directory in which it runs, the compiler looks for what -include names, the assembler for .incbin's files.
    return (tree, *include_directories(target.kbuild.cc, tree))


def depfile_arg(depfile: Path) -> str:
    """The arg for which the C compiler lists all files that it reads.

    Kbuild's -MMD leaves out those that a header includes after ``#pragma GCC system_header``.
    """
    return f"-Wp,-MD,{depfile}"


def assembler_depfile_args(depfile: Path) -> tuple[str, ...]:
    """The args for which the assembler lists the files of ``.include`` and ``.incbin``, also of those in ``asm()``."""
    return ("-Xassembler", "--MD", "-Xassembler", str(depfile))


@functools.cache
def included_files(args: tuple[str, ...]) -> tuple[str, ...]:
    """The files that a compiler's args include (``-include FILE``)."""
    return tuple(value for arg, value in itertools.pairwise(args) if arg == "-include")


@functools.cache
def args_without_includes(args: tuple[str, ...]) -> tuple[str, ...]:
    """A compiler's args without ``-include FILE``."""
    return tuple(without_options(args, {"-include"}))


def include_lines(names: Iterable[str]) -> str:
    """The text of a header that includes these headers."""
    return "".join(f'#include "{name}"\n' for name in names)


def code_digest_kind(target: BuildTarget, plain: str = LINES) -> str:
    """Which digest of C sources an object with code depends on: `plain`, unless the kernel is built with sanitizers.

    These record the line and the column of what they check (gcc/ubsan.cc).
    """
    return COLUMNS if any(flag.startswith("-fsanitize=") for flag in target.kbuild.cc) else plain


def precompile_step(
    target: BuildTarget, header: Path, flags: tuple[str, ...], text: str, unit: str, kind: str = TOKENS
) -> Step:
    """Write a header with this text, and precompile it for compilations with the same flags.

    `kind` is the `digest_kind` of the `Step`.
    """
    precompiled = header.with_name(f"{header.name}.gch")
    depfile = Path(f"{precompiled}.d")
    args = (*flags, depfile_arg(depfile), "-x", "c-header", "-o", str(precompiled), str(header))
    return Step(
        name="PCH",
        unit=unit,
        commands=(Command((target.toolchain.cc.path, *args), target.tree.path, color=CC_COLOR),),
        # The compilations with it read its depfile, too.
        outputs=(precompiled, depfile),
        depfiles=(depfile,),
        written_files=((header, text),),
        tools=(target.toolchain.cc.digest,),
        digest_kind=kind,
        compare_raw=bool(target.kcflags),
        include_directories=kernel_include_directories(target),
        restorable=False,
    )


def name_defines(module: str, base: str) -> tuple[str, ...]:
    """The flags that tell C code the names of its module and file (scripts/Makefile.lib, modname_flags, name-fix)."""
    return (basename_define(base), f'-DKBUILD_MODNAME="{module}"', f"-D__KBUILD_MODNAME=kmod_{module}")


def basename_define(base: str) -> str:
    """The flag that tells C code the name of its file. `base` is the file's name without suffix."""
    return f'-DKBUILD_BASENAME="{base.replace("-", "_")}"'


def name_macros(module: str, base: str) -> str:
    """The text of a header that defines what `name_defines` does as flags.

    gcc uses a precompiled header only with the macros on the command line that it was compiled with.
    """
    return define_lines(name_defines(module, base))


def define_lines(flags: Iterable[str]) -> str:
    """The text of a header that defines the same macros as these flags (``-DNAME=VALUE``)."""
    macros = (flag.removeprefix("-D").partition("=") for flag in flags)
    return "".join(f"#define {name} {value}\n" for name, _, value in macros)


def objtool_command(target: BuildTarget, object_file: Path, *options: str) -> Command:
    """The command that lets objtool check an object and rewrite it in place."""
    # objtool reads the architecture from what Kbuild exports (tools/objtool/arch/x86/decode.c, 6.12).
    env = (("SRCARCH", target.tree.arch),)
    return Command((*target.kbuild.objtool, *options, str(object_file)), target.tree.path, env, label="OBJTOOL")
