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
from scons_kmod.wrappers.named_wrappers import NamedInCode, named_in
from scons_kmod.wrappers.wrapper_crates import WrapperCrate, wrapper_crates

# The key is a part of a file's name, which has at most 255 bytes (NAME_MAX, include/uapi/linux/limits.h).
LONGEST_KEY = 200


@dataclasses.dataclass(frozen=True)
class Facade:
    """The crate `kernel` for code that names some wrappers: the base, and the crates `exported`.

    `linked` are the crates that it needs, each after those that it needs. `declaring` are those whose part of the
    bindings is in ``kernel::bindings``; `with_modules_part`: so is the part that kernel/ does not name.
    """

    exported: tuple[WrapperCrate, ...]
    declaring: tuple[WrapperCrate, ...]
    with_modules_part: bool
    linked: tuple[WrapperCrate, ...]

    @functools.cached_property
    def key(self) -> str:
        """What tells this facade from others."""
        key = "+".join(crate.label for crate in self.exported) or "base"
        more = [crate.label for crate in self.declaring if crate not in self.exported]
        more += ["modules"] * self.with_modules_part
        if more:
            key += f"-bindings+{'+'.join(more)}"
        return key if len(key) <= LONGEST_KEY else text_digest(key)


def module_facade(target: BuildTarget, manifest: Manifest) -> Facade:
    """The facade of a module's own crate and of its local crates."""
    facade = facade_of(target, named_by_module(target, manifest))
    if not manifest.bindings.own_headers or facade.with_modules_part:
        return facade
    # The local bindings are compiled against that part (local_bindings.py).
    return dataclasses.replace(facade, with_modules_part=True)


@functools.cache
def named_by_module(target: BuildTarget, manifest: Manifest) -> NamedInCode | None:
    """What a module's crates name, None if they may name anything.

    What the libraries and the exported crates name that the module uses is included: their macros may name it in the
    module's code.
    """
    if any(crate.proc_macro for crate in manifest.crates) or any(name.endswith(".rs") for name in manifest.generated):
        return None
    programs = {generator.program for generator in manifest.generators}
    named = [named_in(target, set(rust_files(target, manifest.directory)) - programs)]
    libraries = (named_by_crate(target, manifest, crate) for crate in manifest.crates if crate.library)
    for other in (*libraries, *(named_by_module(target, module) for module in manifest.used_crates)):
        if other is None:
            return None
        named.append(other)
    return NamedInCode.union(named)


def crate_facade(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> Facade:
    """The facade of a local crate, or of a library that a module links.

    That of a library is the same for all modules: it depends on the library and the crates that this needs.
    """
    return (
        facade_of(target, named_by_crate(target, manifest, crate)) if crate.library else module_facade(target, manifest)
    )


def named_by_crate(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> NamedInCode | None:
    """What a library and the crates that it needs name, None if they may name anything."""
    needed = with_dependencies(manifest, [crate.name], whole=True)
    if any(other.proc_macro for other in needed):
        return None
    return named_in(target, (path for other in needed for path in rust_files(target, other.directory)))


@functools.cache
def facade_of(target: BuildTarget, named: NamedInCode | None) -> Facade:
    """The facade for code that names this, or with everything."""
    crates = wrapper_crates(target)
    every = tuple(crates.crates.values())
    if named is None:
        return Facade(every, every, True, every)
    exported = tuple(crate for crate in every if crate.name in named.crates)
    owner = crates.crate_of_identifier
    owners = named.crates | {owner[name] for name in named.declarations & owner.keys()} - {""}
    declaring = tuple(crate for crate in every if crate.name in owners)
    return Facade(exported, declaring, not named.declarations <= owner.keys(), crates.with_needs(owners))


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
