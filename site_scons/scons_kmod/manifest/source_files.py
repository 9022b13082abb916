# SPDX-License-Identifier: MIT
"""Where a module's sources are."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from scons_kmod.manifest.manifest import Manifest


def source_directories(manifest: Manifest) -> tuple[Path, ...]:
    """The directories of a module's Rust sources: its own, and those of the libraries that it links."""
    return (manifest.directory, *(crate.directory for crate in manifest.crates if crate.library))


def files_below(directory: Path, suffix: str, build: Path) -> Iterator[Path]:
    """The files with this suffix below a directory, except in hidden directories and in the build directory."""
    for parent, names, files in os.walk(directory):
        names[:] = [name for name in names if not name.startswith(".") and Path(parent, name) != build]
        yield from (Path(parent, name) for name in files if name.endswith(suffix))
