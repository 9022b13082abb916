# SPDX-License-Identifier: MIT
"""Where the files of a module's bindings to its own headers lie, and how its other steps come by them."""

from __future__ import annotations

from pathlib import Path

from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def bindings_dir(target: BuildTarget, manifest: Manifest) -> Path:
    """The directory of all that is made of a module's own headers."""
    return target.build / "modules" / manifest.name / "bindings"


def bindings_crate(manifest: Manifest) -> str:
    """What the module's Rust code calls the crate."""
    return f"{manifest.crate}_bindings"


def callers_source(target: BuildTarget, manifest: Manifest) -> Path:
    """The C source, one of the module's, with functions that call those which are only in the headers."""
    return bindings_dir(target, manifest) / "callers.c"


def bindings_rmeta(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The crate's metadata, if the module has own headers."""
    made = bindings_dir(target, manifest) / f"lib{bindings_crate(manifest)}.rmeta"
    return (made,) if manifest.bindings.own_headers else ()


def bindings_object(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The crate's object, if the module has own headers."""
    made = bindings_dir(target, manifest) / f"{bindings_crate(manifest)}.o"
    return (made,) if manifest.bindings.own_headers else ()


def bindings_words(target: BuildTarget, manifest: Manifest) -> tuple[str, ...]:
    """rustc's words for code that uses the crate."""
    return tuple(f"--extern={bindings_crate(manifest)}={made}" for made in bindings_rmeta(target, manifest))
