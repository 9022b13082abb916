# SPDX-License-Identifier: MIT
"""This project's own C files: the C helpers that modules link, and the check of the sizes of types."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

from scons_kmod.bindings.bindgen import layout_header
from scons_kmod.c.compiler import (
    CC_COLOR,
    args_without_includes,
    code_digest_kind,
    depfile_arg,
    include_lines,
    included_files,
    kernel_include_directories,
    precompile_step,
)
from scons_kmod.engine.digests import TOKENS
from scons_kmod.engine.step import Command, Step
from scons_kmod.target.build_target import BuildTarget

# ftrace's call at each function's entry. The helpers replace inline functions and macros, which have none either.
TRACING_FLAGS = ("-pg", "-mrecord-mcount", "-mfentry")


@functools.cache
def helpers_archive(target: BuildTarget) -> Path:
    """The archive of the compiled C helpers. A module links those members that it needs."""
    return target.build / "helpers/libhelpers.a"


def helper_steps(target: BuildTarget) -> list[Step]:
    """Compile each file of C helpers with the kernel's flags, and archive the objects."""
    directory = helpers_archive(target).parent
    compiled = [helper_step(target, source, directory / f"{source.stem}.o") for source in helper_sources(target)]
    objects = [step.outputs[0] for step in compiled]
    return [helpers_header_step(target), *compiled, archive_step(target, helpers_archive(target), objects)]


def archive_step(target: BuildTarget, archive: Path, objects: Sequence[Path]) -> Step:
    """Archive objects, so that a module links only those that it needs."""
    return Step(
        name="AR",
        unit=archive.name,
        commands=(Command((target.kbuild.archiver, "rcsD", str(archive), *map(str, objects)), archive.parent),),
        outputs=(archive,),
        inputs=tuple(objects),
        tools=(target.toolchain.cc.digest,),
    )


def helper_sources(target: BuildTarget) -> list[Path]:
    """The files of C helpers."""
    return sorted((target.sources / "rust/helpers").glob("*.c"))


def helpers_header_step(target: BuildTarget) -> Step:
    """Precompile the headers of all helpers. A helper then compiles in a fifth of the time, to the same object."""
    headers = (no_lines_header(target), *included_files(target.kbuild.cc), target.sources / "rust/helpers/headers.h")
    flags = args_without_includes(project_c_flags(target))
    return precompile_step(
        target,
        helpers_header(target),
        flags,
        include_lines(map(str, headers)),
        "helper headers",
        code_digest_kind(target, TOKENS),
    )


def no_lines_header(target: BuildTarget) -> Path:
    """The header that all this project's own C files include first."""
    return target.sources / "rust/helpers/no_lines.h"


def project_c_flags(target: BuildTarget) -> tuple[str, ...]:
    """The kernel's flags for this project's own C files."""
    flags = (flag for flag in target.kbuild.cc[1:] if flag not in TRACING_FLAGS)
    return (*flags, f"-fmacro-prefix-map={target.sources}/=")


@functools.cache
def helpers_header(target: BuildTarget) -> Path:
    """The header that includes the headers of all helpers."""
    return helpers_archive(target).with_name("headers.h")


def helper_step(target: BuildTarget, source: Path, object_file: Path) -> Step:
    """Compile a file of C helpers with the precompiled headers. It depends on all of these headers."""
    step = project_c_step(target, source, object_file)
    (command,) = step.commands
    compiler, *args = command.argv
    argv = (compiler, "-include", str(helpers_header(target)), *args_without_includes(tuple(args)))
    precompiled = helpers_header_step(target)
    return dataclasses.replace(
        step,
        commands=(dataclasses.replace(command, argv=argv),),
        depfiles=(*step.depfiles, *precompiled.depfiles),
        order_only=precompiled.outputs,
    )


def layout_step(target: BuildTarget) -> Step:
    """Check that the kernel's compiler gives types the sizes that bindgen's libclang saw. The object is not linked."""
    source = target.sources / "rust/bindings/layout.c"
    step = project_c_step(target, source, layout_object(target), inputs=(layout_header(target),))
    (command,) = step.commands
    # By its path: no header of this name in another directory counts.
    argv = (*command.argv[:-1], "-include", str(layout_header(target)), command.argv[-1])
    return dataclasses.replace(step, commands=(dataclasses.replace(command, argv=argv),))


@functools.cache
def layout_object(target: BuildTarget) -> Path:
    """The object of the check: it compiles only if the sizes are the same."""
    return layout_header(target).with_name("layout.o")


def project_c_step(target: BuildTarget, source: Path, object_file: Path, inputs: tuple[Path, ...] = ()) -> Step:
    """Compile one of this project's own C files for a kernel. Its code has no line numbers (no_lines.h)."""
    depfile = Path(f"{object_file}.d")
    argv = [
        *(target.toolchain.cc.path, "-include", str(no_lines_header(target)), *project_c_flags(target)),
        *(depfile_arg(depfile), "-c", "-o", str(object_file), str(source)),
    ]
    return Step(
        name="CC",
        unit=f"{source.relative_to(target.sources).with_suffix('.o')}",
        commands=(Command(tuple(argv), target.tree.path, color=CC_COLOR),),
        outputs=(object_file,),
        inputs=inputs,
        tracked=(source,),
        depfiles=(depfile,),
        tools=(target.toolchain.cc.digest,),
        digest_kind=code_digest_kind(target, TOKENS),
        compare_raw=bool(target.kcflags),
        include_directories=kernel_include_directories(target),
    )
