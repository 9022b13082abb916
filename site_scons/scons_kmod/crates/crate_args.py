# SPDX-License-Identifier: MIT
"""rustc's args for code that uses a module's crates: where each crate is, and which cfgs are set."""

from __future__ import annotations

from collections.abc import Iterable

from scons_kmod.bindings.local_paths import local_bindings_args
from scons_kmod.crates.dependencies import with_dependencies
from scons_kmod.crates.local_outputs import crate_library, module_rmeta, used_crate_libraries
from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def crate_args(target: BuildTarget, manifest: Manifest, names: Iterable[str], *, host: bool = False) -> tuple[str, ...]:
    """rustc's args for code that uses these crates of a module. `host`: the code is compiled for the host."""
    names = list(names)
    crates = with_dependencies(manifest, names)
    libraries = {crate.name: crate_library(target, manifest, crate, host=host) for crate in crates}
    return (
        *(f"--extern={name}={libraries[name]}" for name in names),
        *(f"-Ldependency={path.parent}" for path in libraries.values()),
    )


def used_crate_args(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """rustc's args for a module's own crate: it can name its local bindings and the exported crates that it uses."""
    return (
        *local_bindings_args(target, manifest),
        *(f"--extern={module.crate}={module_rmeta(target, module)}" for module in manifest.used_crates),
        *(f"-Ldependency={path.parent}" for path in used_crate_libraries(target, manifest)),
    )


def cfg_args(cfgs: Iterable[str]) -> tuple[str, ...]:
    """rustc's args that set cfgs."""
    return tuple(f"--cfg={cfg}" for cfg in cfgs)


def local_crate_args(
    target: BuildTarget, manifest: Manifest, crate: CrateSpec, *, host: bool = False
) -> tuple[str, ...]:
    """rustc's args for a local crate or a library, besides those for all code of its kind.

    rustc hashes a crate's name and its `-Cmetadata` into the names of its symbols. So crates of the same name in two
    modules have different symbols.
    """
    return (
        f"-Cmetadata={'libraries' if crate.library else f'modules/{manifest.name}'}",
        *cfg_args(crate.cfg),
        *crate_args(target, manifest, crate.needs, host=host),
        *(() if host or crate.library else local_bindings_args(target, manifest)),
        *(("--cap-lints=allow",) if crate.quiet else ()),
    )
