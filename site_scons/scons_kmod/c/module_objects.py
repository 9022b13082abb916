# SPDX-License-Identifier: MIT
"""The C and assembly of a module: compiled and linked by the commands that Kbuild has for a module of several files."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.bindings.local_paths import callers_source
from scons_kmod.c.compiler import (
    CC_COLOR,
    args_without_includes,
    basename_define,
    define_lines,
    include_lines,
    included_files,
    name_defines,
    objtool_command,
    precompile_step,
)
from scons_kmod.c.compiler import kernel_include_directories as searched_by_kernel
from scons_kmod.c.heads import FEWEST, Head, find_heads
from scons_kmod.c.written_sources import written_sources
from scons_kmod.engine.digests import LINES, RAW
from scons_kmod.engine.header_search import include_directories
from scons_kmod.engine.step import Command, Step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import NO_DEBUG_INFO, BuildTarget
from scons_kmod.target.output_paths import (
    exports_source,
    generated_dir,
    generated_files,
    module_dir,
    module_object,
)

ASSEMBLY_SUFFIX = ".S"


def c_object_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """Each of the module's sources in C or assembly to an object (scripts/Makefile.build, rule_cc_o_c)."""
    shared = [(head_step(target, manifest, head), head.sources) for head in module_heads(target, manifest)]
    begun = {source: step for step, sources in shared for source in sources}
    compiled = {source: c_object_step(target, manifest, source) for source in c_sources(target, manifest)}
    return [
        *(step for step, _ in shared),
        *(step_with_head(step, begun[source]) if source in begun else step for source, step in compiled.items()),
    ]


def module_heads(target: BuildTarget, manifest: Manifest) -> tuple[Head, ...]:
    """What the module's sources begin with."""
    if len(manifest.c.sources) < FEWEST:
        return ()
    return find_heads(manifest.c, module_include_directories(target, manifest))


def head_step(target: BuildTarget, manifest: Manifest, head: Head) -> Step:
    """Precompile what sources begin with: of the flags, all but the name of the file are those of each of them."""
    header = module_dir(target, manifest) / f"c/head-{head.name}.h"
    flags = source_flags(target, manifest, head.sources[0])
    text = include_lines(included_files(flags)) + "".join(head.lines)
    kept = (word for word in args_without_includes(flags) if word != basename_define(head.sources[0].stem))
    step = precompile_step(target, header, tuple(kept), text, f"{manifest.name}/{header.name}", LINES)
    return dataclasses.replace(
        step,
        include_directories=module_include_directories(target, manifest),
        order_only=built_sources(target, manifest),
    )


def step_with_head(step: Step, head: Step) -> Step:
    """The compilation of a source that begins with what is precompiled."""
    (first, *others), (header, _) = step.commands, head.written_files[0]
    (source,) = step.tracked
    names = Path(f"{step.outputs[0]}.names.h")
    name = basename_define(source.stem)
    compiler, *words = first.argv
    kept = (word for word in args_without_includes(tuple(words)) if word != name)
    argv = (compiler, "-include", str(header), "-include", str(names), *kept)
    return dataclasses.replace(
        step,
        commands=(dataclasses.replace(first, argv=argv), *others),
        depfiles=(*step.depfiles, *head.depfiles),
        written_files=(*step.written_files, (names, define_lines([name]))),
        order_only=(*step.order_only, *head.outputs),
    )


