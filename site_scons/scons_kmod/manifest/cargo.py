# SPDX-License-Identifier: MIT
"""What a vendored crate's Cargo.toml says about it. Cargo is not run (The Cargo Book, "The Manifest Format")."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Located, Table, read_toml, suggestion

# The edition of a crate whose Cargo.toml names none.
OLDEST_EDITION = "2015"


@dataclasses.dataclass(frozen=True)
class Cargo:
    """What a Cargo.toml says. `root` is the crate root, empty if the file names none.

    `features` are all features by name, and what each turns on. `dependencies` are the crates that it may need by the
    names in the file, and whether each is optional.
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
        """The variables that cargo would set for the crate to read by ``env!``, and their values."""
        numbers, _, pre = self.version.partition("+")[0].partition("-")
        parts = dict(zip(("MAJOR", "MINOR", "PATCH"), numbers.split("."), strict=False))
        known = {"NAME": self.name, "VERSION": self.version}
        known |= {f"VERSION_{part}": value for part, value in {**parts, "PRE": pre}.items()}
        return tuple((f"CARGO_PKG_{key}", value) for key, value in known.items())

    def enabled_features(self, features: Iterable[str], default: bool) -> tuple[str, ...]:
        """These features of the crate and all that they turn on, by name; with `default`, the default ones too."""
        return tuple(sorted(name for name in self._reached(features, default) if name in self.features))

    def used_crates(self, features: Iterable[str], default: bool) -> tuple[str, ...]:
        """The crates that it uses with these features, as its code names them."""
        reached = self._reached(features, default)
        used = (name for name, optional in self.dependencies.items() if not optional or f"dep:{name}" in reached)
        return tuple(name.replace("-", "_") for name in used)

    def _reached(self, features: Iterable[str], default: bool) -> set[str]:
        """These features, what they turn on, and ``dep:NAME`` for optional crates."""
        reached: set[str] = set()
        left = [*features, *(["default"] if default and "default" in self.features else [])]
        while left:
            feature = left.pop()
            if feature not in reached:
                reached.add(feature)
                # "NAME/FEATURE" turns NAME on, and the feature of that name. "NAME?/FEATURE" does not: none is "NAME?".
                left += self.features.get(feature, ())
                crate, slash, _ = feature.partition("/")
                if slash:
                    left += (f"dep:{crate}", crate)
        return reached


def read_cargo(path: Path, ignore_build_script: bool) -> Cargo:
    """Read the Cargo.toml at `path`.

    Raises `UserError` if it can't be used without cargo: a build script that is not to be ignored.
    """
    home = path.parent
    located = read_toml(path)
    package, lib = cargo_table(located, "package"), cargo_table(located, "lib")
    named = package.get("build", True)
    script = "build.rs" if named is True else named
    if script and (home / str(script)).is_file() and not ignore_build_script:
        fix = "set in cfg and env what the script would find out, and write ignore-build-script = true"
        raise UserError("the crate has a build script, which is not run", where=str(home / str(script)), fix=fix)
    dependencies = cargo_table(located, "dependencies")
    optional = {
        name: bool(value.get("optional")) if isinstance(value, dict) else False for name, value in dependencies.items()
    }
    features = cargo_features(located)
    hidden = {name for enabled in features.values() for name in enabled if name.startswith("dep:")}
    # An optional crate is a feature of its own name, unless a feature names it with "dep:".
    implicit = {
        name: (f"dep:{name}",) for name, is_optional in optional.items() if is_optional and f"dep:{name}" not in hidden
    }
    return Cargo(
        name=cargo_string(located, package, "name", home.name),
        version=cargo_string(located, package, "version", "0.0.0"),
        edition=cargo_string(located, package, "edition", OLDEST_EDITION),
        root=cargo_string(located, lib, "path", ""),
        proc_macro=bool(lib.get("proc-macro") or lib.get("proc_macro")),
        features={**implicit, **features},
        dependencies=optional,
    )


def check_features(cargo: Cargo, table: Table, features: Iterable[str]) -> None:
    """Raise `UserError`, with the line of a manifest's table, for a feature that the crate does not have."""
    for name in features:
        if name not in cargo.features:
            table.wrong("features", f"the crate has no feature {name!r}", suggestion(name, cargo.features))


def cargo_features(located: Located) -> dict[str, tuple[str, ...]]:
    """The features in [features], and what each turns on."""
    table = Table(located, ("features",))
    return {name: table.strings(name) for name in table.values}


def cargo_table(located: Located, name: str) -> Mapping[str, Any]:
    """A table of a Cargo.toml; empty if it is not there. Raises `UserError`."""
    table = located.data.get(name, {})
    if not isinstance(table, dict):
        raise UserError("must be a table", where=located.where((name,)))
    return table


def cargo_string(located: Located, values: Mapping[str, Any], key: str, default: str) -> str:
    """A string of a Cargo.toml, which can't be taken from a workspace: a published crate has its own.

    Raises `UserError`.
    """
    value = values.get(key, default)
    if not isinstance(value, str):
        table = "lib" if key == "path" else "package"
        fix = "write the value here, or use the published crate"
        raise UserError("must be a string", where=located.where((table, key)), fix=fix)
    return value
