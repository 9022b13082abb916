# SPDX-License-Identifier: MIT
"""Where the files of a module lie in the build directory."""

from __future__ import annotations

import functools
from pathlib import Path

from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def module_dir(target: BuildTarget, manifest: Manifest) -> Path:
    """Where a module's files lie."""
    return named_dir(target, manifest.name)


@functools.cache
def named_dir(target: BuildTarget, name: str) -> Path:
    """Where the files of a module of this name lie."""
    return target.build / "modules" / name


def generated_dir(target: BuildTarget, manifest: Manifest) -> Path:
    """Where the sources lie that a module's generators write."""
    return module_dir(target, manifest) / "generated"


def generated_files(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The sources that a module's generators write."""
    return tuple(generated_dir(target, manifest) / name for name in manifest.generated)


def crate_object(target: BuildTarget, manifest: Manifest) -> Path:
    """The object of a module's own crate."""
    return module_dir(target, manifest) / "crate" / f"{manifest.crate}.o"


def module_object(target: BuildTarget, manifest: Manifest) -> Path:
    """The whole module as one object, before modpost."""
    return named_object(target, manifest.name)


@functools.cache
def named_object(target: BuildTarget, name: str) -> Path:
    """The object of a module of this name."""
    return named_dir(target, name) / f"link/{name}.o"


def module_ko(target: BuildTarget, manifest: Manifest) -> Path:
    """The finished module."""
    return module_dir(target, manifest) / f"{manifest.name}.ko"


def versions_files(target: BuildTarget, manifest: Manifest) -> tuple[Path, Path]:
    """The ``.cmd`` file by which modpost learns of the symbols' CRCs and of a module's sources, and those sources."""
    made = module_object(target, manifest)
    return made.with_name(f".{made.name}.cmd"), made.with_name(f"{manifest.name}.sources")


@functools.cache
def symvers_file(target: BuildTarget, name: str) -> Path:
    """What modpost says of the symbols that a module of this name exports."""
    return named_object(target, name).with_name("Module.symvers")


def crate_source(target: BuildTarget, manifest: Manifest) -> Path:
    """The C source that exports a crate's symbols; the files beside it say what they are called, and their CRCs."""
    return module_dir(target, manifest) / "exports/crate_exports.c"


def crcs_file(target: BuildTarget, manifest: Manifest) -> Path:
    """The CRCs of a crate's symbols, as modpost takes them."""
    return crate_source(target, manifest).with_name("crcs")


def renames_file(target: BuildTarget, manifest: Manifest) -> Path:
    """What a crate's symbols are called for other modules, as objcopy takes it."""
    return crate_source(target, manifest).with_name("renames")


def renames(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """What symbols of crates are called that a module exports or that it uses of others."""
    own = (manifest,) if manifest.exports.crate else ()
    return tuple(renames_file(target, one) for one in (*own, *manifest.used_crates))
