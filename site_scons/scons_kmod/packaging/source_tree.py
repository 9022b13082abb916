# SPDX-License-Identifier: MIT
"""A module's sources as a project of their own, for source packages: scons-kmod builds it wherever it is installed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from scons_kmod.base.directories import LIBRARY
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.paths import is_source
from scons_kmod.target.settings import Settings

SCONSTRUCT = "SConstruct"
MODULE = "module"
# What lies below LIBRARY for the packages: SConstruct and files with places to fill in.
TEMPLATES = LIBRARY / "packaging/templates"


def source_tree(manifest: Manifest) -> dict[str, bytes]:
    """The project's files by their paths: the module's, and those of what it needs. Raises `OSError`."""
    found = {SCONSTRUCT: (TEMPLATES / SCONSTRUCT).read_bytes()}
    for place, directory in places(manifest).items():
        found |= {f"{place}/{path.relative_to(directory)}": path.read_bytes() for path in sources(directory)}
    return found


def places(manifest: Manifest) -> dict[str, Path]:
    """Where the directories of a module, of those that it depends on and of its libraries go."""
    modules = {one.name: one.directory for one in (*manifest.needs, manifest)}
    libraries = {
        f"library-{crate.name}": crate.library
        for one in (*manifest.needs, manifest)
        for crate in one.crates
        if crate.library
    }
    if len(modules) + len(libraries) == 1:
        return {MODULE: manifest.directory}
    return {f"{MODULE}/{name}": directory for name, directory in {**modules, **libraries}.items()}


def sources(directory: Path) -> Iterator[Path]:
    """The files of a module's directory, but for hidden ones and what was built."""
    for parent, names, files in os.walk(directory):
        names[:] = sorted(name for name in names if is_source(Path(name)))
        yield from (Path(parent, name) for name in sorted(files) if is_source(Path(name)))


def install_words(settings: Settings) -> tuple[str, ...]:
    """What of the command line says where modules go and what is done to them. Keys are left out: they stay here."""
    strip = (f"INSTALL_MOD_STRIP={settings.mod_strip}",) if settings.mod_strip else ()
    return (f"INSTALL_MOD_DIR={settings.mod_dir}", *strip)


def filled_in(template: str, words: Mapping[str, str]) -> str:
    """The text of one of the files with places to fill in: @WORD@."""
    text = (TEMPLATES / template).read_text()
    for name, value in words.items():
        text = text.replace(f"@{name}@", value)
    return text
