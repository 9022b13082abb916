# SPDX-License-Identifier: MIT
"""``[crates.NAME]`` of a manifest: Rust crates in the module's directory that the module links."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from scons_kmod.base.located_toml import Table
from scons_kmod.manifest.crate import DEFAULT_EDITION, CrateSpec, feature_cfgs
from scons_kmod.manifest.keys import key
from scons_kmod.manifest.kinds import Boolean, Choice, Form, ReservedNames, Texts, TextTable
from scons_kmod.manifest.paths import ExistingPath, path_within

# Names that crates of the kernel, of the compiler or of the build have.
RESERVED = (
    "alloc bindings build_error compiler_builtins core ffi helpers kernel macros pin_init pin_init_internal proc_macro"
    " std test uapi".split()
)
CRATE_NAME = (
    Form("[A-Za-z_][A-Za-z0-9_]*", "{!r} is not a valid name of a crate", "use letters, digits and _"),
    ReservedNames(RESERVED, "{!r} is a crate of the kernel or of the compiler", "choose another name"),
)
CFG = Form(r'[A-Za-z_][A-Za-z0-9_]*(="[^"\\]*")?', "{!r} is not a valid cfg", """write 'NAME' or 'NAME="VALUE"'""")
FEATURE = Form(r"[\w.+-]+", "{!r} is not a valid name of a feature", "use letters, digits, _, -, + and .")
ENVIRONMENT = Form(
    "(?!RUST|LD_|PATH|HOME)[A-Za-z_][A-Za-z0-9_]*", "can't be set for the compiler", "choose another name"
)
CARGO = "Cargo.toml"
# Keys that say how to read a Cargo.toml.
CARGO_KEYS = ("default-features", "ignore-build-script")


class Edition(Choice):
    """An edition of Rust."""

    def __init__(self) -> None:
        super().__init__(("2015", "2018", "2021", "2024"), "there is no such edition of Rust")


@dataclasses.dataclass(frozen=True)
class CrateTable:
    """The keys of [crates.NAME], as the manifest has them. What it does not say, a Cargo.toml may."""

    name: str
    path: Path | None = key(
        ExistingPath(Path.exists, "path of a file or a directory"),
        "The crate root, or a directory with `src/lib.rs`, `lib.rs` or a Cargo.toml.",
    )
    edition: str = key(
        Edition(), "The Rust edition.", default="", default_text=f'`"{DEFAULT_EDITION}"`, or what a Cargo.toml says'
    )
    features: tuple[str, ...] = key(Texts(FEATURE), 'Features that are on: `cfg(feature = "...")`.', default=())
    cfg: tuple[str, ...] = key(Texts(CFG), 'What is set for `cfg`: `NAME` or `NAME="VALUE"`.', default=())
    env: tuple[tuple[str, str], ...] = key(
        TextTable(ENVIRONMENT), "Variables that the crate reads with `env!`.", default=(), default_text="none"
    )
    crates: tuple[str, ...] | None = key(
        Texts(),
        "The crates that this crate names: local crates of the same manifest, and libraries.",
        default=None,
        default_text="none, or the dependencies in a Cargo.toml",
    )
    proc_macro: bool | None = key(
        Boolean(), "Whether the crate is a proc macro.", default=None, default_text="`false`, or what a Cargo.toml says"
    )
    default_features: bool = key(
        Boolean(), "Whether the default features are on. Only for a crate with a Cargo.toml.", default=True
    )
    ignore_build_script: bool = key(
        Boolean(),
        "Whether the crate may have a build script, which is never run. Only for a crate with a Cargo.toml.",
        default=False,
    )


def complete_crate(crate: CrateTable, table: Table, directory: Path) -> CrateSpec:
    """The crate that a table describes, with what its Cargo.toml says if it has one. Raises `UserError`."""
    path = crate.path or directory
    if path.is_dir() and (path / CARGO).is_file():
        return vendored_crate(crate, table, path)
    home = path if path.is_dir() else path.parent
    for name in CARGO_KEYS:
        if name in table.values:
            table.wrong(name, f"is for a crate with a {CARGO}, and {home} has none", f"leave {name} out")
    return CrateSpec(
        name=crate.name,
        root=crate_root_in(table, home) if path.is_dir() else path,
        directory=home,
        edition=crate.edition or DEFAULT_EDITION,
        cfg=(*feature_cfgs(crate.features), *crate.cfg),
        env=crate.env,
        needs=crate.crates or (),
        proc_macro=bool(crate.proc_macro),
        where=table.located.where(table.key),
    )


def vendored_crate(crate: CrateTable, table: Table, home: Path) -> CrateSpec:
    """The crate in a directory with a Cargo.toml. What the table says takes precedence. Raises `UserError`."""
    # Imported only for such a crate, so that builds start faster.
    from scons_kmod.manifest.cargo import check_features, read_cargo

    cargo = read_cargo(home / CARGO, crate.ignore_build_script)
    check_features(cargo, table, crate.features)
    edition = crate.edition or cargo.edition
    Edition().check(table, "edition", edition)
    features = cargo.enabled_features(crate.features, crate.default_features)
    needs = cargo.used_crates(crate.features, crate.default_features) if crate.crates is None else crate.crates
    return CrateSpec(
        name=crate.name,
        root=crate_root_in(table, home, cargo.root),
        directory=home,
        edition=edition,
        cfg=(*feature_cfgs(features), *crate.cfg),
        env=(*cargo.env, *crate.env),
        needs=needs,
        proc_macro=cargo.proc_macro if crate.proc_macro is None else crate.proc_macro,
        quiet=True,
        where=table.located.where(table.key),
    )


def crate_root_in(table: Table, home: Path, cargo_root: str = "") -> Path:
    """The crate root in a crate's directory: `cargo_root` if its Cargo.toml names one, else src/lib.rs or lib.rs.

    Raises `UserError` if there is none.
    """
    for name in [cargo_root] if cargo_root else ["src/lib.rs", "lib.rs"]:
        if (home / name).is_file():
            return path_within(table.located, home, (*table.key, "path"), name)
    what = f"there is no {cargo_root or 'src/lib.rs or lib.rs'} in {home}"
    return table.wrong("path", what, "name the crate root itself")
