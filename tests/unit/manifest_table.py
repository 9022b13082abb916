# SPDX-License-Identifier: MIT
"""One table of a manifest, for tests that are about no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from miniature import write

from scons_kmod.base.located_toml import Table, read_toml
from scons_kmod.manifest.keys import declared_keys
from scons_kmod.manifest.tables import ModuleTables


def read_table(directory: Path, name: str, text: str) -> Any:
    """The table `name` of a manifest of this text, read and checked. Raises `UserError`."""
    located = read_toml(write(directory / "module.toml", text))
    return declared_keys(ModuleTables)[name].kind.read(Table(located, ()), name, directory)
