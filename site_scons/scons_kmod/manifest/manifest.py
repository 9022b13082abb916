# SPDX-License-Identifier: MIT
"""``module.toml``: what one kernel module is, typed and checked."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from scons_kmod.base.errors import UserError
from scons_kmod.base.located_toml import Located, Table, load
from scons_kmod.kernel.kernel_tree import KernelTree
from scons_kmod.manifest.bindings import Bindings, read_bindings
from scons_kmod.manifest.c import CCode, read_c
from scons_kmod.manifest.conditions import Condition, conditions, merged
from scons_kmod.manifest.crates import (
    CrateSpec,
    feature_cfgs,
    read_cfg,
    read_crates,
    read_edition,
    read_env,
    read_features,
)
from scons_kmod.manifest.depends import Depends, Exports, read_depends, read_exports
from scons_kmod.manifest.generators import Generator, read_generators
from scons_kmod.manifest.modprobe import ModprobeConf, read_conf
from scons_kmod.manifest.package import PackageInfo, read_package
from scons_kmod.manifest.paths import inside, own_paths
from scons_kmod.manifest.requires import Requires, read_requires

FILE_NAME = "module.toml"
# The kernel's MODULE_NAME_LEN is 64 - sizeof(unsigned long), its final NUL included (include/linux/moduleparam.h).
MAX_NAME = 55
# The API of 2021, that of this project's own crates, and that of the kernel's own.
BUNDLED, MAINLINE = "2021", "mainline"
APIS = (BUNDLED, MAINLINE)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclasses.dataclass(frozen=True)
class Manifest:
    """One module. `directory` is where its manifest lies, `root` its crate root, None for a module of C alone.

    `test` is the script of its VM test, None for the default one; `programs` are the C sources of what the script runs.
    `modprobe` is what is installed for modprobe beside the module, `package` what packages say of it, `requires` the
    kernels that it is for. `api` is what the crate is written to: `BUNDLED` or `MAINLINE`; `edition` its edition of
    Rust, if the manifest names one; `cfg` and `env` are as in `CrateSpec`.

    `crates` are those that it is linked with, each after what it needs; `uses` those that its own crate names, if the
    manifest says so. `needs` are the modules that must be loaded before it, each after its own.
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
        """Modules are looked up often: by what tells most of them apart, and not by all that they need."""
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
        """Whether there is C or assembly in it, if only what the build itself writes."""
        written = self.bindings.own or self.exports.symbols or self.exports.crate or self.depends.namespaces
        return bool(self.c.sources or written) or any(name.endswith((".c", ".S")) for name in self.generated)

    @property
    def named_modules(self) -> tuple[Manifest, ...]:
        """The modules that it says it depends on."""
        names = {name.replace("-", "_") for name in self.depends.modules}
        return tuple(one for one in self.needs if one.crate in names)

    @property
    def used_crates(self) -> tuple[Manifest, ...]:
        """The modules whose crates its own one can use."""
        return tuple(one for one in self.named_modules if self.root and one.exports.crate and one.api == self.api)


def with_needs(manifests: Iterable[Manifest]) -> list[Manifest]:
    """The modules, each once and after those that it depends on."""
    return list(dict.fromkeys(one for manifest in manifests for one in (*manifest.needs, manifest)))


@dataclasses.dataclass(frozen=True)
class ManifestFile:
    """A manifest as it was read: `plain` is the module without what counts for some kernels only, `on` that for one."""

    located: Located
    conditions: Mapping[str, Condition]
    plain: Manifest

    def on(self, tree: KernelTree) -> Manifest:
        """The module for a kernel. Raises `UserError` where its conditional tables don't fit together."""
        texts = [text for text, condition in self.conditions.items() if condition.holds(tree)]
        return parse(merged(self.located, texts)) if texts else self.plain


def read_manifest(path: Path, reserved: Collection[str] = ()) -> Manifest:
    """Read and check one manifest, without its conditional tables. No module can have a name that is `reserved`.

    Raises `UserError` with file, line and key.
    """
    return open_manifest(load(path), reserved).plain


def open_manifest(located: Located, reserved: Collection[str] = ()) -> ManifestFile:
    """Check all of a manifest: also each of its conditional tables. Raises `UserError`."""
    found = ManifestFile(located, conditions(located), parse(located))
    check_not_reserved(located, found.plain.name, reserved)
    for text in found.conditions:
        parse(merged(located, [text]))
    return found