def c_sources(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """All of the module's sources in C and assembly: those of the manifest, and those that the build writes."""
    built = (path for path in built_sources(target, manifest) if path.suffix in (".c", ASSEMBLY_SUFFIX))
    callers = (callers_source(target, manifest),) if manifest.bindings.own_headers else ()
    return (*manifest.c.sources, *built, *callers, *written_sources(target, manifest))


def is_single_source(manifest: Manifest) -> bool:
    """Whether the module's one object is that of its one source (``obj-m := NAME.o`` without ``NAME-y``)."""
    written = manifest.generators or manifest.exports.symbols or manifest.depends.namespaces
    names = [source.name for source in manifest.c.sources]
    return manifest.root is None and not written and names == [f"{manifest.name}.c"]


def c_objects(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The objects of the module's C and assembly."""
    return tuple(c_object(target, manifest, source) for source in c_sources(target, manifest))


def c_object(target: BuildTarget, manifest: Manifest, source: Path) -> Path:
    """The object of one of the module's sources in C or assembly."""
    if is_single_source(manifest):
        return module_object(target, manifest)
    ours = source.is_relative_to(module_dir(target, manifest))
    below = source.relative_to(module_dir(target, manifest) if ours else manifest.directory)
    return module_dir(target, manifest) / ("c/build" if ours else "c") / below.with_suffix(".o")


def objtool_checks_each(target: BuildTarget, manifest: Manifest) -> bool:
    """Whether objtool looks at each of the module's C objects: where Kbuild has it so, and Rust is not linked in by us.

    What we link with a crate is checked as a whole.
    """
    return target.kbuild.objtool_each and (manifest.root is None or not target.links_api_crates(manifest))


def c_object_step(target: BuildTarget, manifest: Manifest, source: Path) -> Step:
    """One source to an object, with objtool's check if it is checked alone, or if it is the only one."""
    made = c_object(target, manifest, source)
    depfile = Path(f"{made}.d")
    flags = source_flags(target, manifest, source)
    argv = (target.toolchain.cc.path, *flags, f"-Wp,-MMD,{depfile}", "-c", "-o", str(made), str(source))
    commands = [Command(argv, target.tree.path, color=CC_COLOR)]
    if target.kbuild.objtool and objtool_checks_each(target, manifest):
        commands.append(objtool_command(target, made))
    elif target.kbuild.objtool and is_single_source(manifest):
        commands.append(objtool_command(target, made, "--link"))
    written = written_sources(target, manifest).get(source)
    called = source == callers_source(target, manifest)
    return Step(
        name="AS [M]" if source.suffix == ASSEMBLY_SUFFIX else "CC [M]",
        unit=f"{manifest.name}/{made.name}",
        commands=tuple(commands),
        outputs=(made,),
        inputs=(source,) if called else (),
        tracked=() if written or called else (source,),
        depfiles=(depfile,),
        written_files=((source, written),) if written else (),
        tools=(target.toolchain.cc.digest,),
        order_only=built_sources(target, manifest),
        # In assembly any comment may be a directive.
        digest_kind=RAW if source.suffix == ASSEMBLY_SUFFIX else LINES,
        compare_raw=bool(target.kcflags),
        include_directories=module_include_directories(target, manifest),
        source_directory=str(source.parent),
    )


def built_sources(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The sources of the module that steps of the build write: its generators, and what exports its crate."""
    exported = (exports_source(target, manifest),) if manifest.exports.crate else ()
    return (*generated_files(target, manifest), *exported)


def source_flags(target: BuildTarget, manifest: Manifest, source: Path) -> tuple[str, ...]:
    """All flags for a source: the kernel's, the module's, and the file's own.

    What is left out for the module is left out of the kernel's, for a file of the module's too (scripts/Makefile.lib,
    ccflags-remove-y and CFLAGS_REMOVE).
    """
    own = manifest.c.flags_of(source)
    asm = source.suffix == ASSEMBLY_SUFFIX
    kernels = (*target.kbuild.assembler[1:], NO_DEBUG_INFO) if asm else target.kbuild.cc[1:]
    flags = manifest.c.asm_flags if asm else manifest.c.flags
    return (
        *(word for word in kernels if word not in (*manifest.c.without_flags, *own.without_flags)),
        *module_flags(target, manifest),
        *(word for word in flags if word not in own.without_flags),
        *own.flags,
        *name_defines(manifest.crate, source.stem),
        *prefix_map_flags(target, manifest),
    )


@functools.cache
def module_flags(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """What the module's C code, assembly and headers have in common besides the kernel's flags."""
    return (
        *(f"-I{path}" for path in header_directories(target, manifest)),
        *(word for path in manifest.c.include_first for word in ("-include", str(path))),
        *(f"-D{name}" for name in manifest.c.defines),
    )


def header_directories(target: BuildTarget, manifest: Manifest) -> Iterable[Path]:
    """Where headers are looked for after the kernel's: the module's, and those of the modules that it depends on."""
    yield from manifest.c.include
    if manifest.generators:
        yield generated_dir(target, manifest)
    for one in manifest.named_modules:
        yield from one.exports.include


def prefix_map_flags(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """What messages and __FILE__ say of a source does not depend on where the module lies."""
    places = {module_dir(target, manifest): "build/", manifest.directory: ""}
    places |= {one.directory: f"../{one.name}/" for one in manifest.needs}
    return tuple(f"-fmacro-prefix-map={place}/=modules/{manifest.name}/{name}" for place, name in places.items())


@functools.cache
def module_include_directories(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """Where the module's C code looks for headers."""
    if not any(header_directories(target, manifest)):
        return searched_by_kernel(target)
    words = (*target.kbuild.cc, *module_flags(target, manifest))
    return include_directories(words, str(target.tree.path))
