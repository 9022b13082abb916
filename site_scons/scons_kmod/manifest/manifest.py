# SPDX-License-Identifier: MIT
"""What one kernel module is, as its ``module.toml`` says. How that is read: read.py."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from scons_kmod.manifest.crate import CrateSpec
from scons_kmod.manifest.sections.bindings import Bindings
from scons_kmod.manifest.sections.c import CCode
from scons_kmod.manifest.sections.depends import Depends
from scons_kmod.manifest.sections.exports import Exports
from scons_kmod.manifest.sections.generate import Generator
from scons_kmod.manifest.sections.install import ModprobeConf
from scons_kmod.manifest.sections.module import BUNDLED, MAINLINE
from scons_kmod.manifest.sections.package import PackageInfo
from scons_kmod.manifest.sections.requires import Requires

FILE_NAME = "module.toml"
__all__ = ["BUNDLED", "FILE_NAME", "MAINLINE", "Manifest", "with_needs"]


@dataclasses.dataclass(frozen=True)
class Manifest:
    """A module. `directory` has its manifest; `root` is its crate root, None for a module of C alone.

    `test` is the script of its VM test, None for the default one; `programs` are the C sources of what the script runs.
    `modprobe` is what is installed for modprobe beside the module, `package` what packages say about it, `requires` the
    kernels that it is for. `api` is what the crate is written to: `BUNDLED` or `MAINLINE`. `edition` is its Rust
    edition, empty if the manifest names none. `cfg` and `env` are as in `CrateSpec`; the features are in `cfg`.

    `crates` are those that it links, each after the crates that it needs. `uses` are those that its own crate names,
    None if the manifest does not say. `needs` are the modules that must be loaded before it, each after the modules
    that it needs.
    """

    name: str
    directory: Path
    root: Path | None
    test: Path | None
    programs: tuple[Path, ...] = ()
    bindings: Bindings = dataclasses.field(default_factory=Bindings)
    c: CCode = dataclasses.field(default_factory=CCode)
    package: PackageInfo | None = None
    modprobe: ModprobeConf = dataclasses.field(default_factory=ModprobeConf)
    requires: Requires = dataclasses.field(default_factory=Requires)
    api: str = BUNDLED
    edition: str = ""
    cfg: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    crates: tuple[CrateSpec, ...] = ()
    uses: tuple[str, ...] | None = None
    generators: tuple[Generator, ...] = ()
    depends: Depends = dataclasses.field(default_factory=Depends)
    exports: Exports = dataclasses.field(default_factory=Exports)
    needs: tuple[Manifest, ...] = ()

    def __hash__(self) -> int:
        """The hash of what tells modules apart. Modules are looked up often, and all fields would take long."""
        return hash((self.name, self.directory))

    @property
    def crate_root(self) -> Path:
        """The crate root of a module that has one. Raises `ValueError` for a module of C."""
        if self.root is None:
            raise ValueError(f"{self.name} has no crate")
        return self.root

    @property
    def crate(self) -> str:
        """The module's name as C and Rust identifiers have it: KBUILD_MODNAME (scripts/Makefile.lib)."""
        return self.name.replace("-", "_")

    @property
    def generated(self) -> tuple[str, ...]:
        """The sources that its generators write, as paths below the directory of generated sources."""
        return tuple(output for generator in self.generators for output in generator.outputs)

    @property
    def has_c(self) -> bool:
        """Whether there is C or assembly in it, be it only what the build itself writes."""
        written = self.bindings.own_headers or self.exports.symbols or self.exports.crate or self.depends.namespaces
        return bool(self.c.sources or written) or any(name.endswith((".c", ".S")) for name in self.generated)

    @property
    def named_modules(self) -> tuple[Manifest, ...]:
        """The modules that [depends] names."""
        names = {name.replace("-", "_") for name in self.depends.modules}
        return tuple(module for module in self.needs if module.crate in names)

    @property
    def used_crates(self) -> tuple[Manifest, ...]:
        """The modules whose crates its own crate can use."""
        if self.root is None:
            return ()
        return tuple(module for module in self.named_modules if module.exports.crate and module.api == self.api)


def with_needs(manifests: Iterable[Manifest]) -> list[Manifest]:
    """The modules, each once and after those that it depends on."""
    return list(dict.fromkeys(module for manifest in manifests for module in (*manifest.needs, manifest)))
