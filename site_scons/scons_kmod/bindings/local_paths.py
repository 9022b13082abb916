# SPDX-License-Identifier: MIT
"""Names and paths of a module's local bindings, for the steps that make them and for those that use them."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def local_bindings_dir(target: BuildTarget, manifest: Manifest) -> Path:
    """The directory of all files that are made from a module's own headers."""
    return target.build / "modules" / manifest.name / "bindings"


def local_bindings_crate(manifest: Manifest) -> str:
    """The name of the crate, as the module's Rust code uses it."""
    return f"{manifest.crate}_bindings"


def callers_source(target: BuildTarget, manifest: Manifest) -> Path:
    """The C source of the module with functions that call the static functions of its own headers."""
    return local_bindings_dir(target, manifest) / "callers.c"


def local_bindings_rmeta(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The crate's metadata, if the module has own headers."""
    rmeta = local_bindings_dir(target, manifest) / f"lib{local_bindings_crate(manifest)}.rmeta"
    return (rmeta,) if manifest.bindings.own_headers else ()


def local_bindings_object(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The crate's object, if the module has own headers."""
    object_file = local_bindings_dir(target, manifest) / f"{local_bindings_crate(manifest)}.o"
    return (object_file,) if manifest.bindings.own_headers else ()


def local_bindings_args(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """rustc's args for code that uses the crate; none if the module has no own headers."""
    return tuple(
        f"--extern={local_bindings_crate(manifest)}={rmeta}" for rmeta in local_bindings_rmeta(target, manifest)
    )
