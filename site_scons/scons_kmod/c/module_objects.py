# SPDX-License-Identifier: MIT
"""A module's sources in C and assembly to objects, by the commands that Kbuild has for them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scons_kmod.bindings.local_paths import callers_source
from scons_kmod.c.compiler import (
    CC_COLOR,
    args_without_includes,
    assembler_depfile_args,
    basename_define,
    code_digest_kind,
    define_lines,
    depfile_arg,
    include_lines,
    included_files,
    objtool_command,
    precompile_step,
)
from scons_kmod.c.heads import FEWEST, Head, find_heads
from scons_kmod.c.source_flags import ASSEMBLY_SUFFIX, module_include_directories, source_flags
from scons_kmod.c.written_sources import written_sources
from scons_kmod.engine.digests import RAW
from scons_kmod.engine.step import Command, Step
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.target.output_paths import (
    exports_source,
    generated_files,
    module_dir,
    module_object,
)


def c_object_steps(target: BuildTarget, manifest: Manifest) -> list[Step]:
    """Compile the module's sources in C and assembly, and before them their heads.

    An object is made as Kbuild does it (scripts/Makefile.build, rule_cc_o_c).
    """
    heads = [(head_step(target, manifest, head), head.sources) for head in module_heads(target, manifest)]
    head_of = {source: step for step, sources in heads for source in sources}
    compiled = {source: c_object_step(target, manifest, source) for source in c_sources(target, manifest)}
    return [
        *(step for step, _ in heads),
        *(step_with_head(step, head_of[source]) if source in head_of else step for source, step in compiled.items()),
    ]


def module_heads(target: BuildTarget, manifest: Manifest) -> tuple[Head, ...]:
    """The heads that the module's sources share."""
    if len(manifest.c.sources) < FEWEST:
        return ()
    return find_heads(manifest.c, module_include_directories(target, manifest))


def head_step(target: BuildTarget, manifest: Manifest, head: Head) -> Step:
    """Precompile a head. The flags are those of its sources, without the macro for the name of the file."""
    header = module_dir(target, manifest) / f"c/head-{head.name}.h"
    flags = source_flags(target, manifest, head.sources[0])
    text = include_lines(included_files(flags)) + "".join(head.lines)
    basename = basename_define(head.sources[0].stem)
    shared = tuple(flag for flag in args_without_includes(flags) if flag != basename)
    step = precompile_step(target, header, shared, text, f"{manifest.name}/{header.name}", code_digest_kind(target))
    return dataclasses.replace(
        step,
        include_directories=module_include_directories(target, manifest),
        order_only=built_sources(target, manifest),
    )


def step_with_head(step: Step, head: Step) -> Step:
    """The compilation of a source with its precompiled head. `head` is the step that precompiles it."""
    (compile_command, *more_commands), (header, _) = step.commands, head.written_files[0]
    (source,) = step.tracked
    names = Path(f"{step.outputs[0]}.names.h")
    basename = basename_define(source.stem)
    compiler, *args = compile_command.argv
    shared = (arg for arg in args_without_includes(tuple(args)) if arg != basename)
    argv = (compiler, "-include", str(header), "-include", str(names), *shared)
    return dataclasses.replace(
        step,
        commands=(dataclasses.replace(compile_command, argv=argv), *more_commands),
        depfiles=(*step.depfiles, *head.depfiles),
        written_files=(*step.written_files, (names, define_lines([basename]))),
        order_only=(*step.order_only, *head.outputs),
    )


def c_sources(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """All of the module's sources in C and assembly: those of the manifest, and those that the build writes."""
    built = (path for path in built_sources(target, manifest) if path.suffix in (".c", ASSEMBLY_SUFFIX))
    callers = (callers_source(target, manifest),) if manifest.bindings.own_headers else ()
    return (*manifest.c.sources, *built, *callers, *written_sources(target, manifest))


def is_single_source(manifest: Manifest) -> bool:
    """Whether the module has one source, whose object is the module's (``obj-m := NAME.o`` without ``NAME-y``)."""
    written = manifest.generators or manifest.exports.symbols or manifest.depends.namespaces
    names = [source.name for source in manifest.c.sources]
    return manifest.root is None and not written and names == [f"{manifest.name}.c"]


def c_objects(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The objects of the module's sources in C and assembly."""
    return tuple(c_object(target, manifest, source) for source in c_sources(target, manifest))


def c_object(target: BuildTarget, manifest: Manifest, source: Path) -> Path:
    """The object of a source in C or assembly."""
    if is_single_source(manifest):
        return module_object(target, manifest)
    output_dir = module_dir(target, manifest)
    is_built = source.is_relative_to(output_dir)
    relative = source.relative_to(output_dir if is_built else manifest.directory)
    return output_dir / ("c/build" if is_built else "c") / relative.with_suffix(".o")


def c_depfile(object_file: Path) -> Path:
    """The compiler's list of the files that a source includes, of which this is the object."""
    return Path(f"{object_file}.d")


def objtool_checks_each(target: BuildTarget, manifest: Manifest) -> bool:
    """Whether objtool checks each of the module's C objects, as Kbuild does for some kernels.

    A module that links the API's crates is checked as a whole.
    """
    return target.kbuild.objtool_each and (manifest.root is None or not target.links_api_crates(manifest))


def c_object_step(target: BuildTarget, manifest: Manifest, source: Path) -> Step:
    """Compile one source, and let objtool check the object if it does so for each, or if it is the only one."""
    object_file = c_object(target, manifest, source)
    depfile = c_depfile(object_file)
    flags = source_flags(target, manifest, source)
    assembler_depfile = Path(f"{object_file}.as.d")
    listing = (depfile_arg(depfile), *assembler_depfile_args(assembler_depfile))
    argv = (target.toolchain.cc.path, *flags, *listing, "-c", "-o", str(object_file), str(source))
    commands = [Command(argv, target.tree.path, color=CC_COLOR)]
    if target.kbuild.objtool and objtool_checks_each(target, manifest):
        commands.append(objtool_command(target, object_file))
    elif target.kbuild.objtool and is_single_source(manifest):
        commands.append(objtool_command(target, object_file, "--link"))
    text = written_sources(target, manifest).get(source)
    is_callers = source == callers_source(target, manifest)
    return Step(
        name="AS [M]" if source.suffix == ASSEMBLY_SUFFIX else "CC [M]",
        unit=f"{manifest.name}/{object_file.name}",
        commands=tuple(commands),
        # modpost needs the names of the files that a source includes (symbol_versions.py).
        outputs=(object_file, depfile),
        inputs=(source,) if is_callers else (),
        tracked=() if text or is_callers else (source,),
        depfiles=(depfile,),
        assembler_depfiles=(assembler_depfile,),
        written_files=((source, text),) if text else (),
        tools=(target.toolchain.cc.digest,),
        order_only=built_sources(target, manifest),
        # In assembly any comment may be a directive.
        digest_kind=RAW if source.suffix == ASSEMBLY_SUFFIX else code_digest_kind(target),
        compare_raw=bool(target.kcflags),
        include_directories=module_include_directories(target, manifest),
    )


def built_sources(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The sources that other steps write: the module's generators, and the step that exports its crate."""
    exported = (exports_source(target, manifest),) if manifest.exports.crate else ()
    return (*generated_files(target, manifest), *exported)
