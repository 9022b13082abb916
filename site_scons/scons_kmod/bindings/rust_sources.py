# SPDX-License-Identifier: MIT
"""The sources whose identifiers decide which declarations the kernel's bindings have, and in which part each is."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

from scons_kmod.bindings.parts import SHARED
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.source_files import files_below, source_directories
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.wrapper_crates import kernel_files, wrapper_crates


@dataclasses.dataclass(frozen=True)
class NamingSources:
    """The sources that name what the bindings must have, each list sorted.

    `by_crate` are those of the crates of kernel/; those of the base crate, and all of rust/, are under `SHARED`.
    `headers` are modules' own headers, `modules` the Rust sources of modules and of the libraries that they link, and
    the C file that compares sizes.
    """

    by_crate: dict[str, tuple[Path, ...]]
    headers: tuple[Path, ...]
    modules: tuple[Path, ...]

    def all_files(self) -> tuple[Path, ...]:
        """All these files."""
        return (*(path for paths in self.by_crate.values() for path in paths), *self.headers, *self.modules)


def naming_sources(target: BuildTarget, manifests: Iterable[Manifest]) -> NamingSources:
    """The sources that name what the bindings for these modules must have."""
    manifests = list(manifests)
    by_crate = kernel_sources(target)
    sources = set(module_sources(target, manifests)).difference(*by_crate.values())
    modules = (*sorted(sources), target.sources / "rust/bindings/layout.c")
    return NamingSources(by_crate, own_headers(target, manifests), modules)


def module_sources(target: BuildTarget, manifests: Sequence[Manifest]) -> tuple[Path, ...]:
    """The Rust sources of these modules and of the libraries that they link, sorted."""
    directories = {directory for manifest in manifests for directory in source_directories(manifest)}
    sources = {path for directory in directories for path in files_below(directory, ".rs", target.build.parent)}
    # Generators run on this machine, not in the kernel.
    programs = {generator.program for manifest in manifests for generator in manifest.generators}
    return tuple(sorted(sources - programs))


def own_headers(target: BuildTarget, manifests: Sequence[Manifest]) -> tuple[Path, ...]:
    """The own headers of these modules, sorted.

    They count, so that the local bindings share the kernel's types instead of declaring them again.
    """
    directories = {manifest.directory for manifest in manifests if manifest.bindings.own_headers}
    return tuple(
        sorted(path for directory in directories for path in files_below(directory, ".h", target.build.parent))
    )


def kernel_sources(target: BuildTarget) -> dict[str, tuple[Path, ...]]:
    """The Rust sources of kernel/ and rust/ by the crate whose part of the bindings they decide."""
    crates = wrapper_crates(target).crates.values()
    of_wrappers = {crate.name: tuple(path for w in crate.wrappers for path in w.files) for crate in crates}
    shared = set(kernel_files(target)).difference(*of_wrappers.values())
    return {SHARED: tuple(sorted(shared)), **of_wrappers}
