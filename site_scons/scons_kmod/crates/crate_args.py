# SPDX-License-Identifier: MIT
"""rustc's args for code that uses a module's crates: where each crate is, and which cfgs are set."""

from __future__ import annotations

from collections.abc import Iterable

from scons_kmod.bindings.local_paths import bindings_words
from scons_kmod.crates.dependencies import with_dependencies
from scons_kmod.crates.local_outputs import crate_library, module_rmeta, used_crate_libraries
from scons_kmod.manifest.crates import CrateSpec
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def crate_args(target: BuildTarget, manifest: Manifest, names: Iterable[str], *, host: bool = False) -> tuple[str, ...]:
    """rustc's words for code that uses these crates."""
    names = list(names)
    known = {one.name: crate_library(target, manifest, one, host=host) for one in with_dependencies(manifest, names)}
    return (
        *(f"--extern={name}={known[name]}" for name in names),
        *(f"-Ldependency={path.parent}" for path in known.values()),
    )


def used_crate_args(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """rustc's words for a module's own crate that uses its bindings and the crates of other modules."""
    return (
        *bindings_words(target, manifest),
        *(f"--extern={one.crate}={module_rmeta(target, one)}" for one in manifest.used_crates),
        *(f"-Ldependency={path.parent}" for path in used_crate_libraries(target, manifest)),
    )


def cfg_args(cfgs: Iterable[str]) -> tuple[str, ...]:
    """rustc's words for cfgs."""
    return tuple(f"--cfg={one}" for one in cfgs)


def local_crate_args(
    target: BuildTarget, manifest: Manifest, crate: CrateSpec, *, host: bool = False
) -> tuple[str, ...]:
    """rustc's words for one of the crates, besides those for all code of its kind.

    A crate's symbols have its name and `-Cmetadata` in them: so two of one name are told apart.
    """
    return (
        f"-Cmetadata={'libraries' if crate.library else f'modules/{manifest.name}'}",
        *cfg_args(crate.cfg),
        *crate_args(target, manifest, crate.needs, host=host),
        *(() if host or crate.library else bindings_words(target, manifest)),
        *(("--cap-lints=allow",) if crate.quiet else ()),
    )
