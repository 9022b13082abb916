# SPDX-License-Identifier: MIT
"""``[exports]`` of a manifest: what other modules may use of a module."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scons_kmod.base.located_toml import Table
from scons_kmod.manifest.keys import key
from scons_kmod.manifest.kinds import Boolean, Choice, Form, Text, Texts
from scons_kmod.manifest.paths import ExistingPaths
from scons_kmod.manifest.sections.depends import NAMESPACE

SYMBOL = Form(r"[A-Za-z_]\w*", "{!r} is not a valid symbol of C", "make the function #[no_mangle] and name it here")
GPL, ANY = "GPL", "any"


@dataclasses.dataclass(frozen=True)
class Exports:
    """The keys of [exports]. C sources say EXPORT_SYMBOL themselves."""

    symbols: tuple[str, ...] = key(
        Texts(SYMBOL), "Functions and data of Rust or assembly to export, by their C names.", default=()
    )
    headers: tuple[Path, ...] = key(
        ExistingPaths(), "The C headers that declare `symbols`: their CRCs are computed from these.", default=()
    )
    include: tuple[Path, ...] = key(
        ExistingPaths(Path.is_dir, "array of directories"),
        "Directories of headers that modules which depend on this module find by `#include <...>`.",
        default=(),
    )
    crate: bool = key(Boolean(), "Whether other modules may use the module's crate, by its name.", default=False)
    license: str = key(
        Choice((GPL, ANY), "must say which modules may use the exports"),
        "For which modules the exports are: those under the GPL, or all.",
        default=GPL,
    )
    namespace: str = key(Text(NAMESPACE), "The namespace of `symbols` and of an exported crate's symbols.", default="")

    @property
    def gpl(self) -> bool:
        """Whether the exports are for modules under the GPL only."""
        return self.license == GPL


def check_exports(exports: Exports, table: Table, _directory: Path) -> Exports:
    """The same table. Raises `UserError` if symbols are exported that no header declares."""
    if exports.symbols and not exports.headers:
        table.wrong(
            "symbols", "no header declares them", "name one in [exports] headers: their CRCs are computed from it"
        )
    return exports
