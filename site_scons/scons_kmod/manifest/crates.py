# SPDX-License-Identifier: MIT
"""``[crates.NAME]`` and ``[library]`` of a manifest: Rust crates that modules are linked with."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Table
from scons_kmod.manifest.cargo import CARGO, read_cargo
from scons_kmod.manifest.paths import inside

NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
CFG = re.compile(r'[A-Za-z_]\w*(="[^"\\]*")?', re.ASCII)
FEATURE = re.compile(r"[\w.+-]+")
EDITIONS = ("2015", "2018", "2021", "2024")
EDITION = "2021"
# Names that crates of the kernel, of the compiler or of the build have.
TAKEN = frozenset(
    "alloc bindings build_error compiler_builtins core ffi helpers kernel macros pin_init pin_init_internal proc_macro"
    " std test uapi".split()
)


@dataclasses.dataclass(frozen=True)
class CrateSpec:
    """One crate, as Rust code names it. `directory` holds all its files, `root` is its crate root.

    `cfg` are ``NAME`` or ``NAME="VALUE"``; `needs` are the names of crates that it uses. A `proc_macro` is for the
    compiler: it is built for the machine, and so are the crates that it needs. `quiet`: somebody else's code, whose
    warnings are not shown. `library` is the directory of the manifest of a crate that several modules are linked with,
    and that belongs to none. `where` is the place of its table in a manifest.
    """

    name: str
    root: Path
    directory: Path
    edition: str = EDITION
    cfg: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    needs: tuple[str, ...] = ()
    proc_macro: bool = False
    quiet: bool = False
    library: Path | None = None
    where: str = ""


def read_crates(table: Table, directory: Path) -> tuple[CrateSpec, ...]:
    """Read and check the tables ``[crates.NAME]``. Raises `UserError`."""
    found = []
    for name in table.values:
        own = table.table(name)
        found.append(read_crate(own, name, directory, own.string("path")))
    table.done()
    return tuple(found)


def read_crate(table: Table, name: str, directory: Path, path: str) -> CrateSpec:
    """One crate: of a module's own, or one that was copied here with its Cargo.toml.

    `path` is its crate root, or the directory that has it.
    """
    check_crate_name(table, name)
    place = inside(table.located, directory, (*table.key, "path"), path, Path.exists)
    home = place if place.is_dir() else place.parent
    cargo = read_cargo(table, home) if place.is_dir() and (home / CARGO).is_file() else None
    features = read_features(table)
    made = CrateSpec(
        name=name,
        root=place if place.is_file() else crate_root(table, home, cargo.root if cargo else ""),
        directory=home,
        edition=read_edition(table, cargo.edition if cargo else EDITION),
        cfg=(*feature_cfgs(cargo.turned_on(table, features) if cargo else features), *read_cfg(table)),
        env=(*(cargo.env if cargo else ()), *read_env(table)),
        needs=table.strings("crates", default=cargo.needs(table, features) if cargo else ()),
        proc_macro=table.boolean("proc-macro", default=cargo.proc_macro if cargo else False),
        quiet=cargo is not None,
        where=table.located.where(table.key),
    )
    table.done()
    return made


def crate_root(table: Table, home: Path, named: str) -> Path:
    """The crate root in a crate's directory: as its Cargo.toml names it, or where cargo looks for it, or beside."""
    for place in [named] if named else ["src/lib.rs", "lib.rs"]:
        if (home / place).is_file():
            return inside(table.located, home, (*table.key, "path"), place)
    return table.wrong("path", f"there is no {named or 'src/lib.rs or lib.rs'} in {home}", "name the crate root itself")


def read_edition(table: Table, default: str) -> str:
    """The edition of Rust that a crate is written in."""
    edition = table.string("edition", default=default)
    if edition and edition not in EDITIONS:
        table.wrong("edition", "there is no such edition of Rust", f"write one of {', '.join(EDITIONS)}")
    return edition


def read_features(table: Table) -> tuple[str, ...]:
    """The features that a table turns on."""
    found = table.strings("features", default=())
    for one in found:
        if not FEATURE.fullmatch(one):
            table.wrong("features", f"{one!r} is no name of a feature", "use letters, digits, _, -, + and .")
    return found


def feature_cfgs(features: Iterable[str]) -> tuple[str, ...]:
    """What features are to a crate's code."""
    return tuple(f'feature="{name}"' for name in features)


def read_cfg(table: Table) -> tuple[str, ...]:
    """The cfgs that a table turns on, features apart."""
    found = table.strings("cfg", default=())
    for one in found:
        if not CFG.fullmatch(one):
            table.wrong("cfg", f"{one!r} is no cfg", """write 'NAME' or 'NAME="VALUE"'""")
    return found


def read_env(table: Table) -> tuple[tuple[str, str], ...]:
    """What a crate gets by ``env!``."""
    env = table.table("env", default=None)
    found = tuple((name, env.string(name)) for name in env.values) if env else ()
    if env:
        env.done()
        for name, _ in found:
            if not NAME.fullmatch(name) or name.startswith(("RUST", "LD_", "PATH", "HOME")):
                env.wrong(name, "can't be set for the compiler", "choose another name")
    return found


def check_crate_name(table: Table, name: str) -> None:
    """Raise `UserError` unless a crate can have this name."""
    if not NAME.fullmatch(name):
        raise UserError(
            f"{name!r} is no name of a crate", where=table.located.where(table.key), fix="use letters, digits and _"
        )
    if name in TAKEN:
        raise UserError(
            f"{name!r} is a crate of the kernel or of the compiler",
            where=table.located.where(table.key),
            fix="choose another name",
        )


def in_order(crates: Iterable[CrateSpec]) -> list[CrateSpec]:
    """The crates, each after all that it needs.

    Raises `UserError` if two have one name, if one needs itself in the end, or one that is not there.
    """
    known: dict[str, CrateSpec] = {}
    for one in crates:
        other = known.setdefault(one.name, one)
        if other is not one:
            what = f"{one.name!r} is the name of the crate in {other.directory} too"
            raise UserError(what, where=one.where, fix="rename one of them")
    placed: dict[str, CrateSpec] = {}

    def place(one: CrateSpec, users: tuple[str, ...]) -> None:
        if one.name in users:
            circle = " -> ".join((*users[users.index(one.name) :], one.name))
            fix = "move what both need to a crate of its own"
            raise UserError(f"these crates need each other: {circle}", where=one.where, fix=fix)
        for name in one.needs:
            if name not in known:
                what = f"it needs the crate {name!r}, which is not there"
                raise UserError(what, where=one.where, fix=remedy(name, one, known))
            if name not in placed:
                place(known[name], (*users, one.name))
        placed[one.name] = one

    for one in known.values():
        if one.name not in placed:
            place(one, ())
    return list(placed.values())


def remedy(name: str, user: CrateSpec, known: Iterable[str]) -> str:
    """What to do about a crate that is not there, which another needs."""
    for near in difflib.get_close_matches(name, known, 1):
        return f'did you mean "{near}"?'
    if user.library:
        return f'give it a module.toml of its own: [library] name = "{name}"'
    return f'copy it to a directory of the module and write [crates.{name}] path = "DIR"'
