# SPDX-License-Identifier: MIT
"""Which files the steps of a module's crates make and read, and what the steps and messages call them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scons_kmod.bindings.local_paths import bindings_object, bindings_rmeta
from scons_kmod.crates.dependencies import crates_named_by_module, linked_crates, with_dependencies
from scons_kmod.manifest.crates import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def name_in_messages(manifest: Manifest, crate: CrateSpec) -> str:
    """What the directory of a crate's files is called in panic messages."""
    if crate.library:
        return f"libraries/{crate.name}"
    return str(Path("modules", manifest.name, crate.directory.relative_to(manifest.directory)))


def local_crate_dir(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> Path:
    """Where the files of a crate lie; a library is compiled once for all modules to one API."""
    if crate.library:
        return target.build / "libraries" / manifest.api / crate.name
    return target.build / "modules" / manifest.name / "crates" / crate.name


def local_crate_object(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> Path:
    """The object of a crate that is linked into modules."""
    return local_crate_dir(target, manifest, crate) / f"{crate.name}.o"


def linked_crate_objects(target: BuildTarget, manifest: Manifest) -> list[Path]:
    """The objects of the crates that are linked into the module, besides its own one."""
    return [
        *bindings_object(target, manifest),
        *(local_crate_object(target, manifest, crate) for crate in linked_crates(manifest)),
    ]


def crate_library(target: BuildTarget, manifest: Manifest, crate: CrateSpec, *, host: bool) -> Path:
    """What rustc reads of a crate: for kernel code its metadata, for proc macros (`host`) a library of the machine's.

    A proc macro itself is a shared library either way.
    """
    made = local_crate_dir(target, manifest, crate)
    if crate.proc_macro:
        return made / f"host/lib{crate.name}.so"
    return made / (f"host/lib{crate.name}.rlib" if host else f"lib{crate.name}.rmeta")


def crate_libraries(
    target: BuildTarget, manifest: Manifest, names: Iterable[str], *, host: bool = False
) -> tuple[Path, ...]:
    """What rustc reads for code that uses these crates."""
    return tuple(crate_library(target, manifest, one, host=host) for one in with_dependencies(manifest, names))


def module_rmeta(target: BuildTarget, manifest: Manifest) -> Path:
    """The metadata of a module's own crate, for modules that use it."""
    return target.build / "modules" / manifest.name / "crate" / f"lib{manifest.crate}.rmeta"


def used_crate_libraries(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """What rustc reads of the bindings to own headers, of other modules' crates, and of what these need."""
    found = dict.fromkeys(bindings_rmeta(target, manifest))
    for one in manifest.used_crates:
        needs = (*crate_libraries(target, one, crates_named_by_module(one)), *bindings_rmeta(target, one))
        found |= dict.fromkeys((module_rmeta(target, one), *needs))
    return tuple(found)


def local_crate_inputs(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> tuple[Path, ...]:
    """What rustc reads of others for a crate that is linked into modules: also the bindings to own headers."""
    own = () if crate.library else bindings_rmeta(target, manifest)
    return (*crate_libraries(target, manifest, crate.needs), *own)


def local_crate_unit(manifest: Manifest, crate: CrateSpec, made: Path) -> str:
    """What a step that makes a file of a crate is about."""
    return f"{'libraries' if crate.library else manifest.name}/{made.name}"
