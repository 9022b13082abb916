# SPDX-License-Identifier: MIT
"""The facade: the crate `kernel` that code is compiled against, with the base and the wrappers that the code names.

What a macro writes is not in the sources. So code that uses a proc macro of its own, or that has generated sources,
gets all wrappers.
"""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

from scons_kmod.crates.dependencies import with_dependencies
from scons_kmod.engine.digests import text_digest
from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.source_files import files_below
from scons_kmod.target.build_target import BuildTarget
from scons_kmod.wrappers.named_wrappers import named_crates
from scons_kmod.wrappers.wrapper_crates import WrapperCrate, wrapper_crates

# The key is a part of a file's name, which has at most 255 bytes (NAME_MAX, include/uapi/linux/limits.h).
LONGEST_KEY = 200


@dataclasses.dataclass(frozen=True)
class Facade:
    """The crate `kernel` for code that names some wrappers: the base, and the crates `exported`.

    `linked` are these crates and all that they need, each after those that it needs.
    """

    exported: tuple[WrapperCrate, ...]
    linked: tuple[WrapperCrate, ...]

    @functools.cached_property
    def key(self) -> str:
        """What tells this facade from others."""
        key = "+".join(crate.label for crate in self.exported) or "base"
        return key if len(key) <= LONGEST_KEY else text_digest(key)


@functools.cache
def module_facade(target: BuildTarget, manifest: Manifest) -> Facade:
    """The facade of a module's own crate and of its local crates.

    It also has the wrappers that the libraries and the exported crates name that the module uses: their macros may name
    these in the module's code.
    """
    if any(crate.proc_macro for crate in manifest.crates) or any(name.endswith(".rs") for name in manifest.generated):
        return facade_of(target, frozenset(wrapper_crates(target).crates))
    programs = {generator.program for generator in manifest.generators}
    names = named_crates(target, set(rust_files(target, manifest.directory)) - programs)
    libraries = (crate_facade(target, manifest, crate) for crate in manifest.crates if crate.library)
    for facade in (*libraries, *(module_facade(target, module) for module in manifest.used_crates)):
        names |= {crate.name for crate in facade.exported}
    return facade_of(target, frozenset(names))


def crate_facade(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> Facade:
    """The facade of a local crate, or of a library that a module links.

    That of a library is the same for all modules: it depends on the library and the crates that this needs.
    """
    if not crate.library:
        return module_facade(target, manifest)
    needed = with_dependencies(manifest, [crate.name], whole=True)
    if any(other.proc_macro for other in needed):
        return facade_of(target, frozenset(wrapper_crates(target).crates))
    files = (path for other in needed for path in rust_files(target, other.directory))
    return facade_of(target, frozenset(named_crates(target, files)))


@functools.cache
def facades_of_module(target: BuildTarget, manifest: Manifest) -> tuple[Facade, ...]:
    """The facade of a module's own crate, then those of the libraries and the exported crates that the module uses."""
    libraries = (crate_facade(target, manifest, crate) for crate in manifest.crates if crate.library)
    used = (facade for module in manifest.used_crates for facade in facades_of_module(target, module))
    return tuple(dict.fromkeys((module_facade(target, manifest), *libraries, *used)))


def facades_of_crate(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> tuple[Facade, ...]:
    """The facade of a crate that is linked into modules, then those of the libraries that it needs."""
    needed = with_dependencies(manifest, crate.needs)
    libraries = (crate_facade(target, manifest, other) for other in needed if not other.proc_macro)
    return tuple(dict.fromkeys((crate_facade(target, manifest, crate), *libraries)))


def rust_files(target: BuildTarget, directory: Path) -> tuple[Path, ...]:
    """The Rust sources below a directory, except in the build directory."""
    return tuple(files_below(directory, ".rs", target.build.parent))


@functools.cache
def facade_of(target: BuildTarget, names: frozenset[str]) -> Facade:
    """The facade with the crates of these names."""
    crates = wrapper_crates(target)
    exported = tuple(crate for crate in crates.crates.values() if crate.name in names)
    return Facade(exported, crates.with_needs(names))
