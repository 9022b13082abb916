# SPDX-License-Identifier: MIT
"""Where the outputs of local crates and libraries are, and which of them rustc reads for other crates.

Here are also the names that steps and panic messages use for these crates.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scons_kmod.bindings.local_paths import local_bindings_object, local_bindings_rmeta
from scons_kmod.crates.dependencies import crates_named_by_module, linked_crates, with_dependencies
from scons_kmod.crates.facade import module_facade
from scons_kmod.crates.support_outputs import support_crates_of
from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def name_in_messages(manifest: Manifest, crate: CrateSpec) -> str:
    """The path that panic messages have in place of the crate's directory."""
    if crate.library:
        return f"libraries/{crate.name}"
    return str(Path("modules", manifest.name, crate.directory.relative_to(manifest.directory)))


def local_crate_dir(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> Path:
    """The directory of a crate's outputs. A library is compiled once for all modules with the same API."""
    if crate.library:
        return target.build / "libraries" / manifest.api / crate.name
    return target.build / "modules" / manifest.name / "crates" / crate.name


def local_crate_object(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> Path:
    """The object of a local crate or library."""
    return local_crate_dir(target, manifest, crate) / f"{crate.name}.o"


def linked_crate_objects(target: BuildTarget, manifest: Manifest) -> list[Path]:
    """The objects of all crates that are linked into the module besides its own crate: local bindings come first."""
    return [
        *local_bindings_object(target, manifest),
        *(local_crate_object(target, manifest, crate) for crate in linked_crates(manifest)),
    ]


def linked_support_crates(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """The crates with declarations and wrappers that are linked into a module, each after those that it needs."""
    return support_crates_of([module_facade(target, manifest)])


def crate_library(target: BuildTarget, manifest: Manifest, crate: CrateSpec, *, host: bool) -> Path:
    """The file that rustc reads of a crate: for kernel code its metadata, for code for the `host` its library.

    A proc macro is a shared library for the host in both cases.
    """
    directory = local_crate_dir(target, manifest, crate)
    if crate.proc_macro:
        return directory / f"host/lib{crate.name}.so"
    return directory / (f"host/lib{crate.name}.rlib" if host else f"lib{crate.name}.rmeta")


def crate_libraries(
    target: BuildTarget, manifest: Manifest, names: Iterable[str], *, host: bool = False
) -> tuple[Path, ...]:
    """The files that rustc reads for code that uses these crates."""
    crates = with_dependencies(manifest, names)
    return tuple(crate_library(target, manifest, crate, host=host) for crate in crates)


def module_rmeta(target: BuildTarget, manifest: Manifest) -> Path:
    """The metadata of a module's own crate, which modules read that use the crate."""
    return target.build / "modules" / manifest.name / "crate" / f"lib{manifest.crate}.rmeta"


def used_crate_libraries(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The files that rustc reads of a module's local bindings and of the exported crates that the module uses.

    Of an exported crate rustc also reads the crates that it was compiled against.
    """
    files = dict.fromkeys(local_bindings_rmeta(target, manifest))
    for module in manifest.used_crates:
        libraries = crate_libraries(target, module, crates_named_by_module(module))
        files |= dict.fromkeys((module_rmeta(target, module), *libraries, *local_bindings_rmeta(target, module)))
    return tuple(files)


def local_crate_inputs(target: BuildTarget, manifest: Manifest, crate: CrateSpec) -> tuple[Path, ...]:
    """The files that rustc reads of other crates for a crate that is linked into modules.

    A local crate can use the module's local bindings, a library can't.
    """
    bindings = () if crate.library else local_bindings_rmeta(target, manifest)
    return (*crate_libraries(target, manifest, crate.needs), *bindings)


def local_crate_unit(manifest: Manifest, crate: CrateSpec, output: Path) -> str:
    """The unit (`Step.unit`) of the step that makes an output of a crate."""
    return f"{'libraries' if crate.library else manifest.name}/{output.name}"
