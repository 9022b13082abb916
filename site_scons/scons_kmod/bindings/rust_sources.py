# SPDX-License-Identifier: MIT
"""The sources whose identifiers decide which declarations the kernel's bindings have."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.source_files import files_below, source_directories
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
