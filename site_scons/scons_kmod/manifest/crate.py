# SPDX-License-Identifier: MIT
"""The Rust crates that a module links besides its own, local ones and libraries, and their order."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.base.errors import UserError

DEFAULT_EDITION = "2021"


@dataclasses.dataclass(frozen=True)
class CrateSpec:
    """A crate. `name` is what Rust code calls it, `root` its crate root; `directory` holds all its files.

    `cfg` are ``NAME`` or ``NAME="VALUE"``; `needs` are the names of crates that it uses. A `proc_macro` runs in the
    compiler: it is built for the machine that builds, and so are the crates that it needs. `quiet`: its warnings are
    not shown, as it is somebody else's code. `library` is the directory of the manifest of a library, None for a local
    crate. `where` is the line of its table in a manifest, for errors.
    """

    name: str
    root: Path
    directory: Path
    edition: str = DEFAULT_EDITION
    cfg: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    needs: tuple[str, ...] = ()
    proc_macro: bool = False
    quiet: bool = False
    library: Path | None = None
    where: str = ""


def feature_cfgs(features: Iterable[str]) -> tuple[str, ...]:
    """The cfgs by which a crate's code sees its features."""
    return tuple(f'feature="{name}"' for name in features)


def sort_crates(crates: Iterable[CrateSpec]) -> list[CrateSpec]:
    """The crates, each after all that it needs.

    Raises `UserError` if two have the same name, if one needs itself in the end, or one that does not exist.
    """
    known: dict[str, CrateSpec] = {}
    for crate in crates:
        other = known.setdefault(crate.name, crate)
        if other is not crate:
            what = f"{crate.name!r} is the name of the crate in {other.directory} too"
            raise UserError(what, where=crate.where, fix="rename one of them")
    done: dict[str, CrateSpec] = {}

    def add(crate: CrateSpec, users: tuple[str, ...]) -> None:
        if crate.name in users:
            cycle = " -> ".join((*users[users.index(crate.name) :], crate.name))
            fix = "move what both need to a crate of its own"
            raise UserError(f"these crates need each other: {cycle}", where=crate.where, fix=fix)
        for name in crate.needs:
            if name not in known:
                what = f"it needs the crate {name!r}, which does not exist"
                raise UserError(what, where=crate.where, fix=missing_crate_fix(name, crate, known))
            if name not in done:
                add(known[name], (*users, crate.name))
        done[crate.name] = crate

    for crate in known.values():
        if crate.name not in done:
            add(crate, ())
    return list(done.values())


def missing_crate_fix(name: str, user: CrateSpec, known: Iterable[str]) -> str:
    """What to do about a crate that does not exist, which `user` needs."""
    for near in difflib.get_close_matches(name, known, 1):
        return f'did you mean "{near}"?'
    if user.library:
        return f'give it a module.toml of its own: [library] name = "{name}"'
    return f'copy it to a directory of the module and write [crates.{name}] path = "DIR"'
