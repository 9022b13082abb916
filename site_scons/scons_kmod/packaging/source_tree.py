# SPDX-License-Identifier: MIT
"""A module's sources as a project of their own, for source packages. scons builds it if scons-kmod is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from scons_kmod.base.directories import LIBRARY
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.paths import is_source
from scons_kmod.target.settings import Settings

SCONSTRUCT = "SConstruct"
MODULE_DIRECTORY = "module"
# The SConstruct of such a project, and files with placeholders: @NAME@.
TEMPLATES = LIBRARY / "packaging/templates"


def source_tree(manifest: Manifest) -> dict[str, bytes]:
    """The project's files by their paths: the sources of the module and of all that it needs. Raises `OSError`."""
    files = {SCONSTRUCT: (TEMPLATES / SCONSTRUCT).read_bytes()}
    for name, directory in project_directories(manifest).items():
        files |= {f"{name}/{path.relative_to(directory)}": path.read_bytes() for path in module_source_files(directory)}
    return files


def project_directories(manifest: Manifest) -> dict[str, Path]:
    """The directories of a module, of the modules that it needs and of their libraries, by their new paths."""
    manifests = (*manifest.needs, manifest)
    modules = {module.name: module.directory for module in manifests}
    libraries = {
        f"library-{crate.name}": crate.library for module in manifests for crate in module.crates if crate.library
    }
    if len(modules) + len(libraries) == 1:
        return {MODULE_DIRECTORY: manifest.directory}
    return {f"{MODULE_DIRECTORY}/{name}": directory for name, directory in {**modules, **libraries}.items()}


def module_source_files(directory: Path) -> Iterator[Path]:
    """The files in a module's directory, except hidden ones and build outputs."""
    for parent, names, files in os.walk(directory):
        names[:] = sorted(name for name in names if is_source(Path(name)))
        yield from (Path(parent, name) for name in sorted(files) if is_source(Path(name)))


def install_args(settings: Settings) -> tuple[str, ...]:
    """The variables that say where modules are installed and how they are stripped. Keys stay on this machine."""
    strip = (f"INSTALL_MOD_STRIP={settings.mod_strip}",) if settings.mod_strip else ()
    return (f"INSTALL_MOD_DIR={settings.mod_dir}", *strip)


def fill_template(template: str, values: Mapping[str, str]) -> str:
    """The text of a file in templates/, with each placeholder @NAME@ replaced by the value of that name."""
    text = (TEMPLATES / template).read_text()
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
