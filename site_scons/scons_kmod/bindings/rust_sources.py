# SPDX-License-Identifier: MIT
"""The sources whose identifiers decide which declarations the kernel's bindings have."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def rust_sources(target: BuildTarget, manifests: Iterable[Manifest]) -> tuple[Path, ...]:
    """All sources that name what the bindings must have, sorted.

    These are Rust sources, modules' own headers, and last the C file that compares sizes.
    """
    manifests = list(manifests)
    build = target.build.parent
    modules = (directory for manifest in manifests for directory in source_directories(manifest))
    directories = {target.sources / "kernel", target.sources / "rust", *modules}
    sources = {path for directory in directories for path in files_below(directory, ".rs", build)}
    # Own headers count, so that the local bindings share the kernel's types instead of declaring them again.
    with_headers = (manifest.directory for manifest in manifests if manifest.bindings.own_headers)
    sources |= {path for directory in with_headers for path in files_below(directory, ".h", build)}
    # Generators run on this machine, not in the kernel.
    programs = {generator.program for manifest in manifests for generator in manifest.generators}
    return (*sorted(sources - programs), target.sources / "rust/bindings/layout.c")


def source_directories(manifest: Manifest) -> tuple[Path, ...]:
    """The directories of a module's Rust sources: its own, and those of the libraries that it links."""
    return (manifest.directory, *(crate.directory for crate in manifest.crates if crate.library))


def files_below(directory: Path, suffix: str, build: Path) -> Iterator[Path]:
    """The files with this suffix below a directory, except in hidden directories and in the build directory."""
    for parent, names, files in os.walk(directory):
        names[:] = [name for name in names if not name.startswith(".") and Path(parent, name) != build]
        yield from (Path(parent, name) for name in files if name.endswith(suffix))
