# SPDX-License-Identifier: MIT
"""The tables that a module's ``module.toml`` can have. The keys of each are in sections/, in the file of its name."""

from __future__ import annotations

import dataclasses

from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.keys import NamedSections, Section, key
from scons_kmod.manifest.sections.bindings import Bindings, check_bindings
from scons_kmod.manifest.sections.c import CCode, complete_c
from scons_kmod.manifest.sections.crates import CRATE_NAME, CrateTable, complete_crate
from scons_kmod.manifest.sections.depends import Depends
from scons_kmod.manifest.sections.exports import Exports, check_exports
from scons_kmod.manifest.sections.generate import NAME, Generator, complete_generator
from scons_kmod.manifest.sections.install import ModprobeConf
from scons_kmod.manifest.sections.module import ModuleTable
from scons_kmod.manifest.sections.package import PackageInfo
from scons_kmod.manifest.sections.requires import Requires
from scons_kmod.manifest.sections.test import Test, complete_test


@dataclasses.dataclass(frozen=True)
class ModuleTables:
    """The tables of a module's manifest. The tables of [when] are added to them before they are read."""

    module: ModuleTable = key(Section(ModuleTable), "The module and its own crate.")
    c: CCode | None = key(
        Section(CCode, complete_c),
        "Sources in C and assembly. With this table and without `[module] root`, the module has no Rust.",
        default=None,
    )
    test: Test | None = key(Section(Test, complete_test), "The module's test in the VM.", default=None)
    bindings: Bindings = key(Section(Bindings, check_bindings), "Headers that Rust code uses.", default=Bindings())
    crates: tuple[CrateSpec, ...] = key(
        NamedSections(CrateTable, "NAME", CRATE_NAME, complete_crate),
        "Local crates: Rust crates in the module's directory that the module links.",
        default=(),
    )
    generate: tuple[Generator, ...] = key(
        NamedSections(Generator, "NAME", (NAME,), complete_generator),
        "Generators: programs of the module that write sources of the module.",
        default=(),
    )
    depends: Depends = key(Section(Depends), "What the module needs of other modules.", default=Depends())
    exports: Exports = key(Section(Exports, check_exports), "What other modules may use.", default=Exports())
    install: ModprobeConf = key(
        Section(ModprobeConf), "What modprobe and the boot need to know.", default=ModprobeConf()
    )
    package: PackageInfo | None = key(Section(PackageInfo), "What a package says about the module.", default=None)
    requires: Requires = key(
        Section(Requires), "Which kernels the module is for. For others, scons skips it.", default=Requires()
    )
