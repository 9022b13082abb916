# SPDX-License-Identifier: MIT
"""The crates that a module is linked with, its own and libraries, and the proc macros that rustc runs for them.

A crate that only proc macros need is built for the machine, any other for the kernel; one that both need, both ways.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scons_kmod.bindings.local_paths import bindings_object, bindings_rmeta, bindings_words
from scons_kmod.manifest.crates import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def needed(manifest: Manifest, names: Iterable[str], *, whole: bool = False) -> list[CrateSpec]:
    """The crates of these names and all that they need, in order; what proc macros need only if `whole`."""
    known = {one.name: one for one in manifest.crates}
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += known[name].needs if whole or not known[name].proc_macro else ()
    return [one for one in manifest.crates if one.name in found]


def named(manifest: Manifest) -> list[str]:
    """The crates that the module's own one can name: as the manifest says, or all but those for proc macros alone."""
    if manifest.uses is not None:
        return list(manifest.uses)
    ours = [one.name for one in manifest.crates if not one.library or one.name in manifest.depends.libraries]
    macros = [one for one in manifest.crates if one.proc_macro]
    for_macros = {one.name for macro in macros for one in needed(manifest, macro.needs, whole=True)}
    used = {one.name for one in needed(manifest, (name for name in ours if name not in for_macros))}
    return [name for name in ours if name in used]


def linked(manifest: Manifest) -> list[CrateSpec]:
    """The crates that are linked into the module."""
    return [one for one in needed(manifest, named(manifest)) if not one.proc_macro]


def for_machine(manifest: Manifest) -> list[CrateSpec]:
    """The proc macros that the module's crates use, and all that these need."""
    macros = (one.name for one in needed(manifest, named(manifest)) if one.proc_macro)
    return needed(manifest, macros, whole=True)


def place(manifest: Manifest, crate: CrateSpec) -> str:
    """What the directory of a crate's files is called in panic messages."""
    if crate.library:
        return f"libraries/{crate.name}"
    return str(Path("modules", manifest.name, crate.directory.relative_to(manifest.directory)))


def directory(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> Path:
    """Where the files of a crate lie; a library is compiled once for all modules to one API."""
    if crate.library:
        return target.build / "libraries" / manifest.api / crate.name
    return target.build / "modules" / manifest.name / "crates" / crate.name


def own_object(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> Path:
    """The object of a crate that is linked into modules."""
    return directory(target, manifest, crate) / f"{crate.name}.o"


def linked_crate_objects(target: BuildTarget, manifest: Manifest) -> list[Path]:
    """The objects of the crates that are linked into the module, besides its own one."""
    return [*bindings_object(target, manifest), *(own_object(target, manifest, crate) for crate in linked(manifest))]


def library(target: BuildTarget, manifest: Manifest, crate: CrateSpec, *, host: bool) -> Path:
    """What rustc reads of a crate: for kernel code its metadata, for proc macros (`host`) a library of the machine's.

    A proc macro itself is a shared library either way.
    """
    made = directory(target, manifest, crate)
    if crate.proc_macro:
        return made / f"host/lib{crate.name}.so"
    return made / (f"host/lib{crate.name}.rlib" if host else f"lib{crate.name}.rmeta")


def libraries(target: BuildTarget, manifest: Manifest, names: Iterable[str], *, host: bool = False) -> tuple[Path, ...]:
    """What rustc reads for code that uses these crates."""
    return tuple(library(target, manifest, one, host=host) for one in needed(manifest, names))


def crate_words(
    target: BuildTarget, manifest: Manifest, names: Iterable[str], *, host: bool = False
) -> tuple[str, ...]:
    """rustc's words for code that uses these crates."""
    names = list(names)
    known = {one.name: library(target, manifest, one, host=host) for one in needed(manifest, names)}
    return (
        *(f"--extern={name}={known[name]}" for name in names),
        *(f"-Ldependency={path.parent}" for path in known.values()),
    )


def module_library(target: BuildTarget, manifest: Manifest) -> Path:
    """The metadata of a module's own crate, for modules that use it."""
    return target.build / "modules" / manifest.name / "crate" / f"lib{manifest.crate}.rmeta"


def used_libraries(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """What rustc reads of the bindings to own headers, of other modules' crates, and of what these need."""
    found = dict.fromkeys(bindings_rmeta(target, manifest))
    for one in manifest.used_crates:
        needs = (*libraries(target, one, named(one)), *bindings_rmeta(target, one))
        found |= dict.fromkeys((module_library(target, one), *needs))
    return tuple(found)


def used_words(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """rustc's words for a module's own crate that uses its bindings and the crates of other modules."""
    return (
        *bindings_words(target, manifest),
        *(f"--extern={one.crate}={module_library(target, one)}" for one in manifest.used_crates),
        *(f"-Ldependency={path.parent}" for path in used_libraries(target, manifest)),
    )


def cfg_words(cfgs: Iterable[str]) -> tuple[str, ...]:
    """rustc's words for cfgs."""
    return tuple(f"--cfg={one}" for one in cfgs)
