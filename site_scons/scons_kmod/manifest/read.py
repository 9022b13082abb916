# SPDX-License-Identifier: MIT
"""Reading a ``module.toml``: the module, or the library, that its tables describe."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Located, Table, read_toml
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.manifest.crate import CrateSpec, feature_cfgs
from scons_kmod.manifest.keys import read_section
from scons_kmod.manifest.manifest import Manifest
from scons_kmod.manifest.paths import missing_count, path_within
from scons_kmod.manifest.sections.c import CCode
from scons_kmod.manifest.sections.generate import check_outputs
from scons_kmod.manifest.sections.module import ModuleTable
from scons_kmod.manifest.sections.test import default_test
from scons_kmod.manifest.sections.when import Condition, add_conditional_tables, read_conditions
from scons_kmod.manifest.tables import ModuleTables

LIBRARY = "library"


class ManifestFile(NamedTuple):
    """A module's manifest that was read: `plain` is the module without the tables of [when]."""

    located: Located
    conditions: Mapping[str, Condition]
    plain: Manifest

    def manifest_for(self, tree: KernelTree) -> Manifest:
        """The module for a kernel. Raises `UserError` where its conditional tables contradict each other."""
        texts = [text for text, condition in self.conditions.items() if condition.holds(tree)]
        return build_manifest(add_conditional_tables(self.located, texts)) if texts else self.plain


def read_manifest(path: Path, reserved: Collection[str] = ()) -> Manifest:
    """Read and check one manifest, without its conditional tables. No module can have a name that is `reserved`.

    Raises `UserError` with file, line and key.
    """
    return check_manifest(read_toml(path), reserved).plain


def check_manifest(located: Located, reserved: Collection[str] = ()) -> ManifestFile:
    """Check all of a manifest: also each of its conditional tables. Raises `UserError`."""
    check_not_reserved(located, reserved)
    conditions = read_conditions(located)
    file = ManifestFile(located, conditions, build_manifest(add_conditional_tables(located, [])))
    for text in conditions:
        build_manifest(add_conditional_tables(located, [text]))
    return file


def build_manifest(located: Located) -> Manifest:
    """The module that a manifest without [when] describes. Raises `UserError`."""
    directory = located.path.parent.resolve()
    tables = read_section(ModuleTables, Table(located, ()), directory)
    module, test = tables.module, tables.test or default_test(directory)
    if tables.generate:
        check_outputs(tables.generate, Table(located, ("generate",)))
    manifest = Manifest(
        name=module.name,
        directory=directory,
        root=None if tables.c and module.root is None else module_crate_root(located, directory, module),
        test=test.script,
        programs=test.programs,
        bindings=tables.bindings,
        c=tables.c or CCode(),
        package=tables.package,
        modprobe=tables.install,
        requires=tables.requires,
        api=module.api,
        edition=module.edition,
        cfg=(*feature_cfgs(module.features), *module.cfg),
        env=module.env,
        crates=tables.crates,
        uses=module.crates,
        generators=tables.generate,
        depends=tables.depends,
        exports=tables.exports,
    )
    check_languages(located, manifest)
    return manifest


def module_crate_root(located: Located, directory: Path, module: ModuleTable) -> Path:
    """The crate root of a module with Rust: as the manifest names it, or NAME.rs. Raises `UserError`."""
    name = module.root or f"{module.name}.rs"
    if not module.root and not (directory / name).exists():
        name = f"{module.name.replace('-', '_')}.rs"
    return path_within(located, directory, ("module", "root"), name)


def check_languages(located: Located, module: Manifest) -> None:
    """Raise `UserError` for a module without a source, and for a module of C with tables that are about Rust."""
    if module.root is not None:
        return
    if not module.has_c and not missing_count():
        raise UserError("names no source", where=located.where(("c", "sources")), fix="name one, or leave out [c]")
    about_rust = {
        ("crates",): module.crates,
        ("bindings",): module.bindings.own_headers,
        ("depends", "libraries"): module.depends.libraries,
        ("exports", "crate"): module.exports.crate,
    }
    for name, value in about_rust.items():
        if value:
            fix = 'name the crate root: [module] root = "NAME.rs"'
            raise UserError("is for Rust, and this is a module of C", where=located.where(name), fix=fix)


def check_not_reserved(located: Located, reserved: Collection[str]) -> None:
    """Raise `UserError` if the module's name is that of a command. Values of a wrong type are left to the reader."""
    module = located.data.get("module")
    name = module.get("name") if isinstance(module, dict) else None
    if isinstance(name, str) and name in reserved:
        where = located.where(("module", "name"))
        raise UserError(f"{name!r} is a command of scons", where=where, fix="choose another name")


def read_library(located: Located) -> CrateSpec:
    """The library crate that a manifest with [library] describes. Raises `UserError`."""
    from scons_kmod.manifest.sections.library import LibraryTables  # only if there is a library: builds start faster

    directory = located.path.parent.resolve()
    return read_section(LibraryTables, Table(located, ()), directory).library