def parse(located: Located) -> Manifest:
    """A module by its manifest's text. Raises `UserError`."""
    top = Table(merged(located, []), ())
    directory = located.path.parent.resolve()
    module = top.table("module")
    c, test = top.table("c", default=None), top.table("test", default=None)
    tables = {name: top.table(name, default=None) for name in ("bindings", "crates", "generate", "depends", "exports")}
    install, package, requires = (top.table(name, default=None) for name in ("install", "package", "requires"))
    top.done()
    name, root = module.string("name"), module.string("root", default=None)
    edition = read_edition(module, "")
    features = feature_cfgs(read_features(module))
    cfg, env, api = (*features, *read_cfg(module)), read_env(module), read_api(module)
    uses = module.strings("crates", default=None)
    module.done()
    check_name(located, name)
    code = read_c(c, directory) if c else CCode()
    generators = read_generators(tables["generate"], directory) if tables["generate"] else ()
    of_c = c is not None and root is None
    script, programs = tested(located, directory, test)
    found = Manifest(
        name=name,
        directory=directory,
        root=None if of_c else inside(located, directory, ("module", "root"), root or default_root(directory, name)),
        test=script,
        programs=programs,
        bindings=read_bindings(tables["bindings"], directory) if tables["bindings"] else Bindings(),
        c=code,
        package=read_package(package) if package else None,
        modprobe=read_conf(install) if install else ModprobeConf(),
        requires=read_requires(requires) if requires else Requires(),
        api=api,
        edition=edition,
        cfg=cfg,
        env=env,
        crates=read_crates(tables["crates"], directory) if tables["crates"] else (),
        uses=uses,
        generators=generators,
        depends=read_depends(tables["depends"]) if tables["depends"] else Depends(),
        exports=read_exports(tables["exports"], directory) if tables["exports"] else Exports(),
    )
    check_parts(located, found)
    return found


def check_parts(located: Located, module: Manifest) -> None:
    """Raise `UserError` for parts that don't go together."""
    if module.root is None and not module.has_c:
        raise UserError("names no source", where=located.where(("c", "sources")), fix="name one, or leave out [c]")
    if module.root is None:
        of_rust = {
            ("crates",): module.crates,
            ("bindings",): module.bindings.own,
            ("depends", "libraries"): module.depends.libraries,
            ("exports", "crate"): module.exports.crate,
        }
        for key, value in of_rust.items():
            if value:
                fix = 'name the crate root: [module] root = "NAME.rs"'
                raise UserError("is for Rust, and this is a module of C", where=located.where(key), fix=fix)


def read_api(module: Table) -> str:
    """What the module's crate is written to."""
    api = module.string("api", default=BUNDLED)
    return api if api in APIS else module.wrong("api", f'there is no API "{api}"', f"write one of {', '.join(APIS)}")


def tested(located: Located, directory: Path, test: Table | None) -> tuple[Path | None, tuple[Path, ...]]:
    """The script of a module's VM test, if it has one of its own, and the C sources of the programs in it."""
    if test is None:
        script = directory / "test.sh"
        return script if script.is_file() else None, ()
    name = test.string("script", default="test.sh")
    programs = own_paths(test, directory, "programs", default=())
    test.done()
    return inside(located, directory, ("test", "script"), name), programs


def default_root(directory: Path, name: str) -> str:
    """The crate root of a module that names none: NAME.rs."""
    plain = f"{name}.rs"
    return plain if (directory / plain).exists() else f"{name.replace('-', '_')}.rs"


def check_name(located: Located, name: str) -> None:
    """Raise `UserError` unless the kernel and the command line can take the name."""
    where = located.where(("module", "name"))
    if not NAME.fullmatch(name):
        raise UserError(
            f"{name!r} is no module name", where=where, fix="use letters, digits, _ and -, first a letter or _"
        )
    if len(name) > MAX_NAME:
        raise UserError(
            f"{name!r} is longer than the {MAX_NAME} characters of a module name", where=where, fix="shorten it"
        )


def check_not_reserved(located: Located, name: str, reserved: Collection[str]) -> None:
    """Raise `UserError` if the command line has another use for the name: it is that of a command."""
    if name in reserved:
        where = located.where(("module", "name"))
        raise UserError(f"{name!r} is a command of scons", where=where, fix="choose another name")
