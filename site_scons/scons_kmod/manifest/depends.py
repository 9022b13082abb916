# SPDX-License-Identifier: MIT
"""``[depends]`` and ``[exports]`` of a manifest: what modules of the project need of each other."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from scons_kmod.base.located_toml import Table
from scons_kmod.manifest.paths import own_paths

SYMBOL = re.compile(r"[A-Za-z_]\w*")
NAMESPACE = re.compile(r"[A-Za-z_]\w*")
LICENSES = {"GPL": True, "any": False}


@dataclasses.dataclass(frozen=True)
class Depends:
    """`modules` are those whose exported symbols a module uses, of which some may be in `namespaces`.

    `libraries` are crates that it is linked with.
    """

    modules: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Exports:
    """What other modules may use. `symbols` are functions and data in Rust or assembly, each with its C name;
    `headers` declare them in C. C sources say EXPORT_SYMBOL themselves.

    `include` are the directories of headers that modules which depend on this one find by ``#include <...>``. `crate`:
    they may use the module's crate, by its name. `gpl`: for modules under the GPL only. `namespace` is that of the
    symbols, or empty.
    """

    symbols: tuple[str, ...] = ()
    headers: tuple[Path, ...] = ()
    include: tuple[Path, ...] = ()
    crate: bool = False
    gpl: bool = True
    namespace: str = ""


def read_depends(table: Table) -> Depends:
    """Read and check the table. Raises `UserError`."""
    depends = Depends(*(table.strings(key, default=()) for key in ("modules", "libraries", "namespaces")))
    table.done()
    for name in depends.namespaces:
        if not NAMESPACE.fullmatch(name):
            table.wrong("namespaces", f"{name!r} is no namespace", "use letters, digits and _")
    return depends


def read_exports(table: Table, directory: Path) -> Exports:
    """Read and check the table. Raises `UserError`."""
    license_ = table.string("license", default="GPL")
    if license_ not in LICENSES:
        table.wrong("license", "says for which modules the symbols are", f"write one of {', '.join(LICENSES)}")
    exports = Exports(
        symbols=table.strings("symbols", default=()),
        headers=own_paths(table, directory, "headers", default=()),
        include=own_paths(table, directory, "include", Path.is_dir, default=()),
        crate=table.boolean("crate", default=False),
        gpl=LICENSES[license_],
        namespace=table.string("namespace", default=""),
    )
    table.done()
    for symbol in exports.symbols:
        if not SYMBOL.fullmatch(symbol):
            table.wrong("symbols", f"{symbol!r} is no symbol of C", "give the function #[no_mangle] and name it here")
    if exports.symbols and not exports.headers:
        table.wrong("symbols", "no header declares them", "name one in [exports] headers: their CRCs are made of it")
    if exports.namespace and not NAMESPACE.fullmatch(exports.namespace):
        table.wrong("namespace", f"{exports.namespace!r} is no namespace", "use letters, digits and _")
    return exports
