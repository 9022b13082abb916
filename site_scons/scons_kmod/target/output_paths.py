# SPDX-License-Identifier: MIT
"""The paths of a module's files in the build directory."""

from __future__ import annotations

import functools
from pathlib import Path

from scons_kmod.manifest.manifest import Manifest
from scons_kmod.target.build_target import BuildTarget


def module_dir(target: BuildTarget, manifest: Manifest) -> Path:
    """The directory of a module's files."""
    return module_dir_by_name(target, manifest.name)


@functools.cache
def module_dir_by_name(target: BuildTarget, name: str) -> Path:
    """The directory of the files of the module with this name."""
    return target.build / "modules" / name


def generated_dir(target: BuildTarget, manifest: Manifest) -> Path:
    """The directory of the sources that a module's generators write."""
    return module_dir(target, manifest) / "generated"


def generated_files(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The sources that a module's generators write."""
    return tuple(generated_dir(target, manifest) / name for name in manifest.generated)


def crate_object(target: BuildTarget, manifest: Manifest) -> Path:
    """The object of the module's crate."""
    return module_dir(target, manifest) / "crate" / f"{manifest.crate}.o"


def module_object(target: BuildTarget, manifest: Manifest) -> Path:
    """The whole module as one object, before modpost."""
    return module_object_by_name(target, manifest.name)


@functools.cache
def module_object_by_name(target: BuildTarget, name: str) -> Path:
    """The object of the module with this name, before modpost."""
    return module_dir_by_name(target, name) / f"link/{name}.o"


def module_ko(target: BuildTarget, manifest: Manifest) -> Path:
    """The finished module."""
    return module_dir(target, manifest) / f"{manifest.name}.ko"


def modpost_cmd_files(target: BuildTarget, manifest: Manifest) -> tuple[Path, Path]:
    """The ``.cmd`` file that tells modpost the symbols' CRCs and names the second file, which lists the sources."""
    linked = module_object(target, manifest)
    return linked.with_name(f".{linked.name}.cmd"), linked.with_name(f"{manifest.name}.sources")


@functools.cache
def symvers_file(target: BuildTarget, name: str) -> Path:
    """The Module.symvers of the module with this name: modpost lists there the symbols that it exports."""
    return module_object_by_name(target, name).with_name("Module.symvers")


def exports_source(target: BuildTarget, manifest: Manifest) -> Path:
    """The C source that exports the symbols of a module's crate. Files beside it have their names and CRCs."""
    return module_dir(target, manifest) / "exports/crate_exports.c"


def crcs_file(target: BuildTarget, manifest: Manifest) -> Path:
    """The file with the CRCs of a crate's symbols, in modpost's format."""
    return exports_source(target, manifest).with_name("crcs")


def renames_file(target: BuildTarget, manifest: Manifest) -> Path:
    """The file with the names that a crate's symbols have for other modules, in objcopy's format."""
    return exports_source(target, manifest).with_name("renames")


def renames_files(target: BuildTarget, manifest: Manifest) -> tuple[Path, ...]:
    """The files with names of all crates' symbols that a module exports, or uses of other modules."""
    exporting = (manifest,) if manifest.exports.crate else ()
    return tuple(renames_file(target, module) for module in (*exporting, *manifest.used_crates))
