# SPDX-License-Identifier: MIT
"""What a vendored crate's Cargo.toml says of it; cargo itself is not run (The Cargo Book, "The Manifest Format")."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Located, Table, load, suggestion

CARGO = "Cargo.toml"
# What a Cargo.toml without the key means.
OLDEST_EDITION = "2015"


@dataclasses.dataclass(frozen=True)
class Cargo:
    """`root` is the crate root as the file names it, empty if it does not; `features` are what each turns on.

    `dependencies` are the crates that it may need, as its code names them, and whether they are optional.
    """

    name: str
    version: str
    edition: str
    root: str
    proc_macro: bool
    features: Mapping[str, tuple[str, ...]]
    dependencies: Mapping[str, bool]

    @property
    def env(self) -> tuple[tuple[str, str], ...]:
        """What cargo would let the crate read by ``env!``."""
        numbers, _, pre = self.version.partition("+")[0].partition("-")
        parts = dict(zip(("MAJOR", "MINOR", "PATCH"), numbers.split("."), strict=False))
        known = {"NAME": self.name, "VERSION": self.version}
        known |= {f"VERSION_{part}": value for part, value in {**parts, "PRE": pre}.items()}
        return tuple((f"CARGO_PKG_{key}", value) for key, value in known.items())

    def turned_on(self, table: Table, features: Iterable[str]) -> tuple[str, ...]:
        """All features that the manifest's table asks for, and those that they turn on, by name.

        Raises `UserError` for one that the crate has not.
        """
        asked = [*features, *(["default"] if self.default(table) else [])]
        for name in features:
            if name not in self.features:
                fix = suggestion(name, self.features)
                table.wrong("features", f"the crate has no feature {name!r}", fix)
        return tuple(sorted(word for word in self.reached(asked) if word in self.features))

    def needs(self, table: Table, features: Iterable[str]) -> tuple[str, ...]:
        """The crates that it uses with these features, as its code names them."""
        reached = self.reached([*features, *(["default"] if self.default(table) else [])])
        used = (name for name, optional in self.dependencies.items() if not optional or f"dep:{name}" in reached)
        return tuple(name.replace("-", "_") for name in used)

    def default(self, table: Table) -> bool:
        """Whether the features of `default` are turned on."""
        return table.boolean("default-features", default=True) and "default" in self.features

    def reached(self, features: Iterable[str]) -> set[str]:
        """These features, what they turn on, and ``dep:NAME`` for optional crates."""
        found: set[str] = set()
        left = list(features)
        while left:
            word = left.pop()
            if word not in found:
                found.add(word)
                # "NAME/FEATURE" turns NAME on, and the feature of that name. "NAME?/FEATURE" does not: none is "NAME?".
                left += self.features.get(word, ())
                crate, slash, _ = word.partition("/")
                if slash:
                    left += (f"dep:{crate}", crate)
        return found


def read_cargo(table: Table, home: Path) -> Cargo:
    """Read the Cargo.toml in `home`. `table` is the one of the manifest that is about the crate.

    Raises `UserError` if it can't be used without cargo: a build script that the manifest does not say to ignore.
    """
    located = load(home / CARGO)
    package, lib = section(located, "package"), section(located, "lib")
    named = package.get("build", True)
    script = "build.rs" if named is True else named
    ignored = table.boolean("ignore-build-script", default=False)
    if script and (home / str(script)).is_file() and not ignored:
        fix = "give in cfg and env what it would find out, and write ignore-build-script = true"
        raise UserError("the crate has a build script, which is not run", where=str(home / str(script)), fix=fix)
    dependencies = section(located, "dependencies")
    optional = {
        name: bool(value.get("optional")) if isinstance(value, dict) else False for name, value in dependencies.items()
    }
    features = read_features(located)
    hidden = {word for turned in features.values() for word in turned if word.startswith("dep:")}
    # An optional crate is a feature of its own name, unless a feature names it with "dep:".
    implicit = {
        name: (f"dep:{name}",) for name, is_optional in optional.items() if is_optional and f"dep:{name}" not in hidden
    }
    return Cargo(
        name=text(located, package, "name", home.name),
        version=text(located, package, "version", "0.0.0"),
        edition=text(located, package, "edition", OLDEST_EDITION),
        root=text(located, lib, "path", ""),
        proc_macro=bool(lib.get("proc-macro") or lib.get("proc_macro")),
        features={**implicit, **features},
        dependencies=optional,
    )


def read_features(located: Located) -> dict[str, tuple[str, ...]]:
    """The features that the file has, and what each turns on."""
    table = Table(located, ("features",))
    return {name: table.strings(name) for name in table.values}


def section(located: Located, name: str) -> Mapping[str, Any]:
    """A table of the file; empty if it is not there."""
    found = located.data.get(name, {})
    if not isinstance(found, dict):
        raise UserError("must be a table", where=located.where((name,)))
    return found


def text(located: Located, values: Mapping[str, Any], key: str, default: str) -> str:
    """A string, which can't be taken from a workspace: crates as they are published have their own."""
    value = values.get(key, default)
    if not isinstance(value, str):
        table = "lib" if key == "path" else "package"
        fix = "take the crate as it is published"
        raise UserError("must be a string", where=located.where((table, key)), fix=fix)
    return value
