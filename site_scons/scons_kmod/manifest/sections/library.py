# SPDX-License-Identifier: MIT
"""``[library]`` of a manifest: a crate that several modules link, with a directory and a manifest of its own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scons_kmod.base.located_toml import Table
from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.keys import Section, key
from scons_kmod.manifest.kinds import Text, Texts
from scons_kmod.manifest.paths import ExistingPath
from scons_kmod.manifest.sections.crates import CRATE_NAME, CrateTable, complete_crate


@dataclasses.dataclass(frozen=True)
class LibraryTable(CrateTable):
    """The keys of [library]: those of [crates.NAME], with the name among them."""

    name: str = key(Text(*CRATE_NAME), "The name that Rust code uses for the library.")
    path: Path | None = key(
        ExistingPath(Path.exists, "path of a file or a directory"),
        "The crate root, or a directory with `src/lib.rs`, `lib.rs` or a Cargo.toml.",
        default=None,
        default_text="the library's directory",
    )
    crates: tuple[str, ...] | None = key(
        Texts(),
        "The libraries that this library names.",
        default=None,
        default_text="none, or the dependencies in a Cargo.toml",
    )


def complete_library(library: LibraryTable, table: Table, directory: Path) -> CrateSpec:
    """The crate that the table describes. Raises `UserError`."""
    return dataclasses.replace(complete_crate(library, table, directory), library=directory)


@dataclasses.dataclass(frozen=True)
class LibraryTables:
    """The tables of a library's manifest."""

    library: CrateSpec = key(
        Section(LibraryTable, complete_library),
        "A crate that several modules link. The manifest of a library has no other table.",
    )
