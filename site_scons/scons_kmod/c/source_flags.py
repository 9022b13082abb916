# SPDX-License-Identifier: MIT
"""The flags of a module's sources in C and assembly, and where these look for headers."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.c.compiler import kernel_include_directories, name_defines
from scons_kmod.engine.header_search import include_directories
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import NO_DEBUG_INFO, BuildTarget
from scons_kmod.target.output_paths import generated_dir, module_dir

ASSEMBLY_SUFFIX = ".S"


def source_flags(target: BuildTarget, manifest: Manifest, source: Path) -> tuple[str, ...]:
    """All flags for a source: the kernel's, the module's, and the source's own.

    As in Kbuild, the module's `without-flags` removes flags of the kernel, and a source's `without-flags` removes flags
    of the kernel and of the module (scripts/Makefile.lib, ccflags-remove-y and CFLAGS_REMOVE).
    """
    own = manifest.c.flags_of(source)
    asm = source.suffix == ASSEMBLY_SUFFIX
    kernel_flags = (*target.kbuild.assembler[1:], NO_DEBUG_INFO) if asm else target.kbuild.cc[1:]
    flags = manifest.c.asm_flags if asm else manifest.c.flags
    return (
        *(flag for flag in kernel_flags if flag not in (*manifest.c.without_flags, *own.without_flags)),
        *module_flags(target, manifest),
        *(flag for flag in flags if flag not in own.without_flags),
        *own.flags,
        *name_defines(manifest.crate, source.stem),
        *prefix_map_flags(target, manifest),
    )


@functools.cache
def module_flags(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """The module's flags that its C code, its assembly and its own headers share."""
    return (
        *(f"-I{path}" for path in header_directories(target, manifest)),
        *(arg for path in manifest.c.include_first for arg in ("-include", str(path))),
        *(f"-D{name}" for name in manifest.c.defines),
    )


def header_directories(target: BuildTarget, manifest: Manifest) -> Iterable[Path]:
    """The directories of headers after the kernel's: the module's, and those of modules that it depends on."""
    yield from manifest.c.include
    if manifest.generators:
        yield generated_dir(target, manifest)
    for module in manifest.named_modules:
        yield from module.exports.include


def prefix_map_flags(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """Flags for messages and __FILE__, so that they do not depend on the directory that the module is in."""
    prefixes = {module_dir(target, manifest): "build/", manifest.directory: ""}
    prefixes |= {module.directory: f"../{module.name}/" for module in manifest.needs}
    return tuple(
        f"-fmacro-prefix-map={directory}/=modules/{manifest.name}/{prefix}" for directory, prefix in prefixes.items()
    )


@functools.cache
def module_include_directories(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """The directories in which the module's C code looks for headers."""
    if not any(header_directories(target, manifest)):
        return kernel_include_directories(target)
    argv = (*target.kbuild.cc, *module_flags(target, manifest))
    tree = str(target.tree.path)
    return (tree, *include_directories(argv, tree))
